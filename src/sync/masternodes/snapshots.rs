//! Snapshots of rotation, which no block commits to: one peer's word until the quorums that they lead to are verified.
//!
//! A snapshot is *claimed* when it comes, *proven* once members computed with it signed a commitment, and *agreed*
//! when a second peer gave the very one that did not lead to a proof: then the fault is hardly the peer's, and the quorums
//! stay unverified until others are asked. Bounded: [`MAX_SNAPSHOTS`] cycles, and [`MAX_REJECTED`] rejected ones each.

use super::book::MAX_SNAPSHOTS;
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::ConnId;
use dash_protocol::{BlockHash, QuorumSnapshot};
use std::sync::Arc;

/// Rejected snapshots remembered for a cycle.
const MAX_REJECTED: usize = 8;

/// How much a snapshot is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A peer gave it.
    Claimed,
    /// Members computed with it signed.
    Proven,
    /// Two peers gave it, and members computed with it did not sign.
    Agreed,
}

#[derive(Clone, Debug)]
struct Kept {
    snapshot: Arc<QuorumSnapshot>,
    source: Option<ConnId>,
    /// The work block that it belongs to.
    block: BlockHash,
    standing: Standing,
}

/// What became of a snapshot that a peer gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It is used from now on.
    Taken,
    /// It is the one that is there, or one that is no better.
    Known,
    /// It differs from one that is proven: a lie.
    Contradicts,
}

/// Snapshots by the base height of their cycle.
#[derive(Clone, Debug, Default)]
pub struct Snapshots {
    kept: SortedMap<u32, Kept>,
    rejected: SortedMap<u32, Vec<(Arc<QuorumSnapshot>, ConnId)>>,
}

impl Snapshots {
    /// The snapshot to use for a cycle.
    pub fn get(&self, cycle: u32) -> Option<&Arc<QuorumSnapshot>> {
        self.kept.get(&cycle).map(|kept| &kept.snapshot)
    }

    /// How much the snapshot of a cycle is worth.
    #[cfg(test)]
    fn standing(&self, cycle: u32) -> Option<Standing> {
        self.kept.get(&cycle).map(|kept| kept.standing)
    }

    /// Proven snapshots with their cycles and work blocks, to be stored.
    pub fn proven(&self) -> impl Iterator<Item = (u32, BlockHash, &Arc<QuorumSnapshot>)> {
        let proven = self.kept.iter().filter(|(_, kept)| kept.standing == Standing::Proven);
        proven.map(|(cycle, kept)| (*cycle, kept.block, &kept.snapshot))
    }

    /// Puts back a proven snapshot as it was stored.
    pub fn restore(&mut self, cycle: u32, block: BlockHash, snapshot: QuorumSnapshot) {
        let kept = Kept { snapshot: Arc::new(snapshot), source: None, block, standing: Standing::Proven };
        self.kept.insert(cycle, kept);
    }

    /// Takes what a peer gave.
    pub fn offer(
        &mut self,
        cycle: u32,
        block: BlockHash,
        snapshot: QuorumSnapshot,
        source: ConnId,
    ) -> Offered {
        if let Some(kept) = self.kept.get(&cycle) {
            let same = *kept.snapshot == snapshot;
            return if kept.standing == Standing::Proven && !same {
                Offered::Contradicts
            } else {
                Offered::Known
            };
        }
        let rejected = self.rejected.get(&cycle).map_or(&[][..], Vec::as_slice);
        let standing = match rejected.iter().find(|(other, _)| **other == snapshot) {
            Some((_, other)) if *other == source => return Offered::Known,
            Some(_) => Standing::Agreed,
            None => Standing::Claimed,
        };
        let kept = Kept { snapshot: Arc::new(snapshot), source: Some(source), block, standing };
        self.kept.insert(cycle, kept);
        if self.kept.len() > MAX_SNAPSHOTS {
            self.kept.pop_first();
        }
        Offered::Taken
    }

    /// Members computed with these cycles' snapshots signed. Returns the peers that gave others.
    pub fn prove(&mut self, cycles: impl IntoIterator<Item = u32>) -> Vec<ConnId> {
        let mut liars = Vec::new();
        for cycle in cycles {
            let Some(kept) = self.kept.get_mut(&cycle) else { continue };
            kept.standing = Standing::Proven;
            for (snapshot, source) in self.rejected.remove(&cycle).unwrap_or_default() {
                if snapshot != kept.snapshot {
                    liars.push(source);
                }
            }
        }
        liars
    }

    /// Members computed with these cycles' snapshots did not sign: those that one peer merely claimed are asked for
    /// again elsewhere. Returns whether there are such.
    pub fn doubt(&mut self, cycles: impl IntoIterator<Item = u32>) -> bool {
        self.reject(cycles, Standing::Claimed)
    }

    /// The word of two peers on these cycles counts no longer: others are asked.
    pub fn reopen(&mut self, cycles: impl IntoIterator<Item = u32>) {
        self.reject(cycles, Standing::Agreed);
    }

    /// Whether members computed with the snapshot of a cycle signed.
    pub fn is_proven(&self, cycle: u32) -> bool {
        self.kept.get(&cycle).is_some_and(|kept| kept.standing == Standing::Proven)
    }

    fn reject(&mut self, cycles: impl IntoIterator<Item = u32>, standing: Standing) -> bool {
        let mut any = false;
        for cycle in cycles {
            let Some(kept) = self.kept.get(&cycle).filter(|kept| kept.standing == standing) else { continue };
            let Some(source) = kept.source else { continue };
            let rejected = self.rejected.entry(cycle).or_default();
            if rejected.len() == MAX_REJECTED {
                rejected.remove(0);
            }
            rejected.push((Arc::clone(&kept.snapshot), source));
            self.kept.remove(&cycle);
            any = true;
        }
        any
    }

    /// Who gave the merely claimed snapshots among these cycles', each once.
    pub fn sources(&self, cycles: &[u32]) -> Vec<ConnId> {
        let claimed = cycles
            .iter()
            .filter_map(|cycle| self.kept.get(cycle))
            .filter(|kept| kept.standing == Standing::Claimed);
        claimed.filter_map(|kept| kept.source).collect::<SortedSet<ConnId>>().into_iter().gather()
    }

    /// The peers whose word on a cycle did not lead to a proof: others are asked.
    pub fn doubted(&self, cycle: u32) -> impl Iterator<Item = ConnId> {
        self.rejected.get(&cycle).into_iter().flatten().map(|(_, source)| *source)
    }

    /// Drops what does not hang on the best chain any more, and what is older than the lowest cycle wanted.
    pub fn retain(&mut self, keep: impl Fn(u32, &BlockHash) -> bool) {
        self.kept.retain(|cycle, kept| keep(*cycle, &kept.block));
        let kept = &self.kept;
        let newest = kept.keys().next_back().copied();
        let oldest = kept.keys().next().copied().or(newest).unwrap_or(0);
        self.rejected.retain(|cycle, _| *cycle >= oldest.saturating_sub(1));
        while self.rejected.len() > MAX_SNAPSHOTS {
            self.rejected.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::BitSet;

    fn snapshot(skip: i32) -> QuorumSnapshot {
        QuorumSnapshot { skip_list_mode: 1, active_members: BitSet::default(), skip_list: vec![skip] }
    }

    const BLOCK: BlockHash = BlockHash::ZERO;
    const FIRST: ConnId = ConnId(1);
    const SECOND: ConnId = ConnId(2);

    #[test]
    fn another_snapshot_that_proves_convicts_the_first_peer() {
        let mut snapshots = Snapshots::default();
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(1), FIRST), Offered::Taken);
        assert!(snapshots.doubt([288]));
        assert!(snapshots.get(288).is_none());
        assert_eq!(snapshots.doubted(288).collect::<Vec<_>>(), [FIRST]);
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(2), SECOND), Offered::Taken);
        assert_eq!(snapshots.prove([288]), [FIRST]);
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(3), FIRST), Offered::Contradicts);
    }

    #[test]
    fn the_same_snapshot_from_two_peers_convicts_nobody() {
        let mut snapshots = Snapshots::default();
        snapshots.offer(288, BLOCK, snapshot(1), FIRST);
        snapshots.doubt([288]);
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(1), FIRST), Offered::Known);
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(1), SECOND), Offered::Taken);
        assert_eq!(snapshots.standing(288), Some(Standing::Agreed));
        assert!(!snapshots.doubt([288]), "asking on would bring nothing new");
    }

    #[test]
    fn the_word_of_two_peers_is_open_again_for_a_third() {
        let mut snapshots = Snapshots::default();
        snapshots.offer(288, BLOCK, snapshot(1), FIRST);
        snapshots.doubt([288]);
        snapshots.offer(288, BLOCK, snapshot(1), SECOND);
        snapshots.reopen([288]);
        assert!(snapshots.get(288).is_none());
        assert_eq!(snapshots.doubted(288).collect::<Vec<_>>(), [FIRST, SECOND]);
        assert_eq!(snapshots.offer(288, BLOCK, snapshot(2), ConnId(3)), Offered::Taken);
        assert_eq!(snapshots.prove([288]), [FIRST, SECOND]);
        snapshots.reopen([288]);
        assert!(snapshots.is_proven(288), "a proof is not open again");
    }

    #[test]
    fn what_one_peer_says_again_and_again_is_bounded() {
        let mut snapshots = Snapshots::default();
        for round in 0..3 * MAX_REJECTED as i32 {
            snapshots.offer(288, BLOCK, snapshot(round), FIRST);
            snapshots.doubt([288]);
        }
        assert_eq!(snapshots.doubted(288).count(), MAX_REJECTED);
    }
}
