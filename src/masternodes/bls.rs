//! BLS signatures on BLS12-381: those of quorum commitments and those of locks, many at once (DIP-6, DIP-7, DIP-8,
//! DIP-10; protocol: keys in G1, signatures in G2, RFC 9380 hashing, no augmentation).
//!
//! | file | holds |
//! |---|---|
//! | `point.rs` | bytes to points: what is refused, and where the subgroup is checked |
//! | `aggregate.rs` | one key out of the keys of all signing members |
//! | `sum.rs` | the weighted sum that this takes, faster than blst's where there is no assembler |
//! | `multiples.rs` | what such sums have in common: odd multiples of keys |
//! | `affine.rs`, `jacobian.rs`, `field.rs` | the arithmetic below: many points at once, one point, coordinates |
//! | `batch.rs` | many signatures in one equation, and the search for the bad ones when it does not hold |
//! | `blst-wasm.h` | multiplications for blst where there is no assembler |
//!
//! The curve is blst's, through its safe interface; another library would change these files only. Everything here is
//! in the *basic* scheme. What is older than V19 is signed in the legacy scheme, which a client that starts at a
//! checkpoint never has to verify; legacy operator keys are re-encoded by [`BlsPublicKey::to_basic`], as the point is
//! the same one.
//!
//! **Bounds.** A batch holds what its caller puts in, at most [`MAX_BATCH`] by agreement. Beside its input it takes
//! about 1 kB for each check and some 20 kB for each key of the sum at hand. Members' keys stay decoded for the batches
//! after it, 8,192 of them at most ([`teach_keys`] and [`decoded_keys`] carry them over restarts), and in WebAssembly 4,096 tables of their multiples, 8 MB: which they are changes what
//! a batch costs, never what becomes of it. A hostile batch costs at most three times what an honest one costs: each bad
//! check is named, so that its sender can be.

mod affine;
mod aggregate;
mod batch;
mod field;
mod jacobian;
mod multiples;
mod point;
mod sum;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use crate::collections::sort;
use batch::{Claim, Part};
use dash_protocol::{BlsPublicKey, BlsSignature};
pub use point::DecodedKey;

/// How many checks a caller puts into one call or one job at most: what a second worker could take over should not
/// wait behind a first one, and beyond this a batch hardly gains.
pub const MAX_BATCH: usize = 64;

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

/// Checks the signatures of commitments together; the verdicts are in their order and the same as one by one.
#[must_use]
pub fn verify_commitments(checks: &[CommitmentCheck]) -> Vec<Verdict> {
    let claims: Vec<Option<Claim>> = checks.iter().map(commitment_claim).collect();
    let mut found = batch::verify(&claims.iter().flatten().collect::<Vec<_>>()).into_iter();
    claims
        .iter()
        .map(|claim| match claim.as_ref().and_then(|_| found.next()) {
            None => Verdict::Malformed,
            Some(None) => Verdict::Valid,
            Some(Some(0)) => Verdict::QuorumSignature,
            Some(Some(_)) => Verdict::MembersSignature,
        })
        .collect()
}

/// Checks single signatures together; the answers are in their order and the same as one by one.
#[must_use]
pub fn verify_signatures(checks: &[SignatureCheck]) -> Vec<bool> {
    let claims: Vec<Option<Claim>> = checks.iter().map(signature_claim).collect();
    let mut found = batch::verify(&claims.iter().flatten().collect::<Vec<_>>()).into_iter();
    claims.iter().map(|claim| claim.as_ref().and_then(|_| found.next()) == Some(None)).collect()
}

/// Takes keys that were decoded before, here or elsewhere, so that no batch of this thread decodes them again.
pub fn teach_keys(decoded: &[DecodedKey]) {
    decoded.iter().for_each(point::teach);
}

/// The members' keys of some commitments as earlier batches left them decoded, each once. One that is no point of the
/// curve is left out.
#[must_use]
pub fn decoded_keys(checks: &[CommitmentCheck]) -> Vec<DecodedKey> {
    let mut keys: Vec<&BlsPublicKey> = checks.iter().flat_map(|check| &check.member_keys).collect();
    sort(&mut keys);
    keys.dedup();
    keys.into_iter().filter_map(point::taught).collect()
}

/// Lets go of what earlier batches left decoded. Only the time that the next one takes depends on it: a measurement
/// begins with it.
pub fn forget_keys() {
    point::forget();
}

/// Checks one commitment.
#[must_use]
pub fn verify_commitment(check: &CommitmentCheck) -> Verdict {
    verify_commitments(std::slice::from_ref(check))[0]
}

/// Checks one signature.
#[must_use]
pub fn verify_signature(check: &SignatureCheck) -> bool {
    verify_signatures(std::slice::from_ref(check))[0]
}

/// Both parts of a commitment, the quorum's first, or none if a point is not usable.
fn commitment_claim(check: &CommitmentCheck) -> Option<Claim> {
    let quorum =
        Part { key: point::checked_key(&check.quorum_key)?, signature: point::signature(&check.quorum_sig)? };
    let members =
        Part { key: aggregate::key(&check.member_keys)?, signature: point::signature(&check.members_sig)? };
    Some(Claim { message: check.message, parts: vec![quorum, members] })
}

fn signature_claim(check: &SignatureCheck) -> Option<Claim> {
    let part = Part { key: point::checked_key(&check.key)?, signature: point::signature(&check.signature)? };
    Some(Claim { message: check.message, parts: vec![part] })
}
