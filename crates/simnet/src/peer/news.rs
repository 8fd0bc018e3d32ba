//! What a peer announces: new blocks, ChainLocks, payments and their locks.
//!
//! As Core does it: blocks and locks at once, transactions some seconds late, and of payments and their locks only what
//! the client asked for: all if its `version` says so, what its bloom filter matches if it loaded one, nothing otherwise.

use super::session::{Announce, SimPeer};
use super::{Clock, Fault, View};
use dash_protocol::{Inventory, InventoryKind, Message};

/// How many headers are announced at once; with more of them the last is announced by `inv`.
const MAX_ANNOUNCED: u32 = 8;
/// Transactions are held back for up to this long.
const MAX_TRANSACTION_DELAY_MS: u64 = 5_000;

impl SimPeer {
    /// Tells the client of new blocks, if it wants to know and does not know yet.
    pub fn announce(&mut self, clock: Clock, view: View<'_>) {
        if self.is_closed_to_news() {
            return;
        }
        let chain = view.chain;
        let tip = chain.height();
        let Some(known) = self.known.iter().filter_map(|hash| chain.height_of(hash)).max() else {
            return self.announce_by_inv(clock, view);
        };
        if known >= tip {
            return;
        }
        if tip - known > MAX_ANNOUNCED || self.announce == Announce::Inv || self.profile.has(Fault::InvOnly) {
            return self.announce_by_inv(clock, view);
        }
        let range = known as usize + 1..tip as usize + 1;
        self.remember(&chain.hashes()[range.clone()]);
        let compressed = self.announce == Announce::Headers2;
        let frame = self.headers_frame(&chain.headers()[range], compressed, chain);
        self.send_at(clock.ms, frame);
    }

    fn announce_by_inv(&mut self, clock: Clock, view: View<'_>) {
        self.send(clock.ms, Message::Inv(vec![Inventory::block(view.chain.tip_hash())]));
    }

    /// Tells the client of the network's best ChainLock, once.
    pub fn announce_lock(&mut self, clock: Clock, view: View<'_>) {
        if self.is_closed_to_news() {
            return;
        }
        let Some(lock) = view.chain.best_chainlock() else { return };
        let hash = lock.hash();
        if self.told_lock != Some(hash) {
            self.told_lock = Some(hash);
            self.send(clock.ms, Message::Inv(vec![Inventory { kind: InventoryKind::ChainLock, hash }]));
        }
    }

    /// Tells the client of new payments: of their locks at once, of the transactions later.
    pub fn announce_payments(&mut self, clock: Clock, view: View<'_>) {
        if self.is_closed_to_news() {
            return;
        }
        let told = std::mem::replace(&mut self.told_payments, view.pool.count());
        if !self.interest.relays() {
            return;
        }
        for (payment, is_new) in view.pool.since(told) {
            // What came from the client is no news to it.
            if is_new && !self.from_client.contains(&payment.name()) {
                let at = clock.ms + self.rng.below(MAX_TRANSACTION_DELAY_MS);
                self.held_back.push((at, payment.name()));
            }
            let lock = payment.lock_name();
            if let Some(lock) = lock.filter(|_| self.interest.wants(&payment.transaction)) {
                self.send(clock.ms, Message::Inv(vec![lock]));
            }
        }
    }

    /// Announces the transactions that were held back for long enough, as far as the client wants to hear of them now.
    pub(super) fn announce_held_back(&mut self, clock: Clock, view: View<'_>) {
        let mut due: Vec<Inventory> =
            self.held_back.extract_if(.., |(at, _)| *at <= clock.ms).map(|(_, name)| name).collect();
        due.retain(|name| {
            let payment = view.pool.transaction(name);
            payment.is_some_and(|payment| self.interest.wants(&payment.transaction))
        });
        if !due.is_empty() {
            self.send(clock.ms, Message::Inv(due));
        }
    }

    /// All that a client learns by asking for the memory pool: payments that its filter matches, their locks, and the
    /// best ChainLock.
    pub(super) fn tell_pool(&mut self, clock: Clock, view: View<'_>) {
        if !self.profile.bloom {
            return self.close(clock.ms);
        }
        let payments = view.pool.waiting().filter(|payment| self.interest.matches(&payment.transaction));
        let payments = payments.flat_map(|payment| [Some(payment.name()), payment.lock_name()]);
        let lock = view.chain.best_chainlock();
        let lock = lock.map(|lock| Inventory { kind: InventoryKind::ChainLock, hash: lock.hash() });
        let names: Vec<Inventory> = payments.chain([lock]).flatten().collect();
        let at = self.serve(clock.ms, self.profile.cost_ms);
        if !names.is_empty() {
            self.send(at, Message::Inv(names));
        }
    }
}
