//! ChainLocks (DIP-8) and InstantSend locks (DIP-10, DIP-22) as peers send them.

use crate::bls::BlsSignature;
use crate::hash::{BlockHash, Txid};
use crate::transaction::OutPoint;

/// `clsig`: a quorum's word that a block is final. Nothing of it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLock {
    /// The block's height as claimed.
    pub height: i32,
    /// The block.
    pub block_hash: BlockHash,
    /// Basic encoding.
    pub signature: BlsSignature,
}

/// `isdlock`: a quorum's word that a transaction's inputs are spent by it and nothing else. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstantLock {
    /// 1.
    pub version: u8,
    /// The outputs spent, in the order of the transaction's inputs.
    pub inputs: Vec<OutPoint>,
    /// The transaction.
    pub txid: Txid,
    /// The base block of the signing quorum's cycle.
    pub cycle_hash: BlockHash,
    /// Basic encoding.
    pub signature: BlsSignature,
}
