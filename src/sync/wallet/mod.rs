//! The wallet as the sync keeps it: what is watched and since when, its transactions, the calls about them, the store.
//!
//! - `calls.rs`: what the page asks.
//! - `relay.rs`: payments that no block has yet. `broadcasts.rs`: what the user sends.
//! - `records.rs`: what is kept over a restart, and how it is read back.
//!
//! The rules are in [`crate::wallet`]; which blocks are taken in, and when, is decided by [`crate::sync::filters`].
//!
//! **Bounds.** Those of the book and the ledger, [`MOST_CALLS`] calls that wait, and the records of one commit.

mod broadcasts;
mod calls;
mod records;
mod relay;
#[cfg(test)]
mod tests;

use crate::api::{Event, Reply, tx_event};
use crate::collections::SortedMap;
use crate::engine::{CallId, CommitId, Config, Effect, Now, Outbox, ReadId, WalletCommand};
use crate::store::{CommitBatch, ReadReply, ReadRequest, Record, StoreError, Table};
use crate::sync::headers::Ctx;
use crate::wallet::gap::Script;
use crate::wallet::{BlockRef, Fresh, Ledger, LedgerError, Outcome, ScriptBook, WatchId};
use dash_protocol::{NetworkParams, OutPoint, Transaction, Txid};
use std::sync::Arc;

use broadcasts::Broadcasts;
pub(crate) use calls::Place;
use relay::Judged;

/// Calls that wait for the store.
const MOST_CALLS: usize = 10_000;
/// Changes that nobody waits for are stored together with what comes within this time.
const COMMIT_AFTER_MS: u64 = 500;

/// Scripts that are watched from now on, and the height from which their history can begin.
pub(crate) type Found = (Vec<Script>, u32);

/// The wallet: see the module.
#[derive(Debug)]
pub(crate) struct Wallet {
    params: Arc<NetworkParams>,
    book: ScriptBook,
    ledger: Ledger,
    /// The height at which each watch's history can begin.
    births: SortedMap<WatchId, u32>,
    /// The record of each watch.
    keys: SortedMap<WatchId, u64>,
    next_key: u64,
    reading: Option<ReadId>,
    opened: bool,
    /// Calls that came before the store was read.
    early: Vec<(CallId, WalletCommand)>,
    /// What has yet to be looked for.
    found: Vec<Found>,
    /// A watch was removed: what it alone wanted is looked for no longer.
    forgot: bool,
    /// What is to be written, by table and key.
    unsaved: SortedMap<(Table, u64), Option<Vec<u8>>>,
    committing: Option<Committing>,
    commit_at_ms: Option<u64>,
    /// Answers that wait until what they say is stored.
    answers: Vec<(CallId, Reply)>,
    broadcasts: Broadcasts,
    /// Transactions that the user sends, whose locks were not looked for.
    sent: Vec<Txid>,
    judged: Judged,
    /// Whether payments are looked at that no block has.
    listens: bool,
}

#[derive(Debug)]
struct Committing {
    id: CommitId,
    records: Vec<Record>,
    answers: Vec<(CallId, Reply)>,
}

impl Wallet {
    /// An empty wallet, whose store was not looked at yet.
    pub fn new(config: &Config) -> Self {
        Self {
            params: Arc::clone(&config.params),
            book: ScriptBook::new(Arc::clone(&config.params)),
            ledger: Ledger::new(),
            births: SortedMap::new(),
            keys: SortedMap::new(),
            next_key: 0,
            reading: None,
            opened: false,
            early: Vec::new(),
            found: Vec::new(),
            forgot: false,
            unsaved: SortedMap::new(),
            committing: None,
            commit_at_ms: None,
            answers: Vec::new(),
            broadcasts: Broadcasts::default(),
            sent: Vec::new(),
            judged: Judged::default(),
            listens: config.watch_mempool,
        }
    }

    /// Whether the store was read.
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// What is watched.
    pub fn book(&self) -> &ScriptBook {
        &self.book
    }

    /// The height at which the earliest watch's history can begin; none if nothing is watched.
    pub fn birth(&self) -> Option<u32> {
        self.births.values().min().copied()
    }

    /// What is watched, with the height at which its history can begin.
    pub fn watched_from(&self) -> Vec<Found> {
        self.births.iter().map(|(watch, birth)| (self.book.elements_of(*watch), *birth)).collect()
    }

    /// Asks for what the store holds; once.
    pub fn open(&mut self, ctx: &mut Ctx<'_>) {
        if self.opened || self.reading.is_some() {
            return;
        }
        let read = ctx.ids.read();
        self.reading = Some(read);
        ctx.out.push(Effect::Read { read, request: ReadRequest::Records { table: Table::Wallet } });
    }

    /// Whether a read is one of ours.
    pub fn owns_read(&self, read: ReadId) -> bool {
        self.reading == Some(read)
    }

    /// Takes what the store holds, and returns the records that are not about watches and transactions. What cannot be
    /// read back is dropped; what it led to is searched for again.
    pub fn on_read(&mut self, result: Result<ReadReply, StoreError>) -> SortedMap<u64, Vec<u8>> {
        self.reading = None;
        self.opened = true;
        match result {
            Ok(ReadReply::Records(records)) => self.restore(records),
            _ => SortedMap::new(),
        }
    }

    /// What has to be looked for since the last call.
    pub fn take_found(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.found)
    }

    /// Whether a watch was removed since the last call.
    pub fn take_forgot(&mut self) -> bool {
        std::mem::take(&mut self.forgot)
    }

    /// Takes in a proven block. Returns what there is to look for from here on.
    pub fn connect(
        &mut self,
        block: &BlockRef,
        transactions: &[Transaction],
        ctx: &mut Ctx<'_>,
    ) -> Result<Vec<Found>, LedgerError> {
        let outcome = self.ledger.connect(&mut self.book, block, transactions)?;
        Ok(self.settle(outcome, ctx.now, ctx.out))
    }

    /// Undoes the blocks at this height and above.
    pub fn disconnect(&mut self, height: u32, ctx: &mut Ctx<'_>) {
        let outcome = self.ledger.disconnect(&self.book, height, ctx.now.unix_ms);
        self.settle(outcome, ctx.now, ctx.out);
    }

    /// The block at this height is final.
    pub fn chainlocked(&mut self, height: u32, ctx: &mut Ctx<'_>) {
        let outcome = self.ledger.chainlocked(&self.book, height);
        self.settle(outcome, ctx.now, ctx.out);
    }

    /// A verified InstantSend lock.
    pub fn instantlocked(&mut self, txid: Txid, inputs: &[OutPoint], ctx: &mut Ctx<'_>) {
        let outcome = self.ledger.instantlocked(&self.book, txid, inputs);
        self.settle(outcome, ctx.now, ctx.out);
    }

    /// Tells what changed, and notes what is to be stored and looked for.
    fn settle(&mut self, outcome: Outcome, now: Now, out: &mut Outbox) -> Vec<Found> {
        for change in &outcome.changes {
            if let Some((tx, mut watches)) = tx_event(change, &self.ledger, &self.book) {
                watches.retain(|watch| !self.broadcasts.watches().any(|hidden| hidden.to_string() == *watch));
                if !watches.is_empty() {
                    out.emit(Event::Tx { tx, watches });
                }
            }
        }
        self.note_records(now);
        self.by_birth(outcome.fresh)
    }

    /// What is to be looked for, together with what begins at the same height.
    fn by_birth(&self, fresh: Vec<Fresh>) -> Vec<Found> {
        let mut found: SortedMap<u32, Vec<Script>> = SortedMap::new();
        for Fresh { watch, element } in fresh {
            let birth = self.births.get(&watch).copied().unwrap_or(0);
            found.entry(birth).or_default().push(element);
        }
        found.into_iter().map(|(birth, elements)| (elements, birth)).collect()
    }

    /// Notes what else is to be stored with the wallet.
    pub fn put(&mut self, table: Table, key: u64, value: Option<Vec<u8>>, now: Now) {
        self.unsaved.insert((table, key), value);
        self.commit_within(COMMIT_AFTER_MS, now);
    }

    fn commit_within(&mut self, ms: u64, now: Now) {
        let at = now.mono_ms + ms;
        self.commit_at_ms = Some(self.commit_at_ms.map_or(at, |before| before.min(at)));
    }

    /// Stores what is to be stored, if it is time; whole, so that what was searched and what was found agree.
    pub fn commit(&mut self, ctx: &mut Ctx<'_>) {
        let due = self.commit_at_ms.is_some_and(|at| ctx.now.mono_ms >= at);
        if !due || self.committing.is_some() {
            return;
        }
        self.commit_at_ms = None;
        let records: Vec<Record> = std::mem::take(&mut self.unsaved)
            .into_iter()
            .map(|((table, key), value)| Record { table, key, value })
            .collect();
        let answers = std::mem::take(&mut self.answers);
        if records.is_empty() {
            return reply_all(answers, ctx.out);
        }
        let id = ctx.ids.commit();
        ctx.out.push(Effect::Commit { commit: id, batch: CommitBatch::of_records(records.clone()) });
        self.committing = Some(Committing { id, records, answers });
    }

    /// Whether a commit is one of ours.
    pub fn owns_commit(&self, commit: CommitId) -> bool {
        self.committing.as_ref().is_some_and(|committing| committing.id == commit)
    }

    /// Takes what became of a commit. What was not stored is stored later.
    pub fn on_stored(&mut self, result: &Result<(), StoreError>, wait_ms: u64, ctx: &mut Ctx<'_>) {
        let Some(Committing { records, answers, .. }) = self.committing.take() else { return };
        if result.is_ok() {
            return reply_all(answers, ctx.out);
        }
        for Record { table, key, value } in records {
            self.unsaved.entry((table, key)).or_insert(value);
        }
        self.answers.splice(..0, answers);
        self.commit_at_ms = Some(ctx.now.mono_ms + wait_ms);
    }

    /// Whether nothing waits for the store.
    pub fn is_flushed(&self) -> bool {
        self.committing.is_none() && self.unsaved.is_empty()
    }

    /// Stores at once what waits.
    pub fn flush(&mut self) {
        if !self.unsaved.is_empty() {
            self.commit_at_ms = Some(0);
        }
    }

    /// When there is something to store.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.commit_at_ms.filter(|_| self.committing.is_none())
    }
}

fn reply_all(answers: Vec<(CallId, Reply)>, out: &mut Outbox) {
    for (call, reply) in answers {
        out.push(Effect::Reply { call, result: Ok(reply) });
    }
}
