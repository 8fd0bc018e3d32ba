//! What is kept of lists and quorums over a restart, and how it is read back.
//!
//! One table of records: the verified ChainLock, each list kept (the lowest whole, every other as the change from the
//! one below it), proven snapshots, quorums whose proof is settled, and members' keys as they were decoded for it. What to write is worked out from what the last
//! successful commit left, so a failed one is simply made again. Reading back believes no record: lists must have the
//! roots of their coinbases, and whatever does not hang on the chain of headers is dropped and asked for again.

use super::book::{Book, QuorumRecord, QuorumStatus};
use super::keys::{Keys, SHARDS};
use super::snapshots::Snapshots;
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::masternodes::{ListState, QuorumEntry};
use crate::store::{Record, Table};
use dash_protocol::{
    BlockHash, ChainLock, Decode, Encode, FinalCommitment, ProTxHash, QuorumName, QuorumSnapshot, Reader,
    put_compact_size,
};
use std::sync::Arc;

/// Keys: what a record is in the upper bits, which one below.
const KEY_LOCK: u64 = 1;
const KEY_STATES: u64 = 1 << 40;
const KEY_SNAPSHOTS: u64 = 2 << 40;
const KEY_QUORUMS: u64 = 3 << 40;
const KEY_KEYS: u64 = 4 << 40;
const KEY_KIND: u64 = !((1 << 40) - 1);
/// Bumped when a record's form changes: records of another form are not read.
const FORMAT: u8 = 1;
/// Members of the largest quorum.
const MAX_MEMBERS: usize = 400;

/// What the store holds, as far as the last commit that succeeded.
#[derive(Clone, Debug, Default)]
pub(super) struct Stored {
    /// Each list's block and the height of the one that it is a change from.
    states: SortedMap<u32, (BlockHash, Option<u32>)>,
    snapshots: SortedMap<u32, BlockHash>,
    /// Each quorum's key and what was written of it.
    quorums: SortedMap<QuorumName, (u64, QuorumStatus, u32)>,
    lock: Option<ChainLock>,
    /// How many keys each of their records holds.
    keys: [u32; SHARDS],
    next_quorum: u64,
    /// Records that could not be read.
    broken: SortedSet<u64>,
}

/// What there is to keep.
#[derive(Clone, Copy)]
pub(super) struct Kept<'a> {
    pub book: &'a Book,
    pub snapshots: &'a Snapshots,
    pub lock: Option<&'a ChainLock>,
    pub keys: &'a Keys,
}

impl Stored {
    /// The records that make the store hold what is to be kept, and what it will hold then.
    pub fn changes(&self, kept: Kept<'_>) -> (Vec<Record>, Self) {
        let mut next = self.clone();
        let mut records = Vec::new();
        let mut put =
            |key: u64, value: Option<Vec<u8>>| records.push(Record { table: Table::Masternodes, key, value });
        for key in std::mem::take(&mut next.broken) {
            put(key, None);
        }
        if self.lock.as_ref() != kept.lock {
            put(KEY_LOCK, kept.lock.map(encode_lock));
            next.lock = kept.lock.copied();
        }
        next.put_states(kept.book, &mut put);
        next.put_snapshots(kept.snapshots, &mut put);
        next.put_quorums(kept.book, &mut put);
        next.put_keys(kept.keys, &mut put);
        (records, next)
    }

    fn put_keys(&mut self, keys: &Keys, put: &mut impl FnMut(u64, Option<Vec<u8>>)) {
        for (shard, (stored, count)) in self.keys.iter_mut().zip(keys.counts()).enumerate() {
            if stored != count {
                put(KEY_KEYS + shard as u64, (*count > 0).then(|| keys.encode(shard)));
                *stored = *count;
            }
        }
    }

    fn put_states(&mut self, book: &Book, put: &mut impl FnMut(u64, Option<Vec<u8>>)) {
        let mut wanted = SortedMap::new();
        let mut below: Option<&Arc<ListState>> = None;
        for state in book.states() {
            let base = below.map(|base| base.height());
            let unchanged = self.states.get(&state.height()) == Some(&(*state.hash(), base))
                && base.is_none_or(|base| wanted.get(&base).is_some_and(|(_, same)| *same));
            if !unchanged {
                let bytes = below.map_or_else(|| state.encode_full(), |base| state.encode_delta(base));
                put(KEY_STATES + u64::from(state.height()), Some(bytes));
            }
            // A change from a list of another branch has to be written again although its own place is the same.
            let same_block = self.states.get(&state.height()).is_none_or(|(hash, _)| hash == state.hash());
            wanted.insert(state.height(), ((*state.hash(), base), same_block));
            below = Some(state);
        }
        for height in self.states.keys().filter(|height| !wanted.contains_key(height)) {
            put(KEY_STATES + u64::from(*height), None);
        }
        self.states = wanted.into_iter().map(|(height, (place, _))| (height, place)).collect();
    }

    fn put_snapshots(&mut self, snapshots: &Snapshots, put: &mut impl FnMut(u64, Option<Vec<u8>>)) {
        let wanted: SortedMap<u32, BlockHash> =
            snapshots.proven().map(|(cycle, block, _)| (cycle, block)).collect();
        for (cycle, block, snapshot) in snapshots.proven() {
            if self.snapshots.get(&cycle) != Some(&block) {
                let mut bytes = vec![FORMAT];
                block.encode(&mut bytes);
                snapshot.encode(&mut bytes);
                put(KEY_SNAPSHOTS + u64::from(cycle), Some(bytes));
            }
        }
        for cycle in self.snapshots.keys().filter(|cycle| !wanted.contains_key(cycle)) {
            put(KEY_SNAPSHOTS + u64::from(*cycle), None);
        }
        self.snapshots = wanted;
    }

    fn put_quorums(&mut self, book: &Book, put: &mut impl FnMut(u64, Option<Vec<u8>>)) {
        let top = book.top().map_or(0, |top| top.height());
        let mut wanted = SortedMap::new();
        for (name, record) in book.quorums() {
            if !matches!(record.status, QuorumStatus::Verified | QuorumStatus::Refused) {
                continue;
            }
            // While it stands in the highest list it needs no height of its own, which would change with every block.
            let seen = if record.last_seen >= top { u32::MAX } else { record.last_seen };
            let known = self.quorums.get(name);
            let key = known.map_or_else(
                || {
                    self.next_quorum += 1;
                    KEY_QUORUMS + self.next_quorum
                },
                |(key, ..)| *key,
            );
            let place = (key, record.status, seen);
            if known != Some(&place) {
                put(key, Some(encode_quorum(record, seen)));
            }
            wanted.insert(*name, place);
        }
        for (_, (key, ..)) in self.quorums.iter().filter(|(name, _)| !wanted.contains_key(name)) {
            put(*key, None);
        }
        self.quorums = wanted;
    }
}

/// What was read back.
#[derive(Debug, Default)]
pub(super) struct Restored {
    pub book: Book,
    pub snapshots: Snapshots,
    pub lock: Option<ChainLock>,
    pub keys: Keys,
    pub stored: Stored,
}

/// Reads the records of the table, by ascending key. `height_of` finds the height of a block of the best chain.
pub(super) fn restore(
    records: Vec<(u64, Vec<u8>)>,
    height_of: impl Fn(&BlockHash) -> Option<u32>,
) -> Restored {
    let mut restored = Restored::default();
    for (key, bytes) in records {
        let read = match key & KEY_KIND {
            KEY_STATES => restored.take_state(&bytes, &height_of),
            KEY_SNAPSHOTS => restored.take_snapshot((key - KEY_SNAPSHOTS) as u32, &bytes),
            KEY_QUORUMS => restored.take_quorum(key, &bytes, &height_of),
            KEY_KEYS => restored.keys.decode(&bytes),
            _ if key == KEY_LOCK => restored.take_lock(&bytes),
            _ => None,
        };
        if read.is_none() {
            restored.stored.broken.insert(key);
        }
    }
    restored.stored.keys = *restored.keys.counts();
    restored
}

impl Restored {
    fn take_state(&mut self, bytes: &[u8], height_of: &impl Fn(&BlockHash) -> Option<u32>) -> Option<()> {
        let head = ListState::record_head(bytes).ok()?;
        let base = match head.base {
            Some((height, _)) => Some(Arc::clone(self.book.at(height)?)),
            None => None,
        };
        let state = ListState::decode(bytes, base.as_deref()).ok()?;
        if height_of(state.hash()) != Some(state.height()) {
            return None;
        }
        let place = (head.hash, head.base.map(|(height, _)| height));
        self.stored.states.insert(head.height, place);
        self.book.insert(Arc::new(state), height_of);
        Some(())
    }

    fn take_snapshot(&mut self, cycle: u32, bytes: &[u8]) -> Option<()> {
        let mut r = Reader::new(bytes.strip_prefix(&[FORMAT])?);
        let block = BlockHash::decode(&mut r).ok()?;
        let snapshot = QuorumSnapshot::decode(&mut r).ok()?;
        r.finish().ok()?;
        self.stored.snapshots.insert(cycle, block);
        self.snapshots.restore(cycle, block, snapshot);
        Some(())
    }

    fn take_quorum(
        &mut self,
        key: u64,
        bytes: &[u8],
        height_of: &impl Fn(&BlockHash) -> Option<u32>,
    ) -> Option<()> {
        let (mut record, seen) = decode_quorum(bytes)?;
        let name = record.entry.name();
        record.height = height_of(&BlockHash::from(name.1));
        let top = self.book.top().map_or(0, |top| top.height());
        record.last_seen = seen.min(top);
        if let Some(in_list) = self.book.quorum(&name) {
            if in_list.entry.leaf() != record.entry.leaf() {
                return None;
            }
            record.last_seen = record.last_seen.max(in_list.last_seen);
        }
        self.stored.next_quorum = self.stored.next_quorum.max(key - KEY_QUORUMS);
        self.stored.quorums.insert(name, (key, record.status, seen));
        self.book.restore_quorum(name, record);
        Some(())
    }

    fn take_lock(&mut self, bytes: &[u8]) -> Option<()> {
        let lock = ChainLock::from_wire(bytes.strip_prefix(&[FORMAT])?).ok()?;
        self.stored.lock = Some(lock);
        self.lock = Some(lock);
        Some(())
    }
}

fn encode_lock(lock: &ChainLock) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    lock.encode(&mut bytes);
    bytes
}

/// Form, whether it is verified, the height that it was last seen at, its commitment, its members.
fn encode_quorum(record: &QuorumRecord, seen: u32) -> Vec<u8> {
    let mut bytes = vec![FORMAT, u8::from(record.status == QuorumStatus::Verified)];
    bytes.extend_from_slice(&seen.to_le_bytes());
    record.entry.commitment().encode(&mut bytes);
    put_compact_size(&mut bytes, record.members.len() as u64);
    record.members.iter().for_each(|member| member.encode(&mut bytes));
    bytes
}

fn decode_quorum(bytes: &[u8]) -> Option<(QuorumRecord, u32)> {
    let mut r = Reader::new(bytes.strip_prefix(&[FORMAT])?);
    let status = if r.bool().ok()? { QuorumStatus::Verified } else { QuorumStatus::Refused };
    let seen = r.u32().ok()?;
    let commitment = FinalCommitment::decode(&mut r).ok()?;
    let count = r.count("members", MAX_MEMBERS, 32).ok()?;
    let members = (0..count).map(|_| ProTxHash::decode(&mut r)).gather::<Result<_, _>>().ok()?;
    r.finish().ok()?;
    let entry = Arc::new(QuorumEntry::new(commitment));
    Some((QuorumRecord { entry, height: None, status, members, last_seen: seen }, seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masternodes::bls::testing::{commitment, decoded_members};

    fn written(stored: &Stored, keys: &Keys) -> (SortedMap<u64, Vec<u8>>, Stored) {
        let (book, snapshots) = (Book::default(), Snapshots::default());
        let (records, next) = stored.changes(Kept { book: &book, snapshots: &snapshots, lock: None, keys });
        (records.into_iter().map(|record| (record.key, record.value.unwrap())).collect(), next)
    }

    #[test]
    fn decoded_keys_are_written_once_and_read_back() {
        let check = commitment(40);
        let (first, all) = (commitment(30), decoded_members(&check));
        let mut keys = Keys::default();
        keys.learn(&decoded_members(&first));
        let (mut records, stored) = written(&Stored::default(), &keys);
        assert!(written(&stored, &keys).0.is_empty());
        keys.learn(&all);
        let (more, stored) = written(&stored, &keys);
        assert!(!more.is_empty() && more.len() <= 10, "{} records for ten keys", more.len());
        records.extend(more);
        let restored = restore(records.into_iter().collect(), |_| None);
        assert_eq!(restored.keys.of_members(&[check]), all);
        assert_eq!(restored.stored.keys, stored.keys);
        assert!(restored.stored.broken.is_empty());
        assert!(written(&restored.stored, &restored.keys).0.is_empty());
    }

    #[test]
    fn a_record_of_keys_that_is_none_is_written_over() {
        let restored = restore(vec![(KEY_KEYS + 3, vec![7; 96])], |_| None);
        assert_eq!(restored.stored.broken, SortedSet::from([KEY_KEYS + 3]));
    }
}
