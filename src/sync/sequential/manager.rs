//! Hands messages to the phase that they belong to, moves on when it is complete, and keeps progress over all phases.
//!
//! - `route.rs`: what comes is handed to whom it belongs.
//! - `turns.rs`: how the phases stand, and which one is next. `recover.rs` looks after those that get no further.
//! - `report.rs`: what the page is told.

mod recover;
mod report;
mod route;
mod turns;

use super::phases::{PhaseRun, SyncPhase};
use super::progress::ProgressTracker;
use super::recovery::RecoveryManager;
use super::request_control::RequestController;
use super::transitions::TransitionManager;
use crate::api::Tip;
use crate::chain::HeaderChain;
use crate::collections::Gather;
use crate::engine::{CallId, Config, ConnId, HeaderAt, Ids, Now, Outbox, WalletCommand};
use crate::network::correlation::RequestCorrelationManager;
use crate::network::{PeerManager, PeerNotice};
use crate::sync::filters::FilterSync;
use crate::sync::finality::FinalitySync;
use crate::sync::headers::{Ctx, HeaderSync, Lookup};
use crate::sync::masternodes::MasternodeSync;
use crate::sync::scheduler::NetworkConditionMonitor;

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
    filters: FilterSync,
    paused: bool,
}

/// The phases of filters.
const FILTER_PHASES: [SyncPhase; 3] =
    [SyncPhase::DownloadingCFHeaders, SyncPhase::DownloadingFilters, SyncPhase::DownloadingBlocks];

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
            SyncPhase::DownloadingCFHeaders
            | SyncPhase::DownloadingFilters
            | SyncPhase::DownloadingBlocks => config.filters,
            SyncPhase::Idle | SyncPhase::FullySynced => false,
        };
        Self {
            phases: SyncPhase::WORKING.into_iter().map(|phase| PhaseRun::new(phase, built(phase))).gather(),
            transitions: TransitionManager::default(),
            progress: ProgressTracker::default(),
            tools: Tools::default(),
            headers: HeaderSync::new(config),
            masternodes: MasternodeSync::new(config),
            finality: FinalitySync::new(config),
            filters: FilterSync::new(config),
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

    /// Runs something on the filters with all that they may touch, and the chain of headers to read.
    fn with_filters<T>(
        &mut self,
        around: &mut Surroundings<'_>,
        act: impl FnOnce(&mut FilterSync, Option<&HeaderChain>, &mut Ctx<'_>) -> T,
    ) -> T {
        let mut ctx = self.tools.ctx(self.transitions.current(), around);
        act(&mut self.filters, self.headers.chain(), &mut ctx)
    }

    /// Stops or goes on.
    pub(crate) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        if !paused {
            self.headers.resume();
            self.masternodes.resume();
            self.filters.resume();
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
        self.with_filters(around, |filters, _, ctx| filters.open(headers_open, ctx));
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
        self.with_finality(around, |locks, _, _, ctx| locks.fetch(ctx));
        if self.masternodes.is_on() {
            self.with_masternodes(around, |lists, chain, ctx| lists.step(chain, ctx));
            self.with_finality(around, |locks, headers, lists, ctx| locks.step(headers, lists, ctx));
        }
        let (start, locked) = (self.headers.start_height(), self.finality.locked_height());
        let locks = self.finality.take_instantlocked();
        self.with_filters(around, |filters, chain, ctx| {
            for (txid, inputs) in locks {
                filters.instantlocked(txid, &inputs, ctx);
            }
            filters.step(chain, start, locked, ctx);
        });
        if let Some(height) = self.filters.reaches_below() {
            self.with_headers(around, |headers, ctx| headers.begin_below(height, ctx));
        }
        for (txid, spends) in self.filters.take_sent() {
            self.tell_locks(&txid, &spends, around);
        }
    }

    fn peer_gone(&mut self, conn: ConnId, around: &mut Surroundings<'_>) {
        self.with_headers(around, |headers, ctx| headers.peer_gone(conn, ctx));
        self.with_masternodes(around, |lists, _, ctx| lists.peer_gone(conn, ctx));
        self.with_finality(around, |locks, _, _, ctx| locks.peer_gone(conn, ctx));
        self.with_filters(around, |filters, _, ctx| filters.peer_gone(conn, ctx));
    }

    /// Lists and quorums.
    pub fn masternodes(&self) -> &MasternodeSync {
        &self.masternodes
    }

    /// ChainLocks and InstantSend locks.
    pub fn finality(&self) -> &FinalitySync {
        &self.finality
    }

    /// Filters, and the wallet that they are searched for.
    pub(crate) fn filters(&self) -> &FilterSync {
        &self.filters
    }

    /// A call about the wallet.
    pub(crate) fn wallet_call(
        &mut self,
        call: CallId,
        command: WalletCommand,
        around: &mut Surroundings<'_>,
    ) {
        let chain = self.headers.chain();
        self.filters.command(call, command, chain, around.now, around.out);
    }

    /// Nobody waits for this call any more.
    pub(crate) fn cancel(&mut self, call: CallId) {
        self.filters.cancel(call);
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
        self.filters.flush();
    }

    /// Whether nothing proven waits for the store, or the store takes nothing any more.
    pub fn is_flushed(&self) -> bool {
        let others = self.masternodes.is_flushed() && self.filters.is_flushed();
        self.headers.is_flushed() && (self.headers.is_store_paused() || others)
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
            self.filters.next_deadline_ms(now),
            self.tools.permit_at_ms,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}
