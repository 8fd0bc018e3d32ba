//! Transactions, classical and special (DIP-2): the envelope. The payloads are in `special`.

use crate::hash::Txid;

/// The largest extra payload (Dash Core `MAX_TX_EXTRA_PAYLOAD`).
pub const MAX_EXTRA_PAYLOAD: usize = 10_000;

/// An output of a transaction, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutPoint {
    /// The transaction.
    pub txid: Txid,
    /// Which of its outputs, from 0.
    pub vout: u32,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxIn {
    /// The output spent; a null one in a coinbase.
    pub previous: OutPoint,
    /// `scriptSig`.
    pub script: Vec<u8>,
    /// Sequence number.
    pub sequence: u32,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOut {
    /// Duffs; negative in no valid transaction.
    pub value: i64,
    /// `scriptPubKey`.
    pub script: Vec<u8>,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The low half of the version field.
    pub version: u16,
    /// The high half: its special type, 0 for a classical one (see [`crate::TxType`]).
    pub tx_type: u16,
    /// Inputs.
    pub inputs: Vec<TxIn>,
    /// Outputs.
    pub outputs: Vec<TxOut>,
    /// Lock time.
    pub lock_time: u32,
    /// There for version 3 and above with a type other than 0: the payload of the special type, at most
    /// [`MAX_EXTRA_PAYLOAD`] bytes; else empty.
    pub payload: Vec<u8>,
}
