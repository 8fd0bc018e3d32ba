//! How the phases stand, and which one is next.

use super::{FILTER_PHASES, SequentialSyncManager, Surroundings};
use crate::api::{Event, LogLevel, PhaseStatus};
use crate::sync::sequential::phases::SyncPhase;

impl SequentialSyncManager {
    pub(super) fn measure(&mut self, around: &Surroundings<'_>) {
        let headers = self.headers.progress(around.peers);
        let lists = self.masternodes.progress();
        let tip = self.headers.tip().height;
        let filters = FILTER_PHASES.map(|phase| (phase, self.filters.progress(phase, tip)));
        let all = [(SyncPhase::DownloadingHeaders, headers), (SyncPhase::DownloadingMnList, lists)];
        for (phase, (completed, total)) in all.into_iter().chain(filters) {
            let Some(run) = self.phases.iter_mut().find(|run| run.phase == phase) else { continue };
            let on = !matches!(run.status, PhaseStatus::Off);
            if on && self.progress.update(phase, completed, total, around.now.mono_ms) {
                run.last_progress_ms = Some(around.now.mono_ms);
                // What follows the tip does not help one that was passed over for something else.
                if run.status != PhaseStatus::Failed {
                    self.tools.recovery.progressed(phase, around.now);
                }
            }
        }
    }

    /// How a phase that was begun stands.
    pub(super) fn standing(&self, phase: SyncPhase, around: &Surroundings<'_>) -> PhaseStatus {
        match phase {
            SyncPhase::DownloadingHeaders if self.headers.is_complete(around.peers) => PhaseStatus::Done,
            SyncPhase::DownloadingMnList => {
                self.masternodes.standing(self.tools.recovery.is_stalled(phase, around.now))
            }
            SyncPhase::DownloadingCFHeaders
            | SyncPhase::DownloadingFilters
            | SyncPhase::DownloadingBlocks => {
                let stalled = self.tools.recovery.is_stalled(phase, around.now);
                self.filters.standing(phase, self.headers.tip().height, stalled)
            }
            _ => PhaseStatus::Running,
        }
    }

    /// Settles what is complete and enters the least advanced phase that is not.
    pub(super) fn move_on(&mut self, around: &mut Surroundings<'_>) {
        let behind = self.headers.take_fell_behind();
        if self.paused || self.headers.is_store_paused() {
            let reason = if self.paused { "paused" } else { "storage does not take any more" };
            self.wait_all();
            self.enter(SyncPhase::Idle, reason, around);
            return;
        }
        if self.current() == SyncPhase::Idle {
            if !self.headers.is_open() || around.peers.ready().next().is_none() {
                return;
            }
            self.progress.begin_run();
            return self.enter(SyncPhase::DownloadingHeaders, "a peer is ready", around);
        }
        if self.current() != SyncPhase::DownloadingHeaders && (behind || self.headers.is_below()) {
            let reason = if behind { "fell behind the tip" } else { "something older is watched" };
            self.wait_all();
            self.progress.begin_run();
            return self.enter(SyncPhase::DownloadingHeaders, reason, around);
        }
        if self.current() > SyncPhase::DownloadingFilters && self.filters.has_to_go_back() {
            self.search_again();
            return self.enter(SyncPhase::DownloadingFilters, "something new is watched", around);
        }
        // A phase can be settled as it is entered.
        for _ in SyncPhase::WORKING {
            self.review(around);
            let current = self.current();
            if !self.phases.iter().any(|run| run.phase == current && run.is_settled()) {
                return;
            }
            let next = self.phases.iter().find(|run| !run.is_settled());
            let next = next.map_or(SyncPhase::FullySynced, |run| run.phase);
            self.enter(next, settled_reason(current), around);
        }
    }

    /// Notes how the phases stand that were begun. One that was passed over as failed can still be done; one that is done
    /// stays so while it follows the tip.
    pub(super) fn review(&mut self, around: &Surroundings<'_>) {
        let current = self.current();
        for phase in SyncPhase::WORKING {
            let begun = phase == current || (phase < current && phase != SyncPhase::DownloadingHeaders);
            let standing = self.standing(phase, around);
            let Some(run) = self.phases.iter_mut().find(|run| run.phase == phase) else { continue };
            let kept = matches!(run.status, PhaseStatus::Off)
                || (run.status == PhaseStatus::Done && standing == PhaseStatus::Running)
                || (run.status == PhaseStatus::Failed && standing == PhaseStatus::Running);
            if begun && !kept {
                run.status = standing;
            }
        }
    }

    /// Every phase that is on has to be gone through again.
    pub(super) fn wait_all(&mut self) {
        for run in self.phases.iter_mut().filter(|run| run.status != PhaseStatus::Off) {
            run.status = PhaseStatus::Waiting;
        }
    }

    /// Filters and blocks have to be gone through again.
    pub(super) fn search_again(&mut self) {
        if self.current() == SyncPhase::FullySynced {
            self.progress.begin_run();
        }
        let again = [SyncPhase::DownloadingFilters, SyncPhase::DownloadingBlocks];
        for run in self.phases.iter_mut().filter(|run| again.contains(&run.phase)) {
            run.status = PhaseStatus::Waiting;
        }
    }

    pub(super) fn enter(&mut self, phase: SyncPhase, reason: &str, around: &mut Surroundings<'_>) {
        let height = self.headers.tip().height;
        let Ok(transition) = self.transitions.transition(phase, &self.phases, reason, height, around.now)
        else {
            return;
        };
        if let Some(run) = self.phases.iter_mut().find(|run| run.phase == phase) {
            run.status = PhaseStatus::Running;
            run.started_ms = Some(around.now.mono_ms);
        }
        around.out.log(
            around.now,
            LogLevel::Info,
            "sync",
            "phase",
            [("to", format!("{phase:?}").into()), ("reason", reason.into()), ("height", height.into())],
        );
        around.out.emit(Event::Phase { transition });
    }
}

fn settled_reason(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::DownloadingHeaders => "peers have nothing after our tip",
        SyncPhase::DownloadingMnList => "lists and quorums are proven as far as they can be",
        SyncPhase::DownloadingCFHeaders => "filter headers are agreed on",
        SyncPhase::DownloadingFilters => "all filters are searched",
        SyncPhase::DownloadingBlocks => "all blocks that matched are taken in",
        _ => "complete",
    }
}
