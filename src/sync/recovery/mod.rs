//! What to do about a request that failed.
//!
//! - [`RequestRecoveryManager`]: back-off, another peer, and ways to fall back on.
//! - `statistics.rs`: [`ErrorStatistics`], which choose the way.
//! - `breaker.rs`: [`CircuitBreaker`], one for each peer, which lets nothing through while all fails.
//!
//! Bounds: a window of outcomes, in all and for each connected peer; nothing grows with what peers do.

mod breaker;
mod statistics;

pub use breaker::{CircuitBreaker, Gate};
pub use statistics::{ErrorKind, ErrorStatistics};

use crate::api::Circuit;
use crate::checks::{self, Part};
use crate::collections::SortedMap;
use crate::engine::{ConnId, Now};
use crate::sync::pipeline::PipelineNote;
use crate::sync::sequential::RequestClass;

/// First wait after a failure when nobody else is there to ask.
const FIRST_WAIT_MS: u64 = 100;
/// The longest wait.
const MOST_WAIT_MS: u64 = 30_000;
/// Outcomes that it takes to fall back, and the share of failures at which that is done. Twice as many each time that it
/// did not help, up to a limit.
const ENOUGH: u32 = 10;
const MOST_ENOUGH: u32 = 80;
const FALL_BACK_RATE: f64 = 0.4;
/// Successes after which the way before is tried again.
const RECOVERED: u32 = 2;
/// Failures after which one at a time is seen not to help: what fails then is not busy with us.
const USELESS: u32 = 3;
/// QRInfos in a row that failed, after which plain list diffs take their place; fewer if answers came
/// and did not hold.
const HOPELESS: usize = 14;
const HOPELESS_ANSWERS: usize = 4;
/// How long plain list diffs take the place of QRInfos the first time, and the longest.
const FIRST_PLAIN_MS: u64 = 60_000;
const MOST_PLAIN_MS: u64 = 15 * 60 * 1000;

/// The recovery of list and QRInfo requests.
pub type QRInfoRecoveryManager = RequestRecoveryManager;

/// The way in which things are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fallback {
    /// Side by side, as the caps allow.
    None,
    /// One at a time with each peer, since what overloads a peer is what it is asked itself.
    OneAtATime,
    /// Plain list diffs in place of QRInfos: rotated quorums count as degraded.
    PlainDiffs,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Milliseconds until it is asked for again.
    pub wait_ms: u64,
    /// Of another peer, while others are there.
    pub elsewhere: bool,
}

/// Who was asked, and whether as a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The peer.
    pub peer: ConnId,
    /// Whether the request tried out whether the peer can be asked again.
    pub probe: bool,
}

/// Decides on failures by what the statistics say.
#[derive(Debug)]
pub struct RequestRecoveryManager {
    statistics: ErrorStatistics,
    /// The share of failures at which a peer's breaker opens.
    breaker_rate: f64,
    breakers: SortedMap<ConnId, CircuitBreaker>,
    fallback: Fallback,
    /// Outcomes since the way was chosen: successes, failures.
    since: [u32; 2],
    /// Outcomes that it takes to fall back the next time.
    enough: u32,
    /// Until when plain list diffs are used, and for how long the next time.
    plain_until_ms: u64,
    plain_ms: u64,
    rng: fastrand::Rng,
    notes: Vec<PipelineNote>,
}

impl RequestRecoveryManager {
    /// Without a fault so far. A peer's breaker opens at this share of failures, 0 to 1.
    pub fn new(breaker_rate: f64, seed: u64) -> Self {
        Self {
            statistics: ErrorStatistics::default(),
            breaker_rate,
            breakers: SortedMap::new(),
            fallback: Fallback::None,
            since: [0; 2],
            enough: ENOUGH,
            plain_until_ms: 0,
            plain_ms: FIRST_PLAIN_MS,
            rng: fastrand::Rng::with_seed(seed),
            notes: Vec::new(),
        }
    }

    /// Goes back from plain list diffs when their time is over.
    pub fn tick(&mut self, now: Now) {
        if self.fallback == Fallback::PlainDiffs && now.mono_ms >= self.plain_until_ms {
            self.fall(Fallback::OneAtATime);
        }
    }

    /// Whether a request may be sent to a peer now.
    pub fn gate(&mut self, peer: ConnId, now: Now) -> Gate {
        let rate = self.breaker_rate;
        self.breakers.entry(peer).or_insert_with(|| CircuitBreaker::new(rate));
        self.watch_breaker(peer, |breaker| breaker.gate(now)).unwrap_or(Gate::Pass)
    }

    /// Notes that the probe of a peer is under way, and until when it is waited for (monotonic milliseconds).
    pub fn probing(&mut self, peer: ConnId, until_ms: u64) {
        self.watch_breaker(peer, |breaker| breaker.probing(until_ms));
    }

    /// Notes that the probe of a peer ended without an outcome.
    pub fn probe_dropped(&mut self, peer: ConnId) {
        self.watch_breaker(peer, CircuitBreaker::probe_dropped);
    }

    /// Forgets a peer that is gone.
    pub fn forget_peer(&mut self, peer: ConnId) {
        self.breakers.remove(&peer);
    }

    /// Notes an answer.
    pub fn answered(&mut self, class: RequestClass, asked: Asked, now: Now) {
        self.outcome(asked, true, now);
        self.statistics.note(class, None, now);
        self.since[0] += 1;
        if class == RequestClass::QRInfo {
            self.plain_ms = FIRST_PLAIN_MS;
        }
        if self.fallback == Fallback::OneAtATime && self.since[0] >= RECOVERED {
            self.enough = (self.enough / 2).max(ENOUGH);
            self.fall(Fallback::None);
        }
    }

    /// Notes that an answer came to something that somebody else answered before: it tells of the peer.
    pub fn heard(&mut self, asked: Asked, now: Now) {
        self.outcome(asked, true, now);
    }

    /// Notes that no answer came to something that somebody else was asked since: nobody waits for it, but it tells of the
    /// peer, and of the way.
    pub fn superseded(&mut self, class: RequestClass, asked: Asked, now: Now) {
        self.outcome(asked, false, now);
        self.statistics.note(class, Some(ErrorKind::Timeout), now);
        self.choose_way(class, now);
    }

    fn outcome(&mut self, asked: Asked, answered: bool, now: Now) {
        self.watch_breaker(asked.peer, |breaker| breaker.outcome(answered, asked.probe, now));
    }

    /// Decides on a request that was not answered: of a key that failed `failures` times before, while `others`
    /// usable peers are there besides the one asked.
    pub fn unanswered(
        &mut self,
        (class, kind): (RequestClass, ErrorKind),
        failures: u32,
        others: usize,
        asked: Asked,
        now: Now,
    ) -> Retry {
        self.outcome(asked, false, now);
        self.statistics.note(class, Some(kind), now);
        self.failed(class, failures, others, now)
    }

    /// Decides on an answer that did not hold: it was counted as a success when it came.
    pub fn rejected(
        &mut self,
        (class, kind): (RequestClass, ErrorKind),
        failures: u32,
        others: usize,
        peer: ConnId,
        now: Now,
    ) -> Retry {
        self.watch_breaker(peer, |breaker| breaker.revoke(now));
        self.statistics.revoke(class, kind);
        self.failed(class, failures, others, now)
    }

    fn failed(&mut self, class: RequestClass, failures: u32, others: usize, now: Now) -> Retry {
        self.since[1] += 1;
        self.choose_way(class, now);
        if !checks::part(Part::Recovery) {
            return Retry { wait_ms: 0, elsewhere: false };
        }
        // Everybody is asked once before it waits.
        let (round, peers) = (failures + 1, others as u32 + 1);
        let wait_ms = if round % peers == 0 { self.back_off_ms(round / peers - 1) } else { 0 };
        Retry { wait_ms, elsewhere: true }
    }

    /// A wait that doubles, up to a limit, and is spread by a quarter both ways, so that what failed together is not
    /// asked again together.
    fn back_off_ms(&mut self, rounds: u32) -> u64 {
        let wait = (FIRST_WAIT_MS << rounds.min(16)).min(MOST_WAIT_MS);
        wait * 3 / 4 + self.rng.u64(0..=wait / 2)
    }

    fn choose_way(&mut self, class: RequestClass, now: Now) {
        if !checks::part(Part::Statistics) || !checks::part(Part::Fallback) {
            return;
        }
        let (failures, wrong) = self.statistics.in_a_row(RequestClass::QRInfo);
        let hopeless = class == RequestClass::QRInfo && (failures >= HOPELESS || wrong >= HOPELESS_ANSWERS);
        let [good, bad] = self.since;
        match self.fallback {
            Fallback::None | Fallback::OneAtATime if hopeless => {
                self.plain_until_ms = now.mono_ms + self.plain_ms;
                self.plain_ms = (self.plain_ms * 2).min(MOST_PLAIN_MS);
                self.fall(Fallback::PlainDiffs);
                self.statistics.clear();
            }
            Fallback::None
                if good + bad >= self.enough && self.statistics.failure_rate() >= FALL_BACK_RATE =>
            {
                self.fall(Fallback::OneAtATime);
            }
            Fallback::OneAtATime if bad >= USELESS => {
                self.enough = (self.enough * 2).min(MOST_ENOUGH);
                self.fall(Fallback::None);
            }
            Fallback::None | Fallback::OneAtATime | Fallback::PlainDiffs => {}
        }
    }

    fn fall(&mut self, to: Fallback) {
        self.notes.push(PipelineNote::Fallback { from: self.fallback, to });
        self.fallback = to;
        self.since = [0; 2];
    }

    /// Does something with a peer's breaker. There is none of a peer that is gone: what is still heard of it is for nobody.
    fn watch_breaker<T>(&mut self, peer: ConnId, act: impl FnOnce(&mut CircuitBreaker) -> T) -> Option<T> {
        let breaker = self.breakers.get_mut(&peer)?;
        let from = breaker.circuit();
        let result = act(breaker);
        let to = breaker.circuit();
        if from != to {
            self.notes.push(PipelineNote::Breaker { peer, from, to });
        }
        Some(result)
    }

    /// The way in which things are asked for just now.
    pub fn fallback(&self) -> Fallback {
        self.fallback
    }

    /// Where the breaker of the peer stands that may be asked soonest; closed without peers.
    pub fn circuit(&self) -> Circuit {
        let openness = |circuit: &Circuit| match circuit {
            Circuit::Closed => 0,
            Circuit::HalfOpen => 1,
            Circuit::Open => 2,
        };
        let circuits = self.breakers.values().map(CircuitBreaker::circuit);
        circuits.min_by_key(openness).unwrap_or(Circuit::Closed)
    }

    /// What went wrong lately.
    pub fn statistics(&self) -> &ErrorStatistics {
        &self.statistics
    }

    /// Changes of the way and of the breaker since the last call, for the log.
    pub fn take_notes(&mut self) -> Vec<PipelineNote> {
        std::mem::take(&mut self.notes)
    }

    /// When something may be asked that may not now, or another way is tried.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let plain = (self.fallback == Fallback::PlainDiffs).then_some(self.plain_until_ms);
        let breakers = self.breakers.values().filter_map(CircuitBreaker::next_deadline_ms);
        plain.into_iter().chain(breakers).filter(|at| *at > now.mono_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QRINFO: RequestClass = RequestClass::QRInfo;
    const PEER: Asked = Asked { peer: ConnId(1), probe: false };

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    fn recovery() -> RequestRecoveryManager {
        RequestRecoveryManager::new(2.0, 7)
    }

    fn fail(recovery: &mut RequestRecoveryManager, kind: ErrorKind, count: usize, at_ms: u64) {
        for _ in 0..count {
            recovery.unanswered((QRINFO, kind), 0, 2, PEER, now(at_ms));
        }
    }

    #[test]
    fn everybody_is_asked_once_before_the_first_wait_and_waits_double_with_a_spread() {
        let mut recovery = recovery();
        let mut wait =
            |failures| recovery.unanswered((QRINFO, ErrorKind::Timeout), failures, 2, PEER, now(0)).wait_ms;
        assert_eq!([wait(0), wait(1), wait(3), wait(4)], [0, 0, 0, 0]);
        for (round, about) in [(0, 100), (1, 200), (2, 400), (3, 800), (12, MOST_WAIT_MS)] {
            let waited = wait(round * 3 + 2);
            assert!((about * 3 / 4..=about * 5 / 4).contains(&waited), "{waited} ms after round {round}");
        }
        let spread: crate::collections::SortedSet<u64> = (0..20).map(|_| wait(2)).collect();
        assert!(spread.len() > 10, "{spread:?}");
    }

    #[test]
    fn half_of_all_failing_falls_back_to_one_at_a_time_and_successes_lead_back() {
        let mut recovery = recovery();
        for _ in 0..ENOUGH / 2 {
            recovery.answered(QRINFO, PEER, now(0));
        }
        fail(&mut recovery, ErrorKind::Timeout, ENOUGH as usize / 2 - 1, 0);
        assert_eq!(recovery.fallback(), Fallback::None);
        fail(&mut recovery, ErrorKind::Timeout, 1, 0);
        assert_eq!(recovery.fallback(), Fallback::OneAtATime);
        for _ in 0..RECOVERED {
            recovery.answered(QRINFO, PEER, now(0));
        }
        assert_eq!(recovery.fallback(), Fallback::None);
        let there = PipelineNote::Fallback { from: Fallback::None, to: Fallback::OneAtATime };
        let back = PipelineNote::Fallback { from: Fallback::OneAtATime, to: Fallback::None };
        assert_eq!(recovery.take_notes(), [there, back]);
    }

    #[test]
    fn one_at_a_time_is_left_where_it_does_not_help_and_tried_again_later_each_time() {
        let mut recovery = recovery();
        let list = |recovery: &mut RequestRecoveryManager, count: u32| {
            for _ in 0..count {
                let report = (RequestClass::MnListDiff, ErrorKind::Timeout);
                recovery.unanswered(report, 0, 2, PEER, now(0));
            }
        };
        list(&mut recovery, ENOUGH);
        assert_eq!(recovery.fallback(), Fallback::OneAtATime);
        list(&mut recovery, USELESS);
        assert_eq!(recovery.fallback(), Fallback::None);
        list(&mut recovery, ENOUGH * 2 - 1);
        assert_eq!(recovery.fallback(), Fallback::None);
        list(&mut recovery, 1);
        assert_eq!(recovery.fallback(), Fallback::OneAtATime);
    }

    #[test]
    fn a_peer_that_fails_is_stopped_and_no_other() {
        let mut recovery = RequestRecoveryManager::new(0.5, 7);
        assert_eq!(recovery.gate(PEER.peer, now(0)), Gate::Pass);
        fail(&mut recovery, ErrorKind::Timeout, 12, 0);
        assert!(matches!(recovery.gate(PEER.peer, now(0)), Gate::Stop { .. }));
        assert_eq!(recovery.gate(ConnId(2), now(0)), Gate::Pass);
        assert_eq!(recovery.circuit(), Circuit::Closed, "somebody may be asked");
        recovery.forget_peer(ConnId(2));
        assert_eq!(recovery.circuit(), Circuit::Open);
        recovery.forget_peer(PEER.peer);
        fail(&mut recovery, ErrorKind::Invalid, 12, 0);
        assert!(recovery.breakers.is_empty(), "nothing is kept of a peer that is gone");
    }

    #[test]
    fn qrinfos_that_all_fail_give_way_to_plain_diffs_for_a_while_that_grows() {
        let mut recovery = recovery();
        fail(&mut recovery, ErrorKind::Timeout, HOPELESS, 0);
        assert_eq!(recovery.fallback(), Fallback::PlainDiffs);
        assert_eq!(recovery.next_deadline_ms(now(0)), Some(FIRST_PLAIN_MS));
        recovery.tick(now(FIRST_PLAIN_MS));
        assert_eq!(recovery.fallback(), Fallback::OneAtATime);
        fail(&mut recovery, ErrorKind::Timeout, HOPELESS, FIRST_PLAIN_MS);
        assert_eq!(recovery.next_deadline_ms(now(FIRST_PLAIN_MS)), Some(FIRST_PLAIN_MS * 3));
    }

    #[test]
    fn answers_that_do_not_hold_are_hopeless_sooner() {
        let mut recovery = recovery();
        fail(&mut recovery, ErrorKind::Unproven, HOPELESS_ANSWERS, 0);
        assert_eq!(recovery.fallback(), Fallback::PlainDiffs);
    }

    #[test]
    fn list_diffs_that_fail_do_not_speak_against_qrinfos() {
        let mut recovery = recovery();
        for _ in 0..100 {
            recovery.unanswered((RequestClass::MnListDiff, ErrorKind::Invalid), 0, 2, PEER, now(0));
        }
        assert_ne!(recovery.fallback(), Fallback::PlainDiffs);
    }
}
