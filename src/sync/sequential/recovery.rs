//! What to do when something fails, per phase.
//!
//! Holds one counter and one time for each phase. A failure never ends a phase: it is tried again after a wait that
//! doubles up to [`MAX_WAIT_MS`], elsewhere if there is an elsewhere, from the last good watermark if what was
//! received cannot be trusted.

use super::phases::SyncPhase;
use std::collections::BTreeMap;

/// First wait after a failure.
const FIRST_WAIT_MS: u64 = 250;
/// The longest wait.
const MAX_WAIT_MS: u64 = 30_000;

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No answer in time.
    Timeout,
    /// The peer went away with our request.
    PeerGone,
    /// The answer broke a rule.
    Invalid,
    /// A worker broke.
    Compute,
    /// The store did not take what it was given.
    Store,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Ask somebody else at once.
    SwitchPeer,
    /// Ask again after the wait, of whoever is there.
    RetryAfter {
        /// Milliseconds from now.
        wait_ms: u64,
    },
    /// Drop what is not stored and begin again at the watermark, after the wait.
    RestartFromWatermark {
        /// Milliseconds from now.
        wait_ms: u64,
    },
    /// Nobody is there: go on when a peer comes.
    WaitForNetwork,
}

/// Counts failures and chooses what to do.
#[derive(Debug, Default)]
pub struct RecoveryManager {
    in_a_row: BTreeMap<SyncPhase, u32>,
}

impl RecoveryManager {
    /// Decides on a failure; `others` says whether another usable peer is there.
    pub fn failed(&mut self, phase: SyncPhase, failure: Failure, others: bool) -> Recovery {
        let count = self.in_a_row.entry(phase).or_default();
        let wait_ms = (FIRST_WAIT_MS << (*count).min(16)).min(MAX_WAIT_MS);
        *count += 1;
        match failure {
            Failure::Store => Recovery::RestartFromWatermark { wait_ms },
            Failure::Compute => Recovery::RetryAfter { wait_ms },
            Failure::Timeout | Failure::PeerGone | Failure::Invalid if others => Recovery::SwitchPeer,
            Failure::Timeout => Recovery::RetryAfter { wait_ms },
            Failure::PeerGone | Failure::Invalid => Recovery::WaitForNetwork,
        }
    }

    /// The phase got further: failures so far no longer count.
    pub fn progressed(&mut self, phase: SyncPhase) {
        self.in_a_row.remove(&phase);
    }

    /// Failures since the phase last got further.
    pub fn failures(&self, phase: SyncPhase) -> u32 {
        self.in_a_row.get(&phase).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE: SyncPhase = SyncPhase::DownloadingHeaders;

    #[test]
    fn waits_double_up_to_a_limit_and_progress_resets_them() {
        let mut manager = RecoveryManager::default();
        let mut waits = Vec::new();
        for _ in 0..30 {
            if let Recovery::RetryAfter { wait_ms } = manager.failed(PHASE, Failure::Compute, true) {
                waits.push(wait_ms);
            }
        }
        assert_eq!(waits[..3], [250, 500, 1_000]);
        assert_eq!(waits.last(), Some(&MAX_WAIT_MS));
        manager.progressed(PHASE);
        assert_eq!(manager.failed(PHASE, Failure::Compute, true), Recovery::RetryAfter { wait_ms: 250 });
    }

    #[test]
    fn another_peer_is_asked_at_once_if_there_is_one() {
        let mut manager = RecoveryManager::default();
        assert_eq!(manager.failed(PHASE, Failure::Timeout, true), Recovery::SwitchPeer);
        assert_eq!(manager.failed(PHASE, Failure::Invalid, false), Recovery::WaitForNetwork);
    }

    #[test]
    fn a_store_failure_goes_back_to_the_watermark() {
        let mut manager = RecoveryManager::default();
        assert!(matches!(manager.failed(PHASE, Failure::Store, true), Recovery::RestartFromWatermark { .. }));
    }
}
