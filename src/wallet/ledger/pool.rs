//! Unconfirmed transactions as they are relayed or sent, their locks, and their end.

use super::blocks::bad_value;
use super::change::Before;
use super::touch::{Touch, fits};
use super::{Entry, Ledger, Outcome};
use crate::collections::Gather;
use crate::wallet::book::ScriptBook;
use dash_protocol::{Encode, MAX_TRANSACTION, OutPoint, Transaction, TxType, Txid};
use std::collections::HashSet;
use thiserror::Error;

/// The most unconfirmed transactions.
pub const MAX_POOL: usize = 2_000;

/// The most bytes that they may have together.
pub const MAX_POOL_BYTES: usize = 8_000_000;

/// After this time nodes forget a transaction that is neither mined nor locked (Dash Core, `-mempoolexpiry`): 336 hours.
pub const EXPIRY_MS: u64 = 336 * 3_600_000;

/// Where an unconfirmed transaction comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A peer relayed it.
    Peer,
    /// The user sends it: it is kept until it is mined or cannot be.
    Own,
}

/// Why an unconfirmed transaction is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// Nothing watched has to do with it.
    #[error("the transaction has nothing to do with what is watched")]
    Unrelated,
    /// Blocks only have such ones.
    #[error("a transaction of this type is only found in blocks")]
    BlocksOnly,
    /// Its form is one that no valid transaction has.
    #[error("the transaction has {0}")]
    Form(&'static str),
    /// An amount that is none.
    #[error("output {vout} is {value} duffs")]
    Value {
        /// Its output.
        vout: usize,
        /// The amount.
        value: i64,
    },
    /// It spends an output that its transaction does not have.
    #[error("input {0} spends an output that does not exist")]
    NoOutput(usize),
    /// It does not show the key or the script of the coin that it spends.
    #[error("input {0} does not fit the coin that it spends")]
    Input(usize),
    /// It pays more than it spends.
    #[error("it pays more than it spends")]
    Overspent,
    /// A final transaction spends the same.
    #[error("transaction {0} spends the same and is final")]
    Conflict(Txid),
}

impl Ledger {
    /// Takes in an unconfirmed transaction. One that is known changes nothing. Ask for its lock, and for locks of other
    /// transactions on the outputs that it spends, and hand those in afterwards.
    ///
    /// # Errors
    /// [`Refused`]; nothing has changed then.
    pub fn unconfirmed(
        &mut self,
        book: &mut ScriptBook,
        transaction: &Transaction,
        now_ms: u64,
        origin: Origin,
    ) -> Result<Outcome, Refused> {
        let txid = transaction.txid();
        if self.entries.contains_key(&txid) {
            self.adopt(&txid, origin);
            return Ok(Outcome::default());
        }
        check_form(transaction)?;
        if self.touch(book, txid, transaction) != Some(Touch::Own) {
            return Err(Refused::Unrelated);
        }
        self.check_inputs(transaction)?;
        let mut before = self.before(book);
        self.note_around(book, &mut before, txid, transaction);
        let entry = self.insert(txid, transaction);
        entry.seen_ms = now_ms;
        entry.own = origin == Origin::Own;
        self.enter_pool(txid);
        let mut fresh = Self::use_scripts(book, txid, transaction);
        if !fresh.is_empty() {
            fresh.extend(self.use_in_pool(book));
        }
        self.contest();
        self.bound_pool(book, &mut before);
        Ok(self.outcome(book, before, fresh))
    }

    /// The user sends a transaction that is known already.
    fn adopt(&mut self, txid: &Txid, origin: Origin) {
        if let Some(entry) = self.entries.get_mut(txid)
            && origin == Origin::Own
            && !entry.own
        {
            entry.own = true;
            self.touched(txid);
        }
    }

    /// What can be told of inputs without their signatures.
    fn check_inputs(&self, transaction: &Transaction) -> Result<(), Refused> {
        let (mut spent, mut all_known) = (0_i128, !transaction.inputs.is_empty());
        for (at, input) in transaction.inputs.iter().enumerate() {
            let final_rival = self.spenders(&input.previous).find(|other| self.is_final(other));
            if let Some(rival) = final_rival {
                return Err(Refused::Conflict(*rival));
            }
            match self.output(&input.previous) {
                Some(output) if fits(&input.script, &output.script) => spent += i128::from(output.value),
                Some(_) => return Err(Refused::Input(at)),
                None if self.entries.contains_key(&input.previous.txid) => {
                    return Err(Refused::NoOutput(at));
                }
                None => all_known = false,
            }
        }
        let paid: i128 = transaction.outputs.iter().map(|output| i128::from(output.value)).sum();
        if all_known && paid > spent { Err(Refused::Overspent) } else { Ok(()) }
    }

    /// Whether a transaction is mined in a final block.
    pub(super) fn is_final(&self, txid: &Txid) -> bool {
        let place = self.entries.get(txid).and_then(|entry| entry.mined);
        place.is_some_and(|place| Some(place.height) <= self.chainlocked)
    }

    /// A verified InstantSend lock. Its inputs have to be those of the transaction; it counts for nothing against a final
    /// one. The transaction need not be known: others that spend the same are out.
    pub fn instantlocked(&mut self, book: &ScriptBook, txid: Txid, inputs: &[OutPoint]) -> Outcome {
        let fits =
            |transaction: &Transaction| transaction.inputs.iter().map(|input| &input.previous).eq(inputs);
        let known = self.entries.get(&txid).map(|entry| fits(&entry.transaction));
        let is_void = inputs
            .iter()
            .flat_map(|input| self.spenders(input))
            .any(|other| *other != txid && self.is_final(other));
        if is_void || known == Some(false) {
            return Outcome::default();
        }
        let mut before = self.before(book);
        self.note(book, &mut before, txid);
        if let Some(entry) = self.entries.get_mut(&txid) {
            entry.locked = true;
            self.touched(&txid);
        }
        let rivals: Vec<Txid> = inputs
            .iter()
            .flat_map(|input| self.spenders(input))
            .filter(|other| **other != txid)
            .copied()
            .gather();
        for rival in rivals {
            self.note(book, &mut before, rival);
            if let Some(entry) = self.entries.get_mut(&rival).filter(|entry| entry.mined.is_none()) {
                entry.rival_lock = Some(txid);
                self.touched(&rival);
            }
        }
        self.contest();
        self.outcome(book, before, Vec::new())
    }

    /// Time has passed: forgets unconfirmed transactions that nodes have forgotten, with whatever spends from them.
    /// Locked ones and the user's own stay, and what they spend from; those that are out go in any case.
    pub fn expire(&mut self, book: &ScriptBook, now_ms: u64) -> Outcome {
        let kept = self.vouched(|entry| entry.locked || entry.own);
        let old: Vec<Txid> = self
            .pool
            .values()
            .filter(|txid| self.out.contains(*txid) || !kept.contains(*txid))
            .filter(|txid| {
                self.entries.get(*txid).is_some_and(|entry| now_ms.saturating_sub(entry.seen_ms) >= EXPIRY_MS)
            })
            .copied()
            .gather();
        if old.is_empty() {
            return Outcome::default();
        }
        let mut before = self.before(book);
        old.into_iter().for_each(|txid| self.drop_with_descendants(txid, book, &mut before));
        self.contest();
        self.outcome(book, before, Vec::new())
    }

    /// When [`Ledger::expire`] has something to do next, in milliseconds since 1970.
    pub fn next_expiry(&self) -> Option<u64> {
        let kept = self.vouched(|entry| entry.locked || entry.own);
        self.pool
            .values()
            .filter(|txid| self.out.contains(*txid) || !kept.contains(*txid))
            .filter_map(|txid| Some(self.entries.get(txid)?.seen_ms.saturating_add(EXPIRY_MS)))
            .min()
    }

    /// The user gives up a transaction: from now on it expires like any other.
    pub fn disown(&mut self, txid: &Txid) {
        if let Some(entry) = self.entries.get_mut(txid) {
            entry.own = false;
            self.touched(txid);
        }
    }

    /// The unconfirmed transactions that something vouches for, and what those spend from.
    fn vouched(&self, vouches: impl Fn(&Entry) -> bool) -> HashSet<Txid> {
        let has_word = |txid: &&Txid| self.entries.get(*txid).is_some_and(&vouches);
        self.with_ancestors(self.pool.values().filter(has_word).copied().gather())
    }

    /// Keeps the pool within its bounds: the oldest goes that nothing vouches for; if there is none such, the oldest.
    pub(super) fn bound_pool(&mut self, book: &ScriptBook, before: &mut Before) {
        let is_full = |ledger: &Self| ledger.pool.len() > MAX_POOL || ledger.pool_bytes > MAX_POOL_BYTES;
        if !is_full(self) {
            return;
        }
        let kept = self.vouched(|entry| entry.locked || entry.own || entry.once_mined);
        while is_full(self) {
            let weak = self.pool.values().find(|txid| self.out.contains(*txid) || !kept.contains(*txid));
            let Some(txid) = weak.or(self.pool.values().next()).copied() else { break };
            self.drop_with_descendants(txid, book, before);
        }
        self.contest();
    }
}

/// What every valid unconfirmed transaction fulfils (Dash Core `consensus/tx_check.cpp`).
fn check_form(transaction: &Transaction) -> Result<(), Refused> {
    let kind = transaction.kind().ok_or(Refused::Form("a type that is not known"))?;
    if transaction.is_coinbase() || matches!(kind, TxType::Coinbase | TxType::QuorumCommitment) {
        return Err(Refused::BlocksOnly);
    }
    // Withdrawals from Platform and quorums' votes spend nothing.
    if transaction.inputs.is_empty() && !matches!(kind, TxType::AssetUnlock | TxType::HardForkSignal) {
        return Err(Refused::Form("no inputs"));
    }
    if transaction.outputs.is_empty() && kind != TxType::HardForkSignal {
        return Err(Refused::Form("no outputs"));
    }
    let mut seen = HashSet::new();
    if !transaction.inputs.iter().all(|input| seen.insert(input.previous)) {
        return Err(Refused::Form("the same input twice"));
    }
    if seen.contains(&OutPoint::NULL) {
        return Err(Refused::Form("an input that spends nothing"));
    }
    if transaction.to_wire().len() > MAX_TRANSACTION {
        return Err(Refused::Form("more than 1,000,000 bytes"));
    }
    match bad_value(transaction) {
        Some((vout, value)) => Err(Refused::Value { vout, value }),
        None => Ok(()),
    }
}
