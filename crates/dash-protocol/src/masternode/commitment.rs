//! Final commitments of quorums (DIP-6; Dash Core `llmq/commitment.h`).

use core::fmt;

use super::BitSet;
use crate::bls::{BlsPublicKey, BlsScheme, BlsSignature};
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::hash::{QuorumHash, sha256d};

/// A type of quorum by its number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LLMQType(pub u8);

impl fmt::Display for LLMQType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u8> for LLMQType {
    fn from(number: u8) -> Self {
        Self(number)
    }
}

impl From<LLMQType> for u8 {
    fn from(llmq_type: LLMQType) -> Self {
        llmq_type.0
    }
}

impl Encode for LLMQType {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.0);
    }
}

impl Decode for LLMQType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.u8().map(Self)
    }
}

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

impl FinalCommitment {
    /// Bytes of the shortest encoding: no index, no members.
    pub const MIN_LEN: usize = 2 + 1 + 32 + 1 + 1 + 48 + 32 + 96 + 96;

    /// The encoding of its key and signatures.
    #[must_use]
    pub const fn scheme(&self) -> BlsScheme {
        if self.version <= 2 { BlsScheme::Legacy } else { BlsScheme::Basic }
    }

    /// Its leaf in the merkle tree over quorums, which is its inventory hash, too: the hash of all of it.
    #[must_use]
    pub fn leaf_hash(&self) -> [u8; 32] {
        sha256d(&self.to_wire())
    }

    /// What both signatures sign: all but the version, the index, the signers and the signatures.
    #[must_use]
    pub fn commitment_hash(&self) -> [u8; 32] {
        let mut preimage = Vec::with_capacity(Self::MIN_LEN);
        self.llmq_type.encode(&mut preimage);
        self.quorum_hash.encode(&mut preimage);
        self.valid_members.encode(&mut preimage);
        self.public_key.encode(&mut preimage);
        preimage.extend_from_slice(&self.vvec_hash);
        sha256d(&preimage)
    }

    /// Whether it says that the key generation failed: nobody took part, and there is no key.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.signers.count() == 0
            && self.valid_members.count() == 0
            && self.public_key.is_null()
            && self.vvec_hash == [0; 32]
            && self.quorum_sig.is_null()
            && self.members_sig.is_null()
    }
}

/// Whether commitments of a version hold an index.
const fn is_indexed(version: u16) -> bool {
    matches!(version, 2 | 4)
}

impl Encode for FinalCommitment {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.llmq_type.encode(out);
        self.quorum_hash.encode(out);
        if is_indexed(self.version) {
            out.extend_from_slice(&self.quorum_index.unwrap_or(0).to_le_bytes());
        }
        self.signers.encode(out);
        self.valid_members.encode(out);
        self.public_key.encode(out);
        out.extend_from_slice(&self.vvec_hash);
        self.quorum_sig.encode(out);
        self.members_sig.encode(out);
    }
}

impl Decode for FinalCommitment {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = r.u16()?;
        if !(1..=4).contains(&version) {
            return Err(DecodeError::Invalid { what: "version of a commitment", value: version.into() });
        }
        Ok(Self {
            version,
            llmq_type: LLMQType::decode(r)?,
            quorum_hash: QuorumHash::decode(r)?,
            quorum_index: is_indexed(version).then(|| r.i16()).transpose()?,
            signers: BitSet::decode(r)?,
            valid_members: BitSet::decode(r)?,
            public_key: BlsPublicKey::decode(r)?,
            vvec_hash: *r.array()?,
            quorum_sig: BlsSignature::decode(r)?,
            members_sig: BlsSignature::decode(r)?,
        })
    }
}
