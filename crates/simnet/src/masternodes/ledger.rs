//! What every block of a chain says about its masternodes, and how the next one comes to be.
//!
//! A block shares with its parent what it leaves as it was, so that a chain of N blocks with M masternodes takes memory
//! for the blocks in which something happens, 8 bytes a masternode each.

use super::coinbase::{self, Commitments};
use super::evolution::Evolution;
use super::list::{List, Node};
use super::locks;
use super::members::{self, Anchor};
use super::plan::MasternodePlan;
use super::quorums::{Active, Quorum, Session};
use super::rotation::{self, Quarters, Shape};
use crate::chain::{Body, Contents};
use crate::rng::Rng;
use dash_protocol::special::BestChainLock;
use dash_protocol::{
    BlockHash, BlsSignature, LLMQType, LlmqParams, MerkleRoot, NetworkParams, QuorumSnapshot, Transaction,
    Txid, merkle,
};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// How far below a quorum's base the list stands that its members are chosen from.
pub const WORK_DEPTH: u32 = 8;

/// A cycle of a rotated type.
#[derive(Debug)]
pub struct Cycle {
    /// None where masternodes were too few for a new quarter.
    pub snapshot: Option<QuorumSnapshot>,
    /// The quarter that it added, as later cycles see it: by its snapshot, with the entries of its own work block.
    added: Quarters,
    /// The members of its quorums.
    members: Quarters,
}

/// What a block says.
#[derive(Debug, Default)]
pub struct Block {
    /// The masternodes as of it.
    pub list: Arc<List>,
    /// The quorums as of it.
    pub active: Arc<Active>,
    /// The cycles that begin with it.
    pub cycles: BTreeMap<LLMQType, Arc<Cycle>>,
    /// Its coinbase; none for the blocks that the network begins with.
    pub coinbase: Option<Arc<Transaction>>,
    /// The ids of its transactions, the coinbase's first.
    pub txids: Vec<Txid>,
    /// The lock in its coinbase.
    pub best_lock: Option<BestChainLock>,
    /// Height of the newest block up to it that masternodes locked.
    pub newest_locked: Option<u32>,
    /// The signature of its own lock, once it was asked for.
    lock: OnceLock<Option<BlsSignature>>,
}

/// What all blocks of a chain say, by height.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) plan: Arc<MasternodePlan>,
    pub(super) seed: u64,
    pub(super) blocks: Vec<Arc<Block>>,
    /// Whether masternodes lock the blocks to come.
    pub(super) locking: bool,
}

impl Ledger {
    /// The ledger of a chain without blocks.
    pub fn new(plan: MasternodePlan, seed: u64) -> Self {
        Self { plan: Arc::new(plan), seed, blocks: Vec::new(), locking: true }
    }

    /// Adds the next block; the default one for those that the network begins with.
    pub fn push(&mut self, block: Block) {
        self.blocks.push(Arc::new(block));
    }

    /// The ledger up to and with a height.
    pub fn prefix(&self, height: u32) -> Self {
        let keep = (height as usize + 1).min(self.blocks.len());
        Self { blocks: self.blocks[..keep].to_vec(), plan: Arc::clone(&self.plan), ..*self }
    }

    /// Forgets all above a height. Where masternodes had locked some of it, they lock nothing that replaces it.
    pub fn truncate(&mut self, height: u32) {
        self.locking &= !self.is_locked_above(height);
        self.blocks.truncate(height as usize + 1);
    }

    /// Whether any block above a height is locked.
    pub fn is_locked_above(&self, height: u32) -> bool {
        let newest = self.blocks.last().and_then(|block| block.newest_locked);
        newest.is_some_and(|locked| locked > height)
    }
}

/// A ledger with the chain that it belongs to.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The network's rules.
    pub params: &'a NetworkParams,
    /// The blocks' hashes by height.
    pub hashes: &'a [BlockHash],
    /// What they say.
    pub ledger: &'a Ledger,
}

impl<'a> View<'a> {
    /// The block at a height.
    pub fn block(&self, height: u32) -> Option<&'a Block> {
        self.ledger.blocks.get(height as usize).map(Arc::as_ref)
    }

    /// The next block, with its merkle root; all that is chance in it follows from `entropy`. It has a body if it is
    /// said what it holds.
    pub fn next(&self, entropy: [u8; 32], contents: Option<Contents>) -> (Block, MerkleRoot, Option<Body>) {
        let height = self.hashes.len() as u32;
        let parent = &self.ledger.blocks[self.ledger.blocks.len() - 1];
        let mut rng = Rng::split(u64::from_le_bytes(*entropy.first_chunk().expect("32 bytes have 8")), 7);
        let list = self.list(height, &parent.list, entropy);
        let mined = self.mined(height);
        let mut active = Arc::clone(&parent.active);
        for (llmq, quorum) in mined {
            Arc::make_mut(&mut active).add(llmq, quorum);
        }
        let lock = parent.newest_locked.and_then(|locked| {
            Some(BestChainLock { height_diff: u64::from(height - 1 - locked), signature: self.lock(locked)? })
        });
        let commitments = Commitments { list: list.root(), quorums: active.root(), lock };
        let mut coinbase = coinbase::coinbase(self.params, height, &entropy, &commitments);
        if let Some(contents) = contents.as_ref().filter(|contents| !contents.reward.is_empty()) {
            coinbase.outputs.clone_from(&contents.reward);
        }
        let unknown = coinbase::transactions(&coinbase, &mut rng);
        let always = contents.as_ref().is_some_and(|contents| contents.locked);
        let coinbase = Arc::new(coinbase);
        let body = contents.map(|contents| Body::new(Arc::clone(&coinbase), contents.transactions));
        let txids = body.as_ref().map_or(unknown, |body| body.txids().to_vec());
        let root = merkle::block_root(&txids)
            .expect("a block has a coinbase, and no two of its transactions are the same");
        let best_lock = lock.filter(|_| coinbase::payload_version(self.params, height) == Some(3));
        let is_left_out = !always && rng.percent(self.ledger.plan.unlocked_percent);
        let is_locked = self.is_lockable(height) && !is_left_out;
        let newest_locked = if is_locked { Some(height) } else { parent.newest_locked };
        let cycles = self.cycles(height);
        let coinbase = Some(coinbase);
        (
            Block { list, active, cycles, coinbase, txids, best_lock, newest_locked, lock: OnceLock::new() },
            root,
            body,
        )
    }

    fn list(&self, height: u32, before: &Arc<List>, entropy: [u8; 32]) -> Arc<List> {
        let first = self.params.activation.dip3.max(1 + u32::from(self.params.devnet_genesis.is_some()));
        if height < first {
            return Arc::clone(before);
        }
        let parent = self.hashes[height as usize - 1];
        let evolution =
            Evolution { plan: &self.ledger.plan, seed: self.ledger.seed, height, parent, entropy };
        evolution.apply(before, height == first)
    }

    fn is_lockable(&self, height: u32) -> bool {
        let possible =
            height >= self.params.activation.dip8 && locks::chainlock_quorum(self, height).is_some();
        possible && self.ledger.locking
    }

    /// The signature of the lock of a block of the chain, whether it has one or not; None without a quorum.
    pub fn lock(&self, height: u32) -> Option<BlsSignature> {
        let hash = self.hashes.get(height as usize)?;
        *self.block(height)?.lock.get_or_init(|| locks::sign(self, height, *hash))
    }

    /// The types that run.
    fn llmqs(&self) -> impl Iterator<Item = &'a LlmqParams> + use<'a> {
        let plan = &self.ledger.plan.llmq_types;
        let of = self.params.llmq_types;
        let runs = move |llmq_type: LLMQType| match plan.as_slice() {
            [] => [of.chainlocks, of.instantsend, of.platform].contains(&llmq_type),
            chosen => chosen.contains(&llmq_type),
        };
        self.params.llmqs.iter().filter(move |llmq| runs(llmq.llmq_type))
    }

    /// Whether members are chosen for the cycle with this base.
    fn runs(&self, llmq: &LlmqParams, cycle: u32) -> bool {
        let active = &self.params.activation;
        let first = if llmq.rotated { active.dip24.max(active.dip3) } else { active.dip3 };
        cycle >= llmq.interval && cycle + 1 >= first
    }

    /// Whether quorums can come of the cycle with this base. Those with legacy signatures are not simulated. Rotated
    /// ones fail until a cycle has four quarters: nodes can do with three, but answer nothing that tells the members.
    fn concludes(&self, llmq: &LlmqParams, cycle: u32) -> bool {
        let quarters = if llmq.rotated { 4 } else { 1 };
        self.runs(llmq, cycle) && cycle + 1 >= self.params.activation.v19 && cycle >= quarters * llmq.interval
    }

    /// The commitments of the block at a height.
    fn mined(&self, height: u32) -> Vec<(&'a LlmqParams, Arc<Quorum>)> {
        let mut mined = Vec::new();
        for llmq in self.llmqs() {
            let offset = height % llmq.interval;
            let cycle = height - offset;
            if !(llmq.mining_start..=llmq.mining_end).contains(&offset) || !self.concludes(llmq, cycle) {
                continue;
            }
            for index in 0..if llmq.rotated { llmq.active } else { 1 } {
                let hash = self.hashes[(cycle + index) as usize].into();
                let (plan, seed) = (&self.ledger.plan, self.ledger.seed);
                let session = Session { plan, seed, llmq, hash, height: cycle + index, index };
                if session.mined_at() == offset {
                    let others = &self.ledger.blocks[(cycle - WORK_DEPTH) as usize].list;
                    let quorum = session.conclude(height, self.members(llmq, cycle, index), others);
                    mined.extend(quorum.map(|quorum| (llmq, Arc::new(quorum))));
                }
            }
        }
        mined
    }

    fn members(&self, llmq: &LlmqParams, cycle: u32, index: u32) -> Vec<Arc<Node>> {
        let begin = &self.ledger.blocks[cycle as usize];
        if llmq.rotated {
            let members =
                begin.cycles.get(&llmq.llmq_type).and_then(|cycle| cycle.members.get(index as usize));
            return members.cloned().unwrap_or_default();
        }
        let active = &self.params.activation;
        let work = &self.ledger.blocks[(cycle - WORK_DEPTH) as usize];
        let list = if cycle + 1 >= active.v20 { &work.list } else { &begin.list };
        let evo_only = llmq.llmq_type == self.params.llmq_types.platform && cycle + 1 >= active.v19;
        members::plain(list.nodes(), &self.modifier(llmq, cycle), llmq.size, evo_only)
    }

    fn modifier(&self, llmq: &LlmqParams, cycle: u32) -> [u8; 32] {
        let work = cycle - WORK_DEPTH;
        let hash = |height: u32| Anchor::Block(self.hashes[height as usize]);
        let anchor = match self.ledger.blocks[work as usize].best_lock {
            _ if work + 1 < self.params.activation.v20 => hash(if llmq.rotated { work } else { cycle }),
            Some(lock) => Anchor::Signature(work, lock.signature),
            None => hash(work),
        };
        members::modifier(llmq.llmq_type, &anchor)
    }

    /// The cycles of rotated types that begin at a height.
    fn cycles(&self, height: u32) -> BTreeMap<LLMQType, Arc<Cycle>> {
        let begins = |llmq: &&LlmqParams| {
            llmq.rotated && height.is_multiple_of(llmq.interval) && self.runs(llmq, height)
        };
        self.llmqs().filter(begins).map(|llmq| (llmq.llmq_type, Arc::new(self.cycle(llmq, height)))).collect()
    }

    /// The cycle of a rotated type with this base.
    pub fn cycle_of(&self, llmq_type: LLMQType, base: u32) -> Option<&'a Arc<Cycle>> {
        self.block(base)?.cycles.get(&llmq_type)
    }

    fn cycle(&self, llmq: &LlmqParams, base: u32) -> Cycle {
        let shape = Shape { quorums: llmq.active as usize, quarter: llmq.size as usize / 4 };
        let none = Quarters::new();
        let earlier = [1, 2, 3].map(|cycles| {
            let base = base.checked_sub(cycles * llmq.interval);
            base.and_then(|base| self.cycle_of(llmq.llmq_type, base)).map_or(&none, |cycle| &cycle.added)
        });
        let list = &self.ledger.blocks[(base - WORK_DEPTH) as usize].list;
        let modifier = self.modifier(llmq, base);
        let (new, snapshot) = rotation::new_quarter(list, &modifier, earlier, shape).unzip();
        let added = snapshot
            .as_ref()
            .map_or_else(Quarters::new, |snapshot| rotation::old_quarter(list, &modifier, snapshot, shape));
        let new = new.unwrap_or_default();
        let parts = [earlier[2], earlier[1], earlier[0], &new];
        let members = (0..shape.quorums)
            .map(|quorum| parts.iter().filter_map(|part| part.get(quorum)).flatten().cloned().collect())
            .collect();
        Cycle { snapshot, added, members }
    }
}
