//! When the page hears of what changed.
//!
//! State and progress are told at most every [`REPORT_MS`], and at once when the phase, the network or the storage
//! changed, or the tip while synced: bounded in rate, since each block of those costs its sender work.

use super::{Now, Outbox};
use crate::api::{Event, Phase, PhaseProgress, SyncState};

/// The least time between two reports of mere progress.
const REPORT_MS: u64 = 150;

/// Remembers what was told last.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    last: Option<SyncState>,
    at_ms: u64,
    pending: bool,
}

impl Reporter {
    /// Tells what changed, if it is time.
    pub(super) fn report(&mut self, state: SyncState, now: Now, out: &mut Outbox) {
        let Some(last) = &self.last else {
            self.tell(state, now, out);
            return;
        };
        if *last == state {
            self.pending = false;
            return;
        }
        let news = state.phase == Phase::Synced && last.tip != state.tip;
        let urgent = news
            || last.phase != state.phase
            || last.network != state.network
            || last.persistent != state.persistent;
        self.pending = !(urgent || now.mono_ms >= self.at_ms + REPORT_MS);
        if !self.pending {
            self.tell(state, now, out);
        }
    }

    fn tell(&mut self, state: SyncState, now: Now, out: &mut Outbox) {
        let before = self.last.as_ref();
        if let Some(progress) = progress_of(&state)
            && before.and_then(progress_of) != Some(progress)
        {
            out.emit(Event::Progress {
                phase: state.phase,
                progress: progress.clone(),
                overall: state.progress,
                eta_ms: state.eta_ms,
            });
        }
        out.emit(Event::State { state: Box::new(state.clone()) });
        self.last = Some(state);
        self.at_ms = now.mono_ms;
    }

    /// When something untold is due.
    pub(super) fn next_deadline_ms(&self) -> Option<u64> {
        self.pending.then_some(self.at_ms + REPORT_MS)
    }
}

/// The progress of the phase that the client is in.
fn progress_of(state: &SyncState) -> Option<&PhaseProgress> {
    match state.phase {
        Phase::Headers => Some(&state.phases.headers),
        Phase::Masternodes => Some(&state.phases.masternodes),
        Phase::FilterHeaders => Some(&state.phases.filter_headers),
        Phase::Filters => Some(&state.phases.filters),
        Phase::Blocks => Some(&state.phases.blocks),
        Phase::Idle | Phase::Synced => None,
    }
}
