//! The block header: 80 bytes on the wire, fixed in size, no validity implied.

use core::fmt;

use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::hash::{BlockHash, MerkleRoot};

/// A proof-of-work target in its compact form (`nBits`), as the wire has it: nothing about it is checked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CompactTarget(u32);

impl CompactTarget {
    /// From the 32-bit word, of which the top byte is the size.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The 32-bit word.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        self.0
    }
}

impl fmt::LowerHex for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Display for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(self, f)
    }
}

impl fmt::Debug for CompactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompactTarget({self:x})")
    }
}

/// A block header as it stands on the wire. Its hash is X11 of [`Header::to_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Block version; signed in comparisons.
    pub version: i32,
    /// Hash of the header before this one; zero in the genesis block.
    pub prev_block_hash: BlockHash,
    /// Root of the merkle tree over the block's transactions.
    pub merkle_root: MerkleRoot,
    /// Seconds since 1970, as the miner says.
    pub time: u32,
    /// The target that the hash has to meet, as the miner says.
    pub bits: CompactTarget,
    /// What the miner varied.
    pub nonce: u32,
}

impl Header {
    /// Bytes of a header.
    pub const LEN: usize = 80;

    /// The wire form, which is also what X11 hashes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        self.write_to(&mut bytes);
        bytes
    }

    /// Writes the wire form where it is wanted: where many headers are joined, that spares them a copy.
    pub fn write_to(&self, bytes: &mut [u8; Self::LEN]) {
        // As a slice: ranges of arrays are taken by a function, which is called where code is compiled for size.
        let bytes = bytes.as_mut_slice();
        bytes[..4].copy_from_slice(&self.version.to_le_bytes());
        bytes[4..36].copy_from_slice(self.prev_block_hash.as_bytes());
        bytes[36..68].copy_from_slice(self.merkle_root.as_bytes());
        bytes[68..72].copy_from_slice(&self.time.to_le_bytes());
        bytes[72..76].copy_from_slice(&self.bits.to_bits().to_le_bytes());
        bytes[76..].copy_from_slice(&self.nonce.to_le_bytes());
    }

    /// The wire forms of some headers, joined.
    #[must_use]
    pub fn join<'a>(headers: impl ExactSizeIterator<Item = &'a Self>) -> Vec<u8> {
        let mut raw = vec![0; headers.len() * Self::LEN];
        for (bytes, header) in raw.as_chunks_mut().0.iter_mut().zip(headers) {
            header.write_to(bytes);
        }
        raw
    }

    /// From the wire form; every 80 bytes are a header.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        Self {
            version: i32::from_le_bytes(part(bytes, 0)),
            prev_block_hash: BlockHash::from_bytes(part(bytes, 4)),
            merkle_root: MerkleRoot::from_bytes(part(bytes, 36)),
            time: u32::from_le_bytes(part(bytes, 68)),
            bits: CompactTarget::from_bits(u32::from_le_bytes(part(bytes, 72))),
            nonce: u32::from_le_bytes(part(bytes, 76)),
        }
    }
}

/// `N` bytes of a header from `at` on.
fn part<const N: usize>(bytes: &[u8; Header::LEN], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}

impl Encode for Header {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }
}

impl Decode for Header {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self::from_bytes)
    }
}
