//! Masternode lists and quorums: what is asked for, proven, kept, and told.
//!
//! - `plan.rs`: what has yet to be had, worked out anew at each step.
//! - `requests.rs`: the plan as requests, which go through the one pipeline, side by side.
//! - `replies.rs`: answers meet the rules of `masternodes`, in height order, and liars are found.
//! - `snapshots.rs`: rotation's snapshots, one peer's word until quorums prove them.
//! - `proving.rs`: members are computed and signatures checked; *anchored* becomes *verified*.
//! - `keys.rs`: members' keys, decoded once for all proofs.
//! - `switch.rs`: other peers are asked where those that are there do not lead to a proof.
//! - `book.rs`: what is proven, bounded. `persist.rs`: what of it is kept over a restart.
//! - `answers.rs`: what the page is told.
//!
//! Level-triggered like everything here: `MasternodeSync::step` compares what is wanted with what is proven, in flight
//! and stored. A peer can make it ask again; it cannot make it believe, nor hold more than the bounds of the parts.

mod answers;
mod book;
mod keys;
mod persist;
mod plan;
mod proving;
mod replies;
mod requests;
mod snapshots;
mod switch;

pub use book::{Book, QuorumRecord, QuorumStatus};
pub use plan::signing_types;

use crate::api::{Circuit, LogLevel, PhaseStatus, QuorumRequests};
use crate::chain::HeaderChain;
use crate::collections::{SortedMap, SortedSet};
use crate::engine::{CommitId, ComputeReply, Config, ConnId, Effect, JobId, Now, QrInfoMode, ReadId};
use crate::masternodes::plans;
use crate::store::{CommitBatch, ReadReply, ReadRequest, StoreError, Table};
use crate::sync::headers::Ctx;
use crate::sync::parallel::ExecutorMode;
use crate::sync::pipeline::{ListPipeline, ListRequest, PipelineSettings};
use crate::sync::recovery::Fallback;
use crate::sync::sequential::{Failure, SyncPhase};
use dash_protocol::{BlockHash, ChainLock, LLMQType, NetworkParams, QuorumName};
use keys::Keys;
use persist::{Kept, Stored};
use plan::{Plan, Situation};
use proving::Proving;
use requests::Target;
use snapshots::Snapshots;
use std::sync::Arc;

/// Lists of this many of the last blocks are kept: locks are signed by the quorums of eight blocks before.
const RECENT: u32 = 24;
/// Changes wait this long for company before they are stored, save for the first.
const COMMIT_AFTER_MS: u64 = 1_000;
/// Lists that locks may ask for beyond the plan.
const MAX_ASKED: usize = 16;

/// Masternode lists and quorums: see the module.
#[derive(Debug)]
pub struct MasternodeSync {
    params: Arc<NetworkParams>,
    on: bool,
    history: u32,
    pipeline: ListPipeline,
    /// What was asked for each block or cycle, so that a request keeps its bases while it is wanted.
    asked: SortedMap<Target, ListRequest>,
    /// Blocks whose lists a QRInfo that is wanted brings.
    brought: SortedSet<BlockHash>,
    book: Book,
    snapshots: Snapshots,
    proving: Proving,
    /// Members' keys as they were decoded for proofs.
    keys: Keys,
    /// Cycles whose snapshots did not lead to a proof yet.
    doubtful: SortedSet<u32>,
    /// Heights whose lists locks wait for.
    asked_for_locks: SortedSet<u32>,
    lock: Option<ChainLock>,
    plan: Plan,
    reading: Option<ReadId>,
    opened: bool,
    stored: Stored,
    committing: Option<(CommitId, Box<Stored>)>,
    commit_at_ms: u64,
    /// Something is proven that is not stored.
    changed: bool,
    retry_at_ms: u64,
    /// Whether there is a plan, if only an empty one.
    planned: bool,
    /// What failed since something was proven.
    failures: u32,
    /// Lists and quorums proven since the start.
    proven: u64,
    /// Whether the lists reached the tip and every quorum in use was settled once.
    was_complete: bool,
}

impl MasternodeSync {
    /// A sync that has not looked at its store yet.
    pub fn new(config: &Config) -> Self {
        let mode = match config.qrinfo.mode {
            QrInfoMode::Parallel => ExecutorMode::Parallel,
            QrInfoMode::Sequential => ExecutorMode::Sequential,
        };
        let settings = PipelineSettings::lists(config.qrinfo.concurrency as usize, mode, config.seed);
        Self {
            params: Arc::clone(&config.params),
            on: config.masternodes,
            history: config.qrinfo.history,
            pipeline: ListPipeline::new(settings),
            asked: SortedMap::new(),
            brought: SortedSet::new(),
            book: Book::default(),
            snapshots: Snapshots::default(),
            proving: Proving::default(),
            keys: Keys::default(),
            doubtful: SortedSet::new(),
            asked_for_locks: SortedSet::new(),
            lock: None,
            plan: Plan::default(),
            reading: None,
            opened: false,
            stored: Stored::default(),
            committing: None,
            commit_at_ms: 0,
            changed: false,
            retry_at_ms: 0,
            planned: false,
            failures: 0,
            proven: 0,
            was_complete: false,
        }
    }

    /// Whether the phase is on.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// What is proven.
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Asks for what the store holds; once, when the headers are there to hold it against.
    pub(crate) fn open(&mut self, headers_open: bool, ctx: &mut Ctx<'_>) {
        if !self.on || self.opened || self.reading.is_some() || !headers_open {
            return;
        }
        let read = ctx.ids.read();
        self.reading = Some(read);
        ctx.out.push(Effect::Read { read, request: ReadRequest::Records { table: Table::Masternodes } });
    }

    /// Whether a read is one of ours.
    pub(crate) fn owns_read(&self, read: ReadId) -> bool {
        self.reading == Some(read)
    }

    /// Takes what the store holds. Returns the ChainLock that was kept.
    pub(crate) fn on_read(
        &mut self,
        result: Result<ReadReply, StoreError>,
        chain: Option<&HeaderChain>,
        ctx: &mut Ctx<'_>,
    ) -> Option<ChainLock> {
        self.reading = None;
        self.opened = true;
        let Ok(ReadReply::Records(records)) = result else { return None };
        let restored = persist::restore(records, |hash| height_of(chain, hash));
        self.proven += restored.book.len() as u64 + restored.book.quorums().count() as u64;
        ctx.out.log(
            ctx.now,
            LogLevel::Info,
            "masternodes",
            "going on from the store",
            [
                ("lists", restored.book.len().into()),
                ("quorums", restored.book.quorums().count().into()),
                ("height", restored.book.top().map_or(0, |top| top.height()).into()),
            ],
        );
        (self.book, self.snapshots, self.stored) = (restored.book, restored.snapshots, restored.stored);
        (self.lock, self.keys) = (restored.lock, restored.keys);
        restored.lock
    }

    /// One step: follows the chain, takes in answers, proves, asks for more, stores.
    pub(crate) fn step(&mut self, chain: Option<&HeaderChain>, ctx: &mut Ctx<'_>) {
        let Some(chain) = chain.filter(|_| self.opened) else { return };
        self.follow(chain);
        self.expire(ctx);
        let working = ctx.phase > SyncPhase::DownloadingHeaders;
        if working {
            let before = self.proven;
            self.take_in(chain, ctx);
            self.plan = self.situation(chain).plan();
            let open: SortedSet<u32> =
                self.plan.quorums.iter().filter_map(|name| self.base_of(name)).collect();
            self.doubtful.retain(|cycle| open.contains(cycle));
            if ctx.now.mono_ms >= self.retry_at_ms {
                let quorums = self.plan.quorums.clone();
                self.prove(&quorums, chain, ctx);
            }
            self.planned = true;
            if self.proven != before {
                self.failures = 0;
            }
            self.was_complete = self.was_complete || self.is_settled();
            self.ask(chain, ctx);
            self.pipeline.log_notes("masternodes", ctx.now, ctx.out);
        }
        self.prune(chain);
        self.commit(ctx);
    }

    fn situation<'a>(&'a self, chain: &HeaderChain) -> Situation<'a> {
        Situation {
            params: &self.params,
            book: &self.book,
            snapshots: &self.snapshots,
            tip: chain.tip().height,
            floor: chain.base_height(),
            history: self.history,
            diffs_only: self.pipeline.fallback() == Fallback::PlainDiffs,
        }
    }

    /// Drops what a reorganisation left behind.
    fn follow(&mut self, chain: &HeaderChain) {
        let hash_at = |height| chain.at(height).map(|entry| entry.hash);
        let tip = chain.tip().height;
        let above = self.book.top().is_some_and(|top| top.height() > tip);
        let moved =
            self.book.top().is_some_and(|top| hash_at(top.height()).is_some_and(|hash| hash != *top.hash()));
        if above || moved {
            self.changed |=
                self.book.follow(|height| if height > tip { Some(BlockHash::ZERO) } else { hash_at(height) });
            self.snapshots
                .retain(|cycle, block| hash_at(plans::work_block(cycle)).is_none_or(|hash| hash == *block));
        }
    }

    /// Whether everything that is wanted is there, or cannot be had as things are.
    fn is_settled(&self) -> bool {
        self.opened
            && self.plan.states.is_empty()
            && self.plan.qrinfos.iter().all(|(cycle, _)| self.is_doubtful(*cycle))
            && self.proving.is_idle()
            && self.plan.quorums.iter().all(|name| self.waits_for_doubtful(name))
    }

    /// Whether plain list diffs brought all that they can.
    fn lacks_only_rotation(&self) -> bool {
        let rotated = |name: &QuorumName| self.params.llmq(name.0).is_some_and(|llmq| llmq.rotated);
        self.pipeline.fallback() == Fallback::PlainDiffs
            && self.opened
            && self.plan.states.is_empty()
            && self.proving.is_idle()
            && self.plan.quorums.iter().all(rotated)
    }

    fn is_doubtful(&self, cycle: u32) -> bool {
        let interval = self.params.llmq(self.params.llmq_types.instantsend).map_or(0, |llmq| llmq.interval);
        self.doubtful.iter().any(|doubtful| *doubtful <= cycle && cycle <= doubtful + interval)
    }

    fn waits_for_doubtful(&self, name: &QuorumName) -> bool {
        self.base_of(name).is_some_and(|base| self.doubtful.contains(&base))
    }

    fn base_of(&self, name: &QuorumName) -> Option<u32> {
        self.book.quorum(name).and_then(QuorumRecord::base_height)
    }

    /// How the phase stands. One that is stalled, and not for want of time, counts as failed and is passed over; it goes
    /// on trying.
    pub(crate) fn standing(&self, stalled: bool) -> PhaseStatus {
        let refused = !(self.doubtful.is_empty() && self.proves_chainlocks() && self.proves_instantsend());
        if self.opened && self.planned && self.is_settled() {
            return if refused { PhaseStatus::Failed } else { PhaseStatus::Done };
        }
        let failed = (stalled && self.failures > 0) || self.lacks_only_rotation();
        if failed { PhaseStatus::Failed } else { PhaseStatus::Running }
    }

    /// Whether the quorums that sign ChainLocks now are verified, every one of them. On a chain that has none nothing is
    /// missing.
    pub(crate) fn proves_chainlocks(&self) -> bool {
        self.proves(self.params.llmq_types.chainlocks)
    }

    /// Whether the quorums that sign InstantSend locks now are verified, every one of them.
    pub(crate) fn proves_instantsend(&self) -> bool {
        self.proves(self.params.llmq_types.instantsend)
    }

    fn proves(&self, llmq_type: LLMQType) -> bool {
        let Some(top) = self.book.top() else { return self.was_complete };
        let verified = |name: &QuorumName| {
            self.book.quorum(name).is_some_and(|record| record.status == QuorumStatus::Verified)
        };
        // One that was mined just now is checked while the others go on signing.
        let fresh = |name: &QuorumName| {
            self.was_complete
                && self.book.quorum(name).is_some_and(|record| {
                    matches!(record.status, QuorumStatus::Anchored | QuorumStatus::Checking)
                        && !self.waits_for_doubtful(name)
                        && self.failures == 0
                })
        };
        top.quorums().of_type(llmq_type).all(|entry| verified(&entry.name()) || fresh(&entry.name()))
    }

    /// Whether a list is proven, so that locks can soon be verified.
    pub(crate) fn has_lists(&self) -> bool {
        self.was_complete
    }

    /// Whether there are quorums that sign ChainLocks.
    pub(crate) fn has_chainlock_quorums(&self) -> bool {
        let llmq_type = self.params.llmq_types.chainlocks;
        self.book.top().is_some_and(|top| top.quorums().of_type(llmq_type).next().is_some())
    }

    /// Changes whenever something was proven.
    pub(crate) fn generation(&self) -> u64 {
        self.proven
    }

    /// Asks for the list as of a height, for a lock that waits for it.
    pub(crate) fn ask_for_lock(&mut self, height: u32) {
        if self.asked_for_locks.len() < MAX_ASKED {
            self.asked_for_locks.insert(height);
        }
    }

    /// Keeps a verified ChainLock with the rest.
    pub(crate) fn keep_lock(&mut self, lock: ChainLock) {
        self.lock = Some(lock);
        self.changed = true;
        self.flush();
    }

    /// Forgets lists that nothing needs any more, and quorums that are out of use for long.
    fn prune(&mut self, chain: &HeaderChain) {
        let Some(top) = self.book.top().map(|top| top.height()) else { return };
        self.asked_for_locks.retain(|height| self.book.at(*height).is_none() && *height + RECENT > top);
        if self.pipeline.in_flight() > 0 || !self.proving.is_idle() || !self.is_settled() {
            return;
        }
        let situation = self.situation(chain);
        let rotated = self.params.llmq(self.params.llmq_types.instantsend).copied();
        let oldest_cycle = rotated
            .map_or(0, |llmq| situation.newest_cycle().saturating_sub((4 + self.history) * llmq.interval));
        let cycles: SortedSet<u32> = rotated
            .filter(|llmq| llmq.interval > 0)
            .map(|llmq| (oldest_cycle..=top + plans::WORK_DEPTH).step_by(llmq.interval as usize))
            .into_iter()
            .flatten()
            .map(plans::work_block)
            .collect();
        // Bases of quorums that are not mined yet, or were mined just now.
        let young: SortedSet<u32> = signing_types(&self.params)
            .into_iter()
            .filter_map(|llmq_type| self.params.llmq(llmq_type))
            .flat_map(|llmq| {
                let base = plans::cycle_base(top + plans::WORK_DEPTH, llmq.interval);
                [base, base.saturating_sub(llmq.interval)]
            })
            .map(plans::work_block)
            .collect();
        let floors: SortedMap<LLMQType, u32> = signing_types(&self.params)
            .into_iter()
            .map(|llmq_type| (llmq_type, situation.scope_floor(llmq_type)))
            .collect();
        let before = self.book.len();
        self.book
            .prune(|height| height + RECENT > top || cycles.contains(&height) || young.contains(&height));
        self.changed |= before != self.book.len();
        self.book.prune_quorums(&self.params.clone(), |llmq_type| {
            floors.get(&llmq_type).copied().unwrap_or(u32::MAX)
        });
        self.snapshots.retain(|cycle, _| cycle >= oldest_cycle);
    }

    /// Stores what is proven and not stored yet.
    fn commit(&mut self, ctx: &mut Ctx<'_>) {
        if !self.changed || self.committing.is_some() || ctx.now.mono_ms < self.commit_at_ms {
            return;
        }
        let kept =
            Kept { book: &self.book, snapshots: &self.snapshots, lock: self.lock.as_ref(), keys: &self.keys };
        let (records, next) = self.stored.changes(kept);
        self.changed = false;
        self.commit_at_ms = ctx.now.mono_ms + COMMIT_AFTER_MS;
        if records.is_empty() {
            return;
        }
        let commit = ctx.ids.commit();
        self.committing = Some((commit, Box::new(next)));
        ctx.out.push(Effect::Commit { commit, batch: CommitBatch::of_records(records) });
    }

    /// Whether a commit is one of ours.
    pub(crate) fn owns_commit(&self, commit: CommitId) -> bool {
        self.committing.as_ref().is_some_and(|(own, _)| *own == commit)
    }

    /// Takes what became of a commit.
    pub(crate) fn on_stored(
        &mut self,
        result: Result<(), StoreError>,
        ctx: &mut Ctx<'_>,
    ) -> Option<StoreError> {
        let (_, next) = self.committing.take()?;
        match result {
            Ok(()) => {
                ctx.recovery.worked(SyncPhase::DownloadingMnList, Failure::Store);
                self.stored = *next;
                None
            }
            Err(error) => {
                self.changed = true;
                let wait_ms = ctx.recovery.failed(SyncPhase::DownloadingMnList, Failure::Store);
                self.commit_at_ms = ctx.now.mono_ms + wait_ms;
                Some(error)
            }
        }
    }

    /// Whether nothing proven waits for the store.
    pub(crate) fn is_flushed(&self) -> bool {
        !self.on || !self.opened || (self.committing.is_none() && !self.changed)
    }

    /// Stores at once what waits, as when the client closes.
    pub(crate) fn flush(&mut self) {
        self.commit_at_ms = 0;
    }

    /// Goes on after a pause, or when the store has room again.
    pub(crate) fn resume(&mut self) {
        self.commit_at_ms = 0;
        self.retry_at_ms = 0;
    }

    /// Whether a job is one of ours.
    pub(crate) fn owns_job(&self, job: JobId) -> bool {
        self.proving.owns(job)
    }

    /// Takes what became of a job.
    pub(crate) fn on_computed(&mut self, job: JobId, result: ComputeReply, ctx: &mut Ctx<'_>) {
        self.on_verdicts(job, result, ctx);
    }

    /// Lists and quorums that are proven of those wanted, and how many those are.
    pub(crate) fn progress(&self) -> (u64, u64) {
        let cycles: u64 = self.plan.qrinfos.iter().map(|(_, extra)| if *extra { 4 } else { 3 }).sum();
        let open = self.plan.states.len() as u64 + cycles + self.plan.quorums.len() as u64;
        (self.proven, self.proven + open)
    }

    /// How the requests stand.
    pub fn requests(&self) -> QuorumRequests {
        let progress = self.pipeline.progress();
        QuorumRequests {
            waiting: progress.waiting,
            in_flight: progress.in_flight,
            processed: progress.processed,
            failed: progress.failed,
        }
    }

    /// Where the breaker stands.
    pub fn circuit(&self) -> Circuit {
        self.pipeline.circuit()
    }

    /// When something here has to be looked at again.
    pub(crate) fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let commit = (self.changed && self.committing.is_none()).then_some(self.commit_at_ms);
        let own = [commit, Some(self.retry_at_ms)].into_iter().flatten().filter(|at| *at > now.mono_ms);
        own.chain(self.pipeline.next_deadline_ms(now)).min()
    }

    /// A peer is gone, and so is what it was asked.
    pub(crate) fn peer_gone(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        for lost in self.pipeline.peer_gone(conn, &mut ctx.shared()) {
            self.note_lost(&lost, ctx);
        }
    }
}

/// The height of a block of the best chain, if it is in memory.
fn height_of(chain: Option<&HeaderChain>, hash: &BlockHash) -> Option<u32> {
    let chain = chain?;
    chain.is_best(hash).then(|| chain.find(hash)).flatten().map(|entry| entry.height)
}
