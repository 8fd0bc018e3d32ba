//! The options of `open`: plain data in, a checked [`Options`] out, or an error that names the option.
//!
//! The page's side has made signals, functions, `URL`s and `Date`s into plain data; everything else is checked here,
//! so that a wrong type, a number out of range and a misspelt name are refused before anything is opened. What comes
//! in is first read into a small tree ([`Value`]) of bounded depth, because a reader of the tree knows the path of what
//! it reads and can name it.

mod birthday;
mod network;
mod target;
mod value;
mod wallet;

use crate::collections::Gather;
pub use network::network;
pub use target::watch_targets;
pub use value::{MAX_DEPTH, MAX_ITEMS, Value};
pub use wallet::wallet_command;

use super::{ApiError, LogLevel};
use crate::engine::{Birthday, BridgeConfig, Config, QrInfoConfig, QrInfoMode};
use dash_protocol::NetworkParams;
use std::sync::Arc;
use value::{Fields, Node};

/// The most bridges that one client uses.
pub const MAX_BRIDGES: usize = 16;
/// The most connections that one client keeps.
pub const MAX_PEERS: u32 = 16;
/// The most addresses in `peers.only`.
pub const MAX_ONLY: usize = 64;
/// The most compute workers that one client starts.
pub const MAX_COMPUTE_WORKERS: u32 = 32;
/// The most cycles before the tip's whose quorums are proven on demand.
pub const MAX_QRINFO_HISTORY: u32 = 64;
/// The longest namespace, in bytes.
pub const MAX_NAMESPACE: usize = 64;

/// Where headers are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StorageKind {
    /// In the browser's database; in memory where there is none.
    #[default]
    IndexedDb,
    /// In memory.
    Memory,
}

/// Everything that `open` was told, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The network and its rules.
    pub params: Arc<NetworkParams>,
    /// At least one.
    pub bridges: Vec<BridgeConfig>,
    /// Where headers are kept.
    pub storage: StorageKind,
    /// `None`: 'now' for a new store, and whatever an existing one has.
    pub birthday: Option<Birthday>,
    /// Keeps the stores of several clients of one origin apart.
    pub namespace: String,
    /// `None`: one fewer than there are cores, 8 at most.
    pub compute_workers: Option<u32>,
    /// Connections kept.
    pub peers_target: u32,
    /// `host:port` addresses to use and no others; empty: any.
    pub peers_only: Vec<String>,
    /// Whether unconfirmed payments are asked for.
    pub watch_mempool: bool,
    /// Whether masternode lists are wanted.
    pub masternodes: bool,
    /// Whether filters are wanted.
    pub filters: bool,
    /// How quorum data is asked for.
    pub qrinfo: QrInfoConfig,
    /// The least level that reaches the log.
    pub log_level: LogLevel,
    /// `None`: a random one.
    pub seed: Option<u64>,
}

impl Options {
    /// Checks plain options.
    ///
    /// # Errors
    /// `bad-input` that names the option, as `peers.target` or `bridges[0].url`; `options` for the whole.
    pub fn parse(value: &Value) -> Result<Self, ApiError> {
        let mut fields = Node::root("options", value).fields()?;
        let mut peers = fields.group("peers")?;
        let mut phases = fields.group("phases")?;
        let mut qrinfo = fields.group("qrinfo")?;
        let mut log = fields.group("log")?;
        let options = Self {
            params: Arc::new(network::params(fields.take("network"))?),
            bridges: bridges(fields.take("bridges"))?,
            storage: match fields.take("storage") {
                Some(node) => {
                    node.one_of(&[("indexeddb", StorageKind::IndexedDb), ("memory", StorageKind::Memory)])?
                }
                None => StorageKind::default(),
            },
            birthday: fields.take("birthday").map(birthday::read).transpose()?,
            namespace: namespace(fields.take("namespace"))?,
            compute_workers: fields
                .take("computeWorkers")
                .map(|node| node.integer(0, MAX_COMPUTE_WORKERS))
                .transpose()?,
            peers_target: peers.take("target").map_or(Ok(3), |node| node.integer(1, MAX_PEERS))?,
            peers_only: peers.take("only").map_or(Ok(Vec::new()), only)?,
            watch_mempool: match fields.take("mempool") {
                Some(node) => node.one_of(&[("watch", true), ("off", false)])?,
                None => true,
            },
            masternodes: phases.take("masternodes").map_or(Ok(true), |node| node.flag())?,
            filters: phases.take("filters").map_or(Ok(true), |node| node.flag())?,
            qrinfo: qrinfo_config(&mut qrinfo)?,
            log_level: log.take("level").map_or(Ok(LogLevel::Info), log_level)?,
            seed: fields.take("seed").map(|node| node.whole()).transpose()?,
        };
        [peers, phases, qrinfo, log, fields].into_iter().try_for_each(Fields::finish)?;
        Ok(options)
    }

    /// What the engine starts with; `persistent` says whether the store that was found outlives the page.
    pub fn config(&self, persistent: bool, seed: u64) -> Config {
        Config {
            params: Arc::clone(&self.params),
            bridges: self.bridges.clone(),
            birthday: self.birthday,
            peers_target: self.peers_target as usize,
            peers_only: self.peers_only.clone(),
            masternodes: self.masternodes,
            filters: self.filters,
            watch_mempool: self.watch_mempool,
            qrinfo: self.qrinfo,
            log_level: self.log_level,
            seed,
            persistent,
        }
    }
}

/// `dash-spv-wasm/<network>/<namespace>`: names the database, and on the page's side the lock and the channel.
///
/// # Errors
/// `bad-input` that names `network` or `namespace`.
pub fn store_name(network: &Value, namespace: &str) -> Result<String, ApiError> {
    let params = self::network(network)?;
    let namespace = self::namespace(Some(Node::root("namespace", &Value::Text(namespace.to_owned()))))?;
    Ok(store_name_of(&params, &namespace))
}

/// The height from which Platform's blocks can be on a network: Platform's own start on mainnet and testnet, else the
/// block from which masternodes are paid for it.
///
/// # Errors
/// `bad-input` that names `network`.
pub fn platform_activation_height(network: &Value) -> Result<u32, ApiError> {
    Ok(self::network(network)?.platform_activation_height())
}

/// [`store_name`] of what was checked already.
pub fn store_name_of(params: &NetworkParams, namespace: &str) -> String {
    format!("dash-spv-wasm/{}/{namespace}", params.name)
}

fn bridges(node: Option<Node<'_>>) -> Result<Vec<BridgeConfig>, ApiError> {
    let node = node.ok_or_else(|| ApiError::bad_option("bridges", "at least one bridge is required"))?;
    let list = node.list(1, MAX_BRIDGES)?;
    list.into_iter()
        .map(|bridge| {
            if let Ok(text) = bridge.text() {
                return Ok(BridgeConfig { url: url(&bridge, text)?, plain: false });
            }
            let mut fields = bridge.fields()?;
            let address = fields.require("url")?;
            let plain = fields.take("plain").map_or(Ok(false), |plain| plain.flag())?;
            fields.finish()?;
            Ok(BridgeConfig { url: url(&address, address.text()?)?, plain })
        })
        .gather()
}

/// An absolute `http`, `https`, `ws` or `wss` URL without credentials and fragment. Browsers have the last word on
/// the rest when they connect.
fn url(node: &Node<'_>, text: &str) -> Result<String, ApiError> {
    const MAX_URL: usize = 2_048;
    let bad = |why: &str| Err(node.bad(why));
    if text.len() > MAX_URL || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return bad("must be a URL without spaces, of at most 2048 bytes");
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return bad("must be an absolute URL, as `wss://bridge.example`");
    };
    if !["http", "https", "ws", "wss"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return bad("must begin with `https`, `http`, `wss` or `ws`");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if rest.contains('#') {
        return bad("must have no fragment");
    }
    if authority.contains('@') {
        return bad("must have no user name or password");
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            if !port.is_empty() && port.parse::<u16>().is_err() {
                return bad("has a port that is no port");
            }
            host
        }
        _ => authority,
    };
    if host.is_empty() {
        return bad("must name a host");
    }
    Ok(text.to_owned())
}

fn qrinfo_config(fields: &mut Fields<'_>) -> Result<QrInfoConfig, ApiError> {
    const MODES: [(&str, QrInfoMode); 2] =
        [("parallel", QrInfoMode::Parallel), ("sequential", QrInfoMode::Sequential)];
    let default = QrInfoConfig::default();
    let concurrency = fields.take("concurrency").map(|node| node.integer(1, MAX_PEERS)).transpose()?;
    let mode = fields.take("mode").map(|node| node.one_of(&MODES)).transpose()?;
    let history = fields.take("history").map(|node| node.integer(0, MAX_QRINFO_HISTORY)).transpose()?;
    Ok(QrInfoConfig {
        concurrency: concurrency.unwrap_or(default.concurrency),
        mode: mode.unwrap_or(default.mode),
        history: history.unwrap_or(default.history),
    })
}

fn namespace(node: Option<Node<'_>>) -> Result<String, ApiError> {
    let Some(node) = node else { return Ok("default".to_owned()) };
    let text = node.text()?;
    if text.is_empty() || text.len() > MAX_NAMESPACE || text.chars().any(char::is_control) {
        return Err(node.bad("must have 1 to 64 bytes and no control characters"));
    }
    Ok(text.to_owned())
}

fn only(node: Node<'_>) -> Result<Vec<String>, ApiError> {
    node.list(1, MAX_ONLY)?
        .into_iter()
        .map(|address| {
            let text = address.text()?;
            if is_host_port(text) { Ok(text.to_owned()) } else { Err(address.bad("must be `host:port`")) }
        })
        .gather()
}

/// A host name, an IPv4 address, or an IPv6 address in brackets, with a port.
fn is_host_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let host_fits = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            (1..=253).contains(&host.len())
                && host.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c))
        }
    };
    host_fits && port.bytes().all(|c| c.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port != 0)
}

fn log_level(node: Node<'_>) -> Result<LogLevel, ApiError> {
    node.one_of(&[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ])
}

#[cfg(test)]
mod tests;
