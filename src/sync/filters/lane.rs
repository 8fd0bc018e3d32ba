//! A search through filters, in height order: what of it is there, what is asked for, what it found.
//!
//! A lane looks for its elements from one height to another. Ahead of the height that it has come to, filters of a few
//! parts are fetched and matched side by side, blocks that match are fetched, and all is taken in by height: a height is
//! done when its filter was matched with everything that was known by then, and its block, if it matched, was taken in.
//! What a block brings to light ([`Lane::look_for`]) is looked for in everything above that is at hand.
//!
//! **Bounds.** [`MOST_PARTS`] parts of [`PART`] filters each, whose hashes were known before they came, and the blocks
//! that [`MOST_BLOCKS`] allows; peers can make it hold no more.

use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::FilterBatch;
use crate::wallet::gap::Script;
use dash_protocol::{Block, BlockHash, FilterHash, MerkleRoot};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Filters of one request, and of one piece of work.
pub(super) const PART: u32 = 250;
/// Parts at hand.
pub(super) const MOST_PARTS: usize = 16;
/// Blocks fetched ahead of their turn.
pub(super) const MOST_BLOCKS: usize = 16;

/// A block as far as its header tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockInfo {
    pub hash: BlockHash,
    pub merkle_root: MerkleRoot,
    /// Seconds since 1970.
    pub time: u32,
}

/// Consecutive blocks with the hashes of their filters.
#[derive(Debug)]
pub(super) struct Part {
    /// Tells it from others of the same blocks: work for those counts for nothing here.
    serial: u64,
    /// Height of the first.
    pub start: u32,
    pub blocks: Vec<BlockInfo>,
    /// None where the block has to be searched itself.
    pub hashes: Vec<Option<FilterHash>>,
    /// The filters, once they are there.
    filters: Option<Arc<Vec<Vec<u8>>>>,
    /// What has yet to be looked for in them.
    queries: VecDeque<Arc<Vec<Script>>>,
    /// Work under way.
    jobs: u32,
    /// Heights whose blocks are wanted.
    matched: SortedSet<u32>,
}

impl Part {
    pub fn new(start: u32, blocks: Vec<BlockInfo>, hashes: Vec<Option<FilterHash>>) -> Self {
        let undecided = (start..).zip(&hashes).filter(|(_, hash)| hash.is_none()).map(|(height, _)| height);
        let matched = undecided.collect();
        Self { serial: 0, start, blocks, hashes, filters: None, queries: VecDeque::new(), jobs: 0, matched }
    }

    /// Height of the last.
    pub fn stop(&self) -> u32 {
        self.start + self.blocks.len() as u32 - 1
    }

    /// Hash of the last.
    pub fn stop_hash(&self) -> BlockHash {
        self.blocks.last().map_or(BlockHash::ZERO, |block| block.hash)
    }

    /// Whether filters are still to come.
    pub fn wants_filters(&self) -> bool {
        self.filters.is_none()
    }

    /// Whether everything was looked for.
    fn is_matched(&self) -> bool {
        self.filters.is_some() && self.queries.is_empty() && self.jobs == 0
    }

    fn info(&self, height: u32) -> Option<&BlockInfo> {
        self.blocks.get(height.checked_sub(self.start)? as usize)
    }
}

/// A piece of work: look for these in a part's filters.
#[derive(Clone, Debug)]
pub(super) struct Match {
    serial: u64,
    /// Height of the part's first block.
    pub start: u32,
    pub elements: Arc<Vec<Script>>,
    pub blocks: Vec<BlockHash>,
    pub filters: Arc<Vec<Vec<u8>>>,
}

impl Match {
    /// As workers take it.
    pub fn to_compute(&self) -> FilterBatch {
        let elements = self.elements.iter().map(|element| element.to_vec()).gather();
        let filters = self.blocks.iter().copied().zip(self.filters.iter().cloned()).gather();
        FilterBatch { elements, filters }
    }
}

/// The next thing that a lane can take in.
#[derive(Debug)]
pub(super) enum Turn {
    /// The rest of a part holds nothing.
    Passed,
    /// This block's turn has come.
    Block { height: u32, info: BlockInfo, block: Box<Block> },
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Lane {
    elements: Arc<Vec<Script>>,
    /// The first height that is not done.
    pub next: u32,
    /// The last one to be done.
    pub end: u32,
    /// By the height of their first block, without gaps from the one on that holds `next`.
    parts: SortedMap<u32, Part>,
    /// Blocks that match, proven, waiting for their turn.
    blocks: SortedMap<u32, Box<Block>>,
    /// Of the last part that was added.
    serial: u64,
}

impl Lane {
    /// A lane that looks for these.
    pub fn new(elements: Vec<Script>, next: u32, end: u32) -> Self {
        Self { elements: Arc::new(elements), next, end, ..Self::default() }
    }

    /// With parts that are told from those of other lanes by their numbers, too.
    pub fn numbered_from(self, serial: u64) -> Self {
        Self { serial, ..self }
    }

    /// Whether it has come to its end.
    pub fn is_done(&self) -> bool {
        self.next > self.end
    }

    /// Whether it looks for anything.
    pub fn is_idle(&self) -> bool {
        self.elements.is_empty()
    }

    /// Looks for these, too, from the first height on that is not done.
    pub fn look_for(&mut self, fresh: &[Script]) {
        let known: HashSet<&Script> = self.elements.iter().collect();
        let new: Vec<Script> = fresh.iter().filter(|script| !known.contains(script)).cloned().gather();
        if new.is_empty() {
            return;
        }
        Arc::make_mut(&mut self.elements).extend(new.iter().cloned());
        let new = Arc::new(new);
        for part in self.parts.values_mut().filter(|part| part.filters.is_some()) {
            part.queries.push_back(Arc::clone(&new));
        }
    }

    /// Looks for nothing else from now on than what is still wanted.
    pub fn forget(&mut self, wanted: impl Fn(&Script) -> bool) {
        if self.elements.iter().any(|element| !wanted(element)) {
            Arc::make_mut(&mut self.elements).retain(wanted);
        }
    }

    /// Goes on from a height, if it was beyond that, and forgets what was at hand.
    pub fn rewind(&mut self, height: u32) {
        self.next = self.next.min(height);
        self.parts.clear();
        self.blocks.clear();
    }

    /// The height after the last part at hand: where the next one begins.
    pub fn reach(&self) -> u32 {
        self.parts.values().next_back().map_or(self.next, |part| part.stop() + 1)
    }

    /// Whether another part should be begun.
    pub fn has_room(&self) -> bool {
        !self.is_idle() && self.parts.len() < MOST_PARTS && self.reach() <= self.end
    }

    /// Takes the next part. One that does not begin where the last one ends is dropped.
    pub fn add(&mut self, mut part: Part) {
        if part.start == self.reach() && !part.blocks.is_empty() && part.hashes.len() == part.blocks.len() {
            self.serial += 1;
            part.serial = self.serial;
            self.parts.insert(part.start, part);
        }
    }

    /// The parts at hand.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parts.values()
    }

    /// The part with this first height.
    pub fn part(&self, start: u32) -> Option<&Part> {
        self.parts.get(&start)
    }

    /// Takes a part's filters, whose hashes were checked.
    pub fn fill(&mut self, start: u32, filters: Vec<Vec<u8>>) {
        let elements = Arc::clone(&self.elements);
        if let Some(part) = self.parts.get_mut(&start).filter(|part| part.filters.is_none()) {
            part.filters = Some(Arc::new(filters));
            part.queries.push_back(elements);
        }
    }

    /// The next piece of work, which counts as under way from now on.
    pub fn next_match(&mut self) -> Option<Match> {
        let part = self.parts.values_mut().find(|part| !part.queries.is_empty())?;
        let filters = Arc::clone(part.filters.as_ref()?);
        let elements = part.queries.pop_front()?;
        part.jobs += 1;
        let blocks = part.blocks.iter().map(|block| block.hash).gather();
        Some(Match { serial: part.serial, start: part.start, elements, blocks, filters })
    }

    /// Takes what a piece of work found: positions within the part.
    pub fn matched(&mut self, work: &Match, found: impl IntoIterator<Item = u32>) {
        let next = self.next;
        let Some(part) = self.part_of(work) else { return };
        part.jobs = part.jobs.saturating_sub(1);
        let heights = found.into_iter().map(|position| work.start + position);
        part.matched.extend(heights.filter(|height| *height >= next));
    }

    /// A piece of work failed: it is to be done again.
    pub fn failed(&mut self, work: &Match) {
        if let Some(part) = self.part_of(work) {
            part.jobs = part.jobs.saturating_sub(1);
            part.queries.push_front(Arc::clone(&work.elements));
        }
    }

    /// The very part that a piece of work was made for.
    fn part_of(&mut self, work: &Match) -> Option<&mut Part> {
        self.parts.get_mut(&work.start).filter(|part| part.serial == work.serial)
    }

    /// Blocks that are wanted now, the lowest first.
    pub fn wanted_blocks(&self) -> impl Iterator<Item = (u32, BlockInfo)> {
        let room = MOST_BLOCKS.saturating_sub(self.blocks.len());
        let matched = self
            .parts
            .values()
            .flat_map(|part| part.matched.iter().filter_map(|height| Some((*height, *part.info(*height)?))));
        matched
            .filter(|(height, _)| *height >= self.next && !self.blocks.contains_key(height))
            .take(room.max(1))
    }

    /// Takes a proven block.
    pub fn put_block(&mut self, height: u32, hash: &BlockHash, block: &Block) {
        let wanted = self.wanted_blocks().any(|(wanted, info)| wanted == height && info.hash == *hash);
        if wanted {
            self.blocks.insert(height, Box::new(block.clone()));
        }
    }

    /// Takes in what has its turn.
    pub fn take_turn(&mut self) -> Option<Turn> {
        let part = self.parts.values().next()?;
        if !part.is_matched() {
            return None;
        }
        let (height, stop) = (part.matched.range(self.next..).next().copied(), part.stop());
        let Some(height) = height else {
            let start = part.start;
            self.parts.remove(&start);
            self.next = stop + 1;
            return Some(Turn::Passed);
        };
        let (info, block) = (*part.info(height)?, self.blocks.remove(&height)?);
        self.next = height + 1;
        Some(Turn::Block { height, info, block })
    }

    /// Passes over everything up to a height, as there is nothing to look for.
    pub fn skip_to(&mut self, next: u32) {
        if next > self.next {
            self.next = next;
            self.parts.clear();
            self.blocks.clear();
        }
    }

    /// Blocks that are matched and not taken in yet.
    pub fn open_blocks(&self) -> usize {
        self.parts.values().map(|part| part.matched.range(self.next..).count()).sum()
    }

    /// The height up to which all filters were matched with everything known.
    pub fn matched_to(&self) -> u32 {
        let matched = self.parts.values().take_while(|part| part.is_matched()).last();
        matched.map_or(self.next, |part| part.stop() + 1)
    }
}
