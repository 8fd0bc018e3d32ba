//! Side branches: proven headers that lost to the best chain, kept in case they win.
//!
//! A tree of headers that hangs from the best chain. Bounded by [`MAX_BRANCH_HEADERS`] over all branches: when there is
//! no room, the branch with the least total work goes first, and one with less work than all the others is not taken
//! in. So a flood of cheap branches displaces only cheaper ones.

use crate::chain::{Entry, LockedBlock};
use crate::collections::{SortedSet, sort, sort_by_key};
use dash_num::Arith256;
use dash_protocol::BlockHash;
use std::collections::{HashMap, HashSet};

/// Headers of side branches kept in memory, at most.
pub const MAX_BRANCH_HEADERS: usize = 16_384;

#[derive(Clone, Debug)]
struct Node {
    entry: Entry,
    /// Height of the last header that its branch shares with the best chain.
    fork: u32,
    /// How many nodes follow it.
    children: u32,
}

/// The tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Branches {
    nodes: HashMap<BlockHash, Node>,
    /// The ends of the branches, by total work.
    leaves: SortedSet<(Arith256, BlockHash)>,
}

impl Branches {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A header with the height of its branch's fork.
    pub(crate) fn get(&self, hash: &BlockHash) -> Option<(&Entry, u32)> {
        self.nodes.get(hash).map(|node| (&node.entry, node.fork))
    }

    /// Adds a header whose parent is in the tree or at height `fork` of the best chain.
    pub(crate) fn insert(&mut self, entry: Entry, fork: u32) {
        if let Some(parent) = self.nodes.get_mut(&entry.header.prev_block_hash) {
            if parent.children == 0 {
                self.leaves.remove(&(parent.entry.work, parent.entry.hash));
            }
            parent.children += 1;
        }
        self.leaves.insert((entry.work, entry.hash));
        self.nodes.insert(entry.hash, Node { entry, fork, children: 0 });
    }

    /// Makes room for `count` headers that follow `parent` and end with this total work, by dropping branches with
    /// less work; says whether there is room now. The branch of `parent` itself stays.
    pub(crate) fn make_room(&mut self, count: usize, work: Arith256, parent: &BlockHash) -> bool {
        while self.nodes.len() + count > MAX_BRANCH_HEADERS {
            if !self.drop_weakest(Some(parent), |weakest| weakest < work) {
                return false;
            }
        }
        true
    }

    /// Drops the weakest branches until the bound holds.
    pub(crate) fn enforce_bound(&mut self) {
        while self.nodes.len() > MAX_BRANCH_HEADERS && self.drop_weakest(None, |_| true) {}
    }

    /// Drops every branch that leaves the best chain below a height.
    pub(crate) fn drop_forks_below(&mut self, height: u32) {
        // A branch has one fork height throughout, so what is dropped leaves no parent and no child behind.
        let nodes = &mut self.nodes;
        nodes.retain(|_, node| node.fork >= height);
        self.leaves.retain(|(_, hash)| nodes.contains_key(hash));
    }

    /// The end with the most work of the branches that have a locked block.
    pub(crate) fn best_end_through(&self, locked: &LockedBlock) -> Option<Entry> {
        let with = self.descendants(&[locked.hash]);
        let (_, end) = self.leaves.iter().rev().find(|(_, hash)| with.contains(hash))?;
        self.nodes.get(end).map(|node| node.entry)
    }

    /// Drops what has another block than the locked one at its height, with all that follows. The best chain speaks for
    /// the branches that leave it above.
    pub(crate) fn drop_without(&mut self, locked: LockedBlock, best_is_without: bool) {
        let is_wrong = |node: &Node| match node.fork < locked.height {
            true => node.entry.height == locked.height && node.entry.hash != locked.hash,
            false => best_is_without,
        };
        let wrong: Vec<_> =
            self.nodes.values().filter(|node| is_wrong(node)).map(|node| node.entry.hash).collect();
        if wrong.is_empty() {
            return;
        }
        let gone = self.descendants(&wrong);
        self.nodes.retain(|hash, _| !gone.contains(hash));
        let mut children: HashMap<BlockHash, u32> = HashMap::new();
        for node in self.nodes.values() {
            *children.entry(node.entry.header.prev_block_hash).or_default() += 1;
        }
        self.count_children(&children);
    }

    /// These headers and all that follow them.
    fn descendants(&self, roots: &[BlockHash]) -> HashSet<BlockHash> {
        let mut by_height: Vec<&Entry> = self.nodes.values().map(|node| &node.entry).collect();
        sort_by_key(&mut by_height, |entry| entry.height);
        let mut found: HashSet<BlockHash> = roots.iter().copied().collect();
        for entry in by_height {
            if found.contains(&entry.header.prev_block_hash) {
                found.insert(entry.hash);
            }
        }
        found
    }

    /// Removes the headers from the best chain's end of the branch up to and with `tip`, oldest first. [`rebuild`]
    /// must follow.
    ///
    /// [`rebuild`]: Self::rebuild
    pub(crate) fn take_path(&mut self, tip: &BlockHash) -> Vec<Entry> {
        let mut path = Vec::new();
        let mut next = *tip;
        while let Some(node) = self.nodes.remove(&next) {
            next = node.entry.header.prev_block_hash;
            path.push(node.entry);
        }
        path.reverse();
        path
    }

    /// Works out forks and ends anew after the best chain changed; `disconnected` are headers that left it.
    pub(crate) fn rebuild(
        &mut self,
        disconnected: &[Entry],
        best_height: impl Fn(&BlockHash) -> Option<u32>,
    ) {
        self.nodes
            .extend(disconnected.iter().map(|&entry| (entry.hash, Node { entry, fork: 0, children: 0 })));
        let mut by_height: Vec<_> =
            self.nodes.values().map(|node| (node.entry.height, node.entry.hash)).collect();
        sort(&mut by_height);
        let mut forks = HashMap::new();
        let mut children: HashMap<BlockHash, u32> = HashMap::new();
        for (_, hash) in &by_height {
            let parent = self.nodes[hash].entry.header.prev_block_hash;
            *children.entry(parent).or_default() += 1;
            let fork = best_height(&parent).or_else(|| forks.get(&parent).copied());
            forks.insert(*hash, fork.unwrap_or(0));
        }
        for (hash, node) in &mut self.nodes {
            node.fork = forks[hash];
        }
        self.count_children(&children);
    }

    fn count_children(&mut self, children: &HashMap<BlockHash, u32>) {
        let mut leaves = Vec::new();
        for (hash, node) in &mut self.nodes {
            node.children = children.get(hash).copied().unwrap_or(0);
            if node.children == 0 {
                leaves.push((node.entry.work, *hash));
            }
        }
        // In their order none has to be moved for another.
        sort(&mut leaves);
        self.leaves = leaves.into_iter().collect();
    }

    /// Drops the weakest branch other than the one that ends in `keep`, if its work satisfies the condition; only the
    /// part that no other branch shares goes.
    fn drop_weakest(&mut self, keep: Option<&BlockHash>, condition: impl Fn(Arith256) -> bool) -> bool {
        let weakest = self.leaves.iter().find(|(_, hash)| Some(hash) != keep).copied();
        let Some((work, mut hash)) = weakest.filter(|(work, _)| condition(*work)) else { return false };
        self.leaves.remove(&(work, hash));
        while let Some(node) = self.nodes.remove(&hash) {
            hash = node.entry.header.prev_block_hash;
            let Some(parent) = self.nodes.get_mut(&hash) else { break };
            parent.children -= 1;
            if parent.children > 0 {
                break;
            }
            if Some(&hash) == keep {
                self.leaves.insert((parent.entry.work, hash));
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
