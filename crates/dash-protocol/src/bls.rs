//! BLS keys and signatures as bytes. Nothing here knows the curve: whether bytes are a point is found out by whoever
//! verifies (DIP-6, Dash Core `bls/bls.h`).

use core::fmt;

use crate::encode::{Decode, DecodeError, Encode, Reader};

/// How BLS objects are written down and signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlsScheme {
    /// Before V19, and in objects whose own version says so.
    Legacy,
    /// The standard compressed encoding.
    Basic,
}

macro_rules! bls_bytes {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// How many bytes it has.
            pub const LEN: usize = $len;
            /// All zero: none.
            pub const NULL: Self = Self([0; $len]);

            /// From bytes as on the wire.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes as on the wire.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// Whether all bytes are zero, which says that there is none.
            #[must_use]
            pub fn is_null(&self) -> bool {
                *self == Self::NULL
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
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

bls_bytes!(
    /// A public key in G1, in the encoding that its surroundings say.
    BlsPublicKey,
    48
);
bls_bytes!(
    /// A signature in G2, in the encoding that its surroundings say.
    BlsSignature,
    96
);

impl BlsPublicKey {
    /// The same point in the basic encoding, given the encoding it is in. A change of bits: whether it is a point is
    /// not looked at.
    #[must_use]
    pub fn to_basic(self, scheme: BlsScheme) -> Self {
        let mut bytes = self.0;
        if scheme == BlsScheme::Legacy && !self.is_null() {
            let larger = bytes[0] & 0x80 != 0;
            bytes[0] = bytes[0] & 0x7f | 0x80 | if larger { 0x20 } else { 0 };
        }
        Self(bytes)
    }
}

impl BlsSignature {
    /// The same point in the basic encoding, given the encoding it is in. A change of bits: whether it is a point is
    /// not looked at. The two encodings agree on which root is the larger one wherever `y.c1` is not zero.
    #[must_use]
    pub fn to_basic(self, scheme: BlsScheme) -> Self {
        let mut bytes = self.0;
        if scheme == BlsScheme::Legacy && !self.is_null() {
            let larger = bytes[0] & 0x80 != 0;
            bytes[0] &= 0x7f;
            bytes.rotate_left(Self::LEN / 2);
            bytes[0] = bytes[0] & 0x7f | 0x80 | if larger { 0x20 } else { 0 };
        }
        Self(bytes)
    }
}
