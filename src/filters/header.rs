//! Filter headers (BIP 157): what chains filters to one another.
//!
//! A filter header is a hash over a filter's hash and the header before it, so that a header that is agreed on proves
//! every filter below it. Nothing in the blockchain proves the header itself: it is the word of peers.
//!
//! **Bounds.** A [`FilterHeaderChain`] of a reply has as many links as were asked for, at most
//! [`dash_protocol::MAX_CFHEADERS`], 64 bytes each.

use crate::checks::{self, Check};
use crate::collections::Gather;
use dash_protocol::{
    BlockHash, CFCheckpt, CFHeaders, FILTER_CHECKPOINT_INTERVAL, FilterHash, FilterHeader, FilterType,
    GetCFHeaders,
};
use thiserror::Error;

/// Why filter headers, or a filter, are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FilterHeaderError {
    /// A reply for another block than the one asked for.
    #[error("a reply up to block {found}, asked for was {expected}")]
    Stop {
        /// The block asked for.
        expected: BlockHash,
        /// The block of the reply.
        found: BlockHash,
    },
    /// More or fewer than were asked for.
    #[error("{found} filter headers, asked for were {expected}")]
    Count {
        /// How many were asked for.
        expected: usize,
        /// How many came.
        found: usize,
    },
    /// A reply that does not follow the header that is known.
    #[error("it follows filter header {found} where the one before height {height} is {expected}")]
    Link {
        /// The first height of the reply.
        height: u32,
        /// The header that is known.
        expected: FilterHeader,
        /// What the reply says of it.
        found: FilterHeader,
    },
    /// A header that is not the agreed one of its height.
    #[error("filter header {found} at height {height}, where {expected} is agreed on")]
    Checkpoint {
        /// The height.
        height: u32,
        /// The header that is agreed on.
        expected: FilterHeader,
        /// What the reply leads to.
        found: FilterHeader,
    },
    /// A filter that is not in the chain.
    #[error("a filter with hash {found}, where the chain has {expected}")]
    Filter {
        /// What the chain has.
        expected: FilterHash,
        /// The hash of the filter.
        found: FilterHash,
    },
}

/// A range of blocks whose filter headers are asked for: at most [`dash_protocol::MAX_CFHEADERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterRange {
    /// Height of the first block.
    pub start: u32,
    /// Height of the last block, at or above the first.
    pub stop: u32,
    /// Hash of the last block.
    pub stop_hash: BlockHash,
}

impl FilterRange {
    /// How many blocks it has.
    pub const fn count(&self) -> usize {
        (self.stop - self.start) as usize + 1
    }

    /// The request for its filter hashes.
    pub const fn request(&self) -> GetCFHeaders {
        GetCFHeaders { filter_type: FilterType::Basic, start_height: self.start, stop_hash: self.stop_hash }
    }
}

/// The filter hashes of consecutive blocks with the headers that follow from them. That they belong together is
/// computed; that they are the true ones is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterHeaderChain {
    start: u32,
    previous: FilterHeader,
    hashes: Vec<FilterHash>,
    headers: Vec<FilterHeader>,
}

impl FilterHeaderChain {
    /// The chain that a reply gives for what was asked for. If the header before it is known, the reply has to follow
    /// that.
    ///
    /// # Errors
    /// [`FilterHeaderError::Stop`], [`FilterHeaderError::Count`], [`FilterHeaderError::Link`].
    pub fn of_reply(
        asked: &FilterRange,
        before: Option<&FilterHeader>,
        reply: CFHeaders,
    ) -> Result<Self, FilterHeaderError> {
        if reply.stop_hash != asked.stop_hash {
            return Err(FilterHeaderError::Stop { expected: asked.stop_hash, found: reply.stop_hash });
        }
        let (expected, found) = (asked.count(), reply.filter_hashes.len());
        if found != expected {
            return Err(FilterHeaderError::Count { expected, found });
        }
        let previous = reply.previous_header;
        // Before the genesis block there is nothing.
        let known = before.or((asked.start == 0).then_some(&FilterHeader::ZERO));
        if let Some(known) = known.filter(|known| **known != previous && checks::on(Check::FilterLink)) {
            let (height, expected) = (asked.start, *known);
            return Err(FilterHeaderError::Link { height, expected, found: previous });
        }
        Ok(Self::new(asked.start, previous, reply.filter_hashes))
    }

    /// The chain of these hashes, the first one that of the block at `start`, on top of a header.
    pub fn new(start: u32, previous: FilterHeader, hashes: Vec<FilterHash>) -> Self {
        let mut header = previous;
        let link = |hash: &FilterHash| {
            header = hash.header(&header);
            header
        };
        let headers = hashes.iter().map(link).gather();
        Self { start, previous, hashes, headers }
    }

    /// Height of its first block.
    pub const fn start(&self) -> u32 {
        self.start
    }

    /// The header before its first block.
    pub const fn previous(&self) -> FilterHeader {
        self.previous
    }

    /// Its last header; the one before it if it has no link.
    pub fn last(&self) -> FilterHeader {
        self.headers.last().copied().unwrap_or(self.previous)
    }

    /// The hash of each filter, ascending.
    pub fn hashes(&self) -> &[FilterHash] {
        &self.hashes
    }

    /// The header of each block, ascending.
    pub fn headers(&self) -> &[FilterHeader] {
        &self.headers
    }

    /// The hash of the filter at a height, if the chain reaches it.
    pub fn hash_at(&self, height: u32) -> Option<FilterHash> {
        self.hashes.get(height.checked_sub(self.start)? as usize).copied()
    }

    /// The header at a height, that before its first block included, if the chain reaches it.
    pub fn header_at(&self, height: u32) -> Option<FilterHeader> {
        self.before(height.checked_add(1)?)
    }

    /// Height of its last block; none if it has no link.
    pub fn end(&self) -> Option<u32> {
        let links = u32::try_from(self.hashes.len()).ok()?;
        self.start.checked_add(links.checked_sub(1)?)
    }

    /// With the links of a chain that begins after its last block. Whether that one follows it is for the caller to
    /// know: the headers are those that follow from here.
    pub fn followed_by(mut self, more: &Self) -> Self {
        let mut header = self.last();
        for hash in &more.hashes {
            header = hash.header(&header);
            self.hashes.push(*hash);
            self.headers.push(header);
        }
        self
    }

    /// The part up to a height; none if nothing is left.
    pub fn up_to(mut self, height: u32) -> Option<Self> {
        let links = (height.checked_sub(self.start)? as usize).saturating_add(1);
        self.hashes.truncate(links);
        self.headers.truncate(links);
        (!self.hashes.is_empty()).then_some(self)
    }

    /// The part from a height on; none if nothing is left.
    pub fn from(mut self, height: u32) -> Option<Self> {
        let gone = height.saturating_sub(self.start) as usize;
        if gone >= self.hashes.len() {
            return None;
        }
        if let Some(last) = gone.checked_sub(1) {
            self.previous = self.headers[last];
            self.start = height;
            self.hashes.drain(..gone);
            self.headers.drain(..gone);
        }
        Some(self)
    }

    /// The header that a block at a height follows, if the chain reaches it.
    fn before(&self, height: u32) -> Option<FilterHeader> {
        match height.checked_sub(self.start)? {
            0 => Some(self.previous),
            above => self.headers.get(above as usize - 1).copied(),
        }
    }

    /// Holds it against an agreed header; nothing is said if it does not reach that height.
    ///
    /// # Errors
    /// [`FilterHeaderError::Checkpoint`].
    pub fn check(&self, height: u32, agreed: &FilterHeader) -> Result<(), FilterHeaderError> {
        match self.header_at(height) {
            Some(found) if found != *agreed && checks::on(Check::FilterCheckpoint) => {
                Err(FilterHeaderError::Checkpoint { height, expected: *agreed, found })
            }
            _ => Ok(()),
        }
    }
}

/// Holds a filter against the hash that the agreed chain has for its block.
///
/// # Errors
/// [`FilterHeaderError::Filter`].
pub fn check_filter(agreed: &FilterHash, filter: &[u8]) -> Result<(), FilterHeaderError> {
    let found = FilterHash::of(filter);
    if found != *agreed && checks::on(Check::FilterHash) {
        return Err(FilterHeaderError::Filter { expected: *agreed, found });
    }
    Ok(())
}

/// The headers of a `cfcheckpt` for the block that was asked for, the first one that of height 1,000.
///
/// # Errors
/// [`FilterHeaderError::Stop`], [`FilterHeaderError::Count`].
pub fn checkpoints(
    stop: u32,
    stop_hash: &BlockHash,
    reply: CFCheckpt,
) -> Result<Vec<FilterHeader>, FilterHeaderError> {
    if reply.stop_hash != *stop_hash {
        return Err(FilterHeaderError::Stop { expected: *stop_hash, found: reply.stop_hash });
    }
    let (expected, found) = ((stop / FILTER_CHECKPOINT_INTERVAL) as usize, reply.headers.len());
    if found != expected {
        return Err(FilterHeaderError::Count { expected, found });
    }
    Ok(reply.headers)
}
