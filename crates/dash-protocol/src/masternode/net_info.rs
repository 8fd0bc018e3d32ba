//! Where masternodes are reached (Dash Core `evo/netinfo.h`).
//!
//! The extended form maps purposes to at most four entries each; it is read entry by entry and kept as bytes, since the
//! bytes are what is hashed.

use std::net::Ipv6Addr;

use crate::encode::{Decode as _, DecodeError, Encode, Reader};
use crate::message::AddrV2;

/// The most entries of a purpose.
const MAX_ENTRIES: usize = 4;
/// The most purposes: each is a number of one byte.
const MAX_PURPOSES: usize = 256;
/// The longest domain name.
const MAX_DOMAIN: usize = 253;

/// Where a masternode is reached, as serialized: the form depends on the version of what holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetInfo {
    /// Versions 1 and 2: 16 bytes of IPv6 and a port; all zero for none.
    Service {
        /// IPv4 as `::ffff:a.b.c.d`.
        ip: [u8; 16],
        /// The port.
        port: u16,
    },
    /// Version 3: the extended form's bytes as they came. [`NetInfo::decode`] checked their structure.
    Extended(Vec<u8>),
}

/// What an address is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetPurpose {
    /// Dash's own network.
    CoreP2p,
    /// Platform's network.
    PlatformP2p,
    /// Platform's interface for clients.
    PlatformHttps,
    /// A purpose of versions to come.
    Other(u8),
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetAddressEntry {
    /// An address and a port.
    Address(AddrV2, u16),
    /// A name and a port.
    Domain(String, u16),
    /// An entry that its sender could not read.
    Invalid,
}

impl NetInfo {
    /// No address.
    pub const NONE: Self = Self::Service { ip: [0; 16], port: 0 };

    /// Reads the form that an entry or payload of `version` has.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not of that form.
    pub fn decode(r: &mut Reader<'_>, version: u16) -> Result<Self, DecodeError> {
        if version < 3 {
            return Ok(Self::Service { ip: *r.array()?, port: r.u16_be()? });
        }
        let mut start = r.clone();
        extended(r, |_, _| {})?;
        let bytes = start.bytes(start.remaining() - r.remaining())?;
        Ok(Self::Extended(bytes.to_vec()))
    }

    /// The addresses with what each is for; none if it is not reached anywhere. The short form is for
    /// [`NetPurpose::CoreP2p`].
    #[must_use]
    pub fn entries(&self) -> Vec<(NetPurpose, NetAddressEntry)> {
        let mut entries = Vec::new();
        match self {
            Self::Service { ip, port } if *self != Self::NONE => {
                let ip = Ipv6Addr::from(*ip);
                let address = ip.to_ipv4_mapped().map_or(AddrV2::Ipv6(ip), AddrV2::Ipv4);
                entries.push((NetPurpose::CoreP2p, NetAddressEntry::Address(address, *port)));
            }
            Self::Service { .. } => {}
            Self::Extended(bytes) => {
                // Bytes that nobody decoded may be malformed: what could be read before that is shown.
                let _ = extended(&mut Reader::new(bytes), |purpose, entry| entries.push((purpose, entry)));
            }
        }
        entries
    }
}

/// Reads the extended form, and hands out its entries.
fn extended(
    r: &mut Reader<'_>,
    mut each: impl FnMut(NetPurpose, NetAddressEntry),
) -> Result<(), DecodeError> {
    // Nothing follows a format that is not known.
    if r.u8()? != 1 {
        return Ok(());
    }
    let mut last = None;
    for _ in 0..r.count("purposes of addresses", MAX_PURPOSES, 2)? {
        let number = r.u8()?;
        if last.replace(number).is_some_and(|last| last >= number) {
            return Err(DecodeError::Duplicate { what: "purpose of addresses, or one out of order" });
        }
        for _ in 0..r.count("addresses of a purpose", MAX_ENTRIES, 1)? {
            each(NetPurpose::from(number), entry(r)?);
        }
    }
    Ok(())
}

fn entry(r: &mut Reader<'_>) -> Result<NetAddressEntry, DecodeError> {
    match r.u8()? {
        1 => Ok(NetAddressEntry::Address(AddrV2::decode(r)?, r.u16_be()?)),
        2 => {
            let name = r.var_bytes("bytes of a domain name", MAX_DOMAIN)?;
            let name = str::from_utf8(name).map_err(|error| DecodeError::Invalid {
                what: "domain name",
                value: error.valid_up_to() as u64,
            })?;
            Ok(NetAddressEntry::Domain(name.to_owned(), r.u16_be()?))
        }
        0xff => Ok(NetAddressEntry::Invalid),
        value => Err(DecodeError::Invalid { what: "kind of address", value: value.into() }),
    }
}

impl From<u8> for NetPurpose {
    fn from(number: u8) -> Self {
        match number {
            0 => Self::CoreP2p,
            1 => Self::PlatformP2p,
            2 => Self::PlatformHttps,
            other => Self::Other(other),
        }
    }
}

impl Encode for NetInfo {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Service { ip, port } => {
                out.extend_from_slice(ip);
                out.extend_from_slice(&port.to_be_bytes());
            }
            Self::Extended(bytes) => out.extend_from_slice(bytes),
        }
    }
}
