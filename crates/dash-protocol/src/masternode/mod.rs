//! Masternode lists, quorums and rotation as peers send them (DIP-3, DIP-4, DIP-6, DIP-24).

mod bits;
mod commitment;
mod diff;
mod entry;
mod qrinfo;

pub use bits::BitSet;
pub use commitment::{FinalCommitment, LLMQType};
pub use diff::{GetMnListDiff, MnListDiff, QuorumName};
pub use entry::{MasternodeType, NetInfo, SmlEntry};
pub use qrinfo::{GetQRInfo, QRInfo, QuorumSnapshot};
