//! Filters to be searched, and what was found.
//!
//! | work | type |
//! |---|---|
//! | elements | vector of byte vectors |
//! | filters | vector of 32 bytes and a byte vector |
//!
//! The reply is two vectors of u32: filters that match, and what is no filter.

use crate::collections::Gather;
use crate::engine::FilterBatch;
use crate::filters::BatchMatches;
use dash_protocol::{BlockHash, Decode, Encode, MAX_FILTER, Reader, put_compact_size, put_var_bytes};

/// The longest element.
const MAX_ELEMENT: usize = 10_000;
/// More elements than a wallet can watch.
const MAX_ELEMENTS: usize = 4_000_000;
/// More filters than one piece of work has.
const MAX_FILTERS: usize = 10_000;

pub(super) fn put_batch(batch: &FilterBatch, out: &mut Vec<u8>) {
    put_compact_size(out, batch.elements.len() as u64);
    batch.elements.iter().for_each(|element| put_var_bytes(out, element));
    put_compact_size(out, batch.filters.len() as u64);
    for (block, filter) in &batch.filters {
        block.encode(out);
        put_var_bytes(out, filter);
    }
}

pub(super) fn batch(bytes: &[u8]) -> Option<FilterBatch> {
    let mut r = Reader::new(bytes);
    let count = r.count("elements", MAX_ELEMENTS, 1).ok()?;
    let element = |r: &mut Reader<'_>| Some(r.var_bytes("element", MAX_ELEMENT).ok()?.to_vec());
    let elements = (0..count).map(|_| element(&mut r)).gather::<Option<_>>()?;
    let count = r.count("filters", MAX_FILTERS, 33).ok()?;
    let filter = |r: &mut Reader<'_>| {
        Some((BlockHash::decode(r).ok()?, r.var_bytes("filter", MAX_FILTER).ok()?.to_vec()))
    };
    let filters = (0..count).map(|_| filter(&mut r)).gather::<Option<_>>()?;
    r.finish().ok()?;
    Some(FilterBatch { elements, filters })
}

pub(super) fn put_matches(found: &BatchMatches, out: &mut Vec<u8>) {
    for list in [&found.matched, &found.malformed] {
        put_compact_size(out, list.len() as u64);
        list.iter().for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
    }
}

pub(super) fn matches(bytes: &[u8]) -> Option<BatchMatches> {
    let mut r = Reader::new(bytes);
    let mut list = || {
        let count = r.count("indices", MAX_FILTERS, 4).ok()?;
        (0..count).map(|_| r.u32().ok()).gather::<Option<Vec<u32>>>()
    };
    let (matched, malformed) = (list()?, list()?);
    r.finish().ok()?;
    Some(BatchMatches { matched, malformed })
}

/// Whether all that was found is among what was searched.
pub(super) fn answers(batch: &FilterBatch, found: &BatchMatches) -> bool {
    let mut indices = found.matched.iter().chain(&found.malformed);
    indices.all(|index| (*index as usize) < batch.filters.len())
}
