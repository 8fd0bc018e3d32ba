//! Maps by block hash that hash no key again.
//!
//! A block hash is as good as chance in the bytes that are taken here, its lowest: a header meets its target by its
//! highest ones. To make two of them meet in a map costs a peer their proof of work, over and over, and gains it a
//! comparison.

use dash_protocol::BlockHash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by block hash.
pub(crate) type ByHash<T> = HashMap<BlockHash, T, BuildHasherDefault<Lowest>>;

/// Takes the lowest eight bytes of a block hash for its hash.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lowest(u64);

impl Hasher for Lowest {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(lowest) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*lowest);
        }
    }

    /// The length of the bytes that follow: always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, BuildHasherDefault};

    #[test]
    fn a_hash_is_known_by_its_lowest_bytes() {
        let hash = BlockHash::from_bytes(std::array::from_fn(|at| at as u8));
        let found = BuildHasherDefault::<Lowest>::default().hash_one(hash);
        assert_eq!(found, 0x0706_0504_0302_0100);
    }
}
