//! Computations on their way to a worker and back.

use super::support::Chain;
use dash_protocol::{BlockHash, BlsPublicKey, BlsSignature, CompressedHeaders, DecodeError, Header};
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::compute::run;
use dash_spv_wasm::engine::{CommitmentBatch, CommitmentVerdicts, ComputeReply, ComputeWork, FilterBatch};
use dash_spv_wasm::filters::{BatchMatches, gcs};
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, SignatureCheck, Verdict};
use dash_spv_wasm::web::client::compute;
use dash_spv_wasm::web::wire::{answers, decode_reply, decode_work, encode_reply, encode_work};
use wasm_bindgen_test::wasm_bindgen_test;

fn headers(chain: &Chain) -> Vec<Header> {
    chain.raw.iter().map(Header::from_bytes).collect()
}

/// A signature that holds (protocol: the keys 00 01 … 1f, the message 01 00 …).
fn good_signature() -> SignatureCheck {
    let mut message = [0; 32];
    message[0] = 1;
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let key = hex(
        "95fde78acd5f6886ddaf5d0056610167c513d09c1c0efabbc7cdcc69beea113779c4a81e2d24daafc5387dbf6ac5fe48",
    );
    let signature = hex(
        "a352a1bd941771b91ca8556d100f18baff5b2bdc40b63987f9b73ebb3d25d13bc0f4e05b0250e7a009bb34498916b39f\
         0ebe14d9584c4f9ba2887b2d43122d3805d451b687c86bf65e601b6353ef0f184629b42e5baa07807973ae77175bafe5",
    );
    SignatureCheck {
        key: BlsPublicKey::from_bytes(key.try_into().unwrap()),
        message,
        signature: BlsSignature::from_bytes(signature.try_into().unwrap()),
    }
}

/// One that holds, one with another key, and one without points.
fn signatures() -> Vec<SignatureCheck> {
    let good = good_signature();
    let other = SignatureCheck { message: [7; 32], ..good.clone() };
    let none = SignatureCheck { key: BlsPublicKey::NULL, ..good.clone() };
    vec![good, other, none]
}

/// A quorum of one member with one key: both signatures are the same.
fn commitments() -> Vec<CommitmentCheck> {
    let SignatureCheck { key, message, signature } = good_signature();
    let good = CommitmentCheck {
        message,
        quorum_key: key,
        quorum_sig: signature,
        members_sig: signature,
        member_keys: vec![key],
    };
    let forged = CommitmentCheck { member_keys: vec![key; 300], ..good.clone() };
    let malformed = CommitmentCheck { member_keys: Vec::new(), ..good.clone() };
    vec![good, forged, malformed]
}

/// Three blocks, of which the second holds what is looked for and the third has no filter.
fn filters() -> FilterBatch {
    let script = |number: u8| vec![number; 25];
    let block = |number: u8| BlockHash::from_bytes([number; 32]);
    let filter = |number: u8| gcs::encode(&block(number), &[script(number), script(100)].into());
    FilterBatch {
        elements: vec![script(2), script(7)],
        filters: vec![(block(1), filter(1)), (block(2), filter(2)), (block(3), vec![255; 3])],
    }
}

fn works() -> [ComputeWork; 9] {
    let chain = Chain::of(50);
    let payload = CompressedHeaders::compress(&headers(&chain), x11).into_payload();
    [
        ComputeWork::HashHeaders { raw: chain.raw.concat() },
        ComputeWork::HashHeaders { raw: Vec::new() },
        ComputeWork::ExpandHeaders2 { payload },
        ComputeWork::ExpandHeaders2 { payload: vec![1, 2, 3] },
        ComputeWork::VerifyCommitments(commitments().into()),
        ComputeWork::VerifySignatures(signatures()),
        ComputeWork::VerifySignatures(Vec::new()),
        ComputeWork::MatchFilters(filters()),
        ComputeWork::MatchFilters(FilterBatch::default()),
    ]
}

#[wasm_bindgen_test]
fn work_and_reply_are_read_back_as_written() {
    for work in works() {
        assert_eq!(decode_work(&encode_work(&work)).unwrap(), work);
        let reply = run(work.clone());
        let crossed = decode_reply(&encode_reply(&reply)).unwrap();
        assert!(answers(&work, &crossed));
        match reply {
            // Of an error only the fact crosses.
            ComputeReply::Expanded(Err(_)) => {
                assert!(matches!(crossed, ComputeReply::Expanded(Err(DecodeError::Invalid { .. }))));
            }
            reply => assert_eq!(crossed, reply),
        }
    }
    let failed = ComputeReply::Failed("why".to_owned());
    assert_eq!(decode_reply(&encode_reply(&failed)).unwrap(), failed);
}

#[wasm_bindgen_test]
fn a_worker_computes_what_the_engine_would() {
    for work in works() {
        let reply = compute(&encode_work(&work)).ok().unwrap();
        assert_eq!(reply, encode_reply(&run(work)));
    }
    assert!(compute(&[]).is_err());
    assert!(compute(&[9, 1]).is_err());
    assert!(compute(&[1; 80]).is_err());
}

#[wasm_bindgen_test]
fn bytes_of_another_form_are_refused() {
    for bytes in [&[][..], &[0], &[1, 7], &[2; 100], &[3, 0], &[5, 4], &[6, 2], &[6, 1, 0, 255], &[9]] {
        assert!(decode_reply(bytes).is_err(), "{bytes:?}");
    }
    let [hash, empty, expand, _, commitments, signatures, _, filters, none] = works();
    let two = ComputeReply::Hashes(vec![BlockHash::ZERO; 2]);
    assert!(!answers(&hash, &two) && !answers(&empty, &two) && !answers(&expand, &two));
    assert!(!answers(&hash, &ComputeReply::Failed("x".to_owned())));
    let verdicts = |count| {
        let verdicts = vec![Verdict::Valid; count];
        ComputeReply::Verdicts(CommitmentVerdicts { verdicts, decoded: Vec::new() })
    };
    let hold = |count| ComputeReply::Signatures(vec![true; count]);
    assert!(answers(&commitments, &verdicts(3)) && answers(&signatures, &hold(3)));
    assert!(!answers(&commitments, &verdicts(2)) && !answers(&commitments, &hold(3)));
    assert!(!answers(&signatures, &hold(4)) && !answers(&signatures, &verdicts(3)));
    let found = |matched, malformed| ComputeReply::Matches(BatchMatches { matched, malformed });
    assert!(answers(&filters, &found(vec![0, 2], vec![1])) && answers(&none, &found(vec![], vec![])));
    assert!(!answers(&filters, &found(vec![3], vec![])) && !answers(&filters, &found(vec![], vec![3])));
    assert!(!answers(&none, &found(vec![0], vec![])) && !answers(&filters, &verdicts(3)));
}

#[wasm_bindgen_test]
fn work_cut_short_or_with_too_many_members_is_none() {
    let works = [
        ComputeWork::VerifyCommitments(commitments().into()),
        ComputeWork::VerifySignatures(signatures()),
        ComputeWork::MatchFilters(filters()),
    ];
    for work in works {
        let bytes = encode_work(&work);
        for cut in [1, 47, 48, 49, 100] {
            assert!(decode_work(&bytes[..bytes.len() - cut]).is_err(), "{cut}");
        }
    }
    let mut check = commitments().remove(0);
    check.member_keys = vec![BlsPublicKey::NULL; 1001];
    assert!(decode_work(&encode_work(&ComputeWork::VerifyCommitments(vec![check].into()))).is_err());
}

#[wasm_bindgen_test]
fn filters_that_match_and_those_that_are_none_are_told_by_their_places() {
    let found = BatchMatches { matched: vec![1], malformed: vec![2] };
    assert_eq!(run(ComputeWork::MatchFilters(filters())), ComputeReply::Matches(found));
}

#[wasm_bindgen_test]
fn signatures_are_verified_in_the_browser() {
    let verdicts = vec![Verdict::Valid, Verdict::MembersSignature, Verdict::Malformed];
    let ComputeReply::Verdicts(found) = run(ComputeWork::VerifyCommitments(commitments().into())) else {
        panic!("commitments are answered with verdicts");
    };
    assert_eq!(found.verdicts, verdicts);
    assert_eq!(
        found.decoded.iter().map(|point| point.key()).collect::<Vec<_>>(),
        [Some(good_signature().key)]
    );
    // What was decoded travels along with the next batch, and is not told again.
    let batch = CommitmentBatch { checks: commitments(), decoded: found.decoded };
    let work = ComputeWork::VerifyCommitments(batch);
    assert_eq!(decode_work(&encode_work(&work)).unwrap(), work);
    let again = ComputeReply::Verdicts(CommitmentVerdicts { verdicts, decoded: Vec::new() });
    assert_eq!(run(work), again);
    let hold = ComputeReply::Signatures(vec![true, false, false]);
    assert_eq!(run(ComputeWork::VerifySignatures(signatures())), hold);
}
