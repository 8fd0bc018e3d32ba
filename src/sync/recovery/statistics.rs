//! What went wrong lately, by kind.
//!
//! Holds the outcomes of the last minute, `MOST` at the most.

use crate::engine::Now;
use crate::sync::sequential::RequestClass;
use std::collections::VecDeque;

/// Older outcomes do not count.
const WINDOW_MS: u64 = 60_000;
/// Outcomes kept.
const MOST: usize = 64;

/// How a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// No answer in time.
    Timeout,
    /// The peer went away with it.
    PeerGone,
    /// The answer breaks a rule, or says that the peer does not have it.
    Invalid,
    /// The answer breaks no rule by itself, but what it says could not be proven.
    Unproven,
}

#[derive(Clone, Copy, Debug)]
struct Outcome {
    at_ms: u64,
    class: RequestClass,
    error: Option<ErrorKind>,
}

/// Counts outcomes over a window of time.
#[derive(Debug, Default)]
pub struct ErrorStatistics {
    outcomes: VecDeque<Outcome>,
}

impl ErrorStatistics {
    /// Notes an outcome; none for a success.
    pub fn note(&mut self, class: RequestClass, error: Option<ErrorKind>, now: Now) {
        self.forget_old(now);
        if self.outcomes.len() == MOST {
            self.outcomes.pop_front();
        }
        self.outcomes.push_back(Outcome { at_ms: now.mono_ms, class, error });
    }

    /// Turns the newest success of a class into a failure: its answer did not hold.
    pub fn revoke(&mut self, class: RequestClass, error: ErrorKind) {
        let mut newest = self.outcomes.iter_mut().rev();
        if let Some(outcome) = newest.find(|outcome| outcome.class == class && outcome.error.is_none()) {
            outcome.error = Some(error);
        }
    }

    fn forget_old(&mut self, now: Now) {
        self.outcomes.retain(|outcome| now.mono_ms < outcome.at_ms + WINDOW_MS);
    }

    /// Begins anew, as after a change of ways: what went wrong before says nothing of the new one.
    pub fn clear(&mut self) {
        self.outcomes.clear();
    }

    /// Outcomes in the window.
    pub fn len(&self) -> usize {
        self.outcomes.len()
    }

    /// Whether nothing happened lately.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    /// Failures of a kind in the window.
    pub fn count(&self, kind: ErrorKind) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.error == Some(kind)).count()
    }

    /// The share of failures in the window, 0 to 1.
    pub fn failure_rate(&self) -> f64 {
        let failures = self.outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
        failures as f64 / self.outcomes.len().max(1) as f64
    }

    /// Failures of a class since its last success, and how many of them were answers that did not hold.
    pub fn in_a_row(&self, class: RequestClass) -> (usize, usize) {
        let newest = self.outcomes.iter().rev().filter(|outcome| outcome.class == class);
        let failures = newest.map_while(|outcome| outcome.error);
        failures.fold((0, 0), |(all, wrong), error| {
            let is_wrong = matches!(error, ErrorKind::Invalid | ErrorKind::Unproven);
            (all + 1, wrong + usize::from(is_wrong))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    #[test]
    fn failures_are_counted_by_kind_within_a_minute() {
        let mut statistics = ErrorStatistics::default();
        statistics.note(RequestClass::QRInfo, Some(ErrorKind::Timeout), now(0));
        statistics.note(RequestClass::QRInfo, Some(ErrorKind::Timeout), now(1_000));
        statistics.note(RequestClass::MnListDiff, None, now(2_000));
        assert_eq!((statistics.count(ErrorKind::Timeout), statistics.len()), (2, 3));
        statistics.note(RequestClass::MnListDiff, None, now(WINDOW_MS));
        assert_eq!((statistics.count(ErrorKind::Timeout), statistics.len()), (1, 3));
    }

    #[test]
    fn failures_in_a_row_are_those_of_a_class_since_its_last_success() {
        let mut statistics = ErrorStatistics::default();
        statistics.note(RequestClass::QRInfo, Some(ErrorKind::Timeout), now(0));
        statistics.note(RequestClass::QRInfo, None, now(0));
        statistics.note(RequestClass::QRInfo, Some(ErrorKind::Timeout), now(0));
        statistics.note(RequestClass::MnListDiff, None, now(0));
        assert_eq!(statistics.in_a_row(RequestClass::QRInfo), (1, 0));
        statistics.revoke(RequestClass::QRInfo, ErrorKind::Unproven);
        assert_eq!(statistics.in_a_row(RequestClass::QRInfo), (3, 1));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut statistics = ErrorStatistics::default();
        for _ in 0..MOST * 2 {
            statistics.note(RequestClass::QRInfo, None, now(0));
        }
        assert_eq!(statistics.len(), MOST);
    }
}
