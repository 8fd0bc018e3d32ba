//! The parts together: nothing is lost, nothing is asked too often, nothing waits for ever.

use super::bench::{Bench, Client, Outcome, peers, wish};
use super::*;
use crate::network::correlation::Match;
use crate::sync::parallel::ExecutorMode;
use crate::sync::scheduler::SchedulePriority;
use crate::sync::sequential::SyncPhase;

type Pipeline = RequestPipeline<u32, u32>;

fn pipeline() -> Pipeline {
    Pipeline::new(PipelineSettings::lists(3, ExecutorMode::Parallel, 1))
}

fn dispatch(pipeline: &mut Pipeline, client: &mut Client, count: u64) -> Option<(u32, ConnId)> {
    let dispatch = pipeline.next(&peers(count), &mut client.shared())?;
    let sent = (dispatch.key, dispatch.peer);
    pipeline.begin(dispatch, None, &mut client.shared());
    Some(sent)
}

fn reply(client: &mut Client, peer: ConnId, key: u32) -> Match {
    let Some(Request::MnListDiff { base, block }) = wish(key).content else { panic!() };
    let now = client.shared().now;
    client.requests.mn_list_diff_reply(peer, base, block, now)
}

fn answer(pipeline: &mut Pipeline, client: &mut Client, peer: ConnId, key: u32) -> Option<u32> {
    let Match::Request(request) = reply(client, peer, key) else { panic!("{key} is not in flight") };
    pipeline.answered(&request, key, 100, &mut client.shared())
}

fn median(mut figures: Vec<u64>) -> u64 {
    figures.sort_unstable();
    figures[figures.len() / 2]
}

#[test]
fn an_entry_is_cleared_only_after_its_answer_was_processed() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1)], &mut client.shared());
    let (key, peer) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    assert_eq!(answer(&mut pipeline, &mut client, peer, key), Some(key));
    pipeline.want([wish(1)], &mut client.shared());
    assert_eq!(dispatch(&mut pipeline, &mut client, 1), None);
    assert_eq!(pipeline.take_ready().unwrap().answer, key);
    assert_eq!(dispatch(&mut pipeline, &mut client, 1), None);
    pipeline.processed(&key);
    pipeline.want([wish(1)], &mut client.shared());
    assert!(dispatch(&mut pipeline, &mut client, 1).is_some());
}

#[test]
fn an_answer_that_does_not_hold_is_asked_again_of_somebody_else() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1)], &mut client.shared());
    let (key, first) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    answer(&mut pipeline, &mut client, first, key);
    assert!(pipeline.take_ready().is_some());
    let lost = pipeline.failed(&key, ErrorKind::Invalid, &mut client.shared()).unwrap();
    assert_eq!((lost.peer, lost.failures, lost.retry.elsewhere), (first, 1, true));
    pipeline.want([wish(1)], &mut client.shared());
    let (_, second) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    assert_ne!(first, second);
}

#[test]
fn a_timeout_is_told_and_its_retries_are_counted_over_dispatches() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    for round in 1..=6 {
        pipeline.want([wish(1)], &mut client.shared());
        while dispatch(&mut pipeline, &mut client, 2).is_none() {
            client.now_ms += 10;
            pipeline.want([wish(1)], &mut client.shared());
        }
        client.now_ms = client.requests.next_deadline_ms().unwrap();
        let lost = pipeline.expire(&mut client.shared());
        assert_eq!((lost.len(), lost[0].failures, lost[0].kind), (1, round, ErrorKind::Timeout));
    }
    assert_eq!((pipeline.progress().failed, client.requests.counts().retried), (6, 6));
}

#[test]
fn a_late_answer_is_used_and_the_second_request_given_up() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1)], &mut client.shared());
    let (key, first) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    client.now_ms = client.requests.next_deadline_ms().unwrap();
    pipeline.expire(&mut client.shared());
    pipeline.want([wish(1)], &mut client.shared());
    let (_, second) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    let Match::Late(request) = reply(&mut client, first, key) else { panic!() };
    assert_eq!(pipeline.late(&request, 7, 10, &mut client.shared()), Some(key));
    assert_eq!(pipeline.take_ready().map(|ready| (ready.peer, ready.answer)), Some((first, 7)));
    let Match::Late(request) = reply(&mut client, second, key) else { panic!("nobody is to blame") };
    assert_eq!(pipeline.late(&request, 7, 10, &mut client.shared()), None);
}

#[test]
fn what_is_wanted_no_longer_vanishes_from_everywhere() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1), wish(2), wish(3)], &mut client.shared());
    let (first, peer) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    let (second, _) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    answer(&mut pipeline, &mut client, peer, first);
    pipeline.want([wish(3)], &mut client.shared());
    assert!(pipeline.take_ready().is_none());
    assert_eq!(client.requests.in_flight(RequestOwner::Masternodes), 0);
    assert!(matches!(reply(&mut client, peer, second), Match::Late(_)));
    assert_eq!(dispatch(&mut pipeline, &mut client, 1).unwrap().0, 3);
}

#[test]
fn a_peer_that_goes_puts_what_it_was_asked_back_and_leaves_what_it_answered() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1), wish(2)], &mut client.shared());
    let (first, peer) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    let (second, _) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    answer(&mut pipeline, &mut client, peer, first);
    let lost = pipeline.peer_gone(peer, &mut client.shared());
    assert_eq!(
        lost.iter().map(|lost| (lost.key, lost.kind)).collect::<Vec<_>>(),
        [(second, ErrorKind::PeerGone)]
    );
    assert_eq!(pipeline.take_ready().map(|ready| ready.key), Some(first));
}

#[test]
fn one_peer_never_works_on_two_requests_that_look_alike() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    let twin = |key| Want { content: wish(9).content, ..wish(key) };
    pipeline.want([twin(1), twin(2)], &mut client.shared());
    let (_, first) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    let (_, second) = dispatch(&mut pipeline, &mut client, 2).unwrap();
    assert_ne!(first, second);
    pipeline.want([twin(1), twin(2), twin(3)], &mut client.shared());
    assert_eq!(dispatch(&mut pipeline, &mut client, 2), None);
}

#[test]
fn what_is_held_is_bounded_but_what_it_waits_for_is_always_asked() {
    let settings = PipelineSettings { most_held: 4, ..PipelineSettings::lists(8, ExecutorMode::Parallel, 1) };
    let (mut pipeline, mut client) = (Pipeline::new(settings), Client::default());
    let wants = || (1..20).map(wish);
    pipeline.want(wants(), &mut client.shared());
    let (lowest, _) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    assert_eq!(lowest, 1);
    for _ in 0..40 {
        pipeline.want(wants(), &mut client.shared());
        if let Some((key, peer)) = dispatch(&mut pipeline, &mut client, 3)
            && key != 1
        {
            answer(&mut pipeline, &mut client, peer, key);
        }
    }
    assert_eq!(pipeline.progress().received, 3);
    client.now_ms = client.requests.next_deadline_ms().unwrap();
    pipeline.expire(&mut client.shared());
    pipeline.want(wants(), &mut client.shared());
    assert_eq!(dispatch(&mut pipeline, &mut client, 3).map(|(key, _)| key), Some(1));
}

#[test]
fn history_that_is_missing_does_not_hold_up_what_is_more_urgent() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    let old = Want { priority: SchedulePriority::Low, ..wish(1) };
    let tip = Want { priority: SchedulePriority::Critical, ..wish(9) };
    pipeline.want([old, tip], &mut client.shared());
    let (key, peer) = dispatch(&mut pipeline, &mut client, 1).unwrap();
    assert_eq!(key, 9);
    answer(&mut pipeline, &mut client, peer, 9);
    assert_eq!(pipeline.take_ready().map(|ready| ready.key), Some(9));
}

#[test]
fn nothing_is_asked_outside_the_rights_of_the_phase() {
    let (mut pipeline, mut client) = (pipeline(), Client::default());
    pipeline.want([wish(1)], &mut client.shared());
    let mut shared = client.shared();
    shared.phase = SyncPhase::DownloadingHeaders;
    assert_eq!(pipeline.next(&peers(3), &mut shared), None);
}

#[test]
fn side_by_side_takes_less_than_a_fifth_of_one_at_a_time() {
    let bench = Bench { cost_ms: 20, ..Bench::default() };
    let one = Bench { mode: ExecutorMode::Sequential, ..bench }.run();
    let many = bench.run();
    assert_eq!((one.most_at_once, many.most_with_one), (1, 3));
    assert!(many.ms * 5 < one.ms, "{} ms against {} ms", many.ms, one.ms);
}

#[test]
fn results_are_processed_in_the_order_of_heights() {
    let outcome = Bench { lost: 30, ..Bench::default() }.run();
    assert_eq!(outcome.processed, (0..24).collect::<Vec<_>>());
}

#[test]
fn half_of_all_requests_lost_costs_no_more_than_four_times_the_time() {
    let bench = |seed| Bench { seed, items: 40, cost_ms: 100, ..Bench::default() };
    let run = |lost| (1..=9).map(|seed| Bench { lost, ..bench(seed) }.run().ms).collect();
    let (calm, rough) = (median(run(0)), median(run(50)));
    assert!(rough <= calm * 4, "{rough} ms against {calm} ms");
}

#[test]
fn the_breaker_and_the_fallback_act_while_most_fails() {
    let acted = |outcome: &Outcome| {
        let opened = outcome.saw(|note| matches!(note, PipelineNote::Breaker { to: Circuit::Open, .. }));
        let fell =
            outcome.saw(|note| matches!(note, PipelineNote::Fallback { to: Fallback::OneAtATime, .. }));
        opened && fell
    };
    let acted =
        (0..20).filter(|&seed| acted(&Bench { seed, items: 40, lost: 65, ..Bench::default() }.run())).count();
    assert!(acted >= 18, "in {acted} of 20 runs");
}

#[test]
fn a_dead_peer_gets_few_requests_and_stops_nobody() {
    let calm = Bench { peers: 2, ..Bench::default() }.run();
    let outcome = Bench { dead: Some(2), ..Bench::default() }.run();
    assert!(outcome.to[&ConnId(2)] <= 10, "{:?}", outcome.to);
    assert!(outcome.ms < calm.ms + 6_000, "{} ms against {} ms", outcome.ms, calm.ms);
}

#[test]
fn a_peer_that_answers_nothing_is_asked_no_more_than_the_limits_allow() {
    let outcome = Bench { peers: 1, dead: Some(1), ..Bench::default() }.run();
    assert!(outcome.processed.is_empty());
    assert!((10..=110).contains(&outcome.sent), "{} requests in ten minutes", outcome.sent);
}
