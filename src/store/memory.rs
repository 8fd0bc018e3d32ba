//! The store that lives in memory: of tests, of the simulated world, and of pages whose storage is not to be had.
//!
//! It holds what was committed and no more: 112 bytes a header, in chunks, and the records as they came. Peers cannot
//! make it larger than what was proven to the engine. It fails in one way only, and only when it was given a limit:
//! with `Quota`.

use super::layout::{self, HEADER};
use super::{
    CommitBatch, HeaderRun, Meta, Opened, ReadReply, ReadRequest, Record, STORE_VERSION, Segment, Store,
    StoreError, Table,
};
use dash_protocol::BlockHash;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

/// A store in memory. A clone is an independent copy, which a simulation takes for what a killed tab left behind.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: RefCell<State>,
    network_id: Option<BlockHash>,
    max_headers: Option<usize>,
}

#[derive(Clone, Debug, Default)]
struct State {
    chunks: BTreeMap<u32, Chunk>,
    meta: Option<Meta>,
    records: BTreeMap<(Table, u64), Vec<u8>>,
}

/// Raw headers and their hashes, position by position.
#[derive(Clone, Debug, Default)]
struct Chunk {
    raw: Vec<u8>,
    hashes: Vec<u8>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// A store that opens as empty when what it holds belongs to another network.
    pub fn for_network(network_id: BlockHash) -> Self {
        Self { network_id: Some(network_id), ..Self::default() }
    }

    /// A store that answers `Quota` to a commit after which it would have room for more than so many headers. A record
    /// weighs one header, and one more for every 80 bytes.
    pub fn limited(max_headers: usize) -> Self {
        Self { max_headers: Some(max_headers), ..Self::default() }
    }

    /// Changes the limit of [`MemoryStore::limited`]; `None` lifts it.
    pub fn set_limit(&mut self, max_headers: Option<usize>) {
        self.max_headers = max_headers;
    }

    /// The watermarks of the last commit.
    pub fn meta(&self) -> Option<Meta> {
        self.state.borrow().meta.clone()
    }

    /// Writes a batch, all or nothing.
    pub fn commit_now(&self, batch: &CommitBatch) -> Result<(), StoreError> {
        layout::check(batch)?;
        let mut state = self.state.borrow_mut();
        if let Some(max) = self.max_headers
            && state.room_after(batch) > max
        {
            return Err(StoreError::Quota(format!("room for {max} headers")));
        }
        for run in &batch.runs {
            state.write(run);
        }
        if let Some(meta) = &batch.meta {
            state.meta = Some(meta.clone());
        }
        batch.records.iter().for_each(|record| state.put(record));
        Ok(())
    }

    /// Reads what is asked for.
    pub fn read_now(&self, request: &ReadRequest) -> Result<ReadReply, StoreError> {
        let state = self.state.borrow();
        Ok(match request {
            ReadRequest::Open { tail } => ReadReply::Open(match &state.meta {
                Some(meta) if self.is_ours(meta) => Some(Box::new(state.open(meta, *tail)?)),
                _ => None,
            }),
            ReadRequest::Headers { from, count } => ReadReply::Headers(match &state.meta {
                Some(meta) => state.run(layout::vouched(meta, *from, *count)),
                None => HeaderRun { first_height: *from, ..HeaderRun::default() },
            }),
            ReadRequest::HeaderByHash(hash) => ReadReply::HeaderByHash(state.find(hash)),
            ReadRequest::Records { table } => ReadReply::Records(match &state.meta {
                Some(meta) if self.is_ours(meta) => state.records_of(*table),
                _ => Vec::new(),
            }),
        })
    }

    /// The header at a height and its hash, where this store holds one and the watermarks vouch for it.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn at(&self, height: u32) -> Option<([u8; HEADER], BlockHash)> {
        let state = self.state.borrow();
        let meta = state.meta.as_ref()?;
        layout::holds(meta, height).then(|| state.entry(height)).flatten()
    }

    /// Takes over the watermarks of a store whose headers are read elsewhere, with what its records were.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn adopt(&self, meta: Meta, records: Vec<Record>) {
        let mut state = self.state.borrow_mut();
        state.meta = Some(meta);
        records.iter().for_each(|record| state.put(record));
    }

    fn is_ours(&self, meta: &Meta) -> bool {
        meta.version == STORE_VERSION && self.network_id.is_none_or(|id| id == meta.network_id)
    }
}

impl Store for MemoryStore {
    async fn commit(&self, batch: &CommitBatch) -> Result<(), StoreError> {
        self.commit_now(batch)
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadReply, StoreError> {
        self.read_now(request)
    }
}

impl State {
    fn write(&mut self, run: &HeaderRun) {
        let heights = layout::heights(run);
        for index in layout::chunks_of(&heights) {
            let part = layout::within(&heights, index);
            let skipped = (index * super::CHUNK).saturating_sub(run.first_height) as usize;
            let chunk = self.chunks.entry(index).or_default();
            let raw = &run.raw[skipped * HEADER..(skipped + part.len()) * HEADER];
            let hashes: Vec<u8> =
                run.hashes[skipped..skipped + part.len()].iter().flat_map(|hash| hash.to_bytes()).collect();
            layout::splice(&mut chunk.raw, HEADER, part.start, raw);
            layout::splice(&mut chunk.hashes, 32, part.start, &hashes);
        }
    }

    fn put(&mut self, record: &Record) {
        let key = (record.table, record.key);
        match &record.value {
            Some(value) => self.records.insert(key, value.clone()),
            None => self.records.remove(&key),
        };
    }

    fn records_of(&self, table: Table) -> Vec<(u64, Vec<u8>)> {
        let all = self.records.range((table, 0)..=(table, u64::MAX));
        all.map(|((_, key), value)| (*key, value.clone())).collect()
    }

    /// Headers that there is room for once a batch is written, with what records weigh.
    fn room_after(&self, batch: &CommitBatch) -> usize {
        let mut ends: BTreeMap<u32, usize> =
            self.chunks.iter().map(|(index, chunk)| (*index, chunk.raw.len() / HEADER)).collect();
        for run in &batch.runs {
            let heights = layout::heights(run);
            for index in layout::chunks_of(&heights) {
                let end = ends.entry(index).or_default();
                *end = (*end).max(layout::within(&heights, index).end);
            }
        }
        let mut weights: BTreeMap<(Table, u64), usize> =
            self.records.iter().map(|(key, value)| (*key, layout::weight(value.len()))).collect();
        for record in &batch.records {
            let weight = record.value.as_ref().map_or(0, |value| layout::weight(value.len()));
            weights.insert((record.table, record.key), weight);
        }
        ends.values().chain(weights.values()).sum()
    }

    fn entry(&self, height: u32) -> Option<([u8; HEADER], BlockHash)> {
        let chunk = self.chunks.get(&(height / super::CHUNK))?;
        let at = (height % super::CHUNK) as usize;
        let raw = chunk.raw.get(at * HEADER..(at + 1) * HEADER)?;
        let hash = chunk.hashes.get(at * 32..(at + 1) * 32)?;
        if layout::is_gap(raw) {
            return None;
        }
        Some((raw.try_into().ok()?, BlockHash::from_bytes(hash.try_into().ok()?)))
    }

    /// The headers of a range up to the first that is missing.
    fn run(&self, heights: Range<u32>) -> HeaderRun {
        let mut run = HeaderRun { first_height: heights.start, ..HeaderRun::default() };
        for (raw, hash) in heights.map_while(|height| self.entry(height)) {
            run.raw.extend(raw);
            run.hashes.push(hash);
        }
        run
    }

    fn tail(&self, segment: &Segment, tail: u32) -> Result<HeaderRun, StoreError> {
        let heights = layout::tail_of(segment, tail);
        let run = self.run(heights.clone());
        if run.hashes.len() == heights.len() {
            Ok(run)
        } else {
            Err(StoreError::Damaged(format!("no header at height {}", heights.start + run.len())))
        }
    }

    fn open(&self, meta: &Meta, tail: u32) -> Result<Opened, StoreError> {
        Ok(Opened {
            main_tail: self.tail(&meta.main, tail)?,
            below_tail: meta.below.as_ref().map(|segment| self.tail(segment, tail)).transpose()?,
            meta: meta.clone(),
        })
    }

    fn find(&self, hash: &BlockHash) -> Option<(u32, [u8; HEADER])> {
        let meta = self.meta.as_ref()?;
        self.chunks.iter().rev().find_map(|(index, chunk)| {
            let position = chunk.hashes.chunks_exact(32).rposition(|entry| entry == hash.as_bytes())?;
            let height = index * super::CHUNK + position as u32;
            let (raw, _) = self.entry(height)?;
            layout::holds(meta, height).then_some((height, raw))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_num::Arith256;

    fn raw(height: u32, branch: u8) -> [u8; HEADER] {
        let mut raw = [branch + 1; HEADER];
        raw[..4].copy_from_slice(&height.to_le_bytes());
        raw
    }

    fn hash(height: u32, branch: u8) -> BlockHash {
        let mut hash = [branch; 32];
        hash[..4].copy_from_slice(&height.to_le_bytes());
        BlockHash::from_bytes(hash)
    }

    fn batch(context: u32, heights: Range<u32>, branch: u8) -> CommitBatch {
        let tip = heights.end - 1;
        CommitBatch {
            runs: vec![HeaderRun {
                first_height: heights.start,
                raw: heights.clone().flat_map(|height| raw(height, branch)).collect(),
                hashes: heights.map(|height| hash(height, branch)).collect(),
            }],
            meta: Some(Meta {
                version: STORE_VERSION,
                network_id: BlockHash::from_bytes([3; 32]),
                main: Segment {
                    context,
                    start: context,
                    tip,
                    tip_hash: hash(tip, branch),
                    tip_work: Arith256::from_u64(tip.into()),
                },
                below: None,
            }),
            records: Vec::new(),
        }
    }

    fn headers(store: &MemoryStore, from: u32, count: u32) -> HeaderRun {
        match store.read_now(&ReadRequest::Headers { from, count }).unwrap() {
            ReadReply::Headers(run) => run,
            other => panic!("{other:?}"),
        }
    }

    fn open(store: &MemoryStore, tail: u32) -> Option<Opened> {
        match store.read_now(&ReadRequest::Open { tail }).unwrap() {
            ReadReply::Open(opened) => opened.map(|opened| *opened),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_store_opens_as_nothing_and_reads_as_nothing() {
        let store = MemoryStore::new();
        assert_eq!(open(&store, 10), None);
        assert!(headers(&store, 5, 10).is_empty());
        assert_eq!(store.read_now(&ReadRequest::HeaderByHash(hash(1, 0))), Ok(ReadReply::HeaderByHash(None)));
    }

    #[test]
    fn what_was_committed_is_read_back_over_chunk_borders() {
        let store = MemoryStore::new();
        store.commit_now(&batch(1_500, 1_500..2_500, 0)).unwrap();
        store.commit_now(&batch(1_500, 2_500..6_500, 0)).unwrap();
        let run = headers(&store, 1_900, 3_000);
        assert_eq!(run.hashes, (1_900..4_900).map(|height| hash(height, 0)).collect::<Vec<_>>());
        assert_eq!(run.raw[..HEADER], raw(1_900, 0));
        assert!(headers(&store, 1_499, 2).is_empty());
        assert_eq!(headers(&store, 6_490, 100).len(), 10);
        let opened = open(&store, 4_000).unwrap();
        assert_eq!(opened.main_tail.first_height, 2_500);
        assert_eq!(open(&store, 40_000).unwrap().main_tail.first_height, 1_500);
    }

    #[test]
    fn a_rewind_hides_what_lies_above_the_new_tip() {
        let store = MemoryStore::new();
        store.commit_now(&batch(0, 0..3_000, 0)).unwrap();
        store.commit_now(&batch(0, 2_900..2_950, 1)).unwrap();
        assert_eq!(headers(&store, 2_899, 1_000).len(), 51);
        assert_eq!(headers(&store, 2_900, 1).hashes, [hash(2_900, 1)]);
        for gone in [hash(2_960, 0), hash(2_920, 0)] {
            assert_eq!(store.read_now(&ReadRequest::HeaderByHash(gone)), Ok(ReadReply::HeaderByHash(None)));
        }
        assert_eq!(
            store.read_now(&ReadRequest::HeaderByHash(hash(2_920, 1))),
            Ok(ReadReply::HeaderByHash(Some((2_920, raw(2_920, 1)))))
        );
    }

    #[test]
    fn a_commit_over_the_limit_changes_nothing() {
        let store = MemoryStore::limited(3_000);
        store.commit_now(&batch(0, 0..3_000, 0)).unwrap();
        store.commit_now(&batch(0, 2_900..3_000, 1)).unwrap();
        let before = open(&store, 5_000);
        assert!(matches!(store.commit_now(&batch(0, 3_000..3_001, 0)), Err(StoreError::Quota(_))));
        assert_eq!(open(&store, 5_000), before);
    }

    fn records(store: &MemoryStore) -> Vec<(u64, Vec<u8>)> {
        match store.read_now(&ReadRequest::Records { table: Table::Masternodes }).unwrap() {
            ReadReply::Records(records) => records,
            other => panic!("{other:?}"),
        }
    }

    fn record(key: u64, value: Option<&[u8]>) -> Record {
        Record { table: Table::Masternodes, key, value: value.map(<[u8]>::to_vec) }
    }

    fn with(batch: CommitBatch, records: Vec<Record>) -> CommitBatch {
        CommitBatch { records, ..batch }
    }

    #[test]
    fn records_are_read_by_ascending_key_and_deleted_ones_are_gone() {
        let store = MemoryStore::new();
        let first = vec![record(300, Some(b"c")), record(2, Some(b"a")), record(10, Some(b"b"))];
        store.commit_now(&with(batch(0, 0..10, 0), first)).unwrap();
        let second = vec![record(10, None), record(2, Some(b"A")), record(4, Some(b"")), record(5, None)];
        store.commit_now(&CommitBatch::of_records(second)).unwrap();
        assert_eq!(records(&store), [(2, b"A".to_vec()), (4, Vec::new()), (300, b"c".to_vec())]);
        assert_eq!(store.meta(), batch(0, 0..10, 0).meta);
        assert_eq!(records(&store.clone()), records(&store), "a copy has them, too");
    }

    #[test]
    fn a_failed_commit_leaves_neither_headers_nor_records() {
        let store = MemoryStore::limited(30);
        store.commit_now(&with(batch(0, 0..20, 0), vec![record(1, Some(&[1; 79]))])).unwrap();
        let too_much = with(batch(0, 20..25, 0), vec![record(1, None), record(2, Some(&[2; 400]))]);
        assert!(matches!(store.commit_now(&too_much), Err(StoreError::Quota(_))));
        let unvouched = CommitBatch { meta: None, ..with(batch(0, 20..25, 0), vec![record(2, Some(b""))]) };
        assert!(matches!(store.commit_now(&unvouched), Err(StoreError::Failed(_))));
        let beyond = with(batch(0, 20..25, 0), vec![record(super::super::MAX_RECORD_KEY, Some(b""))]);
        assert!(matches!(store.commit_now(&beyond), Err(StoreError::Failed(_))));
        assert_eq!(records(&store), [(1, vec![1; 79])]);
        assert_eq!(open(&store, 30).unwrap().main_tail.len(), 20);
        store
            .commit_now(&with(batch(0, 20..25, 0), vec![record(1, None), record(2, Some(&[2; 399]))]))
            .unwrap();
        assert_eq!((records(&store).len(), open(&store, 30).unwrap().main_tail.len()), (1, 25));
    }

    #[test]
    fn a_batch_whose_parts_do_not_fit_is_refused() {
        let store = MemoryStore::new();
        let mut uneven = batch(0, 0..10, 0);
        uneven.runs[0].hashes.pop();
        assert!(matches!(store.commit_now(&uneven), Err(StoreError::Failed(_))));
        assert_eq!(open(&store, 10), None);
    }

    #[test]
    fn a_store_of_another_network_or_version_opens_as_empty() {
        let mut store = MemoryStore::for_network(BlockHash::from_bytes([3; 32]));
        store.commit_now(&batch(0, 0..10, 0)).unwrap();
        assert!(open(&store, 10).is_some());
        store.commit_now(&CommitBatch::of_records(vec![record(1, Some(b"one"))])).unwrap();
        assert_eq!(records(&store).len(), 1);
        store.network_id = Some(BlockHash::from_bytes([4; 32]));
        assert_eq!(open(&store, 10), None);
        assert_eq!(records(&store), []);
        let mut old = batch(0, 0..10, 0);
        old.meta.as_mut().unwrap().version += 1;
        let store = MemoryStore::new();
        store.commit_now(&old).unwrap();
        assert_eq!(open(&store, 10), None);
    }

    #[test]
    fn a_tail_with_a_hole_is_reported_as_damage() {
        let store = MemoryStore::new();
        let mut holed = batch(0, 5..10, 0);
        holed.meta.as_mut().unwrap().main.context = 0;
        store.commit_now(&holed).unwrap();
        assert!(matches!(store.read_now(&ReadRequest::Open { tail: 10 }), Err(StoreError::Damaged(_))));
    }
}
