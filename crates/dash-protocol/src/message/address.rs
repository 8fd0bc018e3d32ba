//! Peers' addresses: in `version`, `addr` and `addrv2` (BIP 155).
//!
//! They are hearsay. A message holds at most [`MAX_ADDR`] of them, and an address of a network that this crate does
//! not know keeps at most 512 bytes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::version::ServiceFlags;
use crate::encode::{Decode, DecodeError, Encode, Reader, put_compact_size, put_var_bytes};

/// The most addresses of one message (Dash Core `net_processing.cpp`, `MAX_ADDR_TO_SEND`).
pub const MAX_ADDR: usize = 1_000;

/// The longest address of an unknown network (BIP 155).
const MAX_ADDRV2_LEN: usize = 512;

/// Services and address as `version` and `addr` have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NetAddress {
    /// What the node is said to serve.
    pub services: ServiceFlags,
    /// IPv6; IPv4 in its mapped form, `::ffff:a.b.c.d`.
    pub ip: Ipv6Addr,
    /// Port.
    pub port: u16,
}

impl NetAddress {
    /// No address: zeros.
    pub const NONE: Self = Self { services: ServiceFlags::NONE, ip: Ipv6Addr::UNSPECIFIED, port: 0 };

    /// From a socket address.
    #[must_use]
    pub const fn new(services: ServiceFlags, address: SocketAddr) -> Self {
        let ip = match address.ip() {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        Self { services, ip, port: address.port() }
    }

    /// The address to connect to; `None` for the unspecified one and for port 0.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        usable(self.ip.to_canonical(), self.port)
    }
}

fn usable(ip: IpAddr, port: u16) -> Option<SocketAddr> {
    (port != 0 && !ip.is_unspecified()).then_some(SocketAddr::new(ip, port))
}

impl Encode for NetAddress {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.services.bits().to_le_bytes());
        out.extend_from_slice(&self.ip.octets());
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

impl Decode for NetAddress {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            services: ServiceFlags::from_bits(r.u64()?),
            ip: Ipv6Addr::from(*r.array::<16>()?),
            port: r.u16_be()?,
        })
    }
}

/// One entry of `addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AddrEntry {
    /// When the node was last seen, in seconds since 1970, as the sender says.
    pub time: u32,
    /// The node.
    pub address: NetAddress,
}

impl AddrEntry {
    /// Bytes of an entry.
    pub const LEN: usize = 30;

    /// The address to connect to; `None` for the unspecified one and for port 0.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        self.address.socket_addr()
    }
}

impl Encode for AddrEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.to_le_bytes());
        self.address.encode(out);
    }
}

impl Decode for AddrEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { time: r.u32()?, address: NetAddress::decode(r)? })
    }
}

/// An address by its network (BIP 155).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AddrV2 {
    /// Network 1.
    Ipv4(Ipv4Addr),
    /// Network 2.
    Ipv6(Ipv6Addr),
    /// Network 4: the public key of a Tor v3 service.
    TorV3([u8; 32]),
    /// Network 5: the hash of an I2P destination.
    I2p([u8; 32]),
    /// Network 6.
    Cjdns([u8; 16]),
    /// Any other network, Tor v2 (3) included: to be passed over.
    Unknown {
        /// The network's number; never one of those above.
        network: u8,
        /// The address, at most 512 bytes.
        bytes: Vec<u8>,
    },
}

/// One entry of `addrv2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AddrV2Entry {
    /// When the node was last seen, in seconds since 1970, as the sender says.
    pub time: u32,
    /// What the node is said to serve.
    pub services: ServiceFlags,
    /// The node's address.
    pub address: AddrV2,
    /// Port.
    pub port: u16,
}

impl AddrV2Entry {
    /// Bytes of the shortest entry, which has an empty address of an unknown network.
    pub const MIN_LEN: usize = 9;

    /// The address to connect to; `None` unless it is IPv4 or IPv6 and complete.
    #[must_use]
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match &self.address {
            AddrV2::Ipv4(ip) => usable(IpAddr::V4(*ip), self.port),
            // BIP 155: an IPv4 address in IPv6 form is not valid here.
            AddrV2::Ipv6(ip) if ip.to_ipv4_mapped().is_none() => usable(IpAddr::V6(*ip), self.port),
            _ => None,
        }
    }
}

impl Encode for AddrV2Entry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.time.to_le_bytes());
        put_compact_size(out, self.services.bits());
        self.address.encode(out);
        out.extend_from_slice(&self.port.to_be_bytes());
    }
}

impl Decode for AddrV2Entry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            time: r.u32()?,
            services: ServiceFlags::from_bits(r.compact_u64()?),
            address: AddrV2::decode(r)?,
            port: r.u16_be()?,
        })
    }
}

impl Encode for AddrV2 {
    fn encode(&self, out: &mut Vec<u8>) {
        let (network, bytes): (u8, &[u8]) = match self {
            Self::Ipv4(ip) => (1, &ip.octets()),
            Self::Ipv6(ip) => (2, &ip.octets()),
            Self::TorV3(key) => (4, key),
            Self::I2p(hash) => (5, hash),
            Self::Cjdns(bytes) => (6, bytes),
            Self::Unknown { network, bytes } => (*network, bytes),
        };
        out.push(network);
        put_var_bytes(out, bytes);
    }
}

impl Decode for AddrV2 {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let network = r.u8()?;
        let bytes = r.var_bytes("bytes of an address", MAX_ADDRV2_LEN)?;
        Ok(match network {
            1 => Self::Ipv4(Ipv4Addr::from(fixed::<4>(bytes)?)),
            2 => Self::Ipv6(Ipv6Addr::from(fixed::<16>(bytes)?)),
            4 => Self::TorV3(fixed(bytes)?),
            5 => Self::I2p(fixed(bytes)?),
            6 => Self::Cjdns(fixed(bytes)?),
            network => Self::Unknown { network, bytes: bytes.to_vec() },
        })
    }
}

/// An address of a known network, which has to have that network's length.
fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], DecodeError> {
    bytes
        .try_into()
        .map_err(|_| DecodeError::Invalid { what: "length of an address", value: bytes.len() as u64 })
}
