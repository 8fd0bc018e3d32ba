//! How headers lie in chunks, and how watermarks are written down: the arithmetic that every store shares.
//!
//! A chunk is the joined raw headers of heights `n * CHUNK .. (n + 1) * CHUNK`. What lies below its first known
//! header is filled with zeroes (no header is all zeroes: that one has no proof of work), and it ends with its highest
//! one. Nothing here is larger than one chunk (80 kB, and 32 kB of hashes).

use super::{CHUNK, CommitBatch, HeaderRun, MAX_RECORD_KEY, Meta, Segment, StoreError};
use dash_protocol::Header;
use std::ops::Range;

/// Bytes of a header.
pub(crate) const HEADER: usize = Header::LEN;

/// Bytes of a hash.
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) const HASH: usize = 32;

/// Bytes of a hash that a fingerprint keeps.
#[cfg(target_arch = "wasm32")]
pub(crate) const FINGERPRINT: usize = 3;

/// Bytes of a record's value that weigh as much as a header, where headers are counted.
const RECORD_UNIT: usize = HEADER;

/// How many headers a record of so many bytes weighs; even an empty one weighs something.
pub(crate) fn weight(bytes: usize) -> usize {
    1 + bytes / RECORD_UNIT
}

/// Refuses a batch whose parts do not fit together.
pub(crate) fn check(batch: &CommitBatch) -> Result<(), StoreError> {
    for run in &batch.runs {
        let fits = run.raw.len() % HEADER == 0
            && run.hashes.len() == run.raw.len() / HEADER
            && u32::try_from(run.hashes.len()).is_ok_and(|len| run.first_height.checked_add(len).is_some());
        if !fits {
            return Err(StoreError::Failed(format!(
                "a run at height {} has {} bytes and {} hashes",
                run.first_height,
                run.raw.len(),
                run.hashes.len()
            )));
        }
    }
    if batch.meta.is_none() && !batch.runs.is_empty() {
        return Err(StoreError::Failed("headers without the watermarks that vouch for them".to_owned()));
    }
    match batch.records.iter().find(|record| record.key >= MAX_RECORD_KEY) {
        Some(record) => Err(StoreError::Failed(format!("a record has the key {}, 2^53 or more", record.key))),
        None => Ok(()),
    }
}

/// The chunks that a range of heights touches.
pub(crate) fn chunks_of(heights: &Range<u32>) -> Range<u32> {
    if heights.is_empty() { 0..0 } else { heights.start / CHUNK..(heights.end - 1) / CHUNK + 1 }
}

/// The part of a range of heights that lies in one chunk, as positions within the chunk.
pub(crate) fn within(heights: &Range<u32>, chunk: u32) -> Range<usize> {
    let base = u64::from(chunk) * u64::from(CHUNK);
    let clamp = |height: u32| u64::from(height).saturating_sub(base).min(u64::from(CHUNK)) as usize;
    clamp(heights.start)..clamp(heights.end)
}

/// Writes entries of `width` bytes over positions `at..` of a chunk, filling a gap before them with zeroes.
pub(crate) fn splice(chunk: &mut Vec<u8>, width: usize, at: usize, entries: &[u8]) {
    let start = at * width;
    if chunk.len() < start {
        chunk.resize(start, 0);
    }
    let (over, beyond) = entries.split_at(entries.len().min(chunk.len() - start));
    chunk[start..start + over.len()].copy_from_slice(over);
    chunk.extend_from_slice(beyond);
}

/// The heights that a run covers.
pub(crate) fn heights(run: &HeaderRun) -> Range<u32> {
    run.first_height..run.first_height.saturating_add(run.len())
}

/// The part of `from..from + count` that the segments vouch for, from its start without a gap.
pub(crate) fn vouched(meta: &Meta, from: u32, count: u32) -> Range<u32> {
    let wanted_end = from.saturating_add(count);
    let mut end = from;
    for segment in meta.below.iter().chain([&meta.main]) {
        if (segment.context..=segment.tip).contains(&end) {
            end = segment.tip.saturating_add(1).min(wanted_end);
        }
    }
    from..end.max(from)
}

/// Whether a height lies in a segment.
pub(crate) fn holds(meta: &Meta, height: u32) -> bool {
    !vouched(meta, height, 1).is_empty()
}

/// The last `tail` heights of a segment.
pub(crate) fn tail_of(segment: &Segment, tail: u32) -> Range<u32> {
    let end = segment.tip.saturating_add(1);
    end.saturating_sub(tail).max(segment.context)..end
}

/// Whether an entry is a gap's filling.
pub(crate) fn is_gap(entry: &[u8]) -> bool {
    entry.iter().all(|byte| *byte == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_num::Arith256;
    use dash_protocol::BlockHash;

    fn segment(context: u32, start: u32, tip: u32) -> Segment {
        Segment {
            context,
            start,
            tip,
            tip_hash: BlockHash::from_bytes([tip as u8; 32]),
            tip_work: Arith256::from_u64(9).wrapping_shl(130),
        }
    }

    fn meta(below: Option<Segment>) -> Meta {
        Meta {
            version: 1,
            network_id: BlockHash::from_bytes([7; 32]),
            main: segment(1_000, 1_035, 5_000),
            below,
        }
    }

    #[test]
    fn a_read_ends_where_the_segments_do() {
        let meta = meta(Some(segment(100, 135, 500)));
        assert_eq!(vouched(&meta, 4_990, 100), 4_990..5_001);
        assert_eq!(vouched(&meta, 490, 2_000), 490..501);
        assert_eq!(vouched(&meta, 600, 2_000), 600..600);
        assert_eq!(vouched(&meta, 99, 5), 99..99);
        assert_eq!(vouched(&meta, 5_001, 5), 5_001..5_001);
        assert_eq!(vouched(&meta, u32::MAX, u32::MAX), u32::MAX..u32::MAX);
    }

    #[test]
    fn a_read_goes_on_over_segments_that_touch() {
        let meta = meta(Some(segment(100, 135, 1_000)));
        assert_eq!(vouched(&meta, 900, 2_000), 900..2_900);
    }

    #[test]
    fn a_range_is_split_at_chunk_borders() {
        let (last, next) = (CHUNK as usize - 1, CHUNK as usize);
        let over = CHUNK - 1..2 * CHUNK + 1;
        assert_eq!(chunks_of(&over), 0..3);
        assert_eq!(chunks_of(&(CHUNK..2 * CHUNK)), 1..2);
        assert!(chunks_of(&(5..5)).is_empty());
        assert_eq!(within(&over, 0), last..next);
        assert_eq!(within(&over, 1), 0..next);
        assert_eq!(within(&over, 2), 0..1);
    }

    #[test]
    fn a_gap_before_the_first_entry_is_filled_with_zeroes() {
        let mut chunk = Vec::new();
        splice(&mut chunk, 2, 2, &[1, 2, 3, 4]);
        assert_eq!(chunk, [0, 0, 0, 0, 1, 2, 3, 4]);
        splice(&mut chunk, 2, 1, &[9, 9]);
        assert_eq!(chunk, [0, 0, 9, 9, 1, 2, 3, 4]);
    }
}
