mod books;
mod rules;

use super::*;
use crate::engine::ConnId;
use dash_protocol::{BlockHash, ChainLock, InstantLock, OutPoint, Txid};

fn chainlock(height: i32, block: u8, signature: u8) -> ChainLock {
    ChainLock {
        height,
        block_hash: BlockHash::from_bytes([block; 32]),
        signature: BlsSignature::from_bytes([signature; 96]),
    }
}

fn txid(n: u32) -> Txid {
    Txid::from_bytes(sha256d(&n.to_le_bytes()))
}

fn output(n: u32) -> OutPoint {
    OutPoint { txid: txid(1_000_000 + n), vout: n }
}

/// The lock of a transaction that spends these outputs.
fn instantlock(transaction: u32, outputs: impl IntoIterator<Item = u32>) -> InstantLock {
    InstantLock {
        version: 1,
        inputs: outputs.into_iter().map(output).collect(),
        txid: txid(transaction),
        cycle_hash: BlockHash::from_bytes([7; 32]),
        signature: BlsSignature::from_bytes([9; 96]),
    }
}
