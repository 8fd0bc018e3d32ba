//! What moves coins to Platform and back (DIP-27; Dash Core `evo/assetlocktx.h`).

use crate::bls::BlsSignature;
use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_list};
use crate::hash::QuorumHash;
use crate::transaction::{MAX_EXTRA_PAYLOAD, TxOut};

/// Type 8: burns coins on this chain and says whom Platform is to credit them to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetLock {
    /// 1.
    pub version: u8,
    /// Who is credited, and with how much.
    pub credit_outputs: Vec<TxOut>,
}

/// Type 9: pays out what Platform released. The transaction has no inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AssetUnlock {
    /// 1.
    pub version: u8,
    /// The number of the withdrawal; each is used once.
    pub index: u64,
    /// What the miner gets, in duffs.
    pub fee: u32,
    /// The height at which Platform asked for it.
    pub requested_height: u32,
    /// The quorum that signed.
    pub quorum_hash: QuorumHash,
    /// Basic encoding.
    pub signature: BlsSignature,
}

impl Encode for AssetLock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        put_list(out, &self.credit_outputs);
    }
}

impl Decode for AssetLock {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: r.u8()?,
            credit_outputs: list(r, "credit outputs", MAX_EXTRA_PAYLOAD, TxOut::MIN_LEN)?,
        })
    }
}

impl Encode for AssetUnlock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        out.extend_from_slice(&self.index.to_le_bytes());
        out.extend_from_slice(&self.fee.to_le_bytes());
        out.extend_from_slice(&self.requested_height.to_le_bytes());
        self.quorum_hash.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for AssetUnlock {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: r.u8()?,
            index: r.u64()?,
            fee: r.u32()?,
            requested_height: r.u32()?,
            quorum_hash: QuorumHash::decode(r)?,
            signature: BlsSignature::decode(r)?,
        })
    }
}
