//! The quarters of a cycle that is over, dealt out again from its list and its snapshot.

use super::{ByQuorum, Cycle, RotationError, no_members, quarter_size};
use crate::checks::{self, Check};
use crate::collections::Gather;
use crate::masternodes::MasternodeEntry;
use crate::masternodes::members::sorted;
use crate::masternodes::modifier::cycle_modifier;
use dash_protocol::{LlmqParams, NetworkParams, QuorumSnapshot};
use std::sync::Arc;

/// The modes of a snapshot (Dash Core `SnapshotSkipMode`). The last two are never produced, and give no members.
const NO_SKIPPING: i32 = 0;
const SKIPPING: i32 = 1;
const KEEPING: i32 = 2;
const ALL_SKIPPED: i32 = 3;

/// The members that each quorum has from this cycle.
pub(super) fn quarters(
    params: &NetworkParams,
    llmq: &LlmqParams,
    cycle: &Cycle<'_>,
) -> Result<ByQuorum, RotationError> {
    let missing = RotationError::MissingSnapshot { cycle: cycle.base_height };
    let snapshot = cycle.snapshot.ok_or(missing)?;
    let mode = snapshot.skip_list_mode;
    match mode {
        NO_SKIPPING | SKIPPING => {
            let order = dealing_order(params, llmq, cycle, snapshot)?;
            let skips =
                if mode == SKIPPING { places_skipped(cycle, snapshot, order.len())? } else { Vec::new() };
            Ok(deal(llmq, &order, &skips))
        }
        KEEPING | ALL_SKIPPED => Ok(no_members(llmq)),
        _ => Err(RotationError::Mode { cycle: cycle.base_height, mode }),
    }
}

/// The eligible masternodes by score, first those that no quorum had before, then those that were in use.
fn dealing_order(
    params: &NetworkParams,
    llmq: &LlmqParams,
    cycle: &Cycle<'_>,
    snapshot: &QuorumSnapshot,
) -> Result<Vec<Arc<MasternodeEntry>>, RotationError> {
    let list = cycle.state.list();
    let (expected, found) = (list.len(), snapshot.active_members.len());
    if checks::on(Check::SnapshotRange) && expected != found {
        return Err(RotationError::Bits { cycle: cycle.base_height, expected, found });
    }
    let by_score = sorted(list.iter(), &cycle_modifier(params, llmq, cycle.state));
    let in_use = snapshot.active_members.iter().chain(std::iter::repeat(false));
    let (used, unused): (Vec<_>, Vec<_>) = by_score.into_iter().zip(in_use).partition(|(_, used)| *used);
    Ok(unused.into_iter().chain(used).map(|(entry, _)| entry).gather())
}

/// The places to skip, in the order in which they are met. The first that is not 0 is absolute, all after it are
/// offsets from it.
fn places_skipped(
    cycle: &Cycle<'_>,
    snapshot: &QuorumSnapshot,
    count: usize,
) -> Result<Vec<i64>, RotationError> {
    let mut first = 0;
    let mut places = Vec::with_capacity(snapshot.skip_list.len());
    for value in &snapshot.skip_list {
        let position = first + i64::from(*value);
        if first == 0 {
            first = position;
        }
        let within = usize::try_from(position).is_ok_and(|position| position < count);
        if checks::on(Check::SnapshotRange) && !within {
            return Err(RotationError::SkipPosition { cycle: cycle.base_height, position, count });
        }
        places.push(position);
    }
    Ok(places)
}

/// Deals masternodes out, a quarter to each quorum after the other, from the start again when they run out.
pub(super) fn deal(llmq: &LlmqParams, order: &[Arc<MasternodeEntry>], skips: &[i64]) -> ByQuorum {
    let mut quorums = no_members(llmq);
    let mut skips = skips.iter().peekable();
    let mut places = (0..).zip(order).cycle();
    for quorum in &mut quorums {
        while quorum.len() < quarter_size(llmq) {
            let Some((place, entry)) = places.next() else { return quorums };
            if skips.next_if_eq(&&place).is_none() {
                quorum.push(entry.clone());
            }
        }
    }
    quorums
}
