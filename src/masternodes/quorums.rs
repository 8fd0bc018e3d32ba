//! The quorums of a block: those whose commitments its coinbase vouches for, and the merkle root over them (DIP-4).
//!
//! The set holds the last active quorums of every type, also of types that run no longer: about ninety on mainnet. As
//! with lists, its root bounds it.

use crate::collections::{SortedMap, sort};
use dash_protocol::{FinalCommitment, LLMQType, QuorumHash, QuorumName, merkle};
use std::sync::Arc;

/// A quorum with its commitment's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumEntry {
    commitment: FinalCommitment,
    leaf: [u8; 32],
}

impl QuorumEntry {
    /// Computes the commitment's hash.
    pub fn new(commitment: FinalCommitment) -> Self {
        Self { leaf: commitment.leaf_hash(), commitment }
    }

    /// The commitment.
    pub const fn commitment(&self) -> &FinalCommitment {
        &self.commitment
    }

    /// Its leaf of the merkle tree over quorums, in internal order.
    pub const fn leaf(&self) -> &[u8; 32] {
        &self.leaf
    }

    /// Its type and hash.
    pub const fn name(&self) -> QuorumName {
        (self.commitment.llmq_type, self.commitment.quorum_hash)
    }
}

/// The quorums as of a block, of all types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumSet {
    quorums: Arc<SortedMap<QuorumName, Arc<QuorumEntry>>>,
    root: [u8; 32],
}

impl QuorumSet {
    /// No quorums.
    pub fn empty() -> Self {
        Self::from_map(SortedMap::new())
    }

    pub(super) fn from_map(quorums: SortedMap<QuorumName, Arc<QuorumEntry>>) -> Self {
        let mut leaves: Vec<[u8; 32]> = quorums.values().map(|quorum| *quorum.leaf()).collect();
        sort(&mut leaves);
        Self { root: merkle::root(&leaves), quorums: Arc::new(quorums) }
    }

    pub(super) fn map(&self) -> &SortedMap<QuorumName, Arc<QuorumEntry>> {
        &self.quorums
    }

    /// The quorum of this type and hash.
    pub fn get(&self, llmq_type: LLMQType, hash: &QuorumHash) -> Option<&Arc<QuorumEntry>> {
        self.quorums.get(&(llmq_type, *hash))
    }

    /// All quorums, by type and the raw bytes of their hashes.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<QuorumEntry>> {
        self.quorums.values()
    }

    /// The quorums of one type, by the raw bytes of their hashes.
    pub fn of_type(&self, llmq_type: LLMQType) -> impl Iterator<Item = &Arc<QuorumEntry>> {
        let (first, last) = (QuorumHash::ZERO, QuorumHash::from_bytes([0xff; 32]));
        self.quorums.range((llmq_type, first)..=(llmq_type, last)).map(|(_, quorum)| quorum)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.quorums.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.quorums.is_empty()
    }

    /// The merkle root over the sorted hashes of all commitments, in internal order; zero if there are none.
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }
}
