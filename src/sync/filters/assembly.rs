//! Filters come one message a block; here they become the answer to a request.
//!
//! A node sends the filters of a range in order, so each message is the next one of some range that its peer was asked
//! for. A filter whose hash is not the expected one is refused as it comes.
//!
//! **Bounds.** [`MOST_RANGES`] ranges for each peer, answered in part at most; those that were given up are kept as well,
//! until newer ones take their place or their peer goes.

use crate::checks::{self, Check};
use crate::collections::SortedMap;
use crate::engine::ConnId;
use crate::filters::header::check_filter;
use dash_protocol::{BlockHash, FilterHash};
use std::collections::VecDeque;

/// Ranges of a peer.
const MOST_RANGES: usize = 16;

/// A range that a peer was asked for.
#[derive(Debug)]
pub(super) struct Expected {
    /// The blocks with the hashes of their filters, where those are known.
    pub blocks: Vec<(BlockHash, Option<FilterHash>)>,
}

#[derive(Debug)]
struct Range {
    expected: Expected,
    filters: Vec<Vec<u8>>,
}

/// What a message was.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// One of a range, of which others are missing: that range's last block and how many it has.
    More(BlockHash, u32),
    /// The last one of a range: all its filters.
    Whole { stop: BlockHash, filters: Vec<Vec<u8>> },
    /// Another filter than the one that is proven: the range is forgotten.
    Wrong { stop: BlockHash, count: u32 },
    /// Nothing of the kind was asked for.
    Unasked,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    ranges: SortedMap<ConnId, VecDeque<Range>>,
}

impl Assembly {
    /// Notes what a peer is asked for; call it before the message leaves.
    pub fn expect(&mut self, conn: ConnId, expected: Expected) {
        let ranges = self.ranges.entry(conn).or_default();
        if ranges.len() == MOST_RANGES {
            ranges.pop_front();
        }
        ranges.push_back(Range { expected, filters: Vec::new() });
    }

    /// Takes a filter.
    pub fn hear(&mut self, conn: ConnId, block: BlockHash, filter: Vec<u8>) -> Heard {
        let Some(ranges) = self.ranges.get_mut(&conn) else { return Heard::Unasked };
        let next = |range: &Range| range.expected.blocks.get(range.filters.len()).map(|(block, _)| *block);
        let is_next = |range: &Range| next(range) == Some(block) || !checks::on(Check::Unsolicited);
        let Some(at) = ranges.iter().position(is_next) else { return Heard::Unasked };
        let range = &mut ranges[at];
        let blocks = &range.expected.blocks;
        let (count, stop) = (blocks.len(), blocks.last().map_or(block, |(block, _)| *block));
        let proven = blocks[range.filters.len()].1;
        if proven.is_some_and(|proven| check_filter(&proven, &filter).is_err()) {
            ranges.remove(at);
            return Heard::Wrong { stop, count: count as u32 };
        }
        range.filters.push(filter);
        if range.filters.len() < count {
            return Heard::More(stop, count as u32);
        }
        let filters = ranges.remove(at).map_or_else(Vec::new, |range| range.filters);
        Heard::Whole { stop, filters }
    }

    /// A peer is gone.
    pub fn forget(&mut self, conn: ConnId) {
        self.ranges.remove(&conn);
    }
}
