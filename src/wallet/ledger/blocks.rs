//! Blocks connected, disconnected and made final.

use super::change::Before;
use super::touch::Touch;
use super::{BlockRef, Connected, Ledger, MAX_MONEY, MAX_STRAYS, Outcome, Place};
use crate::collections::{Gather, sort};
use crate::wallet::book::{Fresh, ScriptBook};
use dash_protocol::{BlockHash, OutPoint, Transaction, Txid};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use thiserror::Error;

/// Why a block is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// Another block of this height is connected: it has to be disconnected first.
    #[error("height {height} has block {known}, given {given}")]
    OtherBlock {
        /// The height.
        height: u32,
        /// The one connected.
        known: BlockHash,
        /// The one given.
        given: BlockHash,
    },
    /// An amount that no valid block has.
    #[error("output {vout} of transaction {txid} is {value} duffs")]
    Value {
        /// The transaction.
        txid: Txid,
        /// Its output.
        vout: usize,
        /// The amount.
        value: i64,
    },
}

/// The output with an amount that is none, if there is one.
pub(super) fn bad_value(transaction: &Transaction) -> Option<(usize, i64)> {
    let values = transaction.outputs.iter().map(|output| output.value);
    values.enumerate().find(|(_, value)| !(0..=MAX_MONEY).contains(value))
}

impl Ledger {
    /// Takes in a proven block of the best chain: all its transactions, in their order. It may be fed again, and after
    /// higher ones.
    ///
    /// # Errors
    /// [`LedgerError`]; nothing has changed then.
    pub fn connect(
        &mut self,
        book: &mut ScriptBook,
        block: &BlockRef,
        transactions: &[Transaction],
    ) -> Result<Outcome, LedgerError> {
        if let Some(known) = self.blocks.get(&block.height).filter(|known| known.hash != block.hash) {
            return Err(LedgerError::OtherBlock {
                height: block.height,
                known: known.hash,
                given: block.hash,
            });
        }
        let named: Vec<(Txid, &Transaction)> = transactions.iter().map(|tx| (tx.txid(), tx)).gather();
        for (txid, transaction) in &named {
            if let Some((vout, value)) = bad_value(transaction) {
                return Err(LedgerError::Value { txid: *txid, vout, value });
            }
        }
        let mut before = self.before(book);
        let mut fresh = Vec::new();
        // A script that is derived because one before it was used can be in this very block.
        loop {
            let mut more = Vec::new();
            for (position, (txid, transaction)) in (0..).zip(&named) {
                let Some(touch) = self.touch(book, *txid, transaction) else { continue };
                self.note_around(book, &mut before, *txid, transaction);
                let place = Place { height: block.height, position };
                self.mine(*txid, transaction, place, block, touch);
                more.extend(Self::use_scripts(book, *txid, transaction));
            }
            if more.is_empty() {
                break;
            }
            fresh.extend(more);
        }
        if !fresh.is_empty() {
            fresh.extend(self.use_in_pool(book));
        }
        self.contest();
        self.drop_beaten(block.height..=block.height, book, &mut before);
        Ok(self.outcome(book, before, fresh))
    }

    fn mine(&mut self, txid: Txid, transaction: &Transaction, place: Place, block: &BlockRef, touch: Touch) {
        let is_stray = touch == Touch::Stray;
        match self.entries.get(&txid).map(|entry| (entry.mined, entry.key, entry.len)) {
            Some((Some(known), ..)) if known == place => return,
            Some((Some(known), ..)) => self.leave_block(known),
            Some((None, key, len)) => self.leave_pool(key, len),
            None if is_stray && self.strays >= MAX_STRAYS => return,
            None => {
                self.insert(txid, transaction).stray = is_stray;
                self.strays += usize::from(is_stray);
            }
        }
        if let Some(entry) = self.entries.get_mut(&txid) {
            entry.mined = Some(place);
        }
        self.touched(&txid);
        let new =
            || Box::new(Connected { hash: block.hash, time: block.time, transactions: Default::default() });
        self.blocks.entry(place.height).or_insert_with(new).transactions.insert(place.position, txid);
    }

    /// Marks scripts in unconfirmed transactions that were derived after these came.
    pub(super) fn use_in_pool(&self, book: &mut ScriptBook) -> Vec<Fresh> {
        let mut fresh = Vec::new();
        loop {
            let found: Vec<Fresh> = self
                .pool()
                .flat_map(|(txid, transaction)| Self::use_scripts(book, txid, transaction))
                .gather();
            if found.is_empty() {
                return fresh;
            }
            fresh.extend(found);
        }
    }

    /// Undoes every block at this height and above. Their transactions are unconfirmed again, first seen `now_ms`;
    /// coinbases vanish, with whatever spends from them.
    pub fn disconnect(&mut self, book: &ScriptBook, height: u32, now_ms: u64) -> Outcome {
        let mut before = self.before(book);
        let undone: Vec<Txid> = self
            .blocks
            .range(height..)
            .rev()
            .flat_map(|(_, block)| block.transactions.values().rev().copied())
            .gather();
        for txid in &undone {
            if let Some(entry) = self.entries.get(txid) {
                let transaction = entry.transaction.clone();
                self.note_around(book, &mut before, *txid, &transaction);
            }
        }
        undone.iter().for_each(|txid| self.unmine(txid, now_ms));
        for txid in &undone {
            let Some(entry) = self.entries.get(txid) else { continue };
            if entry.transaction.is_coinbase() {
                self.drop_with_descendants(*txid, book, &mut before);
            } else if matches!(self.touch(book, *txid, &entry.transaction), None | Some(Touch::Stray)) {
                self.drop_entry(txid);
            }
        }
        self.contest();
        self.bound_pool(book, &mut before);
        self.outcome(book, before, Vec::new())
    }

    fn unmine(&mut self, txid: &Txid, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(txid) else { return };
        let place = entry.mined.take();
        entry.once_mined = true;
        entry.seen_ms = now_ms;
        if let Some(place) = place {
            self.leave_block(place);
        }
        self.enter_pool(*txid);
        self.touched(txid);
    }

    pub(super) fn drop_with_descendants(&mut self, txid: Txid, book: &ScriptBook, before: &mut Before) {
        for gone in self.with_descendants(txid) {
            self.note(book, before, gone);
            self.drop_entry(&gone);
        }
    }

    /// A verified ChainLock: the block at this height and all below it are final. Unconfirmed transactions that conflict
    /// with theirs are forgotten.
    pub fn chainlocked(&mut self, book: &ScriptBook, height: u32) -> Outcome {
        let from = self.chainlocked.map_or(0, |known| known.saturating_add(1));
        if from > height || self.chainlocked == Some(u32::MAX) {
            return Outcome::default();
        }
        let mut before = self.before(book);
        let final_now: Vec<Txid> = self
            .blocks
            .range(from..=height)
            .flat_map(|(_, block)| block.transactions.values().copied())
            .gather();
        for txid in &final_now {
            if let Some(entry) = self.entries.get(txid) {
                let transaction = entry.transaction.clone();
                self.note_around(book, &mut before, *txid, &transaction);
            }
        }
        self.chainlocked = Some(height);
        self.drop_beaten(from..=height, book, &mut before);
        self.outcome(book, before, Vec::new())
    }

    /// The height up to which blocks are final.
    pub fn chainlocked_height(&self) -> Option<u32> {
        self.chainlocked
    }

    /// Forgets unconfirmed transactions that conflict with final ones, and final ones that were kept only because of
    /// such a conflict.
    fn drop_beaten(&mut self, heights: RangeInclusive<u32>, book: &ScriptBook, before: &mut Before) {
        let Some(top) = self.chainlocked else { return };
        let (from, to) = (*heights.start(), top.min(*heights.end()));
        if from > to {
            return;
        }
        let winners: Vec<Txid> =
            self.blocks.range(from..=to).flat_map(|(_, block)| block.transactions.values().copied()).gather();
        let mut beaten = HashSet::new();
        for txid in &winners {
            // A lock against what is final is void.
            if self.entries.get_mut(txid).is_some_and(|entry| entry.rival_lock.take().is_some()) {
                self.touched(txid);
            }
            beaten.extend(self.conflicts(txid));
        }
        beaten.into_iter().for_each(|txid| self.drop_with_descendants(txid, book, before));
        for txid in winners {
            let idle = self
                .entries
                .get(&txid)
                .is_some_and(|entry| self.touch(book, txid, &entry.transaction).is_none());
            if idle {
                self.drop_entry(&txid);
            }
        }
    }

    /// The transactions that spend some of the outputs that this one spends.
    pub(super) fn conflicts(&self, txid: &Txid) -> Vec<Txid> {
        let Some(entry) = self.entries.get(txid) else { return Vec::new() };
        let mut found: Vec<Txid> = entry
            .transaction
            .inputs
            .iter()
            .filter(|input| input.previous != OutPoint::NULL)
            .flat_map(|input| self.spenders(&input.previous))
            .filter(|other| *other != txid)
            .copied()
            .gather();
        found.extend(entry.rival_lock);
        sort(&mut found);
        found.dedup();
        found
    }
}
