//! Signatures.
use super::{BogusCommitment, Facts, MasternodePlan};
use crate::chain::SimChain;
use dash_protocol::{
    BlockHash, BlsSignature, ChainLock, GetQRInfo, InstantLock, LLMQType, MnListDiff, QRInfo, QuorumHash,
    Transaction, Txid,
};

impl SimChain {
    /// The plan of the chain's masternodes, if it has any.
    pub fn plan(&self) -> Option<&MasternodePlan> {
        None
    }
    /// What a node answers to `getmnlistd`: what changed from `base` (zero: from genesis) to `block`. None if one is not
    /// on the chain, or they are in the wrong order, or the chain has no masternodes.
    pub fn list_diff(&self, _base: &BlockHash, _block: &BlockHash) -> Option<MnListDiff> {
        None
    }
    /// What a node answers to `getqrinfo`, if it can.
    pub fn qrinfo(&self, _request: &GetQRInfo) -> Option<QRInfo> {
        None
    }
    /// The network's lock of the block at a height, if it has one.
    pub fn chainlock(&self, _height: u32) -> Option<ChainLock> {
        None
    }
    /// The lock of the highest block that has one.
    pub fn best_chainlock(&self) -> Option<ChainLock> {
        None
    }
    /// A lock of any block at a height by the quorum that the rules choose, as if the masternodes colluded.
    pub fn sign_chainlock(&self, _height: u32, _hash: BlockHash) -> Option<ChainLock> {
        None
    }
    /// A transaction of a seed, and its lock as of the tip.
    pub fn instant_lock(&self, _seed: u64) -> Option<(Transaction, InstantLock)> {
        None
    }
    /// The lock of a transaction as of the tip.
    pub fn lock_transaction(&self, _transaction: &Transaction) -> Option<InstantLock> {
        None
    }
    /// A quorum's signature of any 32 bytes, for attackers.
    pub fn sign_by(
        &self,
        _llmq_type: LLMQType,
        _quorum_hash: &QuorumHash,
        _message: &[u8; 32],
    ) -> Option<BlsSignature> {
        None
    }
    /// The coinbase of the block at a height; None for the blocks that the network begins with.
    pub fn coinbase(&self, _height: u32) -> Option<&Transaction> {
        None
    }
    /// The ids of the transactions of the block at a height.
    pub fn txids(&self, _height: u32) -> &[Txid] {
        &[]
    }
    /// The truth as of the tip.
    pub fn facts(&self) -> Option<Facts> {
        None
    }
    /// The truth as of a height.
    pub fn facts_at(&self, _height: u32) -> Option<Facts> {
        None
    }
    /// Whether the masternodes lock blocks that are mined from now on.
    pub fn set_locking(&mut self, _on: bool) {}
    /// Has a commitment to come be false.
    pub fn plant(&mut self, _commitment: BogusCommitment) {}
}
