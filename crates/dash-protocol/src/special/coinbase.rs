//! What a block's coinbase commits to (DIP-4, DIP-29; Dash Core `evo/cbtx.h`).

use super::TxType;
use crate::bls::BlsSignature;
use crate::encode::{Decode, DecodeError, Encode, Reader, put_compact_size};
use crate::hash::MerkleRoot;
use crate::transaction::Transaction;

/// The newest ChainLock that the miner knew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BestChainLock {
    /// How many blocks lie between the locked block and this one: it is that of height - `height_diff` - 1.
    pub height_diff: u64,
    /// Basic encoding; never null.
    pub signature: BlsSignature,
}

/// The payload of a coinbase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinbasePayload {
    /// 1 from DIP-3 on, 2 from DIP-8 on, 3 from V20 on.
    pub version: u16,
    /// The block's height.
    pub height: u32,
    /// The root over the masternode list that results from the block.
    pub merkle_root_mn_list: MerkleRoot,
    /// The root over the quorums that result from the block; there from version 2 on, else zero.
    pub merkle_root_quorums: MerkleRoot,
    /// From version 3 on, unless the miner knew none.
    pub best_chainlock: Option<BestChainLock>,
    /// What Platform may withdraw at most, in duffs; there from version 3 on, else 0.
    pub credit_pool_balance: i64,
}

impl CoinbasePayload {
    /// The payload of a transaction that is said to be a coinbase.
    ///
    /// # Errors
    /// [`DecodeError`] if it is of another type, or if its payload is not exactly one of these.
    pub fn of(transaction: &Transaction) -> Result<Self, DecodeError> {
        match transaction.kind() {
            Some(TxType::Coinbase) => Self::from_wire(&transaction.payload),
            _ => Err(DecodeError::Invalid { what: "type of a coinbase", value: transaction.tx_type.into() }),
        }
    }

    /// The height of the block that its ChainLock is for; none without one, and none if it cannot be.
    #[must_use]
    pub fn chainlock_height(&self) -> Option<u32> {
        let diff = u32::try_from(self.best_chainlock?.height_diff).ok()?;
        self.height.checked_sub(diff)?.checked_sub(1)
    }
}

impl Encode for CoinbasePayload {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.height.to_le_bytes());
        self.merkle_root_mn_list.encode(out);
        if self.version >= 2 {
            self.merkle_root_quorums.encode(out);
        }
        if self.version >= 3 {
            put_compact_size(out, self.best_chainlock.map_or(0, |lock| lock.height_diff));
            self.best_chainlock.map_or(BlsSignature::NULL, |lock| lock.signature).encode(out);
            out.extend_from_slice(&self.credit_pool_balance.to_le_bytes());
        }
    }
}

impl Decode for CoinbasePayload {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = r.u16()?;
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Invalid { what: "version of a coinbase", value: version.into() });
        }
        let height = r.u32()?;
        if height > i32::MAX as u32 {
            return Err(DecodeError::Invalid { what: "height of a coinbase", value: height.into() });
        }
        Ok(Self {
            version,
            height,
            merkle_root_mn_list: MerkleRoot::decode(r)?,
            merkle_root_quorums: if version >= 2 { MerkleRoot::decode(r)? } else { MerkleRoot::ZERO },
            best_chainlock: if version >= 3 { best_chainlock(r)? } else { None },
            credit_pool_balance: if version >= 3 { r.i64()? } else { 0 },
        })
    }
}

fn best_chainlock(r: &mut Reader<'_>) -> Result<Option<BestChainLock>, DecodeError> {
    let height_diff = r.compact_size()?;
    let signature = BlsSignature::decode(r)?;
    match (signature.is_null(), height_diff) {
        (false, _) => Ok(Some(BestChainLock { height_diff, signature })),
        (true, 0) => Ok(None),
        (true, value) => Err(DecodeError::Invalid { what: "height of a ChainLock without signature", value }),
    }
}
