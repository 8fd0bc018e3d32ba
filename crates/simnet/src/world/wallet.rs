//! A world whose chain has a wallet: what happens to it, what the client broadcasts, and what is true.

use super::World;
use super::queue::Happening;
use crate::peer::Refusal;
use crate::wallet::{Horizon, WalletScenario};
use dash_protocol::{Transaction, Txid};
use std::sync::Arc;

/// The most transactions of clients that a world remembers the fate of.
const MAX_SUBMISSIONS: usize = 10_000;

impl World {
    /// The wallet with its ledger, in worlds that have one.
    pub fn wallet(&self) -> Option<&WalletScenario> {
        self.wallet.as_ref()
    }

    /// Up to where a client sees that knows all that there is.
    pub fn horizon(&self) -> Horizon {
        WalletScenario::horizon(&self.chain)
    }

    /// Somebody pays the wallet, or it pays somebody, and no block has it yet: honest peers hear of it within half a
    /// second, and of its lock if there is one. None in a world without a wallet, or while nobody can pay.
    pub fn wallet_pays(&mut self) -> Option<Txid> {
        let wallet = self.wallet.as_mut()?;
        let txid = wallet.pay(&self.chain, Arc::make_mut(&mut self.pool))?;
        if wallet.truth().entry(&txid).is_some_and(|entry| entry.locked) {
            self.locked_payments.insert(txid.to_string());
        }
        self.spread_pool();
        Some(txid)
    }

    /// The masternodes lock a payment of the wallet that waits without a lock; says whether they could.
    pub fn lock_payment(&mut self, txid: &Txid) -> bool {
        let Some(wallet) = self.wallet.as_mut() else { return false };
        let locked = wallet.lock(txid, &self.chain, Arc::make_mut(&mut self.pool));
        if locked {
            self.locked_payments.insert(txid.to_string());
            self.spread_pool();
        }
        locked
    }

    /// A spend of the wallet that nobody has heard of, to be broadcast by the client.
    pub fn draft(&mut self) -> Option<Transaction> {
        self.wallet.as_mut()?.draft(&self.chain)
    }

    /// What became of the transactions that the client sent to honest peers, each as often as it came.
    pub fn submissions(&self) -> &[(Txid, Result<(), Refusal>)] {
        &self.submissions
    }

    /// A client sent a transaction to a peer: the network takes it or not, and tells everybody but who sent it.
    pub(super) fn submit(&mut self, host: usize, transaction: Transaction) {
        if !self.hosts[host].honest_chain {
            return;
        }
        let txid = transaction.txid();
        let outcome = Arc::make_mut(&mut self.pool).accept(transaction, &self.chain);
        if self.submissions.len() < MAX_SUBMISSIONS {
            self.submissions.push((txid, outcome.map(|_| ())));
        }
        if outcome.is_ok() {
            if let Some(wallet) = &mut self.wallet {
                wallet.heard(&txid);
            }
            self.spread_pool();
        }
    }

    /// Honest peers hear within half a second of what the pool has.
    pub(super) fn spread_pool(&mut self) {
        for host in 0..self.hosts.len() {
            if self.hosts[host].honest_chain {
                let at = self.now_ms + self.rng.between(0, 500);
                self.queue.push(at, Happening::Paid { host });
            }
        }
    }
}
