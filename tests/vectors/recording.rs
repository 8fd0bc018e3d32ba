//! The files of a recorded network.

use serde_json::Value;
use std::path::Path;

/// A file of JSON.
pub fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
}

/// Its blocks as they were sent, by height.
pub fn raw_blocks(folder: &Path) -> Vec<Vec<u8>> {
    let mut rest = &std::fs::read(folder.join("blocks.bin")).unwrap()[..];
    let mut blocks = Vec::new();
    while let Some((len, after)) = rest.split_first_chunk() {
        let (block, after) = after.split_at(u32::from_le_bytes(*len) as usize);
        blocks.push(block.to_vec());
        rest = after;
    }
    blocks
}
