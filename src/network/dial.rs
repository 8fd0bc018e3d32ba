//! Dialling: through which bridge, to which address, and how long to wait after what came to nothing.

use super::manager::PeerManager;
use super::peer::{Peer, PeerState};
use crate::api::LogLevel;
use crate::engine::{ConnId, ConnectFailure, Effect, Now, Outbox};
use dash_protocol::{Message, NetAddress, PROTOCOL_VERSION, ServiceFlags, VersionMessage};

/// First wait after a failure; doubles each time.
const BACKOFF_MS: u64 = 500;
/// The longest wait between attempts.
const MAX_BACKOFF_MS: u64 = 30_000;
/// Past this many failures in a row the wait no longer grows.
const MAX_DOUBLINGS: u32 = 16;

/// How dialling through a bridge goes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct BridgeHealth {
    /// Attempts in a row that brought no usable peer.
    pub(super) failures: u32,
    /// Whether the last of them failed at the bridge itself.
    pub(super) unreachable: bool,
    pub(super) retry_at_ms: u64,
}

impl PeerManager {
    /// Starts one attempt through the bridge with the fewest connections that may be asked now.
    pub(super) fn dial(&mut self, now: Now, out: &mut Outbox) -> bool {
        let load = |bridge: usize| self.peers.values().filter(|peer| peer.bridge == bridge).count();
        let connecting = |bridge: usize| {
            self.peers.values().any(|peer| peer.bridge == bridge && peer.state() == PeerState::Connecting)
        };
        let Some(bridge) = (0..self.bridges.len())
            .filter(|&b| now.mono_ms >= self.bridges[b].retry_at_ms)
            // A plain proxy is one peer; a bridge under suspicion is tried once at a time.
            .filter(|&b| !(self.bridge_plain[b] && load(b) > 0))
            .filter(|&b| !(self.bridges[b].failures > 0 && connecting(b)))
            .min_by_key(|&b| (load(b), self.bridges[b].failures))
        else {
            return false;
        };
        let address = if self.bridge_plain[bridge] {
            None
        } else if self.only.is_empty() {
            self.known_address(bridge, now)
        } else {
            match self.next_of_only(bridge, now) {
                Some(address) => Some(address),
                None => {
                    self.useless(bridge, false, now);
                    return false;
                }
            }
        };
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        let nonce = self.rng.u64(..);
        let name = address.clone().unwrap_or_default();
        self.peers.insert(conn, Peer::new(conn, bridge, name, self.magic, nonce, now));
        out.push(Effect::Connect { conn, bridge, address, services: self.services.bits() });
        true
    }

    fn in_use(&self, address: &str) -> bool {
        self.peers.values().any(|peer| peer.address == address)
    }

    fn next_of_only(&mut self, bridge: usize, now: Now) -> Option<String> {
        for _ in 0..self.only.len() {
            let address = self.only[self.next_only % self.only.len()].clone();
            self.next_only += 1;
            if !self.in_use(&address) && !self.record.is_banned(bridge, &address, now.mono_ms) {
                return Some(address);
            }
        }
        None
    }

    /// Every second peer is of our own choice, once addresses are known.
    fn known_address(&mut self, bridge: usize, now: Now) -> Option<String> {
        if self.peers.values().filter(|peer| peer.bridge == bridge).count() % 2 == 0 {
            return None;
        }
        let (peers, record) = (&self.peers, &self.record);
        self.book.pick(&mut self.rng, now.mono_ms, |address| {
            !peers.values().any(|peer| peer.address == address)
                && !record.is_banned(bridge, address, now.mono_ms)
        })
    }

    /// Notes an attempt that brought no usable peer and delays the next one.
    pub(super) fn useless(&mut self, bridge: usize, unreachable: bool, now: Now) {
        let health = &mut self.bridges[bridge];
        let wait = (BACKOFF_MS << health.failures.min(MAX_DOUBLINGS)).min(MAX_BACKOFF_MS);
        health.failures += 1;
        health.unreachable = unreachable;
        health.retry_at_ms = now.mono_ms + wait / 2 + self.rng.u64(0..=wait / 2);
    }

    /// A connection stands.
    pub fn connected(&mut self, conn: ConnId, address: String, now: Now, out: &mut Outbox) {
        let Some(bridge) = self.peers.get(&conn).map(|peer| peer.bridge) else {
            out.push(Effect::Disconnect { conn });
            return;
        };
        self.bridges[bridge].unreachable = false;
        let twice = self.peers.values().any(|peer| peer.conn != conn && peer.address == address);
        if twice || self.record.is_banned(bridge, &address, now.mono_ms) {
            self.useless(bridge, false, now);
            self.peers.remove(&conn);
            out.push(Effect::Disconnect { conn });
            return;
        }
        let score = self.record.score(bridge, &address, now.mono_ms);
        let Some(peer) = self.peers.get_mut(&conn) else { return };
        peer.score = score;
        peer.connected(address, now);
        let version = VersionMessage {
            version: PROTOCOL_VERSION,
            services: ServiceFlags::HEADERS_COMPRESSED,
            time: now.unix_secs() as i64,
            receiver: NetAddress::NONE,
            sender: NetAddress::NONE,
            nonce: peer.nonce,
            user_agent: self.user_agent.clone(),
            start_height: self.height.min(i32::MAX as u32) as i32,
            relay: self.relay,
            mnauth_challenge: [0; 32],
            masternode: false,
        };
        self.send(conn, &Message::Version(version), out);
    }

    /// An attempt came to nothing.
    pub fn connect_failed(&mut self, conn: ConnId, failure: &ConnectFailure, now: Now, out: &mut Outbox) {
        let Some(peer) = self.peers.remove(&conn) else { return };
        let (unreachable, reason) = match failure {
            ConnectFailure::Bridge(reason) => (true, reason),
            ConnectFailure::Peer(reason) => (false, reason),
        };
        self.useless(peer.bridge, unreachable, now);
        if !peer.address.is_empty() {
            self.book.forget(&peer.address);
        }
        let bridge = self.bridge_urls[peer.bridge].as_str();
        out.log(
            now,
            LogLevel::Debug,
            "network",
            if unreachable { "bridge not reached" } else { "the bridge has no such peer" },
            [("bridge", bridge.into()), ("reason", reason.as_str().into())],
        );
    }
}
