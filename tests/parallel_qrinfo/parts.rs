//! One scenario for each part: with it all is well, without it something is not.

use super::proven;
use dash_spv_wasm::api::{Degraded, Metrics, Phase, PhaseStatus, Reply};
use dash_spv_wasm::checks::{Off, Part};
use dash_spv_wasm::engine::{Command, QrInfoConfig, QrInfoMode};
use simnet::masternodes::MasternodePlan;
use simnet::measure::qrinfo::Run;
use simnet::peer::{Fault, Profile};
use simnet::world::{World, WorldBuilder, devnet, regtest_with_masternodes};

const SEED: u64 = 1;
const MINUTE_MS: u64 = 60_000;

fn without<T>(part: Part, act: impl FnOnce() -> T) -> T {
    let _off = Off::part(part);
    act()
}

/// Half of all requests for lists fail.
fn rough() -> Run {
    proven(SEED, QrInfoMode::Parallel, 50)
}

fn network() -> WorldBuilder {
    World::builder(SEED)
        .masternodes(MasternodePlan::calm(16))
        .config(|config| config.qrinfo = QrInfoConfig { history: 3, ..QrInfoConfig::default() })
}

/// Lists and quorums of many cycles, as in `cargo xtask sim qrinfo`.
fn with_history(history: u32, mode: QrInfoMode) -> WorldBuilder {
    World::builder(SEED)
        .params(devnet())
        .height(1_280)
        .masternodes(MasternodePlan::calm(16))
        .config(move |config| config.qrinfo = QrInfoConfig { history, mode, ..QrInfoConfig::default() })
}

fn is_proven(world: &World) -> bool {
    world.try_state().is_some_and(|state| state.phases.masternodes.status == PhaseStatus::Done)
}

fn metrics(world: &mut World) -> Metrics {
    match world.ask(Command::Metrics).unwrap() {
        Ok(Reply::Metrics(metrics)) => metrics,
        other => panic!("{other:?}"),
    }
}

/// Milliseconds until the lists and quorums of the network with these peers are proven; none within two minutes.
fn time_to_prove(peers: &[Profile]) -> Option<u64> {
    let mut world = peers.iter().cloned().fold(network(), WorldBuilder::peer).build();
    world.run_until(is_proven, 2 * MINUTE_MS).ok()?;
    Some(world.now_ms())
}

fn dead() -> Profile {
    Profile { failing_lists: 100, ..Profile::honest() }
}

#[test]
fn without_correlation_answers_out_of_order_are_taken_for_one_another() {
    let failed = || {
        let mut world = network().peer(Profile::faulty(Fault::Reorder)).build();
        let _ = world.run_until(is_proven, MINUTE_MS);
        world.bans().len()
    };
    assert_eq!(failed(), 0);
    assert!(
        without(Part::Correlation, failed) > 0,
        "an honest peer is banned for answers to other questions"
    );
}

#[test]
fn without_the_scheduler_a_peer_is_asked_more_rotation_info_than_it_stands() {
    let asked = || {
        let mut world =
            with_history(60, QrInfoMode::Parallel).params(regtest_with_masternodes()).honest(1).build();
        world.run_until(|world| world.asked("getqrinfo") > 0, MINUTE_MS).unwrap();
        world.run_for(5_000);
        world.asked("getqrinfo")
    };
    let (with, without) = (asked(), without(Part::Scheduler, asked));
    assert!(with <= 10 && without > 10, "{with}, {without} at once");
}

#[test]
fn without_priorities_answers_pile_up_that_nothing_can_be_done_with() {
    let most_held = || {
        let mut world = with_history(20, QrInfoMode::Sequential).honest(1).build();
        let in_phase =
            |world: &World| world.try_state().is_some_and(|state| state.phase == Phase::Masternodes);
        world.run_until(in_phase, MINUTE_MS).unwrap();
        let mut most = 0;
        while !is_proven(&world) {
            world.run_for(20);
            let told = metrics(&mut world).quorum_requests;
            let asked = world.asked("getqrinfo") + world.asked("getmnlistd");
            most = most.max(asked.saturating_sub(u64::from(told.processed + told.in_flight)));
        }
        most
    };
    let (with, without) = (most_held(), without(Part::Priority, most_held));
    assert!(without > with + 2, "{with}, {without} answers held");
}

#[test]
fn without_the_monitor_every_loss_costs_a_full_deadline() {
    let (with, without) = (rough().ms, without(Part::Monitor, || rough().ms));
    assert!(without > with * 3, "{with} ms, {without} ms");
}

#[test]
fn without_the_executor_it_takes_as_long_as_one_at_a_time() {
    let time = |mode| proven(SEED, mode, 0).ms;
    let one_at_a_time = time(QrInfoMode::Sequential);
    let (with, without) =
        (time(QrInfoMode::Parallel), without(Part::Executor, || time(QrInfoMode::Parallel)));
    assert!(with * 4 < one_at_a_time && without * 4 > one_at_a_time * 3, "{with} ms, {without} ms");
}

#[test]
fn without_the_processor_lists_are_taken_in_before_those_that_they_build_on() {
    let failed = || {
        let mut world = network().honest(3).build();
        let _ = world.run_until(is_proven, MINUTE_MS);
        metrics(&mut world).quorum_requests.failed
    };
    let (with, without) = (failed(), without(Part::Processor, failed));
    assert!(with == 0 && without > 0, "{with}, {without} answers refused");
}

#[test]
fn without_progress_a_page_cannot_say_what_is_under_way() {
    let seen = || {
        let mut world = network().honest(3).build();
        world.run_until(is_proven, MINUTE_MS).unwrap();
        metrics(&mut world).quorum_requests.processed
    };
    assert!(seen() > 0);
    assert_eq!(without(Part::Progress, seen), 0);
}

#[test]
fn without_recovery_a_peer_that_answers_nothing_keeps_what_it_was_asked() {
    let time = || time_to_prove(&[dead(), Profile::honest(), Profile::honest()]);
    let (with, without) = (time().unwrap(), without(Part::Recovery, time));
    assert!(without.is_none_or(|without| without > with * 2), "{with} ms, {without:?} ms");
}

#[test]
fn without_statistics_or_fallback_peers_without_rotation_info_stop_everything() {
    let chainlocked = || {
        let peer = Profile::faulty(Fault::NoQrInfo);
        let mut world = network().peer(peer.clone()).peer(peer.clone()).peer(peer).build();
        world.run_for(MINUTE_MS / 2);
        let state = world.state();
        assert!(!world.is_synced() || state.degraded.contains(&Degraded::Instantsend));
        world.is_synced() && state.chainlocked.is_some()
    };
    assert!(chainlocked(), "plain list diffs prove the quorum that signs ChainLocks");
    assert!(!without(Part::Statistics, chainlocked));
    assert!(!without(Part::Fallback, chainlocked));
}

#[test]
fn without_the_breaker_a_peer_that_answers_nothing_is_asked_on_and_on() {
    let asked = || {
        let mut world = with_history(20, QrInfoMode::Parallel).peer(dead()).build();
        let _ = world.run_until(is_proven, 10 * MINUTE_MS);
        world.asked("getqrinfo") + world.asked("getmnlistd")
    };
    let (with, without) = (asked(), without(Part::Breaker, asked));
    assert!(without * 2 > with * 3, "{with}, {without} requests in ten minutes");
}
