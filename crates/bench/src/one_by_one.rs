//! Commitments checked one by one, by nothing but the library that the client's batches are built on: what those are
//! compared with.
//!
//! As a client does it that has no batches: keys are decoded where they are used, each signature has its own equation of
//! two pairings, and the weighted sum of the members' keys (secure aggregation, Dash Core `bls/bls.h`) is the library's.

use crate::BenchError;
use blst::min_pk::{PublicKey, Signature};
use blst::{BLST_ERROR, MultiPoint};
use dash_protocol::BlsPublicKey;
use dash_spv_wasm::masternodes::bls::CommitmentCheck;
use sha2::{Digest, Sha256};

/// Hash to G2 (RFC 9380), with no augmentation.
const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";
/// Bits of a weight.
const WEIGHT: usize = 256;

/// Verifies both signatures of every commitment, each by itself.
///
/// # Errors
/// [`BenchError::Signature`] where one does not hold.
pub fn verify_one_by_one(checks: &[CommitmentCheck]) -> Result<(), BenchError> {
    let bad = checks.iter().filter(|check| !holds(check)).count();
    if bad > 0 { Err(BenchError::Signature { bad, all: checks.len() }) } else { Ok(()) }
}

fn holds(check: &CommitmentCheck) -> bool {
    let quorum = PublicKey::key_validate(check.quorum_key.as_bytes()).ok();
    let signed = |key: Option<PublicKey>, signature: &[u8]| {
        let signature = Signature::sig_validate(signature, true);
        key.zip(signature.ok()).is_some_and(|(key, signature)| {
            signature.verify(false, &check.message, DST, &[], &key, false) == BLST_ERROR::BLST_SUCCESS
        })
    };
    signed(quorum, check.quorum_sig.as_bytes())
        && signed(aggregate(&check.member_keys), check.members_sig.as_bytes())
}

fn aggregate(members: &[BlsPublicKey]) -> Option<PublicKey> {
    let mut sorted = members.to_vec();
    sorted.sort_unstable();
    let keys: Option<Vec<PublicKey>> =
        sorted.iter().map(|key| PublicKey::uncompress(key.as_bytes()).ok()).collect();
    let all = Sha256::digest(sorted.iter().flat_map(|key| *key.as_bytes()).collect::<Vec<u8>>());
    let weights: Vec<u8> = (0..sorted.len() as u32)
        .flat_map(|place| {
            let weight = Sha256::new().chain_update(place.to_be_bytes()).chain_update(all).finalize();
            weight.into_iter().rev()
        })
        .collect();
    let sum = keys?.mult(&weights, WEIGHT).to_public_key();
    sum.validate().is_ok().then_some(sum)
}
