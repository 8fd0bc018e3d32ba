//! What nodes answer to `getmnlistd` and `getqrinfo` (protocol.md 8 and 9).

use super::ledger::{Block, View, WORK_DEPTH};
use dash_protocol::{BlockHash, BlsSignature, MnListDiff, PartialMerkleTree, QRInfo, QuorumSnapshot};
use std::collections::{BTreeMap, BTreeSet};

impl View<'_> {
    /// What changed between two heights, with the base named as given. None for blocks that the network begins with,
    /// and for a base above the block.
    pub fn list_diff(&self, named: BlockHash, base: u32, height: u32) -> Option<MnListDiff> {
        let (old, new) = (self.block(base)?, self.block(height)?);
        let coinbase = new.coinbase.as_deref()?.clone();
        if base > height {
            return None;
        }
        let gone = old.list.nodes().iter().map(|node| node.name());
        let changed = new
            .list
            .nodes()
            .iter()
            .filter(|node| old.list.get(&node.name()).is_none_or(|before| before.entry != node.entry));
        let gone_quorums =
            old.active.iter().filter(|quorum| new.active.get(quorum.llmq_type(), &quorum.hash()).is_none());
        let new_quorums: Vec<_> = new
            .active
            .iter()
            .filter(|quorum| old.active.get(quorum.llmq_type(), &quorum.hash()).is_none())
            .collect();
        let bases = new_quorums.iter().map(|quorum| quorum.height - quorum.index);
        let matched: Vec<bool> = (0..new.txids.len()).map(|place| place == 0).collect();
        Some(MnListDiff {
            version: 1,
            base_block_hash: named,
            block_hash: self.hashes[height as usize],
            coinbase_tree: PartialMerkleTree::build(&new.txids, &matched),
            coinbase,
            deleted: gone.filter(|name| new.list.get(name).is_none()).collect(),
            entries: changed.map(|node| node.entry.clone()).collect(),
            deleted_quorums: gone_quorums.map(|quorum| (quorum.llmq_type(), quorum.hash())).collect(),
            quorum_signatures: self.quorum_signatures(height, bases),
            new_quorums: new_quorums.iter().map(|quorum| quorum.commitment.clone()).collect(),
        })
    }

    /// The ChainLock signature in each quorum's work block, null without one, with the places of the quorums that it
    /// is for.
    fn quorum_signatures(
        &self,
        height: u32,
        bases: impl Iterator<Item = u32>,
    ) -> Vec<(BlsSignature, Vec<u16>)> {
        if height + 1 < self.params.activation.v20 {
            return Vec::new();
        }
        let mut places: BTreeMap<BlsSignature, Vec<u16>> = BTreeMap::new();
        for (place, base) in (0u16..).zip(bases) {
            let lock = base
                .checked_sub(WORK_DEPTH)
                .and_then(|work| self.block(work))
                .and_then(|work| work.best_lock);
            places.entry(lock.map_or(BlsSignature::NULL, |lock| lock.signature)).or_default().push(place);
        }
        places.into_iter().collect()
    }

    /// The answer to `getqrinfo` for a block, to somebody who has the lists of some; None where the node has none.
    pub fn qrinfo(&self, requested: u32, bases: BTreeSet<u32>, extra_share: bool) -> Option<QRInfo> {
        Rotation::new(*self, requested, extra_share)?.answer(bases)
    }
}

/// An answer in the making.
struct Rotation<'a> {
    view: View<'a>,
    requested: u32,
    /// Base of the requested cycle, and length of a cycle.
    base: u32,
    interval: u32,
    extra_share: bool,
}

impl<'a> Rotation<'a> {
    fn new(view: View<'a>, requested: u32, extra_share: bool) -> Option<Self> {
        let interval = view.params.llmq(view.params.llmq_types.instantsend)?.interval;
        Some(Self { view, requested, base: requested - requested % interval, interval, extra_share })
    }

    /// The base so many cycles before the requested one.
    fn back(&self, cycles: u32) -> Option<u32> {
        self.base.checked_sub(cycles * self.interval)
    }

    fn snapshot(&self, base: u32) -> Option<QuorumSnapshot> {
        self.view.cycle_of(self.view.params.llmq_types.instantsend, base)?.snapshot.clone()
    }

    fn block(&self, height: u32) -> Option<&'a Block> {
        self.view.block(height)
    }

    /// The diff to a height from the highest base that is not above it, and the height as a base for those to come.
    fn diff(&self, bases: &mut BTreeSet<u32>, height: u32) -> Option<MnListDiff> {
        let base = bases.range(..=height).next_back().copied().unwrap_or(0);
        let diff = self.view.list_diff(self.view.hashes[base as usize], base, height)?;
        bases.insert(height);
        Some(diff)
    }

    fn work_diff(&self, bases: &mut BTreeSet<u32>, cycle: u32) -> Option<MnListDiff> {
        self.diff(bases, cycle.checked_sub(WORK_DEPTH)?)
    }

    /// The cycles that the newest commitments need beyond those that are sent anyway.
    fn older(&self) -> Option<BTreeSet<u32>> {
        let mut cycles = BTreeSet::new();
        let quorums = self.block(self.requested)?.active.of_type(self.view.params.llmq_types.instantsend);
        for quorum in quorums {
            let cycle = quorum.height - quorum.index;
            for back in 1..=3 {
                cycles.insert(cycle.checked_sub(back * self.interval)?);
            }
        }
        for back in 1..=if self.extra_share { 4 } else { 3 } {
            cycles.remove(&self.back(back)?);
        }
        Some(cycles)
    }

    fn answer(&self, mut bases: BTreeSet<u32>) -> Option<QRInfo> {
        let bases = &mut bases;
        let mut older = Vec::new();
        for cycle in self.older()? {
            older.push((self.snapshot(cycle)?, self.work_diff(bases, cycle)?));
        }
        let h_minus_4c = match self.extra_share.then(|| self.back(4)) {
            Some(cycle) => Some((self.snapshot(cycle?)?, self.work_diff(bases, cycle?)?)),
            None => None,
        };
        let [one, two, three] = [self.back(1)?, self.back(2)?, self.back(3)?];
        let quorums = self.block(self.requested)?.active.of_type(self.view.params.llmq_types.instantsend);
        // The order decides which base each diff has.
        let diff_h_minus_3c = self.work_diff(bases, three)?;
        let diff_h_minus_2c = self.work_diff(bases, two)?;
        let diff_h_minus_c = self.work_diff(bases, one)?;
        let diff_h = self.work_diff(bases, self.base)?;
        let diff_tip = self.diff(bases, self.view.hashes.len() as u32 - 1)?;
        Some(QRInfo {
            snapshot_h_minus_c: self.snapshot(one)?,
            snapshot_h_minus_2c: self.snapshot(two)?,
            snapshot_h_minus_3c: self.snapshot(three)?,
            diff_tip,
            diff_h,
            diff_h_minus_c,
            diff_h_minus_2c,
            diff_h_minus_3c,
            h_minus_4c,
            last_commitments: quorums.iter().map(|quorum| quorum.commitment.clone()).collect(),
            older,
        })
    }
}
