//! From which phase to which: the dependency table and the history.
//!
//! Holds the last [`MAX_HISTORY`] transitions.

use super::phases::{PhaseRun, SyncPhase};
use crate::api::PhaseTransition;
use crate::collections::Gather;
use crate::engine::Now;
use std::collections::VecDeque;
use thiserror::Error;

/// How many transitions are kept.
pub const MAX_HISTORY: usize = 1_000;

/// Why a transition was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TransitionError {
    /// The client is in that phase already.
    #[error("already in {0:?}")]
    Same(SyncPhase),
    /// The phase is switched off.
    #[error("{0:?} is off")]
    Off(SyncPhase),
    /// The phase needs another one first.
    #[error("{phase:?} needs {needs:?} first")]
    Unmet {
        /// The phase refused.
        phase: SyncPhase,
        /// What is missing.
        needs: SyncPhase,
    },
}

/// Decides on transitions and remembers them.
#[derive(Debug)]
pub struct TransitionManager {
    current: SyncPhase,
    since: Option<Now>,
    history: VecDeque<PhaseTransition>,
}

impl Default for TransitionManager {
    fn default() -> Self {
        Self { current: SyncPhase::Idle, since: None, history: VecDeque::new() }
    }
}

impl TransitionManager {
    /// The phase the client is in.
    pub fn current(&self) -> SyncPhase {
        self.current
    }

    /// What must be settled before a phase may begin: headers before lists and filter headers; lists before filter
    /// headers; filter headers before filters; filters before blocks; everything before being synced. A dependency
    /// that is off or has failed is passed over.
    pub fn needs(phase: SyncPhase) -> &'static [SyncPhase] {
        use SyncPhase::*;
        match phase {
            Idle | DownloadingHeaders => &[],
            DownloadingMnList => &[DownloadingHeaders],
            DownloadingCFHeaders => &[DownloadingHeaders, DownloadingMnList],
            DownloadingFilters => &[DownloadingHeaders, DownloadingMnList, DownloadingCFHeaders],
            DownloadingBlocks => {
                &[DownloadingHeaders, DownloadingMnList, DownloadingCFHeaders, DownloadingFilters]
            }
            FullySynced => &SyncPhase::WORKING,
        }
    }

    /// Moves on, or back, and returns the record; refuses what the table does not allow.
    pub fn transition(
        &mut self,
        to: SyncPhase,
        phases: &[PhaseRun],
        reason: &str,
        height: u32,
        now: Now,
    ) -> Result<PhaseTransition, TransitionError> {
        if to == self.current {
            return Err(TransitionError::Same(to));
        }
        let run_of = |phase: SyncPhase| phases.iter().find(|run| run.phase == phase);
        if run_of(to).is_some_and(|run| run.status == crate::api::PhaseStatus::Off) {
            return Err(TransitionError::Off(to));
        }
        for &needs in Self::needs(to) {
            if !run_of(needs).is_some_and(PhaseRun::is_settled) {
                return Err(TransitionError::Unmet { phase: to, needs });
            }
        }
        let record = PhaseTransition {
            from: self.current.to_api(),
            to: to.to_api(),
            reason: reason.to_owned(),
            at: now.unix_ms as f64,
            height,
            duration_ms: self.since.map_or(0.0, |since| (now.mono_ms - since.mono_ms) as f64),
        };
        if self.history.len() == MAX_HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(record.clone());
        self.current = to;
        self.since = Some(now);
        Ok(record)
    }

    /// Every transition kept, newest last.
    pub fn history(&self) -> Vec<PhaseTransition> {
        self.history.iter().cloned().gather()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PhaseStatus;

    fn phases(status: impl Fn(SyncPhase) -> PhaseStatus) -> Vec<PhaseRun> {
        SyncPhase::WORKING
            .into_iter()
            .map(|phase| PhaseRun { status: status(phase), ..PhaseRun::new(phase, true) })
            .collect()
    }

    const NOW: Now = Now { mono_ms: 5, unix_ms: 7 };

    #[test]
    fn every_phase_is_refused_until_what_it_needs_is_settled() {
        for to in SyncPhase::WORKING.into_iter().chain([SyncPhase::FullySynced]) {
            for &missing in TransitionManager::needs(to) {
                let runs =
                    phases(|phase| if phase == missing { PhaseStatus::Running } else { PhaseStatus::Done });
                let refused = TransitionManager::default().transition(to, &runs, "", 0, NOW);
                assert_eq!(refused, Err(TransitionError::Unmet { phase: to, needs: missing }));
            }
            let runs = phases(|phase| if phase == to { PhaseStatus::Waiting } else { PhaseStatus::Failed });
            assert!(TransitionManager::default().transition(to, &runs, "", 0, NOW).is_ok());
        }
    }

    #[test]
    fn a_phase_that_is_off_is_never_entered() {
        let runs = phases(|_| PhaseStatus::Off);
        let refused =
            TransitionManager::default().transition(SyncPhase::DownloadingFilters, &runs, "", 0, NOW);
        assert_eq!(refused, Err(TransitionError::Off(SyncPhase::DownloadingFilters)));
    }

    #[test]
    fn the_history_is_bounded_and_keeps_the_newest() {
        let runs = phases(|_| PhaseStatus::Done);
        let mut manager = TransitionManager::default();
        for round in 0..MAX_HISTORY as u32 + 5 {
            let to = if round % 2 == 0 { SyncPhase::DownloadingHeaders } else { SyncPhase::Idle };
            manager.transition(to, &runs, "again", round, NOW).unwrap();
        }
        let history = manager.history();
        assert_eq!(history.len(), MAX_HISTORY);
        assert_eq!(history.last().unwrap().height, MAX_HISTORY as u32 + 4);
    }
}
