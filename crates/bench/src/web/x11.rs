//! X11 in a page: checked, then hashed as often as the page asks.

use crate::x11::{self, CHECKED, Hashing};
use dash_x11::LANES;
use wasm_bindgen::prelude::wasm_bindgen;

/// Inputs of a seed, for the client's crate and for the reference.
#[wasm_bindgen]
pub struct X11Rounds(Hashing);

#[wasm_bindgen]
impl X11Rounds {
    /// Those of a seed.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: u32) -> Self {
        Self(Hashing::new(u64::from(seed)))
    }

    /// Checks recorded headers; how many there are.
    #[wasm_bindgen(js_name = checkHeaders)]
    pub fn check_headers(&self, file: &[u8]) -> Result<usize, String> {
        x11::check_headers(file).map_err(|error| error.to_string())
    }

    /// Checks the vectors; how many there are.
    #[wasm_bindgen(js_name = checkVectors)]
    pub fn check_vectors(&self, json: &[u8]) -> Result<usize, String> {
        x11::check_vectors(json).map_err(|error| error.to_string())
    }

    /// Checks random inputs in batches of every size; how many of each.
    #[wasm_bindgen(js_name = checkRandom)]
    pub fn check_random(&self) -> Result<usize, String> {
        self.0.check_random(1..=LANES).map_err(|error| error.to_string())?;
        Ok(CHECKED)
    }

    /// How many hashes a round makes.
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// A round by the client's crate: the sum of the hashes.
    pub fn ours(&self) -> Vec<u8> {
        self.0.ours().to_vec()
    }

    /// A round by the client's crate, each hash by itself.
    #[wasm_bindgen(js_name = oneByOne)]
    pub fn one_by_one(&self) -> Vec<u8> {
        self.0.one_by_one().to_vec()
    }

    /// A round by the reference.
    pub fn reference(&self) -> Vec<u8> {
        self.0.reference().to_vec()
    }
}
