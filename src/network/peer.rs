//! One connection: the codec of its bytes, the handshake, keep-alive, and what the peer said of itself.
//!
//! Holds at most one half-received message (bounded by the command's own limit) and a few numbers. A peer cannot make
//! it larger, keep a half message for ever ([`PARTIAL_MS`]), or stay silent for ever ([`PONG_MS`]).

use super::reputation::Offence;
use crate::engine::{ConnId, Now};
use dash_protocol::{FrameDecoder, MIN_PEER_PROTOCOL_VERSION, Message, ServiceFlags, VersionMessage};

/// A connection must stand within this time of being asked for.
const CONNECT_MS: u64 = 20_000;
/// The handshake must be over this long after the connection stands.
const HANDSHAKE_MS: u64 = 20_000;
/// A message must be complete this long after its first byte.
const PARTIAL_MS: u64 = 30_000;
/// A ping is due this long after the last one.
const PING_EVERY_MS: u64 = 30_000;
/// A peer that owes a pong for this long is gone.
const PONG_MS: u64 = 30_000;
/// Messages of no use that a peer may send at once, and how many a second it earns back.
const IDLE_TALK_BURST: f64 = 3_000.0;
const IDLE_TALK_PER_SECOND: f64 = 20.0;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerState {
    /// The bridge was asked.
    Connecting,
    /// The connection stands, versions are being exchanged.
    Handshaking,
    /// The handshake is done.
    Ready,
}

/// One connection and what is known of the peer at its other end.
#[derive(Debug)]
pub struct Peer {
    /// Its name in inputs and effects.
    pub conn: ConnId,
    /// Index of the bridge that leads to it.
    pub bridge: usize,
    /// `host:port` as the bridge names it; empty while connecting to a peer of the bridge's choice.
    pub address: String,
    pub(super) state: PeerState,
    pub(super) score: u32,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    /// Our own version nonce, to notice a connection to ourselves.
    pub(super) nonce: u64,
    decoder: FrameDecoder,
    since_ms: u64,
    version: Option<VersionMessage>,
    verack: bool,
    rtt_ms: Option<f64>,
    ping: Option<(u64, u64)>,
    last_ping_ms: u64,
    last_received_ms: u64,
    partial_since_ms: Option<u64>,
    idle_talk: f64,
    idle_talk_at_ms: u64,
    best_height: u32,
}

/// What the manager has to do after a handshake message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Handshake {
    /// End the connection, for no fault of the peer's.
    HangUp(&'static str),
    /// Send our `sendaddrv2` and `verack`.
    Answer,
    /// The peer is ready.
    Done,
    /// Nothing.
    Wait,
}

impl Peer {
    pub(super) fn new(
        conn: ConnId,
        bridge: usize,
        address: String,
        magic: [u8; 4],
        nonce: u64,
        now: Now,
    ) -> Self {
        Self {
            conn,
            bridge,
            address,
            state: PeerState::Connecting,
            score: 0,
            bytes_in: 0,
            bytes_out: 0,
            nonce,
            decoder: FrameDecoder::new(magic),
            since_ms: now.mono_ms,
            version: None,
            verack: false,
            rtt_ms: None,
            ping: None,
            last_ping_ms: 0,
            last_received_ms: now.mono_ms,
            partial_since_ms: None,
            idle_talk: IDLE_TALK_BURST,
            idle_talk_at_ms: now.mono_ms,
            best_height: 0,
        }
    }

    /// How far the connection has come.
    pub fn state(&self) -> PeerState {
        self.state
    }

    /// Whether the handshake is done.
    pub fn is_ready(&self) -> bool {
        self.state == PeerState::Ready
    }

    /// What the peer called itself, cleaned of control characters.
    pub fn user_agent(&self) -> String {
        self.version
            .as_ref()
            .map_or_else(String::new, |v| v.user_agent.chars().filter(|c| !c.is_control()).collect())
    }

    /// The protocol version it announced, 0 before the handshake.
    pub fn protocol(&self) -> u32 {
        self.version.as_ref().map_or(0, |v| v.version.max(0) as u32)
    }

    /// The services it claims to offer.
    pub fn services(&self) -> ServiceFlags {
        self.version.as_ref().map_or_else(ServiceFlags::default, |v| v.services)
    }

    /// The height it claims, or a greater one that headers of it reached since.
    pub fn claimed_height(&self) -> u32 {
        self.best_height
    }

    /// Notes that headers up to this height came from the peer.
    pub fn reached(&mut self, height: u32) {
        self.best_height = self.best_height.max(height);
    }

    /// Smoothed round trip in milliseconds.
    pub fn rtt_ms(&self) -> Option<f64> {
        self.rtt_ms
    }

    /// Its faults so far, 0 to [`super::BAN_SCORE`].
    pub fn score(&self) -> u32 {
        self.score
    }

    pub(super) fn connected(&mut self, address: String, now: Now) {
        self.address = address;
        self.state = PeerState::Handshaking;
        self.since_ms = now.mono_ms;
        self.last_received_ms = now.mono_ms;
    }

    pub(super) fn receive(&mut self, bytes: &[u8], now: Now) {
        self.bytes_in += bytes.len() as u64;
        self.last_received_ms = now.mono_ms;
        self.decoder.push(bytes);
    }

    /// Whether a message has begun and not ended.
    pub(super) fn is_mid_message(&self) -> bool {
        self.partial_since_ms.is_some()
    }

    /// The next whole message in what was received.
    pub(super) fn next_message(&mut self, now: Now) -> Result<Option<Message>, Offence> {
        let Some(frame) = self.decoder.next_frame().map_err(Offence::Frame)? else {
            if !self.decoder.is_mid_message() {
                self.partial_since_ms = None;
            } else if self.partial_since_ms.is_none() {
                self.partial_since_ms = Some(now.mono_ms);
            }
            return Ok(None);
        };
        self.partial_since_ms = None;
        Message::decode(frame.command, &frame.payload)
            .map(Some)
            .map_err(|error| Offence::Malformed { command: frame.command.to_string(), error })
    }

    /// Takes a message before the handshake is done. What Core sends early besides is passed over.
    pub(super) fn handshake(&mut self, message: &Message) -> Result<Handshake, Offence> {
        match message {
            Message::Version(version) => {
                if self.version.is_some() {
                    return Err(Offence::Handshake("version".to_owned()));
                }
                if version.nonce == self.nonce {
                    return Ok(Handshake::HangUp("connected to ourselves"));
                }
                if version.version < MIN_PEER_PROTOCOL_VERSION {
                    return Ok(Handshake::HangUp("its protocol version is too old"));
                }
                self.best_height = version.start_height.max(0) as u32;
                self.version = Some(version.clone());
                Ok(Handshake::Answer)
            }
            Message::Verack if self.version.is_none() || self.verack => {
                Err(Offence::Handshake("verack".to_owned()))
            }
            Message::Verack => {
                self.verack = true;
                self.state = PeerState::Ready;
                Ok(Handshake::Done)
            }
            _ => Ok(Handshake::Wait),
        }
    }

    /// Whether a ping is due; notes it as sent.
    pub(super) fn ping_due(&mut self, nonce: u64, now: Now) -> bool {
        let due = self.state == PeerState::Ready
            && self.ping.is_none()
            && (self.last_ping_ms == 0 || now.mono_ms >= self.last_ping_ms + PING_EVERY_MS);
        if due {
            self.ping = Some((nonce, now.mono_ms));
            self.last_ping_ms = now.mono_ms.max(1);
        }
        due
    }

    pub(super) fn pong(&mut self, nonce: u64, now: Now) {
        if let Some((expected, at)) = self.ping
            && expected == nonce
        {
            let sample = (now.mono_ms - at) as f64;
            self.rtt_ms = Some(self.rtt_ms.map_or(sample, |rtt| rtt * 0.7 + sample * 0.3));
            self.ping = None;
        }
    }

    /// Uses up one message of no use; false when the peer has none left.
    pub(super) fn idle_talk(&mut self, now: Now) -> bool {
        let earned = (now.mono_ms - self.idle_talk_at_ms) as f64 / 1000.0 * IDLE_TALK_PER_SECOND;
        self.idle_talk = (self.idle_talk + earned).min(IDLE_TALK_BURST) - 1.0;
        self.idle_talk_at_ms = now.mono_ms;
        self.idle_talk >= 0.0
    }

    /// Whether a message was begun too long ago.
    pub(super) fn left_half_sent(&self, now: Now) -> bool {
        self.partial_since_ms.is_some_and(|since| now.mono_ms >= since + PARTIAL_MS)
    }

    /// Why the connection must end now, if it must.
    pub(super) fn overdue(&self, now: Now) -> Option<&'static str> {
        let past = |since: u64, limit: u64| now.mono_ms >= since + limit;
        match self.state {
            PeerState::Connecting => past(self.since_ms, CONNECT_MS).then_some("connecting took too long"),
            PeerState::Handshaking => {
                past(self.since_ms, HANDSHAKE_MS).then_some("the handshake took too long")
            }
            PeerState::Ready => {
                if self.left_half_sent(now) {
                    Some("a message was left half sent")
                } else if self
                    .ping
                    .is_some_and(|(_, at)| past(at, PONG_MS) && past(self.last_received_ms, PONG_MS))
                {
                    Some("no answer to a ping")
                } else {
                    None
                }
            }
        }
    }

    /// When [`Self::overdue`] or a ping needs looking at again.
    pub(super) fn next_deadline_ms(&self) -> u64 {
        match self.state {
            PeerState::Connecting => self.since_ms + CONNECT_MS,
            PeerState::Handshaking => self.since_ms + HANDSHAKE_MS,
            PeerState::Ready => {
                let ping = match self.ping {
                    Some((_, at)) => at.max(self.last_received_ms) + PONG_MS,
                    None => self.last_ping_ms + PING_EVERY_MS,
                };
                self.partial_since_ms.map_or(ping, |since| ping.min(since + PARTIAL_MS))
            }
        }
    }
}
