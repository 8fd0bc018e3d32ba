//! X11, hexadecimal text and the vectors' folder, for all tests.

use dash_protocol::{BlockHash, Header};
use sha2::Digest;
use std::path::PathBuf;

/// X11 by the published crate.
pub fn x11(header: &[u8; Header::LEN]) -> BlockHash {
    BlockHash::from_bytes(dash_pow::X11::digest(header).into())
}

/// Bytes from hexadecimal text; spaces are passed over.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).expect("a digit")).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// The vectors' folder. Without vectors the test `name` says that it is skipped, and fails in CI.
fn vectors(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DASH_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    if !root.is_dir() {
        assert!(std::env::var_os("CI").is_none(), "{name}: no vectors, which CI must have");
        println!("skipped: {name}: no vectors");
        return None;
    }
    Some(root)
}

/// A file of the vectors. Without vectors as [`vectors`].
pub fn vector(name: &str, path: &str) -> Option<Vec<u8>> {
    let root = vectors(name)?;
    Some(std::fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// The same as JSON.
pub fn json(name: &str, path: &str) -> Option<serde_json::Value> {
    vector(name, path).map(|bytes| serde_json::from_slice(&bytes).expect("the vector is JSON"))
}

/// The names of a folder's files, sorted. Without vectors as [`vectors`].
pub fn vectors_in(name: &str, folder: &str) -> Option<Vec<String>> {
    let root = vectors(name)?;
    let entries = std::fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let names = entries.map(|entry| entry.expect("a readable folder").file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().expect("a plain name")).collect();
    names.sort();
    Some(names)
}
