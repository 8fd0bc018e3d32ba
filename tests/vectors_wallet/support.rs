//! The recorded network's blocks, the filters' contents as the rules say them, and the node's words on its wallet.

use crate::recording;
use dash_protocol::{Block, BlockHash, ChainOverrides, Decode, NetworkParams, OutPoint, Transaction};
use dash_spv_wasm::wallet::{
    BlockRef, Fresh, Ledger, Scope, ScriptBook, ScriptText, Target, TxRecord, WatchId, WatchTarget,
};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

/// The recording, or the end of the test.
macro_rules! need_recording {
    ($test:literal) => {
        crate::support::Recording::read(&need_vectors!($test, "regtest-llmq"))
    };
}

pub struct Recording {
    pub params: Arc<NetworkParams>,
    pub blocks: Vec<Block>,
    pub hashes: Vec<BlockHash>,
    pub wallet: Value,
    /// By height: the scripts of outputs and of outputs spent, which is what the block's filter has.
    filters: Vec<HashSet<Vec<u8>>>,
}

impl Recording {
    pub fn read(folder: &Path) -> Self {
        let json = |file: &str| recording::json(folder, file);
        let blocks: Vec<Block> =
            recording::raw_blocks(folder).iter().map(|raw| Block::from_wire(raw).unwrap()).collect();
        let hashes: Vec<BlockHash> = json("hashes.json")
            .as_array()
            .unwrap()
            .iter()
            .map(|hash| hash.as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(blocks.len(), hashes.len());
        Self {
            params: Arc::new(NetworkParams::regtest(&ChainOverrides::default()).unwrap()),
            filters: filters(&blocks),
            blocks,
            hashes,
            wallet: json("wallet.json"),
        }
    }

    pub fn tip(&self) -> u32 {
        self.blocks.len() as u32 - 1
    }

    pub fn at(&self, height: u32) -> BlockRef {
        let at = height as usize;
        BlockRef { height, hash: self.hashes[at], time: self.blocks[at].header.time }
    }

    pub fn transactions(&self, height: u32) -> &[Transaction] {
        &self.blocks[height as usize].transactions
    }

    /// Whether a block's filter has one of the elements.
    pub fn matches(&self, height: u32, elements: &[impl AsRef<[u8]>]) -> bool {
        elements.iter().any(|element| self.filters[height as usize].contains(element.as_ref()))
    }

    pub fn addresses(&self) -> Vec<WatchTarget> {
        let addresses = self.wallet["addresses"].as_array().unwrap();
        addresses
            .iter()
            .map(|address| WatchTarget::Address { address: address.as_str().unwrap().into() })
            .collect()
    }

    pub fn descriptors(&self) -> Vec<WatchTarget> {
        let descriptors = self.wallet["descriptors"]["descriptors"].as_array().unwrap();
        descriptors
            .iter()
            .map(|one| WatchTarget::Descriptor { descriptor: text(one, "desc").into(), gap: None })
            .collect()
    }

    /// The confirmed entries of a list of the wallet.
    pub fn confirmed(&self, list: &str) -> impl Iterator<Item = &Value> {
        let list = self.wallet[list].as_array().unwrap().iter();
        list.filter(|entry| entry["confirmations"].as_i64().unwrap() > 0)
    }
}

fn filters(blocks: &[Block]) -> Vec<HashSet<Vec<u8>>> {
    let mut outputs = HashMap::new();
    blocks
        .iter()
        .map(|block| {
            let mut elements = HashSet::new();
            for transaction in &block.transactions {
                let txid = transaction.txid();
                for (vout, output) in (0..).zip(&transaction.outputs) {
                    outputs.insert(OutPoint { txid, vout }, output.script.clone());
                    elements.insert(output.script.clone());
                }
                let spent = transaction.inputs.iter().filter_map(|input| outputs.get(&input.previous));
                elements.extend(spent.cloned());
            }
            elements
        })
        .collect()
}

pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// An amount in DASH as the node prints it, in duffs.
pub fn duffs(amount: &str) -> i128 {
    let (whole, part) = amount.split_once('.').unwrap();
    assert_eq!(part.len(), 8, "{amount}");
    let sign = if amount.starts_with('-') { -1 } else { 1 };
    whole.parse::<i128>().unwrap() * 100_000_000 + sign * part.parse::<i128>().unwrap()
}

/// A wallet as the phases will run it: filters first, then the blocks that they name, and again for what is new.
#[derive(Clone)]
pub struct Wallet {
    pub book: ScriptBook,
    pub ledger: Ledger,
}

impl Wallet {
    pub fn new(params: &Arc<NetworkParams>) -> Self {
        Self { book: ScriptBook::new(Arc::clone(params)), ledger: Ledger::new() }
    }

    /// Adds a watch without searching for it.
    pub fn watch(&mut self, what: &WatchTarget) -> (WatchId, Vec<Fresh>) {
        let part = Target::parse(what, self.book.params()).unwrap();
        let added = self.book.add(vec![part]).unwrap();
        (added.id, added.fresh)
    }

    /// Feeds the blocks that match, in the order given, and for what that brings to light all of them again.
    pub fn search(&mut self, recording: &Recording, heights: &[u32], fresh: Vec<Fresh>) {
        let mut open = vec![fresh];
        while let Some(fresh) = open.pop() {
            let elements: Vec<_> = fresh.iter().map(|fresh| Arc::clone(&fresh.element)).collect();
            for &height in heights.iter().filter(|height| recording.matches(**height, &elements)) {
                let more = self.connect(recording, height);
                open.extend((!more.is_empty()).then_some(more));
            }
        }
    }

    pub fn connect(&mut self, recording: &Recording, height: u32) -> Vec<Fresh> {
        let block = recording.at(height);
        self.ledger.connect(&mut self.book, &block, recording.transactions(height)).unwrap().fresh
    }

    pub fn history(&self) -> Vec<TxRecord> {
        self.ledger.history(&self.book, Scope::All, None, usize::MAX).unwrap()
    }

    /// Everything that it answers, to be compared.
    pub fn answers(&self, tip: u32) -> String {
        let balance = self.ledger.balance(&self.book, Scope::All, tip);
        let utxos = self.ledger.utxos(&self.book, Scope::All);
        format!("{balance:#?}\n{utxos:#?}\n{:#?}", self.history())
    }
}

/// Net amounts of the wallet's confirmed transactions by id, as the node tells them: one entry for each output, those
/// sent with their fee.
pub fn expected_deltas(recording: &Recording) -> BTreeMap<String, i128> {
    let mut deltas = BTreeMap::new();
    for entry in recording.confirmed("transactions") {
        let fee = entry["fee"].as_str().map_or(0, duffs);
        *deltas.entry(text(entry, "txid").to_owned()).or_insert(0) += duffs(text(entry, "amount")) + fee;
    }
    deltas
}

/// The script of a target that has one.
pub fn script_target(script: &str) -> WatchTarget {
    WatchTarget::Script { script: ScriptText::Hex(script.into()) }
}
