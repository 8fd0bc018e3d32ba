//! What blocks hold, on chains whose blocks hold anything: transactions, and the scripts that they spend, so that
//! filters can be made of a block without looking at others.
//!
//! A body is shared by all chains that have its block. Blocks that a reorganisation undid are kept for a while, as nodes
//! keep them: [`MAX_UNDONE`] of them.

use super::SimChain;
use dash_protocol::{
    Block, BlockHash, FilterHeader, Header, MerkleRoot, NetworkParams, OutPoint, Transaction, TxIn, TxOut,
    Txid, merkle,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

/// How many undone blocks are kept.
pub const MAX_UNDONE: usize = 64;
/// What the coinbase of every genesis block says.
const GENESIS_WORDS: &[u8] =
    b"Wired 09/Jan/2014 The Grand Experiment Goes Live: Overstock.com Is Now Accepting Bitcoins";
/// The key that it pays (protocol reference §2.2).
const GENESIS_KEY: [u8; 65] = *b"\
    \x04\x01\x84\x71\x0f\xa6\x89\xad\x50\x23\x69\x0c\x80\xf3\xa4\x9c\x8f\x13\xf8\xd4\x5b\x8c\x85\x7f\xbc\xbc\x8b\xc4\
    \xa8\xe4\xd3\xeb\x4b\x10\xf4\xd4\x60\x4f\xa0\x8d\xce\x60\x1a\xaf\x0f\x47\x02\x16\xfe\x1b\x51\x85\x0b\x4a\xcf\x21\
    \xb1\x79\xc4\x50\x70\xac\x7b\x03\xa9";
/// 50 DASH.
const FIRST_REWARD: i64 = 5_000_000_000;

/// A transaction that can be mined, with the scripts of the outputs that it spends, in the order of its inputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The transaction.
    pub transaction: Arc<Transaction>,
    /// A script for each of its inputs.
    pub spent: Vec<Vec<u8>>,
}

/// What the next block is to hold.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The outputs of its coinbase; if there are none it pays somebody whom nobody knows.
    pub reward: Vec<TxOut>,
    /// Its other transactions, each after those whose outputs it spends.
    pub transactions: Vec<Spending>,
    /// Whether masternodes that lock blocks lock this one even if by the plan it were one that they leave out.
    pub locked: bool,
}

/// What a block holds.
#[derive(Debug)]
pub struct Body {
    transactions: Vec<Spending>,
    /// Their names.
    txids: Vec<Txid>,
    /// Made when somebody asks for it.
    pub(super) filter: OnceLock<Vec<u8>>,
    /// The filter as nodes made it that left special transactions out.
    pub(super) old_filter: OnceLock<Vec<u8>>,
    /// Of a block there is one chain up to it, and so one filter header of each kind.
    pub(super) filter_header: OnceLock<FilterHeader>,
    pub(super) old_filter_header: OnceLock<FilterHeader>,
}

impl Body {
    /// A body of a coinbase and others.
    pub fn new(coinbase: impl Into<Arc<Transaction>>, others: Vec<Spending>) -> Self {
        let coinbase = Spending { transaction: coinbase.into(), spent: Vec::new() };
        let transactions: Vec<Spending> = std::iter::once(coinbase).chain(others).collect();
        Self {
            txids: transactions.iter().map(|one| one.transaction.txid()).collect(),
            transactions,
            filter: OnceLock::new(),
            old_filter: OnceLock::new(),
            filter_header: OnceLock::new(),
            old_filter_header: OnceLock::new(),
        }
    }

    /// The transactions, coinbase first.
    pub fn transactions(&self) -> &[Spending] {
        &self.transactions
    }

    /// The names of the transactions.
    pub fn txids(&self) -> &[Txid] {
        &self.txids
    }

    /// The root over its transactions.
    pub fn merkle_root(&self) -> MerkleRoot {
        merkle::block_root(&self.txids).expect("no two transactions of a simulated block are the same")
    }

    /// The whole block.
    pub fn block(&self, header: Header) -> Block {
        let transactions = self.transactions.iter().map(|one| Transaction::clone(&one.transaction)).collect();
        Block { header, transactions }
    }

    /// What its transactions spend, and the name of who does.
    fn spends(&self) -> impl Iterator<Item = (OutPoint, Txid)> {
        let others = self.transactions.iter().zip(&self.txids).skip(1);
        others.flat_map(|(one, txid)| one.transaction.inputs.iter().map(|input| (input.previous, *txid)))
    }

    /// The script of an output that one of its transactions spends.
    pub fn spent(&self, out_point: &OutPoint) -> Option<&[u8]> {
        let mut inputs =
            self.transactions.iter().flat_map(|one| one.transaction.inputs.iter().zip(&one.spent));
        inputs.find_map(|(input, script)| (input.previous == *out_point).then_some(&script[..]))
    }
}

/// The first transactions of a network: genesis, and on a devnet the block that follows it.
pub fn fixed(params: &NetworkParams) -> Vec<Body> {
    let script = [&[65][..], &GENESIS_KEY, &[0xac]].concat();
    let words = [&[0x04, 0xff, 0xff, 0x00, 0x1d, 0x01, 0x04, 0x4c, GENESIS_WORDS.len() as u8], GENESIS_WORDS]
        .concat();
    let mut bodies = vec![Body::new(first_coinbase(words, script), Vec::new())];
    if params.devnet_genesis.is_some() {
        let name = params.name.as_bytes();
        let words = [&[0x51, name.len() as u8], name].concat();
        bodies.push(Body::new(first_coinbase(words, vec![0x6a]), Vec::new()));
    }
    bodies
}

fn first_coinbase(words: Vec<u8>, script: Vec<u8>) -> Transaction {
    Transaction {
        version: 1,
        tx_type: 0,
        inputs: vec![TxIn { previous: OutPoint::NULL, script: words, sequence: u32::MAX }],
        outputs: vec![TxOut { value: FIRST_REWARD, script }],
        lock_time: 0,
        payload: Vec::new(),
    }
}

/// A block that is not on the chain any more.
#[derive(Clone, Debug)]
pub struct Undone {
    /// Its height.
    pub height: u32,
    /// Its header.
    pub header: Header,
    /// What it holds.
    pub body: Arc<Body>,
}

/// What all blocks of a chain hold, and the newest blocks that it lost.
#[derive(Clone, Debug, Default)]
pub struct Bodies {
    /// By height.
    blocks: Vec<Arc<Body>>,
    /// The heights of their transactions.
    heights: HashMap<Txid, u32>,
    /// Who spends what, coinbases aside.
    spenders: HashMap<OutPoint, Txid>,
    undone: HashMap<BlockHash, Undone>,
    order: VecDeque<BlockHash>,
}

impl Bodies {
    /// Adds the next block's.
    pub fn push(&mut self, body: Body) {
        self.push_shared(Arc::new(body));
    }

    fn push_shared(&mut self, body: Arc<Body>) {
        let height = self.blocks.len() as u32;
        self.heights.extend(body.txids.iter().map(|txid| (*txid, height)));
        self.spenders.extend(body.spends());
        self.blocks.push(body);
    }

    /// What a block of the chain holds.
    pub fn at(&self, height: u32) -> Option<&Arc<Body>> {
        self.blocks.get(height as usize)
    }

    /// The bodies up to and with a height.
    pub fn prefix(&self, height: u32) -> Self {
        let keep = (height as usize + 1).min(self.blocks.len());
        let mut prefix = Self::default();
        self.blocks[..keep].iter().for_each(|body| prefix.push_shared(Arc::clone(body)));
        prefix
    }

    /// A block that the chain lost.
    pub fn undone(&self, hash: &BlockHash) -> Option<&Undone> {
        self.undone.get(hash)
    }

    /// Takes everything above a height off the chain, and keeps it aside. `lost` has the headers with their hashes.
    pub fn truncate(&mut self, height: u32, lost: &[(BlockHash, Header)]) {
        let from = height as usize + 1;
        let bodies = self.blocks.drain(from.min(self.blocks.len())..);
        for ((height, body), (hash, header)) in (height + 1..).zip(bodies).zip(lost) {
            body.txids.iter().for_each(|txid| {
                self.heights.remove(txid);
            });
            body.spends().for_each(|(out_point, _)| {
                self.spenders.remove(&out_point);
            });
            self.order.push_back(*hash);
            self.undone.insert(*hash, Undone { height, header: *header, body });
        }
        while self.order.len() > MAX_UNDONE {
            if let Some(oldest) = self.order.pop_front() {
                self.undone.remove(&oldest);
            }
        }
    }
}

impl SimChain {
    /// Whether its blocks hold transactions that can be asked for.
    pub fn has_bodies(&self) -> bool {
        self.bodies.is_some()
    }

    /// What the block at a height holds.
    pub fn body(&self, height: u32) -> Option<&Arc<Body>> {
        self.bodies.as_ref()?.at(height)
    }

    /// A block that nodes have: one of the chain, or one that it lost not long ago.
    pub fn full_block(&self, hash: &BlockHash) -> Option<Block> {
        let (_, header, body) = self.find(hash)?;
        Some(body.block(*header))
    }

    /// A block of the chain or one that it lost, with its height.
    pub(super) fn find(&self, hash: &BlockHash) -> Option<(u32, &Header, &Arc<Body>)> {
        let bodies = self.bodies.as_ref()?;
        if let Some(height) = self.height_of(hash) {
            return Some((height, self.header_at(height)?, bodies.at(height)?));
        }
        let undone = bodies.undone(hash)?;
        Some((undone.height, &undone.header, &undone.body))
    }

    /// A transaction of the chain, with its height.
    pub fn find_transaction(&self, txid: &Txid) -> Option<(u32, &Arc<Transaction>)> {
        let bodies = self.bodies.as_ref()?;
        let height = *bodies.heights.get(txid)?;
        let body = bodies.at(height)?;
        let place = body.txids.iter().position(|one| one == txid)?;
        Some((height, &body.transactions[place].transaction))
    }

    /// An output that the chain made, spent or not.
    pub fn output(&self, out_point: &OutPoint) -> Option<&TxOut> {
        self.find_transaction(&out_point.txid)?.1.outputs.get(out_point.vout as usize)
    }

    /// A transaction that spends outputs of the chain, ready to be mined; none if it spends anything else.
    pub fn spending(&self, transaction: Transaction) -> Option<Spending> {
        let spent = transaction.inputs.iter().map(|input| Some(self.output(&input.previous)?.script.clone()));
        let spent = spent.collect::<Option<_>>()?;
        Some(Spending { transaction: Arc::new(transaction), spent })
    }

    /// The transaction of the chain that spends an output.
    pub fn spender(&self, out_point: &OutPoint) -> Option<Txid> {
        self.bodies.as_ref()?.spenders.get(out_point).copied()
    }
}
