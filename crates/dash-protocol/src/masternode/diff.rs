//! `getmnlistd` and `mnlistdiff` (DIP-4; Dash Core `evo/smldiff.h`), in the form of protocol version 70230 and above.
//!
//! A diff takes a small multiple of its message's size: every vector's count is held against the bytes that are left.

use super::{FinalCommitment, LLMQType, SmlEntry};
use crate::bls::BlsSignature;
use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_compact_size, put_list};
use crate::frame::MAX_PAYLOAD;
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

impl GetMnListDiff {
    /// Bytes of the encoding.
    pub const LEN: usize = 64;
}

impl Encode for GetMnListDiff {
    fn encode(&self, out: &mut Vec<u8>) {
        self.base_block_hash.encode(out);
        self.block_hash.encode(out);
    }
}

impl Decode for GetMnListDiff {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { base_block_hash: BlockHash::decode(r)?, block_hash: BlockHash::decode(r)? })
    }
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

impl MnListDiff {
    /// Bytes of the shortest encoding: a tree and a coinbase of nothing, and five empty vectors.
    pub const MIN_LEN: usize = 2 + 32 + 32 + PartialMerkleTree::MIN_LEN + Transaction::MIN_LEN + 5;
}

impl Encode for MnListDiff {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.base_block_hash.encode(out);
        self.block_hash.encode(out);
        self.coinbase_tree.encode(out);
        self.coinbase.encode(out);
        put_list(out, &self.deleted);
        put_list(out, &self.entries);
        put_compact_size(out, self.deleted_quorums.len() as u64);
        for (llmq_type, quorum_hash) in &self.deleted_quorums {
            llmq_type.encode(out);
            quorum_hash.encode(out);
        }
        put_list(out, &self.new_quorums);
        put_compact_size(out, self.quorum_signatures.len() as u64);
        for (signature, places) in &self.quorum_signatures {
            signature.encode(out);
            put_compact_size(out, places.len() as u64);
            places.iter().for_each(|place| out.extend_from_slice(&place.to_le_bytes()));
        }
    }
}

impl Decode for MnListDiff {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: r.u16()?,
            base_block_hash: BlockHash::decode(r)?,
            block_hash: BlockHash::decode(r)?,
            coinbase_tree: PartialMerkleTree::decode(r)?,
            coinbase: Transaction::decode(r)?,
            deleted: list(r, "deleted masternodes", MAX_PAYLOAD, 32)?,
            entries: list(r, "masternodes", MAX_PAYLOAD, SmlEntry::MIN_LEN)?,
            deleted_quorums: deleted_quorums(r)?,
            new_quorums: list(r, "quorums", MAX_PAYLOAD, FinalCommitment::MIN_LEN)?,
            quorum_signatures: quorum_signatures(r)?,
        })
    }
}

fn deleted_quorums(r: &mut Reader<'_>) -> Result<Vec<QuorumName>, DecodeError> {
    let count = r.count("deleted quorums", MAX_PAYLOAD, 1 + 32)?;
    let mut names = Vec::with_capacity(count);
    for _ in 0..count {
        names.push((LLMQType::decode(r)?, QuorumHash::decode(r)?));
    }
    Ok(names)
}

fn quorum_signatures(r: &mut Reader<'_>) -> Result<Vec<(BlsSignature, Vec<u16>)>, DecodeError> {
    let count = r.count("ChainLock signatures", MAX_PAYLOAD, BlsSignature::LEN + 1)?;
    let mut signatures = Vec::with_capacity(count);
    for _ in 0..count {
        let signature = BlsSignature::decode(r)?;
        let len = r.count("places of a ChainLock signature", usize::from(u16::MAX) + 1, 2)?;
        let mut places = Vec::with_capacity(len);
        for _ in 0..len {
            places.push(r.u16()?);
        }
        signatures.push((signature, places));
    }
    Ok(signatures)
}
