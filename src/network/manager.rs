//! All connections: how many, to whom, through which bridge; back-off, keep-alive, bans.
//!
//! Level-triggered: [`PeerManager::step`] compares what stands with what is wanted and dials, pings or drops. Holds at
//! most `peers_target` connections. A bridge that fails, or that keeps offering peers of no use, is asked less and
//! less often; it can withhold, but it cannot make us spin.

use super::addresses::AddressBook;
use super::dial::BridgeHealth;
use super::peer::{Peer, PeerState};
use super::reputation::{BAN_SCORE, Offence, Record};
use crate::api::{Event, LogLevel, NetworkStatus, PeerChange, PeerInfo};
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::{Config, ConnId, Effect, Now, Outbox};
use dash_protocol::{Message, ServiceFlags};

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

/// All connections and what decides about them.
#[derive(Debug)]
pub struct PeerManager {
    pub(super) magic: [u8; 4],
    pub(super) port: u16,
    pub(super) user_agent: String,
    pub(super) bridge_urls: Vec<String>,
    pub(super) bridge_plain: Vec<bool>,
    pub(super) only: Vec<String>,
    pub(super) target: usize,
    /// Whether peers shall announce transactions and InstantSend locks: without it they announce neither.
    pub(super) relay: bool,
    /// What peers of a bridge's choice are to offer.
    pub(super) services: ServiceFlags,
    pub(super) peers: SortedMap<ConnId, Peer>,
    pub(super) bridges: Vec<BridgeHealth>,
    pub(super) book: AddressBook,
    pub(super) record: Record,
    pub(super) rng: fastrand::Rng,
    pub(super) next_conn: u64,
    pub(super) next_only: usize,
    pub(super) paused: bool,
    pub(super) notices: Vec<PeerNotice>,
    pub(super) height: u32,
    /// Totals of connections that are gone.
    pub(super) past_bytes: (u64, u64),
    pub(super) reconnects: u32,
}

impl PeerManager {
    /// A manager with nothing connected yet.
    pub fn new(config: &Config) -> Self {
        let suffix = config.params.user_agent_suffix.as_ref().map_or_else(String::new, |s| format!("({s})"));
        Self {
            magic: config.params.magic,
            port: config.params.default_port,
            user_agent: format!("/dash-spv-wasm:{}{suffix}/", crate::VERSION),
            bridge_urls: config.bridges.iter().map(|bridge| bridge.url.clone()).gather(),
            bridge_plain: config.bridges.iter().map(|bridge| bridge.plain).gather(),
            only: config.peers_only.clone(),
            target: config.peers_target,
            relay: (config.masternodes || config.filters) && config.watch_mempool,
            services: services(config),
            peers: SortedMap::new(),
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
        self.ready().map(|peer| peer.bridge).collect::<SortedSet<usize>>().len()
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
            .gather()
    }

    pub(super) fn info(&self, peer: &Peer) -> PeerInfo {
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
        for conn in self.peers.keys().copied().gather::<Vec<_>>() {
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
            .gather();
        for (conn, bridge, reason) in overdue {
            let half = self.peers.get(&conn).is_some_and(|peer| peer.left_half_sent(now));
            if half && self.punish(conn, &Offence::HalfMessage, now, out) {
                continue;
            }
            self.useless(bridge, false, now);
            self.hang_up(conn, reason, now, out);
        }
        for conn in self.ready().map(|peer| peer.conn).gather::<Vec<_>>() {
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

    pub(super) fn farewell(
        &mut self,
        peer: &Peer,
        change: PeerChange,
        reason: &str,
        now: Now,
        out: &mut Outbox,
    ) {
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
}

/// What peers of a bridge's choice are to offer.
fn services(config: &Config) -> ServiceFlags {
    let filters = if config.filters { ServiceFlags::COMPACT_FILTERS } else { ServiceFlags::NONE };
    ServiceFlags::from_bits(ServiceFlags::NETWORK.bits() | filters.bits())
}
