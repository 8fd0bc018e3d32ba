//! The best verified ChainLock, and those that wait to be verified.
//!
//! **Bounds.** One best lock and at most [`MAX_WAITING`] that wait, shared fairly among peers. A lock that waits is
//! never shown or stored, and a verified one always goes before it, whatever heights others claim.

use super::chainlock::quorum_height;
use super::waiting::{Offered, Waiting};
use crate::collections::SortedSet;
use crate::engine::ConnId;
use dash_protocol::ChainLock;

/// How many locks may wait.
pub const MAX_WAITING: usize = 64;

/// What a verified lock changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locked {
    /// It is the best one now.
    Best,
    /// A verified one of its height or above was there.
    Stale,
    /// A verified one of its height was there, for another block: a quorum signed twice. The first one stays.
    Conflict,
}

/// ChainLocks.
#[derive(Debug)]
pub struct ChainLockBook {
    best: Option<ChainLock>,
    waiting: Waiting<ChainLock>,
}

impl ChainLockBook {
    /// With the best lock that was verified before, if any.
    pub fn new(best: Option<ChainLock>) -> Self {
        Self { best, waiting: Waiting::new(MAX_WAITING) }
    }

    /// The verified lock with the greatest height.
    pub const fn best(&self) -> Option<&ChainLock> {
        self.best.as_ref()
    }

    /// A peer sent a lock. It waits, also when it can be verified at once.
    pub fn offer(&mut self, lock: ChainLock, sender: ConnId) -> Offered {
        if self.best == Some(lock) {
            return Offered::Known;
        }
        if lock.height <= self.best.map_or(0, |best| best.height) {
            return Offered::Stale;
        }
        self.waiting.offer(lock.hash(), lock, 1, sender, 0)
    }

    /// The locks that wait, by their inventory hashes; without those that are being verified.
    pub fn waiting(&self) -> impl Iterator<Item = ([u8; 32], &ChainLock)> {
        self.waiting.idle()
    }

    /// Heights of the blocks as of which quorums must be known to verify what waits.
    pub fn wanted_heights(&self) -> SortedSet<u32> {
        self.waiting.iter().filter_map(|lock| u32::try_from(lock.height).ok()).map(quorum_height).collect()
    }

    /// Whether a lock with this inventory hash is here.
    pub fn contains(&self, hash: &[u8; 32]) -> bool {
        self.waiting.contains(hash) || self.best.is_some_and(|best| best.hash() == *hash)
    }

    /// Whether the verification of a waiting lock is under way; when it ended without an answer the lock waits again.
    pub fn set_verifying(&mut self, hash: &[u8; 32], verifying: bool) {
        self.waiting.set_busy(hash, verifying);
    }

    /// A lock's signature holds. It need not have waited.
    pub fn verified(&mut self, lock: ChainLock) -> Locked {
        self.waiting.take(&lock.hash());
        match self.best {
            Some(best) if best.height == lock.height && best.block_hash != lock.block_hash => {
                Locked::Conflict
            }
            Some(best) if best.height >= lock.height => Locked::Stale,
            _ => {
                self.best = Some(lock);
                self.waiting.retain(|waiting| waiting.height > lock.height);
                Locked::Best
            }
        }
    }

    /// A waiting lock does not hold. Names the connected peers that sent it.
    pub fn refused(&mut self, hash: &[u8; 32]) -> Vec<ConnId> {
        self.waiting.take(hash).map_or_else(Vec::new, |(_, senders)| senders)
    }

    /// A peer is gone; its locks give way first.
    pub fn forget(&mut self, peer: ConnId) {
        self.waiting.forget(peer);
    }
}
