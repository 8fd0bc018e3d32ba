//! What one peer says of filter headers.
//!
//! **Bounds.** Its headers at every thousandth height (32 bytes each), and its filter hashes (64 bytes each) of one
//! stretch and of the end of the chain, at most two thousand blocks.

use super::stretch;
use crate::filters::FilterHeaderChain;
use dash_protocol::{FilterHash, FilterHeader};

/// A peer's word.
#[derive(Debug)]
pub(super) struct Voice {
    /// The bridge that leads to it.
    pub bridge: usize,
    /// Its headers at heights 1,000, 2,000, ….
    pub checkpoints: Vec<FilterHeader>,
    /// Its hashes of one stretch, and which one that is.
    pub stretch: Option<(u32, FilterHeaderChain)>,
    /// Its hashes at the end of the chain.
    pub tail: Option<FilterHeaderChain>,
    /// So many stretches, from the first one on, were compared with ours, and where they differ it was settled.
    pub cleared: u32,
}

impl Voice {
    /// A peer that has not spoken yet.
    pub fn new(bridge: usize, first: u32) -> Self {
        Self { bridge, checkpoints: Vec::new(), stretch: None, tail: None, cleared: first }
    }

    /// Its header at the end of a stretch's predecessor: what the stretch follows.
    pub fn before(&self, stretch: u32) -> Option<FilterHeader> {
        match stretch {
            0 => Some(FilterHeader::ZERO),
            stretch => self.checkpoints.get(stretch as usize - 1).copied(),
        }
    }

    /// Its hashes of a stretch, if they are there.
    pub fn hashes_of(&self, wanted: u32) -> Option<&FilterHeaderChain> {
        self.stretch.as_ref().filter(|(stretch, _)| *stretch == wanted).map(|(_, chain)| chain)
    }

    /// The height up to which its tail reaches.
    pub fn tail_end(&self) -> Option<u32> {
        self.tail.as_ref().and_then(FilterHeaderChain::end)
    }

    /// Its hash at a height of the tail.
    pub fn hash_at(&self, height: u32) -> Option<FilterHash> {
        self.tail.as_ref()?.hash_at(height)
    }

    /// Takes what follows its tail, or begins it.
    pub fn extend_tail(&mut self, more: FilterHeaderChain) {
        self.tail = Some(match self.tail.take() {
            Some(tail) if tail.end().map(|end| end + 1) == Some(more.start()) => tail.followed_by(&more),
            _ => more,
        });
    }

    /// Forgets what it said of blocks above a height, as a reorganisation asks for.
    pub fn truncate(&mut self, height: u32) {
        self.checkpoints.truncate(stretch::complete(height) as usize);
        self.cleared = self.cleared.min(stretch::complete(height));
        self.tail = self.tail.take().and_then(|tail| tail.up_to(height));
        self.stretch.take_if(|(at, _)| stretch::last(*at) > height);
    }

    /// Forgets the part of its tail that belongs to a whole stretch by now.
    pub fn trim(&mut self, from: u32) {
        self.tail = self.tail.take().and_then(|tail| tail.from(from));
    }
}
