//! Phases that get no further as a whole: nobody is there, or whoever is there brings nothing; and what becomes of them
//! without the part of the client that looks after that.

use dash_num::Arith256;
use dash_spv_wasm::api::{Phase, PhaseStatus};
use dash_spv_wasm::checks::{Off, Part};
use simnet::masternodes::MasternodePlan;
use simnet::peer::{Fault, Lie, Profile};
use simnet::world::{World, WorldBuilder};
use std::sync::Arc;

const SEEDS: u64 = 6;
const LIMIT_MS: u64 = 30 * 60 * 1000;

/// In how many worlds the client gets there.
fn count(build: impl Fn(u64) -> WorldBuilder, there: impl Fn(&World) -> bool) -> u64 {
    let gets_there = |seed: &u64| build(*seed).build().run_until(&there, LIMIT_MS).is_ok();
    (0..SEEDS).filter(gets_there).count() as u64
}

fn without<T>(act: impl FnOnce() -> T) -> T {
    let _off = Off::part(Part::PhaseRecovery);
    act()
}

/// A client that knows how much work the chain has nearly at its end, among peers of which half have nothing.
fn behind_empty_peers(seed: u64) -> WorldBuilder {
    World::builder(seed)
        .peer(Profile::faulty(Fault::Empty))
        .peer(Profile::faulty(Fault::Empty))
        .honest(2)
        .config(|config| {
            config.peers_target = 1;
            Arc::make_mut(&mut config.params).minimum_chain_work = Arith256::from_u128(2 * 2_400);
        })
}

#[test]
fn peers_without_the_headers_that_must_exist_give_way_to_others() {
    assert_eq!(count(behind_empty_peers, World::is_synced), SEEDS);
    assert!(without(|| count(behind_empty_peers, World::is_synced)) < SEEDS);
}

fn among_liars(seed: u64, connections: usize) -> WorldBuilder {
    World::builder(seed)
        .masternodes(MasternodePlan::new(16))
        .peer(Profile::liar(Lie::SnapshotForged))
        .peer(Profile::liar(Lie::SnapshotForged))
        .honest(2)
        .config(move |config| config.peers_target = connections)
}

fn is_proven(world: &World) -> bool {
    world.try_state().is_some_and(|state| state.phases.masternodes.status == PhaseStatus::Done)
}

#[test]
fn peers_that_lead_to_no_proof_give_way_to_others() {
    for connections in [1, 2] {
        let build = |seed| among_liars(seed, connections);
        assert_eq!(count(build, is_proven), SEEDS, "{connections} connections");
        assert!(without(|| count(build, is_proven)) < SEEDS, "{connections} connections");
    }
}

/// The phase three minutes after the bridge went while lists were asked for, and whether all is proven once it is back.
fn offline_amid_lists(seed: u64) -> (Phase, bool) {
    let mut world = World::builder(seed).masternodes(MasternodePlan::new(16)).honest(3).build();
    world.run_until(|world| world.asked("getmnlistd") > 0, LIMIT_MS).unwrap();
    world.set_bridge_up(0, false);
    world.run_for(180_000);
    let phase = world.state().phase;
    world.set_bridge_up(0, true);
    (phase, world.run_until(is_proven, 120_000).is_ok())
}

#[test]
fn time_without_the_network_does_not_let_a_phase_fail() {
    for seed in 0..SEEDS {
        assert_eq!(offline_amid_lists(seed), (Phase::Masternodes, true));
    }
    assert_eq!(without(|| offline_amid_lists(0)).0, Phase::Synced, "as if there were nothing left to do");
}
