//! Header chains with real proof of work.
//!
//! [`ChainBuilder`] mines a chain of any length under the rules of a regtest or a devnet, repeatably: the same
//! parameters, seed and length give the same headers. [`SimChain`] is the chain: it grows, forks, reorganises and
//! answers locators as a node does. `builder.rs` builds and shares chains, `difficulty.rs` has the required bits,
//! `mining.rs` the nonce search and the choice of block times, `flaw.rs` headers that break exactly one rule. `body.rs`
//! has what blocks hold, where they hold anything that can be asked for, and `filters.rs` the filters of such blocks.
//!
//! A chain holds about 160 bytes a header, and its transactions with their filters; all of it is in memory. It is as
//! long as its builder made it.

mod body;
mod builder;
mod difficulty;
mod filters;
mod flaw;
mod mining;

pub use body::{Body, Contents, Spending};
pub use builder::ChainBuilder;
pub use difficulty::{required, target};
pub use filters::{FilterKind, KnownBlock};
pub use flaw::Flaw;
pub use mining::solve_on;

use crate::masternodes::coinbase;
use crate::masternodes::ledger::{Block, Ledger, View};
use crate::rng::Rng;
use body::Bodies;
use dash_num::{Arith256, CompactTarget as Compact};
use dash_protocol::{BlockHash, Checkpoint, Header, NetworkParams};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::Arc;

/// When shared chains end, in seconds since 1970: the time at which simulated worlds begin.
pub const EPOCH: u32 = 1_760_000_000;

/// Hashes block hashes by their first bytes, which are as good as random.
#[derive(Clone, Default)]
struct ByPrefix(u64);

impl Hasher for ByPrefix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(prefix) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*prefix);
        }
    }

    fn write_usize(&mut self, _length: usize) {}
}

type HeightIndex = HashMap<BlockHash, u32, BuildHasherDefault<ByPrefix>>;

/// A chain of headers from genesis on, valid by all rules of its network.
#[derive(Clone)]
pub struct SimChain {
    params: Arc<NetworkParams>,
    headers: Vec<Header>,
    hashes: Vec<BlockHash>,
    heights: HeightIndex,
    rng: Rng,
    /// What the blocks say about masternodes, if the chain has any.
    pub(crate) ledger: Option<Ledger>,
    /// What its blocks hold, if anybody may ask.
    bodies: Option<Bodies>,
}

impl std::fmt::Debug for SimChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimChain").field("height", &self.height()).field("tip", &self.tip_hash()).finish()
    }
}

impl SimChain {
    fn genesis(params: Arc<NetworkParams>, seed: u64, ledger: Option<Ledger>, has_bodies: bool) -> Self {
        let fixed: Vec<_> =
            std::iter::once((params.genesis, params.genesis_hash)).chain(params.devnet_genesis).collect();
        let mut chain = Self {
            params,
            headers: Vec::new(),
            hashes: Vec::new(),
            heights: HeightIndex::default(),
            rng: Rng::split(seed, 1),
            ledger,
            bodies: has_bodies.then(Bodies::default),
        };
        let bodies = if has_bodies { body::fixed(&chain.params) } else { Vec::new() };
        let mut bodies = bodies.into_iter();
        for (header, hash) in fixed {
            chain.push(header, hash, Block::default(), bodies.next());
        }
        chain
    }

    fn push(&mut self, header: Header, hash: BlockHash, block: Block, body: Option<Body>) {
        if let (Some(bodies), Some(body)) = (&mut self.bodies, body) {
            bodies.push(body);
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.push(block);
        }
        self.heights.insert(hash, self.headers.len() as u32);
        self.headers.push(header);
        self.hashes.push(hash);
    }

    fn truncate(&mut self, height: u32) {
        if let Some(bodies) = &mut self.bodies {
            let lost = self.hashes.iter().copied().zip(self.headers.iter().copied());
            let lost: Vec<_> = lost.skip(height as usize + 1).collect();
            bodies.truncate(height, &lost);
        }
        for hash in self.hashes.drain(height as usize + 1..) {
            self.heights.remove(&hash);
        }
        self.headers.truncate(height as usize + 1);
        if let Some(ledger) = &mut self.ledger {
            ledger.truncate(height);
        }
    }

    fn push_mined(&mut self, time: u32, contents: Contents) {
        let mut header = mining::template(&self.params, &self.headers, self.tip_hash(), time, &mut self.rng);
        let mut block = Block::default();
        let mut body = None;
        let entropy = header.merkle_root.to_bytes();
        let contents = self.bodies.is_some().then_some(contents);
        if let Some(ledger) = &self.ledger {
            let view = View { params: &self.params, hashes: &self.hashes, ledger };
            (block, header.merkle_root, body) = view.next(entropy, contents);
        } else if let Some(contents) = contents {
            let coinbase = coinbase::paying(&self.params, self.height() + 1, &entropy, contents.reward);
            let of_block = Body::new(coinbase, contents.transactions);
            header.merkle_root = of_block.merkle_root();
            body = Some(of_block);
        }
        let (header, hash) = mining::solve(header);
        self.push(header, hash, block, body);
    }

    /// Mines a block on the tip that holds these transactions, not later than `now` (seconds since 1970) unless median
    /// time past demands it. On a chain without bodies nobody can tell what it holds.
    pub fn mine_block(&mut self, contents: Contents, now: u32) {
        let time = mining::next_time(&self.params, &self.headers, &mut self.rng);
        let time = time.min(now).max(self.median_time_past() + 1);
        self.push_mined(time, contents);
    }

    /// Takes the last `depth` blocks off the chain; genesis and a devnet's first block stay.
    pub fn undo(&mut self, depth: u32) {
        let fixed = u32::from(self.params.devnet_genesis.is_some());
        self.truncate(self.height().saturating_sub(depth).max(fixed));
    }

    /// Mines `blocks` blocks on the tip, none later than `now` (seconds since 1970) unless median time past demands it.
    pub fn mine(&mut self, blocks: u32, now: u32) {
        for _ in 0..blocks {
            self.mine_block(Contents::default(), now);
        }
    }

    /// Replaces the last `depth` blocks by `blocks` others. Genesis and a devnet's first block stay.
    pub fn reorganize(&mut self, depth: u32, blocks: u32, now: u32) {
        self.undo(depth);
        self.mine(blocks, now);
    }

    /// A chain that shares this one's blocks up to `height` and has `blocks` others on top. Forks of different seeds
    /// differ.
    ///
    /// With masternodes: no block of the fork is locked if any that it does not share is.
    pub fn fork(&self, height: u32, blocks: u32, seed: u64) -> Self {
        let mut fork = self.prefix(height);
        if self.ledger.as_ref().is_some_and(|ledger| ledger.is_locked_above(height)) {
            fork.set_locking(false);
        }
        fork.rng = Rng::split(seed, 2 + u64::from(height));
        // Within the two hours that a client whose clock is at the tip allows for.
        let latest = self.tip().time + 3_600;
        fork.mine(blocks, latest);
        fork
    }

    /// `blocks` headers on top of the block at `height` that are not this chain's, none later than `now`.
    pub fn branch(&self, height: u32, blocks: u32, now: u32, rng: &mut Rng) -> Vec<Header> {
        if self.ledger.is_some() {
            let mut fork = self.prefix(height);
            fork.set_locking(false);
            fork.rng = rng.clone();
            fork.mine(blocks, now);
            *rng = fork.rng;
            return fork.headers.split_off(height as usize + 1);
        }
        let mut headers = self.headers[..=height as usize].to_vec();
        let mut parent = self.hashes[height as usize];
        for _ in 0..blocks {
            let time = mining::next_time(&self.params, &headers, rng);
            let time = time.min(now).max(mining::median_time_past(&headers) + 1);
            let (header, hash) = mining::mine(&self.params, &headers, parent, time, rng);
            headers.push(header);
            parent = hash;
        }
        headers.split_off(height as usize + 1)
    }

    /// The chain up to `height`, as a node that lags behind has it.
    pub fn prefix(&self, height: u32) -> Self {
        let keep = (height as usize + 1).min(self.headers.len());
        Self {
            params: Arc::clone(&self.params),
            headers: self.headers[..keep].to_vec(),
            hashes: self.hashes[..keep].to_vec(),
            heights: (0u32..).zip(&self.hashes[..keep]).map(|(height, &hash)| (hash, height)).collect(),
            rng: self.rng.clone(),
            ledger: self.ledger.as_ref().map(|ledger| ledger.prefix(height)),
            bodies: self.bodies.as_ref().map(|bodies| bodies.prefix(height)),
        }
    }

    /// The network's rules.
    pub fn params(&self) -> &Arc<NetworkParams> {
        &self.params
    }

    /// Height of the tip.
    pub fn height(&self) -> u32 {
        self.headers.len() as u32 - 1
    }

    /// The last header.
    pub fn tip(&self) -> &Header {
        &self.headers[self.headers.len() - 1]
    }

    /// Hash of the last header.
    pub fn tip_hash(&self) -> BlockHash {
        self.hashes[self.hashes.len() - 1]
    }

    /// All headers by height, genesis first.
    pub fn headers(&self) -> &[Header] {
        &self.headers
    }

    /// All hashes by height.
    pub fn hashes(&self) -> &[BlockHash] {
        &self.hashes
    }

    /// The header at a height.
    pub fn header_at(&self, height: u32) -> Option<&Header> {
        self.headers.get(height as usize)
    }

    /// The hash at a height.
    pub fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.hashes.get(height as usize).copied()
    }

    /// The height of a block of this chain.
    pub fn height_of(&self, hash: &BlockHash) -> Option<u32> {
        self.heights.get(hash).copied()
    }

    /// The hash of `header` if it is of this chain, without computing X11.
    pub fn known_hash(&self, header: &Header) -> Option<BlockHash> {
        let height = self.height_of(&header.prev_block_hash)? as usize + 1;
        (self.headers.get(height)? == header).then(|| self.hashes[height])
    }

    /// Median of the last eleven block times: what the next block's time must exceed.
    pub fn median_time_past(&self) -> u32 {
        mining::median_time_past(&self.headers)
    }

    /// The bits that a block of this time on the tip must have.
    pub fn required_bits(&self, time: u32) -> dash_protocol::CompactTarget {
        required(&self.params, &self.headers, time)
    }

    /// Total work up to and with the block at `height`.
    pub fn work_at(&self, height: u32) -> Arith256 {
        let mut total = Arith256::from_u64(0);
        let (mut bits, mut proof) = (None, Arith256::from_u64(0));
        for header in self.headers.iter().take(height as usize + 1) {
            if bits != Some(header.bits) {
                (bits, proof) = (Some(header.bits), Compact::new(header.bits.to_bits()).block_proof());
            }
            total += proof;
        }
        total
    }

    /// The block at `height` as a checkpoint with all figures.
    ///
    /// # Panics
    /// Above the tip.
    pub fn checkpoint(&self, height: u32) -> Checkpoint {
        Checkpoint {
            height,
            hash: self.hashes[height as usize],
            time: Some(self.headers[height as usize].time),
            chain_work: Some(self.work_at(height)),
        }
    }

    /// What a node answers to `getheaders`: the heights after the highest locator entry on its chain, up to the stop
    /// hash or `limit` headers. No entry known: from height 1. No entry at all: the stop hash's block alone.
    pub fn locate(&self, locator: &[BlockHash], stop: &BlockHash, limit: usize) -> Range<usize> {
        let end = self.headers.len();
        if locator.is_empty() {
            return self.height_of(stop).map_or(end..end, |height| height as usize..height as usize + 1);
        }
        let fork = locator.iter().find_map(|hash| self.height_of(hash)).unwrap_or(0);
        let from = fork as usize + 1;
        let mut to = end.min(from.saturating_add(limit));
        if let Some(stop) = self.height_of(stop).map(|height| height as usize)
            && stop >= from
        {
            to = to.min(stop + 1);
        }
        from.min(end)..to.max(from.min(end))
    }
}

#[cfg(test)]
mod tests;
