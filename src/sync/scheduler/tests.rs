//! Order, age, permits, and whom to ask.

use super::*;
use crate::network::correlation::RequestOwner;

/// Peers with so many requests each; those with three have no room.
#[derive(Default)]
struct Peers {
    busy: SortedMap<ConnId, usize>,
    asked: SortedSet<u32>,
    monitor: NetworkConditionMonitor,
    refusal: Option<Refusal>,
}

impl Room<u32> for Peers {
    fn is_open(&self, want: &Want<u32>) -> bool {
        !self.asked.contains(&want.key)
    }

    fn monitor(&self) -> &NetworkConditionMonitor {
        &self.monitor
    }

    fn suits(&self, _: &Want<u32>, _: ConnId) -> bool {
        true
    }

    fn load(&self, _: &Want<u32>, peer: ConnId) -> Option<usize> {
        Some(self.busy.get(&peer).copied().unwrap_or(0)).filter(|load| *load < 3)
    }

    fn admit(&mut self, _: RequestClass, _: ConnId) -> Result<(), Refusal> {
        self.refusal.map_or(Ok(()), Err)
    }
}

fn now(mono_ms: u64) -> Now {
    Now { mono_ms, unix_ms: 0 }
}

fn wish(key: u32, priority: SchedulePriority) -> Want<u32> {
    let class = RequestClass::QRInfo;
    Want { key, priority, height: key, class, tied: None, preferred: None, content: None }
}

fn views(count: u64) -> Vec<PeerView> {
    (1..=count).map(|conn| PeerView { conn: ConnId(conn), rtt_ms: None, height: 100 }).collect()
}

fn next(
    scheduler: &mut RequestScheduler<u32>,
    room: &mut Peers,
    count: u64,
    at_ms: u64,
) -> Option<(u32, u64)> {
    let (key, peer) = scheduler.next(&views(count), now(at_ms), room)?;
    room.asked.insert(key);
    Some((key, peer.0))
}

fn order(scheduler: &mut RequestScheduler<u32>, at_ms: u64) -> Vec<u32> {
    let mut room = Peers::default();
    std::iter::from_fn(|| next(scheduler, &mut room, 1, at_ms)).map(|(key, _)| key).collect()
}

#[test]
fn urgent_goes_first_and_within_a_priority_the_lower_height() {
    use SchedulePriority::*;
    let mut scheduler = RequestScheduler::default();
    let wants = [(5, Low), (4, Normal), (3, Normal), (9, Critical), (6, High)];
    scheduler.want(wants.map(|(key, priority)| wish(key, priority)), now(0));
    assert_eq!(order(&mut scheduler, 0), [9, 6, 3, 4, 5]);
}

#[test]
fn the_lowest_priority_is_served_in_bounded_time_whatever_else_comes() {
    let mut scheduler = RequestScheduler::default();
    let mut at_ms = 0;
    loop {
        let fresh = 1_000 + at_ms as u32;
        let wants = [wish(1_000_000, SchedulePriority::Low), wish(fresh, SchedulePriority::Critical)];
        let class = RequestClass::Headers;
        scheduler.want(wants.map(|want| Want { class, ..want }), now(at_ms));
        if next(&mut scheduler, &mut Peers::default(), 1, at_ms).unwrap().0 == 1_000_000 {
            break;
        }
        at_ms += 1_000;
    }
    assert_eq!(at_ms, 4 * AGE_STEP_MS);
}

#[test]
fn what_stays_wanted_keeps_its_failures_and_its_back_off_and_what_does_not_vanishes() {
    let mut scheduler = RequestScheduler::default();
    let wants = || [wish(1, SchedulePriority::Normal)];
    scheduler.want(wants(), now(0));
    for failures in 1..=5 {
        scheduler.failed(&1, ConnId(1), 1_000, true, now(0));
        assert!(scheduler.want(wants(), now(0)).is_empty());
        assert_eq!(scheduler.failures(&1), failures);
    }
    assert_eq!(next(&mut scheduler, &mut Peers::default(), 1, 999), None);
    assert_eq!(scheduler.next_deadline_ms(now(999)), Some(1_000));
    assert!(next(&mut scheduler, &mut Peers::default(), 1, 1_000).is_some());
    assert_eq!(scheduler.want([], now(0)), [1]);
    scheduler.want(wants(), now(0));
    assert_eq!(scheduler.failures(&1), 0);
}

#[test]
fn what_must_wait_blocks_nothing_behind_it() {
    let mut scheduler = RequestScheduler::default();
    let tied = Want { tied: Some(ConnId(9)), ..wish(1, SchedulePriority::Critical) };
    let wants = [tied, wish(2, SchedulePriority::High), wish(3, SchedulePriority::Low)];
    scheduler.want(wants, now(0));
    scheduler.failed(&2, ConnId(1), 60_000, true, now(0));
    assert_eq!(next(&mut scheduler, &mut Peers::default(), 1, 0), Some((3, 1)));
}

#[test]
fn a_key_keeps_away_from_a_peer_that_failed_it_while_others_are_there() {
    let mut scheduler = RequestScheduler::default();
    scheduler.want([wish(1, SchedulePriority::Normal)], now(0));
    scheduler.failed(&1, ConnId(1), 0, true, now(0));
    let mut room = Peers::default();
    room.busy.insert(ConnId(2), 2);
    assert_eq!(next(&mut scheduler, &mut room, 2, 0), Some((1, 2)));
    // Also while the other has no room: it waits.
    let mut room = Peers::default();
    room.busy.insert(ConnId(2), 3);
    assert_eq!(next(&mut scheduler, &mut room, 2, 0), None);
    assert_eq!(next(&mut scheduler, &mut Peers::default(), 1, 0), Some((1, 1)));
}

#[test]
fn the_least_busy_is_asked_and_the_nearest_of_those_and_slow_or_short_ones_are_passed_over() {
    let mut scheduler = RequestScheduler::default();
    scheduler.want([wish(50, SchedulePriority::Normal)], now(0));
    let mut choose = |set_up: &dyn Fn(&mut Peers, &mut Vec<PeerView>)| {
        let (mut room, mut views) = (Peers::default(), views(3));
        set_up(&mut room, &mut views);
        scheduler.next(&views, now(0), &mut room).unwrap().1.0
    };
    assert_eq!(choose(&|room, _| room.busy = [(ConnId(1), 1), (ConnId(3), 1)].into()), 2);
    assert_eq!(choose(&|_, views| views[2].rtt_ms = Some(20.0)), 3);
    assert_eq!(choose(&|_, views| views[0].height = 49), 2);
    assert_eq!(choose(&|room, _| room.monitor.behind(ConnId(1), now(0))), 2);
    let slow = |room: &mut Peers, _: &mut Vec<PeerView>| {
        for _ in 0..5 {
            room.monitor.unanswered(ConnId(1), RequestClass::QRInfo, now(0));
        }
        assert!(room.monitor.is_slow(ConnId(1), RequestOwner::Masternodes, 0));
    };
    assert_eq!(choose(&slow), 2);
}

#[test]
fn an_empty_bucket_of_one_peer_sends_requests_to_others_and_refills() {
    let mut scheduler = RequestScheduler::default();
    let wants = || (0..30).map(|key| wish(key, SchedulePriority::Normal));
    scheduler.want(wants(), now(0));
    let mut room = Peers::default();
    let mut to = SortedMap::<u64, u32>::new();
    while let Some((_, peer)) = next(&mut scheduler, &mut room, 2, 0) {
        *to.entry(peer).or_default() += 1;
    }
    assert_eq!(to, [(1, 10), (2, 10)].into());
    let at_ms = scheduler.next_deadline_ms(now(0)).unwrap();
    assert!(next(&mut scheduler, &mut room, 2, at_ms).is_some());
}

#[test]
fn a_refused_class_does_not_stop_the_others_and_costs_no_permit() {
    let mut scheduler = RequestScheduler::default();
    scheduler.want([wish(1, SchedulePriority::Normal)], now(0));
    let mut room = Peers { refusal: Some(Refusal::Phase), ..Peers::default() };
    for _ in 0..50 {
        assert_eq!(next(&mut scheduler, &mut room, 1, 0), None);
    }
    room.refusal = None;
    assert!(next(&mut scheduler, &mut room, 1, 0).is_some());
}
