//! Masternode lists, quorums and rotation as peers send them (DIP-3, DIP-4, DIP-6, DIP-24).
//!
//! `entry.rs` has a masternode and `net_info.rs` its addresses, `commitment.rs` a quorum, `bits.rs` the sets of members in
//! it, `diff.rs` what changed of both between two blocks, `qrinfo.rs` what rotated quorums take in addition. What is
//! decoded is well-formed and nothing more: none of it is proven.

mod bits;
mod commitment;
mod diff;
mod entry;
mod net_info;
mod qrinfo;

pub use bits::BitSet;
pub use commitment::{FinalCommitment, LLMQType};
pub use diff::{GetMnListDiff, MnListDiff, QuorumName};
pub use entry::{MasternodeType, SmlEntry};
pub use net_info::{NetAddressEntry, NetInfo, NetPurpose};
pub use qrinfo::{GetQRInfo, MAX_QRINFO_BASES, QRInfo, QuorumSnapshot};
