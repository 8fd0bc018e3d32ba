//! What goes into a pipeline and what comes out of it.

use crate::api::Circuit;
use crate::engine::{ConnId, Now};
use crate::network::correlation::{Request, RequestCorrelationManager, RequestOwner};
use crate::sync::parallel::ExecutorLimits;
use crate::sync::recovery::{ErrorKind, Fallback, Retry};
use crate::sync::scheduler::NetworkConditionMonitor;
use crate::sync::sequential::{RequestClass, RequestController, SyncPhase};

/// What one pipeline is made for.
#[derive(Clone, Copy, Debug)]
pub struct PipelineSettings {
    /// Whose requests they are.
    pub owner: RequestOwner,
    /// How many at once.
    pub limits: ExecutorLimits,
    /// Answers held, and on their way, beyond which only what they wait for is asked.
    pub most_held: usize,
    /// Bytes of answers held beyond which only what they wait for is asked.
    pub most_held_bytes: usize,
    /// The share of failures at which a peer's breaker opens, 0 to 1.
    pub breaker_rate: f64,
    /// For the spread of waits.
    pub seed: u64,
}

/// What the pipelines of a client share, for one call.
pub(crate) struct Shared<'a> {
    pub now: Now,
    pub phase: SyncPhase,
    pub requests: &'a mut RequestCorrelationManager,
    pub monitor: &'a mut NetworkConditionMonitor,
    pub controller: &'a mut RequestController,
    /// The earliest time at which a refused request may be sent.
    pub retry_at_ms: &'a mut Option<u64>,
}

/// Something to ask of a peer now. It is not under way before `RequestPipeline::begin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch<K> {
    /// What.
    pub key: K,
    /// Of whom.
    pub peer: ConnId,
    /// Its kind.
    pub class: RequestClass,
    /// How long an answer is waited for, in milliseconds.
    pub patience_ms: u64,
    /// The share of a full batch to ask for, of a thousand.
    pub batch_permille: u32,
    /// Whether it tries out whether anything can be asked again.
    pub probe: bool,
    pub(super) expected_ms: u64,
    pub(super) content: Option<Request>,
    pub(super) unmeasured: bool,
}

/// A request that came to nothing. Its key is in the queue again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost<K> {
    /// What was asked.
    pub key: K,
    /// Of whom.
    pub peer: ConnId,
    /// How it failed.
    pub kind: ErrorKind,
    /// How often this key failed now.
    pub failures: u32,
    /// Requests of this owner in a row that this peer left unanswered.
    pub unanswered: u32,
    /// When and where it is asked again.
    pub retry: Retry,
}

/// A change for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PipelineNote {
    /// Things are asked for in another way.
    Fallback {
        /// The way so far.
        from: Fallback,
        /// The way from now on.
        to: Fallback,
    },
    /// A peer's breaker changed.
    Breaker {
        /// Whose.
        peer: ConnId,
        /// Where it stood.
        from: Circuit,
        /// Where it stands.
        to: Circuit,
    },
}
