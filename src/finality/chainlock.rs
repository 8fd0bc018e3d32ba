//! The rules of ChainLocks (DIP-8; Dash Core `chainlock/clsig.cpp`, `llmq/quorumsman.cpp`).

use super::{Candidate, Judgement, Missing, wait};
use crate::checks::{self, Check};
use crate::collections::Gather;
use dash_protocol::{ChainLock, LLMQType, QuorumHash, sha256d};

pub use super::sign_hash;

/// The quorums that may sign a lock are those as of so many blocks below it (Dash Core `SIGN_HEIGHT_OFFSET`).
pub const SIGN_DEPTH: u32 = 8;

/// The length and the text that begin a request's id.
const PREFIX: &[u8] = b"\x05clsig";

/// Height of the block whose quorums may sign a lock of this height.
pub const fn quorum_height(height: u32) -> u32 {
    height.saturating_sub(SIGN_DEPTH)
}

/// The id under which quorums sign a lock of this height, in internal order.
pub fn request_id(height: u32) -> [u8; 32] {
    sha256d(&[PREFIX, &height.to_le_bytes()].concat())
}

/// Which of the active quorums signs a request: the one whose hash together with the request's is the smallest, byte by
/// byte in internal order.
pub fn select(
    llmq_type: LLMQType,
    candidates: impl IntoIterator<Item = QuorumHash>,
    request_id: &[u8; 32],
) -> Option<QuorumHash> {
    let score = |quorum: &QuorumHash| sha256d(&[&[llmq_type.0], &quorum.as_bytes()[..], request_id].concat());
    candidates.into_iter().min_by_key(score)
}

/// What it takes to verify a lock, given the active quorums of its type as of [`quorum_height`], if they are known.
pub fn judge(llmq_type: LLMQType, lock: &ChainLock, active: Option<&[Candidate]>) -> Judgement {
    let Some((active, height)) = active.filter(|all| !all.is_empty()).zip(u32::try_from(lock.height).ok())
    else {
        return wait(Missing::Quorums);
    };
    let id = request_id(height);
    let selected = select(llmq_type, active.iter().map(|quorum| quorum.hash), &id);
    let signs = |quorum: &&Candidate| Some(quorum.hash) == selected || !checks::on(Check::QuorumSelection);
    let signers: Vec<Candidate> = active.iter().filter(signs).copied().gather();
    super::judge(llmq_type, &signers, &id, lock.block_hash.as_bytes(), &lock.signature)
}

/// Whether a lock holds, by what came of its checks.
pub fn holds(found: &[bool]) -> bool {
    found.contains(&true) || !checks::on(Check::ChainLockSignature)
}
