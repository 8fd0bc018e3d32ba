//! Final commitments of quorums (DIP-6; Dash Core `llmq/commitment.h`).

use super::BitSet;
use crate::bls::{BlsPublicKey, BlsSignature};
use crate::hash::QuorumHash;

/// A type of quorum by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LLMQType(pub u8);

/// What a quorum's members agreed on: its key, and who of them took part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalCommitment {
    /// 1 legacy, 2 legacy with index, 3 basic, 4 basic with index.
    pub version: u16,
    /// The quorum's type.
    pub llmq_type: LLMQType,
    /// The quorum's name.
    pub quorum_hash: QuorumHash,
    /// Its place in the cycle; there for versions 2 and 4.
    pub quorum_index: Option<i16>,
    /// The members whose keys make up `members_sig`.
    pub signers: BitSet,
    /// The members that have a share.
    pub valid_members: BitSet,
    /// The quorum's key, in the encoding that the version says.
    pub public_key: BlsPublicKey,
    /// Hash of the verification vector.
    pub vvec_hash: [u8; 32],
    /// The quorum's signature over the commitment hash.
    pub quorum_sig: BlsSignature,
    /// The aggregate of the signers' signatures over it.
    pub members_sig: BlsSignature,
}
