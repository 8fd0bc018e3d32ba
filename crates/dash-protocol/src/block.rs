//! A whole block.

use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_list};
use crate::hash::{MerkleRoot, Txid};
use crate::header::Header;
use crate::merkle::{self, MAX_BLOCK_TRANSACTIONS, MerkleError};
use crate::transaction::Transaction;

/// A header and the transactions that are said to be under its merkle root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The header.
    pub header: Header,
    /// The transactions, coinbase first; at most [`MAX_BLOCK_TRANSACTIONS`].
    pub transactions: Vec<Transaction>,
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
