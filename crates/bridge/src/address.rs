//! Which addresses the public internet routes, and whom the limits count as one client.
//!
//! Pure functions of an address. The rule is a whitelist where it can be: of IPv6 only the global unicast block
//! counts, minus what the IANA special-purpose registries take out of it, and an address that carries an IPv4
//! address inside (mapped, 6to4, NAT64) is judged by that one. Names never come here: what is judged is the
//! resolved address that is about to be dialled, so that a name which resolves anew gains nothing.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Whether an address is one that the public internet routes to a single host.
pub fn is_public(address: IpAddr) -> bool {
    match unmap(address) {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// The IPv4 address inside an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`), which is what a dial would reach.
pub fn unmap(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// RFC 6890 and the IANA IPv4 special-purpose registry. Blocks that hold a few routed anycast addresses are refused
/// whole: no Dash peer lives there.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)               // this network, private, loopback
            | (100, 64..=127, _)         // carrier-grade NAT
            | (169, 254, _)              // link-local, where cloud metadata lives
            | (172, 16..=31, _)          // private
            | (192, 0, 0 | 2)            // protocol assignments, documentation
            | (192, 88, 99)              // 6to4 relays
            | (192, 168, _)              // private
            | (198, 18 | 19, _)          // benchmarks
            | (198, 51, 100)             // documentation
            | (203, 0, 113)              // documentation
            | (224..=255, ..) // multicast, reserved, broadcast
    )
}

/// The IANA IPv6 special-purpose registry. Outside `2000::/3` nothing is global unicast but NAT64's own prefix.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => embedded(high, low), // NAT64, RFC 6052
        [0x2002, high, low, ..] => embedded(high, low),               // 6to4, RFC 3056
        [0x2001, 0..=0x1ff, ..] => false, // IETF assignments: Teredo, ORCHID, benchmarks and others
        [0x2001, 0xdb8, ..] => false,     // documentation
        [0x3fff, 0..=0xfff, ..] => false, // documentation, RFC 9637
        [first, ..] => first >> 13 == 0b001,
    }
}

/// Whom the limits count as one: an IPv4 address, or the /64 of an IPv6 address, since whoever has one address of a
/// /64 has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientKey {
    /// One IPv4 address.
    V4(Ipv4Addr),
    /// The upper half of an IPv6 address.
    V6([u16; 4]),
}

impl From<IpAddr> for ClientKey {
    fn from(address: IpAddr) -> Self {
        match unmap(address) {
            IpAddr::V4(v4) => Self::V4(v4),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(v4) => v4.fmt(f),
            Self::V6([a, b, c, d]) => write!(f, "{}/64", Ipv6Addr::new(*a, *b, *c, *d, 0, 0, 0, 0)),
        }
    }
}

/// A range of addresses, `ADDRESS/LENGTH`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    base: IpAddr,
    length: u8,
}

impl Subnet {
    /// Whether the range holds an address; an IPv4-mapped one counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, unmap(address)) {
            (IpAddr::V4(base), IpAddr::V4(other)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.length)).unwrap_or(0);
                base.to_bits() & mask == other.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(other)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.length)).unwrap_or(0);
                base.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Text that is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address or ADDRESS/LENGTH")]
pub struct SubnetError(String);

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || SubnetError(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let base: IpAddr = address.parse().map_err(|_| error())?;
        let widest = if base.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().ok().filter(|l| *l <= widest).ok_or_else(error)?,
            None => widest,
        };
        Ok(Self { base, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "::ffff:169.254.169.254",
            "::8.8.8.8",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:808:808::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "2002:7f00:1::",
            "2002:c0a8:101::1",
            "3fff::1",
            "3fff:fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "ff0e::1",
        ] {
            assert!(!is_public(ip(text)), "{text} taken for public");
        }
    }

    #[test]
    fn routed_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.1",
            "192.167.0.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2002:808:808::1",
            "2600::1",
            "2a01:4f8::1",
            "3ffe::1",
            "3fff:1000::1",
        ] {
            assert!(is_public(ip(text)), "{text} taken for special");
        }
    }

    #[test]
    fn a_client_is_an_ipv4_address_or_an_ipv6_64() {
        assert_eq!(ClientKey::from(ip("::ffff:8.8.8.8")), ClientKey::from(ip("8.8.8.8")));
        assert_ne!(ClientKey::from(ip("8.8.8.9")), ClientKey::from(ip("8.8.8.8")));
        assert_eq!(ClientKey::from(ip("2a01:4f8:0:1::1")), ClientKey::from(ip("2a01:4f8:0:1:ffff::2")));
        assert_ne!(ClientKey::from(ip("2a01:4f8:0:1::1")), ClientKey::from(ip("2a01:4f8:0:2::1")));
        assert_eq!(ClientKey::from(ip("2a01:4f8:0:1::1")).to_string(), "2a01:4f8:0:1::/64");
    }

    #[test]
    fn a_subnet_holds_what_its_length_says() {
        let holds = |net: &str, address: &str| net.parse::<Subnet>().unwrap().contains(ip(address));
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.7", "::ffff:10.0.0.7"));
        assert!(holds("0.0.0.0/0", "8.8.8.8"));
        assert!(!holds("0.0.0.0/0", "2600::1"));
        assert!(holds("fd00::/8", "fdff::1"));
        assert!(holds("::/0", "2600::1"));
        for bad in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "host/8"] {
            assert!(bad.parse::<Subnet>().is_err(), "{bad}");
        }
    }
}
