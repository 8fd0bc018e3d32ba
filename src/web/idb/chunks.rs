//! Chunk records: loading, writing over and storing them, reading ranges, and finding a header by its hash.
//!
//! A chunk is stored packed (`store/packed.rs`) and written over unpacked. A stored record is believed as far as its
//! shape goes; a record of another shape is damage.

use super::{Get, bytes_of, get_by, idb_failure};
use crate::collections::SortedMap;
use crate::store::layout::{self, FINGERPRINT, HASH, HEADER};
use crate::store::packed::{self, Unpacked};
use crate::store::{CHUNK, HeaderRun, Meta, Segment, StoreError};
use dash_protocol::BlockHash;
use idb::{KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use std::ops::Range;
use wasm_bindgen::JsValue;

/// Chunks of fingerprints that a search holds at a time.
const SEARCH: u32 = 64;

/// Some chunks by their index.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks(SortedMap<u32, Unpacked>);

impl Chunks {
    /// Asks for the chunks that the runs touch, save those that they fill and those that are warm.
    pub(super) fn load(
        headers: &ObjectStore,
        runs: &[&HeaderRun],
        warm: &Chunks,
    ) -> Result<impl Future<Output = Result<Chunks, StoreError>> + use<>, StoreError> {
        let mut loaded = SortedMap::new();
        let mut wanted: SortedMap<u32, Get> = SortedMap::new();
        for run in runs {
            let heights = layout::heights(run);
            for index in layout::chunks_of(&heights) {
                if wanted.contains_key(&index) || loaded.contains_key(&index) {
                    continue;
                }
                if layout::within(&heights, index).len() == CHUNK as usize {
                    loaded.insert(index, Unpacked::default());
                } else if let Some(chunk) = warm.0.get(&index) {
                    loaded.insert(index, chunk.clone());
                } else {
                    wanted.insert(index, get_by(headers, &JsValue::from(index))?);
                }
            }
        }
        Ok(async move {
            let mut found = Vec::new();
            for (index, packed) in wanted {
                found.push((index, packed.await));
            }
            for (index, packed) in found {
                if let Some(packed) = packed.map_err(idb_failure)? {
                    loaded.insert(index, packed::unpack(&bytes(index, packed)?, 0..CHUNK as usize)?);
                }
            }
            Ok(Chunks(loaded))
        })
    }

    /// Writes a run over what is there.
    pub(super) fn write(&mut self, run: &HeaderRun) {
        let heights = layout::heights(run);
        for index in layout::chunks_of(&heights) {
            let part = layout::within(&heights, index);
            let skipped = (index * CHUNK).saturating_sub(run.first_height) as usize;
            let run_part = skipped..skipped + part.len();
            let hashes = run.hashes[run_part.clone()].as_ref();
            let chunk = self.0.entry(index).or_default();
            let raw = &run.raw[run_part.start * HEADER..run_part.end * HEADER];
            layout::splice(&mut chunk.raw, HEADER, part.start, raw);
            layout::splice(&mut chunk.hashes, HASH, part.start, &joined(hashes));
        }
    }

    /// Cuts off what lies above a height.
    pub(super) fn cut_after(&mut self, tip: u32) {
        for (index, chunk) in &mut self.0 {
            let end = layout::within(&(0..tip.saturating_add(1)), *index).end;
            chunk.raw.truncate(end * HEADER);
            chunk.hashes.truncate(end * HASH);
        }
    }

    /// Asks for all of them to be written.
    pub(super) fn store(&self, headers: &ObjectStore, prints: &ObjectStore) -> Result<(), StoreError> {
        let (mut header_sheet, mut print_sheet) = (Sheet::default(), Sheet::default());
        for (index, chunk) in &self.0 {
            let key = JsValue::from(*index);
            headers.put(header_sheet.with(&packed::pack(chunk)), Some(&key)).map_err(idb_failure)?;
            prints.put(print_sheet.with(&prints_of(chunk)), Some(&key)).map_err(idb_failure)?;
        }
        Ok(())
    }

    /// Forgets all but the chunks in which the segments end.
    pub(super) fn keep_only<'a>(&mut self, segments: impl Iterator<Item = &'a Segment>) {
        let ends: Vec<u32> = segments.map(|segment| segment.tip / CHUNK).collect();
        self.0.retain(|index, _| ends.contains(index));
    }
}

/// Bytes on their way into a store, which copies them while it is asked: most chunks are as long as the one before, and
/// memory that is there already is written much faster than new memory.
#[derive(Default)]
struct Sheet(Uint8Array);

impl Sheet {
    fn with(&mut self, bytes: &[u8]) -> &JsValue {
        if self.0.length() as usize != bytes.len() {
            self.0 = Uint8Array::new_with_length(bytes.len() as u32);
        }
        self.0.copy_from(bytes);
        &self.0
    }
}

/// The first bytes of a hash in internal order.
fn print_of(hash: &[u8; HASH]) -> [u8; FINGERPRINT] {
    let [a, b, c, ..] = *hash;
    [a, b, c]
}

fn prints_of(chunk: &Unpacked) -> Vec<u8> {
    let (hashes, _) = chunk.hashes.as_chunks::<HASH>();
    let mut prints = Vec::with_capacity(hashes.len() * FINGERPRINT);
    for hash in hashes {
        prints.extend_from_slice(&print_of(hash));
    }
    prints
}

fn joined(hashes: &[BlockHash]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(hashes.len() * HASH);
    for hash in hashes {
        joined.extend_from_slice(hash.as_bytes());
    }
    joined
}

/// A record's bytes.
fn bytes(index: u32, value: JsValue) -> Result<Vec<u8>, StoreError> {
    bytes_of(value).ok_or_else(|| StoreError::Damaged(format!("chunk {index} holds no bytes")))
}

/// The records of a range of chunks with their indices; those that are not there are left out.
async fn records(store: &ObjectStore, chunks: Range<u32>) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
    if chunks.is_empty() {
        return Ok(Vec::new());
    }
    let range = || -> Result<Query, StoreError> {
        let (low, high) = (JsValue::from(chunks.start), JsValue::from(chunks.end - 1));
        KeyRange::bound(&low, &high, None, None).map(Query::from).map_err(idb_failure)
    };
    let (for_keys, for_values) = (range()?, range()?);
    let keys = store.get_all_keys(Some(for_keys), None).map_err(idb_failure)?.into_future();
    let values = store.get_all(Some(for_values), None).map(IntoFuture::into_future);
    // Both are awaited before either is judged: a request must not outlive the one who listens to it.
    let keys = keys.await;
    let values = values.map_err(idb_failure)?.await;
    let (keys, values) = (keys.map_err(idb_failure)?, values.map_err(idb_failure)?);
    keys.into_iter()
        .zip(values)
        .filter_map(|(key, value)| Some((key.as_f64()? as u32, value)))
        .map(|(index, value)| Ok((index, bytes(index, value)?)))
        .collect()
}

/// The headers of a range with their hashes, up to the first that is not stored.
pub(super) async fn read(headers: &ObjectStore, heights: Range<u32>) -> Result<HeaderRun, StoreError> {
    let mut run = HeaderRun { first_height: heights.start, ..HeaderRun::default() };
    for (index, packed) in records(headers, layout::chunks_of(&heights)).await? {
        let next = layout::heights(&run).end;
        if next / CHUNK != index {
            break;
        }
        let found = packed::unpack(&packed, layout::within(&(next..heights.end), index))?;
        let (raw, _) = found.raw.as_chunks::<HEADER>();
        let known = raw.iter().take_while(|header| !layout::is_gap(&header[..])).count();
        run.raw.extend(&found.raw[..known * HEADER]);
        let (hashes, _) = found.hashes[..known * HASH].as_chunks::<HASH>();
        run.hashes.extend(hashes.iter().copied().map(BlockHash::from_bytes));
        if layout::heights(&run).end != index.saturating_add(1).saturating_mul(CHUNK) {
            break;
        }
    }
    Ok(run)
}

/// Finds a header by its hash, from the newest chunk downwards. A fingerprint only suggests; the hash is found by
/// hashing.
pub(super) async fn find(
    prints: &ObjectStore,
    headers: &ObjectStore,
    meta: &Meta,
    hash: &BlockHash,
) -> Result<Option<(u32, [u8; HEADER])>, StoreError> {
    let print = print_of(hash.as_bytes());
    let lowest = meta.below.as_ref().map_or(meta.main.context, |below| below.context.min(meta.main.context));
    let bottom = lowest / CHUNK;
    let mut end = meta.main.tip / CHUNK + 1;
    while end > bottom {
        let start = end.saturating_sub(SEARCH).max(bottom);
        for (index, stored) in records(prints, start..end).await?.into_iter().rev() {
            for position in positions(&stored, print) {
                let height = index * CHUNK + position as u32;
                if !layout::holds(meta, height) {
                    continue;
                }
                let found = read(headers, height..height + 1).await?;
                if let Some(raw) = found.raw.first_chunk::<HEADER>()
                    && found.hashes.first() == Some(hash)
                {
                    return Ok(Some((height, *raw)));
                }
            }
        }
        end = start;
    }
    Ok(None)
}

fn positions(prints: &[u8], wanted: [u8; FINGERPRINT]) -> impl Iterator<Item = usize> {
    let (prints, _) = prints.as_chunks::<FINGERPRINT>();
    prints.iter().enumerate().filter(move |(_, print)| **print == wanted).map(|(position, _)| position)
}
