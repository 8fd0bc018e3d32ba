//! Transactions, classical and special (DIP-2): the envelope. The payloads are in `special`.

use crate::encode::{Decode, DecodeError, Encode, MAX_COMPACT_SIZE, Reader, list, put_list, put_var_bytes};
use crate::hash::{Txid, sha256d};
use crate::special::TxType;

/// The largest transaction: 1,000,000 bytes (Dash Core `consensus/tx_check.cpp`).
pub const MAX_TRANSACTION: usize = 1_000_000;

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

impl OutPoint {
    /// Bytes of the encoding.
    pub const LEN: usize = 36;
    /// What a coinbase spends: nothing.
    pub const NULL: Self = Self { txid: Txid::ZERO, vout: u32::MAX };
}

impl TxIn {
    /// Bytes of the shortest encoding: an empty script.
    pub const MIN_LEN: usize = OutPoint::LEN + 1 + 4;
}

impl TxOut {
    /// Bytes of the shortest encoding: an empty script.
    pub const MIN_LEN: usize = 8 + 1;
}

impl Transaction {
    /// Bytes of the shortest encoding: no inputs, no outputs.
    pub const MIN_LEN: usize = 4 + 1 + 1 + 4;

    /// Its name: the hash of all of it, payload included.
    #[must_use]
    pub fn txid(&self) -> Txid {
        Txid::from_bytes(sha256d(&self.to_wire()))
    }

    /// Whether it makes new coins: its only input spends nothing.
    #[must_use]
    pub fn is_coinbase(&self) -> bool {
        matches!(&self.inputs[..], [input] if input.previous == OutPoint::NULL)
    }

    /// Whether it has a payload: a type below version 3 means nothing.
    #[must_use]
    pub const fn is_special(&self) -> bool {
        self.version >= 3 && self.tx_type != 0
    }

    /// Its type, if this crate knows it.
    #[must_use]
    pub fn kind(&self) -> Option<TxType> {
        if self.is_special() { TxType::from_u16(self.tx_type) } else { Some(TxType::Classical) }
    }
}

impl Encode for OutPoint {
    fn encode(&self, out: &mut Vec<u8>) {
        self.txid.encode(out);
        out.extend_from_slice(&self.vout.to_le_bytes());
    }
}

impl Decode for OutPoint {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { txid: Txid::decode(r)?, vout: r.u32()? })
    }
}

impl Encode for TxIn {
    fn encode(&self, out: &mut Vec<u8>) {
        self.previous.encode(out);
        put_var_bytes(out, &self.script);
        out.extend_from_slice(&self.sequence.to_le_bytes());
    }
}

impl Decode for TxIn {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { previous: OutPoint::decode(r)?, script: script(r)?, sequence: r.u32()? })
    }
}

impl Encode for TxOut {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.value.to_le_bytes());
        put_var_bytes(out, &self.script);
    }
}

impl Decode for TxOut {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { value: r.i64()?, script: script(r)? })
    }
}

/// A script, as long as its input allows.
pub(crate) fn script(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    r.var_bytes("bytes of a script", MAX_COMPACT_SIZE as usize).map(<[u8]>::to_vec)
}

impl Encode for Transaction {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&self.tx_type.to_le_bytes());
        put_list(out, &self.inputs);
        put_list(out, &self.outputs);
        out.extend_from_slice(&self.lock_time.to_le_bytes());
        if self.is_special() {
            put_var_bytes(out, &self.payload);
        }
    }
}

impl Decode for Transaction {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut transaction = Self {
            version: r.u16()?,
            tx_type: r.u16()?,
            inputs: list(r, "inputs", MAX_COMPACT_SIZE as usize, TxIn::MIN_LEN)?,
            outputs: list(r, "outputs", MAX_COMPACT_SIZE as usize, TxOut::MIN_LEN)?,
            lock_time: r.u32()?,
            payload: Vec::new(),
        };
        if transaction.is_special() {
            transaction.payload = r.var_bytes("bytes of extra payload", MAX_EXTRA_PAYLOAD)?.to_vec();
        }
        Ok(transaction)
    }
}
