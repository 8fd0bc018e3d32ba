//! The recording of mainnet: a full list, the diffs of some days, and a rotation info.
//!
//! Its files are named by `manifest.json`; heights of the blocks that rotation info names are in
//! `heights_2240504.json`. Whoever measures reads them, as a page cannot.

use crate::BenchError;
use dash_protocol::{BlockHash, Decode, MerkleRoot, MnListDiff, NetworkParams};
use dash_spv_wasm::masternodes::{ListState, ProvenBlock};
use serde_json::Value;
use std::collections::BTreeMap;

const MANIFEST: &str = "manifest.json";
const HEIGHTS: &str = "heights_2240504.json";
const FULL_LIST: &str = "mnlistdiff_0_2227096.bin";
const ROTATION: &str = "qrinfo_2240504.bin";

/// What was recorded, as bytes, and the heights and merkle roots of its blocks.
#[derive(Debug)]
pub struct Recording {
    /// Mainnet's.
    pub params: NetworkParams,
    /// The payload of the rotation info.
    pub rotation: Vec<u8>,
    /// The payloads of the diffs between later blocks than the full list's.
    pub diffs: Vec<Vec<u8>>,
    full_list: Vec<u8>,
    heights: BTreeMap<BlockHash, u32>,
    merkle_roots: BTreeMap<BlockHash, MerkleRoot>,
}

impl Recording {
    /// Names of all files, given the two that name the others.
    pub const INDEX: [&str; 2] = [MANIFEST, HEIGHTS];

    /// The files that a manifest names.
    ///
    /// # Errors
    /// [`BenchError::File`] if it is none.
    pub fn files(manifest: &[u8]) -> Result<Vec<String>, BenchError> {
        rows(manifest)?.iter().map(|row| Ok(text(row, "file")?.to_owned())).collect()
    }

    /// From all of its files.
    ///
    /// # Errors
    /// [`BenchError`] if one is missing or is not what it should be.
    pub fn new(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, BenchError> {
        let mut take = |name: &str| files.remove(name).ok_or_else(|| BenchError::Missing(name.to_owned()));
        let rows = rows(&take(MANIFEST)?)?;
        let mut heights = named_heights(&take(HEIGHTS)?)?;
        let (mut merkle_roots, mut diffs) = (BTreeMap::new(), Vec::new());
        let (full_list, rotation) = (take(FULL_LIST)?, take(ROTATION)?);
        for row in rows {
            let file = text(&row, "file")?;
            if file == ROTATION {
                continue;
            }
            let hash: BlockHash = parsed(MANIFEST, text(&row, "block")?)?;
            heights.insert(hash, parsed(MANIFEST, &row["height"].to_string())?);
            merkle_roots.insert(hash, parsed(MANIFEST, text(&row, "tx_merkle_root")?)?);
            if file != FULL_LIST {
                diffs.push(take(file)?);
            }
        }
        Ok(Self { params: NetworkParams::mainnet(), full_list, rotation, diffs, heights, merkle_roots })
    }

    /// The full list: decoded, applied to nothing, its coinbase's path and both roots proven.
    ///
    /// # Errors
    /// [`BenchError`] if it does not hold.
    pub fn full_list(&self) -> Result<ListState, BenchError> {
        let diff = MnListDiff::from_wire(&self.full_list)?;
        Ok(ListState::genesis(&self.params).apply(&self.params, &diff, self.block_of(&diff)?)?)
    }

    /// The height of a block that the recording names.
    pub fn height(&self, hash: &BlockHash) -> Option<u32> {
        self.heights.get(hash).copied()
    }

    /// The block at which a diff ends. The recorded tip comes without its header: its diff's own root stands in.
    pub(crate) fn block_of(&self, diff: &MnListDiff) -> Result<ProvenBlock, BenchError> {
        let hash = diff.block_hash;
        let height = self.height(&hash).ok_or_else(|| BenchError::Missing(format!("block {hash}")))?;
        let merkle_root = match self.merkle_roots.get(&hash) {
            Some(root) => *root,
            None => diff.coinbase_tree.extract().map_err(|error| file(ROTATION, error))?.0,
        };
        Ok(ProvenBlock { height, hash, merkle_root })
    }
}

fn rows(manifest: &[u8]) -> Result<Vec<Value>, BenchError> {
    serde_json::from_slice(manifest).map_err(|error| file(MANIFEST, error))
}

fn named_heights(json: &[u8]) -> Result<BTreeMap<BlockHash, u32>, BenchError> {
    let named: BTreeMap<String, String> =
        serde_json::from_slice(json).map_err(|error| file(HEIGHTS, error))?;
    named.iter().map(|(height, hash)| Ok((parsed(HEIGHTS, hash)?, parsed(HEIGHTS, height)?))).collect()
}

fn text<'a>(row: &'a Value, key: &str) -> Result<&'a str, BenchError> {
    row[key].as_str().ok_or_else(|| file(MANIFEST, format!("no {key}")))
}

fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, BenchError> {
    text.parse().map_err(|error| file(name, error))
}

fn file(name: &str, what: impl std::fmt::Display) -> BenchError {
    BenchError::File { file: name.to_owned(), what: what.to_string() }
}
