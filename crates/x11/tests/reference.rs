//! Hashes against `dash-pow`, which was written by others, and against recorded data.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dash_x11::{HASH_LEN, LANES, LEN, hash, hash_batch, hash_eight};
use digest::Digest;
use serde_json::Value;
use std::path::PathBuf;

/// Random inputs in all.
const RANDOM: usize = 100_000;
const SEED: u64 = 0xda5b;

fn reference(input: &[u8; LEN]) -> [u8; HASH_LEN] {
    dash_pow::X11::digest(input).into()
}

fn hashes(inputs: &[[u8; LEN]]) -> Vec<[u8; HASH_LEN]> {
    let mut hashes = Vec::with_capacity(inputs.len());
    hash_batch(inputs, |hash| hashes.push(hash));
    hashes
}

fn hex<const N: usize>(value: &Value) -> [u8; N] {
    let digits = value.as_str().unwrap();
    std::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
}

/// The folder of recorded headers: in the one that `DASH_VECTORS` names, else in `../shared/vectors` beside the project.
/// Without it the test says by its name that it is skipped, which counts as a failure where `CI` is set.
fn recorded(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DASH_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let folder = root.join("headers");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{test}: no vectors");
    println!("skipped: {test}: no vectors");
    None
}

#[test]
fn known_inputs_have_their_known_hashes() {
    let counting: [u8; LEN] = std::array::from_fn(|i| i as u8);
    for (input, expected) in [
        ([0; LEN], "8328846180965bce56f61e015db62af562a611d85e5e721d854c8d97e47a3ea3"),
        (counting, "412e767aa9a39ee210ea9ce424de4ff5ee35e61a8c27506bc2365ff7d4e3ecce"),
    ] {
        assert_eq!(hash(&input), hex(&expected.into()));
    }
}

#[test]
fn eight_different_inputs_keep_to_their_lanes() {
    let inputs: [[u8; LEN]; LANES] = std::array::from_fn(|lane| [lane as u8; LEN]);
    assert_eq!(hash_eight(&inputs), inputs.map(|input| reference(&input)));
    for moved in 1..LANES {
        let mut inputs = inputs;
        inputs.rotate_left(moved);
        assert_eq!(hash_eight(&inputs), inputs.map(|input| reference(&input)));
    }
}

#[test]
fn each_bit_of_an_input_counts_in_every_lane() {
    for bit in 0..LEN * 8 {
        let mut inputs = [[0x5a; LEN]; LANES];
        inputs[bit % LANES][bit / 8] ^= 1 << (bit % 8);
        assert_eq!(hash_eight(&inputs), inputs.map(|input| reference(&input)), "bit {bit}");
    }
}

#[test]
fn a_batch_of_nothing_has_no_hashes() {
    assert!(hashes(&[]).is_empty());
}

#[test]
fn random_inputs_have_the_reference_s_hashes_in_batches_of_every_fill() {
    let mut rng = fastrand::Rng::with_seed(SEED);
    let inputs: Vec<[u8; LEN]> = (0..RANDOM).map(|_| std::array::from_fn(|_| rng.u8(..))).collect();
    let (mut rest, mut fill) = (&inputs[..], 0);
    while !rest.is_empty() {
        let (batch, after) = rest.split_at(rest.len().min(fill + 1));
        let expected: Vec<_> = batch.iter().map(reference).collect();
        assert_eq!(hashes(batch), expected, "seed {SEED}, {} inputs from the end", rest.len());
        (rest, fill) = (after, (fill + 1) % LANES);
    }
}

#[test]
fn every_vector_has_its_hash_in_batches_of_every_fill() {
    let Some(folder) = recorded("every_vector_has_its_hash_in_batches_of_every_fill") else { return };
    let rows: Vec<Value> = serde_json::from_slice(&std::fs::read(folder.join("x11.json")).unwrap()).unwrap();
    let inputs: Vec<[u8; LEN]> = rows.iter().map(|row| hex(&row["input"])).collect();
    let expected: Vec<[u8; HASH_LEN]> = rows.iter().map(|row| hex(&row["x11"])).collect();
    assert!(inputs.len() > 60);
    for fill in 1..=LANES {
        assert_eq!(
            inputs.chunks(fill).flat_map(hashes).collect::<Vec<_>>(),
            expected,
            "in batches of {fill}"
        );
    }
}

#[test]
fn recorded_headers_hold_the_hash_of_the_one_before() {
    let Some(folder) = recorded("recorded_headers_hold_the_hash_of_the_one_before") else { return };
    let index: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("index.json")).unwrap()).unwrap();
    assert_eq!(index.len(), 2);
    for entry in index {
        let file = std::fs::read(folder.join(entry["file"].as_str().unwrap())).unwrap();
        let (headers, rest) = file.as_chunks::<LEN>();
        assert!(headers.len() == 5_000 && rest.is_empty());
        let hashes = hashes(headers);
        for (hash, next) in hashes.iter().zip(&headers[1..]) {
            assert_eq!(*hash, next[4..36]);
        }
        let mut last: [u8; HASH_LEN] = hex(&entry["last_hash"]);
        last.reverse();
        assert_eq!(hashes.last(), Some(&last));
        let expected: Vec<_> = headers.iter().map(reference).collect();
        assert_eq!(hashes, expected);
    }
}
