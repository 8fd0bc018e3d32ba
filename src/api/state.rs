//! Snapshots: the state of a sync, and what calls are answered with.

use super::{ApiMasternode, ApiQuorum};
use serde::Serialize;

/// `Phase` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is its name; `SyncPhase` has the meaning")]
pub enum Phase {
    Idle,
    Headers,
    Masternodes,
    FilterHeaders,
    Filters,
    Blocks,
    Synced,
}

/// Whether peers can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkStatus {
    /// No bridge is reachable, or the client is paused.
    Offline,
    /// No peer has finished its handshake yet.
    Connecting,
    /// At least one peer is usable.
    Online,
}

/// A block as shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tip {
    /// Block height.
    pub height: u32,
    /// Block hash, display order.
    pub hash: String,
    /// Header time in milliseconds since 1970.
    pub time: f64,
}

/// `PhaseProgress.status` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseStatus {
    /// Switched off, or not built.
    Off,
    /// An earlier phase comes first.
    Waiting,
    /// At work.
    Running,
    /// Complete up to the tip.
    Done,
    /// Its data cannot be proven as things are; it keeps trying.
    Failed,
}

/// `PhaseProgress` of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct PhaseProgress {
    pub status: PhaseStatus,
    pub completed: f64,
    pub total: f64,
    pub per_second: f64,
    pub eta_ms: Option<f64>,
}

/// Progress of the five working phases.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct Phases {
    pub headers: PhaseProgress,
    pub masternodes: PhaseProgress,
    pub filter_headers: PhaseProgress,
    pub filters: PhaseProgress,
    pub blocks: PhaseProgress,
}

/// What does not hold just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the contract names them")]
pub enum Degraded {
    Chainlocks,
    Instantsend,
    Filters,
    Peers,
}

/// `SyncState` of the contract, without `role`, which the page's side adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct SyncState {
    pub phase: Phase,
    pub network: NetworkStatus,
    pub tip: Tip,
    pub chainlocked: Option<Tip>,
    pub target_height: u32,
    pub peers: u32,
    pub progress: f64,
    pub eta_ms: Option<f64>,
    pub phases: Phases,
    pub degraded: Vec<Degraded>,
    pub persistent: bool,
}

/// `PhaseTransition` of the contract; `at` in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct PhaseTransition {
    pub from: Phase,
    pub to: Phase,
    pub reason: String,
    pub at: f64,
    pub height: u32,
    pub duration_ms: f64,
}

/// `PeerInfo` of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct PeerInfo {
    pub id: String,
    pub address: String,
    pub bridge: String,
    pub user_agent: String,
    pub protocol: u32,
    pub services: f64,
    pub height: u32,
    pub rtt_ms: Option<f64>,
    /// 0 for a peer without fault; at 100 it is banned.
    pub score: u32,
    pub bytes_in: f64,
    pub bytes_out: f64,
}

/// What became of the requests sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct RequestCounts {
    pub sent: u32,
    pub answered: u32,
    pub timed_out: u32,
    pub retried: u32,
    pub cancelled: u32,
}

/// The requests of the masternode phase: how many wait, are under way, were taken in, and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct QuorumRequests {
    pub waiting: u32,
    pub in_flight: u32,
    pub processed: u32,
    pub failed: u32,
}

/// The state of the circuit breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the contract names them")]
pub enum Circuit {
    Closed,
    Open,
    HalfOpen,
}

/// `Metrics` of the contract. The engine fills what it knows; the driver adds `wasm_heap_bytes`, `storage_bytes` and
/// `compute_workers`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct Metrics {
    pub bytes_in: f64,
    pub bytes_out: f64,
    pub headers_per_second: f64,
    pub filters_per_second: f64,
    pub requests: RequestCounts,
    pub quorum_requests: QuorumRequests,
    pub circuit: Circuit,
    pub wasm_heap_bytes: f64,
    pub storage_bytes: Option<f64>,
    pub compute_workers: u32,
    pub reconnects: u32,
}

/// `Header` of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct ApiHeader {
    pub height: u32,
    pub hash: String,
    #[serde(with = "serde_bytes")]
    pub raw: Vec<u8>,
    pub time: f64,
    pub chainlocked: bool,
}

/// What a call is answered with.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// To `header()`.
    Header(Option<ApiHeader>),
    /// To `peers()`.
    Peers(Vec<PeerInfo>),
    /// To `metrics()`.
    Metrics(Metrics),
    /// To `transitions()`.
    Transitions(Vec<PhaseTransition>),
    /// To `masternodes()`.
    Masternodes(Vec<ApiMasternode>),
    /// To `quorums.list()`.
    Quorums(Vec<ApiQuorum>),
    /// To `quorums.publicKey()`: 48 bytes.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
    /// To calls that only succeed.
    Done,
}
