//! How far each phase is, how fast, and for how long still.
//!
//! Rates come from a window of samples ([`WINDOW_MS`], at most [`MAX_SAMPLES`]). The overall figure never goes back
//! within one run; [`ProgressTracker::begin_run`] starts another one.

use super::phases::SyncPhase;
use std::collections::VecDeque;

/// The time over which a rate is averaged.
const WINDOW_MS: u64 = 5_000;
/// Samples kept for it.
const MAX_SAMPLES: usize = 64;
/// Samples closer than this are merged.
const SAMPLE_MS: u64 = 100;

/// Items of one phase over time.
#[derive(Clone, Debug, Default)]
pub struct PhaseMeter {
    completed: u64,
    total: u64,
    samples: VecDeque<(u64, u64)>,
}

impl PhaseMeter {
    /// Items done.
    pub fn completed(&self) -> u64 {
        self.completed
    }

    /// Items expected; at least those done.
    pub fn total(&self) -> u64 {
        self.total.max(self.completed)
    }

    /// Share done, 0 to 1.
    pub fn fraction(&self) -> f64 {
        if self.total() == 0 { 0.0 } else { self.completed as f64 / self.total() as f64 }
    }

    /// Items a second over the window that ends at `now_ms`.
    pub fn per_second(&self, now_ms: u64) -> f64 {
        let Some(&(from_ms, from)) = self.samples.iter().find(|(at, _)| at + WINDOW_MS >= now_ms) else {
            return 0.0;
        };
        let elapsed = now_ms.saturating_sub(from_ms);
        if elapsed < SAMPLE_MS {
            return 0.0;
        }
        self.completed.saturating_sub(from) as f64 * 1000.0 / elapsed as f64
    }

    /// Milliseconds left at the present rate; `None` while nothing moves.
    pub fn eta_ms(&self, now_ms: u64) -> Option<f64> {
        let left = self.total() - self.completed;
        let rate = self.per_second(now_ms);
        if left == 0 {
            Some(0.0)
        } else if rate > 0.0 {
            Some(left as f64 / rate * 1000.0)
        } else {
            None
        }
    }

    /// Counts further items, for what has no end that is known.
    pub(crate) fn add(&mut self, items: u64, now_ms: u64) {
        let completed = self.completed + items;
        self.set(completed, completed, now_ms);
    }

    fn set(&mut self, completed: u64, total: u64, now_ms: u64) -> bool {
        let moved = completed > self.completed;
        if completed < self.completed {
            self.samples.clear();
        }
        if self.samples.is_empty() {
            self.samples.push_back((now_ms, completed));
        }
        (self.completed, self.total) = (completed, total);
        if self.samples.back().is_none_or(|(at, _)| now_ms >= at + SAMPLE_MS) {
            self.samples.push_back((now_ms, completed));
        }
        while self.samples.len() > MAX_SAMPLES
            || self.samples.get(1).is_some_and(|(at, _)| at + WINDOW_MS < now_ms)
        {
            self.samples.pop_front();
        }
        moved
    }
}

/// Progress of all phases.
#[derive(Debug, Default)]
pub struct ProgressTracker {
    meters: [PhaseMeter; SyncPhase::WORKING.len()],
    overall: f64,
}

impl ProgressTracker {
    fn index(phase: SyncPhase) -> Option<usize> {
        SyncPhase::WORKING.iter().position(|&p| p == phase)
    }

    /// Notes how far a phase is; tells whether it got further.
    pub fn update(&mut self, phase: SyncPhase, completed: u64, total: u64, now_ms: u64) -> bool {
        Self::index(phase).is_some_and(|index| self.meters[index].set(completed, total, now_ms))
    }

    /// The meter of a working phase.
    pub fn meter(&self, phase: SyncPhase) -> Option<&PhaseMeter> {
        Self::index(phase).map(|index| &self.meters[index])
    }

    /// Starts a run: the overall figure may fall back to what is true now.
    pub fn begin_run(&mut self) {
        self.overall = 0.0;
    }

    /// Progress over the given phases, each with its share of the whole; monotonic within a run, and 1 only when
    /// `complete`.
    pub fn overall(&mut self, on: &[(SyncPhase, f64)], complete: bool) -> f64 {
        let weight: f64 = on.iter().map(|(_, share)| share).sum();
        let done: f64 =
            on.iter().filter_map(|(phase, share)| Some(self.meter(*phase)?.fraction() * share)).sum();
        let current = if complete {
            1.0
        } else if weight > 0.0 {
            (done / weight).min(0.999)
        } else {
            0.0
        };
        self.overall = self.overall.max(current);
        self.overall
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE: SyncPhase = SyncPhase::DownloadingHeaders;

    #[test]
    fn overall_progress_never_goes_back_within_a_run() {
        let mut tracker = ProgressTracker::default();
        tracker.update(PHASE, 50, 100, 0);
        assert!((tracker.overall(&[(PHASE, 1.0)], false) - 0.5).abs() < 1e-9);
        tracker.update(PHASE, 50, 1_000, 10);
        assert!((tracker.overall(&[(PHASE, 1.0)], false) - 0.5).abs() < 1e-9);
        tracker.begin_run();
        assert!((tracker.overall(&[(PHASE, 1.0)], false) - 0.05).abs() < 1e-9);
    }

    #[test]
    fn only_completion_makes_it_one() {
        let mut tracker = ProgressTracker::default();
        tracker.update(PHASE, 100, 100, 0);
        assert!(tracker.overall(&[(PHASE, 1.0)], false) < 1.0);
        assert!((tracker.overall(&[(PHASE, 1.0)], true) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_rate_is_of_the_last_seconds_and_falls_to_zero() {
        let mut tracker = ProgressTracker::default();
        for second in 0..=20_u64 {
            tracker.update(PHASE, second * 100, 10_000, second * 1_000);
        }
        let meter = tracker.meter(PHASE).unwrap();
        assert!((meter.per_second(20_000) - 100.0).abs() < 1.0);
        assert!((meter.eta_ms(20_000).unwrap() - 80_000.0).abs() < 1_000.0);
        assert_eq!(meter.per_second(60_000), 0.0);
        assert_eq!(meter.eta_ms(60_000), None);
    }

    #[test]
    fn samples_are_bounded() {
        let mut tracker = ProgressTracker::default();
        for ms in 0..100_000 {
            tracker.update(PHASE, ms, 100_000, ms);
        }
        assert!(tracker.meter(PHASE).unwrap().samples.len() <= MAX_SAMPLES);
    }
}
