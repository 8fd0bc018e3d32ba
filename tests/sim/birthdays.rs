//! Watches whose birthday lies below the start of the headers.

use super::wallet::LIMIT_MS;
use dash_spv_wasm::api::{PhaseStatus, Reply};
use dash_spv_wasm::engine::{Birthday, WalletCommand};
use simnet::peer::{Lie, Profile};
use simnet::wallet::WalletPlan;
use simnet::world::{World, WorldBuilder, regtest};

const CHECKPOINTS: [u32; 3] = [350, 700, 1_050];

/// A client that began at the newest checkpoint.
fn builder(seed: u64) -> WorldBuilder {
    World::builder(seed)
        .wallet(WalletPlan { busy_percent: 4, ..WalletPlan::new(regtest(), 1, 1_100) })
        .checkpoints(&CHECKPOINTS)
        .config(|config| config.birthday = Some(Birthday::Now))
}

fn start(world: &World) -> u32 {
    world.store().meta().unwrap().main.start
}

#[test]
fn an_older_watch_has_headers_and_filters_fetched_from_below_the_start() {
    for seed in 0..2 {
        let lie = Lie::of_filters().nth(seed as usize).unwrap();
        let mut world = builder(seed).honest(2).peer(Profile::liar(lie)).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(start(&world), 1_050);
        let watches = world.watch_wallet(Some(Birthday::Genesis)).unwrap();
        world.run_until(|world| start(world) == 0 && world.is_synced(), LIMIT_MS).unwrap();
        assert_eq!(world.state().phases.blocks.status, PhaseStatus::Done);
        let differences = world.wallet_differences(&watches).unwrap();
        assert!(differences.is_empty(), "seed {seed}, {lie}: {}", differences.join("\n"));
    }
}

#[test]
fn reloads_on_the_way_down_lose_nothing() {
    for seed in 0..2 {
        let mut world = builder(seed).honest(3).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        let watches = world.watch_wallet(Some(Birthday::Genesis)).unwrap();
        for pause in [5, 60, 150, 350] {
            world.run_for(pause * (seed + 1));
            world.reload();
        }
        world.run_until(|world| start(world) == 0 && world.is_synced(), LIMIT_MS).unwrap();
        let differences = world.wallet_differences(&watches).unwrap();
        assert!(differences.is_empty(), "seed {seed}: {}", differences.join("\n"));
    }
}

#[test]
fn a_rescan_from_below_the_start_is_answered_when_all_of_it_is_searched() {
    let mut world = builder(7).honest(3).build();
    let watches = world.watch_wallet(None).unwrap();
    world.run_until_synced(LIMIT_MS).unwrap();
    assert_eq!(start(&world), 1_050);
    for watch in &watches {
        let rescan = WalletCommand::Rescan { watch: *watch, from: Birthday::Height(0) };
        assert_eq!(world.wallet_call(rescan).unwrap(), Reply::Done);
        assert_eq!(start(&world), 0);
    }
    let differences = world.wallet_differences(&watches).unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn the_start_moves_no_lower_than_a_birthday_asks_for() {
    let mut world = builder(8).honest(3).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    world.watch_wallet(Some(Birthday::Height(900))).unwrap();
    world.run_until(|world| start(world) < 1_050 && world.is_synced(), LIMIT_MS).unwrap();
    assert_eq!(start(&world), 700);
}
