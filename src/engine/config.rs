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
    /// The least level that reaches the log.
    pub log_level: LogLevel,
    /// Seeds every random choice: nonces, jitter, the choice among equals.
    pub seed: u64,
    /// Whether the store outlives the page.
    pub persistent: bool,
}
