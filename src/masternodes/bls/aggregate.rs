//! The members' aggregated key, by secure aggregation (Dash Core `bls/bls.h`, dashbls `schemes.cpp`).
//!
//! Every key is weighted by a hash of its place and of all keys, so that no operator can choose a key that cancels the
//! others': a plain sum would let the last to register sign for everybody.

use super::{point, sum};
use crate::collections::sort;
use blst::MultiPoint;
use blst::min_pk::PublicKey;
use dash_protocol::BlsPublicKey;
use sha2::{Digest, Sha256};

/// The key that the members' signature holds for. One key alone is a quorum of size 1, which signs plainly. None if a
/// key is not usable, or the sum is not.
pub(super) fn key(members: &[BlsPublicKey]) -> Option<PublicKey> {
    if let [alone] = members {
        return point::checked_key(alone);
    }
    let mut sorted = members.to_vec();
    sort(&mut sorted);
    let points: Vec<PublicKey> = sorted.iter().map(point::member).collect::<Option<_>>()?;
    if points.is_empty() {
        return None;
    }
    let sum = weighted(&points, &weights(&sorted));
    sum.validate().is_ok().then_some(sum)
}

/// Natively blst's assembler is faster than what shares divisions; WebAssembly has no assembler.
fn weighted(keys: &[PublicKey], weights: &[u8]) -> PublicKey {
    if cfg!(target_arch = "wasm32") {
        sum::weighted(keys, weights)
    } else {
        keys.mult(weights, sum::WEIGHT * 8).to_public_key()
    }
}

/// SHA256(place, big-endian ‖ SHA256(all keys)) for each place among the sorted keys, little-endian and joined. It is
/// not reduced modulo the group's order: the sum is the same.
pub(super) fn weights(sorted: &[BlsPublicKey]) -> Vec<u8> {
    let mut all = Sha256::new();
    sorted.iter().for_each(|key| all.update(key.as_bytes()));
    let all = all.finalize();
    (0..sorted.len() as u32)
        .flat_map(|place| {
            let mut weight: [u8; 32] =
                Sha256::new().chain_update(place.to_be_bytes()).chain_update(all).finalize().into();
            weight.reverse();
            weight
        })
        .collect()
}
