//! The end of the best chain, in memory, with the side branches that may overtake it.
//!
//! Bounded: [`MEMORY_WINDOW`] headers of the best chain, plus what one call to [`HeaderChain::accept`] connected,
//! until the next call or [`HeaderChain::trim`]; [`MAX_BRANCH_HEADERS`] headers of side branches. A peer cannot make it
//! larger, and cannot displace the best chain or a better branch without more work than it has. A branch from below
//! memory is proven by a [`RivalChain`] instead.
//!
//! [`MAX_BRANCH_HEADERS`]: crate::chain::MAX_BRANCH_HEADERS

use crate::chain::branches::Branches;
use crate::chain::context::Context;
use crate::chain::rules::{HeaderError, Rules};
use crate::chain::window::Window;
use crate::chain::work::{WorkCache, work_of};
use crate::chain::{Entry, RivalChain, checkpoints, locator, pow};
use crate::collections::sort_by_key;
use crate::store::{HeaderRun, Segment};
use dash_protocol::{BlockHash, Header, NetworkParams};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

mod accept;
mod locks;

pub use accept::{Accepted, Outcome};
pub(crate) use locks::Finality;
pub use locks::{LockOutcome, LockedBlock};

/// Headers of the best chain kept in memory.
pub const MEMORY_WINDOW: usize = 8_192;

/// Anchors kept for locators, at most.
const MAX_ANCHORS: usize = 256;

/// The end of a chain segment kept in memory with the side branches that were proven on it.
#[derive(Clone, Debug)]
pub struct HeaderChain {
    rules: Rules,
    /// Heights without gaps, ending with the tip.
    best: Window,
    /// What the rules see from the tip.
    context: Context,
    works: WorkCache,
    branches: Branches,
    finality: Finality,
    /// Hashes below memory for locators, by falling height.
    anchors: Vec<(u32, BlockHash)>,
}

impl HeaderChain {
    /// A chain that begins at a start whose own validity is a matter of trust: a checkpoint with its ancestors (oldest
    /// first), or genesis, which has none. No branch may ever fork off below it.
    ///
    /// # Errors
    /// [`HeaderError::NotLinked`] or [`HeaderError::WrongHash`] if the ancestors do not lead to the start by their
    /// hashes, [`HeaderError::MissingContext`] if the rules need more of them.
    pub fn from_start(
        params: Arc<NetworkParams>,
        start: Entry,
        ancestors: &[Header],
    ) -> Result<Self, HeaderError> {
        let best = link_ancestors(start, ancestors)?;
        let checkpoint = start.height;
        Self::assemble(Rules::new(params), best, Finality::above(checkpoint))
    }

    /// The chain whose end a store kept. The store is trusted to have written what was proven; that it gave all of it
    /// back is checked by the links and the tip's hash.
    ///
    /// # Errors
    /// [`HeaderError::Damaged`] if the run does not end in the segment's tip or is not linked,
    /// [`HeaderError::MissingContext`] if it is shorter than the rules need.
    pub fn from_tail(
        params: Arc<NetworkParams>,
        segment: &Segment,
        tail: &HeaderRun,
    ) -> Result<Self, HeaderError> {
        let damaged = |height| HeaderError::Damaged { height };
        let (raw, rest) = tail.raw.as_chunks::<{ Header::LEN }>();
        let tip = raw.last().ok_or(damaged(segment.tip))?;
        let last = tail.first_height.checked_add(raw.len() as u32 - 1);
        let complete = rest.is_empty() && raw.len() == tail.hashes.len() && last == Some(segment.tip);
        if !complete || tail.hashes.last() != Some(&segment.tip_hash) || pow::x11(tip) != segment.tip_hash {
            return Err(damaged(segment.tip));
        }
        let mut best = VecDeque::with_capacity(MEMORY_WINDOW.min(raw.len()));
        let (mut expected, mut work) = (segment.tip_hash, segment.tip_work);
        let newest_first = raw.iter().zip(&tail.hashes).rev().zip((tail.first_height..=segment.tip).rev());
        for ((raw, hash), height) in newest_first.take(MEMORY_WINDOW) {
            let header = Header::from_bytes(raw);
            let own_work = work_of(header.bits.to_bits());
            if *hash != expected || own_work > work {
                return Err(damaged(height));
            }
            best.push_front(Entry { header, hash: *hash, height, work });
            expected = header.prev_block_hash;
            work = work.wrapping_sub(own_work);
        }
        let passed = checkpoints::at_or_below(&params, segment.tip).map_or(0, |checkpoint| checkpoint.height);
        let finality = Finality::above(passed.max(segment.start));
        Self::assemble(Rules::new(params), best, finality)
    }

    pub(crate) fn assemble(
        rules: Rules,
        best: VecDeque<Entry>,
        finality: Finality,
    ) -> Result<Self, HeaderError> {
        let height = best.back().map_or(0, |tip| tip.height);
        let context = Context::new(&rules, height, best.iter().map(|entry| &entry.header))?;
        Ok(Self {
            rules,
            best: Window::new(best, MEMORY_WINDOW),
            context,
            works: WorkCache::default(),
            branches: Branches::default(),
            finality,
            anchors: Vec::new(),
        })
    }

    /// The rules by which headers are checked.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The header at the end of the best chain: of the one with the most work that no lock speaks against; among equals,
    /// of the one seen first.
    pub fn tip(&self) -> &Entry {
        self.best.entries().back().expect("a chain has its start at least")
    }

    /// The lowest height in memory.
    pub fn base_height(&self) -> u32 {
        self.best.entries().front().expect("a chain has its start at least").height
    }

    /// The height below which no branch may leave the best chain: the start, the last checkpoint passed, or the highest
    /// [locked](Self::lock) block.
    pub fn final_height(&self) -> u32 {
        self.finality.floor()
    }

    /// The header of the best chain at a height, if it is in memory.
    pub fn at(&self, height: u32) -> Option<&Entry> {
        self.best.at(height)
    }

    /// A header of the best chain or of a branch by its hash, if it is in memory.
    pub fn find(&self, hash: &BlockHash) -> Option<&Entry> {
        self.best.find(hash).or_else(|| self.branches.get(hash).map(|(entry, _)| entry))
    }

    /// Whether the header with this hash is in memory and on the best chain.
    pub fn is_best(&self, hash: &BlockHash) -> bool {
        self.best.find(hash).is_some()
    }

    /// How many headers of side branches are kept.
    pub fn branch_headers(&self) -> usize {
        self.branches.len()
    }

    /// What the rules see from the tip.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The headers of the best chain from one height to another, both included, ready to store. `None` unless all are
    /// in memory.
    pub fn run(&self, from: u32, to: u32) -> Option<HeaderRun> {
        self.at(from)?;
        self.at(to)?;
        let first = (from - self.base_height()) as usize;
        let count = (to.checked_sub(from)? + 1) as usize;
        let entries = self.best.entries().range(first..first + count);
        let mut hashes = Vec::with_capacity(count);
        hashes.extend(entries.clone().map(|entry| entry.hash));
        Some(HeaderRun { first_height: from, raw: Header::join(entries.map(|entry| &entry.header)), hashes })
    }

    /// By which hashes a peer finds the last header that it shares with us: at most
    /// [`MAX_LOCATOR`](locator::MAX_LOCATOR), from the tip back to genesis, below memory by way of the anchors and
    /// the checkpoints.
    pub fn locator(&self) -> Vec<BlockHash> {
        let (params, base) = (self.rules.params(), self.base_height());
        let passed = params.checkpoints.iter().map(|checkpoint| (checkpoint.height, checkpoint.hash));
        let mut anchors: Vec<_> = passed.chain(self.anchors.iter().copied()).collect();
        anchors.retain(|(height, _)| *height < base);
        sort_by_key(&mut anchors, |anchor| Reverse(*anchor));
        anchors.dedup();
        let at = |height| self.at(height).map(|entry| entry.hash);
        locator::build(self.tip().height, base, at, anchors.into_iter(), params.genesis_hash)
    }

    /// Gives hashes of the best chain below memory, for locators. The 256 highest are kept.
    pub fn set_anchors(&mut self, mut anchors: Vec<(u32, BlockHash)>) {
        sort_by_key(&mut anchors, |anchor| Reverse(*anchor));
        anchors.truncate(MAX_ANCHORS);
        self.anchors = anchors;
    }

    /// Drops what exceeds [`MEMORY_WINDOW`], oldest first, and the branches that hung from it. [`accept`](Self::accept)
    /// begins with it, so that what it connected can be read until the next call.
    pub fn trim(&mut self) {
        self.best.keep_last(MEMORY_WINDOW);
        self.drop_lost_branches();
    }

    /// Begins the proof of a branch that leaves the best chain at `fork`, a header below memory, given its ancestors
    /// from the store (oldest first).
    ///
    /// # Errors
    /// [`HeaderError::BelowCheckpoint`] or [`HeaderError::BelowPin`] if nothing may fork off there, and what
    /// [`HeaderChain::from_start`] says of the ancestors.
    pub fn rival(&self, fork: Entry, ancestors: &[Header]) -> Result<RivalChain, HeaderError> {
        self.finality.allow(fork.height)?;
        RivalChain::new(self.rules.clone(), self.finality, fork, ancestors)
    }

    fn drop_lost_branches(&mut self) {
        if self.branches.len() > 0 {
            self.branches.drop_forks_below(self.final_height().max(self.base_height()));
        }
    }

    pub(crate) fn pass_checkpoints(&mut self) {
        if let Some(checkpoint) = checkpoints::at_or_below(self.rules.params(), self.tip().height) {
            self.finality.checkpoint = self.finality.checkpoint.max(checkpoint.height);
        }
    }
}

/// Entries for a header and its ancestors, whose hashes are computed and must lead to it.
pub(crate) fn link_ancestors(last: Entry, ancestors: &[Header]) -> Result<VecDeque<Entry>, HeaderError> {
    let found = pow::x11(&last.header.to_bytes());
    if found != last.hash {
        return Err(HeaderError::WrongHash { expected: last.hash, found });
    }
    let mut linked = VecDeque::from([last]);
    let mut next = last;
    for header in ancestors.iter().rev() {
        let hash = pow::x11(&header.to_bytes());
        if hash != next.header.prev_block_hash {
            return Err(HeaderError::NotLinked { expected: hash, found: next.header.prev_block_hash });
        }
        let height = next.height.checked_sub(1).ok_or(HeaderError::Damaged { height: 0 })?;
        // Only differences of work matter below a start, so that a wrong one may wrap.
        let work = next.work.wrapping_sub(work_of(next.header.bits.to_bits()));
        next = Entry { header: *header, hash, height, work };
        linked.push_front(next);
    }
    Ok(linked)
}

#[cfg(test)]
mod tests;
