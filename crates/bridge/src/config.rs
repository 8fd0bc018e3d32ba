//! What a bridge is told when it starts. Nothing here changes while it runs.

use std::path::PathBuf;
use std::time::Duration;

use crate::address::Subnet;
use crate::network::Network;
use crate::target::HostPort;

/// A bridge's settings. [`Config::new`] gives the defaults, which suit a public bridge.
#[derive(Clone, Debug)]
pub struct Config {
    /// The network served.
    pub network: Network,
    /// If any are given, only these peers are dialled, whatever their address and port.
    pub peers: Vec<HostPort>,
    /// Whether addresses that are not public may be dialled.
    pub allow_private: bool,
    /// Origins of pages that may connect, as browsers send them (`https://wallet.example`). Empty: any page, and
    /// programs that send no origin.
    pub allowed_origins: Vec<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Subnet>,
    /// A folder of static files to serve besides.
    pub serve_dir: Option<PathBuf>,
    /// Bounds of every kind.
    pub limits: Limits,
}

impl Config {
    /// A bridge to a network's public peers, with default limits.
    pub fn new(network: Network) -> Self {
        Self {
            network,
            peers: Vec::new(),
            allow_private: false,
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            serve_dir: None,
            limits: Limits::default(),
        }
    }
}

/// Bounds of every kind. A client is an IPv4 address or an IPv6 /64.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections to peers at one time, all clients together.
    pub connections: usize,
    /// Connections to peers at one time for one client.
    pub connections_per_client: usize,
    /// New connections a minute for one client; as many may come at once.
    pub new_per_minute: u32,
    /// Bytes a second from client to peer on one connection; 0 for no bound.
    pub up_bytes_per_second: u64,
    /// Bytes a second from peer to client on one connection; 0 for no bound.
    pub down_bytes_per_second: u64,
    /// The largest WebSocket message taken from a client, in bytes. A client may send a whole P2P message as one.
    pub max_message_bytes: usize,
    /// The largest WebSocket frame sent to a client, in bytes.
    pub frame_bytes: usize,
    /// How long one attempt to reach a peer may take.
    pub connect_timeout: Duration,
    /// How long a client may take over a request's head, and how long both sides may take, once connected, to show
    /// the network's magic.
    pub handshake_timeout: Duration,
    /// A connection on which no byte passed for so long is closed, and so is one whose client answered no ping.
    pub idle_timeout: Duration,
    /// How often clients are pinged.
    pub ping_interval: Duration,
    /// How long connections live on after shutdown began.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_per_client: 64,
            new_per_minute: 240,
            up_bytes_per_second: 2 << 20,
            down_bytes_per_second: 16 << 20,
            max_message_bytes: 4 << 20,
            frame_bytes: 256 << 10,
            connect_timeout: Duration::from_secs(5),
            handshake_timeout: Duration::from_secs(20),
            idle_timeout: Duration::from_secs(300),
            ping_interval: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(10),
        }
    }
}
