//! X11, the hash of block headers: the one place that names the crates which compute it. In browsers that is `dash-x11`,
//! eight headers at a time in SIMD, where one alone takes most of the time of eight; natively `dash-pow`, which is faster there.
//!
//! Takes fixed-size input only, so nothing a peer sends can make it do more than one hash per header.

use dash_protocol::{BlockHash, Header};
#[cfg(target_arch = "wasm32")]
use dash_x11::{hash, hash_batch};
#[cfg(not(target_arch = "wasm32"))]
use natively::{hash, hash_batch};

/// Headers that are hashed side by side: batches of multiples of it are fastest.
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) const LANES: usize = 8;

/// The X11 hash of one 80-byte header.
pub fn x11(header: &[u8; Header::LEN]) -> BlockHash {
    BlockHash::from_bytes(hash(header))
}

/// The hashes of headers of 80 bytes each, joined, in their order. Bytes after the last whole header are ignored.
pub fn x11_batch(raw: &[u8]) -> Vec<BlockHash> {
    let (headers, _) = raw.as_chunks::<{ Header::LEN }>();
    let mut hashes = Vec::with_capacity(headers.len());
    hash_batch(headers, |hash| hashes.push(BlockHash::from_bytes(hash)));
    hashes
}

#[cfg(not(target_arch = "wasm32"))]
mod natively {
    use super::Header;
    use dash_pow::X11;
    use digest::Digest;

    pub(super) fn hash(header: &[u8; Header::LEN]) -> [u8; 32] {
        X11::digest(header).into()
    }

    pub(super) fn hash_batch(headers: &[[u8; Header::LEN]], each: impl FnMut([u8; 32])) {
        headers.iter().map(hash).for_each(each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Protocol reference, X11 vectors.
    #[test]
    fn known_inputs_have_their_known_hashes() {
        let counting: [u8; 80] = core::array::from_fn(|i| i as u8);
        let raw = |hash: BlockHash| hash.to_bytes().map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(raw(x11(&[0; 80])), "8328846180965bce56f61e015db62af562a611d85e5e721d854c8d97e47a3ea3");
        assert_eq!(raw(x11(&counting)), "412e767aa9a39ee210ea9ce424de4ff5ee35e61a8c27506bc2365ff7d4e3ecce");
    }

    #[test]
    fn a_batch_is_the_single_hashes_in_order() {
        let raw: Vec<u8> = (0..240).map(|i| i as u8).chain([1, 2, 3]).collect();
        let single: Vec<_> = raw.chunks_exact(80).map(|chunk| x11(chunk.try_into().unwrap())).collect();
        assert_eq!(x11_batch(&raw), single);
        assert!(x11_batch(&raw[..79]).is_empty());
    }
}
