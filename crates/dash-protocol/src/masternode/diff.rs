//! `getmnlistd` and `mnlistdiff` (DIP-4; Dash Core `evo/smldiff.h`).

use super::{FinalCommitment, LLMQType, SmlEntry};
use crate::bls::BlsSignature;
use crate::hash::{BlockHash, ProTxHash, QuorumHash};
use crate::merkle::PartialMerkleTree;
use crate::transaction::Transaction;

/// A quorum by its type and hash.
pub type QuorumName = (LLMQType, QuorumHash);

/// `getmnlistd`: asks for what changed from one block to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GetMnListDiff {
    /// The list that we have; zero for none.
    pub base_block_hash: BlockHash,
    /// The list that we want.
    pub block_hash: BlockHash,
}

/// `mnlistdiff`: what changed, with the coinbase that vouches for the result. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MnListDiff {
    /// 1.
    pub version: u16,
    /// Exactly as asked for.
    pub base_block_hash: BlockHash,
    /// The block whose list results.
    pub block_hash: BlockHash,
    /// The path from the coinbase to the block's merkle root.
    pub coinbase_tree: PartialMerkleTree,
    /// The block's coinbase.
    pub coinbase: Transaction,
    /// Masternodes that are gone.
    pub deleted: Vec<ProTxHash>,
    /// Masternodes that are new or changed.
    pub entries: Vec<SmlEntry>,
    /// Quorums that are gone.
    pub deleted_quorums: Vec<QuorumName>,
    /// Quorums that are new.
    pub new_quorums: Vec<FinalCommitment>,
    /// ChainLock signatures of work blocks, each with the places in `new_quorums` that it is for, in the order sent.
    pub quorum_signatures: Vec<(BlsSignature, Vec<u16>)>,
}
