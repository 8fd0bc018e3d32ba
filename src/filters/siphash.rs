//! SipHash-2-4 under the key of a block: of one element, and of four side by side.
//!
//! The key differs from block to block, so every watched script is hashed anew for every filter: nearly all the time
//! of matching is spent here. Four elements of the same length go through the rounds together, two in each vector. On
//! wasm the vectors are SIMD's, with rotations by whole bytes as shuffles; elsewhere the compiler makes what it can of
//! pairs of integers.

use bitcoin_hashes::siphash24;
use dash_protocol::BlockHash;

#[cfg(not(target_arch = "wasm32"))]
mod pair;
#[cfg(target_arch = "wasm32")]
#[path = "siphash/pair_wasm.rs"]
mod pair;

use pair::Pair;

/// Elements that are hashed side by side.
pub const LANES: usize = 4;

/// What a block's filter is hashed with: the first 16 bytes of the block's hash in internal order (BIP 158).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilterKey {
    k0: u64,
    k1: u64,
}

impl FilterKey {
    /// The key of a block.
    pub fn of(block: &BlockHash) -> Self {
        let (words, _) = block.as_bytes().as_chunks::<8>();
        Self { k0: u64::from_le_bytes(words[0]), k1: u64::from_le_bytes(words[1]) }
    }

    /// The hash of one element.
    pub fn hash(&self, element: &[u8]) -> u64 {
        siphash24::Hash::hash_to_u64_with_keys(self.k0, self.k1, element)
    }

    /// The hashes of four elements of the same length; each item of `words` has one word of every element, as
    /// [`message_words`] gives them.
    pub fn hash_lanes(&self, words: &[[u64; LANES]]) -> [u64; LANES] {
        let mut state = State::new(self);
        for &[a, b, c, d] in words {
            state.absorb([Pair::new(a, b), Pair::new(c, d)]);
        }
        state.finish()
    }
}

/// An element as SipHash takes it in: words of eight bytes, the last one filled up with zeros and ended by the length.
pub fn message_words(element: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = element.as_chunks::<8>();
    let tail = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    let last = tail | (element.len() as u64) << 56;
    whole.iter().map(|word| u64::from_le_bytes(*word)).chain([last])
}

/// How many words [`message_words`] gives for an element.
pub const fn word_count(element: &[u8]) -> usize {
    element.len() / 8 + 1
}

/// The four words of SipHash's state, each of four elements.
struct State {
    v0: [Pair; 2],
    v1: [Pair; 2],
    v2: [Pair; 2],
    v3: [Pair; 2],
}

impl State {
    #[inline(always)]
    fn new(key: &FilterKey) -> Self {
        let both = |word| [Pair::new(word, word); 2];
        Self {
            v0: both(key.k0 ^ 0x736f_6d65_7073_6575),
            v1: both(key.k1 ^ 0x646f_7261_6e64_6f6d),
            v2: both(key.k0 ^ 0x6c79_6765_6e65_7261),
            v3: both(key.k1 ^ 0x7465_6462_7974_6573),
        }
    }

    #[inline(always)]
    fn absorb(&mut self, words: [Pair; 2]) {
        self.v3 = xor(self.v3, words);
        self.round();
        self.round();
        self.v0 = xor(self.v0, words);
    }

    #[inline(always)]
    fn finish(mut self) -> [u64; LANES] {
        self.v2 = xor(self.v2, [Pair::new(0xff, 0xff); 2]);
        self.round();
        self.round();
        self.round();
        self.round();
        let [low, high] = xor(xor(self.v0, self.v1), xor(self.v2, self.v3));
        let ([a, b], [c, d]) = (low.to_array(), high.to_array());
        [a, b, c, d]
    }

    #[inline(always)]
    fn round(&mut self) {
        self.v0 = add(self.v0, self.v1);
        self.v2 = add(self.v2, self.v3);
        self.v1 = xor(rotate::<13>(self.v1), self.v0);
        self.v3 = xor(rotate::<16>(self.v3), self.v2);
        self.v0 = rotate::<32>(self.v0);
        self.v0 = add(self.v0, self.v3);
        self.v2 = add(self.v2, self.v1);
        self.v3 = xor(rotate::<21>(self.v3), self.v0);
        self.v1 = xor(rotate::<17>(self.v1), self.v2);
        self.v2 = rotate::<32>(self.v2);
    }
}

#[inline(always)]
fn add([a, b]: [Pair; 2], [c, d]: [Pair; 2]) -> [Pair; 2] {
    [a.add(c), b.add(d)]
}

#[inline(always)]
fn xor([a, b]: [Pair; 2], [c, d]: [Pair; 2]) -> [Pair; 2] {
    [a.xor(c), b.xor(d)]
}

#[inline(always)]
fn rotate<const BITS: u32>([a, b]: [Pair; 2]) -> [Pair; 2] {
    [a.rotate_left::<BITS>(), b.rotate_left::<BITS>()]
}
