//! How each peer's answers come: latency, loss, bandwidth, and what follows from them.
//!
//! One monitor serves all phases, since the peers are the same. Holds some thirty numbers for each connected peer.

use crate::checks::{self, Part};
use crate::collections::SortedMap;
use crate::engine::{ConnId, Now};
use crate::network::correlation::RequestOwner;
use crate::sync::sequential::RequestClass;

/// A peer that did not answer is passed over for this long at the most while others are there.
const MOST_SLOW_MS: u64 = 30_000;
/// A peer whose chain is shorter than what it was asked for is passed over for this long.
const BEHIND_MS: u64 = 60_000;
/// Replies shorter than this say nothing of the link's width.
const LARGE_REPLY: usize = 20_000;
/// Requests at once with a peer that nothing is known of.
const FIRST_WINDOW: f64 = 3.0;
/// The most that a window grows to; callers cap it further.
const MOST_WINDOW: f64 = 64.0;
/// The share of a full batch that a new peer is asked for.
const FIRST_BATCH: f64 = 0.25;
const LEAST_BATCH: f64 = 1.0 / 64.0;
/// How much a window shrinks with a loss; it grows by one with an answer, since losses alone do not tell of a busy
/// peer: long answers do.
const LOSS_STEP: f64 = 0.25;
/// The first answer's time over the spread that is assumed then.
const FIRST_SPREAD: f64 = 16.0;
/// How much longer than others a peer may take of which nothing is known.
const OTHERS_MARGIN: f64 = 1.3;
/// How much longer rotation info may take than a list, while only lists were measured.
const QRINFO_TO_LIST: f64 = 3.0;
/// How much one outcome counts in the loss.
const LOSS_WEIGHT: f64 = 0.2;
const OWNERS: usize = 4;

/// How long answers of a class are waited for, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Patience {
    first: u64,
    least: u64,
    most: u64,
    /// Requests in a row without an answer for which a peer is not passed over.
    tolerated: u32,
    /// How long it is passed over after one more; doubles with each further one.
    slow: u64,
}

impl Patience {
    fn of(class: RequestClass) -> Self {
        match class {
            RequestClass::Headers | RequestClass::StartContext | RequestClass::TipCheck => {
                Self { first: 15_000, least: 5_000, most: 60_000, tolerated: 0, slow: MOST_SLOW_MS }
            }
            RequestClass::MnListDiff | RequestClass::QRInfo => {
                Self { first: 5_000, least: 120, most: 30_000, tolerated: 3, slow: 200 }
            }
            RequestClass::Object => {
                Self { first: 10_000, least: 2_000, most: 30_000, tolerated: 0, slow: 5_000 }
            }
            // A node reads these from its disk, and answers in the order in which it was asked.
            RequestClass::FilterCheckpoints
            | RequestClass::FilterHeaders
            | RequestClass::Filters
            | RequestClass::Block => {
                Self { first: 10_000, least: 1_000, most: 60_000, tolerated: 1, slow: 2_000 }
            }
        }
    }
}

/// Smoothed time to an answer and its spread (much as RFC 6298 does for TCP), in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
struct Latency {
    mean: Option<f64>,
    spread: f64,
}

impl Latency {
    fn sample(&mut self, ms: f64) {
        match self.mean {
            None => (self.mean, self.spread) = (Some(ms), ms / FIRST_SPREAD),
            Some(mean) => {
                self.spread = self.spread * 0.75 + (mean - ms).abs() * 0.25;
                self.mean = Some(mean * 0.875 + ms * 0.125);
            }
        }
    }

    fn bound(&self) -> Option<f64> {
        self.mean.map(|mean| mean + 3.0 * self.spread)
    }
}

#[derive(Clone, Copy, Debug)]
struct Condition {
    /// Time to an answer by class.
    latency: [Latency; RequestClass::ALL.len()],
    loss: f64,
    bytes_per_second: Option<f64>,
    ping_ms: Option<f64>,
    window: [f64; OWNERS],
    batch: f64,
    unanswered: [u32; OWNERS],
    slow_until_ms: [u64; OWNERS],
    behind_until_ms: u64,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            latency: Default::default(),
            loss: 0.0,
            bytes_per_second: None,
            ping_ms: None,
            window: [FIRST_WINDOW; OWNERS],
            batch: FIRST_BATCH,
            unanswered: [0; OWNERS],
            slow_until_ms: [0; OWNERS],
            behind_until_ms: 0,
        }
    }
}

/// An answer as the monitor sees it.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// What was asked.
    pub class: RequestClass,
    /// From the request's leaving to the answer, in milliseconds; none where that cannot be told.
    pub elapsed_ms: Option<u64>,
    /// Its length.
    pub bytes: usize,
}

/// Measures peers by their answers, and says how much and how long to ask of them.
#[derive(Debug, Default)]
pub struct NetworkConditionMonitor {
    peers: SortedMap<ConnId, Condition>,
}

impl NetworkConditionMonitor {
    /// Notes an answer that came in time.
    pub fn answered(&mut self, peer: ConnId, answer: Answer) {
        let condition = self.peers.entry(peer).or_default();
        condition.loss *= 1.0 - LOSS_WEIGHT;
        let owner = answer.class.owner() as usize;
        condition.unanswered[owner] = 0;
        condition.slow_until_ms[owner] = 0;
        condition.window[owner] = (condition.window[owner] + 1.0).min(MOST_WINDOW);
        let Some(elapsed_ms) = answer.elapsed_ms else { return };
        let elapsed = elapsed_ms.max(1) as f64;
        condition.latency[answer.class as usize].sample(elapsed);
        let brisk = elapsed_ms < Patience::of(answer.class).first / 2;
        condition.batch = (condition.batch * if brisk { 1.5 } else { 0.75 }).clamp(LEAST_BATCH, 1.0);
        if answer.bytes > LARGE_REPLY {
            // What the round trip itself takes says nothing of the link's width.
            let transfer = (elapsed - condition.ping_ms.unwrap_or(0.0)).max(1.0);
            let sample = answer.bytes as f64 * 1_000.0 / transfer;
            let known = condition.bytes_per_second;
            condition.bytes_per_second = Some(known.map_or(sample, |b| b * 0.7 + sample * 0.3));
        }
    }

    /// Notes an answer that came after it was given up: it tells how long answers take, but makes up for nothing.
    pub fn late(&mut self, peer: ConnId, answer: Answer) {
        let condition = self.peers.entry(peer).or_default();
        if let Some(elapsed_ms) = answer.elapsed_ms {
            condition.latency[answer.class as usize].sample(elapsed_ms.max(1) as f64);
        }
    }

    /// Notes a request that was not answered in time.
    pub fn unanswered(&mut self, peer: ConnId, class: RequestClass, now: Now) {
        let condition = self.peers.entry(peer).or_default();
        let owner = class.owner() as usize;
        condition.loss = condition.loss * (1.0 - LOSS_WEIGHT) + LOSS_WEIGHT;
        condition.unanswered[owner] += 1;
        condition.window[owner] = (condition.window[owner] - LOSS_STEP).max(1.0);
        condition.batch = (condition.batch / 2.0).max(LEAST_BATCH);
        let in_a_row = condition.unanswered[owner];
        let patience = Patience::of(class);
        if let Some(more) = in_a_row.checked_sub(patience.tolerated + 1) {
            let slow = (patience.slow << more.min(9)).min(MOST_SLOW_MS);
            condition.slow_until_ms[owner] = now.mono_ms + slow;
        }
    }

    /// Notes that a peer's chain is shorter than what it was asked for.
    pub fn behind(&mut self, peer: ConnId, now: Now) {
        self.peers.entry(peer).or_default().behind_until_ms = now.mono_ms + BEHIND_MS;
    }

    /// Notes the round trip that pings measured, in milliseconds.
    pub fn ping(&mut self, peer: ConnId, rtt_ms: Option<f64>) {
        self.peers.entry(peer).or_default().ping_ms = rtt_ms;
    }

    /// Forgets a peer that is gone.
    pub fn forget(&mut self, peer: ConnId) {
        self.peers.remove(&peer);
    }

    /// How long to wait for an answer, in milliseconds: what the peer's answers of this class took, or those of other
    /// peers if it gave none, with their spread. That is short; but an answer that comes later is still used, and makes
    /// the next wait longer.
    pub fn patience_ms(&self, peer: ConnId, class: RequestClass) -> u64 {
        let patience = Patience::of(class);
        if !checks::part(Part::Monitor) {
            return patience.first;
        }
        let wait = self.bound(peer, class).map_or(patience.first, |bound| (bound as u64).max(patience.least));
        wait.min(patience.most)
    }

    /// The time within which nearly every answer of the peer came that came at all, in milliseconds. Somebody else may
    /// be asked then, if nothing else is to be asked, while this answer is waited for on.
    pub fn expected_ms(&self, peer: ConnId, class: RequestClass) -> u64 {
        let first = Patience::of(class).first;
        if !checks::part(Part::Monitor) {
            return first;
        }
        self.bound(peer, class).or_else(|| self.guess(class)).map_or(first, |bound| bound as u64)
    }

    fn bound(&self, peer: ConnId, class: RequestClass) -> Option<f64> {
        let own = self.peers.get(&peer).and_then(|condition| condition.latency[class as usize].bound());
        own.or_else(|| self.known_bound(class).map(|bound| bound * OTHERS_MARGIN)).map(f64::ceil)
    }

    /// What may be expected of a class of which nothing is known, by a lighter one.
    fn guess(&self, class: RequestClass) -> Option<f64> {
        let is_heavier = class == RequestClass::QRInfo;
        self.others_bound(RequestClass::MnListDiff).filter(|_| is_heavier).map(|bound| bound * QRINFO_TO_LIST)
    }

    /// Whether anything was measured that [`Self::patience_ms`] can go by.
    pub fn is_measured(&self, class: RequestClass) -> bool {
        checks::part(Part::Monitor) && self.known_bound(class).is_some()
    }

    /// What is known of a class from any peer, or else of a class whose answers take no less.
    fn known_bound(&self, class: RequestClass) -> Option<f64> {
        let heavier = match class {
            RequestClass::MnListDiff => Some(RequestClass::QRInfo),
            _ => None,
        };
        self.others_bound(class).or_else(|| self.others_bound(heavier?))
    }

    /// The slowest peer's, so that a peer of which nothing is known is not judged by the fastest.
    fn others_bound(&self, class: RequestClass) -> Option<f64> {
        let bounds = self.peers.values().filter_map(|condition| condition.latency[class as usize].bound());
        bounds.max_by(f64::total_cmp)
    }

    /// How many requests of an owner a peer may have at once: more with each answer, a little less with each loss.
    pub fn concurrency(&self, peer: ConnId, owner: RequestOwner, cap: usize) -> usize {
        if !checks::part(Part::Monitor) {
            return cap;
        }
        let window = self.peers.get(&peer).map_or(FIRST_WINDOW, |condition| condition.window[owner as usize]);
        (window.round() as usize).clamp(1, cap.max(1))
    }

    /// How many items to ask for in one message, of at most `most`.
    pub fn batch(&self, peer: ConnId, most: usize) -> usize {
        if !checks::part(Part::Monitor) {
            return most;
        }
        let share = self.peers.get(&peer).map_or(FIRST_BATCH, |condition| condition.batch);
        ((most as f64 * share) as usize).max(1)
    }

    /// Requests in a row without an answer.
    pub fn unanswered_in_a_row(&self, peer: ConnId, owner: RequestOwner) -> u32 {
        self.peers.get(&peer).map_or(0, |condition| condition.unanswered[owner as usize])
    }

    /// Whether the peer let a request go unanswered a short time ago.
    pub fn is_slow(&self, peer: ConnId, owner: RequestOwner, now_ms: u64) -> bool {
        self.peers.get(&peer).is_some_and(|condition| now_ms < condition.slow_until_ms[owner as usize])
    }

    /// Whether the peer's chain was found too short a short time ago.
    pub fn is_behind(&self, peer: ConnId, now_ms: u64) -> bool {
        self.peers.get(&peer).is_some_and(|condition| now_ms < condition.behind_until_ms)
    }

    /// Smoothed time to an answer in milliseconds.
    pub fn latency_ms(&self, peer: ConnId, class: RequestClass) -> Option<f64> {
        self.peers.get(&peer).and_then(|condition| condition.latency[class as usize].mean)
    }

    /// Smoothed share of requests that were not answered, 0 to 1.
    pub fn loss(&self, peer: ConnId) -> f64 {
        self.peers.get(&peer).map_or(0.0, |condition| condition.loss)
    }

    /// Smoothed bytes a second of large replies.
    pub fn bytes_per_second(&self, peer: ConnId) -> Option<f64> {
        self.peers.get(&peer).and_then(|condition| condition.bytes_per_second)
    }

    /// When a peer that is passed over is usable again.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let ends =
            |condition: &Condition| condition.slow_until_ms.into_iter().chain([condition.behind_until_ms]);
        self.peers.values().flat_map(ends).filter(|at| *at > now.mono_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: ConnId = ConnId(1);
    const CLASS: RequestClass = RequestClass::QRInfo;
    const OWNER: RequestOwner = RequestOwner::Masternodes;

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    fn answers(monitor: &mut NetworkConditionMonitor, count: usize, elapsed_ms: u64) {
        for _ in 0..count {
            monitor.answered(PEER, Answer { class: CLASS, elapsed_ms: Some(elapsed_ms), bytes: 100 });
        }
    }

    #[test]
    fn deadlines_follow_measured_latency_within_bounds() {
        let mut monitor = NetworkConditionMonitor::default();
        assert_eq!(monitor.patience_ms(PEER, CLASS), 5_000);
        assert_eq!(monitor.patience_ms(PEER, RequestClass::Headers), 15_000);
        answers(&mut monitor, 30, 600);
        assert!((600..700).contains(&monitor.patience_ms(PEER, CLASS)));
        assert!((780..900).contains(&monitor.patience_ms(ConnId(2), CLASS)), "others are all that is known");
        answers(&mut monitor, 60, 1);
        assert_eq!(monitor.patience_ms(PEER, CLASS), 120);
        answers(&mut monitor, 60, 10_000_000);
        assert_eq!(monitor.patience_ms(PEER, CLASS), 30_000);
    }

    #[test]
    fn a_late_answer_makes_the_next_wait_longer() {
        let mut monitor = NetworkConditionMonitor::default();
        answers(&mut monitor, 30, 100);
        monitor.unanswered(PEER, CLASS, now(0));
        let before = monitor.patience_ms(PEER, CLASS);
        monitor.late(PEER, Answer { class: CLASS, elapsed_ms: Some(4_000), bytes: 0 });
        assert!(monitor.patience_ms(PEER, CLASS) > before * 4);
        assert_eq!(monitor.unanswered_in_a_row(PEER, OWNER), 1);
    }

    #[test]
    fn concurrency_and_batches_grow_with_answers_and_shrink_with_losses() {
        let mut monitor = NetworkConditionMonitor::default();
        answers(&mut monitor, 20, 100);
        assert_eq!((monitor.concurrency(PEER, OWNER, 8), monitor.batch(PEER, 1_000)), (8, 1_000));
        for _ in 0..200 {
            monitor.unanswered(PEER, CLASS, now(0));
        }
        assert_eq!((monitor.concurrency(PEER, OWNER, 8), monitor.batch(PEER, 1_000)), (1, 15));
        assert!(monitor.loss(PEER) > 0.99);
        answers(&mut monitor, 20, 100);
        assert!(monitor.loss(PEER) < 0.02 && monitor.concurrency(PEER, OWNER, 8) == 8);
    }

    #[test]
    fn a_peer_is_slow_for_headers_at_once_and_for_lists_after_several_losses() {
        let mut monitor = NetworkConditionMonitor::default();
        monitor.unanswered(PEER, RequestClass::Headers, now(0));
        assert!(monitor.is_slow(PEER, RequestOwner::Headers, MOST_SLOW_MS - 1));
        assert!(!monitor.is_slow(PEER, RequestOwner::Headers, MOST_SLOW_MS));
        for _ in 0..3 {
            monitor.unanswered(PEER, CLASS, now(0));
            assert!(!monitor.is_slow(PEER, OWNER, 0));
        }
        monitor.unanswered(PEER, CLASS, now(0));
        assert!(monitor.is_slow(PEER, OWNER, 0));
        answers(&mut monitor, 1, 100);
        assert!(!monitor.is_slow(PEER, OWNER, 0));
    }

    #[test]
    fn a_list_is_waited_for_no_longer_than_rotation_info_would_be() {
        let mut monitor = NetworkConditionMonitor::default();
        let first = monitor.patience_ms(PEER, RequestClass::MnListDiff);
        monitor.answered(PEER, Answer { class: RequestClass::QRInfo, elapsed_ms: Some(100), bytes: 1_000 });
        assert!(monitor.is_measured(RequestClass::MnListDiff));
        assert!(monitor.patience_ms(PEER, RequestClass::MnListDiff) < first);
    }

    #[test]
    fn bandwidth_is_measured_on_large_replies_without_the_round_trip() {
        let mut monitor = NetworkConditionMonitor::default();
        answers(&mut monitor, 1, 100);
        assert_eq!(monitor.bytes_per_second(PEER), None);
        monitor.ping(PEER, Some(100.0));
        monitor.answered(PEER, Answer { class: CLASS, elapsed_ms: Some(1_100), bytes: 1_000_000 });
        assert_eq!(monitor.bytes_per_second(PEER), Some(1_000_000.0));
    }
}
