//! What quorums put into blocks: their commitments, and their votes for a hard fork (Dash Core `llmq/commitment.h`,
//! `evo/mnhftx.h`).

use crate::bls::BlsSignature;
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::hash::QuorumHash;
use crate::masternode::FinalCommitment;

/// Type 6: a quorum's final commitment, which may be null. The transaction has no inputs and no outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumCommitment {
    /// 1.
    pub version: u16,
    /// The height of the block that it is in.
    pub height: u32,
    /// The commitment.
    pub commitment: FinalCommitment,
}

/// Type 7: a quorum's word that masternodes are ready for a hard fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HardForkSignal {
    /// 1.
    pub version: u8,
    /// The version bit of the deployment.
    pub bit: u8,
    /// The quorum that signed.
    pub quorum_hash: QuorumHash,
    /// Basic encoding from V19 on.
    pub signature: BlsSignature,
}

impl Encode for QuorumCommitment {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.height.to_le_bytes());
        self.commitment.encode(out);
    }
}

impl Decode for QuorumCommitment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { version: r.u16()?, height: r.u32()?, commitment: FinalCommitment::decode(r)? })
    }
}

impl Encode for HardForkSignal {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.version, self.bit]);
        self.quorum_hash.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for HardForkSignal {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: r.u8()?,
            bit: r.u8()?,
            quorum_hash: QuorumHash::decode(r)?,
            signature: BlsSignature::decode(r)?,
        })
    }
}
