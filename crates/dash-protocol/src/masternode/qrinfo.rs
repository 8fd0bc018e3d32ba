//! `getqrinfo` and `qrinfo` (DIP-24; Dash Core `llmq/snapshot.h`).

use super::{BitSet, FinalCommitment, MnListDiff};
use crate::hash::BlockHash;

/// `getqrinfo`: asks for what it takes to compute the members of the rotated quorums of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GetQRInfo {
    /// Blocks whose lists we have; none for genesis.
    pub base_block_hashes: Vec<BlockHash>,
    /// A block of the cycle.
    pub block_hash: BlockHash,
    /// Whether the quarter before the last three is wanted, too.
    pub extra_share: bool,
}

/// Which masternodes of a work block's list were in use by earlier quarters, and which were skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumSnapshot {
    /// 0 no skipping, 1 the list holds places to skip; 2 and 3 are never produced.
    pub skip_list_mode: i32,
    /// One bit for each masternode of the list, in the order of the scores; set if it was in use.
    pub active_members: BitSet,
    /// The first place that is not zero, then offsets from it.
    pub skip_list: Vec<i32>,
}

/// `qrinfo`. H is the base of the requested block's cycle, C the length of a cycle. Nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QRInfo {
    /// The snapshot of H - C.
    pub snapshot_h_minus_c: QuorumSnapshot,
    /// The snapshot of H - 2C.
    pub snapshot_h_minus_2c: QuorumSnapshot,
    /// The snapshot of H - 3C.
    pub snapshot_h_minus_3c: QuorumSnapshot,
    /// Ends at the node's tip, whatever was asked.
    pub diff_tip: MnListDiff,
    /// Ends at H's work block.
    pub diff_h: MnListDiff,
    /// Ends at the work block of H - C.
    pub diff_h_minus_c: MnListDiff,
    /// Ends at the work block of H - 2C.
    pub diff_h_minus_2c: MnListDiff,
    /// Ends at the work block of H - 3C.
    pub diff_h_minus_3c: MnListDiff,
    /// The extra share: the snapshot and the diff of H - 4C.
    pub h_minus_4c: Option<(QuorumSnapshot, MnListDiff)>,
    /// The newest commitment of each index as of the requested block.
    pub last_commitments: Vec<FinalCommitment>,
    /// Older cycles that those commitments need, by height: each with its diff to the work block.
    pub older: Vec<(QuorumSnapshot, MnListDiff)>,
}
