//! Rules by example, and seeded random sets, filters and lies.

mod coding;
mod disputes;
mod headers;
mod matching;

use dash_protocol::{
    Block, BlockHash, CompactTarget, Header, MerkleRoot, OutPoint, Transaction, TxIn, TxOut, Txid,
};
use fastrand::Rng;

fn block_hash(rng: &mut Rng) -> BlockHash {
    BlockHash::from_bytes(core::array::from_fn(|_| rng.u8(..)))
}

/// So many random bytes.
fn bytes(rng: &mut Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.u8(..)).collect()
}

/// A payment to the hash of a key.
fn script(rng: &mut Rng) -> Vec<u8> {
    [&[0x76, 0xa9, 20][..], &bytes(rng, 20), &[0x88, 0xac]].concat()
}

fn scripts(rng: &mut Rng, count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|_| script(rng)).collect()
}

fn output(script: &[u8]) -> TxOut {
    TxOut { value: 1, script: script.to_vec() }
}

/// A classical transaction; without inputs a coinbase.
fn transaction(inputs: Vec<TxIn>, outputs: Vec<TxOut>) -> Transaction {
    let coinbase = TxIn { previous: OutPoint::NULL, script: vec![1, 2], sequence: 0 };
    let inputs = if inputs.is_empty() { vec![coinbase] } else { inputs };
    Transaction { version: 2, tx_type: 0, inputs, outputs, lock_time: 0, payload: vec![] }
}

fn input(rng: &mut Rng, script_sig: Vec<u8>) -> TxIn {
    let txid = Txid::from_bytes(block_hash(rng).to_bytes());
    TxIn { previous: OutPoint { txid, vout: 0 }, script: script_sig, sequence: 0 }
}

fn block(transactions: Vec<Transaction>) -> Block {
    let header = Header {
        version: 4,
        prev_block_hash: BlockHash::ZERO,
        merkle_root: MerkleRoot::ZERO,
        time: 0,
        bits: CompactTarget::from_bits(0),
        nonce: 0,
    };
    Block { header, transactions }
}
