//! A small chain by hand: the scripts `MINE`, `CHANGE` and others, transactions that move coins between them, and
//! blocks of those.

mod blocks;
mod pool;
mod random;

use super::*;
use crate::wallet::address::Address;
use crate::wallet::book::Scope;
use crate::wallet::keys::hash160;
use crate::wallet::target::{ScriptText, Target, WatchId, WatchTarget};
use dash_protocol::{NetworkParams, TxIn};

/// A key by a number, which stands for the one in whose hash a script is.
fn key(number: u8) -> Vec<u8> {
    [&[2][..], &[number; 32]].concat()
}

/// The P2PKH script of a key.
fn script(number: u8) -> Vec<u8> {
    Address::KeyHash(hash160(&key(number))).script()
}

const MINE: u8 = 1;
const CHANGE: u8 = 2;
const OTHER: u8 = 9;

/// An input that shows a key.
fn spend(previous: OutPoint, number: u8) -> TxIn {
    let script = [&[9][..], &[0x30; 9], &[33], &key(number)].concat();
    TxIn { previous, script, sequence: u32::MAX }
}

fn pay(number: u8, value: i64) -> TxOut {
    TxOut { value, script: script(number) }
}

fn transaction(inputs: Vec<TxIn>, outputs: Vec<TxOut>) -> Transaction {
    Transaction { version: 2, tx_type: 0, inputs, outputs, lock_time: 0, payload: Vec::new() }
}

/// A payment from far away: each number is another one.
fn from_afar(number: u32, outputs: Vec<TxOut>) -> Transaction {
    let mut txid = [0xfa; 32];
    txid[..4].copy_from_slice(&number.to_le_bytes());
    transaction(vec![spend(OutPoint { txid: Txid::from_bytes(txid), vout: 0 }, 0xfa)], outputs)
}

fn coinbase(height: u32, outputs: Vec<TxOut>) -> Transaction {
    let input = TxIn { previous: OutPoint::NULL, script: height.to_le_bytes().to_vec(), sequence: 0 };
    transaction(vec![input], outputs)
}

fn output_of(transaction: &Transaction, vout: u32) -> OutPoint {
    OutPoint { txid: transaction.txid(), vout }
}

fn inputs_of(transaction: &Transaction) -> Vec<OutPoint> {
    transaction.inputs.iter().map(|input| input.previous).collect()
}

/// The block of a height on a branch.
fn at(height: u32, branch: u8) -> BlockRef {
    let mut hash = [branch; 32];
    hash[..4].copy_from_slice(&height.to_le_bytes());
    BlockRef { height, hash: BlockHash::from_bytes(hash), time: 1_000 + height }
}

struct Wallet {
    book: ScriptBook,
    ledger: Ledger,
}

impl Wallet {
    fn watching(numbers: &[u8]) -> Self {
        let mut wallet =
            Self { book: ScriptBook::new(Arc::new(NetworkParams::mainnet())), ledger: Ledger::new() };
        for number in numbers {
            wallet.watch(&script(*number));
        }
        wallet
    }

    fn watch(&mut self, script: &[u8]) -> WatchId {
        self.watch_target(&WatchTarget::Script { script: ScriptText::Bytes(script.to_vec()) })
    }

    fn watch_target(&mut self, what: &WatchTarget) -> WatchId {
        let part = Target::parse(what, self.book.params()).unwrap();
        self.book.add(vec![part]).unwrap().id
    }

    fn connect(&mut self, height: u32, transactions: &[Transaction]) -> Outcome {
        self.ledger.connect(&mut self.book, &at(height, 0), transactions).unwrap()
    }

    fn disconnect(&mut self, height: u32) -> Outcome {
        self.ledger.disconnect(&self.book, height, 5_000)
    }

    fn seen(&mut self, transaction: &Transaction) -> Outcome {
        self.try_seen(transaction).unwrap()
    }

    fn try_seen(&mut self, transaction: &Transaction) -> Result<Outcome, Refused> {
        self.ledger.unconfirmed(&mut self.book, transaction, 1_000, Origin::Peer)
    }

    fn lock(&mut self, transaction: &Transaction) -> Outcome {
        self.ledger.instantlocked(&self.book, transaction.txid(), &inputs_of(transaction))
    }

    fn chainlock(&mut self, height: u32) -> Outcome {
        self.ledger.chainlocked(&self.book, height)
    }

    fn balance(&self, tip: u32) -> Balance {
        self.ledger.balance(&self.book, Scope::All, tip)
    }

    fn total(&self) -> u128 {
        self.balance(1_000).total()
    }

    fn history(&self) -> Vec<TxRecord> {
        self.ledger.history(&self.book, Scope::All, None, usize::MAX).unwrap()
    }

    /// Amounts of the history, newest first.
    fn deltas(&self) -> Vec<i128> {
        self.history().iter().map(|record| record.delta).collect()
    }

    fn record(&self, transaction: &Transaction) -> Option<TxRecord> {
        self.ledger.transaction(&self.book, Scope::All, &transaction.txid())
    }

    fn status(&self, transaction: &Transaction) -> Option<Status> {
        self.ledger.status(&transaction.txid())
    }

    /// All answers, to be compared.
    fn answers(&self, tip: u32) -> (Balance, Vec<Utxo>, Vec<TxRecord>) {
        (self.balance(tip), self.ledger.utxos(&self.book, Scope::All), self.history())
    }

    /// The wallet as it is after a reload.
    fn reloaded(&self) -> Self {
        let mut ledger = self.ledger.clone();
        ledger.changed = ledger.entries.iter().map(|(txid, entry)| (entry.key, *txid)).collect();
        let records: Vec<(u64, Vec<u8>)> =
            ledger.take_records().into_iter().map(|(key, record)| (key, record.unwrap())).collect();
        let mut again = Ledger::restore(records.iter().map(|(key, record)| (*key, &record[..]))).unwrap();
        if let Some(height) = self.ledger.chainlocked {
            again.chainlocked(&self.book, height);
        }
        Self { book: self.book.clone(), ledger: again }
    }
}

const SEEN: Option<Status> = Some(Status::Counts(Finality::Seen));
const LOCKED: Option<Status> = Some(Status::Counts(Finality::InstantLocked));
const MINED: Option<Status> = Some(Status::Counts(Finality::Mined));
const FINAL: Option<Status> = Some(Status::Counts(Finality::ChainLocked));
const OUT: Option<Status> = Some(Status::Out);
