//! The members of rotated quorums (DIP-24; Dash Core `llmq/utils.cpp`, `llmq/snapshot.cpp`).
//!
//! The quorums of a cycle are chosen together, each from four quarters: those of the three cycles before, which `older`
//! deals out again from their lists and snapshots, and a new one, which `newest` computes from all of that. A snapshot
//! is a peer's claim: nothing on the chain commits to it but the members' signature, which does not hold over the
//! members that a wrong one gives.
//!
//! **Bounds.** Dealing out takes at most one step for each place in the quorums and for each entry of the skip list;
//! the new quarter is computed from proven lists, and every lap of it over the list adds a member. No snapshot
//! can make either panic or go on for longer.

mod newest;
mod older;
#[cfg(test)]
mod tests;

use super::{ListState, MasternodeEntry, plans, work_block};
use dash_protocol::{LLMQType, LlmqParams, NetworkParams, QuorumSnapshot};
use newest::Newest;
use std::sync::Arc;
use thiserror::Error;

/// A cycle of a rotated type: where it starts, and what chooses its quarter.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<'a> {
    /// Height of its first block.
    pub base_height: u32,
    /// The proven state at its work block.
    pub state: &'a ListState,
    /// What a peer says of the choice of its quarter; not needed for the cycle whose quorums are computed.
    pub snapshot: Option<&'a QuorumSnapshot>,
}

/// Why members cannot be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RotationError {
    /// Quorums of this type are not rotated.
    #[error("quorums of type {0:?} are not rotated")]
    NotRotated(LLMQType),
    /// No cycle that has three others before it starts at this height.
    #[error("no quorums are rotated at height {height}")]
    NoCycle {
        /// The height.
        height: u32,
    },
    /// The cycles given do not follow one another.
    #[error("cycle at height {found}, expected {expected}")]
    CycleHeight {
        /// Where it should start.
        expected: u32,
        /// Where it starts.
        found: u32,
    },
    /// A cycle's state is not that of its work block.
    #[error("state of height {found}, the work block's is {expected}")]
    WorkBlock {
        /// The work block's height.
        expected: u32,
        /// The state's.
        found: u32,
    },
    /// An older cycle without its snapshot.
    #[error("no snapshot for the cycle at height {cycle}")]
    MissingSnapshot {
        /// The cycle's base height.
        cycle: u32,
    },
    /// A snapshot of an unknown kind.
    #[error("the snapshot of the cycle at height {cycle} has mode {mode}")]
    Mode {
        /// The cycle's base height.
        cycle: u32,
        /// The snapshot's mode.
        mode: i32,
    },
    /// A snapshot has not one bit for each masternode of the list.
    #[error("the snapshot of the cycle at height {cycle} has {found} bits, expected {expected}")]
    Bits {
        /// The cycle's base height.
        cycle: u32,
        /// Masternodes in the list.
        expected: usize,
        /// Bits in the snapshot.
        found: usize,
    },
    /// A snapshot skips a place that the list does not have.
    #[error("the snapshot of the cycle at height {cycle} skips place {position} of {count}")]
    SkipPosition {
        /// The cycle's base height.
        cycle: u32,
        /// The place.
        position: i64,
        /// How many places there are.
        count: usize,
    },
}

impl RotationError {
    /// The cycle whose snapshot is at fault, if one is: no node makes such a snapshot.
    pub const fn faulty_snapshot(&self) -> Option<u32> {
        match self {
            Self::Mode { cycle, .. } | Self::Bits { cycle, .. } | Self::SkipPosition { cycle, .. } => {
                Some(*cycle)
            }
            Self::NotRotated(_)
            | Self::NoCycle { .. }
            | Self::CycleHeight { .. }
            | Self::WorkBlock { .. }
            | Self::MissingSnapshot { .. } => None,
        }
    }
}

/// Lists of members, one for each quorum of a cycle by its index; of whole quorums, or of their quarters.
pub(super) type ByQuorum = Vec<Vec<Arc<MasternodeEntry>>>;

/// The members of all quorums of the cycle `h`, by index, each in the order that the signers' bits have. `before` are
/// the three cycles before it, newest first.
///
/// # Errors
/// [`RotationError`].
pub fn rotated_members(
    params: &NetworkParams,
    llmq: &LlmqParams,
    h: &Cycle<'_>,
    before: [&Cycle<'_>; 3],
) -> Result<ByQuorum, RotationError> {
    let older = quarters_before(params, llmq, h, before)?;
    let newest = Newest::compute(params, llmq, h, &older);
    let new = newest.map_or_else(|| no_members(llmq), |newest| newest.quarters);
    let [c1, c2, c3] = older;
    let mut quorums = c3;
    for quarter in [c2, c1, new] {
        for (quorum, part) in quorums.iter_mut().zip(quarter) {
            quorum.extend(part);
        }
    }
    Ok(quorums)
}

/// The snapshot that nodes keep and serve for the cycle `h`: which masternodes were in use, and what was skipped. None
/// if there are not enough masternodes for a new quarter.
///
/// # Errors
/// [`RotationError`].
pub fn new_snapshot(
    params: &NetworkParams,
    llmq: &LlmqParams,
    h: &Cycle<'_>,
    before: [&Cycle<'_>; 3],
) -> Result<Option<QuorumSnapshot>, RotationError> {
    let older = quarters_before(params, llmq, h, before)?;
    Ok(Newest::compute(params, llmq, h, &older).map(|newest| newest.snapshot(params, llmq, h)))
}

/// The quarters of the three cycles before `h`, newest first, once the cycles are known to be those.
fn quarters_before(
    params: &NetworkParams,
    llmq: &LlmqParams,
    h: &Cycle<'_>,
    [c1, c2, c3]: [&Cycle<'_>; 3],
) -> Result<[ByQuorum; 3], RotationError> {
    if !llmq.rotated {
        return Err(RotationError::NotRotated(llmq.llmq_type));
    }
    let heights = plans::quarter_cycles(llmq, h.base_height);
    let heights = heights.ok_or(RotationError::NoCycle { height: h.base_height })?;
    for (expected, cycle) in heights.into_iter().zip([h, c1, c2, c3]) {
        let found = cycle.base_height;
        if found != expected {
            return Err(RotationError::CycleHeight { expected, found });
        }
        let (expected, found) = (work_block(expected), cycle.state.height());
        if found != expected {
            return Err(RotationError::WorkBlock { expected, found });
        }
    }
    let quarters = |cycle| older::quarters(params, llmq, cycle);
    Ok([quarters(c1)?, quarters(c2)?, quarters(c3)?])
}

/// How many members a quorum has from each cycle.
const fn quarter_size(llmq: &LlmqParams) -> usize {
    (llmq.size / 4) as usize
}

fn no_members(llmq: &LlmqParams) -> ByQuorum {
    vec![Vec::new(); llmq.active as usize]
}
