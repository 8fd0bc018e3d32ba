//! Golomb-coded sets with the parameters of basic filters (BIP 158): taken apart, looked into, made.
//!
//! A set is coded as its count N, then its values in [0, N · 784,931), ascending, each as the difference to the one
//! before: the quotient by 2^19 as so many ones and a zero, then 19 bits of remainder, most significant first; zeros fill
//! up the last byte.
//!
//! **Bounds.** A count is believed only if the bytes that are there can hold so many values, 20 bits each at least, and
//! not above what a block has room for; only then is anything allocated: eight bytes for each value, so less than four
//! for each byte that came. A filter has one encoding only: every byte after the last value, every bit set in the
//! filling, and every value out of range is refused.

use super::siphash::FilterKey;
use dash_protocol::{BlockHash, DecodeError, MAX_FILTER, MAX_FILTER_ELEMENTS, Reader, put_compact_size};
use std::collections::BTreeSet;
use thiserror::Error;

/// Bits of a remainder (BIP 158, P).
pub const REMAINDER_BITS: u32 = 19;

/// How much larger than the set the range of values is: what is not in a set seems to be, one time in so many (BIP 158,
/// M).
pub const INVERSE_RATE: u64 = 784_931;

/// The fewest bits of a value: no ones, the zero that ends them, the remainder.
const MIN_BITS: usize = 1 + REMAINDER_BITS as usize;

/// Why bytes are not a filter.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    /// More bytes than a block can give rise to.
    #[error("a filter of {len} bytes, at most {MAX_FILTER} allowed")]
    TooLong {
        /// How many.
        len: usize,
    },
    /// No count at the beginning.
    #[error("count of a filter: {0}")]
    Count(#[from] DecodeError),
    /// A count that the bytes after it cannot hold, or no block.
    #[error("{count} values said to be in {len} bytes")]
    TooMany {
        /// How many there are said to be.
        count: u64,
        /// Bytes after the count.
        len: usize,
    },
    /// The bits end inside a value.
    #[error("{needed} bits of values in {len} bytes")]
    Truncated {
        /// Bits that the values take at least.
        needed: usize,
        /// Bytes after the count.
        len: usize,
    },
    /// A value at or above the count's range.
    #[error("the value {value} is not below {range}")]
    OutOfRange {
        /// The largest value.
        value: u64,
        /// What all have to be below.
        range: u64,
    },
    /// Whole bytes after the last value.
    #[error("{count} bytes after the last value")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// Something else than zeros after the last value.
    #[error("the last byte is not filled up with zeros")]
    Filling,
}

/// A filter of which only the count was read.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    count: u32,
    bits: &'a [u8],
}

impl<'a> Coded<'a> {
    /// Reads the count, and takes it if there is room for so many values.
    ///
    /// # Errors
    /// [`FilterError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FilterError> {
        if bytes.len() > MAX_FILTER {
            return Err(FilterError::TooLong { len: bytes.len() });
        }
        let mut r = Reader::new(bytes);
        let count = r.compact_size()?;
        let bits = r.bytes(r.remaining())?;
        let room = (bits.len() * 8 / MIN_BITS).min(MAX_FILTER_ELEMENTS);
        match u32::try_from(count) {
            Ok(fits) if fits as usize <= room => Ok(Self { count: fits, bits }),
            _ => Err(FilterError::TooMany { count, len: bits.len() }),
        }
    }

    /// How many elements the filter is of.
    pub fn count(&self) -> usize {
        self.count as usize
    }

    /// What all values are below: 0 for the empty set, and less than 2^38 in any case.
    pub fn range(&self) -> u64 {
        range(self.count())
    }

    /// Puts the values into `values`, ascending, in place of what was there.
    ///
    /// # Errors
    /// [`FilterError`] if there is anything but these values, each in range. What is in `values` is then unspecified.
    pub fn values_into(&self, values: &mut Vec<u64>) -> Result<(), FilterError> {
        values.clear();
        values.reserve(self.count());
        let mut reader = BitReader { bytes: self.bits, at: 0 };
        // No sum overflows: all quotients together have no more ones than there are bits.
        let mut value = 0;
        for _ in 0..self.count {
            value += reader.difference();
            values.push(value);
        }
        self.check_end(value, reader.at)
    }

    /// Whether the values are in range, as they are if the largest one is, and fill the bits.
    fn check_end(&self, largest: u64, end: usize) -> Result<(), FilterError> {
        let len = self.bits.len();
        if end > len * 8 {
            return Err(FilterError::Truncated { needed: end, len });
        }
        if self.count > 0 && largest >= self.range() {
            return Err(FilterError::OutOfRange { value: largest, range: self.range() });
        }
        if end.div_ceil(8) < len {
            return Err(FilterError::TrailingBytes { count: len - end.div_ceil(8) });
        }
        match self.bits.last() {
            Some(last) if !end.is_multiple_of(8) && last << (end % 8) != 0 => Err(FilterError::Filling),
            _ => Ok(()),
        }
    }
}

/// A decoded filter of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    key: FilterKey,
    range: u64,
    values: Vec<u64>,
}

impl Filter {
    /// Decodes the filter of a block.
    ///
    /// # Errors
    /// [`FilterError`] if it is not exactly a filter.
    pub fn decode(block: &BlockHash, bytes: &[u8]) -> Result<Self, FilterError> {
        let coded = Coded::parse(bytes)?;
        let mut values = Vec::new();
        coded.values_into(&mut values)?;
        Ok(Self { key: FilterKey::of(block), range: coded.range(), values })
    }

    /// How many elements it is of.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether it is of none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Whether it may hold an element; never false for one that it holds.
    pub fn contains(&self, element: &[u8]) -> bool {
        self.values.binary_search(&scale(self.key.hash(element), self.range)).is_ok()
    }
}

/// The filter of a set under a block's key.
pub fn encode(block: &BlockHash, elements: &BTreeSet<Vec<u8>>) -> Vec<u8> {
    let (key, range) = (FilterKey::of(block), range(elements.len()));
    let mut values: Vec<u64> = elements.iter().map(|element| scale(key.hash(element), range)).collect();
    values.sort_unstable();
    let mut out = Vec::new();
    put_compact_size(&mut out, elements.len() as u64);
    let mut writer = BitWriter { out, free: 0 };
    let mut before = 0;
    for value in values {
        writer.difference(value - before);
        before = value;
    }
    writer.out
}

/// What the values of so many elements are below.
const fn range(count: usize) -> u64 {
    count as u64 * INVERSE_RATE
}

/// A hash brought into `range` evenly: the upper half of the product of both. From halves, since wasm has no
/// multiplication that is wider than its result.
#[inline(always)]
pub const fn scale(hash: u64, range: u64) -> u64 {
    const LOW: u64 = 0xffff_ffff;
    let (high, low) = (hash >> 32, hash & LOW);
    let (range_high, range_low) = (range >> 32, range & LOW);
    let middle = high * range_low + ((low * range_low) >> 32);
    // So it is for every filter of fewer than 5,472 elements, and half of the work.
    if range_high == 0 {
        return middle >> 32;
    }
    high * range_high + (middle >> 32) + ((low * range_high + (middle & LOW)) >> 32)
}

/// Reads differences bit by bit, a whole one at a time. After the end there are only zeros; that it was passed shows in
/// `at`.
struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    /// At least 57 bits from the position on, the next one on top.
    #[inline(always)]
    fn window(&self) -> u64 {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => last_word(rest),
        };
        word << (self.at % 8)
    }

    #[inline(always)]
    fn difference(&mut self) -> u64 {
        /// Ones after which a window still holds the zero and the remainder.
        const ONES: u32 = 57 - MIN_BITS as u32;
        let mut quotient = 0;
        loop {
            let window = self.window();
            let ones = window.leading_ones();
            if ones <= ONES {
                self.at += ones as usize + MIN_BITS;
                let remainder = window << (ones + 1) >> (64 - REMAINDER_BITS);
                return (quotient + u64::from(ones)) << REMAINDER_BITS | remainder;
            }
            quotient += u64::from(ONES);
            self.at += ONES as usize;
        }
    }
}

/// Fewer than eight bytes as the beginning of a word.
#[cold]
fn last_word(rest: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(word)
}

/// Writes differences.
struct BitWriter {
    out: Vec<u8>,
    /// Bits of the last byte that are not in use yet.
    free: u32,
}

impl BitWriter {
    fn difference(&mut self, difference: u64) {
        for _ in 0..difference >> REMAINDER_BITS {
            self.bit(true);
        }
        self.bit(false);
        for place in (0..REMAINDER_BITS).rev() {
            self.bit(difference >> place & 1 == 1);
        }
    }

    fn bit(&mut self, set: bool) {
        if self.free == 0 {
            self.out.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.out.last_mut() {
            *last |= u8::from(set) << self.free;
        }
    }
}
