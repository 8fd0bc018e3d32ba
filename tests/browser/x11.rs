//! X11 as this browser computes it.

use dash_spv_wasm::chain::pow::{x11, x11_batch};
use wasm_bindgen_test::wasm_bindgen_test;

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
        for vector in vectors {
            let input: Vec<u8> =
                (0..80).map(|i| u8::from_str_radix(&vector.input[i * 2..i * 2 + 2], 16).unwrap()).collect();
            assert_eq!(hex(x11_batch(&input)[0].as_bytes()), vector.x11);
        }
    }
}
