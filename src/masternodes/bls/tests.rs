mod sums;

use super::*;
use blst::min_pk::{AggregateSignature, PublicKey, SecretKey, Signature};
use blst::{MultiPoint, blst_p1_affine};
use dash_protocol::BlsScheme;
use sha2::{Digest, Sha256};

const PK: &str =
    "95fde78acd5f6886ddaf5d0056610167c513d09c1c0efabbc7cdcc69beea113779c4a81e2d24daafc5387dbf6ac5fe48";
const SIG: &str = "a352a1bd941771b91ca8556d100f18baff5b2bdc40b63987f9b73ebb3d25d13bc0f4e05b0250e7a009bb34498916b39f\
                   0ebe14d9584c4f9ba2887b2d43122d3805d451b687c86bf65e601b6353ef0f184629b42e5baa07807973ae77175bafe5";
const AGGREGATED_PK: &str =
    "9782742461bf7a509f499c581af84c546cb205cc70ed679644eca42c6564bf718e1fcff8fcbfa9d090e6685a9a61ee06";
const AGGREGATED_SIG: &str = "9297278de8813fd1a2b64eaee1bb98a15a8b65d1c07a86ca67b2a26cc7c7e580bf91cdadd52f1824074a61b59d686ebd\
                              0ff47a20f413622111e970d4d4beceb89838074ec1a9833d6ee44ac13b2185e498b08987aeba222b7eaec15641717421";

const QUORUM_SIG: &str = "b92fa87c69d023354970b7acccf03d708f07a33543bbe429c9bfae54779af5a4880e8ef86b6856569e968299cf0420f6\
                          0d306a42c3e61586e792605e32c1a54d9b91d12090137f57531a3f5b7893498b8af7a682c475630a5c4f148161316ba2";

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N);
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// A key from any bytes.
fn secret(seed: &[u8]) -> SecretKey {
    SecretKey::key_gen(&Sha256::digest(seed), &[]).unwrap()
}

/// A small number as a key.
fn number(n: u8) -> SecretKey {
    let mut bytes = [0; 32];
    bytes[31] = n;
    SecretKey::from_bytes(&bytes).unwrap()
}

fn counting() -> SecretKey {
    SecretKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|at| at as u8)).unwrap()
}

fn public(secret: &SecretKey) -> BlsPublicKey {
    BlsPublicKey::from_bytes(secret.sk_to_pk().compress())
}

fn sign(secret: &SecretKey, message: &[u8]) -> BlsSignature {
    BlsSignature::from_bytes(secret.sign(message, batch::DST, &[]).compress())
}

fn message(n: u64) -> [u8; 32] {
    Sha256::digest(n.to_le_bytes()).into()
}

/// What members sign together: each signature with the weight that its key has.
fn members_sign(members: &[SecretKey], message: &[u8]) -> BlsSignature {
    let mut signed: Vec<(BlsPublicKey, Signature)> =
        members.iter().map(|one| (public(one), one.sign(message, batch::DST, &[]))).collect();
    signed.sort_by_key(|(key, _)| *key);
    let keys: Vec<BlsPublicKey> = signed.iter().map(|(key, _)| *key).collect();
    let signatures: Vec<Signature> = signed.into_iter().map(|(_, signature)| signature).collect();
    let sum: AggregateSignature = signatures.mult(&aggregate::weights(&keys), 256);
    BlsSignature::from_bytes(sum.to_signature().compress())
}

/// A valid commitment of a quorum whose members have these numbers.
fn commitment(n: u64, members: std::ops::Range<u64>) -> CommitmentCheck {
    let message = message(n);
    let quorum = secret(&[b"quorum", &n.to_le_bytes()[..]].concat());
    let members: Vec<SecretKey> = members.map(|at| secret(&at.to_le_bytes())).collect();
    let members_sig = match &members[..] {
        [alone] => sign(alone, &message),
        members => members_sign(members, &message),
    };
    CommitmentCheck {
        message,
        quorum_key: public(&quorum),
        quorum_sig: sign(&quorum, &message),
        members_sig,
        member_keys: members.iter().map(public).collect(),
    }
}

fn lock(n: u64) -> SignatureCheck {
    let key = secret(&n.to_le_bytes());
    SignatureCheck { key: public(&key), message: message(n), signature: sign(&key, &message(n)) }
}

fn flipped<const N: usize>(mut bytes: [u8; N], bit: usize) -> [u8; N] {
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

fn infinity<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    bytes[0] = 0xc0;
    bytes
}

/// A point on the curve of keys, outside the subgroup.
fn stray_key() -> PublicKey {
    (1u8..=255)
        .filter_map(|x| {
            let mut bytes = [0; 48];
            bytes[0] = 0x80;
            bytes[47] = x;
            PublicKey::uncompress(&bytes).ok()
        })
        .find(|key| key.validate().is_err())
        .unwrap()
}

/// The same for signatures.
fn stray_signature() -> Signature {
    (1u8..=255)
        .filter_map(|x| {
            let mut bytes = [0; 96];
            bytes[0] = 0x80;
            bytes[95] = x;
            Signature::uncompress(&bytes).ok()
        })
        .find(|signature| signature.validate(true).is_err())
        .unwrap()
}

fn sum(signatures: &[Signature]) -> BlsSignature {
    let all: Vec<&Signature> = signatures.iter().collect();
    BlsSignature::from_bytes(AggregateSignature::aggregate(&all, false).unwrap().to_signature().compress())
}

fn point(signature: &BlsSignature) -> Signature {
    Signature::uncompress(signature.as_bytes()).unwrap()
}

fn message_one() -> [u8; 32] {
    let mut message = [0; 32];
    message[0] = 1;
    message
}

#[test]
fn the_protocols_keys_and_signatures_hold() {
    let check = SignatureCheck {
        key: BlsPublicKey::from_bytes(bytes(PK)),
        message: message_one(),
        signature: BlsSignature::from_bytes(bytes(SIG)),
    };
    assert_eq!((public(&counting()), sign(&counting(), &check.message)), (check.key, check.signature));
    assert!(verify_signature(&check));
    let legacy = BlsPublicKey::from_bytes(flipped(bytes(PK), 7));
    assert_eq!(legacy.to_basic(BlsScheme::Legacy), check.key);
    // The bundled library's own vector signs three bytes, so that only the point below signatures can be held against.
    let other = SecretKey::from_bytes(&bytes::<32>(
        "4a353be3dac091a0a7e640620372f5e1e2e4401717c1e79cac6ffba8f6905604",
    ))
    .unwrap();
    assert_eq!(
        public(&other).to_string(),
        "85695fcbc06cc4c4c9451f4dce21cbf8de3e5a13bf48f44cdbb18e2038ba7b8bb1632d7911ef1e2e08749bddbf165352"
    );
    assert_eq!(
        sign(&other, &[7, 8, 9]).to_string(),
        "b8faa6d6a3881c9fdbad803b170d70ca5cbf1e6ba5a586262df368c75acd1d1ffa3ab6ee21c71f844494659878f5eb23\
         0c958dd576b08b8564aad2ee0992e85a1e565f299cd53a285de729937f70dc176a1f01432129bb2b94d3d5031f8065a1"
    );
}

#[test]
fn a_changed_bit_of_key_message_or_signature_does_not_verify() {
    let good = lock(1);
    let mut checks = vec![good.clone()];
    for bit in (0..384).step_by(23) {
        checks.push(SignatureCheck {
            key: BlsPublicKey::from_bytes(flipped(*good.key.as_bytes(), bit)),
            ..good.clone()
        });
        checks.push(SignatureCheck { message: flipped(good.message, bit % 256), ..good.clone() });
        checks.push(SignatureCheck {
            signature: BlsSignature::from_bytes(flipped(*good.signature.as_bytes(), 2 * bit + 1)),
            ..good.clone()
        });
    }
    let found = verify_signatures(&checks);
    assert!(found[0] && found[1..].iter().all(|hold| !hold));
}

#[test]
fn secure_aggregation_gives_the_protocols_key_and_signature() {
    let members = [counting(), number(2), number(3)];
    let keys: Vec<BlsPublicKey> = members.iter().map(public).collect();
    let aggregated = aggregate::key(&keys).unwrap();
    assert_eq!(aggregated.compress(), bytes(AGGREGATED_PK));
    assert_eq!(members_sign(&members, &message_one()), BlsSignature::from_bytes(bytes(AGGREGATED_SIG)));
    let turned: Vec<BlsPublicKey> = keys.iter().rev().copied().collect();
    assert_eq!(aggregate::key(&turned), Some(aggregated));
    let twice = [&keys[..], &keys[..1]].concat();
    assert_ne!(aggregate::key(&twice), Some(aggregated));
}

#[test]
fn a_real_commitments_quorum_signature_holds() {
    let check = SignatureCheck {
        key: BlsPublicKey::from_bytes(bytes(
            "8d123fd9cf0971a2e5ecc4bc2e92fe65c5a8591976e0d47867ecd623a234c5d45a18afecd4824408afcd42efb767fd18",
        )),
        message: {
            let mut hash: [u8; 32] =
                bytes("05f2dbe551538a8246c75a87b018d61d19ab9a72eb554786fd1883e37e2928eb");
            hash.reverse();
            hash
        },
        signature: BlsSignature::from_bytes(bytes(QUORUM_SIG)),
    };
    assert!(verify_signature(&check));
}

#[test]
fn commitments_hold_alone_and_together() {
    let checks: Vec<CommitmentCheck> = (0..9).map(|n| commitment(n, n..n + 1 + 2 * n)).collect();
    assert_eq!(verify_commitments(&checks), [Verdict::Valid; 9]);
    assert!(checks.iter().all(|check| verify_commitment(check) == Verdict::Valid));
    assert!(verify_commitments(&[]).is_empty() && verify_signatures(&[]).is_empty());
}

#[test]
fn one_forged_among_64_is_named_and_so_is_its_signature() {
    let mut checks: Vec<CommitmentCheck> = (0..64).map(|n| commitment(n, n..n + 3)).collect();
    for at in [0, 31, 63] {
        let honest = checks[at].clone();
        checks[at].quorum_sig = checks[at].members_sig;
        let expected = |at, verdict| {
            let mut all = vec![Verdict::Valid; 64];
            all[at] = verdict;
            all
        };
        assert_eq!(verify_commitments(&checks), expected(at, Verdict::QuorumSignature));
        checks[at] = CommitmentCheck { members_sig: honest.quorum_sig, ..honest.clone() };
        assert_eq!(verify_commitments(&checks), expected(at, Verdict::MembersSignature));
        checks[at] = CommitmentCheck { member_keys: honest.member_keys[1..].to_vec(), ..honest.clone() };
        assert_eq!(verify_commitments(&checks), expected(at, Verdict::MembersSignature));
        checks[at] = honest;
    }
}

#[test]
fn many_forged_are_all_named() {
    let honest: Vec<SignatureCheck> = (0..16).map(lock).collect();
    for pattern in [0xffff_u32, 0x0001, 0x8000, 0xaaaa, 0x1248, 0xff00] {
        let forged = |at: usize| pattern >> at & 1 == 1;
        let checks: Vec<SignatureCheck> = (0..16)
            .map(|at| SignatureCheck {
                signature: honest[(at + usize::from(forged(at))) % 16].signature,
                ..honest[at].clone()
            })
            .collect();
        let expected: Vec<bool> = (0..16).map(|at| !forged(at)).collect();
        assert_eq!(verify_signatures(&checks), expected, "{pattern:x}");
    }
}

/// A + D and B - D: under equal coefficients the two errors cancel.
#[test]
fn forgeries_that_cancel_each_other_are_refused() {
    let d = number(7).sign(b"any point", batch::DST, &[]);
    let minus_d = {
        let mut order_less_one: [u8; 32] =
            bytes("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000000");
        order_less_one.reverse();
        [d].mult(&order_less_one, 256).to_signature()
    };
    assert_eq!(
        point(&sum(&[lock(1).signature, lock(2).signature].map(|one| point(&one)))),
        point(&sum(&[point(&lock(1).signature), d, point(&lock(2).signature), minus_d]))
    );
    let (mut a, mut b) = (lock(1), lock(2));
    a.signature = sum(&[point(&a.signature), d]);
    b.signature = sum(&[point(&b.signature), minus_d]);
    assert_eq!(verify_signatures(&[a.clone(), lock(3), b.clone()]), [false, true, false]);
    assert_eq!(verify_signatures(&[a, b]), [false, false]);
    let mut check = commitment(1, 1..4);
    check.quorum_sig = sum(&[point(&check.quorum_sig), d]);
    check.members_sig = sum(&[point(&check.members_sig), minus_d]);
    assert_eq!(verify_commitment(&check), Verdict::QuorumSignature);
}

#[test]
fn infinity_is_no_key_and_no_signature() {
    let nobody = SignatureCheck {
        key: BlsPublicKey::from_bytes(infinity()),
        message: message(1),
        signature: BlsSignature::from_bytes(infinity()),
    };
    assert!(!verify_signature(&nobody));
    assert!(!verify_signature(&SignatureCheck { key: nobody.key, ..lock(1) }));
    assert!(!verify_signature(&SignatureCheck { signature: nobody.signature, ..lock(1) }));
    let good = commitment(1, 1..4);
    let keys_with = |key| [&good.member_keys[1..], &[key]].concat();
    for bad in [
        CommitmentCheck { quorum_key: nobody.key, quorum_sig: nobody.signature, ..good.clone() },
        CommitmentCheck { members_sig: nobody.signature, ..good.clone() },
        CommitmentCheck { member_keys: keys_with(nobody.key), ..good.clone() },
        CommitmentCheck { member_keys: vec![nobody.key], members_sig: nobody.signature, ..good.clone() },
        CommitmentCheck { member_keys: Vec::new(), members_sig: nobody.signature, ..good.clone() },
    ] {
        assert_eq!(verify_commitments(&[good.clone(), bad]), [Verdict::Valid, Verdict::Malformed]);
    }
}

#[test]
fn a_sum_of_keys_that_is_infinity_is_refused() {
    let nobody = PublicKey::from(blst_p1_affine::default());
    assert!(nobody.validate().is_err());
    // The weights make such a set of keys infeasible to find, so that the sum is taken apart from them.
    let key = secret(b"any").sk_to_pk();
    let mut negative = key.compress();
    negative[0] ^= 0x20;
    let negative = PublicKey::uncompress(&negative).unwrap();
    assert_eq!([key, negative].add().to_public_key(), nobody);
}

#[test]
fn points_outside_the_subgroup_are_refused_even_beside_good_ones() {
    let stray = BlsPublicKey::from_bytes(stray_key().compress());
    let off = BlsSignature::from_bytes(stray_signature().compress());
    let shifted = sum(&[point(&lock(1).signature), stray_signature()]);
    let found = verify_signatures(&[
        lock(1),
        SignatureCheck { key: stray, ..lock(2) },
        SignatureCheck { signature: off, ..lock(3) },
        SignatureCheck { signature: shifted, ..lock(1) },
    ]);
    assert_eq!(found, [true, false, false, false]);
    let good = commitment(1, 1..4);
    let strays = [&good.member_keys[1..], &[stray]].concat();
    for bad in [
        CommitmentCheck { quorum_key: stray, ..good.clone() },
        CommitmentCheck { quorum_sig: off, ..good.clone() },
        CommitmentCheck { members_sig: off, ..good.clone() },
        CommitmentCheck { member_keys: vec![stray], ..good.clone() },
        CommitmentCheck { member_keys: strays, ..good.clone() },
    ] {
        assert_eq!(verify_commitment(&bad), Verdict::Malformed);
    }
}

#[test]
fn bytes_that_are_no_point_are_refused() {
    let uncompressed = flipped(*lock(1).key.as_bytes(), 7);
    let not_on_the_curve = (1u8..=255)
        .map(|x| {
            let mut bytes = [0; 48];
            bytes[0] = 0x80;
            bytes[47] = x;
            bytes
        })
        .find(|bytes| PublicKey::uncompress(bytes).is_err())
        .unwrap();
    let mut infinity_with_more = infinity();
    infinity_with_more[47] = 1;
    // x above the field's modulus.
    let mut too_large = [0xff; 48];
    too_large[0] = 0x9f;
    for key in [[0; 48], uncompressed, not_on_the_curve, infinity_with_more, too_large] {
        let key = BlsPublicKey::from_bytes(key);
        assert!(!verify_signature(&SignatureCheck { key, ..lock(1) }), "{key}");
        let good = commitment(1, 1..4);
        let member_keys = [&good.member_keys[..], &[key]].concat();
        assert_eq!(verify_commitment(&CommitmentCheck { member_keys, ..good.clone() }), Verdict::Malformed);
        assert_eq!(verify_commitment(&CommitmentCheck { quorum_key: key, ..good }), Verdict::Malformed);
    }
    for signature in [[0; 96], [0xff; 96], flipped(*lock(1).signature.as_bytes(), 7)] {
        let signature = BlsSignature::from_bytes(signature);
        assert!(!verify_signature(&SignatureCheck { signature, ..lock(1) }), "{signature}");
    }
}

#[test]
fn decoded_keys_stay_for_the_next_batch_up_to_a_bound() {
    let member = |n: usize| {
        let mut key = *lock(1).key.as_bytes();
        key[40..].copy_from_slice(&n.to_be_bytes());
        let key = BlsPublicKey::from_bytes(key);
        (key, point::member(&key))
    };
    point::forget();
    let first: Vec<_> = (0..3).map(member).collect();
    assert_eq!(point::decoded(), 3);
    for n in 3..point::MAX_DECODED {
        member(n);
    }
    assert_eq!(point::decoded(), point::MAX_DECODED);
    assert_eq!(member(1), first[1]);
    assert_eq!(point::decoded(), point::MAX_DECODED);
    member(point::MAX_DECODED);
    assert_eq!(point::decoded(), 1);
    for (key, decoded) in first {
        let (key, on_curve) = (key, PublicKey::uncompress(key.as_bytes()).ok());
        assert_eq!(decoded, on_curve);
        assert_eq!(point::member(&key), on_curve);
    }
    assert_eq!(verify_commitment(&commitment(1, 0..5)), Verdict::Valid);
    assert_eq!(verify_commitment(&commitment(1, 0..5)), Verdict::Valid);
}

#[test]
fn what_was_decoded_once_is_taught_again_and_stands_for_its_own_key_alone() {
    let checks = [commitment(1, 0..5), commitment(2, 3..9)];
    point::forget();
    assert_eq!(verify_commitments(&checks), [Verdict::Valid; 2]);
    let decoded = decoded_keys(&checks);
    assert_eq!(decoded.len(), 9);
    point::forget();
    assert!(decoded_keys(&checks).is_empty());
    teach_keys(&decoded);
    assert_eq!((point::decoded(), decoded_keys(&checks)), (9, decoded.clone()));
    assert_eq!(verify_commitments(&checks), [Verdict::Valid; 2]);
    let mut keys: Vec<_> = checks.iter().flat_map(|check| &check.member_keys).copied().collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(decoded.iter().map(|point| point.key().unwrap()).collect::<Vec<_>>(), keys);
    // A point that was exchanged for its negative is the key of nobody here: the true one is decoded anew.
    point::forget();
    let mut negative = keys[0];
    negative = BlsPublicKey::from_bytes(flipped(*negative.as_bytes(), 2));
    let wrong = DecodedKey::from_bytes(PublicKey::uncompress(negative.as_bytes()).unwrap().serialize());
    teach_keys(&[wrong]);
    assert_eq!(verify_commitments(&checks), [Verdict::Valid; 2]);
}

#[test]
fn what_is_no_point_teaches_nothing() {
    let good = *decoded_of(&commitment(1, 0..2)).as_bytes();
    let mut short = [0; DecodedKey::LEN];
    short[..48].copy_from_slice(lock(1).key.as_bytes());
    let mut infinity = [0; DecodedKey::LEN];
    infinity[0] = 0x40;
    point::forget();
    for bytes in [[0; 96], [0xff; 96], flipped(good, 700), flipped(good, 2), short, infinity] {
        let none = DecodedKey::from_bytes(bytes);
        assert_eq!(none.key(), None, "{bytes:?}");
        teach_keys(&[none]);
    }
    assert_eq!(point::decoded(), 0);
}

fn decoded_of(check: &CommitmentCheck) -> DecodedKey {
    assert_eq!(verify_commitment(check), Verdict::Valid);
    decoded_keys(std::slice::from_ref(check))[0]
}
