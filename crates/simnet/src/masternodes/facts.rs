//! The truth about a simulated network, for tests to hold the client's results against.

use super::plan::Bogus;
use dash_protocol::{BlockHash, BlsPublicKey, FinalCommitment, LLMQType, ProTxHash, QuorumHash, SmlEntry};

/// What is true as of a block.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The block's height.
    pub height: u32,
    /// The block.
    pub hash: BlockHash,
    /// All masternodes, by the bytes of their names.
    pub masternodes: Vec<MasternodeFacts>,
    /// The quorums that the block's coinbase counts, by type and age, the newest first; rotated ones by their place.
    pub quorums: Vec<QuorumFacts>,
}

/// What is true of a masternode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasternodeFacts {
    /// As lists have it.
    pub entry: SmlEntry,
    /// Its operator's key in the basic encoding; null after a revocation.
    pub operator_key: BlsPublicKey,
}

/// What is true of a quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumFacts {
    /// Its type.
    pub llmq_type: LLMQType,
    /// Its name.
    pub quorum_hash: QuorumHash,
    /// Height of the block that it is named after.
    pub height: u32,
    /// Its place in the cycle; 0 for plain types.
    pub index: u32,
    /// Height of the block that holds the commitment.
    pub mined_height: u32,
    /// Its key in the basic encoding.
    pub public_key: BlsPublicKey,
    /// The members that the rules choose, in order.
    pub members: Vec<ProTxHash>,
    /// Their operators' keys as of the lists that they were chosen from, in the basic encoding.
    pub member_keys: Vec<BlsPublicKey>,
    /// As it is on the chain.
    pub commitment: FinalCommitment,
    /// What is false about the commitment.
    pub bogus: Option<Bogus>,
}
