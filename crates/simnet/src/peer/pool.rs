//! What nodes relay that is in no block: payments and their InstantSend locks; and what they take of what is sent to
//! them.
//!
//! Bounded: the newest [`MAX_PAYMENTS`] payments. A payment that was mined stays among them, so that its lock can still
//! be asked for, and comes back when its block is undone.

use crate::chain::SimChain;
use dash_protocol::{InstantLock, Inventory, InventoryKind, OutPoint, Transaction, Txid};
use std::collections::VecDeque;
use std::sync::Arc;

/// Payments remembered, at most.
const MAX_PAYMENTS: usize = 512;

/// A transaction, and its lock if the masternodes locked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The transaction.
    pub transaction: Transaction,
    /// Its lock.
    pub lock: Option<InstantLock>,
}

impl Payment {
    /// By what name the transaction is announced.
    pub fn name(&self) -> Inventory {
        Inventory { kind: InventoryKind::Transaction, hash: self.transaction.txid().to_bytes() }
    }

    /// By what name its lock is announced.
    pub fn lock_name(&self) -> Option<Inventory> {
        let hash = self.lock.as_ref()?.hash();
        Some(Inventory { kind: InventoryKind::InstantSendLock, hash })
    }
}

/// Why a node takes no payment. It tells nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The pool has it.
    #[error("the pool has it")]
    Known,
    /// A block has it.
    #[error("the block at height {0} has it")]
    Mined(u32),
    /// A transaction of the pool or the chain spends one of its coins.
    #[error("{0} spends one of its coins")]
    Conflict(Txid),
    /// It spends something that neither the chain nor the pool has.
    #[error("output {} of {} is not known", .0.vout, .0.txid)]
    Missing(OutPoint),
}

#[derive(Clone, Debug)]
struct Entry {
    /// The number of payments that there were before it was told, or told anew.
    number: usize,
    txid: Txid,
    payment: Arc<Payment>,
    /// Whether only its lock is new.
    told: bool,
    mined: bool,
}

/// The payments that a node knows.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    entries: VecDeque<Entry>,
    count: usize,
}

impl Pool {
    /// Takes a payment, whatever it is.
    pub fn add(&mut self, payment: Payment) {
        let txid = payment.transaction.txid();
        self.push(txid, Arc::new(payment), false);
    }

    fn push(&mut self, txid: Txid, payment: Arc<Payment>, told: bool) {
        self.entries.push_back(Entry { number: self.count, txid, payment, told, mined: false });
        self.count += 1;
        if self.entries.len() > MAX_PAYMENTS {
            self.entries.pop_front();
        }
    }

    /// Takes a payment that somebody sent, as a node does: if it spends what there is, and nothing else spends that.
    /// Without bodies the chain does not say what there is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn accept(&mut self, transaction: Transaction, chain: &SimChain) -> Result<Txid, Refusal> {
        let txid = transaction.txid();
        if self.contains(&txid) {
            return Err(Refusal::Known);
        }
        if let Some((height, _)) = chain.find_transaction(&txid) {
            return Err(Refusal::Mined(height));
        }
        for input in &transaction.inputs {
            let rival = self.waiting().find(|payment| spends(&payment.transaction, &input.previous));
            let rival = rival.map(|payment| payment.transaction.txid());
            if let Some(rival) = rival.or_else(|| chain.spender(&input.previous)) {
                return Err(Refusal::Conflict(rival));
            }
            let OutPoint { txid: maker, vout } = input.previous;
            let from_pool = self.waiting().find(|payment| payment.transaction.txid() == maker);
            let from_pool = from_pool.map(|payment| payment.transaction.outputs.len());
            let outputs = from_pool.or_else(|| Some(chain.find_transaction(&maker)?.1.outputs.len()));
            if chain.has_bodies() && outputs.is_none_or(|count| vout as usize >= count) {
                return Err(Refusal::Missing(input.previous));
            }
        }
        self.add(Payment { transaction, lock: None });
        Ok(txid)
    }

    /// Adds the lock of a payment, which is announced anew; says whether the payment is known and had none.
    pub fn lock_payment(&mut self, txid: &Txid, lock: InstantLock) -> bool {
        let Some(place) = self.entries.iter().position(|entry| entry.txid == *txid) else { return false };
        if self.entries[place].payment.lock.is_some() {
            return false;
        }
        let Some(entry) = self.entries.remove(place) else { return false };
        let transaction = entry.payment.transaction.clone();
        self.push(*txid, Arc::new(Payment { transaction, lock: Some(lock) }), true);
        true
    }

    /// Notes that a payment was mined, or that its block was undone.
    pub fn set_mined(&mut self, txid: &Txid, mined: bool) {
        for entry in self.entries.iter_mut().filter(|entry| entry.txid == *txid) {
            entry.mined = mined;
        }
    }

    /// Forgets a payment that lost to another.
    pub fn remove(&mut self, txid: &Txid) {
        self.entries.retain(|entry| entry.txid != *txid);
    }

    /// Whether a payment is in the pool, and in no block.
    pub fn contains(&self, txid: &Txid) -> bool {
        self.entries.iter().any(|entry| entry.txid == *txid && !entry.mined)
    }

    /// The payments that are in no block.
    pub fn waiting(&self) -> impl Iterator<Item = &Payment> {
        self.entries.iter().filter(|entry| !entry.mined).map(|entry| entry.payment.as_ref())
    }

    /// The payment whose transaction has this name.
    pub fn transaction(&self, name: &Inventory) -> Option<&Payment> {
        (name.kind == InventoryKind::Transaction).then(|| self.payment(&Txid::from_bytes(name.hash)))?
    }

    /// A payment by its transaction's id, mined or not.
    pub fn payment(&self, txid: &Txid) -> Option<&Payment> {
        let entry = self.entries.iter().find(|entry| entry.txid == *txid)?;
        Some(entry.payment.as_ref())
    }

    /// The lock of this name.
    pub fn lock(&self, name: &Inventory) -> Option<&InstantLock> {
        self.payments().find(|payment| payment.lock_name() == Some(*name))?.lock.as_ref()
    }

    fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.entries.iter().map(|entry| entry.payment.as_ref())
    }

    /// How many payments there ever were, those whose locks came later counted twice: what [`Pool::since`] counts by.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The payments that came after the first `count`, as far as they are remembered, and whether all of each is new or
    /// its lock alone.
    pub fn since(&self, count: usize) -> impl Iterator<Item = (&Payment, bool)> {
        let new = self.entries.iter().filter(move |entry| entry.number >= count);
        new.map(|entry| (entry.payment.as_ref(), !entry.told))
    }
}

fn spends(transaction: &Transaction, out_point: &OutPoint) -> bool {
    transaction.inputs.iter().any(|input| input.previous == *out_point)
}
