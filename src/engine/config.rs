//! What a client is opened with, validated.

use crate::api::LogLevel;
use dash_protocol::NetworkParams;
use std::sync::Arc;

/// Where the wallet's history can begin at the earliest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birthday {
    /// Start at the newest checkpoint.
    Now,
    /// Start at the first block.
    Genesis,
    /// Start at the last checkpoint before this time (seconds since 1970).
    Time(u64),
    /// Start at the last checkpoint at or below this height.
    Height(u32),
}

/// A bridge, or a plain WebSocket-to-TCP proxy that stands for the one peer behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BridgeConfig {
    /// Base URL.
    pub url: String,
    /// Whether raw bytes start at once, without the bridge's own first frame.
    pub plain: bool,
}

/// Whether quorum data is asked for over several peers at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QrInfoMode {
    /// Several requests at a time.
    #[default]
    Parallel,
    /// One request at a time.
    Sequential,
}

/// How quorum data is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QrInfoConfig {
    /// Requests at a time, 1 to 16.
    pub concurrency: u32,
    /// Whether several are asked for at a time at all.
    pub mode: QrInfoMode,
    /// Cycles before the tip's whose quorums are proven, too: 0 to 64.
    pub history: u32,
}

impl Default for QrInfoConfig {
    fn default() -> Self {
        Self { concurrency: 3, mode: QrInfoMode::default(), history: 0 }
    }
}

/// Everything the engine needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// The network and its rules.
    pub params: Arc<NetworkParams>,
    /// At least one.
    pub bridges: Vec<BridgeConfig>,
    /// `None`: 'now' for a new store, and whatever an existing one has.
    pub birthday: Option<Birthday>,
    /// Connections kept, 1 to 16.
    pub peers_target: usize,
    /// `host:port` addresses to use and no others; empty: any.
    pub peers_only: Vec<String>,
    /// Whether masternode lists and quorums are wanted, and with them locks.
    pub masternodes: bool,
    /// Whether compact filters are wanted, and with them what a wallet watches.
    pub filters: bool,
    /// Whether peers are asked for what is not in a block yet.
    pub watch_mempool: bool,
    /// How quorum data is asked for.
    pub qrinfo: QrInfoConfig,
    /// The least level that reaches the log.
    pub log_level: LogLevel,
    /// Seeds every random choice: nonces, jitter, the choice among equals.
    pub seed: u64,
    /// Whether the store outlives the page.
    pub persistent: bool,
}
