//! The new quarter of a cycle: masternodes that are in no quorum of the last three cycles first, then the others, but
//! none twice in a quorum.

use super::{ByQuorum, Cycle, no_members, quarter_size};
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::masternodes::MasternodeEntry;
use crate::masternodes::members::sorted;
use crate::masternodes::modifier::{cycle_modifier, v19_after};
use dash_protocol::{BitSet, LlmqParams, NetworkKind, NetworkParams, ProTxHash, QuorumSnapshot};
use std::sync::Arc;

/// A computed new quarter, and what a snapshot says of it.
pub(super) struct Newest {
    /// The members that each quorum gets.
    pub(super) quarters: ByQuorum,
    /// The masternodes that were in use.
    pub(super) in_use: SortedMap<ProTxHash, Arc<MasternodeEntry>>,
    /// The places skipped, as a snapshot lists them.
    skip_list: Vec<i32>,
}

impl Newest {
    /// The new quarter of the cycle `h`, given those of the three before; none if there are not enough masternodes.
    pub(super) fn compute(
        params: &NetworkParams,
        llmq: &LlmqParams,
        h: &Cycle<'_>,
        older: &[ByQuorum; 3],
    ) -> Option<Self> {
        let list = h.state.list();
        if list.iter().filter(|entry| entry.is_valid()).count() < quarter_size(llmq) {
            return None;
        }
        let (in_use, by_quorum) = in_use(params, llmq, h, older);
        let modifier = cycle_modifier(params, llmq, h.state);
        let mut order = sorted(list.iter().filter(|e| !in_use.contains_key(e.pro_tx_hash())), &modifier);
        // Those in use count as they were when they were chosen: their keys may differ from the list's.
        order.extend(sorted(in_use.values(), &modifier));
        let (quarters, skip_list) = Walk::new(&order).quarters(llmq, by_quorum)?;
        Some(Self { quarters, in_use, skip_list })
    }

    /// What nodes keep of it.
    pub(super) fn snapshot(
        &self,
        params: &NetworkParams,
        llmq: &LlmqParams,
        h: &Cycle<'_>,
    ) -> QuorumSnapshot {
        let list = h.state.list();
        let by_score = sorted(list.iter(), &cycle_modifier(params, llmq, h.state));
        let mut bits: Vec<bool> = by_score.iter().map(|e| self.in_use.contains_key(e.pro_tx_hash())).gather();
        bits.resize(list.len(), false);
        QuorumSnapshot {
            skip_list_mode: i32::from(!self.skip_list.is_empty()),
            active_members: BitSet::from_bools(&bits),
            skip_list: self.skip_list.clone(),
        }
    }
}

/// The masternodes that the older quarters have and that can still serve: of all quorums, and the names of each.
fn in_use(
    params: &NetworkParams,
    llmq: &LlmqParams,
    h: &Cycle<'_>,
    older: &[ByQuorum; 3],
) -> (SortedMap<ProTxHash, Arc<MasternodeEntry>>, Vec<SortedSet<ProTxHash>>) {
    // Before V19 masternodes that had left the list stayed in use, but not on testnet.
    let forget_removed = params.kind == NetworkKind::Testnet || v19_after(params, h.base_height);
    let serves = |entry: &MasternodeEntry| {
        h.state.list().get(entry.pro_tx_hash()).map_or(!forget_removed, |now| now.is_valid())
    };
    let mut all = SortedMap::new();
    let mut by_quorum = vec![SortedSet::new(); llmq.active as usize];
    for (index, names) in by_quorum.iter_mut().enumerate() {
        let members = older.iter().flat_map(|quarters| &quarters[index]);
        for entry in members.filter(|entry| serves(entry)) {
            all.entry(*entry.pro_tx_hash()).or_insert_with(|| entry.clone());
            names.insert(*entry.pro_tx_hash());
        }
    }
    (all, by_quorum)
}

/// Goes round the masternodes in their order, on and on from quorum to quorum.
struct Walk<'a> {
    order: &'a [Arc<MasternodeEntry>],
    place: usize,
    first_skipped: usize,
    skip_list: Vec<i32>,
}

impl<'a> Walk<'a> {
    const fn new(order: &'a [Arc<MasternodeEntry>]) -> Self {
        Self { order, place: 0, first_skipped: 0, skip_list: Vec::new() }
    }

    /// Fills the quarters of all quorums, given who is in each; also the skip list. None if a whole round adds nobody.
    fn quarters(
        mut self,
        llmq: &LlmqParams,
        in_quorums: Vec<SortedSet<ProTxHash>>,
    ) -> Option<(ByQuorum, Vec<i32>)> {
        let mut quarters = no_members(llmq);
        for (quarter, names) in quarters.iter_mut().zip(in_quorums) {
            self.fill(quarter, names, quarter_size(llmq))?;
        }
        Some((quarters, self.skip_list))
    }

    fn fill(
        &mut self,
        quarter: &mut Vec<Arc<MasternodeEntry>>,
        mut names: SortedSet<ProTxHash>,
        size: usize,
    ) -> Option<()> {
        let (start, in_use) = (self.place, names.len());
        let mut added = false;
        while quarter.len() < size && in_use + quarter.len() < self.order.len() {
            let entry = &self.order[self.place];
            if names.insert(*entry.pro_tx_hash()) {
                quarter.push(entry.clone());
                added = true;
            } else {
                self.skip();
            }
            self.place = (self.place + 1) % self.order.len();
            if self.place == start {
                if !added {
                    return None;
                }
                added = false;
            }
        }
        Some(())
    }

    /// Notes that this place is skipped: absolutely while the first one noted is 0, else as an offset from it.
    fn skip(&mut self) {
        let offset = self.place as i64 - self.first_skipped as i64;
        if self.first_skipped == 0 {
            self.first_skipped = self.place;
        }
        self.skip_list.push(i32::try_from(offset).expect("a list has less than 2^31 masternodes"));
    }
}
