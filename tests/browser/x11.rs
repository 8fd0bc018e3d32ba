//! X11 as this browser computes it: in SIMD, eight hashes at a time.

use dash_pow::X11;
use dash_spv_wasm::chain::pow::{x11, x11_batch};
use digest::Digest;
use wasm_bindgen_test::wasm_bindgen_test;

/// Headers that are hashed together.
const LANES: usize = 8;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[wasm_bindgen_test]
fn known_inputs_have_their_known_hashes() {
    let counting: [u8; 80] = core::array::from_fn(|i| i as u8);
    let expected = [
        "8328846180965bce56f61e015db62af562a611d85e5e721d854c8d97e47a3ea3",
        "412e767aa9a39ee210ea9ce424de4ff5ee35e61a8c27506bc2365ff7d4e3ecce",
    ];
    let batch = x11_batch(&[[0; 80], counting].concat());
    for ((input, hash), expected) in [[0; 80], counting].iter().zip(batch).zip(expected) {
        assert_eq!(hex(x11(input).as_bytes()), expected);
        assert_eq!(hex(hash.as_bytes()), expected);
    }
}

#[wasm_bindgen_test]
fn random_inputs_have_the_reference_s_hashes_in_batches_of_every_fill() {
    let mut rng = fastrand::Rng::with_seed(11);
    for round in 0..100 {
        // Whole eights before the last batch as well.
        for fill in 1..=2 * LANES {
            let inputs: Vec<[u8; 80]> = (0..fill).map(|_| core::array::from_fn(|_| rng.u8(..))).collect();
            let hashes = x11_batch(&inputs.concat());
            assert_eq!(hashes.len(), fill);
            for (input, hash) in inputs.iter().zip(hashes) {
                assert_eq!(hash.as_bytes()[..], X11::digest(input)[..], "round {round}, batches of {fill}");
            }
        }
    }
}

#[wasm_bindgen_test]
fn every_bit_of_a_header_counts_in_every_lane() {
    for bit in 0..640 {
        let mut inputs = [[0x5a; 80]; LANES];
        inputs[bit % LANES][bit / 8] ^= 1 << (bit % 8);
        let expected = inputs.map(|input| hex(&X11::digest(input)));
        let hashes: Vec<_> = x11_batch(&inputs.concat()).iter().map(|hash| hex(hash.as_bytes())).collect();
        assert_eq!(hashes, expected, "bit {bit}");
    }
}

#[cfg(dash_vectors)]
mod vectors {
    use super::*;

    const X11: &str = include_str!(concat!(env!("DASH_VECTORS"), "/headers/x11.json"));

    #[derive(serde::Deserialize)]
    struct Vector {
        input: String,
        x11: String,
    }

    #[wasm_bindgen_test]
    fn every_vector_has_its_hash() {
        let vectors = js_sys::JSON::parse(X11).unwrap();
        let vectors: Vec<Vector> = serde_wasm_bindgen::from_value(vectors).unwrap();
        assert!(vectors.len() > 60);
        for fill in 1..=LANES {
            for batch in vectors.chunks(fill) {
                let inputs: Vec<u8> = batch.iter().flat_map(|vector| bytes(&vector.input)).collect();
                for (vector, hash) in batch.iter().zip(x11_batch(&inputs)) {
                    assert_eq!(hex(hash.as_bytes()), vector.x11, "in batches of {fill}");
                }
            }
        }
    }

    fn bytes(hex: &str) -> [u8; 80] {
        core::array::from_fn(|i| u8::from_str_radix(&hex[i * 2..i * 2 + 2], 16).unwrap())
    }
}
