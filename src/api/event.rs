//! What happens, as the page hears it, and the log.

use super::{
    ApiBroadcast, ApiError, ApiTxRecord, PeerInfo, Phase, PhaseProgress, PhaseTransition, SyncState, Tip,
};
use crate::collections::SortedMap;
use serde::Serialize;

/// `SpvEvent` of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub enum Event {
    State {
        state: Box<SyncState>,
    },
    Progress {
        phase: Phase,
        progress: PhaseProgress,
        overall: f64,
        eta_ms: Option<f64>,
    },
    Phase {
        transition: PhaseTransition,
    },
    Tip {
        tip: Tip,
    },
    Reorg {
        from: Tip,
        to: Tip,
        depth: u32,
    },
    Chainlock {
        tip: Tip,
    },
    Instantlock {
        txid: String,
    },
    Tx {
        tx: ApiTxRecord,
        watches: Vec<String>,
    },
    /// A broadcast got further, or came to its end.
    Broadcast {
        broadcast: ApiBroadcast,
    },
    Peer {
        peer: PeerInfo,
        change: PeerChange,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    Storage {
        persistent: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<ApiError>,
    },
    Warning {
        error: ApiError,
    },
}

/// What became of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PeerChange {
    /// Its handshake is done.
    Up,
    /// Its connection ended.
    Down,
    /// It broke a rule and will not be used again.
    Banned,
}

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the usual levels")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// A field of a log line.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the contract's `string | number | boolean`")]
pub enum LogValue {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// `LogRecord` of the contract; `at` in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogRecord {
    /// How much it matters.
    pub level: LogLevel,
    /// Which part speaks, as `network` or `chain`.
    pub target: String,
    /// What it says, without the values.
    pub message: String,
    /// When, in milliseconds since 1970.
    pub at: f64,
    /// The values.
    pub fields: SortedMap<String, LogValue>,
}
