//! Which unconfirmed transactions count, where several spend the same or spend from one that does not count.
//!
//! They are gone through from the strongest to the weakest, each after what it spends from; one counts if nothing mined
//! and nothing stronger that counts spends one of its inputs, and if what it spends from counts and has such an output.
//! That takes time in proportion to the pool, which is bounded.

use super::Ledger;
use super::touch::fits;
use crate::collections::Gather;
use dash_protocol::{OutPoint, TxIn, Txid};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// The lower, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Locked,
    OnceMined,
    Seen,
}

impl Ledger {
    /// Unconfirmed transactions and the unconfirmed ones that they spend from, directly or not.
    pub(super) fn with_ancestors(&self, first: Vec<Txid>) -> HashSet<Txid> {
        let mut found: HashSet<Txid> = first.iter().copied().collect();
        let mut open = first;
        while let Some(txid) = open.pop() {
            for parent in self.pool_parents(&txid) {
                if found.insert(parent) {
                    open.push(parent);
                }
            }
        }
        found
    }

    /// The unconfirmed transactions that one spends from, each once.
    fn pool_parents(&self, txid: &Txid) -> HashSet<Txid> {
        let inputs = self.entries.get(txid).into_iter().flat_map(|entry| &entry.transaction.inputs);
        inputs
            .map(|input| input.previous.txid)
            .filter(|parent| self.entries.get(parent).is_some_and(|entry| entry.mined.is_none()))
            .collect()
    }

    /// Decides anew which of the unconfirmed transactions are out.
    pub(super) fn contest(&mut self) {
        self.out.clear();
        if self.pool.is_empty() {
            return;
        }
        // Quorums lock what spends locked or mined coins only, so a lock vouches for what its transaction spends from.
        let is_locked = |txid: &&Txid| self.entries.get(*txid).is_some_and(|entry| entry.locked);
        let locked = self.with_ancestors(self.pool.values().filter(is_locked).copied().gather());
        let mut waiting: HashMap<Txid, usize> = HashMap::new();
        let mut children: HashMap<Txid, Vec<Txid>> = HashMap::new();
        let mut ready = BinaryHeap::new();
        for (key, txid) in &self.pool {
            let parents = self.pool_parents(txid);
            if parents.is_empty() {
                ready.push(Reverse((self.rank(txid, &locked), *key, *txid)));
            }
            waiting.insert(*txid, parents.len());
            parents.into_iter().for_each(|parent| children.entry(parent).or_default().push(*txid));
        }
        let mut taken: HashSet<OutPoint> = HashSet::new();
        let mut out = HashSet::new();
        while let Some(Reverse((rank, _, txid))) = ready.pop() {
            if self.loses(&txid, rank, &taken, &out) {
                out.insert(txid);
            } else if let Some(entry) = self.entries.get(&txid) {
                taken.extend(entry.transaction.inputs.iter().map(|input| input.previous));
            }
            for child in children.remove(&txid).unwrap_or_default() {
                let Some(left) = waiting.get_mut(&child) else { continue };
                *left -= 1;
                if let (0, Some(entry)) = (*left, self.entries.get(&child)) {
                    ready.push(Reverse((self.rank(&child, &locked), entry.key, child)));
                }
            }
        }
        self.out = out;
    }

    fn rank(&self, txid: &Txid, locked: &HashSet<Txid>) -> Rank {
        match self.entries.get(txid) {
            _ if locked.contains(txid) => Rank::Locked,
            Some(entry) if entry.once_mined => Rank::OnceMined,
            _ => Rank::Seen,
        }
    }

    fn loses(&self, txid: &Txid, rank: Rank, taken: &HashSet<OutPoint>, out: &HashSet<Txid>) -> bool {
        let Some(entry) = self.entries.get(txid) else { return true };
        let is_mined = |other: &Txid| self.entries.get(other).is_some_and(|entry| entry.mined.is_some());
        (entry.rival_lock.is_some() && rank != Rank::Locked)
            || entry.transaction.inputs.iter().any(|input| {
                taken.contains(&input.previous)
                    || self.misses(input, rank)
                    || out.contains(&input.previous.txid)
                    || self.spenders(&input.previous).any(is_mined)
            })
    }

    /// Whether an input spends what there is not, or what it does not fit: a child can come before its parent. What was
    /// locked or mined has been checked by those who know better.
    fn misses(&self, input: &TxIn, rank: Rank) -> bool {
        let is_known = self.entries.contains_key(&input.previous.txid);
        match self.output(&input.previous) {
            None => is_known,
            Some(output) => rank == Rank::Seen && !fits(&input.script, &output.script),
        }
    }
}
