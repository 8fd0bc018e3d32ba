//! ChainLocks and InstantSend locks: fetched, verified by proven quorums, kept, told.
//!
//! - `objects.rs`: what peers announce is fetched, each object once, through the one pipeline.
//! - `chainlocks.rs`: locks of blocks, those in proven coinbases too; a verified one decides for its branch.
//! - `instantlocks.rs`: locks of payments.
//! - `verify.rs`: signatures on their way to the workers and back.
//!
//! The rules, and the bounded places in which locks wait that cannot be verified yet, are in [`crate::finality`]. Only
//! what a verified quorum signed is shown, kept or acted upon.

mod chainlocks;
mod instantlocks;
mod objects;
mod verify;

use crate::api::Tip;
use crate::chain::HeaderChain;
use crate::collections::{Gather, SortedSet};
use crate::engine::{ComputeReply, Config, ConnId, JobId, Now};
use crate::finality::{Candidate, ChainLockBook, InstantLockBook};
use crate::sync::headers::{Ctx, HeaderSync};
use crate::sync::masternodes::{MasternodeSync, QuorumStatus};
use crate::sync::sequential::SyncPhase;
use dash_protocol::{
    BlockHash, ChainLock, InventoryKind, LlmqParams, Message, NetworkParams, OutPoint, QuorumHash,
    QuorumName, Transaction, Txid,
};
use objects::Objects;
use std::sync::Arc;
use verify::Verifying;

/// A tip this many blocks above the highest locked block has no ChainLock that one would expect.
const LAG: u32 = 12;
/// It has to lack one for this long before that is said: after a start the lock of the last coinbase is verified first.
const LAG_MS: u64 = 15_000;

/// Locks: see the module.
#[derive(Debug)]
pub struct FinalitySync {
    params: Arc<NetworkParams>,
    /// Whether InstantSend locks are asked for.
    watch: bool,
    objects: Objects,
    chainlocks: ChainLockBook,
    instantlocks: InstantLockBook,
    verifying: Verifying,
    /// InstantSend locks that came since all were judged.
    fresh: SortedSet<[u8; 32]>,
    /// Locks that were verified since they were last taken, with what they lock.
    locked: Vec<(Txid, Vec<OutPoint>)>,
    /// What lists and chain were when all waiting locks were judged.
    judged: Option<(u64, BlockHash)>,
    /// The highest coinbase lock that was looked at and does not hold.
    refused_coinbase: Option<ChainLock>,
    /// The best lock as told to the chain of headers.
    told: Option<ChainLock>,
    /// The best lock whose block is on the best chain.
    shown: Option<Tip>,
    /// Since when the tip lacks a ChainLock that one would expect.
    lags_since_ms: Option<u64>,
}

impl FinalitySync {
    /// Without any lock.
    pub fn new(config: &Config) -> Self {
        Self {
            params: Arc::clone(&config.params),
            watch: config.masternodes && config.watch_mempool,
            objects: Objects::new(config.seed),
            chainlocks: ChainLockBook::new(None),
            instantlocks: InstantLockBook::default(),
            verifying: Verifying::default(),
            fresh: SortedSet::new(),
            locked: Vec::new(),
            judged: None,
            refused_coinbase: None,
            told: None,
            shown: None,
            lags_since_ms: None,
        }
    }

    /// Takes back the ChainLock that was verified before a restart.
    pub(crate) fn restore(&mut self, lock: Option<ChainLock>) {
        self.chainlocks = ChainLockBook::new(lock);
    }

    /// The highest block of the best chain that a verified ChainLock makes final.
    pub fn chainlocked(&self) -> Option<Tip> {
        self.shown.clone()
    }

    /// The height of [`Self::chainlocked`].
    pub fn locked_height(&self) -> Option<u32> {
        self.shown.as_ref().map(|tip| tip.height)
    }

    /// The InstantSend locks verified since the last call: the transaction and the outputs that it spends.
    pub(crate) fn take_instantlocked(&mut self) -> Vec<(Txid, Vec<OutPoint>)> {
        std::mem::take(&mut self.locked)
    }

    /// Whether the highest locked block has been so far below the tip for a while that ChainLocks are missing.
    pub fn lags(&self, now: Now) -> bool {
        self.lags_since_ms.is_some_and(|since| now.mono_ms >= since + LAG_MS)
    }

    /// Fetches what is announced: locks, and payments.
    pub(crate) fn fetch(&mut self, ctx: &mut Ctx<'_>) {
        self.objects.step(ctx);
    }

    /// One step: judges what waits, shows what holds.
    pub(crate) fn step(&mut self, headers: &mut HeaderSync, lists: &mut MasternodeSync, ctx: &mut Ctx<'_>) {
        let Some(chain) = headers.chain() else { return };
        let tip = chain.tip().height;
        self.instantlocks.expire(ctx.now.mono_ms, tip);
        self.judge_chainlocks(chain, lists, ctx);
        self.judge_coinbase(chain, lists, ctx);
        self.judge_instantlocks(chain, lists, ctx);
        self.verifying.send(ctx);
        self.settle(headers, lists, ctx);
        let lags = self.locked_height().unwrap_or(0) + LAG < tip && ctx.phase > SyncPhase::DownloadingHeaders;
        self.lags_since_ms = lags.then(|| self.lags_since_ms.unwrap_or(ctx.now.mono_ms));
    }

    /// A transaction came: whether it was asked for.
    pub(crate) fn payment_came(
        &mut self,
        conn: ConnId,
        transaction: &Transaction,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let bytes = 100 + transaction.inputs.len() * 150 + transaction.outputs.len() * 34;
        let hash = *transaction.txid().as_bytes();
        self.objects.arrived(conn, InventoryKind::Transaction, hash, bytes, ctx)
    }

    /// The verified locks that say something of a transaction or of what it spends: what each locks.
    pub(crate) fn locks_on(&self, txid: &Txid, inputs: &[OutPoint]) -> Vec<(Txid, Vec<OutPoint>)> {
        let mut names: SortedSet<Txid> =
            inputs.iter().filter_map(|input| self.instantlocks.spender(input)).collect();
        names.insert(*txid);
        let lock = |txid: Txid| Some((txid, self.instantlocks.lock_of(&txid)?.inputs.clone()));
        names.into_iter().filter_map(lock).gather()
    }

    /// Takes a lock, or word that there is none.
    pub(crate) fn on_message(&mut self, conn: ConnId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::ClSig(lock) => self.on_chainlock(conn, lock, ctx),
            Message::IsdLock(lock) => self.on_instantlock(conn, lock, ctx),
            Message::NotFound(items) => self.objects.not_found(conn, &items, ctx),
            _ => {}
        }
    }

    /// Whether a job is one of ours.
    pub(crate) fn owns_job(&self, job: JobId) -> bool {
        self.verifying.owns(job)
    }

    /// Takes what became of a job.
    pub(crate) fn on_computed(&mut self, job: JobId, result: ComputeReply, tip: u32, ctx: &mut Ctx<'_>) {
        for (subject, found) in self.verifying.done(job, result) {
            match subject {
                verify::Subject::Chain { lock, waits } => self.chainlock_checked(lock, waits, found, ctx),
                verify::Subject::Instant(hash) => self.instantlock_checked(hash, found, tip, ctx),
            }
        }
    }

    /// A peer is gone.
    pub(crate) fn peer_gone(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        self.objects.peer_gone(conn, ctx);
        self.chainlocks.forget(conn);
        self.instantlocks.forget(conn);
    }

    /// When something here has to be looked at again.
    pub(crate) fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let lags = self.lags_since_ms.map(|since| since + LAG_MS).filter(|at| *at > now.mono_ms);
        lags.into_iter().chain(self.objects.next_deadline_ms(now)).min()
    }
}

/// A quorum as the rules of locks want to know it; none if no proven list has it.
fn candidate(lists: &MasternodeSync, llmq: &LlmqParams, hash: QuorumHash) -> Option<Candidate> {
    let name: QuorumName = (llmq.llmq_type, hash);
    let record = lists.book().quorum(&name)?;
    Some(Candidate { hash, key: record.basic_key(), verified: record.status == QuorumStatus::Verified })
}

/// A block of the best chain as shown.
fn tip_at(chain: &HeaderChain, lock: &ChainLock) -> Option<Tip> {
    let height = u32::try_from(lock.height).ok()?;
    let entry = chain.at(height).filter(|entry| entry.hash == lock.block_hash)?;
    Some(Tip { height, hash: entry.hash.to_string(), time: f64::from(entry.header.time) * 1000.0 })
}
