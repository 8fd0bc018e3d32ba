//! A chunk of headers as it is kept on disk: without what the headers before it tell.
//!
//! A header's previous hash is the hash of the one before, so it is left out, and found again by hashing. To read a
//! header without hashing all before it in its chunk, every [`GROUP`]th one keeps it, as does one that does not follow
//! the entry before it: the first of a segment, or what stands beside an earlier branch's left-overs. Such a hash is
//! called a link here. What hangs on different links is hashed side by side, in the batches that X11 is fastest in.
//!
//! The bits stay, although difficulty gives them: finding them again would take the 24 headers before the chunk, and
//! cost a read more than the hashes do, for four bytes of fifty.
//!
//! | bytes | |
//! |---|---|
//! | 2 | number of links |
//! | 34 each | a link: position within the chunk, hash; by ascending position |
//! | 48 each | an entry: version, merkle root, time, bits, nonce, as in a header; zeroes for a gap |
//!
//! Numbers are little-endian. Nothing here is larger than a chunk (some 51 kB); whatever was not written here is
//! refused, and what was written is believed as far as its hashes lead: a reader holds them against the watermarks.

use super::layout::{HASH, HEADER, is_gap};
use super::{CHUNK, StoreError};
use crate::chain::pow;
use crate::collections::sort_by_key;
use dash_protocol::BlockHash;
use std::ops::Range;

/// Headers from one link to the next.
pub(crate) const GROUP: usize = 16;

/// Bytes of an entry.
const ENTRY: usize = HEADER - HASH;
/// Bytes of a link.
const LINK: usize = 2 + HASH;
/// Where the previous hash stands in a header.
const PREVIOUS: Range<usize> = 4..36;

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
    let follows = |at: usize| at > 0 && headers[at][PREVIOUS] == hashes[at - 1];
    let links: Vec<usize> = (0..headers.len())
        .filter(|&at| !is_gap(&headers[at]) && (at.is_multiple_of(GROUP) || !follows(at)))
        .collect();
    let mut packed = Vec::with_capacity(2 + links.len() * LINK + headers.len() * ENTRY);
    packed.extend((links.len() as u16).to_le_bytes());
    for at in links {
        packed.extend((at as u16).to_le_bytes());
        packed.extend_from_slice(&headers[at][PREVIOUS]);
    }
    for header in headers {
        packed.extend_from_slice(&header[..PREVIOUS.start]);
        packed.extend_from_slice(&header[PREVIOUS.end..]);
    }
    packed
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
            let entry = &parts.entries[chain.places.start + step];
            raw.extend_from_slice(&entry[..PREVIOUS.start]);
            raw.extend_from_slice(&chain.previous);
            raw.extend_from_slice(&entry[PREVIOUS.start..]);
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
    entries: &'a [[u8; ENTRY]],
}

impl<'a> Parts<'a> {
    /// None for another shape.
    fn of(packed: &'a [u8]) -> Option<Self> {
        let (count, rest) = packed.split_first_chunk::<2>()?;
        let (links, entries) = rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * LINK)?;
        let (entries, odd) = entries.as_chunks::<ENTRY>();
        let (links, _) = links.as_chunks::<LINK>();
        (odd.is_empty() && entries.len() <= CHUNK as usize).then_some(Self { links, entries })
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

    #[test]
    fn a_full_chunk_takes_some_fifty_bytes_a_header() {
        let chunk = linked(&mut Rng::with_seed(2), [7; 32], CHUNK as usize);
        assert_eq!(pack(&chunk).len(), 2 + CHUNK as usize * ENTRY + (CHUNK as usize).div_ceil(GROUP) * LINK);
        assert!(pack(&chunk).len() < 1 << 16);
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
        assert!(damaged(&[&packed[..], &[0; ENTRY * CHUNK as usize]].concat()));
        // More links than there is room for, and none at all.
        assert!(damaged(&[&[0xff, 0xff], &packed[2..]].concat()));
        assert!(damaged(&[&[0, 0], &packed[2 + 3 * LINK..]].concat()));
        // The wrong hash in a link shows where the watermark's hash is compared.
        let mut changed = packed.clone();
        changed[2 + 3 * LINK - 1] ^= 1;
        assert_ne!(unpack(&changed, whole).unwrap().hashes[39 * 32..], chunk.hashes[39 * 32..]);
    }
}
