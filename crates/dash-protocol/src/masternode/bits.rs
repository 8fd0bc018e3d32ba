//! Sets of bits with their length (`DYNBITSET`).

use core::borrow::Borrow;

use crate::encode::{Decode, DecodeError, Encode, Reader, put_compact_size};

/// So many bits, the first being the least significant of the first byte. No bit is set beyond the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BitSet {
    len: usize,
    bytes: Vec<u8>,
}

impl BitSet {
    /// So many bits, none of them set.
    #[must_use]
    pub fn with_len(len: usize) -> Self {
        Self { len, bytes: vec![0; len.div_ceil(8)] }
    }

    /// One bit for each of `bits`.
    #[must_use]
    pub fn from_bools<B: Borrow<bool>>(bits: impl IntoIterator<Item = B>) -> Self {
        let mut set = Self::default();
        for bit in bits {
            if set.len.is_multiple_of(8) {
                set.bytes.push(0);
            }
            set.bytes[set.len / 8] |= u8::from(*bit.borrow()) << (set.len % 8);
            set.len += 1;
        }
        set
    }

    /// How many bits there are, set or not.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a bit is set; false beyond the last.
    #[must_use]
    pub fn get(&self, at: usize) -> bool {
        at < self.len && self.bytes[at / 8] >> (at % 8) & 1 == 1
    }

    /// Sets or clears a bit.
    ///
    /// # Panics
    /// Beyond the last bit.
    pub fn set(&mut self, at: usize, value: bool) {
        assert!(at < self.len, "bit {at} of {}", self.len);
        let mask = 1 << (at % 8);
        if value {
            self.bytes[at / 8] |= mask;
        } else {
            self.bytes[at / 8] &= !mask;
        }
    }

    /// How many bits are set.
    #[must_use]
    pub fn count(&self) -> usize {
        self.bytes.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// The bits in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = bool> + '_ {
        (0..self.len).map(|at| self.get(at))
    }

    /// The positions of the bits that are set, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len).filter(|at| self.get(*at))
    }

    /// The bits as bytes, eight in each, padded with zeros.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromIterator<bool> for BitSet {
    fn from_iter<I: IntoIterator<Item = bool>>(bits: I) -> Self {
        Self::from_bools(bits)
    }
}

impl Encode for BitSet {
    fn encode(&self, out: &mut Vec<u8>) {
        put_compact_size(out, self.len as u64);
        out.extend_from_slice(&self.bytes);
    }
}

impl Decode for BitSet {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // At most MAX_COMPACT_SIZE, so it fits; the bytes are there before they are copied.
        let len = r.compact_size()? as usize;
        let bytes = r.bytes(len.div_ceil(8))?.to_vec();
        let stray = bytes.last().filter(|_| !len.is_multiple_of(8)).map_or(0, |last| last >> (len % 8));
        match stray {
            0 => Ok(Self { len, bytes }),
            _ => Err(DecodeError::Invalid { what: "bits after the last of a set", value: stray.into() }),
        }
    }
}
