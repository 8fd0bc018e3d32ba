//! What a chain with masternodes offers.

use super::coinbase;
use super::facts::{Facts, MasternodeFacts, QuorumFacts};
use super::ledger::{Block, View};
use super::locks;
use super::plan::{BogusCommitment, MasternodePlan};
use crate::chain::SimChain;
use crate::rng::Rng;
use dash_protocol::{
    BlockHash, BlsSignature, ChainLock, GetQRInfo, InstantLock, LLMQType, MnListDiff, QRInfo, QuorumHash,
    Transaction, Txid,
};
use std::sync::Arc;

/// Quorums that were active so many blocks ago still sign for attackers.
const SIGNING_MEMORY: u32 = 48;

impl SimChain {
    fn view(&self) -> Option<View<'_>> {
        let ledger = self.ledger.as_ref()?;
        Some(View { params: self.params(), hashes: self.hashes(), ledger })
    }

    fn block(&self, height: u32) -> Option<&Block> {
        self.view()?.block(height)
    }

    /// The plan of the chain's masternodes, if it has any.
    pub fn plan(&self) -> Option<&MasternodePlan> {
        Some(&self.ledger.as_ref()?.plan)
    }

    /// What a node answers to `getmnlistd`: what changed from `base` (zero: from genesis) to `block`. None if one is
    /// not on the chain, if they are in the wrong order, for the blocks that the network begins with, and on a chain
    /// without masternodes.
    pub fn list_diff(&self, base: &BlockHash, block: &BlockHash) -> Option<MnListDiff> {
        let from = if base.is_zero() { 0 } else { self.height_of(base)? };
        self.view()?.list_diff(*base, from, self.height_of(block)?)
    }

    /// What a node answers to `getqrinfo` at a common version of 70236 or above; None if it cannot: a block that it
    /// does not know, cycles before there were any, cycles with too few masternodes.
    pub fn qrinfo(&self, request: &GetQRInfo) -> Option<QRInfo> {
        let bases: Option<_> = request.base_block_hashes.iter().map(|hash| self.height_of(hash)).collect();
        self.view()?.qrinfo(self.height_of(&request.block_hash)?, bases?, request.extra_share)
    }

    /// The network's lock of the block at a height, if it has one.
    pub fn chainlock(&self, height: u32) -> Option<ChainLock> {
        let locked = self.block(height)?.newest_locked == Some(height);
        locked.then(|| self.chainlock_of(height, self.hash_at(height)?, self.view()?.lock(height)?)).flatten()
    }

    /// The lock of the highest block that has one.
    pub fn best_chainlock(&self) -> Option<ChainLock> {
        self.chainlock(self.block(self.height())?.newest_locked?)
    }

    /// A lock of any block at any height up to eight above the tip, by the quorum that the rules choose: what
    /// masternodes could sign if most of them colluded. None without a quorum.
    pub fn sign_chainlock(&self, height: u32, hash: BlockHash) -> Option<ChainLock> {
        self.chainlock_of(height, hash, locks::sign(&self.view()?, height, hash)?)
    }

    fn chainlock_of(&self, height: u32, block_hash: BlockHash, signature: BlsSignature) -> Option<ChainLock> {
        Some(ChainLock { height: i32::try_from(height).ok()?, block_hash, signature })
    }

    /// A transaction of a seed, and its lock as of the tip. None without a quorum.
    pub fn instant_lock(&self, seed: u64) -> Option<(Transaction, InstantLock)> {
        let transaction = coinbase::payment(&mut Rng::split(seed, 3));
        let lock = self.lock_transaction(&transaction)?;
        Some((transaction, lock))
    }

    /// The lock of a transaction as of the tip. None without a quorum.
    pub fn lock_transaction(&self, transaction: &Transaction) -> Option<InstantLock> {
        locks::lock_transaction(&self.view()?, self.height(), transaction)
    }

    /// A signature of any 32 bytes by a quorum that is active as of the tip or was some blocks ago, for attackers.
    pub fn sign_by(
        &self,
        llmq_type: LLMQType,
        hash: &QuorumHash,
        message: &[u8; 32],
    ) -> Option<BlsSignature> {
        let recent = (0..=SIGNING_MEMORY).step_by(8).filter_map(|back| self.height().checked_sub(back));
        let mut blocks = recent.filter_map(|height| self.block(height));
        let quorum = blocks.find_map(|block| block.active.get(llmq_type, hash))?;
        Some(quorum.key.sign(message))
    }

    /// The coinbase of the block at a height; None for the blocks that the network begins with.
    pub fn coinbase(&self, height: u32) -> Option<&Transaction> {
        self.block(height)?.coinbase.as_deref()
    }

    /// The ids of the transactions of the block at a height; empty where they are not known.
    pub fn txids(&self, height: u32) -> &[Txid] {
        self.block(height).map_or(&[], |block| &block.txids)
    }

    /// The truth as of the tip.
    pub fn facts(&self) -> Option<Facts> {
        self.facts_at(self.height())
    }

    /// The truth as of a height.
    pub fn facts_at(&self, height: u32) -> Option<Facts> {
        let block = self.block(height)?;
        let masternodes = block
            .list
            .nodes()
            .iter()
            .map(|node| MasternodeFacts { entry: node.entry.clone(), operator_key: node.operator_key() });
        let quorums = block.active.iter().map(|quorum| QuorumFacts {
            llmq_type: quorum.llmq_type(),
            quorum_hash: quorum.hash(),
            height: quorum.height,
            index: quorum.index,
            mined_height: quorum.mined_height,
            public_key: quorum.key.public(),
            members: quorum.members.iter().map(|node| node.name()).collect(),
            member_keys: quorum.members.iter().map(|node| node.operator_key()).collect(),
            commitment: quorum.commitment.clone(),
            bogus: quorum.bogus,
        });
        let (masternodes, quorums) = (masternodes.collect(), quorums.collect());
        Some(Facts { height, hash: self.hash_at(height)?, masternodes, quorums })
    }

    /// Whether masternodes lock the blocks that are mined from now on. A chain that replaces locked blocks starts
    /// without: they sign once for a height.
    pub fn set_locking(&mut self, on: bool) {
        if let Some(ledger) = &mut self.ledger {
            ledger.locking = on;
        }
    }

    /// Whether masternodes lock the blocks that are mined from now on; never on a chain without any.
    pub fn is_locking(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.locking)
    }

    /// Has a commitment to come be false.
    pub fn plant(&mut self, commitment: BogusCommitment) {
        if let Some(ledger) = &mut self.ledger {
            Arc::make_mut(&mut ledger.plan).bogus.push(commitment);
        }
    }
}
