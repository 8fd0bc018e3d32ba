//! From rotation info and its neighbours to verified quorums: the lists that they lead to, the members of each quorum
//! that signs something, and both signatures of its commitment.

use crate::{BenchError, Recording};
use dash_protocol::{
    BlockHash, Decode, FinalCommitment, LlmqParams, MnListDiff, NetworkParams, QRInfo, QuorumSnapshot,
};
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, MAX_BATCH, Verdict, forget_keys, verify_commitments};
use dash_spv_wasm::masternodes::plans::{WORK_DEPTH, cycle_base, quarter_cycles};
use dash_spv_wasm::masternodes::{
    Cycle, ListState, MasternodeEntry, commitment, evo_only, list_height, modifier, plain_members,
    rotated_members, work_block,
};
use std::collections::BTreeMap;
use std::sync::Arc;

type Members = Vec<Arc<MasternodeEntry>>;

/// What a recording proves: states by height, snapshots by the base height of their cycle.
#[derive(Debug)]
pub struct Lists {
    states: BTreeMap<u32, ListState>,
    snapshots: BTreeMap<u32, QuorumSnapshot>,
}

/// Decodes the rotation info and the diffs beside it, and proves every list that they lead to, each once.
///
/// # Errors
/// [`BenchError`] if one is not proven.
pub fn prove(recording: &Recording, base: &ListState) -> Result<Lists, BenchError> {
    let mut lists =
        Lists { states: BTreeMap::from([(base.height(), base.clone())]), snapshots: BTreeMap::new() };
    let mut diffs = lists.take_rotation(recording, QRInfo::from_wire(&recording.rotation)?)?;
    for bytes in &recording.diffs {
        diffs.push(MnListDiff::from_wire(bytes)?);
    }
    let end = |diff: &MnListDiff| recording.height(&diff.block_hash);
    diffs.sort_by_key(end);
    for diff in diffs {
        if end(&diff).is_none_or(|height| lists.states.contains_key(&height)) {
            continue;
        }
        let from = recording.height(&diff.base_block_hash).and_then(|height| lists.states.get(&height));
        // Some diffs start from a list that another one, to the same block, makes needless.
        let Some(from) = from else { continue };
        let state = from.apply(&recording.params, &diff, recording.block_of(&diff)?)?;
        lists.states.insert(state.height(), state);
    }
    Ok(lists)
}

/// The members of all quorums whose lists were proven: all rotated ones, and of the plain ones those in use at the tip;
/// of the types that sign something. What is left are their signatures.
///
/// # Errors
/// [`BenchError`] if a snapshot or a commitment is not as it should be.
pub fn checks(recording: &Recording, lists: &Lists) -> Result<Vec<CommitmentCheck>, BenchError> {
    let params = &recording.params;
    let types = params.llmq_types;
    let mut checks = Vec::new();
    let mut cycles = BTreeMap::new();
    for commitment in lists.commitments() {
        let signs = [types.chainlocks, types.instantsend, types.platform].contains(&commitment.llmq_type);
        let hash = BlockHash::from(commitment.quorum_hash);
        let (Some(llmq), Some(base)) = (params.llmq(commitment.llmq_type), recording.height(&hash)) else {
            continue;
        };
        let members = match (signs, llmq.rotated) {
            (false, _) => None,
            (true, true) => lists.rotated(params, llmq, base, commitment, &mut cycles)?,
            (true, false) => lists.plain(params, llmq, (base, hash), commitment),
        };
        if let Some(members) = members {
            checks.push(commitment::check(params, commitment, base, &members)?);
        }
    }
    Ok(checks)
}

/// Verifies both signatures of every commitment, in batches as the client makes them, with no key decoded before.
///
/// # Errors
/// [`BenchError::Signature`] where one does not hold.
pub fn verify(checks: &[CommitmentCheck]) -> Result<(), BenchError> {
    forget_keys();
    let verdicts = checks.chunks(MAX_BATCH).flat_map(verify_commitments);
    let bad = verdicts.filter(|verdict| *verdict != Verdict::Valid).count();
    if bad > 0 { Err(BenchError::Signature { bad, all: checks.len() }) } else { Ok(()) }
}

impl Lists {
    /// Keeps the snapshots; what is left are the diffs.
    fn take_rotation(&mut self, recording: &Recording, info: QRInfo) -> Result<Vec<MnListDiff>, BenchError> {
        let mut shares = info.older;
        shares.extend(info.h_minus_4c);
        shares.push((info.snapshot_h_minus_3c, info.diff_h_minus_3c));
        shares.push((info.snapshot_h_minus_2c, info.diff_h_minus_2c));
        shares.push((info.snapshot_h_minus_c, info.diff_h_minus_c));
        let mut diffs = vec![info.diff_h, info.diff_tip];
        for (snapshot, diff) in shares {
            let work = recording.block_of(&diff)?.height;
            self.snapshots.insert(work + WORK_DEPTH, snapshot);
            diffs.push(diff);
        }
        Ok(diffs)
    }

    /// Every commitment of any list, once.
    fn commitments(&self) -> impl Iterator<Item = &FinalCommitment> {
        let all = self.states.values().flat_map(|state| state.quorums().iter());
        let named: BTreeMap<_, _> = all.map(|quorum| (quorum.name(), quorum.commitment())).collect();
        named.into_values()
    }

    fn rotated(
        &self,
        params: &NetworkParams,
        llmq: &LlmqParams,
        base: u32,
        commitment: &FinalCommitment,
        cycles: &mut BTreeMap<u32, Vec<Members>>,
    ) -> Result<Option<Members>, BenchError> {
        let start = cycle_base(base, llmq.interval);
        let Some([h, c1, c2, c3]) = self.cycles(llmq, start) else { return Ok(None) };
        let quorums = match cycles.entry(start) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(rotated_members(params, llmq, &h, [&c1, &c2, &c3])?)
            }
        };
        let index = commitment.quorum_index.and_then(|index| usize::try_from(index).ok());
        Ok(index.and_then(|index| quorums.get(index)).cloned())
    }

    fn cycles(&self, llmq: &LlmqParams, base: u32) -> Option<[Cycle<'_>; 4]> {
        let cycle = |base_height: u32, newest: bool| {
            let state = self.states.get(&work_block(base_height))?;
            let snapshot = self.snapshots.get(&base_height);
            (newest || snapshot.is_some()).then_some(Cycle { base_height, state, snapshot })
        };
        let [h, c1, c2, c3] = quarter_cycles(llmq, base)?;
        Some([cycle(h, true)?, cycle(c1, false)?, cycle(c2, false)?, cycle(c3, false)?])
    }

    fn plain(
        &self,
        params: &NetworkParams,
        llmq: &LlmqParams,
        base: (u32, BlockHash),
        commitment: &FinalCommitment,
    ) -> Option<Members> {
        let (_, tip) = self.states.last_key_value()?;
        tip.quorums().get(commitment.llmq_type, &commitment.quorum_hash)?;
        let work = self.states.get(&work_block(base.0))?;
        let list = self.states.get(&list_height(params, base.0))?;
        let modifier = modifier(params, llmq, base, work);
        Some(plain_members(llmq, list.list(), &modifier, evo_only(params, llmq, base.0)))
    }
}
