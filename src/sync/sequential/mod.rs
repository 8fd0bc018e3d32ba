//! The phases of a sync, strictly in order.
//!
//! - `phases.rs`: what phases there are.
//! - `transitions.rs`: what each needs first, and the history.
//! - `request_control.rs`: what each may ask, and how much.
//! - `progress.rs`: how far, how fast, how long still.
//! - `recovery.rs`: what to do when a phase as a whole gets no further.
//! - `manager.rs`: [`SequentialSyncManager`], which hands messages to the phase that they belong to and moves on when
//!   it is complete.

mod manager;
mod phases;
mod progress;
mod recovery;
mod request_control;
mod transitions;

pub use manager::SequentialSyncManager;
pub(crate) use manager::Surroundings;
pub use phases::{PhaseRun, SyncPhase};
pub use progress::{PhaseMeter, ProgressTracker};
pub use recovery::{Failure, Recovery, RecoveryManager};
pub use request_control::{Refusal, RequestClass, RequestController};
pub use transitions::{MAX_HISTORY, TransitionError, TransitionManager};
