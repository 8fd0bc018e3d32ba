//! Computations on their way to a worker and back.

use super::support::Chain;
use dash_protocol::{BlockHash, CompressedHeaders, DecodeError, Header};
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::compute::run;
use dash_spv_wasm::engine::{ComputeReply, ComputeWork};
use dash_spv_wasm::web::client::compute;
use dash_spv_wasm::web::wire::{answers, decode_reply, decode_work, encode_reply, encode_work};
use wasm_bindgen_test::wasm_bindgen_test;

fn headers(chain: &Chain) -> Vec<Header> {
    chain.raw.iter().map(Header::from_bytes).collect()
}

fn works() -> [ComputeWork; 4] {
    let chain = Chain::of(50);
    let payload = CompressedHeaders::compress(&headers(&chain), x11).into_payload();
    [
        ComputeWork::HashHeaders { raw: chain.raw.concat() },
        ComputeWork::HashHeaders { raw: Vec::new() },
        ComputeWork::ExpandHeaders2 { payload },
        ComputeWork::ExpandHeaders2 { payload: vec![1, 2, 3] },
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
    for bytes in [&[][..], &[0], &[1, 7], &[2; 100], &[3, 0], &[9]] {
        assert!(decode_reply(bytes).is_err(), "{bytes:?}");
    }
    let [hash, empty, expand, _] = works();
    let two = ComputeReply::Hashes(vec![BlockHash::ZERO; 2]);
    assert!(!answers(&hash, &two) && !answers(&empty, &two) && !answers(&expand, &two));
    assert!(!answers(&hash, &ComputeReply::Failed("x".to_owned())));
}
