//! The handshake's first message, and service bits.

use core::fmt;
use core::ops::BitOr;

use super::address::NetAddress;
use crate::encode::{Decode, DecodeError, Encode, Reader, put_var_bytes};

/// The longest user agent (Dash Core `net.h`, `MAX_SUBVERSION_LENGTH`), in bytes.
pub const MAX_USER_AGENT: usize = 256;

/// What a node serves, as a set of bits (Dash Core `protocol.h`, `ServiceFlags`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ServiceFlags(u64);

impl ServiceFlags {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All full blocks.
    pub const NETWORK: Self = Self(1);
    /// Bloom filters (BIP 37).
    pub const BLOOM: Self = Self(4);
    /// Compact filters (BIP 157).
    pub const COMPACT_FILTERS: Self = Self(64);
    /// The last 288 blocks.
    pub const NETWORK_LIMITED: Self = Self(1024);
    /// Compressed headers (DIP-25). Announced by ourselves, it makes a peer push them.
    pub const HEADERS_COMPRESSED: Self = Self(2048);
    /// The encrypted transport (BIP 324).
    pub const P2P_V2: Self = Self(4096);

    /// From the number on the wire; unknown bits are kept.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The number on the wire.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Whether all of `wanted` are set.
    #[must_use]
    pub const fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

impl BitOr for ServiceFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for ServiceFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceFlags({:#x})", self.0)
    }
}

/// The payload of `version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionMessage {
    /// The sender's protocol version.
    pub version: i32,
    /// What the sender serves.
    pub services: ServiceFlags,
    /// The sender's clock, in seconds since 1970.
    pub time: i64,
    /// The receiver as the sender sees it.
    pub receiver: NetAddress,
    /// Ignored by all; zeros.
    pub sender: NetAddress,
    /// A random number by which a node recognises a connection to itself.
    pub nonce: u64,
    /// Name and version of the software, at most [`MAX_USER_AGENT`] bytes. Decoded, it is printable ASCII: any other
    /// byte becomes `?`.
    pub user_agent: String,
    /// The sender's word for its height; -1 if it said none.
    pub start_height: i32,
    /// Whether the sender wants transactions announced.
    pub relay: bool,
    /// What a masternode would sign to prove itself.
    pub mnauth_challenge: [u8; 32],
    /// Whether this is a connection between masternodes. From a light client this has to be false.
    pub masternode: bool,
}

impl Encode for VersionMessage {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.services.bits().to_le_bytes());
        out.extend_from_slice(&self.time.to_le_bytes());
        self.receiver.encode(out);
        self.sender.encode(out);
        out.extend_from_slice(&self.nonce.to_le_bytes());
        put_var_bytes(out, self.user_agent.as_bytes());
        out.extend_from_slice(&self.start_height.to_le_bytes());
        out.push(self.relay.into());
        out.extend_from_slice(&self.mnauth_challenge);
        out.push(self.masternode.into());
    }
}

impl Decode for VersionMessage {
    /// Fields after the receiver's address are read while bytes remain. What follows the last field is passed over,
    /// since later protocol versions may add to it.
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut message = Self {
            version: r.i32()?,
            services: ServiceFlags::from_bits(r.u64()?),
            time: r.i64()?,
            receiver: NetAddress::decode(r)?,
            sender: NetAddress::NONE,
            nonce: 0,
            user_agent: String::new(),
            start_height: -1,
            relay: true,
            mnauth_challenge: [0; 32],
            masternode: false,
        };
        message.decode_optional(r)?;
        r.bytes(r.remaining())?;
        Ok(message)
    }
}

impl VersionMessage {
    /// The fields that a `version` may end before.
    fn decode_optional(&mut self, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        if r.is_empty() {
            return Ok(());
        }
        self.sender.services = ServiceFlags::from_bits(r.u64()?);
        if r.is_empty() {
            return Ok(());
        }
        self.sender.ip = (*r.array::<16>()?).into();
        self.sender.port = r.u16_be()?;
        if r.is_empty() {
            return Ok(());
        }
        self.nonce = r.u64()?;
        if r.is_empty() {
            return Ok(());
        }
        self.user_agent = printable(r.var_bytes("bytes of user agent", MAX_USER_AGENT)?);
        if r.is_empty() {
            return Ok(());
        }
        self.start_height = r.i32()?;
        if r.is_empty() {
            return Ok(());
        }
        self.relay = r.bool()?;
        if r.is_empty() {
            return Ok(());
        }
        self.mnauth_challenge = *r.array()?;
        if r.is_empty() {
            return Ok(());
        }
        self.masternode = r.bool()?;
        Ok(())
    }
}

/// A peer's text made safe to log and to show.
fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| if matches!(byte, 0x20..=0x7e) { char::from(*byte) } else { '?' }).collect()
}
