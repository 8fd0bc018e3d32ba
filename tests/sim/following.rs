//! New blocks, reorganisations near and far, and what counts as synced.

use dash_num::Arith256;
use dash_protocol::NetworkParams;
use dash_spv_wasm::api::{Degraded, Event, Phase};
use simnet::chain::SimChain;
use simnet::peer::{Fault, Profile};
use simnet::world::{World, regtest};
use std::sync::Arc;

const LIMIT_MS: u64 = 20 * 60 * 1000;

fn reorgs(world: &World) -> Vec<(u32, u32, u32)> {
    let depth_of = |event: &Event| match event {
        Event::Reorg { from, to, depth } => Some((from.height, to.height, *depth)),
        _ => None,
    };
    world.events().iter().filter_map(|(_, event)| depth_of(event)).collect()
}

#[test]
fn new_blocks_are_followed_without_leaving_synced() {
    for seed in 0..20 {
        let mut world = World::builder(seed).honest(3).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        for _ in 0..20 {
            world.mine(1);
            world.run_until_synced(10_000).unwrap();
        }
        let transitions =
            world.events().iter().filter(|(_, event)| matches!(event, Event::Phase { .. })).count();
        assert_eq!(transitions, 2, "seed {seed}: only to headers and to synced");
    }
}

#[test]
fn falling_far_behind_is_a_new_run_of_the_header_phase() {
    let mut world = World::builder(4).honest(3).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    for peer in 0..3 {
        world.set_peer_up(peer, false);
    }
    world.mine(500);
    world.run_for(60_000);
    for peer in 0..3 {
        world.set_peer_up(peer, true);
    }
    world.run_until_synced(LIMIT_MS).unwrap();
    let again = world
        .events()
        .iter()
        .any(|(_, event)| matches!(event, Event::Phase { transition } if transition.from == Phase::Synced));
    assert!(again);
}

#[test]
fn reorganisations_are_followed_and_reported_with_their_depth() {
    for depth in 1..=12 {
        let mut world = World::builder(u64::from(depth)).honest(3).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        let before = world.chain().height();
        world.reorg(depth, depth + 1);
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(reorgs(&world), [(before, before + 1, depth)]);
    }
}

#[test]
fn a_better_chain_that_forks_below_memory_is_proven_and_taken() {
    let params = regtest();
    let honest = SimChain::shared(&params, 1, 30_000);
    let worse = Arc::new(honest.fork(5_000, 20_000, 9));
    for seed in 0..4 {
        let mut misled = World::builder(seed).chain(Arc::clone(&worse)).honest(2).build();
        misled.run_until_synced(LIMIT_MS).unwrap();
        let mut world =
            World::builder(seed).chain(Arc::clone(&honest)).honest(3).store(misled.store().clone()).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(reorgs(&world)[0].2, 20_000);
    }
}

#[test]
fn a_worse_chain_that_forks_below_memory_is_not_taken() {
    let params = regtest();
    let honest = SimChain::shared(&params, 1, 30_000);
    let worse = Arc::new(honest.fork(5_000, 20_000, 9));
    let mut informed = World::builder(1).chain(Arc::clone(&honest)).honest(3).build();
    informed.run_until_synced(LIMIT_MS).unwrap();
    let mut world = World::builder(2).chain(worse).honest(2).store(informed.store().clone()).build();
    world.run_for(30 * 60 * 1000);
    assert_eq!(world.store().meta(), informed.store().meta());
    assert!(reorgs(&world).is_empty());
}

#[test]
fn a_chain_with_less_than_the_minimum_work_is_not_called_complete() {
    let mut params = NetworkParams::clone(&regtest());
    params.minimum_chain_work = Arith256::from_u64(1 << 40);
    let mut world =
        World::builder(6).honest(3).config(move |config| config.params = Arc::new(params)).build();
    world.run_for(10 * 60 * 1000);
    assert_eq!(world.store().meta().unwrap().main.tip, world.chain().height());
    assert_eq!(world.state().phase, Phase::Headers);
    assert!(world.state().progress < 1.0);
}

#[test]
fn one_peer_that_ends_early_does_not_end_the_sync() {
    for seed in 0..20 {
        let mut world = World::builder(seed).peer(Profile::faulty(Fault::Withhold)).honest(2).build();
        world
            .run_until(|w| w.try_state().is_some_and(|state| state.phase == Phase::Synced), LIMIT_MS)
            .unwrap();
        assert_eq!(world.state().tip.height, world.chain().height(), "seed {seed}");
    }
}

#[test]
fn everything_behind_one_bridge_counts_as_degraded() {
    let mut one = World::builder(1).honest(3).build();
    one.run_until_synced(LIMIT_MS).unwrap();
    assert_eq!(one.state().degraded, [Degraded::Peers]);
    let mut two = World::builder(1).honest(3).bridges(2).build();
    two.run_until_synced(LIMIT_MS).unwrap();
    assert!(two.state().degraded.is_empty());
}

#[test]
fn progress_never_goes_back_within_a_run_and_ends_at_one() {
    for seed in 0..10 {
        let mut world =
            World::builder(seed).height(12_000).honest(2).peer(Profile::faulty(Fault::AbsurdHeight)).build();
        world.run_until_synced(LIMIT_MS).unwrap();
        let progress: Vec<f64> = world
            .events()
            .iter()
            .filter_map(|(_, event)| match event {
                Event::State { state } => Some(state.progress),
                _ => None,
            })
            .collect();
        assert!(progress.is_sorted(), "seed {seed}: {progress:?}");
        assert!((progress.last().unwrap() - 1.0).abs() < 1e-9);
        assert!(progress.len() > 3);
    }
}

#[test]
fn synced_is_not_said_while_headers_are_still_being_proven() {
    for seed in 0..40 {
        let mut world =
            World::builder(seed).height(5_500).honest(1).compute(1, 1_000 + 500 * seed).store_ms(0).build();
        world
            .run_until(|w| w.try_state().is_some_and(|state| state.phase == Phase::Synced), LIMIT_MS)
            .unwrap();
        assert_eq!(world.state().tip.height, 5_500, "seed {seed}");
    }
}
