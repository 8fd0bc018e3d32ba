//! Payments that are in no block: how they come, are locked, are mined, and lose to conflicts.

use super::WalletScenario;
use super::draft::{Draft, LEAST};
use crate::chain::{SimChain, Spending};
use crate::peer::{Payment, Pool};
use dash_protocol::Txid;

/// How many of 100 payments of the pool are mined in a block.
const MINED_PERCENT: u32 = 50;
/// How many kinds of payment are tried, of which not each is possible at any time.
const TRIES: u32 = 8;
/// How many of 100 lose to a conflict in it.
const LOST_PERCENT: u32 = 10;

impl WalletScenario {
    /// Somebody pays, or the wallet does, and the pool has it. Masternodes lock two of three, if the chain has some that
    /// can. None if nobody has anything to spend just now.
    pub fn pay(&mut self, chain: &SimChain, pool: &mut Pool) -> Option<Txid> {
        let draft = (0..TRIES).find_map(|_| self.some_payment(chain.height() + 1))?;
        let txid = self.publish(draft);
        let transaction = self.transaction(&txid)?;
        let locks = self.rng.percent(66) && self.parents_are_final(&txid);
        let lock = if locks { chain.lock_transaction(&transaction) } else { None };
        if lock.is_some() {
            self.truth.lock(&txid);
        }
        pool.add(Payment { transaction, lock });
        Some(txid)
    }

    /// A payment of some kind, if there is what that takes.
    fn some_payment(&mut self, height: u32) -> Option<Draft> {
        match self.rng.below(10) {
            0..5 => self.incoming(height),
            5..8 => self.own_spend(height, true),
            8 => self.special(height, false),
            _ => {
                let waiting = self.truth.pending();
                waiting.last().and_then(|txid| self.onward(*txid))
            }
        }
    }

    fn transaction(&self, txid: &Txid) -> Option<dash_protocol::Transaction> {
        Some(self.truth.entry(txid)?.spending.transaction.as_ref().clone())
    }

    /// Whether everything that a transaction spends is in a block or locked, as masternodes demand.
    fn parents_are_final(&self, txid: &Txid) -> bool {
        let Some(entry) = self.truth.entry(txid) else { return false };
        let makers = entry.spends.iter().filter_map(|(at, _)| self.truth.entry(&at.txid));
        makers.into_iter().all(|maker| maker.place.is_some() || maker.locked)
    }

    /// The masternodes lock a payment of the pool that they had not locked. Says whether they could.
    pub fn lock(&mut self, txid: &Txid, chain: &SimChain, pool: &mut Pool) -> bool {
        let is_open = self.truth.entry(txid).is_some_and(|entry| !entry.locked && entry.place.is_none());
        if !is_open || !self.parents_are_final(txid) {
            return false;
        }
        let lock = self.transaction(txid).and_then(|transaction| chain.lock_transaction(&transaction));
        let locked = lock.is_some_and(|lock| pool.lock_payment(txid, lock));
        if locked {
            self.truth.lock(txid);
        }
        locked
    }

    /// Puts payments of the pool into the block at a height, and conflicts with some of the others.
    pub(super) fn mine_pool(&mut self, height: u32, block: &mut Vec<Spending>) {
        for txid in self.truth.pending() {
            let chance = self.rng.below(100) as u32;
            if chance < MINED_PERCENT {
                if self.can_be_mined(txid, height) {
                    self.put_known(txid, height, block);
                }
            } else if chance < MINED_PERCENT + LOST_PERCENT && self.may_lose(txid) {
                self.replace(txid, height, block);
            }
        }
    }

    /// Whether a payment is in no block and all that it spends is in one, and ripe there.
    pub(super) fn can_be_mined(&self, txid: Txid, height: u32) -> bool {
        let Some(entry) = self.truth.entry(&txid).filter(|entry| entry.place.is_none()) else { return false };
        entry.spends.iter().all(|(at, _)| {
            let maker = self.truth.entry(&at.txid).filter(|maker| maker.place.is_some());
            maker.is_some_and(|maker| {
                let made = maker.place.map_or(0, |(made, _)| made);
                !maker.is_coinbase() || height >= made + super::MATURITY
            })
        })
    }

    /// Whether neither a payment nor anything that spends from it is locked or mined, and whether it spends anything
    /// that somebody else could spend.
    pub(super) fn may_lose(&self, txid: Txid) -> bool {
        let Some(entry) = self.truth.entry(&txid) else { return false };
        let all = self.truth.descendants(txid);
        let all: Vec<_> = all.iter().chain([&txid]).filter_map(|txid| self.truth.entry(txid)).collect();
        // A wallet that does not know one of them would not know why those that spend from it are lost: whichever watches
        // it has by now.
        let watches = 0..self.watches.len();
        let is_known = watches.into_iter().all(|watch| {
            let known = all.iter().filter(|entry| entry.concerns(watch)).count();
            known == 0 || known == all.len()
        });
        let is_open = |entry: &&super::Entry| entry.place.is_none() && !entry.locked && !entry.blocks_only;
        is_known && !entry.spends.is_empty() && all.iter().all(is_open)
    }

    /// Mines a transaction that spends a coin of this one, which is lost with all that spends from it.
    pub(super) fn replace(&mut self, victim: Txid, height: u32, block: &mut Vec<Spending>) {
        let spends = self.truth.entry(&victim).map(|entry| entry.spends.clone()).unwrap_or_default();
        let ripe = |place: usize| {
            let (at, coin) = &spends[place];
            if coin.value < 2 * LEAST {
                return None;
            }
            let maker = self.truth.entry(&at.txid)?;
            let (made, _) = maker.place?;
            (!maker.is_coinbase() || height >= made + super::MATURITY).then_some(place)
        };
        let Some(place) = (0..spends.len()).find_map(ripe) else { return };
        self.lose(victim);
        let draft = Draft::spending(vec![spends[place].clone()]);
        // To somebody else, or to another script of the wallet. What spends a stranger's coin and pays a stranger is in no
        // filter under a name that the wallet knows.
        let shows = spends[place].1.owner.is_some() || self.rng.percent(self.hidden_percent);
        let to_wallet = !shows || self.rng.percent(30);
        let payee = if to_wallet { self.receive_anywhere() } else { self.stranger() };
        let draft = draft.pay_rest(payee, &mut self.rng);
        let winner = self.put(draft, height, block);
        if self.once_mined.contains(&victim) {
            self.winners.extend(winner);
        }
    }
}
