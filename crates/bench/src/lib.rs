//! What `cargo xtask bench headers`, `masternodes`, `quorums`, `filters` and `x11` measure inside of the client: mainnet's
//! recorded headers, lists, rotation info and signatures, proven by the client's own rules, filters searched for a
//! wallet's scripts, and headers hashed.
//!
//! The same functions run natively and, built for wasm with the package's settings, in a page; whoever calls them holds
//! the watch. This crate is no part of the package.
//!
//! | file | holds |
//! |---|---|
//! | `recording.rs` | the files of the recording, which the caller reads, and the blocks that they name |
//! | `quorums.rs` | from rotation info and its neighbours to verified quorums, in three steps |
//! | `one_by_one.rs` | the same quorums verified without batches |
//! | `rules.rs` | recorded headers and the rules for them |
//! | `filters.rs` | filters to be searched, made by a seed |
//! | `x11.rs` | hashes of headers, and whether others make the same |
//! | `web/` | the same for a page |
//!
//! `examples/filters.rs` searches the filters natively, beside another reader; `examples/x11.rs` hashes, beside
//! `dash-pow`.

mod filters;
mod one_by_one;
mod quorums;
mod recording;
mod rules;
#[cfg(target_arch = "wasm32")]
mod web;
pub mod x11;

pub use filters::Haystack;
pub use one_by_one::verify_one_by_one;
pub use quorums::{checks, prove, verify};
pub use recording::Recording;
pub use rules::RecordedHeaders;

use dash_protocol::DecodeError;
use dash_spv_wasm::chain::HeaderError;
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, SignatureCheck, verify_signatures};
use dash_spv_wasm::masternodes::{CommitmentError, DiffError, RotationError};
use thiserror::Error;

/// How many signatures the batch has of which one is measured.
pub const BATCH: usize = 32;

/// Why nothing can be measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A file of the recording was not given.
    #[error("the recording lacks {0}")]
    Missing(String),
    /// A file says nothing of what it should.
    #[error("{file}: {what}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// A recorded message does not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A recorded header breaks a rule.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A recorded diff is not proven.
    #[error(transparent)]
    Diff(#[from] DiffError),
    /// Recorded snapshots give no members.
    #[error(transparent)]
    Rotation(#[from] RotationError),
    /// A recorded commitment breaks a rule.
    #[error(transparent)]
    Commitment(#[from] CommitmentError),
    /// A search through filters that is not as it should be.
    #[error("searching filters: {0}")]
    Search(String),
    /// A hash that is not the reference's.
    #[error("another X11 {0}")]
    Hash(String),
    /// A recorded signature does not hold.
    #[error("{bad} of {all} signatures do not hold")]
    Signature {
        /// How many.
        bad: usize,
        /// Of how many.
        all: usize,
    },
}

/// The quorums' own signatures of these commitments, as many as make a batch.
pub fn signatures(checks: &[CommitmentCheck]) -> Vec<SignatureCheck> {
    let own = |check: &CommitmentCheck| SignatureCheck {
        key: check.quorum_key,
        message: check.message,
        signature: check.quorum_sig,
    };
    checks.iter().take(BATCH).map(own).collect()
}

/// Verifies signatures together.
///
/// # Errors
/// [`BenchError::Signature`] where one does not hold.
pub fn verify_batch(signatures: &[SignatureCheck]) -> Result<(), BenchError> {
    let bad = verify_signatures(signatures).into_iter().filter(|valid| !valid).count();
    if bad > 0 { Err(BenchError::Signature { bad, all: signatures.len() }) } else { Ok(()) }
}
