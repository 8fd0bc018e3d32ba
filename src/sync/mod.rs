//! What to ask for, of whom, and when it counts as done.
//!
//! - [`sequential`]: the phases in their order, what each may ask, progress, and recovery from failures.
//! - [`headers`]: the download of the header chain: parallel ranges between checkpoints, then following the tip.
//! - [`masternodes`]: lists and quorums: what is asked for, proven, kept and told.
//! - [`finality`]: ChainLocks and InstantSend locks: fetched, verified by proven quorums, kept, told.
//! - `filters`: filter headers, filters and blocks: what of the chain concerns a wallet.
//! - `wallet`: what is watched and what was found, kept and told.
//! - [`pipeline`]: the way that every request takes, whatever its phase, by the parts beside it: [`scheduler`] (what
//!   next, of whom), [`parallel`] (side by side, answers in order), [`recovery`] (what after a failure).
//!
//! All of it is level-triggered: each step works out what is wanted from what is stored, what is in flight and who is
//! there, so a lost message or a reload leaves nothing stuck.

pub(crate) mod filters;
pub mod finality;
pub mod headers;
pub mod masternodes;
pub mod parallel;
pub mod pipeline;
pub mod recovery;
pub mod scheduler;
pub mod sequential;
pub(crate) mod wallet;
