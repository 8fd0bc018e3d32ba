//! Two filters for one block, and the block that decides between them.
//!
//! **Bounds.** One block and two filters.

use super::frontier::Ask;
use crate::collections::{Gather, SortedMap};
use crate::engine::ConnId;
use crate::filters::{Fault, judge};
use dash_protocol::{Block, BlockHash};

/// See the module.
#[derive(Debug)]
pub(super) struct Trial {
    height: u32,
    parties: [ConnId; 2],
    filters: SortedMap<ConnId, Vec<u8>>,
    block: Option<(BlockHash, Box<Block>)>,
}

impl Trial {
    pub fn new(height: u32, parties: [ConnId; 2]) -> Self {
        Self { height, parties, filters: SortedMap::new(), block: None }
    }

    /// The block's height.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Whose words differ.
    pub fn parties(&self) -> [ConnId; 2] {
        self.parties
    }

    /// Takes the filter of a party. That it is the one that the party's headers have is known.
    pub fn hear(&mut self, conn: ConnId, filter: Vec<u8>) {
        if self.parties.contains(&conn) {
            self.filters.insert(conn, filter);
        }
    }

    /// Takes the block, which is proven.
    pub fn see(&mut self, block: Block, hash: BlockHash) {
        self.block = Some((hash, Box::new(block)));
    }

    pub fn has_block(&self) -> bool {
        self.block.is_some()
    }

    /// What is missing.
    pub fn asks(&self) -> impl Iterator<Item = Ask> {
        let height = self.height;
        let filters = self.parties.into_iter().filter(|conn| !self.filters.contains_key(conn));
        let block = (!self.has_block()).then_some(Ask::Block { height });
        filters.map(move |conn| Ask::Filter { conn, height }).chain(block)
    }

    /// What is wrong with each party's filter; none before everything is there.
    pub fn verdict(&self) -> Option<Vec<(ConnId, Option<Fault>)>> {
        let (hash, block) = self.block.as_ref()?;
        let filters: Option<Vec<&[u8]>> =
            self.parties.iter().map(|conn| self.filters.get(conn).map(Vec::as_slice)).gather();
        Some(self.parties.into_iter().zip(judge(hash, block, &filters?)).gather())
    }
}
