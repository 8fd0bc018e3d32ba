//! Commitments of quorums with many members: in the browser their keys are summed by code that native programs do not
//! use, and blst multiplies by other code.

use blst::MultiPoint;
use blst::min_pk::{SecretKey, Signature};
use dash_protocol::{BlsPublicKey, BlsSignature};
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, Verdict, verify_commitments};
use sha2::{Digest, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;

/// RFC 9380's name of how messages are hashed to points.
const DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

fn secret(n: u64) -> SecretKey {
    SecretKey::key_gen(&Sha256::digest(n.to_le_bytes()), &[]).unwrap()
}

fn public(secret: &SecretKey) -> BlsPublicKey {
    BlsPublicKey::from_bytes(secret.sk_to_pk().compress())
}

/// A valid commitment. The members' signatures are summed by blst, with weights as the protocol has them.
fn commitment(members: std::ops::Range<u64>) -> CommitmentCheck {
    let message = [7; 32];
    let quorum = secret(1_000_000);
    let mut secrets: Vec<SecretKey> = members.map(secret).collect();
    secrets.sort_by_key(public);
    let member_keys: Vec<BlsPublicKey> = secrets.iter().map(public).collect();
    let all = member_keys.iter().fold(Sha256::new(), |all, key| all.chain_update(key.as_bytes())).finalize();
    let weights: Vec<u8> = (0..member_keys.len() as u32)
        .flat_map(|place| {
            let hash = Sha256::new().chain_update(place.to_be_bytes()).chain_update(all).finalize();
            hash.into_iter().rev().collect::<Vec<u8>>()
        })
        .collect();
    let signatures: Vec<Signature> = secrets.iter().map(|one| one.sign(&message, DST, &[])).collect();
    CommitmentCheck {
        message,
        quorum_key: public(&quorum),
        quorum_sig: BlsSignature::from_bytes(quorum.sign(&message, DST, &[]).compress()),
        members_sig: BlsSignature::from_bytes(signatures.mult(&weights, 256).to_signature().compress()),
        member_keys,
    }
}

#[wasm_bindgen_test]
fn quorums_of_any_size_are_verified_in_the_browser() {
    let mut checks: Vec<CommitmentCheck> =
        [0..2, 0..3, 1..18, 5..65, 20..120].into_iter().map(commitment).collect();
    assert_eq!(verify_commitments(&checks), [Verdict::Valid; 5]);
    checks[3].member_keys.pop();
    let mut expected = [Verdict::Valid; 5];
    expected[3] = Verdict::MembersSignature;
    assert_eq!(verify_commitments(&checks), expected);
}
