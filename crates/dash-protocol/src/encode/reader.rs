//! The reader of untrusted bytes.
//!
//! **Bounds.** [`Reader`] borrows its bytes and allocates nothing by itself. A count is accepted only if the bytes that
//! are left could hold that many elements, so a peer cannot make a decoder allocate more than a small multiple of what
//! it sent.

use super::{DecodeError, MAX_COMPACT_SIZE};

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
            None => Err(self.truncated(n)),
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
            None => Err(self.truncated(N)),
        }
    }

    /// The error of a value that takes more bytes than are left. Made here, out of line: there are hundreds of values.
    #[cold]
    #[inline(never)]
    const fn truncated(&self, needed: usize) -> DecodeError {
        DecodeError::Truncated { needed, remaining: self.rest.len() }
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
            return Err(self.truncated(needed));
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
