//! Chunk records: loading, writing over and storing them, reading ranges, and finding a header by its hash.
//!
//! A stored record is believed as far as its shape goes: whole entries, no longer than a chunk. A record of another
//! shape is damage.

use super::{Get, bytes_of, get_by, idb_failure};
use crate::chain::pow::x11;
use crate::collections::SortedMap;
use crate::store::layout::{self, FINGERPRINT, HEADER};
use crate::store::{CHUNK, HeaderRun, Meta, Segment, StoreError};
use dash_protocol::BlockHash;
use idb::{KeyRange, ObjectStore, Query};
use js_sys::Uint8Array;
use std::ops::Range;
use wasm_bindgen::JsValue;

/// Chunks of fingerprints that a search holds at a time.
const SEARCH: u32 = 32;

/// One chunk as stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    raw: Vec<u8>,
    prints: Vec<u8>,
}

/// Some chunks by their index.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks(SortedMap<u32, Chunk>);

impl Chunks {
    /// Asks for the chunks that the runs touch, save those that they fill and those that are warm.
    pub(super) fn load(
        headers: &ObjectStore,
        prints: &ObjectStore,
        runs: &[&HeaderRun],
        warm: &Chunks,
    ) -> Result<impl Future<Output = Result<Chunks, StoreError>> + use<>, StoreError> {
        let mut loaded = SortedMap::new();
        let mut wanted: SortedMap<u32, (Get, Get)> = SortedMap::new();
        for run in runs {
            let heights = layout::heights(run);
            for index in layout::chunks_of(&heights) {
                if wanted.contains_key(&index) || loaded.contains_key(&index) {
                    continue;
                }
                if layout::within(&heights, index).len() == CHUNK as usize {
                    loaded.insert(index, Chunk::default());
                } else if let Some(chunk) = warm.0.get(&index) {
                    loaded.insert(index, chunk.clone());
                } else {
                    let key = JsValue::from(index);
                    wanted.insert(index, (get_by(headers, &key)?, get_by(prints, &key)?));
                }
            }
        }
        Ok(async move {
            let mut found = Vec::new();
            for (index, (raw, prints)) in wanted {
                found.push((index, raw.await, prints.await));
            }
            for (index, raw, prints) in found {
                let raw = record(index, raw.map_err(idb_failure)?, HEADER)?;
                let prints = record(index, prints.map_err(idb_failure)?, FINGERPRINT)?;
                if raw.len() / HEADER != prints.len() / FINGERPRINT {
                    return Err(StoreError::Damaged(format!(
                        "chunk {index} and its fingerprints differ in length"
                    )));
                }
                loaded.insert(index, Chunk { raw, prints });
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
            let prints: Vec<u8> = run.hashes[run_part.clone()].iter().flat_map(print_of).collect();
            let chunk = self.0.entry(index).or_default();
            let raw = &run.raw[run_part.start * HEADER..run_part.end * HEADER];
            layout::splice(&mut chunk.raw, HEADER, part.start, raw);
            layout::splice(&mut chunk.prints, FINGERPRINT, part.start, &prints);
        }
    }

    /// Cuts off what lies above a height.
    pub(super) fn cut_after(&mut self, tip: u32) {
        for (index, chunk) in &mut self.0 {
            let end = layout::within(&(0..tip.saturating_add(1)), *index).end;
            chunk.raw.truncate(end * HEADER);
            chunk.prints.truncate(end * FINGERPRINT);
        }
    }

    /// Asks for all of them to be written.
    pub(super) fn store(&self, headers: &ObjectStore, prints: &ObjectStore) -> Result<(), StoreError> {
        for (index, chunk) in &self.0 {
            let key = JsValue::from(*index);
            headers.put(&Uint8Array::from(&chunk.raw[..]), Some(&key)).map_err(idb_failure)?;
            prints.put(&Uint8Array::from(&chunk.prints[..]), Some(&key)).map_err(idb_failure)?;
        }
        Ok(())
    }

    /// Forgets all but the chunks in which the segments end.
    pub(super) fn keep_only<'a>(&mut self, segments: impl Iterator<Item = &'a Segment>) {
        let ends: Vec<u32> = segments.map(|segment| segment.tip / CHUNK).collect();
        self.0.retain(|index, _| ends.contains(index));
    }
}

/// The first bytes of a hash in internal order.
fn print_of(hash: &BlockHash) -> [u8; FINGERPRINT] {
    let [a, b, c, d, ..] = hash.to_bytes();
    [a, b, c, d]
}

/// The header at a position of a chunk, which the caller knows to be there.
pub(super) fn entry(raw: &[u8], position: usize) -> [u8; HEADER] {
    let mut entry = [0; HEADER];
    entry.copy_from_slice(&raw[position * HEADER..(position + 1) * HEADER]);
    entry
}

/// A record's bytes, checked for shape; none for one that is not there.
fn record(index: u32, value: Option<JsValue>, width: usize) -> Result<Vec<u8>, StoreError> {
    let Some(value) = value else { return Ok(Vec::new()) };
    match bytes_of(value) {
        Some(bytes) if bytes.len() % width == 0 && bytes.len() <= CHUNK as usize * width => Ok(bytes),
        _ => Err(StoreError::Damaged(format!("chunk {index} has an impossible length"))),
    }
}

/// The records of a range of chunks with their indices; those that are not there are left out.
async fn records(
    store: &ObjectStore,
    chunks: Range<u32>,
    width: usize,
) -> Result<Vec<(u32, Vec<u8>)>, StoreError> {
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
        .map(|(index, value)| Ok((index, record(index, Some(value), width)?)))
        .collect()
}

/// The raw headers of a range, up to the first that is not stored.
pub(super) async fn read(headers: &ObjectStore, heights: Range<u32>) -> Result<Vec<u8>, StoreError> {
    let mut out = Vec::with_capacity(heights.len() * HEADER);
    let mut next = heights.start;
    for (index, raw) in records(headers, layout::chunks_of(&heights), HEADER).await? {
        let part = layout::within(&(next..heights.end), index);
        if next / CHUNK != index {
            break;
        }
        let stored = raw.get(part.start * HEADER..).unwrap_or_default();
        let stored = &stored[..stored.len().min(part.len() * HEADER)];
        for header in stored.chunks_exact(HEADER).take_while(|header| !layout::is_gap(header)) {
            out.extend_from_slice(header);
        }
        next = heights.start + (out.len() / HEADER) as u32;
        if next != index.saturating_add(1).saturating_mul(CHUNK) {
            break;
        }
    }
    Ok(out)
}

/// Finds a header by its hash, from the newest chunk downwards. A fingerprint only suggests; the hash is computed.
pub(super) async fn find(
    prints: &ObjectStore,
    headers: &ObjectStore,
    meta: &Meta,
    hash: &BlockHash,
) -> Result<Option<(u32, [u8; HEADER])>, StoreError> {
    let print = print_of(hash);
    let lowest = meta.below.as_ref().map_or(meta.main.context, |below| below.context.min(meta.main.context));
    let bottom = lowest / CHUNK;
    let mut end = meta.main.tip / CHUNK + 1;
    while end > bottom {
        let start = end.saturating_sub(SEARCH).max(bottom);
        for (index, stored) in records(prints, start..end, FINGERPRINT).await?.into_iter().rev() {
            for position in positions(&stored, print) {
                let height = index * CHUNK + position as u32;
                if !layout::holds(meta, height) {
                    continue;
                }
                let raw = read(headers, height..height + 1).await?;
                if let Some(raw) = raw.first_chunk::<HEADER>()
                    && x11(raw) == *hash
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
