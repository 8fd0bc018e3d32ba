//! The rules of InstantSend locks (DIP-10, DIP-22, DIP-24; Dash Core `instantsend/lock.cpp`, `llmq/quorumsman.cpp`).

use super::{Candidate, Judgement, Missing, wait};
use crate::checks::{self, Check};
use crate::collections::Gather;
use dash_protocol::{Encode, InstantLock, LlmqParams, OutPoint, Transaction, put_compact_size, sha256d};
use thiserror::Error;

/// The length and the text that begin a request's id.
const PREFIX: &[u8] = b"\x06islock";

/// Why a lock can never be valid, whatever its signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InstantLockError {
    /// The block that it names its cycle by begins none.
    #[error("height {height} begins no cycle of {interval} blocks")]
    Cycle {
        /// The block's height.
        height: u32,
        /// Blocks in a cycle.
        interval: u32,
    },
    /// Its inputs select a quorum that there is not.
    #[error("quorum index {index}, but {active} in a cycle")]
    Index {
        /// The index.
        index: u32,
        /// Quorums in a cycle.
        active: u32,
    },
}

/// The id under which a quorum signs a lock of these inputs, in internal order.
pub fn request_id(inputs: &[OutPoint]) -> [u8; 32] {
    let mut bytes = PREFIX.to_vec();
    put_compact_size(&mut bytes, inputs.len() as u64);
    inputs.iter().for_each(|input| input.encode(&mut bytes));
    sha256d(&bytes)
}

/// Which quorum of its cycle signs a request, from 0: the log2(`active`) bits below the topmost one of the id's last
/// eight bytes, little-endian. The topmost bit is skipped, as Dash Core skips it. Below `active`, whatever the id is.
pub fn quorum_index(request_id: &[u8; 32], active: u32) -> u32 {
    let bits = active.checked_ilog2().unwrap_or(0);
    let [.., a, b, c, d, e, f, g, h] = *request_id;
    let last = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
    // At most 31 bits, so that the cast keeps them all.
    (last >> (63 - bits) & ((1 << bits) - 1)) as u32
}

/// Height of the base block of the quorum that signs a lock whose cycle begins at `cycle_height`. A type that is not
/// rotated has one quorum a cycle, named by the cycle's block itself.
///
/// # Errors
/// [`InstantLockError`].
pub fn base_height(
    llmq: &LlmqParams,
    lock: &InstantLock,
    cycle_height: u32,
) -> Result<u32, InstantLockError> {
    let begins = llmq.interval != 0 && cycle_height.is_multiple_of(llmq.interval);
    if checks::on(Check::InstantLockCycle) && !begins {
        return Err(InstantLockError::Cycle { height: cycle_height, interval: llmq.interval });
    }
    if !llmq.rotated {
        return Ok(cycle_height);
    }
    let index = quorum_index(&request_id(&lock.inputs), llmq.active);
    if checks::on(Check::InstantLockIndex) && index >= llmq.active {
        return Err(InstantLockError::Index { index, active: llmq.active });
    }
    Ok(cycle_height.saturating_add(index))
}

/// What it takes to verify a lock. `cycle_height` is the height of the block with its cycle hash on our chain, if it is
/// there, and `quorum_at` gives the proven quorum of the type with its base block at a height.
///
/// # Errors
/// [`InstantLockError`]: who sent it made it up.
pub fn judge(
    llmq: &LlmqParams,
    lock: &InstantLock,
    cycle_height: Option<u32>,
    quorum_at: impl Fn(u32) -> Option<Candidate>,
) -> Result<Judgement, InstantLockError> {
    let Some(cycle_height) = cycle_height else { return Ok(wait(Missing::Quorums)) };
    let base_height = base_height(llmq, lock, cycle_height)?;
    let signers: Vec<Candidate> = if checks::on(Check::InstantLockIndex) || !llmq.rotated {
        quorum_at(base_height).into_iter().gather()
    } else {
        (0..llmq.active).filter_map(|index| quorum_at(cycle_height.saturating_add(index))).gather()
    };
    if signers.is_empty() {
        return Ok(wait(Missing::Quorum { base_height }));
    }
    let id = request_id(&lock.inputs);
    Ok(super::judge(llmq.llmq_type, &signers, &id, lock.txid.as_bytes(), &lock.signature))
}

/// Whether a lock holds, by what came of its checks.
pub fn holds(found: &[bool]) -> bool {
    found.contains(&true) || !checks::on(Check::InstantLockSignature)
}

/// Whether a lock is this transaction's: its id, and its inputs in their order. A lock that holds but names other
/// inputs than its transaction has says nothing about it.
pub fn is_of(lock: &InstantLock, transaction: &Transaction) -> bool {
    let same = || transaction.inputs.iter().map(|input| &input.previous).eq(&lock.inputs);
    lock.txid == transaction.txid() && (same() || !checks::on(Check::InstantLockInputs))
}
