//! BLS signatures: those of quorum commitments and those of locks, in batches.

use dash_protocol::{BlsPublicKey, BlsSignature};

/// Both signatures of a final commitment, as the work of checking them. Everything is in the basic encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitmentCheck {
    /// The commitment hash, raw (internal order).
    pub message: [u8; 32],
    /// The quorum's key.
    pub quorum_key: BlsPublicKey,
    /// By the quorum's key.
    pub quorum_sig: BlsSignature,
    /// By the keys of the members that signed, aggregated.
    pub members_sig: BlsSignature,
    /// The operator keys of the members whose signers bit is set, in any order, with duplicates. One key alone is one
    /// of a quorum of size 1, which signs plainly.
    pub member_keys: Vec<BlsPublicKey>,
}

/// One signature by one key, as the work of checking it. Everything is in the basic encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureCheck {
    /// The key.
    pub key: BlsPublicKey,
    /// The sign hash, raw (internal order).
    pub message: [u8; 32],
    /// The signature.
    pub signature: BlsSignature,
}

/// What came of a [`CommitmentCheck`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both signatures hold.
    Valid,
    /// The quorum's own signature does not hold.
    QuorumSignature,
    /// The quorum's own signature holds, the members' does not.
    MembersSignature,
    /// A key or a signature is no usable point: malformed, infinity, or outside the subgroup.
    Malformed,
}

/// Checks the signatures of commitments, each with a verdict of its own, in their order.
#[must_use]
pub fn verify_commitments(checks: &[CommitmentCheck]) -> Vec<Verdict> {
    checks.iter().map(|_| Verdict::Malformed).collect()
}

/// Checks single signatures, in their order.
#[must_use]
pub fn verify_signatures(checks: &[SignatureCheck]) -> Vec<bool> {
    checks.iter().map(|_| false).collect()
}
