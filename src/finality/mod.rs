//! What makes a block or a payment final: ChainLocks (DIP-8) and InstantSend locks (DIP-10, DIP-22, DIP-24), each the
//! word of a quorum.
//!
//! - [`chainlock`] and [`instantlock`] are the rules: who signs, what is signed, and what is missing to verify a lock.
//! - [`chainlock_book`] and [`instantlock_book`] hold locks: those that cannot be verified yet, apart and bounded
//!   (`waiting.rs`), and those that hold. Only the latter are ever shown.
//!
//! Everything here is pure: what a rule needs of the chain and of quorums is passed in, and signatures are handed out
//! as [`SignatureCheck`]s for whoever computes. A lock counts only if its quorum is proven and verified; one that
//! cannot be verified is kept aside or dropped, and neither shown nor allowed to hide a real one.

pub mod chainlock;
pub mod chainlock_book;
pub mod instantlock;
pub mod instantlock_book;
mod waiting;

use crate::collections::Gather;
pub use chainlock_book::ChainLockBook;
pub use instantlock_book::InstantLockBook;
pub use waiting::Offered;

use crate::checks::{self, Check};
use crate::masternodes::bls::SignatureCheck;
use dash_protocol::{BlsPublicKey, BlsSignature, LLMQType, QuorumHash, sha256d};

/// A quorum that may have signed, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub hash: QuorumHash,
    /// Its key, in the basic encoding.
    pub key: BlsPublicKey,
    /// Whether its members were computed and both signatures of its commitment hold.
    pub verified: bool,
}

/// What a lock needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// The lock holds if one of these signatures does. It is one, that of the selected quorum.
    Verify(Vec<SignatureCheck>),
    /// It cannot be verified yet.
    Wait(Missing),
    /// It is taken as it is: only in tests that switch off the check that it can be verified.
    Accept,
}

/// What is missing to verify a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The quorums as of a height, or the block that a lock names its quorum by.
    Quorums,
    /// A proven quorum with its base block at this height.
    Quorum {
        /// Height of its base block.
        base_height: u32,
    },
    /// This quorum's own verification.
    Verification(QuorumHash),
}

/// What a quorum signs: its type and name, the id of the request, and the message, all in internal order (Dash Core
/// `llmq/signhash.cpp`).
pub fn sign_hash(
    llmq_type: LLMQType,
    quorum: &QuorumHash,
    request_id: &[u8; 32],
    message: &[u8; 32],
) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(1 + 3 * 32);
    bytes.push(llmq_type.0);
    bytes.extend_from_slice(quorum.as_bytes());
    bytes.extend_from_slice(request_id);
    bytes.extend_from_slice(message);
    sha256d(&bytes)
}

/// The signatures one of which must hold, or the first quorum that is not verified.
fn judge(
    llmq_type: LLMQType,
    signers: &[Candidate],
    request_id: &[u8; 32],
    message: &[u8; 32],
    signature: &BlsSignature,
) -> Judgement {
    let known = |quorum: &&Candidate| quorum.verified || !checks::on(Check::QuorumVerified);
    let ready: Vec<SignatureCheck> = signers
        .iter()
        .filter(known)
        .map(|quorum| SignatureCheck {
            key: quorum.key,
            message: sign_hash(llmq_type, &quorum.hash, request_id, message),
            signature: *signature,
        })
        .gather();
    match signers {
        [first, ..] if ready.is_empty() => Judgement::Wait(Missing::Verification(first.hash)),
        _ => Judgement::Verify(ready),
    }
}

/// A lock of which something is missing.
fn wait(missing: Missing) -> Judgement {
    if checks::on(Check::LockKnown) { Judgement::Wait(missing) } else { Judgement::Accept }
}

#[cfg(test)]
mod tests;
