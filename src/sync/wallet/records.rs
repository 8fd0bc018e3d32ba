//! The wallet's table: watches with their birthdays, and transactions; and beside them what the search keeps there.
//!
//! | key | record |
//! |---|---|
//! | below 2^40 | the search's own ([`crate::sync::filters`]) |
//! | 2^40 + n | a watch: u8 = 1, height of its birthday as u32, and the book's record |
//! | 2^41 + n | a transaction that is being sent (`broadcasts.rs`) |
//! | 2^52 + n | a transaction: the ledger's record |

use super::Wallet;
use crate::collections::SortedMap;
use crate::engine::Now;
use crate::store::Table;
use crate::wallet::{Ledger, WatchId};

pub(super) const WATCHES: u64 = 1 << 40;
pub(super) const SENT: u64 = 1 << 41;
pub(super) const LEDGER: u64 = 1 << 52;
const FORMAT: u8 = 1;

impl Wallet {
    /// Notes the records of what changed in book and ledger.
    pub(super) fn note_records(&mut self, now: Now) {
        for id in self.book.take_changed() {
            let key = *self.keys.entry(id).or_insert_with(|| {
                self.next_key += 1;
                WATCHES + self.next_key
            });
            let record = self.watch_record(id);
            if record.is_none() {
                self.keys.remove(&id);
            }
            self.put(Table::Wallet, key, record, now);
        }
        for (key, record) in self.broadcasts.take_changed() {
            self.put(Table::Wallet, SENT + key, record, now);
        }
        for (key, record) in self.ledger.take_records() {
            self.put(Table::Wallet, LEDGER + key, record, now);
        }
    }

    fn watch_record(&self, id: WatchId) -> Option<Vec<u8>> {
        let mut out = vec![FORMAT];
        out.extend_from_slice(&self.births.get(&id)?.to_le_bytes());
        out.extend(self.book.encode_watch(id)?);
        Some(out)
    }

    /// Reads the table back; what is not about watches and transactions is handed on.
    pub(super) fn restore(&mut self, records: Vec<(u64, Vec<u8>)>) -> SortedMap<u64, Vec<u8>> {
        let (ledger, others): (Vec<_>, Vec<_>) = records.into_iter().partition(|(key, _)| *key >= LEDGER);
        let (sent, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|(key, _)| *key >= SENT);
        let (watches, others): (Vec<_>, Vec<_>) = others.into_iter().partition(|(key, _)| *key >= WATCHES);
        for (key, record) in sent {
            if !self.broadcasts.restore(key - SENT, &record) {
                self.unsaved.insert((Table::Wallet, key), None);
            }
        }
        for (key, record) in watches {
            self.next_key = self.next_key.max(key - WATCHES);
            let restored = restored_birth(&record).and_then(|(birth, watch)| {
                let id = self.book.restore_watch(watch).ok()?;
                Some((id, birth))
            });
            match restored {
                Some((id, birth)) => {
                    self.births.insert(id, birth);
                    self.keys.insert(id, key);
                }
                None => drop(self.unsaved.insert((Table::Wallet, key), None)),
            }
        }
        let records = ledger.iter().map(|(key, record)| (key - LEDGER, &record[..]));
        match Ledger::restore(records) {
            Ok(restored) => self.ledger = restored,
            Err(_) => {
                // Nothing of a broken ledger is believed: all is searched for again.
                let gone = ledger.iter().map(|(key, _)| ((Table::Wallet, *key), None));
                self.unsaved.extend(gone);
                return SortedMap::new();
            }
        }
        others.into_iter().collect()
    }
}

fn restored_birth(record: &[u8]) -> Option<(u32, &[u8])> {
    let (birth, watch) = record.strip_prefix(&[FORMAT])?.split_first_chunk()?;
    Some((u32::from_le_bytes(*birth), watch))
}
