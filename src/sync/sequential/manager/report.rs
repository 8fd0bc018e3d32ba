//! What the page is told of the sync as a whole.

use super::{FILTER_PHASES, SequentialSyncManager};
use crate::api::{Degraded, PhaseProgress, PhaseStatus, PhaseTransition, Phases, RequestCounts};
use crate::collections::Gather;
use crate::engine::Now;
use crate::sync::sequential::phases::{PhaseRun, SyncPhase};

impl SequentialSyncManager {
    /// Every phase change kept, newest last.
    pub fn history(&self) -> Vec<PhaseTransition> {
        self.transitions.history()
    }

    /// What does not hold just now of what the phases prove.
    pub(crate) fn degraded(&self, now: Now) -> Vec<Degraded> {
        let mut degraded = Vec::new();
        if self.masternodes.is_on() && self.headers.is_open() {
            let locks = self.masternodes.has_chainlock_quorums();
            if !self.masternodes.proves_chainlocks() || (locks && self.finality.lags(now)) {
                degraded.push(Degraded::Chainlocks);
            }
            if !self.masternodes.proves_instantsend() {
                degraded.push(Degraded::Instantsend);
            }
        }
        let failed = |run: &PhaseRun| FILTER_PHASES.contains(&run.phase) && run.status == PhaseStatus::Failed;
        let unwitnessed = self.current() > SyncPhase::DownloadingCFHeaders && !self.filters.has_witnesses();
        if self.filters.is_on() && (unwitnessed || self.phases.iter().any(failed)) {
            degraded.push(Degraded::Filters);
        }
        degraded
    }

    /// What became of the requests.
    pub fn request_counts(&self) -> RequestCounts {
        self.tools.requests.counts()
    }

    /// Progress of each phase as the page sees it.
    pub fn phase_progress(&self, now_ms: u64) -> Phases {
        let of = |phase: SyncPhase| {
            let status =
                self.phases.iter().find(|run| run.phase == phase).map_or(PhaseStatus::Off, |run| run.status);
            let meter = self.progress.meter(phase).filter(|_| status != PhaseStatus::Off);
            PhaseProgress {
                status,
                completed: meter.map_or(0.0, |meter| meter.completed() as f64),
                total: meter.map_or(0.0, |meter| meter.total() as f64),
                per_second: meter.map_or(0.0, |meter| meter.per_second(now_ms)),
                eta_ms: meter.and_then(|meter| meter.eta_ms(now_ms)),
            }
        };
        Phases {
            headers: of(SyncPhase::DownloadingHeaders),
            masternodes: of(SyncPhase::DownloadingMnList),
            filter_headers: of(SyncPhase::DownloadingCFHeaders),
            filters: of(SyncPhase::DownloadingFilters),
            blocks: of(SyncPhase::DownloadingBlocks),
        }
    }

    /// Overall progress, 0 to 1, and the time left.
    pub fn overall(&mut self, now_ms: u64) -> (f64, Option<f64>) {
        let synced = self.current() == SyncPhase::FullySynced;
        let on: Vec<(SyncPhase, f64)> = self
            .phases
            .iter()
            .filter(|run| run.status != PhaseStatus::Off)
            .map(|run| (run.phase, 1.0))
            .gather();
        let eta = if synced {
            Some(0.0)
        } else {
            on.iter()
                .filter_map(|(phase, _)| self.progress.meter(*phase))
                .map(|meter| meter.eta_ms(now_ms))
                .sum()
        };
        (self.progress.overall(&on, synced), eta)
    }
}
