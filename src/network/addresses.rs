//! Addresses that peers told us of, so that not every peer is of a bridge's choice.
//!
//! At most [`MAX_ADDRESSES`], and at most [`MAX_FROM_ONE`] of one peer, so that no single peer fills the book. Only
//! addresses that a bridge could dial are kept: IPv4 and IPv6 with the network's own port. They are hints: the
//! handshake decides.

use crate::collections::{Gather, SortedMap};
use dash_protocol::{AddrEntry, AddrV2Entry};
use std::net::{IpAddr, SocketAddr};

const MAX_ADDRESSES: usize = 1_000;
const MAX_FROM_ONE: usize = 100;

/// Known addresses and when one was last tried.
#[derive(Debug, Default)]
pub(super) struct AddressBook {
    known: SortedMap<SocketAddr, Known>,
}

#[derive(Debug)]
struct Known {
    told_by: String,
    tried_at_ms: Option<u64>,
}

/// An untried address waits this long before it is tried again.
const RETRY_MS: u64 = 10 * 60 * 1000;

impl AddressBook {
    /// Takes in what one peer says, up to its share.
    pub(super) fn learn(&mut self, told_by: &str, port: u16, addresses: impl Iterator<Item = SocketAddr>) {
        let mut share =
            MAX_FROM_ONE.saturating_sub(self.known.values().filter(|k| k.told_by == told_by).count());
        for address in addresses {
            if share == 0 || self.known.len() == MAX_ADDRESSES {
                return;
            }
            if address.port() != port || !is_public(address.ip()) || self.known.contains_key(&address) {
                continue;
            }
            self.known.insert(address, Known { told_by: told_by.to_owned(), tried_at_ms: None });
            share -= 1;
        }
    }

    /// An address to try: at random among those not tried lately and accepted by `usable`.
    pub(super) fn pick(
        &mut self,
        rng: &mut fastrand::Rng,
        now_ms: u64,
        usable: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let candidates: Vec<SocketAddr> = self
            .known
            .iter()
            .filter(|(_, known)| known.tried_at_ms.is_none_or(|at| now_ms >= at + RETRY_MS))
            .map(|(address, _)| *address)
            .filter(|address| usable(&address.to_string()))
            .gather();
        let chosen = *candidates.get(rng.usize(0..candidates.len().max(1)))?;
        if let Some(known) = self.known.get_mut(&chosen) {
            known.tried_at_ms = Some(now_ms);
        }
        Some(chosen.to_string())
    }

    /// Forgets an address that turned out bad.
    pub(super) fn forget(&mut self, address: &str) {
        if let Ok(address) = address.parse::<SocketAddr>() {
            self.known.remove(&address);
        }
    }
}

/// The socket addresses in an `addr` message.
pub(super) fn from_addr(entries: &[AddrEntry]) -> impl Iterator<Item = SocketAddr> + '_ {
    entries.iter().filter_map(|entry| entry.address.socket_addr())
}

/// The socket addresses in an `addrv2` message; other networks cannot be dialled through a bridge.
pub(super) fn from_addrv2(entries: &[AddrV2Entry]) -> impl Iterator<Item = SocketAddr> + '_ {
    entries.iter().filter_map(AddrV2Entry::socket_addr)
}

/// Cheap sanity: the bridge has the full rules, this keeps junk out of the book.
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> SocketAddr {
        SocketAddr::from(([8, (n >> 16) as u8, (n >> 8) as u8, n as u8], 9999))
    }

    #[test]
    fn one_peer_cannot_fill_the_book() {
        let mut book = AddressBook::default();
        book.learn("liar", 9999, (0..100_000).map(address));
        assert_eq!(book.known.len(), MAX_FROM_ONE);
        for peer in 0..50 {
            book.learn(&format!("peer {peer}"), 9999, (peer * 1_000..peer * 1_000 + 500).map(address));
        }
        assert_eq!(book.known.len(), MAX_ADDRESSES);
    }

    #[test]
    fn private_addresses_and_foreign_ports_are_not_kept() {
        let mut book = AddressBook::default();
        let bad = ["127.0.0.1:9999", "10.0.0.1:9999", "8.8.8.8:22", "[::1]:9999"];
        book.learn("p", 9999, bad.iter().map(|text| text.parse().unwrap()));
        assert!(book.known.is_empty());
    }

    #[test]
    fn an_address_is_not_tried_twice_within_ten_minutes() {
        let mut book = AddressBook::default();
        book.learn("p", 9999, std::iter::once(address(1)));
        let mut rng = fastrand::Rng::with_seed(1);
        assert!(book.pick(&mut rng, 0, |_| true).is_some());
        assert!(book.pick(&mut rng, RETRY_MS - 1, |_| true).is_none());
        assert!(book.pick(&mut rng, RETRY_MS, |_| true).is_some());
    }
}
