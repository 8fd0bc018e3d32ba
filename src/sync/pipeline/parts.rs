//! What goes wrong without each named part: none of them is a shell.

use super::bench::{Bench, Client, peers, wish};
use super::*;
use crate::checks::Off;
use crate::network::correlation::Match;
use crate::sync::parallel::ExecutorMode;
use crate::sync::scheduler::SchedulePriority;
use crate::sync::sequential::RequestClass;
use dash_protocol::BlockHash;

fn without<T>(part: Part, act: impl FnOnce() -> T) -> T {
    let _off = Off::part(part);
    act()
}

fn rough() -> Bench {
    Bench { items: 40, lost: 50, ..Bench::default() }
}

#[test]
fn without_correlation_an_answer_is_taken_for_that_to_another_question() {
    let ask = || {
        let mut client = Client::default();
        let shared = client.shared();
        let diff =
            |byte| Request::MnListDiff { base: BlockHash::ZERO, block: BlockHash::from_bytes([byte; 32]) };
        let first = shared.requests.begin(ConnId(1), diff(1), 100, shared.now);
        shared.requests.begin(ConnId(1), diff(2), 100, shared.now);
        let block = BlockHash::from_bytes([2; 32]);
        let found = shared.requests.mn_list_diff_reply(ConnId(1), BlockHash::ZERO, block, shared.now);
        let Match::Request(found) = found else { panic!() };
        found.id == first
    };
    assert!(!ask());
    assert!(without(Part::Correlation, ask));
}

#[test]
fn without_the_scheduler_a_peer_is_asked_more_than_it_stands() {
    let bench = Bench { peers: 1, items: 40, class: RequestClass::QRInfo, ..Bench::default() };
    let (with, without) = (bench.run(), without(Part::Scheduler, || bench.run()));
    assert!(with.ms > 60_000 && without.ms < 10_000, "{} ms, {} ms", with.ms, without.ms);
}

#[test]
fn without_priorities_the_urgent_waits_for_what_came_before() {
    let first = || {
        let settings = PipelineSettings::lists(3, ExecutorMode::Parallel, 1);
        let (mut pipeline, mut client) = (RequestPipeline::<u32>::new(settings), Client::default());
        let urgent = Want { priority: SchedulePriority::Critical, ..wish(9) };
        pipeline.want([wish(1), urgent], &mut client.shared());
        pipeline.next(&peers(1), &mut client.shared()).unwrap().key
    };
    assert_eq!((first(), without(Part::Priority, first)), (9, 1));
}

#[test]
fn without_the_monitor_every_loss_costs_the_full_deadline() {
    let (with, without) = (rough().run(), without(Part::Monitor, || rough().run()));
    assert!(without.ms > with.ms * 3, "{} ms against {} ms", without.ms, with.ms);
}

#[test]
fn without_the_executor_it_goes_one_at_a_time() {
    let bench = Bench::default();
    let (with, without) = (bench.run(), without(Part::Executor, || bench.run()));
    assert_eq!(without.most_at_once, 1);
    assert!(without.ms > with.ms * 3, "{} ms against {} ms", without.ms, with.ms);
}

#[test]
fn without_the_processor_answers_are_processed_in_any_order() {
    let ordered = || rough().run().processed.is_sorted();
    assert!(ordered() && !without(Part::Processor, ordered));
}

#[test]
fn without_progress_nobody_knows_how_far_it_is() {
    let waiting = || {
        let settings = PipelineSettings::lists(3, ExecutorMode::Parallel, 1);
        let (mut pipeline, mut client) = (RequestPipeline::<u32>::new(settings), Client::default());
        pipeline.want([wish(1)], &mut client.shared());
        pipeline.progress().waiting
    };
    assert_eq!((waiting(), without(Part::Progress, waiting)), (1, 0));
}

#[test]
fn without_recovery_a_dead_peer_keeps_what_it_was_asked() {
    let bench = Bench { dead: Some(2), ..Bench::default() };
    let (with, without) = (bench.run(), without(Part::Recovery, || bench.run()));
    assert_eq!(with.processed.len(), 24);
    assert!(without.processed.len() < 24);
}

#[test]
fn without_statistics_or_fallback_nothing_else_is_tried() {
    let fell = || rough().run().saw(|note| matches!(note, PipelineNote::Fallback { .. }));
    assert!(fell() && !without(Part::Statistics, fell) && !without(Part::Fallback, fell));
}

#[test]
fn without_the_breaker_a_hopeless_way_is_tried_on_and_on() {
    let bench = Bench { peers: 2, lost: 100, ..Bench::default() };
    let (with, without) = (bench.run(), without(Part::Breaker, || bench.run()));
    assert!(with.saw(|note| matches!(note, PipelineNote::Breaker { .. })));
    assert!(without.sent * 2 > with.sent * 3, "{} against {} requests", without.sent, with.sent);
}
