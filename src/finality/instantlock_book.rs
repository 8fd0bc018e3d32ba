//! Verified InstantSend locks, by transaction and by the outputs that they spend, and locks that wait to be verified.
//!
//! **Bounds.** What waits weighs at most [`MAX_WAITING`] and is dropped after [`MAX_WAIT_MS`]. Verified locks are at most
//! [`MAX_LOCKS`] with [`MAX_INPUTS`] inputs and are dropped [`MAX_BLOCKS`] blocks after they came, the oldest first; a
//! quorum signed them, so nobody else can make them many. A lock that waits is never shown.

use super::waiting::{Offered, Waiting};
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::ConnId;
use dash_protocol::{InstantLock, OutPoint, Txid};
use std::collections::HashMap;

/// The weight of what may wait: a lock counts one and one for each of its inputs of 36 bytes.
pub const MAX_WAITING: usize = 20_000;

/// How long a lock may wait: four blocks' time.
pub const MAX_WAIT_MS: u64 = 600_000;

/// How many verified locks are kept.
pub const MAX_LOCKS: usize = 10_000;

/// How many inputs they may have together.
pub const MAX_INPUTS: usize = 100_000;

/// How many blocks a verified lock is kept for whose transaction no locked block holds: a day.
pub const MAX_BLOCKS: u32 = 576;

/// What a verified lock changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    /// Its transaction is locked now.
    New,
    /// Its transaction was locked already.
    Known,
    /// Other transactions that spend some of the same outputs were locked before: a quorum signed twice. They stay, and
    /// this one is not kept.
    Conflict(Vec<Txid>),
}

#[derive(Debug)]
struct Kept {
    lock: InstantLock,
    txid: Txid,
    /// The tip's height when it was verified.
    height: u32,
}

/// InstantSend locks.
#[derive(Debug)]
pub struct InstantLockBook {
    waiting: Waiting<InstantLock>,
    /// By the order in which they were verified.
    kept: SortedMap<u64, Kept>,
    by_txid: HashMap<Txid, u64>,
    by_output: HashMap<OutPoint, u64>,
    next: u64,
}

impl Default for InstantLockBook {
    fn default() -> Self {
        Self {
            waiting: Waiting::new(MAX_WAITING),
            kept: SortedMap::new(),
            by_txid: HashMap::new(),
            by_output: HashMap::new(),
            next: 0,
        }
    }
}

impl InstantLockBook {
    /// A peer sent a lock. It waits, also when it can be verified at once.
    pub fn offer(&mut self, lock: InstantLock, sender: ConnId, now_ms: u64) -> Offered {
        if self.lock_of(&lock.txid).is_some_and(|known| known.inputs == lock.inputs) {
            return Offered::Stale;
        }
        let weight = 1 + lock.inputs.len();
        self.waiting.offer(lock.hash(), lock, weight, sender, now_ms)
    }

    /// The locks that wait, by their inventory hashes; without those that are being verified.
    pub fn waiting(&self) -> impl Iterator<Item = ([u8; 32], &InstantLock)> {
        self.waiting.idle()
    }

    /// The waiting lock with this inventory hash.
    pub fn lock_with(&self, hash: &[u8; 32]) -> Option<&InstantLock> {
        self.waiting.get(hash)
    }

    /// How many wait, with those that are being verified.
    pub fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether a lock with this inventory hash waits.
    pub fn is_waiting(&self, hash: &[u8; 32]) -> bool {
        self.waiting.contains(hash)
    }

    /// Whether the verification of a waiting lock is under way; when it ended without an answer the lock waits again.
    pub fn set_verifying(&mut self, hash: &[u8; 32], verifying: bool) {
        self.waiting.set_busy(hash, verifying);
    }

    /// The signature of a waiting lock holds, at a tip of this height. None if it does not wait.
    pub fn verified(&mut self, hash: &[u8; 32], tip_height: u32) -> Option<Locked> {
        let (lock, _) = self.waiting.take(hash)?;
        if self.by_txid.contains_key(&lock.txid) {
            return Some(Locked::Known);
        }
        let others: SortedSet<Txid> = lock.inputs.iter().filter_map(|input| self.spender(input)).collect();
        if !others.is_empty() {
            return Some(Locked::Conflict(others.into_iter().gather()));
        }
        let place = self.next;
        self.next += 1;
        self.by_txid.insert(lock.txid, place);
        self.by_output.extend(lock.inputs.iter().map(|input| (*input, place)));
        self.kept.insert(place, Kept { txid: lock.txid, lock, height: tip_height });
        while self.kept.len() > MAX_LOCKS || self.by_output.len() > MAX_INPUTS {
            self.drop_oldest();
        }
        Some(Locked::New)
    }

    /// A waiting lock does not hold. Names the connected peers that sent it.
    pub fn refused(&mut self, hash: &[u8; 32]) -> Vec<ConnId> {
        self.waiting.take(hash).map_or_else(Vec::new, |(_, senders)| senders)
    }

    /// The verified lock of a transaction.
    pub fn lock_of(&self, txid: &Txid) -> Option<&InstantLock> {
        self.by_txid.get(txid).and_then(|place| self.kept.get(place)).map(|kept| &kept.lock)
    }

    /// The transaction that a verified lock says spends an output.
    pub fn spender(&self, output: &OutPoint) -> Option<Txid> {
        self.by_output.get(output).and_then(|place| self.kept.get(place)).map(|kept| kept.txid)
    }

    /// How many verified locks are kept.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is no verified lock.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// A block that is locked holds the transaction, or holds another one that spends its inputs: the lock has nothing
    /// to say any more. Says whether there was one.
    pub fn settled(&mut self, txid: &Txid) -> bool {
        self.waiting.retain(|lock| lock.txid != *txid);
        let place = self.by_txid.get(txid).copied();
        place.is_some_and(|place| self.remove(place))
    }

    /// Drops what is too old: what waits by the time, what is verified by the tip's height.
    pub fn expire(&mut self, now_ms: u64, tip_height: u32) {
        self.waiting.drop_before(now_ms.saturating_sub(MAX_WAIT_MS));
        while self.kept.first_key_value().is_some_and(|(_, kept)| kept.height + MAX_BLOCKS < tip_height) {
            self.drop_oldest();
        }
    }

    /// A peer is gone; its locks give way first.
    pub fn forget(&mut self, peer: ConnId) {
        self.waiting.forget(peer);
    }

    fn drop_oldest(&mut self) {
        if let Some((&place, _)) = self.kept.first_key_value() {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: u64) -> bool {
        let Some(kept) = self.kept.remove(&place) else { return false };
        self.by_txid.remove(&kept.txid);
        for input in &kept.lock.inputs {
            self.by_output.remove(input);
        }
        true
    }
}
