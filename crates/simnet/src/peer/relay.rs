//! What the client tells the peer: transactions, announced or sent unasked.
//!
//! As Core does it, an announced transaction is asked for after two seconds, one that comes is handed to the pool, and
//! nobody hears whether the pool takes it. The pool belongs to the driver, which looks into [`SimPeer::submitted`].
//! Bounded: [`MAX_WANTED`] announcements wait, and the last [`MAX_TOLD`] names are remembered that the client told.

use super::session::SimPeer;
use super::{Clock, View};
use dash_protocol::{Inventory, InventoryKind, Message, Transaction};

/// How long Core waits before it asks an inbound peer for a transaction.
const ASK_AFTER_MS: u64 = 2_000;
const MAX_WANTED: usize = 100;
const MAX_TOLD: usize = 256;

impl SimPeer {
    /// The transactions that the client sent since the last call, to be offered to the pool.
    pub fn submitted(&mut self) -> Vec<Transaction> {
        std::mem::take(&mut self.submitted)
    }

    /// The client announces something: transactions that are not known are asked for later.
    pub(super) fn hear_inv(&mut self, names: &[Inventory], clock: Clock, view: View<'_>) {
        for name in names.iter().filter(|name| name.kind == InventoryKind::Transaction) {
            self.remember_told(*name);
            let is_known = view.pool.transaction(name).is_some();
            let is_wanted = self.wanted.iter().any(|(_, wanted)| wanted == name);
            if !is_known && !is_wanted && self.wanted.len() < MAX_WANTED {
                self.wanted.push((clock.ms + ASK_AFTER_MS, *name));
            }
        }
    }

    /// The client sends a transaction.
    pub(super) fn hear_tx(&mut self, transaction: Transaction) {
        let name = Inventory { kind: InventoryKind::Transaction, hash: transaction.txid().to_bytes() };
        self.remember_told(name);
        self.wanted.retain(|(_, wanted)| *wanted != name);
        self.submitted.push(transaction);
    }

    /// Asks for what was announced long enough ago.
    pub(super) fn ask_for_wanted(&mut self, clock: Clock) {
        let due: Vec<Inventory> =
            self.wanted.extract_if(.., |(at, _)| *at <= clock.ms).map(|(_, name)| name).collect();
        if !due.is_empty() {
            self.send(clock.ms, Message::GetData(due));
        }
    }

    fn remember_told(&mut self, name: Inventory) {
        if !self.from_client.contains(&name) {
            self.from_client.push_back(name);
            self.from_client.drain(..self.from_client.len().saturating_sub(MAX_TOLD));
        }
    }
}
