//! A peer that keeps failing is asked nothing for a while, and is then tried with one request.
//!
//! Holds at most the last `MOST_WINDOW` outcomes.

use crate::api::Circuit;
use crate::checks::{self, Part};
use crate::engine::Now;
use std::collections::VecDeque;

/// The latest outcomes, which count once there are so many. Twice as many are looked at each time that it was closed
/// by a probe, since what works now and then is worth going on with; a window of successes goes back to the first.
const FIRST_WINDOW: usize = 12;
const MOST_WINDOW: usize = 48;
/// The share of failures at which all counts as well again.
const WELL: f64 = 0.25;
/// How long it stays open the first time, and the longest.
const FIRST_WAIT_MS: u64 = 50;
const MOST_WAIT_MS: u64 = 30_000;
/// By how much the wait grows when a probe fails, too.
const GROWTH: u64 = 3;

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Pass,
    /// This one may, and no other until its outcome is known.
    Probe,
    /// Not before this time, unless a probe that is under way is answered.
    Stop {
        /// Monotonic milliseconds.
        until_ms: u64,
    },
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open {
        until_ms: u64,
    },
    /// A probe is waited for until then, if one is under way.
    HalfOpen {
        probe_until_ms: Option<u64>,
    },
}

/// Opens when too large a share of the latest requests failed, lets one probe through after a wait, and closes when
/// that succeeds; the wait grows threefold each time that it does not.
#[derive(Debug)]
pub struct CircuitBreaker {
    /// The share of failures at which it opens, 0 to 1.
    rate: f64,
    state: State,
    outcomes: VecDeque<bool>,
    window: usize,
    wait_ms: u64,
}

impl CircuitBreaker {
    /// A closed one that opens at this share of failures.
    pub fn new(rate: f64) -> Self {
        Self {
            rate,
            state: State::Closed,
            outcomes: VecDeque::new(),
            window: FIRST_WINDOW,
            wait_ms: FIRST_WAIT_MS,
        }
    }

    /// Where it stands.
    pub fn circuit(&self) -> Circuit {
        match self.state {
            _ if !checks::part(Part::Breaker) => Circuit::Closed,
            State::Closed => Circuit::Closed,
            State::Open { .. } => Circuit::Open,
            State::HalfOpen { .. } => Circuit::HalfOpen,
        }
    }

    /// Whether a request may be sent now. An open one becomes half open when its wait is over.
    pub fn gate(&mut self, now: Now) -> Gate {
        if let State::Open { until_ms } = self.state
            && now.mono_ms >= until_ms
        {
            self.state = State::HalfOpen { probe_until_ms: None };
        }
        match self.state {
            _ if !checks::part(Part::Breaker) => Gate::Pass,
            State::Closed => Gate::Pass,
            State::HalfOpen { probe_until_ms } => match probe_until_ms.filter(|until| now.mono_ms < *until) {
                Some(until_ms) => Gate::Stop { until_ms },
                None => Gate::Probe,
            },
            State::Open { until_ms } => Gate::Stop { until_ms },
        }
    }

    /// Notes that the probe is under way: no other goes before this time, in monotonic milliseconds.
    pub fn probing(&mut self, until_ms: u64) {
        if let State::HalfOpen { probe_until_ms } = &mut self.state {
            *probe_until_ms = Some(until_ms);
        }
    }

    /// Notes that the probe ended without an outcome, as when it was wanted no longer: another may go.
    pub fn probe_dropped(&mut self) {
        if let State::HalfOpen { probe_until_ms } = &mut self.state {
            *probe_until_ms = None;
        }
    }

    /// Notes an outcome. A failure of what was under way when it opened changes nothing until it is closed; a success
    /// tells as much as a probe's, whatever it was asked for.
    pub fn outcome(&mut self, success: bool, probe: bool, now: Now) {
        match self.state {
            State::Closed => {
                while self.outcomes.len() >= self.window {
                    self.outcomes.pop_front();
                }
                self.outcomes.push_back(success);
                match self.failure_rate() {
                    Some(rate) if rate >= self.rate => self.open(now),
                    Some(rate) if rate <= WELL => self.window = FIRST_WINDOW,
                    _ => {}
                }
            }
            State::HalfOpen { .. } | State::Open { .. } if success => {
                self.state = State::Closed;
                self.outcomes.clear();
                self.window = (self.window * 2).min(MOST_WINDOW);
                self.wait_ms = FIRST_WAIT_MS;
            }
            State::HalfOpen { .. } if probe => {
                self.wait_ms = (self.wait_ms * GROWTH).min(MOST_WAIT_MS);
                self.open(now);
            }
            State::HalfOpen { .. } | State::Open { .. } => {}
        }
    }

    /// Turns the newest success into a failure: its answer did not hold.
    pub fn revoke(&mut self, now: Now) {
        if let Some(newest) = self.outcomes.iter_mut().rev().find(|success| **success) {
            *newest = false;
        }
        if matches!(self.state, State::Closed) && self.failure_rate().is_some_and(|rate| rate >= self.rate) {
            self.open(now);
        }
    }

    fn open(&mut self, now: Now) {
        self.state = State::Open { until_ms: now.mono_ms + self.wait_ms };
    }

    fn failure_rate(&self) -> Option<f64> {
        let failures = self.outcomes.iter().filter(|success| !**success).count();
        (self.outcomes.len() >= self.window).then(|| failures as f64 / self.outcomes.len() as f64)
    }

    /// When the next probe may go.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::Open { until_ms } => Some(until_ms),
            State::HalfOpen { probe_until_ms } => probe_until_ms,
            State::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    fn opened() -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new(0.5);
        for round in 0..FIRST_WINDOW {
            assert_eq!(breaker.gate(now(0)), Gate::Pass);
            breaker.outcome(round % 2 == 0, false, now(0));
        }
        assert_eq!(breaker.circuit(), Circuit::Open);
        breaker
    }

    #[test]
    fn it_opens_when_half_of_a_window_failed_and_not_before() {
        let mut breaker = CircuitBreaker::new(0.5);
        for round in 0..200 {
            breaker.outcome(round % 5 > 1, false, now(0));
        }
        assert_eq!(breaker.circuit(), Circuit::Closed);
        opened();
    }

    #[test]
    fn half_open_lets_exactly_one_probe_through() {
        let mut breaker = opened();
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS - 1)), Gate::Stop { until_ms: FIRST_WAIT_MS });
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Probe);
        breaker.probing(FIRST_WAIT_MS + 500);
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Stop { until_ms: FIRST_WAIT_MS + 500 });
        breaker.outcome(false, false, now(FIRST_WAIT_MS));
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.outcome(true, true, now(FIRST_WAIT_MS));
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Pass);
    }

    #[test]
    fn an_answer_to_what_was_under_way_closes_it_and_a_failure_of_that_changes_nothing() {
        let mut breaker = opened();
        breaker.outcome(false, false, now(1));
        assert_eq!(breaker.gate(now(1)), Gate::Stop { until_ms: FIRST_WAIT_MS });
        breaker.outcome(true, false, now(1));
        assert_eq!(breaker.gate(now(1)), Gate::Pass);
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_longer_and_one_that_is_dropped_makes_room_for_another() {
        let mut breaker = opened();
        breaker.gate(now(FIRST_WAIT_MS));
        breaker.probing(5_000);
        breaker.probe_dropped();
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Probe);
        breaker.probing(5_000);
        breaker.outcome(false, true, now(1_000));
        let wait = FIRST_WAIT_MS * GROWTH;
        assert_eq!(breaker.gate(now(1_000)), Gate::Stop { until_ms: 1_000 + wait });
        for round in 1..100 {
            breaker.gate(now(round * 100_000));
            breaker.probing(round * 100_000 + 1);
            breaker.outcome(false, true, now(round * 100_000));
        }
        assert_eq!(breaker.wait_ms, MOST_WAIT_MS);
    }

    #[test]
    fn a_probe_of_which_nothing_is_heard_makes_room_for_another() {
        let mut breaker = opened();
        breaker.gate(now(FIRST_WAIT_MS));
        breaker.probing(5_000);
        assert_eq!(breaker.gate(now(4_999)), Gate::Stop { until_ms: 5_000 });
        assert_eq!(breaker.gate(now(5_000)), Gate::Probe);
    }

    #[test]
    fn an_answer_that_did_not_hold_counts_as_a_failure() {
        let mut breaker = CircuitBreaker::new(0.5);
        for _ in 0..FIRST_WINDOW {
            breaker.outcome(true, false, now(0));
        }
        for _ in 0..FIRST_WINDOW / 2 {
            assert_eq!(breaker.circuit(), Circuit::Closed);
            breaker.revoke(now(0));
        }
        assert_eq!(breaker.circuit(), Circuit::Open);
    }

    #[test]
    fn what_it_remembers_is_bounded() {
        let mut breaker = CircuitBreaker::new(0.5);
        breaker.window = MOST_WINDOW;
        for round in 0..1_000 {
            breaker.outcome(round % 3 > 0, false, now(0));
            assert!(breaker.outcomes.len() <= MOST_WINDOW);
        }
    }
}
