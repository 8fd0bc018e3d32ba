//! The phases of a sync.

use crate::api::{Phase, PhaseStatus};

/// What the client is busy with: the least advanced phase that is on and has not failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncPhase {
    /// Nothing is asked: not started, or paused, or no usable peer yet.
    Idle,
    /// Block headers up to the tip.
    DownloadingHeaders,
    /// The masternode list and the quorums.
    DownloadingMnList,
    /// Compact filter headers.
    DownloadingCFHeaders,
    /// Compact filters, matched against what is watched.
    DownloadingFilters,
    /// Blocks whose filters matched.
    DownloadingBlocks,
    /// Everything that is on is complete; new blocks are followed.
    FullySynced,
}

impl SyncPhase {
    /// The phases that download something, in sync order.
    pub const WORKING: [Self; 5] = [
        Self::DownloadingHeaders,
        Self::DownloadingMnList,
        Self::DownloadingCFHeaders,
        Self::DownloadingFilters,
        Self::DownloadingBlocks,
    ];

    /// The name in the JavaScript contract.
    pub fn to_api(self) -> Phase {
        match self {
            Self::Idle => Phase::Idle,
            Self::DownloadingHeaders => Phase::Headers,
            Self::DownloadingMnList => Phase::Masternodes,
            Self::DownloadingCFHeaders => Phase::FilterHeaders,
            Self::DownloadingFilters => Phase::Filters,
            Self::DownloadingBlocks => Phase::Blocks,
            Self::FullySynced => Phase::Synced,
        }
    }
}

/// One phase and how it stands.
#[derive(Clone, Debug)]
pub struct PhaseRun {
    /// Which phase.
    pub phase: SyncPhase,
    /// Whether it is on, waiting, at work, done or failed.
    pub status: PhaseStatus,
    /// When it was last entered (monotonic milliseconds).
    pub started_ms: Option<u64>,
    /// When it last got further (monotonic milliseconds).
    pub last_progress_ms: Option<u64>,
}

impl PhaseRun {
    /// A phase that waits for its turn, or is off.
    pub fn new(phase: SyncPhase, on: bool) -> Self {
        let status = if on { PhaseStatus::Waiting } else { PhaseStatus::Off };
        Self { phase, status, started_ms: None, last_progress_ms: None }
    }

    /// Whether later phases need not wait for it.
    pub fn is_settled(&self) -> bool {
        matches!(self.status, PhaseStatus::Off | PhaseStatus::Done | PhaseStatus::Failed)
    }
}
