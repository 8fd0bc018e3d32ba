//! Coinbases and the rest of a block, as far as anybody asks for it: the ids of its transactions.

use crate::rng::Rng;
use dash_protocol::special::{BestChainLock, CoinbasePayload};
use dash_protocol::{Encode, MerkleRoot, NetworkParams, OutPoint, Transaction, TxIn, TxOut, Txid};

/// Version of transactions with a payload.
const SPECIAL: u16 = 3;
/// The special type of a coinbase.
const COINBASE: u16 = 5;
/// Where a block's other transactions end: at so many.
const MAX_OTHERS: u64 = 12;

/// What a coinbase commits to.
pub struct Commitments {
    /// The root over the list.
    pub list: MerkleRoot,
    /// The root over the quorums.
    pub quorums: MerkleRoot,
    /// The newest lock of an earlier block.
    pub lock: Option<BestChainLock>,
}

/// The version of coinbase payloads at a height; None before there are any.
pub fn payload_version(params: &NetworkParams, height: u32) -> Option<u16> {
    let active = &params.activation;
    match height {
        _ if height < active.dip3 => None,
        _ if height >= active.v20 => Some(3),
        _ if height >= active.dip8 => Some(2),
        _ => Some(1),
    }
}

/// The coinbase of a block at a height.
pub fn coinbase(params: &NetworkParams, height: u32, entropy: &[u8; 32], of: &Commitments) -> Transaction {
    let payload = payload_version(params, height).map(|version| CoinbasePayload {
        version,
        height,
        merkle_root_mn_list: of.list,
        merkle_root_quorums: if version >= 2 { of.quorums } else { MerkleRoot::ZERO },
        best_chainlock: of.lock.filter(|_| version >= 3),
        credit_pool_balance: if version >= 3 { i64::from(height) * 1_000_000 } else { 0 },
    });
    let previous = OutPoint { txid: Txid::ZERO, vout: u32::MAX };
    Transaction {
        version: if payload.is_some() { SPECIAL } else { 1 },
        tx_type: if payload.is_some() { COINBASE } else { 0 },
        inputs: vec![TxIn { previous, script: script(height, entropy), sequence: u32::MAX }],
        outputs: vec![TxOut { value: 50_000_000_000, script: pay_to(entropy) }],
        lock_time: 0,
        payload: payload.map(|payload| payload.to_wire()).unwrap_or_default(),
    }
}

/// The coinbase of a block at a height on a chain without masternodes; it pays somebody if `reward` is empty.
pub fn paying(params: &NetworkParams, height: u32, entropy: &[u8; 32], reward: Vec<TxOut>) -> Transaction {
    let none = Commitments { list: MerkleRoot::ZERO, quorums: MerkleRoot::ZERO, lock: None };
    let mut coinbase = coinbase(params, height, entropy, &none);
    if !reward.is_empty() {
        coinbase.outputs = reward;
    }
    coinbase
}

/// The height (BIP 34) and an extra nonce.
fn script(height: u32, entropy: &[u8; 32]) -> Vec<u8> {
    let mut script = match height {
        0 => vec![0],
        1..=16 => vec![0x50 + height as u8],
        _ => {
            let mut number = height.to_le_bytes().to_vec();
            while number.last() == Some(&0) {
                number.pop();
            }
            if number.last().is_some_and(|last| last & 0x80 != 0) {
                number.push(0);
            }
            [vec![number.len() as u8], number].concat()
        }
    };
    script.push(4);
    script.extend_from_slice(&entropy[..4]);
    script
}

/// A P2PKH script of 20 bytes.
fn pay_to(entropy: &[u8; 32]) -> Vec<u8> {
    [&[0x76, 0xa9, 20], &entropy[12..], &[0x88, 0xac]].concat()
}

/// The ids of a block's transactions: the coinbase and up to a dozen of which nobody knows more.
pub fn transactions(coinbase: &Transaction, rng: &mut Rng) -> Vec<Txid> {
    let others = rng.below(MAX_OTHERS + 1);
    let mut txids = vec![coinbase.txid()];
    txids.extend((0..others).map(|_| Txid::from_bytes(rng.bytes32())));
    txids
}

/// A transaction of a seed, spending one to three outputs of nobody's.
pub fn payment(rng: &mut Rng) -> Transaction {
    let inputs = (0..rng.between(1, 3)).map(|_| TxIn {
        previous: OutPoint { txid: Txid::from_bytes(rng.bytes32()), vout: rng.below(4) as u32 },
        script: rng.bytes32().to_vec(),
        sequence: u32::MAX,
    });
    let inputs = inputs.collect();
    let outputs =
        (0..2).map(|_| TxOut { value: rng.below(10_000_000_000) as i64, script: pay_to(&rng.bytes32()) });
    Transaction {
        version: 2,
        tx_type: 0,
        inputs,
        outputs: outputs.collect(),
        lock_time: 0,
        payload: Vec::new(),
    }
}
