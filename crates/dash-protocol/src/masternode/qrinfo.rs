//! `getqrinfo` and `qrinfo` (DIP-24; Dash Core `llmq/snapshot.h`).

use super::{BitSet, FinalCommitment, MnListDiff};
use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_compact_size, put_list};
use crate::frame::MAX_PAYLOAD;
use crate::hash::BlockHash;

/// The most bases of a request: ours, as Dash Core has no limit of its own.
pub const MAX_QRINFO_BASES: usize = 1_024;

/// The most cycles that the newest commitment of an index needs before its own (DIP-24).
const CYCLES_BEFORE: usize = 3;

/// `getqrinfo`: asks for what it takes to compute the members of the rotated quorums of a cycle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GetQRInfo {
    /// Blocks whose lists we have, at most [`MAX_QRINFO_BASES`]; none for genesis.
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

impl Encode for GetQRInfo {
    fn encode(&self, out: &mut Vec<u8>) {
        put_list(out, &self.base_block_hashes);
        self.block_hash.encode(out);
        out.push(u8::from(self.extra_share));
    }
}

impl Decode for GetQRInfo {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            base_block_hashes: list(r, "base blocks", MAX_QRINFO_BASES, 32)?,
            block_hash: BlockHash::decode(r)?,
            extra_share: r.flag("extra share")?,
        })
    }
}

impl QuorumSnapshot {
    /// Bytes of the shortest encoding: two empty vectors.
    pub const MIN_LEN: usize = 4 + 1 + 1;
}

impl Encode for QuorumSnapshot {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.skip_list_mode.to_le_bytes());
        self.active_members.encode(out);
        put_compact_size(out, self.skip_list.len() as u64);
        self.skip_list.iter().for_each(|place| out.extend_from_slice(&place.to_le_bytes()));
    }
}

impl Decode for QuorumSnapshot {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let skip_list_mode = r.i32()?;
        let active_members = BitSet::decode(r)?;
        let count = r.count("places to skip", MAX_PAYLOAD, 4)?;
        let mut skip_list = Vec::with_capacity(count);
        for _ in 0..count {
            skip_list.push(r.i32()?);
        }
        Ok(Self { skip_list_mode, active_members, skip_list })
    }
}

impl Encode for QRInfo {
    fn encode(&self, out: &mut Vec<u8>) {
        self.snapshot_h_minus_c.encode(out);
        self.snapshot_h_minus_2c.encode(out);
        self.snapshot_h_minus_3c.encode(out);
        self.diff_tip.encode(out);
        self.diff_h.encode(out);
        self.diff_h_minus_c.encode(out);
        self.diff_h_minus_2c.encode(out);
        self.diff_h_minus_3c.encode(out);
        out.push(u8::from(self.h_minus_4c.is_some()));
        if let Some((snapshot, diff)) = &self.h_minus_4c {
            snapshot.encode(out);
            diff.encode(out);
        }
        put_list(out, &self.last_commitments);
        put_compact_size(out, self.older.len() as u64);
        self.older.iter().for_each(|(snapshot, _)| snapshot.encode(out));
        put_compact_size(out, self.older.len() as u64);
        self.older.iter().for_each(|(_, diff)| diff.encode(out));
    }
}

impl Decode for QRInfo {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let snapshot_h_minus_c = QuorumSnapshot::decode(r)?;
        let snapshot_h_minus_2c = QuorumSnapshot::decode(r)?;
        let snapshot_h_minus_3c = QuorumSnapshot::decode(r)?;
        let diff_tip = MnListDiff::decode(r)?;
        let diff_h = MnListDiff::decode(r)?;
        let diff_h_minus_c = MnListDiff::decode(r)?;
        let diff_h_minus_2c = MnListDiff::decode(r)?;
        let diff_h_minus_3c = MnListDiff::decode(r)?;
        let extra_share = r.flag("extra share")?;
        let h_minus_4c =
            extra_share.then(|| Ok((QuorumSnapshot::decode(r)?, MnListDiff::decode(r)?))).transpose()?;
        let last_commitments: Vec<FinalCommitment> =
            list(r, "last commitments", MAX_PAYLOAD, FinalCommitment::MIN_LEN)?;
        let older = older(r, CYCLES_BEFORE * last_commitments.len())?;
        Ok(Self {
            snapshot_h_minus_c,
            snapshot_h_minus_2c,
            snapshot_h_minus_3c,
            diff_tip,
            diff_h,
            diff_h_minus_c,
            diff_h_minus_2c,
            diff_h_minus_3c,
            h_minus_4c,
            last_commitments,
            older,
        })
    }
}

/// The snapshots of older cycles, then as many diffs.
fn older(r: &mut Reader<'_>, max: usize) -> Result<Vec<(QuorumSnapshot, MnListDiff)>, DecodeError> {
    let snapshots: Vec<QuorumSnapshot> = list(r, "snapshots", max, QuorumSnapshot::MIN_LEN)?;
    let diffs = r.count("diffs of older cycles", snapshots.len(), MnListDiff::MIN_LEN)?;
    if diffs != snapshots.len() {
        return Err(DecodeError::Missing { what: "diff for each snapshot" });
    }
    snapshots.into_iter().map(|snapshot| Ok((snapshot, MnListDiff::decode(r)?))).collect()
}
