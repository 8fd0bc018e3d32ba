//! Masternodes and quorums: which there are, what proves it, and who is a member of what.
//!
//! Everything here is pure: lists, diffs and blocks of a validated chain go in, what is proven or a typed error comes
//! out. No peer, clock or store is known.
//!
//! - [`entry`] is a masternode with the hashes that are computed once for it; [`list`] holds them in their order,
//!   [`quorums`] the quorums, each with its merkle root.
//! - [`state`] is both as of a block, and exists only when proven: [`proof`] leads from a diff's coinbase to the header
//!   of a validated chain, [`apply`] changes a base by a diff and compares both roots. [`codec`] writes states down
//!   for the store.
//! - [`mod@modifier`] is what a block contributes to the choice of members, [`members`] the order of masternodes under a
//!   modifier and the members of plain quorums; [`rotation`] gives those of rotated quorums, quarter by quarter.
//! - [`commitment`] checks a quorum's final commitment against its members and says what is left to verify:
//!   [`bls`] does that.
//! - [`plans`] answers which heights matter: work blocks, cycles, mining windows.

pub mod apply;
pub mod bls;
pub mod codec;
pub mod commitment;
pub mod entry;
pub mod list;
pub mod members;
pub mod modifier;
pub mod plans;
pub mod proof;
pub mod quorums;
pub mod rotation;
pub mod state;
#[cfg(test)]
mod testing;

pub use apply::DiffError;
pub use codec::{RecordError, RecordHead};
pub use commitment::CommitmentError;
pub use entry::MasternodeEntry;
pub use list::MasternodeList;
pub use members::{evo_only, list_height, plain_members};
pub use modifier::modifier;
pub use plans::work_block;
pub use proof::ProvenBlock;
pub use quorums::{QuorumEntry, QuorumSet};
pub use rotation::{Cycle, RotationError, new_snapshot, rotated_members};
pub use state::{CoinbaseLock, ListState};
