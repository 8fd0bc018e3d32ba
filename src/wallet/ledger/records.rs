//! Transactions as bytes for the store, one record each, and the ledger read back from them.
//!
//! A record has one form, and reading it back gives the entry that was written. Bytes from the store are not believed:
//! records have to agree on the blocks that they name and on who stands where in them.
//!
//! | field | type |
//! |---|---|
//! | format | u8 = 1 |
//! | marks | u8: 1 mined, 2 locked, 4 own, 8 mined before, 16 may spend a watched coin, 32 has a locked rival |
//! | first seen | u64, milliseconds since 1970; 0 for one that was never seen outside of a block |
//! | block | mined only: u32 height, u32 position, 32 bytes hash, u32 time |
//! | locked rival | 32 bytes, where marked |
//! | transaction | as on the wire, to the end |

use super::{Connected, Entry, Ledger, Place};
use dash_protocol::{BlockHash, Decode, DecodeError, Encode, Reader, Transaction, Txid};
use std::sync::Arc;
use thiserror::Error;

const FORMAT: u8 = 1;

const MINED: u8 = 1;
const LOCKED: u8 = 2;
const OWN: u8 = 4;
const ONCE_MINED: u8 = 8;
const STRAY: u8 = 16;
const RIVAL: u8 = 32;
const ALL: u8 = 63;

/// Why records are not a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The bytes are malformed.
    #[error("record: {0}")]
    Decode(#[from] DecodeError),
    /// Another format than this version writes.
    #[error("record of format {0}")]
    Format(u8),
    /// Marks that are not known.
    #[error("record with marks {0:#x}")]
    Marks(u8),
    /// An output's amount is none.
    #[error("record of transaction {0} with a bad amount")]
    Value(Txid),
    /// The same transaction twice.
    #[error("transaction {0} twice")]
    Duplicate(Txid),
    /// Two blocks at one height, or two transactions at one place.
    #[error("two records differ on height {0}")]
    Block(u32),
    /// A key that leaves none for what comes.
    #[error("record with key {0}")]
    Key(u64),
}

/// The largest key: stores keep 53 bits.
const MAX_KEY: u64 = 1 << 52;

impl Ledger {
    /// The record of a key, if that is still this transaction's.
    pub(super) fn record_of(&self, key: u64, txid: &Txid) -> Option<Vec<u8>> {
        let entry = self.entries.get(txid).filter(|entry| entry.key == key)?;
        let marks = [
            (entry.mined.is_some(), MINED),
            (entry.locked, LOCKED),
            (entry.own, OWN),
            (entry.once_mined, ONCE_MINED),
            (entry.stray, STRAY),
            (entry.rival_lock.is_some(), RIVAL),
        ];
        let marks = marks.iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| mark).sum();
        let mut out = vec![FORMAT, marks];
        out.extend_from_slice(&entry.seen_ms.to_le_bytes());
        if let Some(place) = entry.mined {
            let block = self.blocks.get(&place.height)?;
            out.extend_from_slice(&place.height.to_le_bytes());
            out.extend_from_slice(&place.position.to_le_bytes());
            block.hash.encode(&mut out);
            out.extend_from_slice(&block.time.to_le_bytes());
        }
        if let Some(rival) = entry.rival_lock {
            rival.encode(&mut out);
        }
        entry.transaction.encode(&mut out);
        Some(out)
    }

    /// Reads a ledger back from its records, in any order. What is final is told anew by [`Ledger::chainlocked`].
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn restore<'a>(records: impl IntoIterator<Item = (u64, &'a [u8])>) -> Result<Self, RecordError> {
        let mut ledger = Self::new();
        for (key, record) in records {
            ledger.read(key, record)?;
        }
        ledger.contest();
        Ok(ledger)
    }

    fn read(&mut self, key: u64, record: &[u8]) -> Result<(), RecordError> {
        let mut r = Reader::new(record);
        match r.u8()? {
            FORMAT => {}
            format => return Err(RecordError::Format(format)),
        }
        let marks = r.u8()?;
        let has = |mark| marks & mark != 0;
        if marks & !ALL != 0 {
            return Err(RecordError::Marks(marks));
        }
        if key >= MAX_KEY {
            return Err(RecordError::Key(key));
        }
        let seen_ms = r.u64()?;
        let block = if has(MINED) {
            let place = Place { height: r.u32()?, position: r.u32()? };
            Some((place, BlockHash::decode(&mut r)?, r.u32()?))
        } else {
            None
        };
        let rival_lock = if has(RIVAL) { Some(Txid::decode(&mut r)?) } else { None };
        let len = r.remaining();
        let transaction = Transaction::decode(&mut r)?;
        r.finish()?;
        let txid = transaction.txid();
        if super::blocks::bad_value(&transaction).is_some() {
            return Err(RecordError::Value(txid));
        }
        if self.entries.contains_key(&txid) || self.pool.contains_key(&key) {
            return Err(RecordError::Duplicate(txid));
        }
        if let Some((place, hash, time)) = block {
            self.stand(txid, place, hash, time)?;
        }
        self.link(txid, &transaction);
        let entry = Entry {
            key,
            transaction: Arc::new(transaction),
            len,
            mined: block.map(|(place, ..)| place),
            locked: has(LOCKED),
            own: has(OWN),
            once_mined: has(ONCE_MINED),
            stray: has(STRAY),
            seen_ms,
            rival_lock,
        };
        self.entries.insert(txid, entry);
        self.strays += usize::from(has(STRAY));
        self.next_key = self.next_key.max(key + 1);
        if !has(MINED) {
            self.enter_pool(txid);
        }
        Ok(())
    }

    fn stand(&mut self, txid: Txid, place: Place, hash: BlockHash, time: u32) -> Result<(), RecordError> {
        let new = || Box::new(Connected { hash, time, transactions: Default::default() });
        let block = self.blocks.entry(place.height).or_insert_with(new);
        let fits = (block.hash, block.time) == (hash, time);
        if !fits || block.transactions.insert(place.position, txid).is_some() {
            return Err(RecordError::Block(place.height));
        }
        Ok(())
    }
}
