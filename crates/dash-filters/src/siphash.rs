//! SipHash-2-4 under the key of a block: of one element, and of four side by side.
//!
//! The key differs from block to block, so every watched script is hashed anew for every filter: nearly all the time
//! of matching is spent here. Four elements of the same number of words go through the rounds together, two in each vector: on
//! wasm those of its SIMD (`simd128.rs`), elsewhere those that the crate `wide` finds (`portable.rs`).

use bitcoin_hashes::siphash24;
use dash_protocol::BlockHash;

#[cfg(not(target_arch = "wasm32"))]
#[path = "siphash/portable.rs"]
mod pair;
#[cfg(target_arch = "wasm32")]
#[path = "siphash/simd128.rs"]
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

    /// The hashes of [`LANES`] elements of the same number of words; each item of `words` has one word of every element, as
    /// [`message_words`] gives them.
    #[inline(always)]
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

/// A word of each of [`LANES`] elements: an operation on one pair fills the wait of the other.
type Words = [Pair; 2];

/// The four words of SipHash's state, each of [`LANES`] elements.
///
/// Every step is spelled out and inlined: the package is compiled for size, where a loop over two would stay one.
struct State {
    v0: Words,
    v1: Words,
    v2: Words,
    v3: Words,
}

impl State {
    #[inline(always)]
    fn new(key: &FilterKey) -> Self {
        Self {
            v0: all(key.k0 ^ 0x736f_6d65_7073_6575),
            v1: all(key.k1 ^ 0x646f_7261_6e64_6f6d),
            v2: all(key.k0 ^ 0x6c79_6765_6e65_7261),
            v3: all(key.k1 ^ 0x7465_6462_7974_6573),
        }
    }

    #[inline(always)]
    fn absorb(&mut self, words: Words) {
        self.v3 = xor(self.v3, words);
        self.round();
        self.round();
        self.v0 = xor(self.v0, words);
    }

    #[inline(always)]
    fn finish(mut self) -> [u64; LANES] {
        self.v2 = xor(self.v2, all(0xff));
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
fn all(word: u64) -> Words {
    [Pair::new(word, word), Pair::new(word, word)]
}

#[inline(always)]
fn add([a, b]: Words, [c, d]: Words) -> Words {
    [a.add(c), b.add(d)]
}

#[inline(always)]
fn xor([a, b]: Words, [c, d]: Words) -> Words {
    [a.xor(c), b.xor(d)]
}

#[inline(always)]
fn rotate<const BITS: u32>([a, b]: Words) -> Words {
    [a.rotate_left::<BITS>(), b.rotate_left::<BITS>()]
}
