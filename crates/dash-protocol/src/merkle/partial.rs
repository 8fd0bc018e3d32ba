//! A merkle root with the paths to some of its leaves.
//!
//! A path is walked only after its size was checked: at most [`MAX_BLOCK_TRANSACTIONS`] leaves, so the recursion is at
//! most 17 deep, and every node that is visited takes a bit that was sent.

use super::{MAX_BLOCK_TRANSACTIONS, MerkleError, node, parents};
use crate::encode::{Decode, DecodeError, Encode, Reader, put_compact_size, put_var_bytes};
use crate::hash::{MerkleRoot, Txid};

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

impl PartialMerkleTree {
    /// Bytes of the shortest encoding.
    pub const MIN_LEN: usize = 4 + 1 + 1;

    /// The tree over `txids` with the paths to those that `matched` has set; beyond its end nothing is matched.
    #[must_use]
    pub fn build(txids: &[Txid], matched: &[bool]) -> Self {
        let mut levels = vec![txids.iter().map(|txid| txid.to_bytes()).collect::<Vec<_>>()];
        let mut wanted: Vec<Vec<bool>> =
            vec![(0..txids.len()).map(|at| matched.get(at).copied().unwrap_or(false)).collect()];
        while let Some(nodes) = levels.last().filter(|nodes| nodes.len() > 1) {
            let above = parents(nodes);
            let paths = wanted.last().expect("one for each level").chunks(2);
            wanted.push(paths.map(|pair| pair.contains(&true)).collect());
            levels.push(above);
        }
        let mut builder = Builder { levels: &levels, wanted: &wanted, hashes: vec![], bits: vec![] };
        if !txids.is_empty() {
            builder.descend(levels.len() - 1, 0);
        }
        let flags = builder
            .bits
            .chunks(8)
            .map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit)));
        Self { total: txids.len() as u32, flags: flags.collect(), hashes: builder.hashes }
    }

    /// The tree's root, and the matched leaves with their positions, ascending. Nothing of it is proven until the root
    /// is found to be that of a header.
    ///
    /// # Errors
    /// [`MerkleError`] for a tree that is not exactly as its size and bits demand.
    pub fn extract(&self) -> Result<(MerkleRoot, Vec<(u32, Txid)>), MerkleError> {
        let total = self.total as usize;
        if total == 0 {
            return Err(MerkleError::Empty);
        }
        if total > MAX_BLOCK_TRANSACTIONS {
            return Err(MerkleError::TooManyLeaves { count: total });
        }
        if self.hashes.len() > total {
            return Err(MerkleError::TooManyHashes { hashes: self.hashes.len(), total: self.total });
        }
        if self.flags.len() * 8 < self.hashes.len() {
            return Err(MerkleError::TooFewBits { bits: self.flags.len() * 8 });
        }
        let mut walk = Walk { tree: self, hashes: 0, bits: 0, matched: vec![] };
        let root = walk.descend(height(self.total), 0)?;
        if walk.hashes < self.hashes.len() {
            return Err(MerkleError::UnusedHashes { count: self.hashes.len() - walk.hashes });
        }
        match self.flags.len() - walk.bits.div_ceil(8) {
            0 => Ok((MerkleRoot::from_bytes(root), walk.matched)),
            count => Err(MerkleError::UnusedBits { count }),
        }
    }
}

/// Nodes of a level.
const fn width(total: u32, level: u32) -> u32 {
    total.div_ceil(1 << level)
}

/// The level of the root.
const fn height(total: u32) -> u32 {
    let mut level = 0;
    while width(total, level) > 1 {
        level += 1;
    }
    level
}

/// A depth-first walk that takes bits and hashes as it meets nodes.
struct Walk<'a> {
    tree: &'a PartialMerkleTree,
    hashes: usize,
    bits: usize,
    matched: Vec<(u32, Txid)>,
}

impl Walk<'_> {
    fn descend(&mut self, level: u32, position: u32) -> Result<[u8; 32], MerkleError> {
        let on_path = self.bit()?;
        if level == 0 || !on_path {
            let hash = self.hash()?;
            if on_path {
                self.matched.push((position, Txid::from_bytes(hash)));
            }
            return Ok(hash);
        }
        let left = self.descend(level - 1, 2 * position)?;
        if 2 * position + 1 >= width(self.tree.total, level - 1) {
            return Ok(node(&left, &left));
        }
        let right = self.descend(level - 1, 2 * position + 1)?;
        if left == right {
            return Err(MerkleError::EqualNodes { level: level - 1, position: 2 * position as usize });
        }
        Ok(node(&left, &right))
    }

    fn bit(&mut self) -> Result<bool, MerkleError> {
        let bits = self.tree.flags.len() * 8;
        let byte = self.tree.flags.get(self.bits / 8).ok_or(MerkleError::TooFewBits { bits })?;
        let bit = byte >> (self.bits % 8) & 1 == 1;
        self.bits += 1;
        Ok(bit)
    }

    fn hash(&mut self) -> Result<[u8; 32], MerkleError> {
        let hashes = self.tree.hashes.len();
        let hash = self.tree.hashes.get(self.hashes).ok_or(MerkleError::TooFewHashes { hashes })?;
        self.hashes += 1;
        Ok(*hash)
    }
}

/// The same walk over a whole tree, which puts bits and hashes out.
struct Builder<'a> {
    levels: &'a [Vec<[u8; 32]>],
    wanted: &'a [Vec<bool>],
    hashes: Vec<[u8; 32]>,
    bits: Vec<bool>,
}

impl Builder<'_> {
    fn descend(&mut self, level: usize, position: usize) {
        let on_path = self.wanted[level][position];
        self.bits.push(on_path);
        if level == 0 || !on_path {
            self.hashes.push(self.levels[level][position]);
            return;
        }
        self.descend(level - 1, 2 * position);
        if 2 * position + 1 < self.levels[level - 1].len() {
            self.descend(level - 1, 2 * position + 1);
        }
    }
}

impl Encode for PartialMerkleTree {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.total.to_le_bytes());
        put_compact_size(out, self.hashes.len() as u64);
        self.hashes.iter().for_each(|hash| out.extend_from_slice(hash));
        put_var_bytes(out, &self.flags);
    }
}

impl Decode for PartialMerkleTree {
    /// Takes what is well-formed; [`PartialMerkleTree::extract`] finds out whether it is a tree.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let total = r.u32()?;
        let count = r.count("hashes of a merkle tree", MAX_BLOCK_TRANSACTIONS, 32)?;
        let mut hashes = Vec::with_capacity(count);
        for _ in 0..count {
            hashes.push(*r.array()?);
        }
        // A tree has fewer than twice as many nodes as leaves, and one more on each level of odd width.
        let flags = r.var_bytes("bytes of bits of a merkle tree", MAX_BLOCK_TRANSACTIONS)?;
        Ok(Self { total, hashes, flags: flags.to_vec() })
    }
}
