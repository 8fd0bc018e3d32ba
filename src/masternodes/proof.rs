//! From a diff's coinbase to the header of a validated chain.
//!
//! Everything in a diff but its coinbase is a claim about what the coinbase's two roots say; the coinbase itself is
//! proven by its path to the header's merkle root. The header comes from our own chain, never from the peer.

use super::DiffError;
use crate::checks::{self, Check};
use dash_protocol::{BlockHash, CoinbasePayload, MerkleRoot, MnListDiff, NetworkParams, Txid};

/// A block of the validated header chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenBlock {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: BlockHash,
    /// The merkle root over its transactions, from its header.
    pub merkle_root: MerkleRoot,
}

/// The special type of a coinbase (DIP-4), and the least version that has a type.
const COINBASE_TYPE: u16 = 5;
const LEAST_SPECIAL_VERSION: u16 = 3;

/// The diff's coinbase payload, proven to be the block's.
pub(super) fn coinbase(
    params: &NetworkParams,
    diff: &MnListDiff,
    block: &ProvenBlock,
) -> Result<CoinbasePayload, DiffError> {
    if checks::on(Check::CoinbasePath) {
        prove_path(diff, block)?;
    }
    let (version, tx_type) = (diff.coinbase.version, diff.coinbase.tx_type);
    if version < LEAST_SPECIAL_VERSION || tx_type != COINBASE_TYPE {
        return Err(DiffError::CoinbaseType { version, tx_type });
    }
    let payload = CoinbasePayload::of(&diff.coinbase).map_err(DiffError::CoinbasePayload)?;
    if checks::on(Check::CoinbaseHeight) && payload.height != block.height {
        return Err(DiffError::CoinbaseHeight { expected: block.height, found: payload.height });
    }
    check_version(params, block.height, payload.version)?;
    Ok(payload)
}

/// The tree has exactly one match, the first leaf, which is the coinbase, and leads to the header.
fn prove_path(diff: &MnListDiff, block: &ProvenBlock) -> Result<(), DiffError> {
    let (root, matches) = diff.coinbase_tree.extract().map_err(DiffError::CoinbaseTree)?;
    let &[(position, leaf)] = matches.as_slice() else {
        return Err(DiffError::CoinbaseMatches { count: matches.len() });
    };
    if position != 0 {
        return Err(DiffError::CoinbasePosition { position });
    }
    let found: Txid = diff.coinbase.txid();
    if leaf != found {
        return Err(DiffError::CoinbaseTxid { expected: leaf, found });
    }
    if root != block.merkle_root {
        return Err(DiffError::MerkleRoot { expected: block.merkle_root, found: root });
    }
    Ok(())
}

/// Payload version 1 from DIP-3, 2 or 3 from DIP-8, exactly 3 from V20 (Dash Core `evo/cbtx.cpp`).
fn check_version(params: &NetworkParams, height: u32, found: u16) -> Result<(), DiffError> {
    let activation = &params.activation;
    let allowed = match height {
        height if height >= activation.v20 => 3..=3,
        height if height >= activation.dip8 => 2..=3,
        _ => 1..=3,
    };
    if allowed.contains(&found) { Ok(()) } else { Err(DiffError::PayloadVersion { height, found }) }
}
