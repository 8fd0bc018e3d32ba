//! Many signatures in one equation.
//!
//! A signature S of a message m by a key P holds if e(P, H(m)) = e(G, S). With a coefficient c for each, all of them
//! hold, but for a chance of 2^-128, if Π e(Σ c·P, H(m)) = e(G, Σ c·S): the inner sum is over the keys that signed the
//! same message. So each message is hashed once, each takes one Miller loop, and all share one final exponentiation.
//!
//! **Coefficients** are derived by hashing everything that enters the equation. They could be drawn at random, but then
//! the function would not be pure: the same work would not give the same reply elsewhere, and the engine has no source
//! of randomness. A forger can try coefficients as long as he likes, though, since he can compute them as well as we:
//! 128 bits make that hopeless, where 64 random ones would do. The first coefficient is 1, as only ratios matter; one
//! signature alone then costs nothing on top.

use blst::min_pk::{PublicKey, Signature};
use blst::{BLST_ERROR, MultiPoint, Pairing, blst_fp12, blst_p1_affine, blst_p2_affine};
use sha2::{Digest, Sha256};

/// Hash to G2 (RFC 9380), with no augmentation.
pub(super) const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

/// Bytes of a coefficient.
const COEFFICIENT: usize = 16;

/// A signature by a key. Both points are of their subgroups and none is infinity.
pub(super) struct Part {
    pub key: PublicKey,
    pub signature: Signature,
}

/// A message and who signed it: one part, or the two of a commitment.
pub(super) struct Claim {
    pub message: [u8; 32],
    pub parts: Vec<Part>,
}

/// A claim with each of its coefficients, and its keys summed with them.
struct Weighted<'a> {
    claim: &'a Claim,
    /// Little-endian, one a part.
    coefficients: &'a [u8],
    key: PublicKey,
}

/// For each claim none if all its signatures hold, else the first part that does not.
pub(super) fn verify(claims: &[&Claim]) -> Vec<Option<usize>> {
    let coefficients = coefficients(claims);
    let mut rest = &coefficients[..];
    let weighted: Vec<Weighted<'_>> = claims
        .iter()
        .map(|claim| {
            let (own, others) = rest.split_at(claim.parts.len() * COEFFICIENT);
            rest = others;
            let keys: Vec<PublicKey> = claim.parts.iter().map(|part| part.key).collect();
            Weighted { claim, coefficients: own, key: key_sum(&keys, own) }
        })
        .collect();
    if all_hold(&weighted) {
        return vec![None; claims.len()];
    }
    let mut failed = vec![None; claims.len()];
    let terms: Vec<Option<blst_fp12>> = weighted.iter().map(miller).collect();
    search(&weighted, &terms, &mut failed);
    failed
}

/// 128 bits for each part of each claim, little-endian and joined.
fn coefficients(claims: &[&Claim]) -> Vec<u8> {
    let mut all = Sha256::new();
    let mut count = 0u32;
    for claim in claims {
        all.update(claim.message);
        all.update([claim.parts.len() as u8]);
        for part in &claim.parts {
            all.update(part.key.serialize());
            all.update(part.signature.serialize());
            count += 1;
        }
    }
    let seed = all.finalize();
    let derived = |place: u32| {
        let hash = Sha256::new().chain_update(seed).chain_update(place.to_le_bytes()).finalize();
        // Zero would leave a signature out.
        u128::from_le_bytes(std::array::from_fn(|at| hash[at])).max(1)
    };
    (0..count).flat_map(|place| if place == 0 { 1 } else { derived(place) }.to_le_bytes()).collect()
}

fn is_one(coefficients: &[u8]) -> bool {
    coefficients == 1u128.to_le_bytes()
}

fn key_sum(keys: &[PublicKey], coefficients: &[u8]) -> PublicKey {
    match keys {
        [key] if is_one(coefficients) => *key,
        keys => keys.mult(coefficients, COEFFICIENT * 8).to_public_key(),
    }
}

fn signature_sum(claims: &[Weighted<'_>]) -> Signature {
    let signatures: Vec<Signature> =
        claims.iter().flat_map(|one| one.claim.parts.iter().map(|part| part.signature)).collect();
    let coefficients: Vec<u8> = claims.iter().flat_map(|one| one.coefficients).copied().collect();
    match &signatures[..] {
        [signature] if is_one(&coefficients) => *signature,
        signatures => signatures.mult(&coefficients, COEFFICIENT * 8).to_signature(),
    }
}

/// The equation over all claims at once. A sum that is infinity, which nobody can bring about, does not hold.
fn all_hold(claims: &[Weighted<'_>]) -> bool {
    if claims.is_empty() {
        return true;
    }
    let messages: Vec<&[u8]> = claims.iter().map(|one| &one.claim.message[..]).collect();
    let keys: Vec<&PublicKey> = claims.iter().map(|one| &one.key).collect();
    signature_sum(claims).aggregate_verify(false, &messages, DST, &keys, false) == BLST_ERROR::BLST_SUCCESS
}

/// One claim's Miller loop on the side of the keys; none for infinity.
fn miller(one: &Weighted<'_>) -> Option<blst_fp12> {
    let mut pairing = Pairing::new(true, DST);
    // No signature: its place takes anything that is no point.
    let error = pairing.aggregate(&blst_p1_affine::from(one.key), false, &(), false, &one.claim.message, &[]);
    if error != BLST_ERROR::BLST_SUCCESS {
        return None;
    }
    pairing.commit();
    Some(pairing.as_fp12())
}

/// Names what does not hold among claims that do not hold together. The Miller loops are kept, so that each step takes
/// one of its own and a final exponentiation.
fn search(claims: &[Weighted<'_>], terms: &[Option<blst_fp12>], failed: &mut [Option<usize>]) {
    if let ([one], [failed]) = (claims, &mut *failed) {
        *failed = Some(culprit(one.claim));
        return;
    }
    let middle = claims.len() / 2;
    let (left, right) = claims.split_at(middle);
    let (left_terms, right_terms) = terms.split_at(middle);
    let (left_failed, right_failed) = failed.split_at_mut(middle);
    let left_holds = holds(left, left_terms);
    if !left_holds {
        search(left, left_terms, left_failed);
    }
    // If the left half holds, it is the right one that does not.
    if left_holds || !holds(right, right_terms) {
        search(right, right_terms, right_failed);
    }
}

/// The equation over some of the claims, from their Miller loops.
fn holds(claims: &[Weighted<'_>], terms: &[Option<blst_fp12>]) -> bool {
    let product = terms.iter().try_fold(blst_fp12::default(), |product, term| Some(product * (*term)?));
    let mut signatures = blst_fp12::default();
    Pairing::aggregated(&mut signatures, &blst_p2_affine::from(signature_sum(claims)));
    product.is_some_and(|product| blst_fp12::finalverify(&product, &signatures))
}

/// The first part of a claim that does not hold. That one does not is known: the last needs no check.
fn culprit(claim: &Claim) -> usize {
    let (_, others) = claim.parts.split_last().expect("a claim has a part");
    others
        .iter()
        .position(|part| {
            part.signature.verify(false, &claim.message, DST, &[], &part.key, false)
                != BLST_ERROR::BLST_SUCCESS
        })
        .unwrap_or(others.len())
}
