//! Small mined chains and seeded randomness for this subject's tests.

use crate::chain::context::Context;
use crate::chain::rules::Rules;
use crate::chain::target::Target;
use crate::chain::work::work_of;
use crate::chain::{Entry, HeaderChain, Start, StartContext, pow};
use dash_protocol::{
    BlockHash, ChainOverrides, Checkpoint, CompactTarget, Header, MerkleRoot, NetworkKind, NetworkParams,
    sha256d,
};
use std::sync::Arc;

/// SplitMix64: the same numbers for the same seed everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// A clock that is later than every header mined here.
pub(crate) const NOW: u64 = 4_000_000_000;

pub(crate) fn regtest() -> Arc<NetworkParams> {
    Arc::new(NetworkParams::regtest(&ChainOverrides::default()).unwrap())
}

/// Devnet rules whose DarkGravityWave begins early, so that it moves on short chains. Its targets soon demand thousands
/// of hashes, so that its miner does not mine: see [`Miner::candidate`].
pub(crate) fn devnet() -> Arc<NetworkParams> {
    let mut params = NetworkParams::devnet("test", &ChainOverrides::default(), pow::x11).unwrap();
    (params.kgw_height, params.dgw_height) = (30, 30);
    Arc::new(params)
}

pub(crate) fn with_checkpoint(params: &NetworkParams, entry: &Entry, work: bool) -> Arc<NetworkParams> {
    let mut params = params.clone();
    params.checkpoints.push(Checkpoint {
        height: entry.height,
        hash: entry.hash,
        time: Some(entry.header.time),
        chain_work: work.then_some(entry.work),
    });
    params.checkpoints.sort_by_key(|checkpoint| checkpoint.height);
    Arc::new(params)
}

/// The chain that holds genesis only.
pub(crate) fn fresh(params: &Arc<NetworkParams>) -> HeaderChain {
    StartContext::new(params.clone(), Start::genesis(params)).into_chain().unwrap()
}

/// What a peer would send.
pub(crate) fn offered(entries: &[Entry]) -> Vec<(Header, BlockHash)> {
    entries.iter().map(|entry| (entry.header, entry.hash)).collect()
}

/// Mines valid headers on a chain from genesis.
#[derive(Clone)]
pub(crate) struct Miner {
    pub(crate) rules: Rules,
    pub(crate) context: Context,
    /// From genesis on: the index is the height.
    pub(crate) chain: Vec<Entry>,
    /// Tells this miner's blocks from others'.
    salt: u8,
    /// Seconds between blocks.
    pub(crate) spacing: u32,
}

impl Miner {
    pub(crate) fn new(params: &Arc<NetworkParams>) -> Self {
        let rules = Rules::new(params.clone());
        let work = work_of(params.genesis.bits.to_bits());
        let genesis = Entry { header: params.genesis, hash: params.genesis_hash, height: 0, work };
        let mut miner =
            Self { context: Context::genesis(&rules), rules, chain: vec![genesis], salt: 0, spacing: 150 };
        if let Some((header, hash)) = params.devnet_genesis {
            miner.add(header, hash);
        }
        miner
    }

    /// Another miner, who goes on from a height.
    pub(crate) fn fork(&self, height: u32, salt: u8) -> Self {
        let chain = self.chain[..=height as usize].to_vec();
        let context = Context::new(&self.rules, height, chain.iter().map(|entry| &entry.header)).unwrap();
        Self { chain, context, salt, rules: self.rules.clone(), spacing: self.spacing }
    }

    pub(crate) fn tip(&self) -> &Entry {
        self.chain.last().unwrap()
    }

    /// A valid header after the tip, as changed by `alter`, mined to meet its own bits. On a devnet the hash is made up
    /// instead, low enough for any target: hashes are the caller's business wherever no ancestors are linked.
    pub(crate) fn candidate(&self, alter: impl Fn(&mut Header)) -> (Header, BlockHash) {
        let tip = self.tip();
        let time = tip.header.time + self.spacing;
        let required = self.rules.required_bits(&self.context, time);
        let mut root = [self.salt; 32];
        root[..4].copy_from_slice(&tip.height.to_le_bytes());
        let mut header = Header {
            version: 4,
            prev_block_hash: tip.hash,
            merkle_root: MerkleRoot::from_bytes(root),
            time,
            bits: CompactTarget::from_bits(required.bits().unwrap_or(self.rules.limit_bits())),
            nonce: 0,
        };
        alter(&mut header);
        if self.rules.params().kind == NetworkKind::Devnet {
            let mut hash = sha256d(&header.to_bytes());
            hash[24..].fill(0);
            return (header, BlockHash::from_bytes(hash));
        }
        let target = Target::from_bits(header.bits.to_bits()).unwrap_or(*self.rules.limit());
        loop {
            let hash = pow::x11(&header.to_bytes());
            if target.is_met_by(&hash) {
                return (header, hash);
            }
            header.nonce += 1;
        }
    }

    /// Mines some blocks; gives the whole chain from genesis on.
    pub(crate) fn mine(&mut self, count: u32) -> Vec<Entry> {
        for _ in 0..count {
            let (header, hash) = self.candidate(|_| {});
            self.add(header, hash);
        }
        self.chain.clone()
    }

    pub(crate) fn add(&mut self, header: Header, hash: BlockHash) {
        let tip = self.tip();
        let work = tip.work + work_of(header.bits.to_bits());
        let entry = Entry { header, hash, height: tip.height + 1, work };
        self.context.push(&self.rules, &header);
        self.chain.push(entry);
    }
}
