//! What the ledger answers: balance, coins, history, single transactions. Amounts are duffs, added up in 128 bits, so
//! that no number of coins overflows them.

use super::{BlockRef, Entry, Ledger, Status};
use crate::collections::{Gather, sort_by_key};
use crate::wallet::book::{Scope, ScriptBook};
use dash_protocol::{OutPoint, Transaction, Txid};
use std::sync::Arc;
use thiserror::Error;

/// Confirmations from which a coinbase's coins can be spent (Dash Core `consensus/consensus.h`).
pub const COINBASE_MATURITY: u32 = 100;

/// The most transactions of one answer.
pub const MAX_HISTORY: usize = 1_000;

/// How final a transaction is, by what this client verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finality {
    /// Relayed by a peer, or sent by us.
    Seen,
    /// InstantSend-locked.
    InstantLocked,
    /// In a block of the best chain.
    Mined,
    /// In a block below or at a ChainLock.
    ChainLocked,
}

/// Coins by how final they are, each in one field; in duffs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is its name in the contract")]
pub struct Balance {
    pub chainlocked: u128,
    pub instantlocked: u128,
    pub mined: u128,
    pub pending: u128,
    /// Of coinbases below [`COINBASE_MATURITY`] confirmations.
    pub immature: u128,
}

/// A coin: an output that counts and is not spent by what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utxo {
    /// The output.
    pub out_point: OutPoint,
    /// Duffs; 0 or more.
    pub value: i64,
    /// Its script.
    pub script: Vec<u8>,
    /// How final the transaction is that made it.
    pub finality: Finality,
    /// Where that was mined.
    pub height: Option<u32>,
    /// Whether that is a coinbase.
    pub coinbase: bool,
}

/// A transaction as a scope sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxRecord {
    /// Its name.
    pub txid: Txid,
    /// All of it.
    pub transaction: Arc<Transaction>,
    /// What it adds to the balance, in duffs; less than 0 if it takes.
    pub delta: i128,
    /// How final it is.
    pub finality: Finality,
    /// Where it was mined.
    pub block: Option<BlockRef>,
    /// Other transactions that spend some of the same outputs; in ascending order.
    pub conflicts: Vec<Txid>,
    /// Whether it counts. One that does not stands in no history.
    pub counts: bool,
}

/// The place to go on from is no transaction of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("transaction {0} is not in the history")]
pub struct UnknownCursor(pub Txid);

impl Balance {
    /// The sum of all fields.
    pub fn total(&self) -> u128 {
        self.chainlocked + self.instantlocked + self.mined + self.pending + self.immature
    }
}

impl Ledger {
    /// The coins of a scope added up. `tip` is the best chain's height: it decides which coinbases are mature.
    pub fn balance(&self, book: &ScriptBook, scope: Scope, tip: u32) -> Balance {
        let mut balance = Balance::default();
        for (out_point, entry, value) in self.coins(book, scope) {
            let field = match self.finality(entry) {
                _ if is_immature(entry, tip) => &mut balance.immature,
                Finality::Seen => &mut balance.pending,
                Finality::InstantLocked => &mut balance.instantlocked,
                Finality::Mined => &mut balance.mined,
                Finality::ChainLocked => &mut balance.chainlocked,
            };
            debug_assert!(value >= 0, "the value of {out_point:?} was checked when its transaction came");
            *field += u128::from(value.unsigned_abs());
        }
        balance
    }

    /// The coins of a scope, by height, unconfirmed ones last.
    pub fn utxos(&self, book: &ScriptBook, scope: Scope) -> Vec<Utxo> {
        let mut utxos: Vec<Utxo> = self
            .coins(book, scope)
            .filter_map(|(out_point, entry, value)| {
                Some(Utxo {
                    out_point,
                    value,
                    script: self.output(&out_point)?.script.clone(),
                    finality: self.finality(entry),
                    height: entry.mined.map(|place| place.height),
                    coinbase: entry.transaction.is_coinbase(),
                })
            })
            .gather();
        sort_by_key(&mut utxos, |utxo| (utxo.height.is_none(), utxo.height, utxo.out_point));
        utxos
    }

    /// Outputs that count for the scope, were made by what counts, and are not spent by what counts.
    fn coins(&self, book: &ScriptBook, scope: Scope) -> impl Iterator<Item = (OutPoint, &Entry, i64)> {
        let counting = self.entries.iter().filter(|(txid, _)| !self.out.contains(*txid));
        counting.flat_map(move |(txid, entry)| {
            (0..).zip(&entry.transaction.outputs).filter_map(move |(vout, output)| {
                let out_point = OutPoint { txid: *txid, vout };
                let is_coin = is_of(book, scope, &out_point, &output.script)
                    && !self.spenders(&out_point).any(|spender| self.counts(spender));
                is_coin.then_some((out_point, entry, output.value))
            })
        })
    }

    /// What a transaction adds to the coins of a scope. A coin that is not known, such as one from before the birthday,
    /// takes nothing.
    pub(super) fn delta(
        &self,
        book: &ScriptBook,
        scope: Scope,
        txid: Txid,
        transaction: &Transaction,
    ) -> i128 {
        let received: i128 = (0..)
            .zip(&transaction.outputs)
            .filter(|(vout, output)| is_of(book, scope, &OutPoint { txid, vout: *vout }, &output.script))
            .map(|(_, output)| i128::from(output.value))
            .sum();
        let spent: i128 = transaction
            .inputs
            .iter()
            .filter_map(|input| {
                let output = self.output(&input.previous)?;
                is_of(book, scope, &input.previous, &output.script).then_some(i128::from(output.value))
            })
            .sum();
        received - spent
    }

    fn finality(&self, entry: &Entry) -> Finality {
        match entry.mined {
            Some(place) if Some(place.height) <= self.chainlocked => Finality::ChainLocked,
            Some(_) => Finality::Mined,
            None if entry.locked => Finality::InstantLocked,
            None => Finality::Seen,
        }
    }

    /// Where a transaction stands; none if it is not known.
    pub fn status(&self, txid: &Txid) -> Option<Status> {
        let entry = self.entries.get(txid)?;
        Some(if self.out.contains(txid) { Status::Out } else { Status::Counts(self.finality(entry)) })
    }

    /// A transaction as the scope sees it, also one that is out; none if it does not belong to the scope.
    pub fn transaction(&self, book: &ScriptBook, scope: Scope, txid: &Txid) -> Option<TxRecord> {
        let entry = self.entries.get(txid)?;
        let transaction = &entry.transaction;
        self.involves(book, scope, *txid, transaction).then(|| TxRecord {
            txid: *txid,
            transaction: Arc::clone(transaction),
            delta: self.delta(book, scope, *txid, transaction),
            finality: self.finality(entry),
            block: entry.mined.and_then(|place| self.block(place.height)),
            conflicts: self.conflicts(txid),
            counts: !self.out.contains(txid),
        })
    }

    /// A transaction by its name, whatever became of it.
    pub fn transaction_of(&self, txid: &Txid) -> Option<&Arc<Transaction>> {
        self.entries.get(txid).map(|entry| &entry.transaction)
    }

    /// The transactions that spend some of the outputs that this one spends; those that are known by a lock alone, too.
    pub fn rivals(&self, txid: &Txid) -> Vec<Txid> {
        self.conflicts(txid)
    }

    /// A block that holds something.
    pub fn block(&self, height: u32) -> Option<BlockRef> {
        let block = self.blocks.get(&height)?;
        Some(BlockRef { height, hash: block.hash, time: block.time })
    }

    /// The heights of blocks that hold something, with their hashes, in ascending order.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = BlockRef> {
        self.blocks.iter().map(|(height, block)| BlockRef {
            height: *height,
            hash: block.hash,
            time: block.time,
        })
    }

    /// The transactions of a scope that count, the newest first: unconfirmed ones, the last seen before others; then by
    /// height and by place in the block. After `before`, if that is given; at most `limit` and [`MAX_HISTORY`].
    ///
    /// # Errors
    /// [`UnknownCursor`] if `before` is not known.
    pub fn history(
        &self,
        book: &ScriptBook,
        scope: Scope,
        before: Option<&Txid>,
        limit: usize,
    ) -> Result<Vec<TxRecord>, UnknownCursor> {
        let cursor = match before {
            Some(txid) => Some(self.entries.get(txid).ok_or(UnknownCursor(*txid))?),
            None => None,
        };
        let (pool_end, place) = match cursor {
            None => (u64::MAX, None),
            Some(entry) => (entry.mined.map_or(entry.key, |_| 0), entry.mined),
        };
        let pool = self.pool.range(..pool_end).rev().map(|(_, txid)| txid);
        let top = place.map_or(u32::MAX, |place| place.height);
        let mined = self.blocks.range(..=top).rev().flat_map(move |(height, block)| {
            let end = place.filter(|place| place.height == *height).map_or(u32::MAX, |place| place.position);
            block.transactions.range(..end).rev().map(|(_, txid)| txid)
        });
        let records = pool
            .chain(mined)
            .filter(|txid| self.counts(txid))
            .filter_map(|txid| self.transaction(book, scope, txid));
        Ok(records.take(limit.min(MAX_HISTORY)).gather())
    }
}

/// Whether an output counts for a scope, by its script or by its name. Data outputs hold no coin.
fn is_of(book: &ScriptBook, scope: Scope, out_point: &OutPoint, script: &[u8]) -> bool {
    book.counts_script(scope, script) || book.counts_output(scope, out_point)
}

/// Whether a coinbase has too few confirmations, the block that holds it being the first. Above the tip nothing has any.
fn is_immature(entry: &Entry, tip: u32) -> bool {
    let Some(place) = entry.mined.filter(|_| entry.transaction.is_coinbase()) else { return false };
    let confirmations = u64::from(tip) + 1;
    confirmations.saturating_sub(u64::from(place.height)) < u64::from(COINBASE_MATURITY)
}
