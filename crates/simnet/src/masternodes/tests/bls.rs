//! Verification by the BLS library alone.

use crate::masternodes::keys::{DOMAIN, sha256};
use blst::min_pk::{PublicKey, Signature};
use blst::{BLST_ERROR, MultiPoint};
use dash_protocol::{BlsPublicKey, BlsSignature};

/// Whether a signature of 32 bytes holds.
pub fn holds(key: &PublicKey, message: &[u8; 32], signature: &BlsSignature) -> bool {
    let signature = Signature::sig_validate(signature.as_bytes(), true).unwrap();
    signature.verify(false, message, DOMAIN, &[], key, true) == BLST_ERROR::BLST_SUCCESS
}

/// A key in the basic encoding.
pub fn key(bytes: &BlsPublicKey) -> PublicKey {
    PublicKey::key_validate(bytes.as_bytes()).unwrap()
}

/// The key of secure aggregation, by points.
pub fn aggregate(mut keys: Vec<BlsPublicKey>) -> PublicKey {
    keys.sort_unstable();
    let all: Vec<u8> = keys.iter().flat_map(|key| *key.as_bytes()).collect();
    let all = sha256(&all);
    let weights: Vec<u8> = (0u32..)
        .zip(&keys)
        .flat_map(|(place, _)| {
            let mut weight = sha256(&[place.to_be_bytes().as_slice(), &all].concat());
            weight.reverse();
            weight
        })
        .collect();
    let points: Vec<PublicKey> = keys.iter().map(key).collect();
    points.as_slice().mult(&weights, 256).to_public_key()
}
