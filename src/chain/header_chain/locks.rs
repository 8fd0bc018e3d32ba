//! What is final: checkpoints passed, and blocks that verified ChainLocks name.
//!
//! A chain without a locked block is invalid whatever its work. So a lock on the best chain pins it, a lock on a side
//! branch makes that branch the best chain at once, and a lock whose block is not known is remembered: the branch that
//! has it wins when its headers come, and a header that takes its place is refused. Bounded: two blocks are remembered,
//! the highest one locked on the best chain and the highest one awaited. That a lock is verified is the caller's to
//! know.

use super::{HeaderChain, Outcome};
use crate::chain::rules::HeaderError;
use crate::checks::{self, Check};
use dash_protocol::BlockHash;

/// A block that a verified ChainLock names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockedBlock {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
}

/// What came of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockOutcome {
    /// The block is on the best chain, and nothing leaves the chain below it any more.
    Pinned,
    /// The block was on a side branch, which is the best chain now: always [`Outcome::Reorganized`].
    Reorganized(Outcome),
    /// The block is not known. The branch that has it will win.
    Awaited,
    /// The block lies no higher than what is final or awaited already: nothing changed.
    Old,
    /// The block lies below memory and above what is final: nothing changed, and whether it is on the best chain is
    /// for the store to say.
    BelowMemory,
    /// Another block is final at this height: nothing changed.
    Refused,
}

/// Which blocks nothing may replace.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finality {
    /// Height of the start or the last checkpoint passed.
    pub(crate) checkpoint: u32,
    /// The highest locked block of the best chain.
    pub(super) pinned: Option<LockedBlock>,
    /// A locked block above it that is not on the best chain.
    pub(super) awaited: Option<LockedBlock>,
}

impl Finality {
    /// Nothing is locked yet.
    pub(crate) fn above(checkpoint: u32) -> Self {
        Self { checkpoint, pinned: None, awaited: None }
    }

    /// The height below which no branch may leave the best chain.
    pub(super) fn floor(self) -> u32 {
        self.checkpoint.max(self.pin())
    }

    fn pin(self) -> u32 {
        self.pinned.filter(|_| checks::on(Check::ChainLockPin)).map_or(0, |locked| locked.height)
    }

    /// Whether a branch may leave the best chain above this height.
    pub(crate) fn allow(self, fork: u32) -> Result<(), HeaderError> {
        let pin = self.pin();
        if fork < self.checkpoint {
            Err(HeaderError::BelowCheckpoint { fork, checkpoint: self.checkpoint })
        } else if fork < pin {
            Err(HeaderError::BelowPin { fork, pin })
        } else {
            Ok(())
        }
    }

    /// Whether this block may lie at this height.
    pub(crate) fn admit(self, height: u32, hash: &BlockHash) -> Result<(), HeaderError> {
        match self.awaited {
            Some(locked)
                if checks::on(Check::LockedBranch) && locked.height == height && locked.hash != *hash =>
            {
                Err(HeaderError::AgainstLock { height, locked: locked.hash, found: *hash })
            }
            _ => Ok(()),
        }
    }

    /// Whether this is the block that is awaited.
    pub(crate) fn awaits(self, height: u32, hash: &BlockHash) -> bool {
        checks::on(Check::LockedBranch) && self.awaited == Some(LockedBlock { height, hash: *hash })
    }

    /// Whether a locked block is awaited at this height or below.
    pub(super) fn awaited_at_most(self, height: u32) -> bool {
        self.awaited.is_some_and(|locked| locked.height <= height)
    }

    /// The awaited block has come.
    pub(crate) fn arrived(&mut self) {
        self.pinned = self.awaited.take().or(self.pinned);
    }
}

impl HeaderChain {
    /// Takes a block that a verified ChainLock names. From now on no branch replaces it, whatever its work, and no
    /// branch without it becomes the best chain.
    pub fn lock(&mut self, height: u32, hash: BlockHash) -> LockOutcome {
        let best = self.at(height).map(|entry| entry.hash);
        if height <= self.final_height() {
            let other = best.is_some_and(|best| best != hash);
            return if other { LockOutcome::Refused } else { LockOutcome::Old };
        }
        if height < self.base_height() {
            return LockOutcome::BelowMemory;
        }
        let locked = LockedBlock { height, hash };
        if self.is_against_awaited(locked) {
            return LockOutcome::Refused;
        }
        if best == Some(hash) {
            self.pin(locked);
            return LockOutcome::Pinned;
        }
        if checks::on(Check::LockedBranch)
            && let Some(moved) = self.move_to(locked)
        {
            self.pin(locked);
            return LockOutcome::Reorganized(moved);
        }
        if self.finality.awaited.is_some_and(|awaited| awaited.height >= height) {
            return LockOutcome::Old;
        }
        self.finality.awaited = Some(locked);
        let contradicted = self.contradicts_lock();
        self.branches.drop_without(locked, contradicted);
        LockOutcome::Awaited
    }

    /// Whether a lock and the one that is awaited cannot both hold.
    fn is_against_awaited(&self, locked: LockedBlock) -> bool {
        self.finality.awaited.is_some_and(|awaited| {
            let same_height = locked.height == awaited.height && locked.hash != awaited.hash;
            let above = locked.height > awaited.height && self.is_best(&locked.hash);
            same_height || (above && self.contradicts_lock())
        })
    }

    fn pin(&mut self, locked: LockedBlock) {
        self.finality.awaited.take_if(|awaited| awaited.height <= locked.height);
        self.finality.pinned = Some(locked);
        self.drop_lost_branches();
    }

    /// The locked block that the best chain does not have.
    pub fn awaited_lock(&self) -> Option<LockedBlock> {
        self.finality.awaited
    }

    /// Whether the best chain has another block where one is locked whose branch has not come yet.
    pub fn contradicts_lock(&self) -> bool {
        self.refuted_by().is_some()
    }

    /// The error that every header on top of the best chain deserves, if it has another block than the locked one.
    pub(super) fn refuted_by(&self) -> Option<HeaderError> {
        let height = self.finality.awaited?.height;
        self.finality.admit(height, &self.at(height)?.hash).err()
    }

    /// Goes on with what another chain of the same blocks knew to be locked.
    pub(crate) fn keep_locks_of(&mut self, other: &Self) {
        let tip = self.tip().height;
        let (above, below) = match other.finality.pinned {
            Some(pinned) if pinned.height > tip => (Some(pinned), None),
            pinned => (None, pinned),
        };
        self.finality.pinned = below;
        self.finality.awaited = other.finality.awaited.or(above);
        self.settle_lock();
    }

    /// Notes that the awaited block is on the best chain, if it is.
    pub(super) fn settle_lock(&mut self) {
        if let Some(locked) = self.finality.awaited
            && self.at(locked.height).is_some_and(|entry| entry.hash == locked.hash)
        {
            self.finality.arrived();
        }
    }

    /// Makes the branch with a locked block the best chain: the one with the most work, if there are several.
    fn move_to(&mut self, locked: LockedBlock) -> Option<Outcome> {
        let (entry, fork) = self.branches.get(&locked.hash)?;
        if entry.height != locked.height {
            return None;
        }
        self.finality.allow(fork).ok()?;
        let end = self.branches.best_end_through(&locked)?;
        let context = self.context_at(&end)?;
        Some(self.reorganize(&end.hash, fork, Vec::new(), context))
    }
}

#[cfg(test)]
mod tests;
