//! What can be wrong with a watch target. Nothing of the input is repeated in a message: it may be a private key.

use crate::api::{ApiError, ErrorCode};
use thiserror::Error;

/// Why a text or bytes are no target to watch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTarget {
    /// A private key: nothing here needs one, and a page must not hand it around.
    #[error(
        "this is a private key, and a watching client must not have it: give the public key or the address"
    )]
    PrivateKey,
    /// Longer than any such target is.
    #[error("{what} has {len} bytes, at most {max} are allowed")]
    TooLong {
        /// What it should be.
        what: &'static str,
        /// Its length.
        len: usize,
        /// The longest.
        max: usize,
    },
    /// Nothing where something has to be.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Characters that base58 does not have, or a checksum that is not theirs.
    #[error("{0} is not base58, or its checksum is wrong")]
    Base58(&'static str),
    /// Well-formed base58, but of something else.
    #[error("{0} is base58 of something else")]
    Kind(&'static str),
    /// Of another network.
    #[error("{what} is for {found}, this client is on {expected}")]
    OtherNetwork {
        /// What it is.
        what: &'static str,
        /// The network that its first bytes tell.
        found: &'static str,
        /// The client's network.
        expected: String,
    },
    /// Hexadecimal digits are missing or wrong.
    #[error("{0} is not hexadecimal, or has an odd number of digits")]
    Hex(&'static str),
    /// A script that begins with OP_RETURN: filters leave such outputs out, and nobody can spend them.
    #[error("a script that begins with OP_RETURN cannot be found with filters")]
    DataOutput,
    /// Not a txid, a colon and a number.
    #[error("an outpoint is written as 64 hexadecimal digits, a colon, and the number of the output")]
    OutPoint,
    /// Bytes that are no point of the curve in a form that the network knows.
    #[error("{0} is not a valid public key")]
    PublicKey(&'static str),
    /// A path with something that is neither a number below 2^31 nor, at its end, `*`.
    #[error("a path consists of numbers below 2147483648 and may end in *, as in 0/*")]
    Path,
    /// A hardened step below a public key.
    #[error("hardened steps cannot be derived from a public key: give the key of the last hardened step")]
    Hardened,
    /// A path that goes deeper than BIP 32 allows.
    #[error("the path goes below depth 255")]
    Depth,
    /// A gap limit out of range.
    #[error("a gap limit is a number from 1 to {max}")]
    Gap {
        /// The largest.
        max: u32,
    },
    /// A checksum that is not the descriptor's.
    #[error("the descriptor's checksum does not fit: it was changed or mistyped")]
    Checksum,
    /// Not a descriptor as BIP 380 has it.
    #[error("descriptor: {0}")]
    Descriptor(&'static str),
}

impl From<BadTarget> for ApiError {
    fn from(error: BadTarget) -> Self {
        Self::new(ErrorCode::BadInput, error.to_string())
    }
}
