//! Hands messages to the phase that they belong to, moves on when it is complete, and keeps progress over all phases.

use super::phases::{PhaseRun, SyncPhase};
use super::progress::ProgressTracker;
use super::recovery::RecoveryManager;
use super::request_control::RequestController;
use super::transitions::TransitionManager;
use crate::api::{Event, LogLevel, PhaseProgress, PhaseStatus, PhaseTransition, Phases, RequestCounts, Tip};
use crate::engine::{CommitId, ComputeReply, Config, ConnId, HeaderAt, Ids, JobId, Now, Outbox, ReadId};
use crate::network::correlation::RequestCorrelationManager;
use crate::network::{PeerManager, PeerMessage, PeerNotice};
use crate::store::{ReadReply, StoreError};
use crate::sync::headers::{Ctx, HeaderSync, Lookup, TipChange};
use crate::sync::scheduler::NetworkConditionMonitor;

/// The sync as a whole.
#[derive(Debug)]
pub struct SequentialSyncManager {
    phases: Vec<PhaseRun>,
    transitions: TransitionManager,
    progress: ProgressTracker,
    controller: RequestController,
    recovery: RecoveryManager,
    requests: RequestCorrelationManager,
    monitor: NetworkConditionMonitor,
    headers: HeaderSync,
    paused: bool,
    /// The earliest time at which a request refused for its rate may be sent.
    permit_at_ms: Option<u64>,
}

/// What the sync needs of the engine for one call.
pub(crate) struct Surroundings<'a> {
    pub now: Now,
    pub peers: &'a mut PeerManager,
    pub ids: &'a mut Ids,
    pub out: &'a mut Outbox,
}

impl SequentialSyncManager {
    /// A sync that has done nothing yet.
    pub fn new(config: &Config) -> Self {
        let built = |phase| phase == SyncPhase::DownloadingHeaders;
        Self {
            phases: SyncPhase::WORKING.into_iter().map(|phase| PhaseRun::new(phase, built(phase))).collect(),
            transitions: TransitionManager::default(),
            progress: ProgressTracker::default(),
            controller: RequestController::default(),
            recovery: RecoveryManager::default(),
            requests: RequestCorrelationManager::default(),
            monitor: NetworkConditionMonitor::default(),
            headers: HeaderSync::new(config),
            paused: false,
            permit_at_ms: None,
        }
    }

    /// The phase the client is in.
    pub fn current(&self) -> SyncPhase {
        self.transitions.current()
    }

    /// Whether the store was looked at: before that the tip is not known.
    pub fn is_open(&self) -> bool {
        self.headers.is_open()
    }

    /// Runs something on the header sync with all that it may touch.
    fn with_headers<T>(
        &mut self,
        around: &mut Surroundings<'_>,
        act: impl FnOnce(&mut HeaderSync, &mut Ctx<'_>) -> T,
    ) -> T {
        let mut ctx = Ctx {
            now: around.now,
            phase: self.transitions.current(),
            peers: around.peers,
            out: around.out,
            requests: &mut self.requests,
            monitor: &mut self.monitor,
            controller: &mut self.controller,
            recovery: &mut self.recovery,
            ids: around.ids,
            retry_at_ms: &mut self.permit_at_ms,
        };
        act(&mut self.headers, &mut ctx)
    }

    /// Takes messages of peers. All messages of this phases are about headers; each phase that is built later
    /// gets its own here.
    pub(crate) fn on_messages(&mut self, messages: Vec<PeerMessage>, around: &mut Surroundings<'_>) {
        for PeerMessage { conn, message } in messages {
            self.with_headers(around, |headers, ctx| headers.on_message(conn, message, ctx));
        }
    }

    /// Takes what became of a job.
    pub(crate) fn on_computed(&mut self, job: JobId, result: ComputeReply, around: &mut Surroundings<'_>) {
        self.with_headers(around, |headers, ctx| headers.on_computed(job, result, ctx));
    }

    /// Takes what became of a commit, and tells whether the tip moved.
    pub(crate) fn on_stored(
        &mut self,
        commit: CommitId,
        result: Result<(), StoreError>,
        around: &mut Surroundings<'_>,
    ) -> Option<TipChange> {
        self.with_headers(around, |headers, ctx| headers.on_stored(commit, result, ctx))
    }

    /// Takes what a read brought; false if it was not asked for here.
    pub(crate) fn on_read(
        &mut self,
        read: ReadId,
        result: Result<ReadReply, StoreError>,
        around: &mut Surroundings<'_>,
    ) -> bool {
        self.with_headers(around, |headers, ctx| headers.on_read(read, result, ctx))
    }

    /// Stops or goes on.
    pub(crate) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        if !paused {
            self.headers.resume();
        }
    }

    /// One step: peers that came and went, then the work of the phase, then the phase itself.
    pub(crate) fn step(&mut self, around: &mut Surroundings<'_>) {
        self.permit_at_ms = None;
        for notice in around.peers.take_notices() {
            match notice {
                PeerNotice::Ready(conn) => self.headers.peer_ready(conn),
                PeerNotice::Gone(conn) => self.peer_gone(conn, around),
            }
        }
        self.with_headers(around, |headers, ctx| headers.open(ctx));
        self.move_on(around);
        let synced = self.current() == SyncPhase::FullySynced;
        self.headers.want_confirmation(!synced);
        self.with_headers(around, |headers, ctx| headers.step(ctx));
        // A step can ban peers, and what they were asked must go elsewhere in the same breath.
        let notices = around.peers.take_notices();
        for notice in &notices {
            if let PeerNotice::Gone(conn) = *notice {
                self.peer_gone(conn, around);
            }
        }
        if !notices.is_empty() {
            self.with_headers(around, |headers, ctx| headers.step(ctx));
        }
        self.measure(around);
        self.move_on(around);
    }

    fn peer_gone(&mut self, conn: ConnId, around: &mut Surroundings<'_>) {
        self.with_headers(around, |headers, ctx| headers.peer_gone(conn, ctx));
    }

    fn measure(&mut self, around: &Surroundings<'_>) {
        let (completed, total) = self.headers.progress(around.peers);
        let phase = SyncPhase::DownloadingHeaders;
        let moved = self.progress.update(phase, completed, total, around.now.mono_ms);
        if moved && let Some(run) = self.phases.iter_mut().find(|run| run.phase == phase) {
            run.last_progress_ms = Some(around.now.mono_ms);
        }
    }

    /// Settles what is complete and enters the least advanced phase that is not.
    fn move_on(&mut self, around: &mut Surroundings<'_>) {
        let complete = self.headers.is_complete(around.peers);
        let behind = self.headers.take_fell_behind();
        let current = self.current();
        if self.paused || self.headers.is_store_paused() {
            let reason = if self.paused { "paused" } else { "storage does not take any more" };
            self.set_status(SyncPhase::DownloadingHeaders, PhaseStatus::Waiting);
            self.enter(SyncPhase::Idle, reason, around);
            return;
        }
        if current == SyncPhase::Idle {
            if !self.headers.is_open() || around.peers.ready().next().is_none() {
                return;
            }
            self.progress.begin_run();
            self.enter(SyncPhase::DownloadingHeaders, "a peer is ready", around);
        } else if current == SyncPhase::FullySynced && behind {
            self.set_status(SyncPhase::DownloadingHeaders, PhaseStatus::Running);
            self.progress.begin_run();
            self.enter(SyncPhase::DownloadingHeaders, "fell behind the tip", around);
        } else if current == SyncPhase::DownloadingHeaders && complete {
            self.set_status(SyncPhase::DownloadingHeaders, PhaseStatus::Done);
            let next = self
                .phases
                .iter()
                .find(|run| !run.is_settled())
                .map_or(SyncPhase::FullySynced, |run| run.phase);
            self.enter(next, "peers have nothing after our tip", around);
        }
    }

    fn set_status(&mut self, phase: SyncPhase, status: PhaseStatus) {
        if let Some(run) = self.phases.iter_mut().find(|run| run.phase == phase) {
            run.status = status;
        }
    }

    fn enter(&mut self, phase: SyncPhase, reason: &str, around: &mut Surroundings<'_>) {
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

    /// Every phase change kept, newest last.
    pub fn history(&self) -> Vec<PhaseTransition> {
        self.transitions.history()
    }

    /// What became of the requests.
    pub fn request_counts(&self) -> RequestCounts {
        self.requests.counts()
    }

    /// The tip as stored.
    pub fn tip(&self) -> Tip {
        self.headers.tip()
    }

    /// Finds a header.
    pub fn lookup(&self, at: HeaderAt) -> Lookup {
        self.headers.lookup(at)
    }

    /// Whether nothing proven waits for the store, or the store takes nothing any more.
    pub fn is_flushed(&self) -> bool {
        self.headers.is_flushed()
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
            .collect();
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

    /// When something here has to be looked at again.
    pub(crate) fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let deadlines = [
            self.requests.next_deadline_ms(),
            self.monitor.next_deadline_ms(now),
            self.headers.next_deadline_ms(now),
            self.permit_at_ms,
        ];
        deadlines.into_iter().flatten().min()
    }
}
