//! A whole block, and one of which some transactions are proven and the others left out.

use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_list};
use crate::hash::{MerkleRoot, Txid};
use crate::header::Header;
use crate::merkle::{self, MAX_BLOCK_TRANSACTIONS, MerkleError, PartialMerkleTree};
use crate::transaction::Transaction;

/// The most bytes of a block since DIP-1 (Dash Core `consensus/consensus.h`, `MaxBlockSize`).
pub const MAX_BLOCK: usize = 2_000_000;

/// A header and the transactions that are said to be under its merkle root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The transactions, coinbase first; at most [`MAX_BLOCK_TRANSACTIONS`].
    pub transactions: Vec<Transaction>,
}

/// A header and the paths to those of its transactions that a bloom filter matched (BIP 37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleBlock {
    /// The header.
    pub header: Header,
    /// The paths, to be held against the header's merkle root.
    pub tree: PartialMerkleTree,
}

impl Block {
    /// The root over its transactions, to be held against the header's.
    ///
    /// # Errors
    /// [`MerkleError`] if there are none, or if other transactions have the same root.
    pub fn merkle_root(&self) -> Result<MerkleRoot, MerkleError> {
        let txids: Vec<Txid> = self.transactions.iter().map(Transaction::txid).collect();
        merkle::block_root(&txids)
    }
}

impl Encode for Block {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        put_list(out, &self.transactions);
    }
}

impl Decode for Block {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            header: Header::decode(r)?,
            transactions: list(r, "transactions", MAX_BLOCK_TRANSACTIONS, Transaction::MIN_LEN)?,
        })
    }
}

impl Encode for MerkleBlock {
    fn encode(&self, out: &mut Vec<u8>) {
        self.header.encode(out);
        self.tree.encode(out);
    }
}

impl Decode for MerkleBlock {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { header: Header::decode(r)?, tree: PartialMerkleTree::decode(r)? })
    }
}
