//! The wallet's answers as they cross to JavaScript. Amounts cross as decimal digits and are made into `bigint` on the
//! page's side: a JavaScript number is not exact above 2^53, and sums of duffs have no such bound.

use super::{ApiError, Tip};
use crate::collections::Gather;
use crate::wallet::ledger::{Balance, BlockRef, Finality, TxRecord, Utxo};
use crate::wallet::{Change, Ledger, Scope, ScriptBook};
use dash_protocol::{Encode, OutPoint};
use serde::{Serialize, Serializer};

/// `Duffs` of the contract; negative where something is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duffs(pub i128);

impl Serialize for Duffs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Duffs {
    /// Of an amount that is not negative. A sum of coins is far below the largest.
    fn of(amount: u128) -> Self {
        Self(i128::try_from(amount).unwrap_or(i128::MAX))
    }
}

/// `Finality` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is its name; `Finality` of the ledger has the meaning")]
pub enum ApiFinality {
    Seen,
    InstantLocked,
    Mined,
    ChainLocked,
}

impl From<Finality> for ApiFinality {
    fn from(finality: Finality) -> Self {
        match finality {
            Finality::Seen => Self::Seen,
            Finality::InstantLocked => Self::InstantLocked,
            Finality::Mined => Self::Mined,
            Finality::ChainLocked => Self::ChainLocked,
        }
    }
}

/// `TxRecord` of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the contract names them")]
pub struct ApiTxRecord {
    pub txid: String,
    #[serde(with = "serde_bytes")]
    pub raw: Vec<u8>,
    pub delta: Duffs,
    pub finality: ApiFinality,
    pub block: Option<Tip>,
    pub conflicts_with: Vec<String>,
    #[serde(rename = "type")]
    pub kind: u16,
}

impl From<&TxRecord> for ApiTxRecord {
    fn from(record: &TxRecord) -> Self {
        let transaction = &record.transaction;
        Self {
            txid: record.txid.to_string(),
            raw: transaction.to_wire(),
            delta: Duffs(record.delta),
            finality: record.finality.into(),
            block: record.block.as_ref().map(Tip::from),
            conflicts_with: record.conflicts.iter().map(ToString::to_string).gather(),
            kind: if transaction.is_special() { transaction.tx_type } else { 0 },
        }
    }
}

impl From<&BlockRef> for Tip {
    fn from(block: &BlockRef) -> Self {
        Self { height: block.height, hash: block.hash.to_string(), time: f64::from(block.time) * 1_000.0 }
    }
}

/// A watch as the page's side knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiWatch {
    /// Its id: the same targets have the same one.
    pub id: String,
}

/// `BroadcastStage` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the contract names them")]
pub enum BroadcastStage {
    Sent,
    Echoed,
    InstantLocked,
    Mined,
    ChainLocked,
}

/// A broadcast and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApiBroadcast {
    /// The transaction.
    pub txid: String,
    /// The furthest stage that holds; none before a peer took it.
    pub stage: Option<BroadcastStage>,
    /// Peers that took it or announced it back.
    pub peers: u32,
    /// Why it cannot be mined any more, as when a conflicting transaction is mined or locked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<ApiError>,
}

/// `Balance` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the contract names them")]
pub struct ApiBalance {
    pub chainlocked: Duffs,
    pub instantlocked: Duffs,
    pub mined: Duffs,
    pub pending: Duffs,
    pub immature: Duffs,
    pub total: Duffs,
}

impl From<&Balance> for ApiBalance {
    fn from(balance: &Balance) -> Self {
        Self {
            chainlocked: Duffs::of(balance.chainlocked),
            instantlocked: Duffs::of(balance.instantlocked),
            mined: Duffs::of(balance.mined),
            pending: Duffs::of(balance.pending),
            immature: Duffs::of(balance.immature),
            total: Duffs::of(balance.total()),
        }
    }
}

/// `Utxo` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the contract names them")]
pub struct ApiUtxo {
    pub outpoint: String,
    pub value: Duffs,
    pub script: String,
    pub address: Option<String>,
    pub finality: ApiFinality,
    pub height: Option<u32>,
    pub coinbase: bool,
}

impl ApiUtxo {
    /// A coin, with its address on the book's network.
    pub fn of(utxo: &Utxo, book: &ScriptBook) -> Self {
        let OutPoint { txid, vout } = utxo.out_point;
        Self {
            outpoint: format!("{txid}:{vout}"),
            value: Duffs(utxo.value.into()),
            script: utxo.script.iter().map(|byte| format!("{byte:02x}")).collect(),
            address: book.address(&utxo.script),
            finality: utxo.finality.into(),
            height: utxo.height,
            coinbase: utxo.coinbase,
        }
    }
}

/// What a `tx` event tells of a change: the transaction as all watches together see it, and their ids. Nothing of one
/// that is forgotten.
pub fn tx_event(change: &Change, ledger: &Ledger, book: &ScriptBook) -> Option<(ApiTxRecord, Vec<String>)> {
    let record = ledger.transaction(book, Scope::All, &change.txid)?;
    Some((ApiTxRecord::from(&record), change.watches.iter().map(ToString::to_string).gather()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::{BlockHash, Transaction, Txid};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn amounts_cross_as_digits_and_are_exact() {
        let json = |amount| serde_json::to_value(Duffs(amount)).unwrap();
        assert_eq!(json(-9_007_199_254_740_993), json!("-9007199254740993"));
        assert_eq!(json(0), json!("0"));
        let balance = Balance { mined: 1 << 90, immature: 5, ..Balance::default() };
        let found = serde_json::to_value(ApiBalance::from(&balance)).unwrap();
        assert_eq!(found["mined"], json!("1237940039285380274899124224"));
        assert_eq!(found["total"], json!("1237940039285380274899124229"));
        assert_eq!(found.as_object().unwrap().len(), 6);
    }

    #[test]
    fn a_record_has_the_names_of_the_contract() {
        let transaction = Transaction {
            version: 3,
            tx_type: 9,
            inputs: Vec::new(),
            outputs: Vec::new(),
            lock_time: 0,
            payload: vec![1],
        };
        let record = TxRecord {
            txid: transaction.txid(),
            transaction: Arc::new(transaction.clone()),
            delta: -7,
            finality: Finality::InstantLocked,
            block: Some(BlockRef { height: 3, hash: BlockHash::ZERO, time: 12 }),
            conflicts: vec![Txid::from_bytes([1; 32])],
            counts: true,
        };
        assert_eq!(
            serde_json::to_value(ApiTxRecord::from(&record)).unwrap(),
            json!({
                "txid": transaction.txid().to_string(),
                "raw": transaction.to_wire(),
                "delta": "-7",
                "finality": "instantlocked",
                "block": { "height": 3, "hash": "0".repeat(64), "time": 12_000.0 },
                "conflictsWith": ["01".repeat(32)],
                "type": 9,
            })
        );
        let classical = Transaction { version: 2, ..transaction };
        let record = TxRecord { transaction: Arc::new(classical), ..record };
        assert_eq!(ApiTxRecord::from(&record).kind, 0);
    }

    #[test]
    fn a_coin_has_the_names_of_the_contract() {
        let book = ScriptBook::new(Arc::new(dash_protocol::NetworkParams::mainnet()));
        let utxo = Utxo {
            out_point: OutPoint { txid: Txid::from_bytes([0xab; 32]), vout: 7 },
            value: 5,
            script: vec![0x51],
            finality: Finality::ChainLocked,
            height: None,
            coinbase: false,
        };
        assert_eq!(
            serde_json::to_value(ApiUtxo::of(&utxo, &book)).unwrap(),
            json!({
                "outpoint": format!("{}:7", "ab".repeat(32)), "value": "5", "script": "51", "address": null,
                "finality": "chainlocked", "height": null, "coinbase": false,
            })
        );
        let paid = Utxo { script: crate::wallet::Address::KeyHash([0; 20]).script(), ..utxo };
        assert!(ApiUtxo::of(&paid, &book).address.unwrap().starts_with('X'));
    }
}
