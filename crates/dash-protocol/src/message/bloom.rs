//! Bloom filters, by which a peer is told roughly which transactions to relay (BIP 37): `filterload`, `filteradd`.
//!
//! A filter is at most [`MAX_BLOOM_FILTER`] bytes, and asks for at most [`MAX_BLOOM_FUNCTIONS`] hashes an element.

use crate::encode::{Decode, DecodeError, Encode, Reader, put_var_bytes};

/// The largest filter in bytes (Dash Core `common/bloom.h`, `MAX_BLOOM_FILTER_SIZE`).
pub const MAX_BLOOM_FILTER: usize = 36_000;

/// The most hash functions (Dash Core `common/bloom.h`, `MAX_HASH_FUNCS`).
pub const MAX_BLOOM_FUNCTIONS: u32 = 50;

/// The longest element that `filteradd` takes (Dash Core `script/script.h`, `MAX_SCRIPT_ELEMENT_SIZE`).
pub const MAX_BLOOM_ELEMENT: usize = 520;

/// Whether a peer adds the outputs that it matched, so that what spends them is matched as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BloomUpdate {
    /// It adds none.
    None,
    /// It adds all.
    All,
    /// It adds those that pay to a bare key or to several.
    BareKeysOnly,
}

/// A set that is never said to lack what it holds; the payload of `filterload`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BloomFilter {
    /// The bits, least significant first. Without any the filter matches everything.
    pub data: Vec<u8>,
    /// How many bits an element sets; at most [`MAX_BLOOM_FUNCTIONS`].
    pub functions: u32,
    /// Makes filters of the same elements differ.
    pub tweak: u32,
    /// What a peer adds on its own.
    pub update: BloomUpdate,
}

impl BloomFilter {
    /// An empty filter for so many elements, of which so great a share of others (above 0, below 1) will seem to be one.
    #[must_use]
    pub fn new(elements: u32, false_positives: f64, tweak: u32, update: BloomUpdate) -> Self {
        const LN2: f64 = core::f64::consts::LN_2;
        let elements = elements.max(1);
        let bits = -1.0 / (LN2 * LN2) * f64::from(elements) * false_positives.ln();
        // A float becomes the nearest integer in range, and no number becomes 0.
        let bytes = ((bits as u32) / 8).clamp(1, MAX_BLOOM_FILTER as u32);
        let functions = (f64::from(bytes * 8 / elements) * LN2) as u32;
        Self {
            data: vec![0; bytes as usize],
            functions: functions.clamp(1, MAX_BLOOM_FUNCTIONS),
            tweak,
            update,
        }
    }

    /// Adds an element.
    pub fn insert(&mut self, element: &[u8]) {
        for function in 0..self.functions {
            if let Some(bit) = self.bit(function, element) {
                self.data[bit / 8] |= 1 << (bit % 8);
            }
        }
    }

    /// Whether it may hold an element; never false for one that was added.
    #[must_use]
    pub fn contains(&self, element: &[u8]) -> bool {
        let set = |bit: usize| self.data[bit / 8] >> (bit % 8) & 1 == 1;
        (0..self.functions).all(|function| self.bit(function, element).is_none_or(set))
    }

    /// The bit that a hash function sets for an element; none in an empty filter.
    fn bit(&self, function: u32, element: &[u8]) -> Option<usize> {
        let seed = function.wrapping_mul(0xfba4_c795).wrapping_add(self.tweak);
        (murmur3(seed, element) as usize).checked_rem(self.data.len() * 8)
    }
}

/// MurmurHash3 for 32 bits.
fn murmur3(seed: u32, data: &[u8]) -> u32 {
    let scramble = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let (blocks, tail) = data.as_chunks::<4>();
    let mut hash = seed;
    for block in blocks {
        hash ^= scramble(u32::from_le_bytes(*block));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    hash ^= scramble(tail.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte)));
    hash ^= data.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2_ae35);
    hash ^ hash >> 16
}

impl Encode for BloomFilter {
    fn encode(&self, out: &mut Vec<u8>) {
        put_var_bytes(out, &self.data);
        out.extend_from_slice(&self.functions.to_le_bytes());
        out.extend_from_slice(&self.tweak.to_le_bytes());
        out.push(match self.update {
            BloomUpdate::None => 0,
            BloomUpdate::All => 1,
            BloomUpdate::BareKeysOnly => 2,
        });
    }
}

impl Decode for BloomFilter {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let data = r.var_bytes("bytes of a bloom filter", MAX_BLOOM_FILTER)?.to_vec();
        let functions = r.u32()?;
        if functions > MAX_BLOOM_FUNCTIONS {
            return Err(DecodeError::TooMany {
                what: "hash functions",
                count: functions.into(),
                max: MAX_BLOOM_FUNCTIONS as usize,
            });
        }
        let tweak = r.u32()?;
        let update = match r.u8()? {
            0 => BloomUpdate::None,
            1 => BloomUpdate::All,
            2 => BloomUpdate::BareKeysOnly,
            value => return Err(DecodeError::Invalid { what: "bloom update", value: value.into() }),
        };
        Ok(Self { data, functions, tweak, update })
    }
}
