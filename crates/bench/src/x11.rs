//! X11 by the client's crate and by `dash-pow`, which was written by others: first held against one another, then measured
//! with the same inputs.

use crate::BenchError;
use dash_protocol::{Decode, Header};
use dash_x11::{HASH_LEN, LANES, LEN, hash_batch};
use digest::Digest;
use fastrand::Rng;
use serde_json::Value;

/// Random inputs that are hashed in batches of every size up to [`LANES`], to see whether both agree.
pub const CHECKED: usize = 100_000;
/// Inputs of one round: as many headers as half of a long message has.
pub const MEASURED: usize = 4_000;

/// Inputs that both hash.
#[derive(Debug)]
pub struct Hashing {
    seed: u64,
    inputs: Vec<[u8; LEN]>,
}

impl Hashing {
    /// Those of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, inputs: random(seed, MEASURED) }
    }

    /// Hashes all inputs by the client's crate. Returns the sum of the hashes, so that nothing can be left out.
    pub fn ours(&self) -> [u8; HASH_LEN] {
        let mut sum = [0; HASH_LEN];
        hash_batch(&self.inputs, |hash| add(&mut sum, &hash));
        sum
    }

    /// The same, one hash after the other, as if none had neighbours.
    pub fn one_by_one(&self) -> [u8; HASH_LEN] {
        let mut sum = [0; HASH_LEN];
        self.inputs.iter().for_each(|input| add(&mut sum, &dash_x11::hash(input)));
        sum
    }

    /// The same by the reference.
    pub fn reference(&self) -> [u8; HASH_LEN] {
        let mut sum = [0; HASH_LEN];
        self.inputs.iter().for_each(|input| add(&mut sum, &reference(input)));
        sum
    }

    /// How many hashes each of these makes.
    pub fn count(&self) -> usize {
        self.inputs.len()
    }

    /// Whether [`CHECKED`] random inputs have the reference's hashes in batches of so many.
    ///
    /// # Errors
    /// [`BenchError::Hash`] if one does not.
    pub fn check_random(&self, fills: std::ops::RangeInclusive<usize>) -> Result<(), BenchError> {
        let inputs = random(self.seed ^ 1, CHECKED);
        let expected: Vec<_> = inputs.iter().map(reference).collect();
        for fill in fills {
            let mut hashes = Vec::with_capacity(inputs.len());
            inputs.chunks(fill).for_each(|batch| hash_batch(batch, |hash| hashes.push(hash)));
            if hashes != expected {
                return Err(BenchError::Hash(format!("of {CHECKED} random inputs in batches of {fill}")));
            }
        }
        Ok(())
    }
}

/// Whether recorded headers have the reference's hashes, each of which is in the header that follows. Returns how many
/// there are.
///
/// # Errors
/// [`BenchError::Hash`] if one does not.
pub fn check_headers(file: &[u8]) -> Result<usize, BenchError> {
    let (headers, _) = file.as_chunks::<LEN>();
    let mut hashes = Vec::new();
    hash_batch(headers, |hash| hashes.push(hash));
    for (at, (header, hash)) in headers.iter().zip(&hashes).enumerate() {
        let linked = match headers.get(at + 1) {
            Some(next) => Header::from_wire(next)?.prev_block_hash.as_bytes() == hash,
            None => true,
        };
        if *hash != reference(header) || !linked {
            return Err(BenchError::Hash(format!("of recorded header {at}")));
        }
    }
    Ok(headers.len())
}

/// Whether the inputs of `x11.json` have the hashes that it gives, in batches of every size. Returns how many there are.
///
/// # Errors
/// [`BenchError::Hash`] if one does not, [`BenchError::File`] if it is something else.
pub fn check_vectors(json: &[u8]) -> Result<usize, BenchError> {
    let file = |what: String| BenchError::File { file: "x11.json".to_owned(), what };
    let rows: Vec<Value> = serde_json::from_slice(json).map_err(|error| file(error.to_string()))?;
    let rows: Option<Vec<([u8; LEN], [u8; HASH_LEN])>> =
        rows.iter().map(|row| Some((hex(&row["input"])?, hex(&row["x11"])?))).collect();
    let (inputs, expected): (Vec<_>, Vec<_>) =
        rows.ok_or_else(|| file("not hexadecimal".to_owned()))?.into_iter().unzip();
    for fill in 1..=LANES {
        let mut hashes = Vec::new();
        inputs.chunks(fill).for_each(|batch| hash_batch(batch, |hash| hashes.push(hash)));
        if hashes != expected {
            return Err(BenchError::Hash(format!("of a vector in batches of {fill}")));
        }
    }
    Ok(inputs.len())
}

fn reference(input: &[u8; LEN]) -> [u8; HASH_LEN] {
    dash_pow::X11::digest(input).into()
}

fn random(seed: u64, count: usize) -> Vec<[u8; LEN]> {
    let mut rng = Rng::with_seed(seed);
    (0..count).map(|_| std::array::from_fn(|_| rng.u8(..))).collect()
}

fn add(sum: &mut [u8; HASH_LEN], hash: &[u8; HASH_LEN]) {
    for (sum, byte) in sum.iter_mut().zip(hash) {
        *sum ^= byte;
    }
}

fn hex<const N: usize>(value: &Value) -> Option<[u8; N]> {
    let digits = value.as_str().filter(|digits| digits.len() == 2 * N && digits.is_ascii())?;
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}
