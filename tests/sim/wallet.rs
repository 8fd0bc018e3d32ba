//! What a wallet's watches have, against the ledger of a scenario.

use dash_spv_wasm::api::{Degraded, ErrorCode, Event, Phase, PhaseStatus};
use dash_spv_wasm::engine::{Birthday, Command};
use dash_spv_wasm::store::StoreError;
use simnet::peer::{Lie, Profile};
use simnet::wallet::WalletPlan;
use simnet::world::{World, regtest};

/// Virtual time until a wallet is complete.
pub const LIMIT_MS: u64 = 30 * 60 * 1000;

fn plan(seed: u64, height: u32) -> WalletPlan {
    WalletPlan::new(regtest(), seed, height)
}

#[test]
fn a_wallet_watched_from_the_start_has_what_the_ledger_has() {
    for seed in 0..2 {
        let mut world = World::builder(seed).wallet(plan(1, 600)).build();
        let watches = world.watch_wallet(None).unwrap();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(world.state().phases.blocks.status, PhaseStatus::Done);
        let differences = world.wallet_differences(&watches).unwrap();
        assert!(differences.is_empty(), "seed {seed}: {}", differences.join("\n"));
    }
}

#[test]
fn a_full_store_in_the_filter_phase_pauses_with_an_event_and_loses_nothing() {
    for seed in 0..4 {
        let mut world = World::builder(seed).wallet(plan(1, 300)).build();
        let watches = world.watch_wallet(None).unwrap();
        let is_searching =
            |world: &World| world.try_state().is_some_and(|state| state.phase == Phase::Filters);
        world.run_until(is_searching, LIMIT_MS).unwrap();
        world.fail_commits([StoreError::Quota("no room".into())]);
        let is_full = |world: &World| {
            world.events().iter().any(|(_, event)| {
                matches!(event, Event::Storage { cause: Some(error), .. } if error.code == ErrorCode::Quota)
            })
        };
        world.run_until(is_full, LIMIT_MS).unwrap();
        world.run_for(5_000);
        assert_eq!(world.state().phase, Phase::Idle, "seed {seed}");
        if seed % 2 == 1 {
            world.reload();
        } else {
            world.ask(Command::Resume).unwrap().unwrap();
        }
        world.run_until_synced(LIMIT_MS).unwrap();
        let differences = world.wallet_differences(&watches).unwrap();
        assert!(differences.is_empty(), "seed {seed}: {}", differences.join("\n"));
    }
}

#[test]
fn peers_that_bring_no_filters_delay_the_search_and_are_not_banned() {
    for lie in [Lie::FiltersWithheld, Lie::FiltersIncomplete] {
        for seed in 0..2 {
            let builder = World::builder(seed).wallet(plan(1, 300));
            let mut world = builder.peer(Profile::liar(lie)).peer(Profile::liar(lie)).honest(1).build();
            let watches = world.watch_wallet(None).unwrap();
            world.run_until_synced(LIMIT_MS).unwrap();
            assert!(world.bans().is_empty(), "{lie}: {:?}", world.bans());
            let is_searched = |world: &World| world.state().phases.blocks.status == PhaseStatus::Done;
            world.run_until(is_searched, LIMIT_MS).unwrap();
            let differences = world.wallet_differences(&watches).unwrap();
            assert!(differences.is_empty(), "{lie}, seed {seed}: {}", differences.join("\n"));
        }
    }
}

#[test]
fn a_client_that_nobody_brings_filters_says_so_and_searches_on_when_somebody_does() {
    let withholds = || Profile::liar(Lie::FiltersWithheld);
    let builder = World::builder(3).wallet(plan(1, 300));
    let mut world = builder.peer(withholds()).peer(withholds()).peer(withholds()).build();
    let watches = world.watch_wallet(None).unwrap();
    let says_so = |world: &World| {
        world.try_state().is_some_and(|state| {
            state.phases.filters.status == PhaseStatus::Failed && state.degraded.contains(&Degraded::Filters)
        })
    };
    world.run_until(says_so, LIMIT_MS).unwrap();
    (0..3).for_each(|peer| {
        world.set_profile(peer, Profile::honest());
        world.set_peer_up(peer, false);
        world.set_peer_up(peer, true);
    });
    let is_searched = |world: &World| world.state().phases.blocks.status == PhaseStatus::Done;
    world.run_until(|world| world.is_synced() && is_searched(world), LIMIT_MS).unwrap();
    assert!(!world.state().degraded.contains(&Degraded::Filters));
    let differences = world.wallet_differences(&watches).unwrap();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn who_lies_about_filters_or_blocks_is_banned_unless_he_could_be_deceived_himself() {
    let is_tried = |lie: &Lie| !lie.is_deniable() && *lie != Lie::FilterCheckpointForged;
    for lie in Lie::of_filters().filter(is_tried) {
        let builder = World::builder(5).wallet(plan(1, 300));
        let mut world = builder.peer(Profile::liar(lie)).honest(2).build();
        world.watch_wallet(Some(Birthday::Genesis)).unwrap();
        world.run_until_synced(LIMIT_MS).unwrap();
        for _ in 0..100 {
            if world.is_banned(0) {
                break;
            }
            world.mine(1);
            world.run_for(5_000);
        }
        assert!(world.is_banned(0), "{lie}");
        assert_eq!(world.bans().len(), 1, "{lie}: {:?}", world.bans());
    }
}
