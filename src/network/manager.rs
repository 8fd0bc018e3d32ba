//! All connections: how many, to whom, through which bridge; back-off, keep-alive, bans.
//!
//! Level-triggered: [`PeerManager::step`] compares what stands with what is wanted and dials, pings or drops. Holds at
//! most `peers_target` connections. A bridge that fails, or that keeps offering peers of no use, is asked less and
//! less often; it can withhold, but it cannot make us spin.

use super::addresses::{self, AddressBook};
use super::peer::{Handshake, Peer, PeerState};
use super::reputation::{BAN_SCORE, Offence, Record};
use crate::api::{Event, LogLevel, NetworkStatus, PeerChange, PeerInfo};
use crate::engine::{Config, ConnId, ConnectFailure, Effect, Now, Outbox};
use dash_protocol::{GetHeaders, Message, NetAddress, PROTOCOL_VERSION, ServiceFlags, VersionMessage};
use std::collections::BTreeMap;

/// First wait after a failure; doubles each time.
const BACKOFF_MS: u64 = 500;
/// The longest wait between attempts.
const MAX_BACKOFF_MS: u64 = 30_000;
/// Past this many failures in a row the wait no longer grows.
const MAX_DOUBLINGS: u32 = 16;

/// A message that is not about the connection itself.
#[derive(Debug)]
pub struct PeerMessage {
    /// From whom.
    pub conn: ConnId,
    /// What.
    pub message: Message,
}

/// A change that the sync must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerNotice {
    /// The handshake is done.
    Ready(ConnId),
    /// The connection is gone, for whatever reason.
    Gone(ConnId),
}

/// How dialling through a bridge goes.
#[derive(Clone, Copy, Debug, Default)]
struct BridgeHealth {
    /// Attempts in a row that brought no usable peer.
    failures: u32,
    /// Whether the last of them failed at the bridge itself.
    unreachable: bool,
    retry_at_ms: u64,
}

/// All connections and what decides about them.
#[derive(Debug)]
pub struct PeerManager {
    magic: [u8; 4],
    port: u16,
    user_agent: String,
    bridge_urls: Vec<String>,
    bridge_plain: Vec<bool>,
    only: Vec<String>,
    target: usize,
    peers: BTreeMap<ConnId, Peer>,
    bridges: Vec<BridgeHealth>,
    book: AddressBook,
    record: Record,
    rng: fastrand::Rng,
    next_conn: u64,
    next_only: usize,
    paused: bool,
    notices: Vec<PeerNotice>,
    height: u32,
    /// Totals of connections that are gone.
    past_bytes: (u64, u64),
    reconnects: u32,
}

impl PeerManager {
    /// A manager with nothing connected yet.
    pub fn new(config: &Config) -> Self {
        let suffix = config.params.user_agent_suffix.as_ref().map_or_else(String::new, |s| format!("({s})"));
        Self {
            magic: config.params.magic,
            port: config.params.default_port,
            user_agent: format!("/dash-spv-wasm:{}{suffix}/", crate::VERSION),
            bridge_urls: config.bridges.iter().map(|bridge| bridge.url.clone()).collect(),
            bridge_plain: config.bridges.iter().map(|bridge| bridge.plain).collect(),
            only: config.peers_only.clone(),
            target: config.peers_target,
            peers: BTreeMap::new(),
            bridges: vec![BridgeHealth::default(); config.bridges.len()],
            book: AddressBook::default(),
            record: Record::default(),
            rng: fastrand::Rng::with_seed(config.seed),
            next_conn: 1,
            next_only: 0,
            paused: false,
            notices: Vec::new(),
            height: 0,
            past_bytes: (0, 0),
            reconnects: 0,
        }
    }

    /// The peer behind a connection.
    pub fn peer(&self, conn: ConnId) -> Option<&Peer> {
        self.peers.get(&conn)
    }

    /// The peers whose handshake is done, oldest connection first.
    pub fn ready(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values().filter(|peer| peer.is_ready())
    }

    /// Notes that headers up to a height came from a peer.
    pub fn reached(&mut self, conn: ConnId, height: u32) {
        if let Some(peer) = self.peers.get_mut(&conn) {
            peer.reached(height);
        }
    }

    /// The height that our own `version` states.
    pub fn set_height(&mut self, height: u32) {
        self.height = height;
    }

    /// How many different bridges the ready peers came through.
    pub fn bridges_in_use(&self) -> usize {
        let mut bridges: Vec<usize> = self.ready().map(|peer| peer.bridge).collect();
        bridges.sort_unstable();
        bridges.dedup();
        bridges.len()
    }

    /// Whether peers can be reached.
    pub fn status(&self) -> NetworkStatus {
        if self.ready().next().is_some() {
            NetworkStatus::Online
        } else if self.paused || (self.peers_standing() == 0 && self.bridges.iter().all(|b| b.unreachable)) {
            NetworkStatus::Offline
        } else {
            NetworkStatus::Connecting
        }
    }

    fn peers_standing(&self) -> usize {
        self.peers.values().filter(|peer| peer.state() != PeerState::Connecting).count()
    }

    /// Bytes received and sent since the start.
    pub fn bytes(&self) -> (u64, u64) {
        self.peers.values().fold(self.past_bytes, |(inward, outward), peer| {
            (inward + peer.bytes_in, outward + peer.bytes_out)
        })
    }

    /// Connections that ended after their handshake.
    pub fn reconnects(&self) -> u32 {
        self.reconnects
    }

    /// What `peers()` answers: every connection that stands.
    pub fn infos(&self) -> Vec<PeerInfo> {
        self.peers
            .values()
            .filter(|peer| peer.state() != PeerState::Connecting)
            .map(|p| self.info(p))
            .collect()
    }

    fn info(&self, peer: &Peer) -> PeerInfo {
        PeerInfo {
            id: peer.conn.0.to_string(),
            address: peer.address.clone(),
            bridge: self.bridge_urls[peer.bridge].clone(),
            user_agent: peer.user_agent(),
            protocol: peer.protocol(),
            services: peer.services().bits() as f64,
            height: peer.claimed_height(),
            rtt_ms: peer.rtt_ms(),
            score: peer.score(),
            bytes_in: peer.bytes_in as f64,
            bytes_out: peer.bytes_out as f64,
        }
    }

    /// Peers that came or went since the last call.
    pub fn take_notices(&mut self) -> Vec<PeerNotice> {
        std::mem::take(&mut self.notices)
    }

    /// Ends every connection and dials no more.
    pub fn pause(&mut self, now: Now, out: &mut Outbox) {
        self.paused = true;
        for conn in self.peers.keys().copied().collect::<Vec<_>>() {
            self.hang_up(conn, "paused", now, out);
        }
    }

    /// Dials again, at once.
    pub fn resume(&mut self) {
        self.paused = false;
        for bridge in &mut self.bridges {
            bridge.retry_at_ms = 0;
        }
    }

    /// Dials, pings and drops as the moment asks.
    pub fn step(&mut self, now: Now, out: &mut Outbox) {
        let overdue: Vec<_> = self
            .peers
            .values()
            .filter_map(|peer| Some((peer.conn, peer.bridge, peer.overdue(now)?)))
            .collect();
        for (conn, bridge, reason) in overdue {
            let half = self.peers.get(&conn).is_some_and(|peer| peer.left_half_sent(now));
            if half && self.punish(conn, &Offence::HalfMessage, now, out) {
                continue;
            }
            self.useless(bridge, false, now);
            self.hang_up(conn, reason, now, out);
        }
        for conn in self.ready().map(|peer| peer.conn).collect::<Vec<_>>() {
            let nonce = self.rng.u64(..);
            if self.peers.get_mut(&conn).is_some_and(|peer| peer.ping_due(nonce, now)) {
                self.send(conn, &Message::Ping(nonce), out);
            }
        }
        if !self.paused {
            while self.peers.len() < self.target && self.dial(now, out) {}
        }
    }

    /// When [`Self::step`] has something to do again.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let peers = self.peers.values().map(Peer::next_deadline_ms);
        let dialling = (!self.paused && self.peers.len() < self.target)
            .then(|| self.bridges.iter().map(|bridge| bridge.retry_at_ms))
            .into_iter()
            .flatten();
        // What is overdue was looked at in this step and waits for something else.
        peers.chain(dialling).filter(|at| *at > now.mono_ms).min()
    }

    /// Starts one attempt through the bridge with the fewest connections that may be asked now.
    fn dial(&mut self, now: Now, out: &mut Outbox) -> bool {
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
        out.push(Effect::Connect { conn, bridge, address, services: ServiceFlags::NETWORK.bits() });
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
    fn useless(&mut self, bridge: usize, unreachable: bool, now: Now) {
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
            relay: false,
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

    /// A connection ended from the other side.
    pub fn disconnected(&mut self, conn: ConnId, reason: &str, now: Now, out: &mut Outbox) {
        if let Some(peer) = self.peers.remove(&conn) {
            self.useless(peer.bridge, false, now);
            self.farewell(&peer, PeerChange::Down, reason, now, out);
        }
    }

    /// Ends a connection without blame.
    pub fn hang_up(&mut self, conn: ConnId, reason: &str, now: Now, out: &mut Outbox) {
        if let Some(peer) = self.peers.remove(&conn) {
            out.push(Effect::Disconnect { conn });
            self.farewell(&peer, PeerChange::Down, reason, now, out);
        }
    }

    fn farewell(&mut self, peer: &Peer, change: PeerChange, reason: &str, now: Now, out: &mut Outbox) {
        self.past_bytes.0 += peer.bytes_in;
        self.past_bytes.1 += peer.bytes_out;
        if peer.is_ready() {
            self.reconnects += 1;
        }
        self.record.remember(peer.bridge, &peer.address, peer.score, now.mono_ms);
        self.notices.push(PeerNotice::Gone(peer.conn));
        if peer.is_ready() || change == PeerChange::Banned {
            out.emit(Event::Peer { peer: self.info(peer), change, reason: Some(reason.to_owned()) });
        }
        let (level, what) = match change {
            PeerChange::Banned => (LogLevel::Warn, "peer banned"),
            _ => (LogLevel::Info, "peer gone"),
        };
        out.log(
            now,
            level,
            "network",
            what,
            [
                ("peer", peer.address.as_str().into()),
                ("reason", reason.into()),
                ("score", peer.score().into()),
            ],
        );
    }

    /// Scores a peer; at [`BAN_SCORE`] it is banned and its connection ends. Tells whether it was banned.
    pub fn punish(&mut self, conn: ConnId, offence: &Offence, now: Now, out: &mut Outbox) -> bool {
        let Some(peer) = self.peers.get_mut(&conn) else { return false };
        peer.score += offence.score();
        let reason = offence.to_string();
        if peer.score < BAN_SCORE {
            let (address, score) = (peer.address.clone(), peer.score);
            out.log(
                now,
                LogLevel::Warn,
                "network",
                "peer misbehaves",
                [("peer", address.into()), ("reason", reason.into()), ("score", score.into())],
            );
            return false;
        }
        let Some(peer) = self.peers.remove(&conn) else { return false };
        self.record.ban(peer.bridge, &peer.address, now.mono_ms);
        self.book.forget(&peer.address);
        self.useless(peer.bridge, false, now);
        out.push(Effect::Disconnect { conn });
        self.farewell(&peer, PeerChange::Banned, &reason, now, out);
        true
    }

    /// Sends a message.
    pub fn send(&mut self, conn: ConnId, message: &Message, out: &mut Outbox) {
        if let Some(peer) = self.peers.get_mut(&conn) {
            let bytes = message.to_frame(self.magic);
            peer.bytes_out += bytes.len() as u64;
            out.push(Effect::Send { conn, bytes });
        }
    }

    /// Takes bytes in and hands on the messages in them that are the sync's business.
    pub fn received(&mut self, conn: ConnId, bytes: &[u8], now: Now, out: &mut Outbox) -> Vec<PeerMessage> {
        let mut messages = Vec::new();
        let Some(peer) = self.peers.get_mut(&conn) else { return messages };
        peer.receive(bytes, now);
        // Looked up anew each time: a message can end the connection.
        while let Some(peer) = self.peers.get_mut(&conn) {
            let message = match peer.next_message(now) {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(offence) => {
                    self.punish(conn, &offence, now, out);
                    // The rest of a broken stream means nothing, and what came before it is the banned peer's.
                    messages.clear();
                    break;
                }
            };
            if peer.is_ready() {
                messages.extend(self.handle_ready(conn, message, now, out));
            } else if let Err(offence) = self.handle_handshake(conn, &message, now, out) {
                self.punish(conn, &offence, now, out);
            }
        }
        messages
    }

    fn handle_handshake(
        &mut self,
        conn: ConnId,
        message: &Message,
        now: Now,
        out: &mut Outbox,
    ) -> Result<(), Offence> {
        let Some(peer) = self.peers.get_mut(&conn) else { return Ok(()) };
        match peer.handshake(message)? {
            Handshake::Wait => {}
            Handshake::HangUp(reason) => {
                let bridge = peer.bridge;
                self.useless(bridge, false, now);
                self.hang_up(conn, reason, now, out);
            }
            Handshake::Answer => {
                self.send(conn, &Message::SendAddrV2, out);
                self.send(conn, &Message::Verack, out);
            }
            Handshake::Done => {
                let bridge = peer.bridge;
                self.bridges[bridge] = BridgeHealth::default();
                self.notices.push(PeerNotice::Ready(conn));
                self.send(conn, &Message::SendHeaders, out);
                if self.only.is_empty() && !self.bridge_plain[bridge] {
                    self.send(conn, &Message::GetAddr, out);
                }
                if let Some(peer) = self.peers.get(&conn) {
                    out.emit(Event::Peer { peer: self.info(peer), change: PeerChange::Up, reason: None });
                    out.log(
                        now,
                        LogLevel::Info,
                        "network",
                        "peer ready",
                        [
                            ("peer", peer.address.as_str().into()),
                            ("agent", peer.user_agent().into()),
                            ("height", peer.claimed_height().into()),
                        ],
                    );
                }
            }
        }
        Ok(())
    }

    fn handle_ready(
        &mut self,
        conn: ConnId,
        message: Message,
        now: Now,
        out: &mut Outbox,
    ) -> Option<PeerMessage> {
        let peer = self.peers.get_mut(&conn)?;
        match &message {
            Message::Headers(_) | Message::Headers2(_) | Message::NotFound(_) => {
                return Some(PeerMessage { conn, message });
            }
            Message::Pong(nonce) => peer.pong(*nonce, now),
            Message::Version(_) | Message::Verack => {
                let name = message.command().to_string();
                self.punish(conn, &Offence::Handshake(name), now, out);
                return None;
            }
            _ => {}
        }
        if !peer.idle_talk(now) {
            let name = message.command().to_string();
            self.punish(conn, &Offence::Flood(name), now, out);
            return None;
        }
        let address = peer.address.clone();
        match message {
            Message::Ping(nonce) => self.send(conn, &Message::Pong(nonce), out),
            // We serve nobody: an empty answer keeps the peer from waiting for one.
            Message::GetHeaders(GetHeaders { .. }) | Message::GetHeaders2(GetHeaders { .. }) => {
                self.send(conn, &Message::Headers(Vec::new()), out);
            }
            Message::Addr(entries) => self.book.learn(&address, self.port, addresses::from_addr(&entries)),
            Message::AddrV2(entries) => {
                self.book.learn(&address, self.port, addresses::from_addrv2(&entries))
            }
            Message::Inv(_) => return Some(PeerMessage { conn, message }),
            _ => {}
        }
        None
    }
}
