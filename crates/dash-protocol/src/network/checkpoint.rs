//! Checkpoints: blocks that a valid chain has to contain.

use dash_num::Arith256;

use crate::hash::BlockHash;

/// A block that the chain has to contain at its height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Height; genesis is 0.
    pub height: u32,
    /// Hash of the block there.
    pub hash: BlockHash,
    /// The block's time in seconds since 1970, if known.
    pub time: Option<u32>,
    /// Total work of the chain up to and with the block, if known. A sync can start only where it is.
    pub chain_work: Option<Arith256>,
}

/// A row of a table: height, hash, and time and total work if they are known.
pub(super) struct Row {
    height: u32,
    hash: BlockHash,
    figures: Option<(u32, u128)>,
}

const fn row(height: u32, hash: &str, figures: Option<(u32, u128)>) -> Row {
    match BlockHash::from_hex(hash) {
        Ok(hash) => Row { height, hash, figures },
        Err(_) => panic!("a checkpoint's hash in the source is malformed"),
    }
}

/// A row with nothing but the hash.
pub(super) const fn bare(height: u32, hash: &str) -> Row {
    row(height, hash, None)
}

/// A row with time and total work.
pub(super) const fn known(height: u32, hash: &str, time: u32, chain_work: u128) -> Row {
    row(height, hash, Some((time, chain_work)))
}

/// A table as checkpoints.
pub(super) fn expand(rows: &[Row]) -> Vec<Checkpoint> {
    rows.iter()
        .map(|row| Checkpoint {
            height: row.height,
            hash: row.hash,
            time: row.figures.map(|(time, _)| time),
            chain_work: row.figures.map(|(_, work)| Arith256::from_u128(work)),
        })
        .collect()
}
