//! The command line: every setting of [`Config`] by name.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, ValueEnum};

use crate::address::Subnet;
use crate::config::{Config, Limits};
use crate::network::Network;
use crate::target::HostPort;

/// Lets web pages reach Dash peers over WebSocket, and nothing else.
///
/// Pages connect to `/peer?network=NAME`, with `&addr=HOST:PORT` and `&services=BITS` as they like, and subprotocol
/// dash-p2p.v1. /healthz says whether the bridge takes connections, /metrics is for Prometheus. SIGTERM or SIGINT
/// drains, a second one ends at once.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    /// Network served: mainnet, testnet, regtest or devnet-NAME.
    #[arg(long, default_value = "mainnet")]
    pub network: Network,
    /// Address and port to listen on.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8899")]
    pub listen: SocketAddr,
    /// Dial only this peer, whatever its address and port (repeatable).
    #[arg(long = "peer", value_name = "HOST:PORT")]
    pub peers: Vec<HostPort>,
    /// Dial addresses that are not public too. Pages of any origin can then reach peers of the bridge's own network;
    /// --allow-origin narrows that.
    #[arg(long)]
    pub allow_private: bool,
    /// Admit pages of this origin only, as in `https://wallet.example` (repeatable). Without it any page may connect.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    pub allowed_origins: Vec<String>,
    /// Believe X-Forwarded-For from this reverse proxy, an address or ADDRESS/LENGTH (repeatable).
    #[arg(long = "trusted-proxy", value_name = "SUBNET")]
    pub trusted_proxies: Vec<Subnet>,
    /// Serve the static files of this folder as well.
    #[arg(long = "serve", value_name = "DIR")]
    pub serve_dir: Option<PathBuf>,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace, or a filter such as dash_ws_bridge=debug.
    #[arg(long, value_name = "FILTER", default_value = "info")]
    pub log: String,
    #[command(flatten)]
    limits: LimitArgs,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits (a client is an IPv4 address or an IPv6 /64)")]
struct LimitArgs {
    /// Connections to peers at one time, in all.
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// Connections to peers at one time for one client.
    #[arg(long, value_name = "N", default_value_t = Limits::default().connections_per_client)]
    max_connections_per_client: usize,
    /// New connections a minute for one client.
    #[arg(long, value_name = "N", default_value_t = Limits::default().new_per_minute)]
    max_new_per_minute: u32,
    /// Bytes a second from client to peer on one connection; 0 for no bound.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().up_bytes_per_second)]
    max_up_rate: u64,
    /// Bytes a second from peer to client on one connection; 0 for no bound.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().down_bytes_per_second)]
    max_down_rate: u64,
    /// Largest WebSocket message taken from a client.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().max_message_bytes as u64,
        value_parser = clap::value_parser!(u64).range(1024..=64 << 20))]
    max_message: u64,
    /// Largest WebSocket frame sent to a client.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().frame_bytes as u64,
        value_parser = clap::value_parser!(u64).range(1024..=16 << 20))]
    frame_size: u64,
    /// Seconds for one attempt to reach a peer.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,
    /// Seconds for a request's head, and for each side's first four bytes.
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds)]
    handshake_timeout: Duration,
    /// Seconds without a byte either way, or without an answer to a ping, after which a connection is closed.
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    idle_timeout: Duration,
    /// Seconds between pings to a client.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    ping_interval: Duration,
    /// Seconds that connections live on once shutdown began; 0 closes them at once.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds_or_none)]
    drain_timeout: Duration,
}

fn seconds_or_none(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.0..=86_400.0).contains(&seconds) {
        return Err("not between 0 and 86400".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn seconds(text: &str) -> Result<Duration, String> {
    match seconds_or_none(text)? {
        duration if duration < Duration::from_millis(1) => Err("less than a millisecond".to_owned()),
        duration => Ok(duration),
    }
}

impl Cli {
    /// The settings that the flags make.
    pub fn config(&self) -> Config {
        let limits = &self.limits;
        // The parser's ranges fit any pointer width.
        let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        Config {
            network: self.network.clone(),
            peers: self.peers.clone(),
            allow_private: self.allow_private,
            allowed_origins: self
                .allowed_origins
                .iter()
                .map(|origin| origin.trim_end_matches('/').to_owned())
                .collect(),
            trusted_proxies: self.trusted_proxies.clone(),
            serve_dir: self.serve_dir.clone(),
            limits: Limits {
                connections: limits.max_connections,
                connections_per_client: limits.max_connections_per_client,
                new_per_minute: limits.max_new_per_minute,
                up_bytes_per_second: limits.max_up_rate,
                down_bytes_per_second: limits.max_down_rate,
                max_message_bytes: size(limits.max_message),
                frame_bytes: size(limits.frame_size),
                connect_timeout: limits.connect_timeout,
                handshake_timeout: limits.handshake_timeout,
                idle_timeout: limits.idle_timeout,
                ping_interval: limits.ping_interval,
                drain_timeout: limits.drain_timeout,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_defaults_are_the_librarys() {
        Cli::command().debug_assert();
        let config = Cli::parse_from(["dash-ws-bridge"]).config();
        assert_eq!(config.limits, Limits::default());
        assert_eq!(config.network.name(), "mainnet");
        assert!(!config.allow_private && config.peers.is_empty());
    }

    #[test]
    fn flags_set_what_they_name() {
        let config = Cli::parse_from([
            "dash-ws-bridge",
            "--network=devnet-x",
            "--peer=localhost:1",
            "--peer=[::1]:2",
            "--allow-origin=https://a.example/",
            "--trusted-proxy=10.0.0.0/8",
            "--idle-timeout=1.5",
            "--drain-timeout=0",
        ])
        .config();
        assert_eq!(config.network.name(), "devnet-x");
        assert_eq!(
            config.peers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["localhost:1", "[::1]:2"]
        );
        assert_eq!(config.allowed_origins, ["https://a.example"]);
        assert_eq!(config.limits.idle_timeout, Duration::from_millis(1500));
        assert_eq!(config.limits.drain_timeout, Duration::ZERO);
    }

    #[test]
    fn bad_flags_are_refused() {
        for bad in [
            "--network=main",
            "--peer=localhost",
            "--listen=8899",
            "--trusted-proxy=x",
            "--idle-timeout=0",
            "--idle-timeout=-1",
            "--idle-timeout=nan",
            "--idle-timeout=1e9",
            "--frame-size=0",
            "--max-message=1",
        ] {
            assert!(Cli::try_parse_from(["dash-ws-bridge", bad]).is_err(), "{bad}");
        }
    }
}
