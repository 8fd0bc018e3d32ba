//! Keys for tests of what carries them about.

use super::{CommitmentCheck, DecodedKey, decoded_keys, point};
use blst::min_pk::SecretKey;
use dash_protocol::{BlsPublicKey, BlsSignature};

/// A commitment of so many members with keys of their own, and with no signature.
pub(crate) fn commitment(members: u8) -> CommitmentCheck {
    let key = |n: u8| {
        let secret = SecretKey::key_gen(&[n; 32], &[]).expect("32 bytes are enough");
        BlsPublicKey::from_bytes(secret.sk_to_pk().compress())
    };
    CommitmentCheck {
        message: [0; 32],
        quorum_key: key(255),
        quorum_sig: BlsSignature::NULL,
        members_sig: BlsSignature::NULL,
        member_keys: (0..members).map(key).collect(),
    }
}

/// The members' keys, decoded.
pub(crate) fn decoded_members(check: &CommitmentCheck) -> Vec<DecodedKey> {
    for key in &check.member_keys {
        point::member(key);
    }
    decoded_keys(std::slice::from_ref(check))
}
