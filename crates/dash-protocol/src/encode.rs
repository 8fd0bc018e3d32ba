//! The wire encoding: little-endian integers, CompactSize, and a reader that cannot be led past its input.
//!
//! **Bounds.** [`Reader`] borrows its bytes and allocates nothing by itself. A count is accepted only if the bytes that
//! are left could hold that many elements, so a peer cannot make a decoder allocate more than a small multiple of what
//! it sent.

use thiserror::Error;

/// The largest length or count that a CompactSize may carry (Dash Core `serialize.h`, `MAX_SIZE`): 32 MiB.
pub const MAX_COMPACT_SIZE: u64 = 0x0200_0000;

/// Why bytes are not a valid encoding.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("truncated: {needed} bytes needed, {remaining} left")]
    Truncated {
        /// Bytes that the value takes at least.
        needed: usize,
        /// Bytes that were left.
        remaining: usize,
    },
    /// A CompactSize in a longer form than its value takes.
    #[error("non-minimal encoding of {value}")]
    NonMinimal {
        /// The value.
        value: u64,
    },
    /// A CompactSize above [`MAX_COMPACT_SIZE`].
    #[error("size {value} is above 32 MiB")]
    SizeTooLarge {
        /// The value.
        value: u64,
    },
    /// More elements, or a longer string, than the protocol allows.
    #[error("{count} {what}, at most {max} allowed")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// How many there are said to be.
        count: u64,
        /// How many there may be.
        max: usize,
    },
    /// Bytes after the end of a value that should fill its input.
    #[error("{count} trailing bytes")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// A value that the protocol does not know.
    #[error("invalid {what}: {value}")]
    Invalid {
        /// The field.
        what: &'static str,
        /// What it holds.
        value: u64,
    },
    /// Nothing, where the protocol demands something.
    #[error("no {what}")]
    Missing {
        /// What there has to be.
        what: &'static str,
    },
    /// The same twice in what has to be a set.
    #[error("duplicate {what}")]
    Duplicate {
        /// What is there twice.
        what: &'static str,
    },
}

/// A value with a wire form.
pub trait Encode {
    /// Appends the wire form to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// The wire form on its own.
    fn to_wire(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }
}

/// A value that can be read from its wire form.
pub trait Decode: Sized {
    /// Reads one value.
    ///
    /// # Errors
    /// What is wrong with the bytes; how far the reader got is then unspecified.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Reads one value that fills `bytes`.
    ///
    /// # Errors
    /// What is wrong with the bytes; [`DecodeError::TrailingBytes`] if some are left over.
    fn from_wire(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        let value = Self::decode(&mut r)?;
        r.finish()?;
        Ok(value)
    }
}

/// A cursor over untrusted bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are left.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`DecodeError::TrailingBytes`] if something is left.
    pub const fn finish(&self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::TrailingBytes { count }),
        }
    }

    /// The next `n` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub const fn bytes(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(n) {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(DecodeError::Truncated { needed: n, remaining: self.rest.len() }),
        }
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub const fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, rest)) => {
                self.rest = rest;
                Ok(head)
            }
            None => Err(DecodeError::Truncated { needed: N, remaining: self.rest.len() }),
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u8(&mut self) -> Result<u8, DecodeError> {
        self.array::<1>().map(|b| b[0])
    }

    /// A `bool`: one byte, 0 or 1. As in Dash Core, any other byte counts as true.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        self.u8().map(|b| b != 0)
    }

    /// A `bool` that has to be 0 or 1: there is one encoding only, so that what is hashed is what came.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::Invalid`].
    pub fn flag(&mut self, what: &'static str) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            value => Err(DecodeError::Invalid { what, value: value.into() }),
        }
    }

    /// A little-endian `u16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().map(|b| u16::from_le_bytes(*b))
    }

    /// A big-endian `u16`, the form of ports.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u16_be(&mut self) -> Result<u16, DecodeError> {
        self.array().map(|b| u16::from_be_bytes(*b))
    }

    /// A little-endian `i16`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn i16(&mut self) -> Result<i16, DecodeError> {
        self.array().map(|b| i16::from_le_bytes(*b))
    }

    /// A little-endian `u32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().map(|b| u32::from_le_bytes(*b))
    }

    /// A little-endian `i32`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        self.array().map(|b| i32::from_le_bytes(*b))
    }

    /// A little-endian `u64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().map(|b| u64::from_le_bytes(*b))
    }

    /// A little-endian `i64`.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`].
    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        self.array().map(|b| i64::from_le_bytes(*b))
    }

    /// A CompactSize that is a length or a count.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::NonMinimal`], [`DecodeError::SizeTooLarge`].
    pub fn compact_size(&mut self) -> Result<u64, DecodeError> {
        let value = self.compact_u64()?;
        if value > MAX_COMPACT_SIZE {
            return Err(DecodeError::SizeTooLarge { value });
        }
        Ok(value)
    }

    /// A CompactSize that is a plain number (the services of an `addrv2` entry): no 32 MiB limit.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`], [`DecodeError::NonMinimal`].
    pub fn compact_u64(&mut self) -> Result<u64, DecodeError> {
        let (value, least) = match self.u8()? {
            0xff => (self.u64()?, 0x1_0000_0000),
            0xfe => (u64::from(self.u32()?), 0x1_0000),
            0xfd => (u64::from(self.u16()?), 0xfd),
            short => (u64::from(short), 0),
        };
        if value < least {
            return Err(DecodeError::NonMinimal { value });
        }
        Ok(value)
    }

    /// The count of a vector: at most `max`, and no more than the bytes that are left can hold at `min_item_len` each,
    /// so that a vector of this capacity may be allocated.
    ///
    /// # Errors
    /// Those of [`Reader::compact_size`], [`DecodeError::TooMany`], [`DecodeError::Truncated`].
    pub fn count(
        &mut self,
        what: &'static str,
        max: usize,
        min_item_len: usize,
    ) -> Result<usize, DecodeError> {
        let count = self.compact_size()?;
        let n = usize::try_from(count).ok().filter(|n| *n <= max).ok_or(DecodeError::TooMany {
            what,
            count,
            max,
        })?;
        let needed = n.saturating_mul(min_item_len);
        if needed > self.remaining() {
            return Err(DecodeError::Truncated { needed, remaining: self.remaining() });
        }
        Ok(n)
    }

    /// A byte vector or string of at most `max` bytes.
    ///
    /// # Errors
    /// Those of [`Reader::count`].
    pub fn var_bytes(&mut self, what: &'static str, max: usize) -> Result<&'a [u8], DecodeError> {
        let n = self.count(what, max, 1)?;
        self.bytes(n)
    }
}

/// Appends a CompactSize in its only valid, shortest form.
pub fn put_compact_size(out: &mut Vec<u8>, value: u64) {
    if value < 0xfd {
        out.push(value as u8);
    } else if value <= 0xffff {
        out.push(0xfd);
        out.extend_from_slice(&(value as u16).to_le_bytes());
    } else if value <= 0xffff_ffff {
        out.push(0xfe);
        out.extend_from_slice(&(value as u32).to_le_bytes());
    } else {
        out.push(0xff);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// Appends a byte vector or string: its length, then its bytes.
pub fn put_var_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_compact_size(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// A vector of at most `max` elements of at least `min_len` bytes each.
pub(crate) fn list<T: Decode>(
    r: &mut Reader<'_>,
    what: &'static str,
    max: usize,
    min_len: usize,
) -> Result<Vec<T>, DecodeError> {
    let count = r.count(what, max, min_len)?;
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        items.push(T::decode(r)?);
    }
    Ok(items)
}

/// Appends a vector.
pub(crate) fn put_list<T: Encode>(out: &mut Vec<u8>, items: &[T]) {
    put_compact_size(out, items.len() as u64);
    items.iter().for_each(|item| item.encode(out));
}
