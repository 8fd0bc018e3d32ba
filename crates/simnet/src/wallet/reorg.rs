//! Blocks that are undone, and what becomes of the payments in them: some are mined again, mostly in another block, some
//! wait in the pool, some lose to a conflict.
//!
//! Always mined again are those that masternodes locked, those that only blocks can hold, those that won against others
//! that were mined before, and, where a payment stands (or a coinbase will stand that pays again what an undone one paid)
//! further than the gap limit behind what is left of its branch, all that was paid to that branch: else what a wallet
//! finds would depend on whether it looked before.

use super::{MAX_DEPTH, WalletScenario};
use crate::chain::{Contents, SimChain, Spending};
use crate::peer::{Payment, Pool};
use dash_protocol::Txid;
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of a payment whose block was undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Mined again, in one of the blocks from this one on.
    Redone(u32),
    /// In the pool.
    Waits,
    /// A conflict is mined.
    Replaced,
}

impl WalletScenario {
    /// Replaces the last `depth` blocks by `blocks` others, in which new things happen, too. Not more than
    /// [`MAX_DEPTH`], and none that masternodes locked: says how many blocks were undone.
    pub fn reorganize(
        &mut self,
        chain: &mut SimChain,
        pool: &mut Pool,
        depth: u32,
        blocks: u32,
        now: u32,
    ) -> u32 {
        let tip = chain.height();
        let locked = Self::horizon(chain).locked.unwrap_or(0);
        let depth = depth.min(MAX_DEPTH).min(tip - locked.min(tip)).min(tip.saturating_sub(1));
        let fork = tip - depth;
        chain.undo(depth);
        let undone = self.undo_above(fork, pool);
        let must = self.mined_again(&undone);
        let mut fates = self.fates(&undone, &must, blocks);
        for block in 0..blocks {
            let is_last = block + 1 == blocks;
            let contents = self.replacement(block, fork + 1 + block, &undone, &mut fates, is_last);
            self.finish_block(contents, chain, pool, now);
        }
        for txid in undone {
            self.put_back(&txid, pool);
        }
        depth
    }

    /// Takes blocks apart. Coinbases are lost; all else that they held is returned in its order.
    fn undo_above(&mut self, height: u32, pool: &mut Pool) -> Vec<Txid> {
        let mut undone = self.truth.undo_above(height);
        undone.iter().for_each(|txid| self.note_shown(*txid, false));
        let coinbases: Vec<Txid> = undone
            .extract_if(.., |txid| self.truth.entry(txid).is_some_and(super::Entry::is_coinbase))
            .collect();
        for txid in coinbases {
            let makes = self.truth.entry(&txid).map(|entry| entry.makes.clone()).unwrap_or_default();
            let in_branches = makes.into_iter().map(|(_, coin)| (coin.lock, coin.owner));
            self.owed
                .extend(in_branches.filter(|(_, owner)| owner.is_some_and(|owner| owner.place.is_some())));
            self.lose(txid);
        }
        undone.iter().for_each(|txid| pool.set_mined(txid, false));
        self.once_mined.extend(&undone);
        undone
    }

    /// Those that have to be in the new blocks, with everything that they spend.
    fn mined_again(&self, undone: &[Txid]) -> BTreeSet<Txid> {
        let entry = |txid: &Txid| self.truth.entry(txid);
        let branch = |owner: &super::Owner| owner.place.map(|(branch, _)| (owner.watch, branch));
        let waiting = self.truth.pending();
        let lost_sight_of: BTreeSet<_> =
            waiting
                .iter()
                .filter_map(entry)
                .flat_map(super::Entry::shows)
                .chain(self.owed.iter().filter_map(|(_, owner)| owner.as_ref()))
                .filter(|owner| !self.watches[owner.watch].is_found(owner))
                .filter_map(branch)
                .chain((0..).zip(&self.watches).flat_map(|(place, watch)| {
                    watch.with_holes().into_iter().map(move |branch| (place, branch))
                }))
                .collect();
        let mut must = BTreeSet::new();
        for txid in undone.iter().rev() {
            let Some(known) = entry(txid) else { continue };
            let moves = known.shows().filter_map(branch).any(|branch| lost_sight_of.contains(&branch));
            let is_spent = self.truth.descendants(*txid).iter().any(|child| must.contains(child));
            if known.locked || known.blocks_only || moves || is_spent || self.winners.contains(txid) {
                must.insert(*txid);
            }
        }
        must
    }

    fn fates(&mut self, undone: &[Txid], must: &BTreeSet<Txid>, blocks: u32) -> BTreeMap<Txid, Fate> {
        let last = u64::from(blocks.saturating_sub(1));
        let mut fates = BTreeMap::new();
        for txid in undone {
            let block = self.rng.below(last + 1) as u32;
            let fate = match self.rng.below(100) {
                _ if must.contains(txid) => Fate::Redone(block),
                0..55 => Fate::Redone(block),
                55..75 => Fate::Waits,
                _ => Fate::Replaced,
            };
            fates.insert(*txid, fate);
        }
        fates
    }

    /// What the next of the new blocks holds. Whatever has to be mined again and is not yet, is in the last of them.
    fn replacement(
        &mut self,
        block: u32,
        height: u32,
        undone: &[Txid],
        fates: &mut BTreeMap<Txid, Fate>,
        is_last: bool,
    ) -> Contents {
        let mut transactions: Vec<Spending> = Vec::new();
        for txid in undone {
            match fates.get(txid) {
                Some(Fate::Redone(from))
                    if (*from <= block || is_last) && self.can_be_mined(*txid, height) =>
                {
                    self.put_known(*txid, height, &mut transactions);
                }
                Some(Fate::Replaced) if self.may_lose(*txid) => {
                    fates.remove(txid);
                    self.replace(*txid, height, &mut transactions);
                }
                _ => {}
            }
        }
        if self.rng.percent(self.busy_percent) {
            self.something_happens(height, &mut transactions);
        }
        Contents { reward: self.next_reward(height), transactions, locked: false }
    }

    /// What was undone and is not mined again is known to nodes as any payment is.
    fn put_back(&self, txid: &Txid, pool: &mut Pool) {
        let Some(entry) = self.truth.entry(txid).filter(|entry| entry.place.is_none()) else { return };
        if !pool.contains(txid) {
            let transaction = entry.spending.transaction.as_ref().clone();
            pool.add(Payment { transaction, lock: None });
        }
    }
}
