//! ChainLocks (DIP-8) and InstantSend locks (DIP-10, DIP-22) as peers send them.

use crate::bls::BlsSignature;
use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_list};
use crate::hash::{BlockHash, Txid, sha256d};
use crate::transaction::{MAX_TRANSACTION, OutPoint, TxIn};
use std::collections::HashSet;

/// The most inputs of a lock: as many as the largest transaction has room for.
pub const MAX_LOCK_INPUTS: usize = MAX_TRANSACTION / TxIn::MIN_LEN;

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
    /// 1. The signature does not cover it, so nothing hangs on it.
    pub version: u8,
    /// The outputs spent, in the order of the transaction's inputs: at least one and at most [`MAX_LOCK_INPUTS`], each
    /// once.
    pub inputs: Vec<OutPoint>,
    /// The transaction; never zero.
    pub txid: Txid,
    /// The base block of the signing quorum's cycle.
    pub cycle_hash: BlockHash,
    /// Basic encoding.
    pub signature: BlsSignature,
}

impl ChainLock {
    /// Bytes of the encoding.
    pub const LEN: usize = 4 + 32 + BlsSignature::LEN;

    /// The hash in inventories.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256d(&self.to_wire())
    }
}

impl Encode for ChainLock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.height.to_le_bytes());
        self.block_hash.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for ChainLock {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { height: r.i32()?, block_hash: BlockHash::decode(r)?, signature: BlsSignature::decode(r)? })
    }
}

impl InstantLock {
    /// The hash in inventories.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256d(&self.to_wire())
    }
}

impl Encode for InstantLock {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.version);
        put_list(out, &self.inputs);
        self.txid.encode(out);
        self.cycle_hash.encode(out);
        self.signature.encode(out);
    }
}

impl Decode for InstantLock {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let lock = Self {
            version: r.u8()?,
            inputs: list(r, "inputs of an InstantSend lock", MAX_LOCK_INPUTS, OutPoint::LEN)?,
            txid: Txid::decode(r)?,
            cycle_hash: BlockHash::decode(r)?,
            signature: BlsSignature::decode(r)?,
        };
        if lock.inputs.is_empty() {
            return Err(DecodeError::Missing { what: "input of an InstantSend lock" });
        }
        if lock.txid.is_zero() {
            return Err(DecodeError::Missing { what: "transaction of an InstantSend lock" });
        }
        let mut seen = HashSet::new();
        if !lock.inputs.iter().all(|input| seen.insert(input)) {
            return Err(DecodeError::Duplicate { what: "input of an InstantSend lock" });
        }
        Ok(lock)
    }
}
