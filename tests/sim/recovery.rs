//! Reloads, failures of store, workers, bridges and peers: nothing stored is lost, and the sync goes on.

use dash_spv_wasm::api::{ErrorCode, Event, NetworkStatus, Phase};
use dash_spv_wasm::engine::Command;
use dash_spv_wasm::store::StoreError;
use simnet::world::World;

const LIMIT_MS: u64 = 20 * 60 * 1000;

#[test]
fn a_reload_at_any_moment_resumes_at_the_watermark() {
    for seed in 0..60 {
        let mut world = World::builder(seed).height(12_000).honest(3).build();
        let mut watermark = 0;
        for _ in 0..4 {
            if world.kill_during_commit(20_000).is_err() {
                break;
            }
            let stored = world.store().meta().map_or(0, |meta| meta.main.tip);
            assert!(stored >= watermark, "seed {seed}: {stored} after {watermark}");
            watermark = stored;
            world.run_until(|w| w.try_state().is_some(), 1_000).unwrap();
            world.run_until(|w| w.state().tip.height >= watermark, 5_000).unwrap();
        }
        world.run_until_synced(LIMIT_MS).unwrap();
    }
}

#[test]
fn a_commit_that_fails_is_made_again() {
    for seed in 0..20 {
        let mut world = World::builder(seed).height(6_000).honest(3).build();
        world.fail_commits((0..3).map(|n| StoreError::Failed(format!("failure {n}"))));
        world.run_until_synced(LIMIT_MS).unwrap();
        let warned = world
            .events()
            .iter()
            .any(|(_, event)| matches!(event, Event::Warning { error } if error.code == ErrorCode::Storage));
        assert!(warned);
    }
}

#[test]
fn a_full_store_pauses_with_an_event_loses_nothing_and_goes_on_when_resumed() {
    let mut world = World::builder(5).height(12_000).honest(3).build();
    world.store_mut().set_limit(Some(6_000));
    let quota = |w: &World| {
        w.events().iter().any(|(_, event)| {
            matches!(event, Event::Storage { cause: Some(error), .. } if error.code == ErrorCode::Quota)
        })
    };
    world.run_until(quota, LIMIT_MS).unwrap();
    world.run_for(5_000);
    assert_eq!(world.state().phase, Phase::Idle);
    let stored = world.store().meta().unwrap().main.tip;
    assert!(stored > 0);
    world.store_mut().set_limit(None);
    world.ask(Command::Resume).unwrap().unwrap();
    world.run_until_synced(LIMIT_MS).unwrap();
}

#[test]
fn broken_workers_delay_but_do_not_stop() {
    for seed in 0..10 {
        let mut world = World::builder(seed).height(6_000).honest(2).build();
        world.fail_computations(7);
        world.run_until_synced(LIMIT_MS).unwrap();
    }
}

#[test]
fn without_a_bridge_the_client_is_offline_and_comes_back_by_itself() {
    let mut world = World::builder(9).height(3_000).honest(2).build();
    world.set_bridge_up(0, false);
    world.run_until(|w| w.try_state().is_some_and(|s| s.network == NetworkStatus::Offline), 60_000).unwrap();
    let before = world.connects();
    world.run_for(10 * 60 * 1000);
    let attempts = world.connects() - before;
    assert!((10..200).contains(&attempts), "{attempts} attempts in ten minutes");
    world.set_bridge_up(0, true);
    world.run_until_synced(90_000).unwrap();
}

#[test]
fn a_second_bridge_serves_when_the_first_is_gone() {
    let mut world = World::builder(11).height(6_000).honest(3).bridges(2).build();
    world.set_bridge_up(0, false);
    world.run_until_synced(LIMIT_MS).unwrap();
}

#[test]
fn paused_means_no_connection_and_resumed_means_on_from_there() {
    let mut world = World::builder(13).height(12_000).honest(3).build();
    world.run_until(|w| w.store().meta().is_some_and(|meta| meta.main.tip > 2_000), LIMIT_MS).unwrap();
    world.ask(Command::Pause).unwrap().unwrap();
    world.run_for(2_000);
    assert_eq!((world.connections(), world.state().phase), (0, Phase::Idle));
    let connects = world.connects();
    world.run_for(120_000);
    assert_eq!(world.connects(), connects);
    world.ask(Command::Resume).unwrap().unwrap();
    world.run_until_synced(LIMIT_MS).unwrap();
}

#[test]
fn closing_stores_what_is_proven_and_then_answers() {
    let mut world = World::builder(15).height(12_000).honest(3).build();
    world.run_until(|w| w.commits_in_flight() > 0, LIMIT_MS).unwrap();
    world.ask(Command::Close).unwrap().unwrap();
    assert_eq!((world.connections(), world.commits_in_flight()), (0, 0));
}

#[test]
fn a_client_that_was_taken_over_stops_writing() {
    let mut world = World::builder(17).height(6_000).honest(3).build();
    world.fail_commits([StoreError::Superseded]);
    world.run_for(60_000);
    assert_eq!(world.store().meta(), None);
    assert_eq!(world.state().phase, Phase::Idle);
}

#[test]
fn nothing_is_asked_without_end_of_peers_that_have_nothing() {
    let mut world = World::builder(19).height(2_500).honest(3).build();
    world.run_until_synced(LIMIT_MS).unwrap();
    let before = world.run_for(0).inputs;
    world.run_for(10 * 60 * 1000);
    let inputs = world.run_for(0).inputs - before;
    assert!(inputs < 1_000, "{inputs} inputs in ten idle minutes");
}
