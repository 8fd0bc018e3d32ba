//! A way that keeps failing is not taken for a while, and then tried with one request.
//!
//! Holds at most the last `MOST_WINDOW` outcomes.

use crate::api::Circuit;
use crate::checks::{self, Part};
use crate::engine::Now;
use std::collections::VecDeque;

/// The latest outcomes, which count once there are so many. Twice as many are looked at each time that it was closed
/// by a probe, since what works now and then is worth going on with; a window of successes goes back to the first.
const FIRST_WINDOW: usize = 20;
const MOST_WINDOW: usize = 80;
/// The share of failures at which all counts as well again.
const WELL: f64 = 0.25;
/// How long it stays open the first time, and the longest.
const FIRST_WAIT_MS: u64 = 100;
const MOST_WAIT_MS: u64 = 30_000;

/// Whether a request may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It may.
    Pass,
    /// This one may, and no other until its outcome is known.
    Probe,
    /// Not before this time; none while a probe is under way.
    Stop {
        /// Monotonic milliseconds.
        until_ms: Option<u64>,
    },
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until_ms: u64 },
    HalfOpen { probing: bool },
}

/// Opens when too large a share of the latest requests failed, lets one probe through after a wait, and closes when
/// that succeeds; the wait grows by half each time that it does not.
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
            self.state = State::HalfOpen { probing: false };
        }
        match self.state {
            _ if !checks::part(Part::Breaker) => Gate::Pass,
            State::Closed => Gate::Pass,
            State::HalfOpen { probing: false } => Gate::Probe,
            State::HalfOpen { probing: true } => Gate::Stop { until_ms: None },
            State::Open { until_ms } => Gate::Stop { until_ms: Some(until_ms) },
        }
    }

    /// Notes that the probe is under way.
    pub fn probing(&mut self) {
        if let State::HalfOpen { probing } = &mut self.state {
            *probing = true;
        }
    }

    /// Notes that the probe ended without an outcome, as when it was wanted no longer: another may go.
    pub fn probe_dropped(&mut self) {
        if let State::HalfOpen { probing } = &mut self.state {
            *probing = false;
        }
    }

    /// Notes an outcome. Those of requests that were under way when it opened change nothing until it is closed.
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
            State::HalfOpen { .. } if probe && success => {
                self.state = State::Closed;
                self.outcomes.clear();
                self.window = (self.window * 2).min(MOST_WINDOW);
                self.wait_ms = FIRST_WAIT_MS;
            }
            State::HalfOpen { .. } if probe => {
                self.wait_ms = (self.wait_ms * 3 / 2).min(MOST_WAIT_MS);
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
            State::Closed | State::HalfOpen { .. } => None,
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
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS - 1)), Gate::Stop { until_ms: Some(FIRST_WAIT_MS) });
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Probe);
        breaker.probing();
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Stop { until_ms: None });
        breaker.outcome(true, false, now(FIRST_WAIT_MS));
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.outcome(true, true, now(FIRST_WAIT_MS));
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Pass);
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_longer_and_one_that_is_dropped_makes_room_for_another() {
        let mut breaker = opened();
        breaker.gate(now(FIRST_WAIT_MS));
        breaker.probing();
        breaker.probe_dropped();
        assert_eq!(breaker.gate(now(FIRST_WAIT_MS)), Gate::Probe);
        breaker.probing();
        breaker.outcome(false, true, now(1_000));
        let wait = FIRST_WAIT_MS * 3 / 2;
        assert_eq!(breaker.gate(now(1_000)), Gate::Stop { until_ms: Some(1_000 + wait) });
        for round in 1..100 {
            breaker.gate(now(round * 100_000));
            breaker.probing();
            breaker.outcome(false, true, now(round * 100_000));
        }
        assert_eq!(breaker.wait_ms, MOST_WAIT_MS);
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
