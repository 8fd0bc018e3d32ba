//! Hands messages to the phase that they belong to, moves on when it is complete, and keeps progress over all phases.
//!
//! `recover.rs` looks after phases that get no further.

mod recover;

use super::phases::{PhaseRun, SyncPhase};
use super::progress::ProgressTracker;
use super::recovery::RecoveryManager;
use super::request_control::RequestController;
use super::transitions::TransitionManager;
use crate::api::{
    Degraded, Event, LogLevel, PhaseProgress, PhaseStatus, PhaseTransition, Phases, RequestCounts, Tip,
};
use crate::chain::HeaderChain;
use crate::engine::{CommitId, ComputeReply, Config, ConnId, HeaderAt, Ids, JobId, Now, Outbox, ReadId};
use crate::network::correlation::RequestCorrelationManager;
use crate::network::{PeerManager, PeerMessage, PeerNotice};
use crate::store::{ReadReply, StoreError};
use crate::sync::finality::FinalitySync;
use crate::sync::headers::{Ctx, HeaderSync, Lookup, TipChange};
use crate::sync::masternodes::MasternodeSync;
use crate::sync::scheduler::NetworkConditionMonitor;
use dash_protocol::Message;

/// The sync as a whole.
#[derive(Debug)]
pub struct SequentialSyncManager {
    phases: Vec<PhaseRun>,
    transitions: TransitionManager,
    progress: ProgressTracker,
    tools: Tools,
    headers: HeaderSync,
    masternodes: MasternodeSync,
    finality: FinalitySync,
    paused: bool,
}

/// What all phases share.
#[derive(Debug, Default)]
struct Tools {
    controller: RequestController,
    recovery: RecoveryManager,
    requests: RequestCorrelationManager,
    monitor: NetworkConditionMonitor,
    /// The earliest time at which a request refused for its rate may be sent.
    permit_at_ms: Option<u64>,
}

impl Tools {
    /// All that a phase may touch besides itself.
    fn ctx<'a>(&'a mut self, phase: SyncPhase, around: &'a mut Surroundings<'_>) -> Ctx<'a> {
        Ctx {
            now: around.now,
            phase,
            peers: around.peers,
            out: around.out,
            requests: &mut self.requests,
            monitor: &mut self.monitor,
            controller: &mut self.controller,
            recovery: &mut self.recovery,
            ids: around.ids,
            retry_at_ms: &mut self.permit_at_ms,
        }
    }
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
        let built = |phase| match phase {
            SyncPhase::DownloadingHeaders => true,
            SyncPhase::DownloadingMnList => config.masternodes,
            _ => false,
        };
        Self {
            phases: SyncPhase::WORKING.into_iter().map(|phase| PhaseRun::new(phase, built(phase))).collect(),
            transitions: TransitionManager::default(),
            progress: ProgressTracker::default(),
            tools: Tools::default(),
            headers: HeaderSync::new(config),
            masternodes: MasternodeSync::new(config),
            finality: FinalitySync::new(config),
            paused: false,
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
        let mut ctx = self.tools.ctx(self.transitions.current(), around);
        act(&mut self.headers, &mut ctx)
    }

    /// Runs something on the masternode sync with all that it may touch, and the chain of headers to read.
    fn with_masternodes<T>(
        &mut self,
        around: &mut Surroundings<'_>,
        act: impl FnOnce(&mut MasternodeSync, Option<&HeaderChain>, &mut Ctx<'_>) -> T,
    ) -> T {
        let mut ctx = self.tools.ctx(self.transitions.current(), around);
        act(&mut self.masternodes, self.headers.chain(), &mut ctx)
    }

    /// Runs something on the locks with all that it may touch.
    fn with_finality<T>(
        &mut self,
        around: &mut Surroundings<'_>,
        act: impl FnOnce(&mut FinalitySync, &mut HeaderSync, &mut MasternodeSync, &mut Ctx<'_>) -> T,
    ) -> T {
        let mut ctx = self.tools.ctx(self.transitions.current(), around);
        act(&mut self.finality, &mut self.headers, &mut self.masternodes, &mut ctx)
    }

    /// Hands messages of peers to the phase that they belong to.
    pub(crate) fn on_messages(&mut self, messages: Vec<PeerMessage>, around: &mut Surroundings<'_>) {
        for PeerMessage { conn, message } in messages {
            match message {
                Message::MnListDiff(diff) => {
                    self.with_masternodes(around, |lists, _, ctx| lists.on_diff(conn, diff, ctx));
                }
                Message::QRInfo(info) => {
                    self.with_masternodes(around, |lists, _, ctx| lists.on_qrinfo(conn, info, ctx));
                }
                Message::ClSig(_) | Message::IsdLock(_) | Message::NotFound(_) => {
                    self.with_finality(around, |locks, _, _, ctx| locks.on_message(conn, message, ctx));
                }
                Message::Inv(items) => {
                    let ready = self.masternodes.has_lists();
                    self.finality.on_inventory(conn, &items, ready);
                    self.with_headers(around, |headers, ctx| {
                        headers.on_message(conn, Message::Inv(items), ctx);
                    });
                }
                message => self.with_headers(around, |headers, ctx| headers.on_message(conn, message, ctx)),
            }
        }
    }

    /// Takes what became of a job.
    pub(crate) fn on_computed(&mut self, job: JobId, result: ComputeReply, around: &mut Surroundings<'_>) {
        if self.masternodes.owns_job(job) {
            self.with_masternodes(around, |lists, _, ctx| lists.on_computed(job, result, ctx));
        } else if self.finality.owns_job(job) {
            let tip = self.headers.tip().height;
            self.with_finality(around, |locks, _, _, ctx| locks.on_computed(job, result, tip, ctx));
        } else {
            self.with_headers(around, |headers, ctx| headers.on_computed(job, result, ctx));
        }
    }

    /// Takes what became of a commit, and tells whether the tip moved.
    pub(crate) fn on_stored(
        &mut self,
        commit: CommitId,
        result: Result<(), StoreError>,
        around: &mut Surroundings<'_>,
    ) -> Option<TipChange> {
        if self.masternodes.owns_commit(commit) {
            let refused = self.with_masternodes(around, |lists, _, ctx| lists.on_stored(result, ctx));
            if let Some(error) = refused {
                self.with_headers(around, |headers, ctx| headers.store_failed(&error, ctx));
            }
            return None;
        }
        self.with_headers(around, |headers, ctx| headers.on_stored(commit, result, ctx))
    }

    /// Takes what a read brought; false if it was not asked for here.
    pub(crate) fn on_read(
        &mut self,
        read: ReadId,
        result: Result<ReadReply, StoreError>,
        around: &mut Surroundings<'_>,
    ) -> bool {
        if self.masternodes.owns_read(read) {
            let lock = self.with_masternodes(around, |lists, chain, ctx| lists.on_read(result, chain, ctx));
            self.finality.restore(lock);
            return true;
        }
        self.with_headers(around, |headers, ctx| headers.on_read(read, result, ctx))
    }

    /// Stops or goes on.
    pub(crate) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        if !paused {
            self.headers.resume();
            self.masternodes.resume();
        }
    }

    /// One step: peers that came and went, then the work of the phases, then the phases themselves.
    pub(crate) fn step(&mut self, around: &mut Surroundings<'_>) {
        self.tools.permit_at_ms = None;
        for notice in around.peers.take_notices() {
            match notice {
                PeerNotice::Ready(conn) => self.headers.peer_ready(conn),
                PeerNotice::Gone(conn) => self.peer_gone(conn, around),
            }
        }
        self.with_headers(around, |headers, ctx| headers.open(ctx));
        let headers_open = self.headers.is_open();
        self.with_masternodes(around, |lists, _, ctx| lists.open(headers_open, ctx));
        self.recover(around);
        self.move_on(around);
        let synced = self.current() == SyncPhase::FullySynced;
        self.headers.want_confirmation(!synced);
        self.work(around);
        // A step can ban peers, and what they were asked must go elsewhere in the same breath.
        let notices = around.peers.take_notices();
        for notice in &notices {
            if let PeerNotice::Gone(conn) = *notice {
                self.peer_gone(conn, around);
            }
        }
        if !notices.is_empty() {
            self.work(around);
        }
        self.measure(around);
        self.move_on(around);
    }

    fn work(&mut self, around: &mut Surroundings<'_>) {
        self.with_headers(around, |headers, ctx| headers.step(ctx));
        if self.masternodes.is_on() {
            self.with_masternodes(around, |lists, chain, ctx| lists.step(chain, ctx));
            self.with_finality(around, |locks, headers, lists, ctx| locks.step(headers, lists, ctx));
        }
    }

    fn peer_gone(&mut self, conn: ConnId, around: &mut Surroundings<'_>) {
        self.with_headers(around, |headers, ctx| headers.peer_gone(conn, ctx));
        self.with_masternodes(around, |lists, _, ctx| lists.peer_gone(conn, ctx));
        self.with_finality(around, |locks, _, _, ctx| locks.peer_gone(conn, ctx));
    }

    fn measure(&mut self, around: &Surroundings<'_>) {
        let headers = self.headers.progress(around.peers);
        let lists = self.masternodes.progress();
        for (phase, (completed, total)) in
            [(SyncPhase::DownloadingHeaders, headers), (SyncPhase::DownloadingMnList, lists)]
        {
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
    fn standing(&self, phase: SyncPhase, around: &Surroundings<'_>) -> PhaseStatus {
        match phase {
            SyncPhase::DownloadingHeaders if self.headers.is_complete(around.peers) => PhaseStatus::Done,
            SyncPhase::DownloadingMnList => {
                self.masternodes.standing(self.tools.recovery.is_stalled(phase, around.now))
            }
            _ => PhaseStatus::Running,
        }
    }

    /// Settles what is complete and enters the least advanced phase that is not.
    fn move_on(&mut self, around: &mut Surroundings<'_>) {
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
        if self.current() != SyncPhase::DownloadingHeaders && behind {
            self.wait_all();
            self.progress.begin_run();
            return self.enter(SyncPhase::DownloadingHeaders, "fell behind the tip", around);
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
    fn review(&mut self, around: &Surroundings<'_>) {
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
    fn wait_all(&mut self) {
        for run in self.phases.iter_mut().filter(|run| run.status != PhaseStatus::Off) {
            run.status = PhaseStatus::Waiting;
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

    /// Lists and quorums.
    pub fn masternodes(&self) -> &MasternodeSync {
        &self.masternodes
    }

    /// ChainLocks and InstantSend locks.
    pub fn finality(&self) -> &FinalitySync {
        &self.finality
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
        degraded
    }

    /// What became of the requests.
    pub fn request_counts(&self) -> RequestCounts {
        self.tools.requests.counts()
    }

    /// The tip as stored.
    pub fn tip(&self) -> Tip {
        self.headers.tip()
    }

    /// Finds a header.
    pub fn lookup(&self, at: HeaderAt) -> Lookup {
        self.headers.lookup(at)
    }

    /// Stores at once what would wait for company.
    pub(crate) fn flush(&mut self) {
        self.masternodes.flush();
    }

    /// Whether nothing proven waits for the store, or the store takes nothing any more.
    pub fn is_flushed(&self) -> bool {
        self.headers.is_flushed() && (self.headers.is_store_paused() || self.masternodes.is_flushed())
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
        [
            self.tools.requests.next_deadline_ms(),
            self.tools.monitor.next_deadline_ms(now),
            self.tools.recovery.next_deadline_ms(now),
            self.headers.next_deadline_ms(now),
            self.masternodes.next_deadline_ms(now),
            self.finality.next_deadline_ms(now),
            self.tools.permit_at_ms,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

fn settled_reason(phase: SyncPhase) -> &'static str {
    match phase {
        SyncPhase::DownloadingHeaders => "peers have nothing after our tip",
        SyncPhase::DownloadingMnList => "lists and quorums are proven as far as they can be",
        _ => "complete",
    }
}
