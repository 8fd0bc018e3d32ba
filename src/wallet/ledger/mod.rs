//! Transactions of the wallet, in blocks and outside, and what follows from them: coins, spends, finality, conflicts.
//!
//! The ledger keeps whole transactions and where each is mined; everything else is worked out from those when it is
//! asked for. So the order in which blocks are fed does not matter: a block below ones that are known, or one that is
//! fed again because a script was added, gives what feeding all of them in order would have given. [`ScriptBook`] says
//! whose an output is, and is told which scripts were used.
//!
//! - `touch.rs` says what a transaction has to do with what is watched.
//! - `blocks.rs` connects and disconnects blocks; `pool.rs` takes unconfirmed transactions, locks and time;
//!   `contest.rs` decides which of the unconfirmed ones count.
//! - `query.rs` answers: balance, coins, history, single transactions; `change.rs` says what an input changed.
//! - `records.rs` writes down and reads back.
//!
//! **What counts.** A mined transaction counts. Of unconfirmed ones that spend the same output one counts: not any if a
//! mined one does it, too, else the InstantSend-locked one, else one that was mined before, else the first seen. One
//! that does not count is out, with everything that spends from it: it is in no balance and no history, and
//! [`Ledger::transaction`] still tells of it and of what it conflicts with.
//!
//! **Caller's duties.** A block is fed when its filter matched one of the book's elements; after [`Outcome::fresh`] has
//! named new ones, blocks already passed are matched against those and fed (again) where they match. Blocks are proven
//! before they are fed, and those of another branch are disconnected first. Locks are verified.
//!
//! **Bounds.** Mined transactions are bounded by what the chain holds for the watched scripts, and [`MAX_STRAYS`] that
//! might. Unconfirmed ones, which any peer can make up, are at most [`MAX_POOL`] with [`MAX_POOL_BYTES`]; above that the
//! oldest that nothing vouches for go. No signature is checked here: what is `seen` is a peer's word, only that a spend
//! of a known coin shows the coin's key or script, and does not spend more than there is.

mod blocks;
mod change;
mod contest;
mod pool;
mod query;
mod records;
mod touch;

pub use blocks::LedgerError;
pub use change::{Change, Outcome, Status};
pub use pool::{EXPIRY_MS, MAX_POOL, MAX_POOL_BYTES, Origin, Refused};
pub use query::{Balance, COINBASE_MATURITY, Finality, MAX_HISTORY, TxRecord, UnknownCursor, Utxo};
pub use records::RecordError;

use super::book::{Fresh, ScriptBook};
use crate::collections::{Gather, SortedMap};
use change::Before;
use dash_protocol::{BlockHash, Encode, OutPoint, Transaction, TxOut, Txid};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use touch::Touch;

/// The largest amount (Dash Core `consensus/amount.h`, `MAX_MONEY`): 21,000,000 DASH in duffs.
pub const MAX_MONEY: i64 = 21_000_000 * 100_000_000;

/// The most mined transactions that are kept because they might spend a watched coin that is not known.
pub const MAX_STRAYS: usize = 10_000;

/// A block by what the wallet tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// Its header's time, in seconds since 1970.
    pub time: u32,
}

/// A place in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    height: u32,
    /// Which of the block's transactions.
    position: u32,
}

/// A transaction that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// Its record's key; the higher, the later it came.
    key: u64,
    transaction: Arc<Transaction>,
    /// Bytes of its encoding.
    len: usize,
    mined: Option<Place>,
    /// InstantSend-locked.
    locked: bool,
    /// The user's own broadcast: kept until it is final or conflicts with what is.
    own: bool,
    /// Undone by a reorganisation: it will likely be mined again.
    once_mined: bool,
    /// Kept as a [`Touch::Stray`].
    stray: bool,
    /// When it was first seen outside of a block, in milliseconds since 1970.
    seen_ms: u64,
    /// A locked transaction, known or not, that spends some of the same outputs.
    rival_lock: Option<Txid>,
}

/// A block that holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Connected {
    hash: BlockHash,
    time: u32,
    /// By position.
    transactions: SortedMap<u32, Txid>,
}

/// The wallet's transactions.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: HashMap<Txid, Entry>,
    /// Who spends an output, of those that are kept.
    spenders: HashMap<OutPoint, Vec<Txid>>,
    /// Boxed, since blocks below known ones may be found, and make room for themselves.
    blocks: SortedMap<u32, Box<Connected>>,
    /// Unconfirmed ones, by key.
    pool: SortedMap<u64, Txid>,
    pool_bytes: usize,
    /// Unconfirmed ones that do not count.
    out: HashSet<Txid>,
    strays: usize,
    chainlocked: Option<u32>,
    next_key: u64,
    /// Records to write, or to delete where nothing has the key any more.
    changed: SortedMap<u64, Txid>,
}

impl Ledger {
    /// A ledger without transactions.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many transactions are kept.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many unconfirmed transactions are kept.
    pub fn pool_len(&self) -> usize {
        self.pool.len()
    }

    /// The unconfirmed transactions that are kept, the oldest first; also those that are out.
    pub fn pool(&self) -> impl Iterator<Item = (Txid, &Arc<Transaction>)> {
        self.pool.values().filter_map(|txid| Some((*txid, &self.entries.get(txid)?.transaction)))
    }

    /// Who spends an output.
    fn spenders(&self, out_point: &OutPoint) -> impl Iterator<Item = &Txid> {
        self.spenders.get(out_point).into_iter().flatten()
    }

    /// An output of a transaction that is kept.
    fn output(&self, out_point: &OutPoint) -> Option<&TxOut> {
        let vout = usize::try_from(out_point.vout).ok()?;
        self.entries.get(&out_point.txid)?.transaction.outputs.get(vout)
    }

    /// Whether a transaction counts.
    fn counts(&self, txid: &Txid) -> bool {
        self.entries.contains_key(txid) && !self.out.contains(txid)
    }

    fn insert(&mut self, txid: Txid, transaction: &Transaction) -> &mut Entry {
        let key = self.next_key;
        self.next_key += 1;
        let entry = Entry {
            key,
            transaction: Arc::new(transaction.clone()),
            len: transaction.to_wire().len(),
            mined: None,
            locked: false,
            own: false,
            once_mined: false,
            stray: false,
            seen_ms: 0,
            rival_lock: None,
        };
        self.link(txid, transaction);
        self.changed.insert(key, txid);
        self.entries.entry(txid).or_insert(entry)
    }

    /// Enters the inputs of a transaction that is going to be kept.
    fn link(&mut self, txid: Txid, transaction: &Transaction) {
        if !transaction.is_coinbase() {
            for input in &transaction.inputs {
                self.spenders.entry(input.previous).or_default().push(txid);
            }
        }
    }

    /// Forgets a transaction.
    fn drop_entry(&mut self, txid: &Txid) {
        let Some(entry) = self.entries.remove(txid) else { return };
        self.leave_pool(entry.key, entry.len);
        if let Some(place) = entry.mined {
            self.leave_block(place);
        }
        self.strays -= usize::from(entry.stray);
        self.out.remove(txid);
        self.changed.insert(entry.key, *txid);
        for input in &entry.transaction.inputs {
            if let Some(spenders) = self.spenders.get_mut(&input.previous) {
                spenders.retain(|spender| spender != txid);
                if spenders.is_empty() {
                    self.spenders.remove(&input.previous);
                }
            }
        }
    }

    fn enter_pool(&mut self, txid: Txid) {
        if let Some(entry) = self.entries.get(&txid)
            && self.pool.insert(entry.key, txid).is_none()
        {
            self.pool_bytes += entry.len;
        }
    }

    fn leave_pool(&mut self, key: u64, len: usize) {
        if self.pool.remove(&key).is_some() {
            self.pool_bytes -= len;
        }
    }

    fn leave_block(&mut self, place: Place) {
        if let Some(block) = self.blocks.get_mut(&place.height) {
            block.transactions.remove(&place.position);
            if block.transactions.is_empty() {
                self.blocks.remove(&place.height);
            }
        }
    }

    /// A transaction and everything unconfirmed that spends from it, each after what it spends from.
    fn with_descendants(&self, first: Txid) -> Vec<Txid> {
        let (mut found, mut known) = (vec![first], HashSet::from([first]));
        let mut next = 0;
        while let Some(txid) = found.get(next).copied() {
            next += 1;
            let Some(entry) = self.entries.get(&txid) else { continue };
            for (vout, _) in (0..).zip(&entry.transaction.outputs) {
                for child in self.spenders(&OutPoint { txid, vout }) {
                    if self.entries.get(child).is_some_and(|child| child.mined.is_none())
                        && known.insert(*child)
                    {
                        found.push(*child);
                    }
                }
            }
        }
        found
    }

    /// Marks what a transaction shows in use, and returns what that asks to search for.
    fn use_scripts(book: &mut ScriptBook, txid: Txid, transaction: &Transaction) -> Vec<Fresh> {
        let mut fresh: Vec<_> =
            Self::scripts_used(transaction).iter().flat_map(|script| book.mark_used(script)).gather();
        for (vout, output) in (0..).zip(&transaction.outputs) {
            fresh.extend(book.learn(&OutPoint { txid, vout }, &output.script));
        }
        fresh
    }

    /// Forgets what no watch is interested in any more, after one was removed from the book.
    pub fn forget_unwatched(&mut self, book: &ScriptBook) {
        let is_wanted = |(txid, entry): &(&Txid, &Entry)| {
            matches!(self.touch(book, **txid, &entry.transaction), Some(Touch::Own | Touch::Stray))
        };
        let wanted: HashSet<Txid> = self.entries.iter().filter(is_wanted).map(|(txid, _)| *txid).collect();
        // The rivals of what is kept are kept, but not those of each other.
        let is_idle = |txid: &&Txid| {
            !wanted.contains(*txid) && !self.conflicts(txid).iter().any(|rival| wanted.contains(rival))
        };
        let unwatched: Vec<Txid> = self.entries.keys().filter(is_idle).copied().gather();
        unwatched.iter().for_each(|txid| self.drop_entry(txid));
        self.contest();
    }

    /// Ends an input: compares with what was.
    fn outcome(&self, book: &ScriptBook, before: Before, fresh: Vec<Fresh>) -> Outcome {
        Outcome { changes: self.changes(book, before), fresh }
    }

    /// The records that are to be written (`Some`) or deleted (`None`), by key; each is named once.
    pub fn take_records(&mut self) -> Vec<(u64, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|(key, txid)| (key, self.record_of(key, &txid))).gather()
    }

    fn touched(&mut self, txid: &Txid) {
        if let Some(entry) = self.entries.get(txid) {
            self.changed.insert(entry.key, *txid);
        }
    }
}

#[cfg(test)]
mod tests;
