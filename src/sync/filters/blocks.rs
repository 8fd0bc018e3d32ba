//! What the headers say of blocks whose filters are worked on: from memory at the end of the chain, from the store below.
//!
//! **Bounds.** [`MOST_RUNS`] ranges that were read and not taken yet, each as long as was asked for.

use super::lane::BlockInfo;
use crate::chain::HeaderChain;
use crate::collections::{Gather, SortedMap};
use crate::engine::{Effect, ReadId};
use crate::store::{HeaderRun, ReadReply, ReadRequest, StoreError};
use crate::sync::headers::Ctx;
use dash_protocol::{BlockHash, Header};
use std::ops::RangeInclusive;

/// Ranges read at once.
const MOST_RUNS: usize = 16;

/// First height and how many.
type Key = (u32, u32);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct KnownBlocks {
    reading: SortedMap<ReadId, Key>,
    runs: SortedMap<Key, Vec<BlockInfo>>,
}

impl KnownBlocks {
    /// What is known of consecutive blocks; none while the store is asked, which this sees to.
    pub fn range(
        &mut self,
        heights: &RangeInclusive<u32>,
        chain: &HeaderChain,
        ctx: &mut Ctx<'_>,
    ) -> Option<Vec<BlockInfo>> {
        let key = (*heights.start(), (heights.end() + 1).saturating_sub(*heights.start()));
        if key.0 >= chain.base_height() {
            return heights
                .clone()
                .map(|height| chain.at(height).map(|entry| info(entry.hash, &entry.header)))
                .gather();
        }
        if let Some(run) = self.runs.remove(&key) {
            return Some(run);
        }
        let asked = self.reading.values().any(|reading| *reading == key);
        if !asked && self.reading.len() < MOST_RUNS {
            let read = ctx.ids.read();
            self.reading.insert(read, key);
            ctx.out.push(Effect::Read { read, request: ReadRequest::Headers { from: key.0, count: key.1 } });
        }
        None
    }

    /// What is known of one block, which is kept for the next time.
    pub fn at(&mut self, height: u32, chain: &HeaderChain, ctx: &mut Ctx<'_>) -> Option<BlockInfo> {
        let found = self.range(&(height..=height), chain, ctx)?;
        if height < chain.base_height() {
            self.keep((height, 1), found.clone());
        }
        found.first().copied()
    }

    fn keep(&mut self, key: Key, run: Vec<BlockInfo>) {
        if self.runs.len() >= MOST_RUNS * 2 {
            self.runs.pop_first();
        }
        self.runs.insert(key, run);
    }

    /// Whether a read is one of ours.
    pub fn owns(&self, read: ReadId) -> bool {
        self.reading.contains_key(&read)
    }

    /// Takes what was read.
    pub fn on_read(&mut self, read: ReadId, result: Result<ReadReply, StoreError>) {
        let Some(key) = self.reading.remove(&read) else { return };
        if let Ok(ReadReply::Headers(run)) = result
            && let Some(run) = infos(&run, key)
        {
            self.keep(key, run);
        }
    }

    /// Forgets what was read: the chain has other blocks now.
    pub fn clear(&mut self) {
        self.reading.clear();
        self.runs.clear();
    }
}

fn info(hash: BlockHash, header: &Header) -> BlockInfo {
    BlockInfo { hash, merkle_root: header.merkle_root, time: header.time }
}

/// A whole run; none if the store gave less than was asked for.
fn infos(run: &HeaderRun, (from, count): Key) -> Option<Vec<BlockInfo>> {
    let (raw, rest) = run.raw.as_chunks::<{ Header::LEN }>();
    let whole = run.first_height == from && rest.is_empty() && raw.len() == count as usize;
    let whole = whole && run.hashes.len() == raw.len();
    whole.then(|| {
        raw.iter().zip(&run.hashes).map(|(raw, hash)| info(*hash, &Header::from_bytes(raw))).gather()
    })
}
