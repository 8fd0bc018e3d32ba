//! What nodes relay that is in no block: payments and their InstantSend locks.
//!
//! Bounded: the newest [`MAX_PAYMENTS`] payments.

use dash_protocol::{InstantLock, Inventory, InventoryKind, Transaction};
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

/// The payments that a node knows.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    payments: VecDeque<Arc<Payment>>,
    /// How many older ones were dropped.
    dropped: usize,
}

impl Pool {
    /// Takes a payment.
    pub fn add(&mut self, payment: Payment) {
        self.payments.push_back(Arc::new(payment));
        if self.payments.len() > MAX_PAYMENTS {
            self.payments.pop_front();
            self.dropped += 1;
        }
    }

    /// The payment whose transaction has this name.
    pub fn transaction(&self, name: &Inventory) -> Option<&Payment> {
        self.payments.iter().map(Arc::as_ref).find(|payment| payment.name() == *name)
    }

    /// The lock of this name.
    pub fn lock(&self, name: &Inventory) -> Option<&InstantLock> {
        let payment = self.payments.iter().find(|payment| payment.lock_name() == Some(*name))?;
        payment.lock.as_ref()
    }

    /// How many payments there ever were: what [`Pool::since`] counts by.
    pub fn count(&self) -> usize {
        self.dropped + self.payments.len()
    }

    /// The payments after the first `count`, as far as they are remembered.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &Payment> {
        self.payments.iter().skip(count.saturating_sub(self.dropped)).map(Arc::as_ref)
    }
}
