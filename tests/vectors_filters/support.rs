//! Recorded networks: their blocks, and each block's filter with its header as the node has them.

use crate::recording::{json, raw_blocks};
use dash_protocol::{Block, BlockHash, Decode, FilterHeader, OutPoint};
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;

pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// A recorded chain.
pub struct Network {
    pub folder: PathBuf,
    pub hashes: Vec<BlockHash>,
    pub blocks: Vec<Block>,
    pub filters: Vec<Vec<u8>>,
    pub headers: Vec<FilterHeader>,
    /// The script of every output of the chain.
    pub scripts: HashMap<OutPoint, Vec<u8>>,
}

impl Network {
    /// A recorded network by the name of its folder; none if there are no vectors.
    pub fn load(test: &str, name: &str) -> Option<Self> {
        let folder = crate::vectors::folder(test, name)?;
        let parse = |value: &Value| value.as_str().unwrap().to_owned();
        let hashes = json(&folder, "hashes.json");
        let filters = json(&folder, "filters.json");
        let blocks: Vec<Block> =
            raw_blocks(&folder).iter().map(|raw| Block::from_wire(raw).unwrap()).collect();
        let mut scripts = HashMap::new();
        for transaction in blocks.iter().flat_map(|block| &block.transactions) {
            let txid = transaction.txid();
            for (vout, output) in (0..).zip(&transaction.outputs) {
                scripts.insert(OutPoint { txid, vout }, output.script.clone());
            }
        }
        Some(Self {
            hashes: hashes.as_array().unwrap().iter().map(|hash| parse(hash).parse().unwrap()).collect(),
            filters: filters.as_array().unwrap().iter().map(|row| hex(&parse(&row["filter"]))).collect(),
            headers: filters
                .as_array()
                .unwrap()
                .iter()
                .map(|row| parse(&row["header"]).parse().unwrap())
                .collect(),
            folder,
            blocks,
            scripts,
        })
    }

    /// Both recorded networks.
    pub fn both(test: &str) -> Vec<Self> {
        ["regtest-llmq", "regtest-few"].iter().filter_map(|name| Self::load(test, name)).collect()
    }

    /// Height of the last block.
    pub fn tip(&self) -> u32 {
        self.blocks.len() as u32 - 1
    }

    /// The script of an output, wherever in the chain it is.
    pub fn script(&self, place: &OutPoint) -> Option<&[u8]> {
        self.scripts.get(place).map(|script| &script[..])
    }
}
