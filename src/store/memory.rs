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
use crate::collections::{Gather, SortedMap};
use dash_protocol::BlockHash;
use std::cell::RefCell;
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
    chunks: SortedMap<u32, Chunk>,
    meta: Option<Meta>,
    records: SortedMap<(Table, u64), Vec<u8>>,
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
                run.hashes[skipped..skipped + part.len()].iter().flat_map(|hash| hash.to_bytes()).gather();
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
        all.map(|((_, key), value)| (*key, value.clone())).gather()
    }

    /// Headers that there is room for once a batch is written, with what records weigh.
    fn room_after(&self, batch: &CommitBatch) -> usize {
        let mut ends: SortedMap<u32, usize> =
            self.chunks.iter().map(|(index, chunk)| (*index, chunk.raw.len() / HEADER)).collect();
        for run in &batch.runs {
            let heights = layout::heights(run);
            for index in layout::chunks_of(&heights) {
                let end = ends.entry(index).or_default();
                *end = (*end).max(layout::within(&heights, index).end);
            }
        }
        let mut weights: SortedMap<(Table, u64), usize> =
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
mod tests;
