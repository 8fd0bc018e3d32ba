//! Merkle trees: of a block's transactions, of masternode lists and of quorums, and the path to some of their leaves.
//!
//! A level of odd length has its last node paired with itself, so two lists of transactions can have the same root.
//! [`block_root`] therefore refuses a list of which a longer or shorter one has the same root; [`root`] is for lists
//! whose leaves are known to be distinct. `partial.rs` has the paths.

mod partial;

pub use partial::PartialMerkleTree;

use thiserror::Error;

use crate::hash::{MerkleRoot, Txid, sha256d};

/// The most transactions of a block: 2,000,000 bytes at 60 each (Dash Core `merkleblock.cpp`).
pub const MAX_BLOCK_TRANSACTIONS: usize = 2_000_000 / 60;

/// Why a tree is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MerkleError {
    /// No leaves.
    #[error("a merkle tree without leaves")]
    Empty,
    /// More leaves than a block has room for.
    #[error("{count} leaves, at most {MAX_BLOCK_TRANSACTIONS} allowed")]
    TooManyLeaves {
        /// How many.
        count: usize,
    },
    /// More hashes than leaves.
    #[error("{hashes} hashes for {total} leaves")]
    TooManyHashes {
        /// Hashes of the path.
        hashes: usize,
        /// Leaves of the tree.
        total: u32,
    },
    /// The bits end before the tree does, or are fewer than the hashes.
    #[error("too few bits: {bits}")]
    TooFewBits {
        /// How many there are.
        bits: usize,
    },
    /// The hashes end before the tree does.
    #[error("too few hashes: {hashes}")]
    TooFewHashes {
        /// How many there are.
        hashes: usize,
    },
    /// Two neighbours with the same hash: a longer or shorter list has the same root (CVE-2012-2459).
    #[error("nodes {position} and {} of level {level} are equal", .position + 1)]
    EqualNodes {
        /// The level, 0 being the leaves.
        level: u32,
        /// The left node.
        position: usize,
    },
    /// Hashes that no node took.
    #[error("{count} hashes too many")]
    UnusedHashes {
        /// How many.
        count: usize,
    },
    /// Bytes of bits that no node took.
    #[error("{count} bytes of bits too many")]
    UnusedBits {
        /// How many.
        count: usize,
    },
}

/// The hash of two nodes.
pub(crate) fn node(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    sha256d(&both)
}

/// The level above.
fn parents(nodes: &[[u8; 32]]) -> Vec<[u8; 32]> {
    nodes.chunks(2).map(|pair| node(&pair[0], pair.last().expect("chunks are not empty"))).collect()
}

/// The root over the leaves in their order; zeros if there are none.
#[must_use]
pub fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
    if leaves.is_empty() {
        return [0; 32];
    }
    let mut nodes = leaves.to_vec();
    while nodes.len() > 1 {
        nodes = parents(&nodes);
    }
    nodes[0]
}

/// The root over a block's transactions in their order.
///
/// # Errors
/// [`MerkleError::Empty`]; [`MerkleError::EqualNodes`] if another list of transactions has the same root.
pub fn block_root(txids: &[Txid]) -> Result<MerkleRoot, MerkleError> {
    if txids.is_empty() {
        return Err(MerkleError::Empty);
    }
    let mut nodes: Vec<[u8; 32]> = txids.iter().map(|txid| txid.to_bytes()).collect();
    let mut level = 0;
    while nodes.len() > 1 {
        if let Some(pair) = nodes.as_chunks::<2>().0.iter().position(|[left, right]| left == right) {
            return Err(MerkleError::EqualNodes { level, position: 2 * pair });
        }
        nodes = parents(&nodes);
        level += 1;
    }
    Ok(MerkleRoot::from_bytes(nodes[0]))
}
