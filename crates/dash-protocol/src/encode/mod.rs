//! The wire encoding: little-endian integers, CompactSize, and a reader that cannot be led past its input.
//!
//! `reader.rs` has the reader; here are the two traits, what can be wrong with bytes, and what writes sizes and vectors.

mod reader;

pub use reader::Reader;

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
