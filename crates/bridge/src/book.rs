//! The peers a bridge knows, and whom it offers to a client that names none.
//!
//! Known are the operator's peers; or, without any, what the DNS seeds said and addresses that clients named and
//! that answered as a peer of the network. Those come after the seeds', so that a client cannot steer others to
//! peers of its own. The book holds at most [`MAX_PEERS`] peers and lives in memory only.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::address::ClientKey;
use crate::target::HostPort;

/// Peers known at one time.
pub const MAX_PEERS: usize = 2048;
/// How long a peer is passed over after its first failure; it doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(10);
/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// Where a peer is known from, the most trusted first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The operator named it.
    Named,
    /// A DNS seed gave its address.
    Seed,
    /// A client named it, and it answered.
    Client,
}

/// The peers known, shared by all connections.
#[derive(Debug)]
pub struct PeerBook {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    peers: HashMap<HostPort, Peer>,
    turn: u64,
}

#[derive(Debug)]
struct Peer {
    source: Source,
    /// Service bits of its last `version`; none before it sent one.
    services: Option<u64>,
    failures: u32,
    failed_at: Option<Instant>,
    /// When it was last offered, counted in offers.
    turn: u64,
    /// Connections of each client; none at zero.
    users: HashMap<ClientKey, usize>,
}

impl Peer {
    fn new(source: Source, turn: u64) -> Self {
        Self { source, services: None, failures: 0, failed_at: None, turn, users: HashMap::new() }
    }

    fn rests(&self, now: Instant) -> bool {
        let doublings = self.failures.saturating_sub(1).min(16);
        let rest = FIRST_REST.saturating_mul(1 << doublings).min(LONGEST_REST);
        self.failed_at.is_some_and(|at| now.saturating_duration_since(at) < rest)
    }
}

impl PeerBook {
    /// A book of the operator's peers.
    pub fn new(named: &[HostPort]) -> Self {
        let peers = named
            .iter()
            .zip(0..)
            .map(|(peer, turn)| (peer.clone(), Peer::new(Source::Named, turn)))
            .collect();
        Self { inner: Mutex::new(Inner { peers, turn: named.len() as u64 }) }
    }

    /// Adds a peer, or raises what is known of where it came from. A full book makes room by its least useful peer
    /// that is of no better source and in nobody's use, or stays as it is.
    pub fn learn(&self, peer: HostPort, source: Source) {
        let inner = &mut *self.lock();
        if let Some(known) = inner.peers.get_mut(&peer) {
            known.source = known.source.min(source);
            return;
        }
        if inner.peers.len() >= MAX_PEERS {
            let spare =
                inner.peers.iter().filter(|(_, known)| known.users.is_empty() && known.source >= source);
            let Some(least) =
                spare.max_by_key(|(_, known)| (known.source, known.failures, u64::MAX - known.turn))
            else {
                return;
            };
            let least = least.0.clone();
            inner.peers.remove(&least);
        }
        // Turn 0 is "never offered": it comes up next.
        inner.peers.insert(peer, Peer::new(source, 0));
    }

    /// The best peer for a client, and counts it as offered. Whom `tried` holds is left out. In order of weight:
    /// peers that do not rest after a failure; peers not known to lack a service asked for; those this client has
    /// the fewest connections to; the better source; peers known to have the services; the longest not offered.
    pub fn choose(
        &self,
        client: ClientKey,
        services: u64,
        tried: &[HostPort],
        now: Instant,
    ) -> Option<HostPort> {
        let inner = &mut *self.lock();
        // Whoever asks for nothing is served by all alike, or peers once used would be used again and again.
        let has = |peer: &Peer| match services {
            0 => Some(true),
            _ => peer.services.map(|known| known & services == services),
        };
        let best =
            inner.peers.iter_mut().filter(|(target, _)| !tried.contains(target)).min_by_key(|(_, peer)| {
                let used = peer.users.get(&client).copied().unwrap_or(0);
                let has = has(peer);
                (peer.rests(now), has == Some(false), used, peer.source, has != Some(true), peer.turn)
            });
        let (target, peer) = best?;
        inner.turn += 1;
        peer.turn = inner.turn;
        Some(target.clone())
    }

    /// A peer could not be reached, or did not speak as a peer of the network.
    pub fn failed(&self, peer: &HostPort, now: Instant) {
        if let Some(known) = self.lock().peers.get_mut(peer) {
            known.failures = known.failures.saturating_add(1);
            known.failed_at = Some(now);
        }
    }

    /// A peer showed the network's magic.
    pub fn answered(&self, peer: &HostPort) {
        if let Some(known) = self.lock().peers.get_mut(peer) {
            (known.failures, known.failed_at) = (0, None);
        }
    }

    /// What a peer's `version` said of its services.
    pub fn serves(&self, peer: &HostPort, services: u64) {
        if let Some(known) = self.lock().peers.get_mut(peer) {
            known.services = Some(services);
        }
    }

    /// Counts a client's connection to a peer until the guard is dropped.
    pub fn used(&self, peer: &HostPort, client: ClientKey) -> InUse<'_> {
        let is_counted = match self.lock().peers.get_mut(peer) {
            Some(known) => {
                *known.users.entry(client).or_insert(0) += 1;
                true
            }
            None => false,
        };
        InUse { book: self, peer: peer.clone(), client, is_counted }
    }

    /// Peers known, and how many of them failed last.
    pub fn counts(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.peers.len(), inner.peers.values().filter(|peer| peer.failures > 0).count())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection to a peer, counted if the peer was known.
#[derive(Debug)]
pub struct InUse<'a> {
    book: &'a PeerBook,
    peer: HostPort,
    client: ClientKey,
    is_counted: bool,
}

impl Drop for InUse<'_> {
    fn drop(&mut self) {
        if !self.is_counted {
            return;
        }
        let inner = &mut *self.book.lock();
        let Some(known) = inner.peers.get_mut(&self.peer) else { return };
        if let Some(count) = known.users.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                known.users.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn peer(n: u32) -> HostPort {
        format!("{}:9999", Ipv4Addr::from(0x0800_0000 + n)).parse().unwrap()
    }

    fn client(n: u8) -> ClientKey {
        IpAddr::V4(Ipv4Addr::new(9, 9, 9, n)).into()
    }

    #[test]
    fn named_peers_take_turns() {
        let (book, now) = (PeerBook::new(&[peer(1), peer(2), peer(3)]), Instant::now());
        let offered: Vec<_> = (0..6).filter_map(|_| book.choose(client(1), 0, &[], now)).collect();
        assert_eq!(offered, [1, 2, 3, 1, 2, 3].map(peer));
    }

    #[test]
    fn peers_that_failed_rest_longer_each_time_and_are_offered_when_all_rest() {
        let (book, now) = (PeerBook::new(&[peer(1), peer(2)]), Instant::now());
        book.failed(&peer(1), now);
        assert_eq!(book.choose(client(1), 0, &[], now), Some(peer(2)));
        assert_eq!(book.choose(client(1), 0, &[], now), Some(peer(2)));
        assert_eq!(book.choose(client(1), 0, &[peer(2)], now), Some(peer(1)));
        let after = now + Duration::from_secs(11);
        book.failed(&peer(1), after);
        assert_eq!(book.choose(client(1), 0, &[], after + Duration::from_secs(11)), Some(peer(2)));
        let rested = after + Duration::from_secs(21);
        assert_eq!(book.choose(client(1), 0, &[], rested), Some(peer(1)));
        book.failed(&peer(1), rested);
        book.answered(&peer(1));
        assert_eq!(book.counts(), (2, 0));
        assert_eq!(book.choose(client(1), 0, &[peer(1), peer(2)], rested), None);
    }

    #[test]
    fn peers_with_known_services_are_not_preferred_when_none_are_asked_for() {
        let (book, now) = (PeerBook::new(&[peer(1), peer(2)]), Instant::now());
        assert_eq!(book.choose(client(1), 0, &[], now), Some(peer(1)));
        book.serves(&peer(1), 0x441);
        assert_eq!(book.choose(client(1), 0, &[], now), Some(peer(2)));
    }

    #[test]
    fn peers_known_to_have_the_services_come_first_and_those_known_to_lack_them_last() {
        let (book, now) = (PeerBook::new(&[peer(1), peer(2), peer(3)]), Instant::now());
        book.serves(&peer(1), 0x401);
        book.serves(&peer(3), 0x441);
        for _ in 0..2 {
            assert_eq!(book.choose(client(1), 0x40, &[], now), Some(peer(3)));
        }
        assert_eq!(book.choose(client(1), 0x40, &[peer(3)], now), Some(peer(2)));
        assert_eq!(book.choose(client(1), 0x40, &[peer(3), peer(2)], now), Some(peer(1)));
    }

    #[test]
    fn a_client_is_offered_peers_it_has_no_connection_to() {
        let (book, now) = (PeerBook::new(&[peer(1), peer(2)]), Instant::now());
        let held = book.used(&peer(1), client(1));
        for _ in 0..3 {
            assert_eq!(book.choose(client(1), 0, &[], now), Some(peer(2)));
        }
        assert_eq!(book.choose(client(2), 0, &[], now), Some(peer(1)));
        drop(held);
        assert!(book.lock().peers.values().all(|peer| peer.users.is_empty()));
    }

    #[test]
    fn what_clients_name_comes_after_the_seeds() {
        let (book, now) = (PeerBook::new(&[]), Instant::now());
        book.learn(peer(1), Source::Client);
        book.serves(&peer(1), u64::MAX);
        book.learn(peer(2), Source::Seed);
        for _ in 0..3 {
            assert_eq!(book.choose(client(1), 0x40, &[], now), Some(peer(2)));
        }
        book.learn(peer(1), Source::Seed);
        assert_eq!(book.choose(client(1), 0x40, &[], now), Some(peer(1)));
    }

    #[test]
    fn a_full_book_takes_no_clients_word_over_a_seeds() {
        let book = PeerBook::new(&[]);
        for n in 0..MAX_PEERS as u32 {
            book.learn(peer(n), Source::Client);
        }
        book.learn(peer(1_000_000), Source::Client);
        assert_eq!(book.counts().0, MAX_PEERS);
        for n in 0..MAX_PEERS as u32 {
            book.learn(peer(2_000_000 + n), Source::Seed);
        }
        book.learn(peer(3_000_000), Source::Client);
        assert_eq!(book.counts().0, MAX_PEERS);
        assert!(book.lock().peers.values().all(|peer| peer.source == Source::Seed));
    }
}
