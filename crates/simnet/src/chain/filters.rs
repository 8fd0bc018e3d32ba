//! The compact filters of a chain whose blocks hold something.
//!
//! A filter and its header are made when they are first asked for and kept with the block, so that forks share them.
//! Nodes of old left special transactions out of filters, which gives another chain of filter headers: both are to be
//! had here. The client's own code makes them, so that a client that agrees proves nothing: that these are Dash's
//! filters is shown by the vectors.

use super::SimChain;
use super::body::Body;
use dash_protocol::{BlockHash, FILTER_CHECKPOINT_INTERVAL, FilterHash, FilterHeader, Header};
use dash_spv_wasm::filters::contents::{self, Elements};
use dash_spv_wasm::filters::{build, gcs};
use std::sync::{Arc, OnceLock};

/// What filters hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterKind {
    /// Everything, as since protocol 70238.
    Full,
    /// Nothing that a special transaction's payload says.
    WithoutSpecial,
}

/// A block that nodes have: of the chain, or of a branch that it lost not long ago.
#[derive(Clone, Debug)]
pub struct KnownBlock {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// Its header.
    pub header: Header,
    /// What it holds.
    pub body: Arc<Body>,
}

impl KnownBlock {
    /// What its filter holds.
    pub fn elements(&self, kind: FilterKind) -> Elements {
        let mut block = self.body.block(self.header);
        if kind == FilterKind::WithoutSpecial {
            // A payload of no type says nothing.
            block.transactions.iter_mut().for_each(|transaction| transaction.tx_type = 0);
        }
        let mut elements = Elements::new();
        contents::add_created(&block, &mut elements);
        let spent = self.body.transactions().iter().flat_map(|one| &one.spent);
        spent.for_each(|script| contents::add_script(script, &mut elements));
        elements
    }

    /// Its filter.
    pub fn filter(&self, kind: FilterKind) -> &[u8] {
        match kind {
            FilterKind::Full => self.body.filter.get_or_init(|| {
                let block = self.body.block(self.header);
                let filter = build(&self.hash, &block, |out_point| self.body.spent(out_point));
                filter.expect("a body has the script of everything that it spends")
            }),
            FilterKind::WithoutSpecial => {
                self.body.old_filter.get_or_init(|| gcs::encode(&self.hash, &self.elements(kind)))
            }
        }
    }

    fn header_slot(&self, kind: FilterKind) -> &OnceLock<FilterHeader> {
        match kind {
            FilterKind::Full => &self.body.filter_header,
            FilterKind::WithoutSpecial => &self.body.old_filter_header,
        }
    }
}

impl SimChain {
    /// A block that nodes have.
    pub fn known_block(&self, hash: &BlockHash) -> Option<KnownBlock> {
        let (height, header, body) = self.find(hash)?;
        Some(KnownBlock { height, hash: *hash, header: *header, body: Arc::clone(body) })
    }

    /// The blocks from a height up to a block that nodes have, ascending; none if that is below the height.
    pub fn blocks_to(&self, start: u32, stop: &BlockHash) -> Option<Vec<KnownBlock>> {
        let mut blocks = vec![self.known_block(stop).filter(|stop| stop.height >= start)?];
        while let Some(last) = blocks.last().filter(|last| last.height > start) {
            let parent = self.known_block(&last.header.prev_block_hash)?;
            blocks.push(parent);
        }
        blocks.reverse();
        Some(blocks)
    }

    /// The filter header of a block that nodes have.
    pub fn filter_header(&self, hash: &BlockHash, kind: FilterKind) -> Option<FilterHeader> {
        // Down to the last block whose header was made already, and up again.
        let mut without = Vec::new();
        let mut header = FilterHeader::ZERO;
        let mut next = Some(*hash);
        while let Some(hash) = next {
            let block = self.known_block(&hash)?;
            if let Some(known) = block.header_slot(kind).get() {
                header = *known;
                break;
            }
            next = (block.height > 0).then_some(block.header.prev_block_hash);
            without.push(block);
        }
        for block in without.iter().rev() {
            header = FilterHash::of(block.filter(kind)).header(&header);
            header = *block.header_slot(kind).get_or_init(|| header);
        }
        Some(header)
    }

    /// The blocks whose filter headers a `cfcheckpt` for this block has.
    pub fn filter_checkpoint_blocks(&self, stop: &BlockHash) -> Option<Vec<BlockHash>> {
        const STEP: u32 = FILTER_CHECKPOINT_INTERVAL;
        let last = self.known_block(stop)?.height;
        // What the chain lost may reach below the last of them, and not below the one before.
        let branch = self.blocks_to(last.saturating_sub(STEP.min(last)), stop)?;
        let at = |height: u32| {
            let place = height.checked_sub(branch.first()?.height);
            let lost = place.and_then(|place| branch.get(place as usize)).map(|block| block.hash);
            lost.or_else(|| self.hash_at(height))
        };
        (1..=last / STEP).map(|count| at(count * STEP)).collect()
    }
}
