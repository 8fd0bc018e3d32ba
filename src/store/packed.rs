//! A chunk of headers as it is kept on disk: without what the headers before it tell.
//!
//! A header's previous hash is the hash of the one before, so it is left out, and found again by hashing. To read a
//! header without hashing all before it in its chunk, every [`GROUP`]th one keeps it, as does one that does not follow
//! the entry before it: the first of a segment, or what stands beside an earlier branch's left-overs. Such a hash is
//! called a link here. What hangs on different links is hashed side by side, in the batches that X11 is fastest in.
//!
//! Versions, times and bits are near those of the entry before, so that differences are kept, each kind in as few bytes
//! as the largest of the chunk needs: on mainnet mostly none, two, and three. The bits stay, although difficulty gives
//! them: finding them again would take the 24 headers before the chunk, and cost a read more than the hashes do, for
//! three bytes of forty-three.
//!
//! | bytes | |
//! |---|---|
//! | 2 | number of links |
//! | 3 | bytes of a difference of versions, of times, of bits: 0 to 4 |
//! | 12 | version, time and bits to which the first entry's differences are none |
//! | 34 each | a link: position within the chunk, hash; by ascending position |
//! | 36 each, and differences | an entry: merkle root, nonce, differences of version, time, bits |
//!
//! Numbers are little-endian. A difference is one of 32 bits that wraps around, with its sign in the lowest bit. A gap is
//! an entry whose numbers and merkle root are zero. Nothing here is larger than a chunk (some 51 kB); whatever was not
//! written here is refused, and what was written is believed as far as its hashes lead: a reader holds them against the
//! watermarks.

use super::layout::{HASH, HEADER, is_gap};
use super::{CHUNK, StoreError};
use crate::chain::pow;
use crate::collections::{Gather, sort_by_key};
use dash_protocol::BlockHash;
use dash_protocol::hash::is_same;
use std::ops::Range;

/// Headers from one link to the next.
pub(crate) const GROUP: usize = 16;

/// Bytes before the links.
const HEAD: usize = 2 + NEAR.len() + 4 * NEAR.len();
/// Bytes of a link.
const LINK: usize = 2 + HASH;
/// Bytes of an entry that are kept as they are: merkle root and nonce.
const KEPT: usize = HASH + 4;
/// Where the previous hash stands in a header.
const PREVIOUS: Range<usize> = 4..36;
/// Where the merkle root does.
const ROOT: Range<usize> = 36..68;
/// Where the nonce does.
const NONCE: Range<usize> = 76..80;
/// Where the numbers begin that are near those of the header before: version, time, bits.
const NEAR: [usize; 3] = [0, 68, 72];

/// Some headers of a chunk, from a position on, with their hashes. A gap is a header and a hash of zeroes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unpacked {
    /// Headers of 80 bytes each, joined.
    pub raw: Vec<u8>,
    /// Their hashes in internal order, 32 bytes each, joined.
    pub hashes: Vec<u8>,
}

/// Packs a chunk from its first position on.
pub(crate) fn pack(chunk: &Unpacked) -> Vec<u8> {
    let (headers, _) = chunk.raw.as_chunks::<HEADER>();
    let (hashes, _) = chunk.hashes.as_chunks::<HASH>();
    let first = headers.first().map_or([0; NEAR.len()], near);
    let mut before = first;
    let mut steps = Vec::with_capacity(headers.len());
    for header in headers {
        steps.push(step(&mut before, near(header)));
    }
    let widths = widths(&steps);
    let [version, time, bits] = widths;
    // Where in a row each difference begins, and where the row ends.
    let ends = [KEPT, KEPT + version, KEPT + version + time, KEPT + version + time + bits];
    let row = ends[NEAR.len()];
    let mut links = Vec::new();
    // A difference is written as four bytes, of which the next one takes back what are too many.
    let mut rows = vec![0; headers.len() * row + 4];
    for (at, header) in headers.iter().enumerate() {
        let previous = header.as_slice()[PREVIOUS].first_chunk();
        let follows = at > 0 && previous.is_some_and(|previous| is_same(previous, &hashes[at - 1]));
        if (!follows || at.is_multiple_of(GROUP)) && !is_gap(header) {
            links.extend_from_slice(&(at as u16).to_le_bytes());
            links.extend_from_slice(&header[PREVIOUS]);
        }
        // As a slice: ranges of arrays are taken by functions, which are called where code is compiled for size.
        let (header, row) = (header.as_slice(), &mut rows[at * row..][..row + 4]);
        row[..HASH].copy_from_slice(&header[ROOT]);
        row[HASH..KEPT].copy_from_slice(&header[NONCE]);
        let [version, time, bits] = steps[at];
        row[ends[0]..][..4].copy_from_slice(&version.to_le_bytes());
        row[ends[1]..][..4].copy_from_slice(&time.to_le_bytes());
        row[ends[2]..][..4].copy_from_slice(&bits.to_le_bytes());
    }
    let rows = &rows[..headers.len() * row];
    let mut packed = Vec::with_capacity(HEAD + links.len() + rows.len());
    packed.extend_from_slice(&((links.len() / LINK) as u16).to_le_bytes());
    packed.extend_from_slice(&widths.map(|width| width as u8));
    packed.extend_from_slice(first.map(u32::to_le_bytes).as_flattened());
    packed.extend_from_slice(&links);
    packed.extend_from_slice(rows);
    packed
}

/// The numbers of a header that are near those of the one before.
fn near(header: &[u8; HEADER]) -> [u32; NEAR.len()] {
    let number = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&header.as_slice()[at..at + 4]);
        u32::from_le_bytes(bytes)
    };
    let [version, time, bits] = NEAR;
    [number(version), number(time), number(bits)]
}

/// The differences to the numbers before, which become these. The sign is in the lowest bit, so that small differences
/// in both directions are small numbers.
fn step(before: &mut [u32; NEAR.len()], near: [u32; NEAR.len()]) -> [u32; NEAR.len()] {
    let before = std::mem::replace(before, near);
    let signed = |kind: usize| {
        let difference = near[kind].wrapping_sub(before[kind]);
        (difference << 1) ^ ((difference as i32 >> 31) as u32)
    };
    [signed(0), signed(1), signed(2)]
}

/// Bytes that the largest difference of each kind takes.
fn widths(steps: &[[u32; NEAR.len()]]) -> [usize; NEAR.len()] {
    let all =
        steps.iter().fold([0; NEAR.len()], |all, step| std::array::from_fn(|kind| all[kind] | step[kind]));
    all.map(|bits: u32| (u32::BITS - bits.leading_zeros()).div_ceil(8) as usize)
}

/// Unpacks the entries at some positions of a chunk, fewer where it ends before.
///
/// # Errors
/// [`StoreError::Damaged`] for what [`pack`] did not write.
pub(crate) fn unpack(packed: &[u8], wanted: Range<usize>) -> Result<Unpacked, StoreError> {
    let parts =
        Parts::of(packed).ok_or_else(|| StoreError::Damaged("a chunk has no such shape".to_owned()))?;
    let wanted = wanted.start.min(parts.entries.len())..wanted.end.min(parts.entries.len());
    let mut chains = parts.chains(&wanted)?;
    let mut found = Unpacked { raw: vec![0; wanted.len() * HEADER], hashes: vec![0; wanted.len() * HASH] };
    // The longest first, so that those that still go on stand together.
    sort_by_key(&mut chains, |chain| std::cmp::Reverse(chain.places.len()));
    for beside in chains.chunks_mut(pow::LANES) {
        hash_beside(&parts, beside, |at, header, hash| {
            let Some(place) = at.checked_sub(wanted.start) else { return };
            found.raw[place * HEADER..][..HEADER].copy_from_slice(header);
            found.hashes[place * HASH..][..HASH].copy_from_slice(hash.as_bytes());
        });
    }
    Ok(found)
}

/// Headers that follow each other from a link on.
struct Chain {
    /// The hash that the next header names as previous.
    previous: [u8; HASH],
    places: Range<usize>,
}

/// Goes along some chains at once, a header of each at a time; they are in the order of their length, the longest first.
fn hash_beside(
    parts: &Parts<'_>,
    chains: &mut [Chain],
    mut each: impl FnMut(usize, &[u8; HEADER], BlockHash),
) {
    let longest = chains.first().map_or(0, |chain| chain.places.len());
    let mut raw = Vec::with_capacity(chains.len() * HEADER);
    for step in 0..longest {
        let going_on = chains.partition_point(|chain| chain.places.len() > step);
        raw.clear();
        for chain in &chains[..going_on] {
            let mut header = parts.entries[chain.places.start + step];
            header[PREVIOUS].copy_from_slice(&chain.previous);
            raw.extend_from_slice(&header);
        }
        let (headers, _) = raw.as_chunks::<HEADER>();
        for ((chain, header), hash) in chains.iter_mut().zip(headers).zip(pow::x11_batch(&raw)) {
            each(chain.places.start + step, header, hash);
            chain.previous = hash.to_bytes();
        }
    }
}

/// A packed chunk, taken apart.
struct Parts<'a> {
    links: &'a [[u8; LINK]],
    /// Headers but for their previous hashes.
    entries: Vec<[u8; HEADER]>,
}

impl<'a> Parts<'a> {
    /// None for another shape.
    fn of(packed: &'a [u8]) -> Option<Self> {
        let (count, rest) = packed.split_first_chunk::<2>()?;
        let (widths, rest) = rest.split_first_chunk::<{ NEAR.len() }>()?;
        let (first, rest) = rest.split_first_chunk::<{ 4 * NEAR.len() }>()?;
        let (links, rows) = rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * LINK)?;
        let widths = widths.map(usize::from);
        let (links, _) = links.as_chunks::<LINK>();
        let rows = rows.chunks_exact(KEPT + widths.iter().sum::<usize>());
        let fits = widths.iter().all(|width| *width <= 4)
            && rows.remainder().is_empty()
            && rows.len() <= CHUNK as usize;
        let (first, _) = first.as_chunks::<4>();
        let mut before = std::array::from_fn(|kind| u32::from_le_bytes(first[kind]));
        fits.then(|| Self { links, entries: rows.map(|row| entry(row, widths, &mut before)).gather() })
    }

    /// What has to be hashed for the entries at some positions: from the links at or before them up to their end.
    fn chains(&self, wanted: &Range<usize>) -> Result<Vec<Chain>, StoreError> {
        let mut chains = Vec::new();
        let mut end = wanted.end;
        for link in self.links.iter().rev() {
            let [low, high, previous @ ..] = *link;
            let start = usize::from(u16::from_le_bytes([low, high]));
            if start >= end {
                continue;
            }
            // A chain ends where a gap begins.
            let known = self.entries[start..end].iter().take_while(|entry| !is_gap(&entry[..])).count();
            chains.push(Chain { previous, places: start..start + known });
            end = start;
            if start <= wanted.start {
                break;
            }
        }
        let reached = |chain: &Chain| chain.places.end.saturating_sub(chain.places.start.max(wanted.start));
        let known: usize = chains.iter().map(reached).sum();
        let gaps = self.entries[wanted.clone()].iter().filter(|entry| is_gap(&entry[..])).count();
        if known + gaps == wanted.len() {
            Ok(chains)
        } else {
            Err(StoreError::Damaged("nothing leads to some headers of a chunk".to_owned()))
        }
    }
}

/// A header but for its previous hash, from its row and the numbers of the one before, which become its own.
fn entry(row: &[u8], widths: [usize; NEAR.len()], before: &mut [u32; NEAR.len()]) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (root, row) = row.split_at(HASH);
    let (nonce, mut row) = row.split_at(KEPT - HASH);
    header[ROOT].copy_from_slice(root);
    header[NONCE].copy_from_slice(nonce);
    for ((at, width), number) in NEAR.into_iter().zip(widths).zip(before) {
        let (difference, rest) = row.split_at(width);
        let signed = difference.iter().rev().fold(0, |signed, byte| signed << 8 | u32::from(*byte));
        *number = number.wrapping_add((signed >> 1) ^ (signed & 1).wrapping_neg());
        header[at..at + 4].copy_from_slice(&number.to_le_bytes());
        row = rest;
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use fastrand::Rng;

    /// Headers from a position on that follow each other, after one with this hash.
    fn linked(random: &mut Rng, mut previous: [u8; 32], count: usize) -> Unpacked {
        let mut run = Unpacked::default();
        for _ in 0..count {
            let mut header: [u8; HEADER] = std::array::from_fn(|_| random.u8(..) | 1);
            header[PREVIOUS].copy_from_slice(&previous);
            previous = pow::x11(&header).to_bytes();
            run.raw.extend(header);
            run.hashes.extend(previous);
        }
        run
    }

    fn joined(parts: &[Unpacked]) -> Unpacked {
        let all = |bytes: fn(&Unpacked) -> &[u8]| parts.iter().flat_map(bytes).copied().collect();
        Unpacked { raw: all(|part| &part.raw), hashes: all(|part| &part.hashes) }
    }

    fn gap(count: usize) -> Unpacked {
        Unpacked { raw: vec![0; count * HEADER], hashes: vec![0; count * 32] }
    }

    fn part(chunk: &Unpacked, at: Range<usize>) -> Unpacked {
        Unpacked {
            raw: chunk.raw[at.start * HEADER..at.end * HEADER].to_vec(),
            hashes: chunk.hashes[at.start * 32..at.end * 32].to_vec(),
        }
    }

    #[test]
    fn any_part_of_a_packed_chunk_is_found_again() {
        let mut random = Rng::with_seed(1);
        for round in 0..60 {
            // Several branches' left-overs beside each other, with gaps between them.
            let parts: Vec<Unpacked> = (0..=random.usize(..4))
                .map(|_| {
                    let count = random.usize(..60);
                    if random.u8(..3) == 0 { gap(count) } else { linked(&mut random, [round; 32], count) }
                })
                .collect();
            let chunk = joined(&parts);
            let packed = pack(&chunk);
            let len = chunk.raw.len() / HEADER;
            assert_eq!(unpack(&packed, 0..CHUNK as usize).unwrap(), chunk);
            for _ in 0..10 {
                let from = random.usize(..=len);
                let to = from + random.usize(..=len - from);
                assert_eq!(
                    unpack(&packed, from..to).unwrap(),
                    part(&chunk, from..to),
                    "{from}..{to} of {len}"
                );
            }
            assert_eq!(unpack(&packed, len + 5..len + 9).unwrap(), Unpacked::default());
        }
    }

    /// Bytes of a chunk of so many headers whose differences take so many together.
    fn size(count: usize, differences: usize) -> usize {
        HEAD + count * (KEPT + differences) + count.div_ceil(GROUP) * LINK
    }

    #[test]
    fn numbers_that_are_all_over_the_place_take_what_they_take_in_a_header() {
        let chunk = linked(&mut Rng::with_seed(2), [7; 32], CHUNK as usize);
        assert_eq!(pack(&chunk).len(), size(CHUNK as usize, 12));
        assert!(pack(&chunk).len() < 1 << 16);
    }

    #[test]
    fn numbers_near_those_before_take_as_many_bytes_as_the_largest_step() {
        let steps = |step: [i32; 3]| {
            let mut chunk = linked(&mut Rng::with_seed(4), [7; 32], 40);
            let (headers, _) = chunk.raw.as_chunks_mut::<HEADER>();
            let (hashes, _) = chunk.hashes.as_chunks_mut::<HASH>();
            for at in 0..headers.len() {
                // One step from the middle on.
                for (from, step) in NEAR.into_iter().zip(step) {
                    let number = 1_700_000_000_i32.wrapping_add(if at < 20 { 0 } else { step });
                    headers[at][from..from + 4].copy_from_slice(&number.to_le_bytes());
                }
                if at > 0 {
                    headers[at][PREVIOUS].copy_from_slice(&hashes[at - 1]);
                }
                hashes[at] = pow::x11(&headers[at]).to_bytes();
            }
            chunk
        };
        for (step, differences) in [
            ([0, 0, 0], 0),
            // As on mainnet.
            ([0, 150, -40_000], 5),
            ([1, -1, 0], 2),
            ([127, -128, 128], 4),
            ([32_767, -32_768, 32_768], 7),
            ([8_388_607, -8_388_608, -8_388_609], 10),
            ([i32::MAX, i32::MIN, -1_700_000_000], 12),
        ] {
            let chunk = steps(step);
            let packed = pack(&chunk);
            assert_eq!(packed.len(), size(40, differences), "{step:?}");
            assert_eq!(unpack(&packed, 0..40).unwrap(), chunk, "{step:?}");
            assert_eq!(unpack(&packed, 25..31).unwrap(), part(&chunk, 25..31), "{step:?}");
        }
    }

    #[test]
    fn other_shapes_are_damage() {
        let chunk = linked(&mut Rng::with_seed(3), [7; 32], 40);
        let packed = pack(&chunk);
        let whole = 0..CHUNK as usize;
        let damaged = |bytes: &[u8]| matches!(unpack(bytes, whole.clone()), Err(StoreError::Damaged(_)));
        assert!(damaged(&[]));
        assert!(damaged(&[5]));
        assert!(damaged(&packed[..packed.len() - 1]));
        assert!(damaged(&[&packed[..], &[0; (KEPT + 12) * CHUNK as usize]].concat()));
        // Wider differences than there are.
        let mut wide = packed.clone();
        wide[2] = 5;
        assert!(damaged(&wide));
        // More links than there is room for, and none at all.
        assert!(damaged(&[&[0xff, 0xff], &packed[2..]].concat()));
        assert!(damaged(&[&[0, 0], &packed[2..HEAD], &packed[HEAD + 3 * LINK..]].concat()));
        // The wrong hash in a link shows where the watermark's hash is compared.
        let mut changed = packed.clone();
        changed[HEAD + 3 * LINK - 1] ^= 1;
        assert_ne!(unpack(&changed, whole).unwrap().hashes[39 * 32..], chunk.hashes[39 * 32..]);
    }
}
