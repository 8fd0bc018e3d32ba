//! Counters and their Prometheus text. Every label is one of a fixed few, so nothing a client sends adds a series.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why a request for a peer was refused before any connection stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not a well-formed request of ours: no upgrade, no subprotocol, parameters that do not parse.
    Request,
    /// The page's origin is not on the list.
    Origin,
    /// Another network than the bridge's.
    Network,
    /// The address asked for breaks a rule.
    Address,
    /// Too many connections of this client.
    Connections,
    /// Too many new connections of this client.
    Rate,
    /// Too many connections in all.
    Full,
    /// The bridge is shutting down.
    Draining,
    /// No peer is known, or none answered.
    Unreachable,
}

impl Refusal {
    const ALL: [Self; 9] = [
        Self::Request,
        Self::Origin,
        Self::Network,
        Self::Address,
        Self::Connections,
        Self::Rate,
        Self::Full,
        Self::Draining,
        Self::Unreachable,
    ];

    /// The word for logs, metrics and the error frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Origin => "origin",
            Self::Network => "network",
            Self::Address => "address",
            Self::Connections => "connections",
            Self::Rate => "rate",
            Self::Full => "full",
            Self::Draining => "draining",
            Self::Unreachable => "unreachable",
        }
    }

    /// The WebSocket close code after an error frame.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Draining => 1001,
            Self::Unreachable => 1013, // try again later
            _ => 1008,
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client closed it or went away.
    Client,
    /// The client broke the WebSocket protocol.
    ClientError,
    /// The client sent a message larger than the limit.
    ClientTooLarge,
    /// The client sent a text message.
    ClientText,
    /// The client's first bytes were not the network's magic.
    ClientMagic,
    /// The client sent nothing, or answered no ping.
    ClientSilent,
    /// The peer closed it.
    Peer,
    /// The connection to the peer broke.
    PeerError,
    /// The peer's first bytes were not the network's magic.
    PeerMagic,
    /// The peer sent nothing after the client's first bytes.
    PeerSilent,
    /// No byte passed for the idle timeout.
    Idle,
    /// The bridge shut down.
    Drained,
}

impl End {
    const ALL: [Self; 12] = [
        Self::Client,
        Self::ClientError,
        Self::ClientTooLarge,
        Self::ClientText,
        Self::ClientMagic,
        Self::ClientSilent,
        Self::Peer,
        Self::PeerError,
        Self::PeerMagic,
        Self::PeerSilent,
        Self::Idle,
        Self::Drained,
    ];

    /// The word for logs, metrics and the close frame.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client closed",
            Self::ClientError => "client broke the protocol",
            Self::ClientTooLarge => "client sent too large a message",
            Self::ClientText => "client sent text",
            Self::ClientMagic => "client sent wrong magic",
            Self::ClientSilent => "client silent",
            Self::Peer => "peer closed",
            Self::PeerError => "peer connection broke",
            Self::PeerMagic => "peer sent wrong magic",
            Self::PeerSilent => "peer silent",
            Self::Idle => "idle",
            Self::Drained => "bridge shutting down",
        }
    }

    /// The WebSocket close code: RFC 6455 §7.4 and the IANA registry.
    pub fn close_code(self) -> u16 {
        match self {
            Self::Client | Self::Peer | Self::Idle => 1000,
            Self::Drained => 1001,
            Self::ClientError => 1002,
            Self::ClientText => 1003,
            Self::ClientMagic | Self::ClientSilent => 1008,
            Self::ClientTooLarge => 1009,
            Self::PeerError | Self::PeerMagic | Self::PeerSilent => 1011, // the bridge cannot do what it is for
        }
    }
}

/// A bridge's counters since its start.
#[derive(Debug, Default)]
pub struct Metrics {
    opened: AtomicU64,
    refused: [AtomicU64; Refusal::ALL.len()],
    closed: [AtomicU64; End::ALL.len()],
    dials_ok: AtomicU64,
    dials_failed: AtomicU64,
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
    frames_up: AtomicU64,
    frames_down: AtomicU64,
}

/// What is not counted but is so at the moment of asking.
#[derive(Clone, Copy, Debug)]
pub struct Gauges {
    /// Connections to peers, those being set up included.
    pub connections: usize,
    /// Peers known.
    pub peers: usize,
    /// Of these, the ones whose last attempt failed.
    pub peers_failing: usize,
    /// Whether shutdown began.
    pub draining: bool,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Metrics {
    pub(crate) fn opened(&self) {
        add(&self.opened, 1);
    }

    pub(crate) fn refused(&self, refusal: Refusal) {
        add(&self.refused[refusal as usize], 1);
    }

    pub(crate) fn closed(&self, end: End) {
        add(&self.closed[end as usize], 1);
    }

    pub(crate) fn dialled(&self, reached: bool) {
        add(if reached { &self.dials_ok } else { &self.dials_failed }, 1);
    }

    pub(crate) fn up(&self, bytes: usize) {
        add(&self.bytes_up, bytes as u64);
        add(&self.frames_up, 1);
    }

    pub(crate) fn down(&self, bytes: usize) {
        add(&self.bytes_down, bytes as u64);
        add(&self.frames_down, 1);
    }

    /// Connections that ended for this reason.
    pub fn ended(&self, end: End) -> u64 {
        read(&self.closed[end as usize])
    }

    /// Requests refused for this reason.
    pub fn refusals(&self, refusal: Refusal) -> u64 {
        read(&self.refused[refusal as usize])
    }

    /// The text that Prometheus scrapes, exposition format 0.0.4.
    pub fn render(&self, gauges: Gauges) -> String {
        let mut page = Page(String::with_capacity(4096));
        page.family("connections", "gauge", "Connections to peers just now.");
        page.sample("connections", "", gauges.connections as u64);
        page.family("peers", "gauge", "Peers known.");
        page.sample("peers", "", gauges.peers as u64);
        page.family("peers_failing", "gauge", "Peers whose last attempt failed.");
        page.sample("peers_failing", "", gauges.peers_failing as u64);
        page.family("draining", "gauge", "1 once shutdown began.");
        page.sample("draining", "", u64::from(gauges.draining));
        page.family("connections_total", "counter", "Connections to peers that stood.");
        page.sample("connections_total", "", read(&self.opened));
        page.family("refused_total", "counter", "Requests for a peer that were refused.");
        for refusal in Refusal::ALL {
            let label = format!("{{reason=\"{}\"}}", refusal.as_str());
            page.sample("refused_total", &label, self.refusals(refusal));
        }
        page.family("closed_total", "counter", "Connections to peers that ended.");
        for end in End::ALL {
            let label = format!("{{reason=\"{}\"}}", end.as_str());
            page.sample("closed_total", &label, self.ended(end));
        }
        page.family("dials_total", "counter", "Attempts to reach one address.");
        page.sample("dials_total", "{result=\"ok\"}", read(&self.dials_ok));
        page.sample("dials_total", "{result=\"failed\"}", read(&self.dials_failed));
        page.family("bytes_total", "counter", "Bytes passed on; up is from client to peer.");
        page.sample("bytes_total", "{direction=\"up\"}", read(&self.bytes_up));
        page.sample("bytes_total", "{direction=\"down\"}", read(&self.bytes_down));
        page.family("frames_total", "counter", "Binary WebSocket messages passed on.");
        page.sample("frames_total", "{direction=\"up\"}", read(&self.frames_up));
        page.sample("frames_total", "{direction=\"down\"}", read(&self.frames_down));
        page.0
    }
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP dash_bridge_{name} {help}\n# TYPE dash_bridge_{name} {kind}\n"));
    }

    fn sample(&mut self, name: &str, label: &str, value: u64) {
        self.line(format_args!("dash_bridge_{name}{label} {value}\n"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.0.write_fmt(line).expect("writing to a string cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_counter() {
        let metrics = Metrics::default();
        for (i, end) in End::ALL.into_iter().enumerate() {
            assert_eq!(end as usize, i);
            metrics.closed(end);
            assert_eq!(metrics.ended(end), 1);
        }
        for (i, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(refusal as usize, i);
            metrics.refused(refusal);
            assert_eq!(metrics.refusals(refusal), 1);
        }
    }

    #[test]
    fn every_sample_follows_its_familys_type() {
        let text =
            Metrics::default().render(Gauges { connections: 3, peers: 2, peers_failing: 1, draining: true });
        let mut family = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.split(' ').next().unwrap();
            } else if !line.starts_with('#') {
                let name = line.split(['{', ' ']).next().unwrap();
                assert_eq!(name, family);
                line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
            }
        }
        assert!(text.contains("\ndash_bridge_connections 3\n"));
        assert!(text.contains("\ndash_bridge_draining 1\n"));
    }
}
