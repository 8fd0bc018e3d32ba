//! The shapes that cross to JavaScript, as `www/src/api.d.ts` has them: state, events, errors, options.
//!
//! Values are serialised with serde under the names of the contract; times travel as milliseconds since 1970 and are
//! made into `Date` on the page's side, amounts as decimal digits that are made into `bigint`, hashes as hex in display
//! order.

mod error;
mod event;
mod masternode;
pub mod options;
mod state;
mod wallet;

pub use error::{ApiError, ErrorCode};
pub use event::{Event, LogLevel, LogRecord, LogValue, PeerChange};
pub use masternode::{ApiMasternode, ApiMasternodeType, ApiQuorum};
pub use state::{
    ApiHeader, Circuit, Degraded, Metrics, NetworkStatus, PeerInfo, Phase, PhaseProgress, PhaseStatus,
    PhaseTransition, Phases, QuorumRequests, Reply, RequestCounts, SyncState, Tip,
};
pub use wallet::{
    ApiBalance, ApiBroadcast, ApiFinality, ApiTxRecord, ApiUtxo, ApiWatch, BroadcastStage, Duffs, tx_event,
};
