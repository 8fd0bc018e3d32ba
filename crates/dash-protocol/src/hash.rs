//! Hash newtypes and double SHA-256.
//!
//! Inside, byte 0 is the first byte that the hash function put out ("internal order", the order on the wire and of
//! comparison). Text is reversed ("display order"), as explorers and Dash Core print it.

use core::fmt;
use core::str::FromStr;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::encode::{Decode, DecodeError, Encode, Reader};

/// SHA-256 of the SHA-256 of `bytes`, in internal order.
#[must_use]
pub fn sha256d(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    Sha256::new_with_prefix(Sha256::digest(bytes)).finalize_into((&mut hash).into());
    hash
}

/// Text that is not a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseHashError {
    /// Not 64 characters.
    #[error("a hash has 64 hexadecimal digits, this text has {0} bytes")]
    Length(usize),
    /// A character that is no hexadecimal digit.
    #[error("no hexadecimal digit at position {0}")]
    Digit(usize),
}

/// Parses 64 hexadecimal digits in display order; usable in tables that the compiler builds.
pub(crate) const fn parse_display(text: &str) -> Result<[u8; 32], ParseHashError> {
    let text = text.as_bytes();
    if text.len() != 64 {
        return Err(ParseHashError::Length(text.len()));
    }
    let mut bytes = [0; 32];
    let mut i = 0;
    while i < 64 {
        let digit = match text[i] {
            c @ b'0'..=b'9' => c - b'0',
            c @ b'a'..=b'f' => c - b'a' + 10,
            c @ b'A'..=b'F' => c - b'A' + 10,
            _ => return Err(ParseHashError::Digit(i)),
        };
        bytes[31 - i / 2] = bytes[31 - i / 2] << 4 | digit;
        i += 1;
    }
    Ok(bytes)
}

/// Whether two hashes are the same, eight bytes at a time. What compilers make of comparing arrays on wasm goes byte by
/// byte, and several hashes are compared for each header.
#[must_use]
pub fn is_same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    let (a, _) = a.as_chunks();
    let (b, _) = b.as_chunks();
    let differing =
        a.iter().zip(b).fold(0, |bits, (a, b)| bits | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
    differing == 0
}

macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Ordered bytewise in internal order; printed and parsed in display order.
        #[derive(Clone, Copy, Eq, PartialOrd, Ord, Hash, Default)]
        #[expect(clippy::derived_hash_with_manual_eq, reason = "equal just if all bytes are, as derived")]
        pub struct $name([u8; 32]);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                is_same(&self.0, &other.0)
            }
        }

        impl $name {
            /// 32 zero bytes: "none" where the protocol has a hash in any case.
            pub const ZERO: Self = Self([0; 32]);

            /// From bytes in internal order.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The bytes in internal order.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 32] {
                self.0
            }

            /// The bytes in internal order.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// From 64 hexadecimal digits in display order.
            ///
            /// # Errors
            /// [`ParseHashError`] for anything else.
            pub const fn from_hex(text: &str) -> Result<Self, ParseHashError> {
                match parse_display(text) {
                    Ok(bytes) => Ok(Self(bytes)),
                    Err(error) => Err(error),
                }
            }

            /// Whether all bytes are zero.
            #[must_use]
            pub fn is_zero(&self) -> bool {
                *self == Self::ZERO
            }
        }

        impl fmt::LowerHex for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().rev().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::LowerHex::fmt(self, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:x})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseHashError;

            fn from_str(text: &str) -> Result<Self, ParseHashError> {
                Self::from_hex(text)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.0);
            }
        }

        impl Decode for $name {
            fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                r.array().map(|bytes| Self(*bytes))
            }
        }
    };
}

hash_type!(
    /// The X11 hash of a block's header.
    BlockHash
);
hash_type!(
    /// The root of the merkle tree over a block's transactions.
    MerkleRoot
);
hash_type!(
    /// The double SHA-256 of a transaction.
    Txid
);
hash_type!(
    /// A masternode's name: the id of the transaction that registered it.
    ProTxHash
);
hash_type!(
    /// The hash of the block in which a masternode's registration was confirmed; zero until then.
    ConfirmedHash
);
hash_type!(
    /// A quorum's name: the hash of its base block (DIP-6), for rotated types of the block `quorumIndex` above the cycle's
    /// base (DIP-24).
    QuorumHash
);

hash_type!(
    /// The double SHA-256 of a block's compact filter (BIP 157).
    FilterHash
);
hash_type!(
    /// What chains filters to one another: the double SHA-256 of a filter's hash and the filter header before it; zero
    /// before the genesis block (BIP 157).
    FilterHeader
);

impl FilterHash {
    /// The hash of an encoded filter.
    #[must_use]
    pub fn of(filter: &[u8]) -> Self {
        Self(sha256d(filter))
    }

    /// The filter header that it makes on top of another.
    #[must_use]
    pub fn header(&self, previous: &FilterHeader) -> FilterHeader {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&self.0);
        both[32..].copy_from_slice(&previous.0);
        FilterHeader(sha256d(&both))
    }
}

impl From<BlockHash> for QuorumHash {
    fn from(hash: BlockHash) -> Self {
        Self(hash.0)
    }
}

impl From<QuorumHash> for BlockHash {
    fn from(hash: QuorumHash) -> Self {
        Self(hash.0)
    }
}
