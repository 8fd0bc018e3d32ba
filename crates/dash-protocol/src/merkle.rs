//! Merkle trees: of a block's transactions, of masternode lists and of quorums, and the path to some of their leaves.

/// A partial merkle tree (BIP 37, Dash Core `merkleblock.h`): a tree's root with the paths to some of its leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartialMerkleTree {
    /// How many leaves the whole tree has.
    pub total: u32,
    /// The hashes that cannot be computed, depth first.
    pub hashes: Vec<[u8; 32]>,
    /// The bits that say which nodes are descended into, least significant first.
    pub flags: Vec<u8>,
}
