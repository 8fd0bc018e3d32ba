//! Members of rotated quorums, by quarters (protocol.md 9.6; DIP-24, Dash Core `llmq/utils.cpp`).
//!
//! Each cycle, every quorum swaps a quarter of its members. The quarters of the three cycles before follow from their
//! snapshots; the new one takes masternodes that no quorum has first.

use super::list::{List, Node};
use super::members::by_score;
use dash_protocol::{BitSet, ProTxHash, QuorumSnapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One quarter of each quorum of a cycle.
pub type Quarters = Vec<Vec<Arc<Node>>>;

/// How quorums of a rotated type are made up.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Quorums of a cycle.
    pub quorums: usize,
    /// Members of a quarter.
    pub quarter: usize,
}

/// Skips that the walk over the masternodes made, as snapshots write them down.
#[derive(Default)]
struct Skips {
    first: i32,
    list: Vec<i32>,
}

impl Skips {
    fn add(&mut self, place: usize) {
        let place = i32::try_from(place).expect("a list has fewer than 2^31 masternodes");
        self.list.push(place - self.first);
        if self.first == 0 {
            self.first = place;
        }
    }

    /// The places, from what a snapshot has.
    fn places(list: &[i32]) -> Vec<usize> {
        let mut first = 0;
        let absolute = list.iter().map(|&value| {
            let place = first + value;
            if first == 0 {
                first = value;
            }
            usize::try_from(place).unwrap_or(usize::MAX)
        });
        absolute.collect()
    }
}

/// The quarter that a cycle added, from its snapshot, the list at its work block and its modifier.
pub fn old_quarter(list: &List, modifier: &[u8; 32], snapshot: &QuorumSnapshot, shape: Shape) -> Quarters {
    let sorted = by_score(list.nodes(), modifier);
    let in_use = |place: usize| snapshot.active_members.get(place);
    let part = |used: bool| sorted.iter().enumerate().filter(move |&(place, _)| in_use(place) == used);
    let walked: Vec<&Arc<Node>> = part(false).chain(part(true)).map(|(_, node)| node).collect();
    let mut quarters = vec![Vec::new(); shape.quorums];
    let skips = match snapshot.skip_list_mode {
        0 => Vec::new(),
        1 => Skips::places(&snapshot.skip_list),
        _ => return quarters,
    };
    if walked.is_empty() {
        return quarters;
    }
    let mut skips = skips.into_iter().peekable();
    let mut places = (0..walked.len()).cycle();
    for quarter in &mut quarters {
        while quarter.len() < shape.quarter {
            let place = places.next().expect("a cycle has no end");
            if skips.next_if_eq(&place).is_none() {
                quarter.push(Arc::clone(walked[place]));
            }
        }
    }
    quarters
}

/// The quarter that a cycle adds, and its snapshot, given the quarters of the three cycles before, the newest first.
/// None where there are too few masternodes: then all its new quarters are empty and it has no snapshot.
pub fn new_quarter(
    list: &List,
    modifier: &[u8; 32],
    earlier: [&Quarters; 3],
    shape: Shape,
) -> Option<(Quarters, QuorumSnapshot)> {
    let sorted = by_score(list.nodes(), modifier);
    let enabled = list.nodes().iter().filter(|node| node.entry.is_valid).count();
    if enabled < shape.quarter {
        return None;
    }
    let (used, mut used_by) = in_use(list, earlier, shape);
    let fresh = sorted.iter().filter(|node| !used.contains_key(&node.name()));
    let walked: Vec<Arc<Node>> = fresh.cloned().chain(by_score(used.values(), modifier)).collect();
    let (quarters, skips) = walk(&walked, &mut used_by, shape)?;

    let mut bits = vec![false; list.nodes().len()];
    for (bit, node) in bits.iter_mut().zip(&sorted) {
        *bit = used.contains_key(&node.name());
    }
    let snapshot = QuorumSnapshot {
        skip_list_mode: i32::from(!skips.list.is_empty()),
        active_members: BitSet::from_bools(&bits),
        skip_list: skips.list,
    };
    Some((quarters, snapshot))
}

/// Who is a member already, as of the cycle that they joined in: of any quorum, and of each.
fn in_use(
    list: &List,
    earlier: [&Quarters; 3],
    shape: Shape,
) -> (BTreeMap<ProTxHash, Arc<Node>>, Vec<BTreeSet<ProTxHash>>) {
    let mut used = BTreeMap::new();
    let mut used_by = vec![BTreeSet::new(); shape.quorums];
    for (quorum, used_here) in used_by.iter_mut().enumerate() {
        for node in earlier.iter().filter_map(|quarters| quarters.get(quorum)).flatten() {
            if list.get(&node.name()).is_some_and(|now| now.entry.is_valid) {
                used.entry(node.name()).or_insert_with(|| Arc::clone(node));
                used_here.insert(node.name());
            }
        }
    }
    (used, used_by)
}

/// Deals masternodes to the quorums in turn, skipping those that a quorum has; None after a whole round in vain.
fn walk(
    walked: &[Arc<Node>],
    used_by: &mut [BTreeSet<ProTxHash>],
    shape: Shape,
) -> Option<(Quarters, Skips)> {
    let mut quarters = vec![Vec::new(); shape.quorums];
    let mut skips = Skips::default();
    let mut place = 0;
    for (quarter, used) in quarters.iter_mut().zip(used_by) {
        let (before, start) = (used.len(), place);
        let mut progress = false;
        while quarter.len() < shape.quarter && before + quarter.len() < walked.len() {
            let node = &walked[place];
            if used.insert(node.name()) {
                quarter.push(Arc::clone(node));
                progress = true;
            } else {
                skips.add(place);
            }
            place = (place + 1) % walked.len();
            if place == start && !std::mem::take(&mut progress) {
                return None;
            }
        }
    }
    Some((quarters, skips))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_places_survive_the_way_into_a_snapshot_and_back() {
        for places in [vec![], vec![0], vec![0, 0, 3, 4, 1], vec![2, 5, 0, 1], vec![7, 7, 3]] {
            let mut skips = Skips::default();
            places.iter().for_each(|&place| skips.add(place));
            assert_eq!(Skips::places(&skips.list), places);
        }
    }
}
