//! What is kept of filters over a restart: the agreed headers at the ends of stretches, how far was searched, and what is
//! left to be searched.
//!
//! | table | key | record |
//! |---|---|---|
//! | filters | n | headers of stretches 100 n on: each u32 and 32 bytes |
//! | filters | 2^40 | heights whose filter could not be decided: u32 each |
//! | wallet | 1 | the first height not searched, the lowest searched, and blocks below the first by height and hash |
//! | wallet | 2 | what is left: from and until as u32, and the script as byte vector, each |
//!
//! Each begins with a byte that tells its form. They are written in one commit with the wallet's own records, so that
//! nothing counts as searched whose finds are not kept. What cannot be read is searched for again.

use super::frontier::Frontier;
use super::search::{Searches, Span};
use crate::chain::HeaderChain;
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::store::Table;
use crate::wallet::gap::Script;
use crate::wallet::scripts::MAX_SCRIPT;
use dash_protocol::{BlockHash, Decode, Encode, FilterHeader, Reader, put_var_bytes};

const FORMAT: u8 = 1;
const GROUP: u32 = 100;
const KEY_UNDECIDED: u64 = 1 << 40;
const KEY_SEARCH: u64 = 1;
const KEY_LEFT: u64 = 2;
/// An outpoint is the longest element that is no script.
const MAX_ELEMENT: usize = MAX_SCRIPT;

/// Blocks by which a reorganisation shows: the chain's end, and ever fewer below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// The highest first.
    marks: Vec<(u32, BlockHash)>,
}

impl Trail {
    /// Of the chain as it is.
    pub fn of(chain: &HeaderChain) -> Self {
        Self::below(chain.tip().height, chain)
    }

    /// From a height down, as far as memory reaches.
    fn below(top: u32, chain: &HeaderChain) -> Self {
        let steps = std::iter::once(0).chain((0..u32::BITS).map(|bit| 1 << bit));
        let heights = steps.map_while(|step: u32| top.checked_sub(step));
        let marks = heights.map_while(|height| Some((height, chain.at(height)?.hash))).gather();
        Self { marks }
    }

    /// Goes along with the chain.
    pub fn follow(&mut self, chain: &HeaderChain) {
        let tip = chain.tip();
        if self.marks.first() != Some(&(tip.height, tip.hash)) {
            *self = Self::of(chain);
        }
    }

    /// The height of a block that the chain still has, at or below the one where it turned off; none if it did not.
    pub fn fork(&self, chain: &HeaderChain) -> Option<u32> {
        let stands =
            |(height, hash): &(u32, BlockHash)| chain.at(*height).is_some_and(|entry| entry.hash == *hash);
        let top = self.marks.first()?;
        if stands(top) || (top.0 < chain.base_height() && self.marks.len() == 1) {
            return None;
        }
        Some(self.marks.iter().find(|mark| stands(mark)).map_or(0, |(height, _)| *height))
    }
}

/// What the store holds of filter headers, and what was written last.
#[derive(Debug, Default)]
pub(super) struct Kept {
    read: bool,
    known: SortedMap<u32, FilterHeader>,
    undecided: SortedSet<u32>,
    /// The frontier's generation that is written.
    generation: Option<u64>,
    search: Vec<u8>,
    left: Vec<u8>,
    /// Where the late search was then.
    late: Option<u32>,
}

impl Kept {
    /// Reads the table of filters; what does not decode is not believed.
    pub fn read(records: Vec<(u64, Vec<u8>)>) -> Self {
        let mut kept = Self { read: true, ..Self::default() };
        for (key, record) in records {
            let Some(body) = record.strip_prefix(&[FORMAT]) else { continue };
            if key == KEY_UNDECIDED {
                kept.undecided =
                    body.as_chunks().0.iter().map(|height| u32::from_le_bytes(*height)).collect();
                continue;
            }
            for entry in body.as_chunks::<36>().0 {
                let (stretch, header) = entry.split_at(4);
                let stretch = <[u8; 4]>::try_from(stretch).map(u32::from_le_bytes);
                if let (Ok(stretch), Ok(header)) = (stretch, <[u8; 32]>::try_from(header)) {
                    kept.known.insert(stretch, FilterHeader::from_bytes(header));
                }
            }
        }
        kept
    }

    /// Whether the store was read.
    pub fn is_read(&self) -> bool {
        self.read
    }

    /// What was agreed on from the stretch of a height on, and what was not decided.
    pub fn frontier(&mut self, floor: u32) -> (SortedMap<u32, FilterHeader>, SortedSet<u32>) {
        self.generation = None;
        let known = self.known.range(super::stretch::of(floor)..);
        (known.map(|(stretch, header)| (*stretch, *header)).collect(), self.undecided.clone())
    }
}

/// The records that have to be written for the store to hold what is searched and agreed on.
pub(super) fn changes(
    kept: &mut Kept,
    floor: u32,
    searches: &mut Searches,
    frontier: &Frontier,
    chain: &HeaderChain,
) -> Vec<(Table, u64, Option<Vec<u8>>)> {
    let mut changes = Vec::new();
    if kept.generation != Some(frontier.generation()) {
        kept.generation = Some(frontier.generation());
        put_frontier(kept, frontier, &mut changes);
    }
    let search =
        encode_search(searches.main.next, floor, &Trail::below(searches.main.next.saturating_sub(1), chain));
    if kept.search != search {
        kept.search.clone_from(&search);
        changes.push((Table::Wallet, KEY_SEARCH, Some(search)));
    }
    let late = searches.late.as_ref().map(|late| late.next);
    if searches.take_changed() || late != kept.late {
        kept.late = late;
        let left = encode_left(&searches.left());
        if kept.left != left {
            kept.left.clone_from(&left);
            changes.push((Table::Wallet, KEY_LEFT, Some(left)));
        }
    }
    changes
}

fn put_frontier(kept: &mut Kept, frontier: &Frontier, changes: &mut Vec<(Table, u64, Option<Vec<u8>>)>) {
    let known = frontier.known();
    let differs = |stretch: &u32| known.get(stretch) != kept.known.get(stretch);
    let groups: SortedSet<u32> =
        known.keys().chain(kept.known.keys()).filter(|s| differs(s)).map(|stretch| stretch / GROUP).collect();
    for group in groups {
        let mut record = vec![FORMAT];
        for (stretch, header) in known.range(group * GROUP..(group + 1) * GROUP) {
            record.extend_from_slice(&stretch.to_le_bytes());
            record.extend_from_slice(header.as_bytes());
        }
        changes.push((Table::Filters, u64::from(group), (record.len() > 1).then_some(record)));
    }
    kept.known.clone_from(known);
    if kept.undecided != *frontier.undecided() {
        kept.undecided.clone_from(frontier.undecided());
        let mut record = vec![FORMAT];
        kept.undecided.iter().for_each(|height| record.extend_from_slice(&height.to_le_bytes()));
        changes.push((Table::Filters, KEY_UNDECIDED, Some(record)));
    }
}

fn encode_search(next: u32, floor: u32, trail: &Trail) -> Vec<u8> {
    let mut record = vec![FORMAT];
    record.extend_from_slice(&next.to_le_bytes());
    record.extend_from_slice(&floor.to_le_bytes());
    for (height, hash) in &trail.marks {
        record.extend_from_slice(&height.to_le_bytes());
        hash.encode(&mut record);
    }
    record
}

fn encode_left(left: &SortedMap<Script, Span>) -> Vec<u8> {
    let mut record = vec![FORMAT];
    for (element, span) in left {
        record.extend_from_slice(&span.from.to_le_bytes());
        record.extend_from_slice(&span.until.to_le_bytes());
        put_var_bytes(&mut record, element);
    }
    record
}

/// How far was searched before.
#[derive(Debug)]
pub(super) struct Restored {
    /// The first height that is not searched.
    pub next: u32,
    /// The lowest height that was searched, or is left to be: below it nothing was.
    pub floor: u32,
    pub left: SortedMap<Script, Span>,
    /// Whether blocks above that were taken in which the chain does not have.
    pub undone: bool,
}

/// Reads back how far was searched, as far as the chain still has those blocks.
pub(super) fn restore(records: &SortedMap<u64, Vec<u8>>, floor: u32, chain: &HeaderChain) -> Restored {
    let search = records.get(&KEY_SEARCH).and_then(|record| decode_search(record));
    let left = match records.get(&KEY_LEFT) {
        Some(record) => decode_left(record),
        None => Some(SortedMap::new()),
    };
    // Where one of both is missing, all is searched again.
    let (Some((next, before, trail)), Some(left)) = (search, left) else {
        return Restored { next: floor, floor, left: SortedMap::new(), undone: true };
    };
    let before = before.max(floor);
    match trail.fork(chain) {
        Some(fork) => {
            let next = next.min(fork + 1).max(floor);
            let cut = |(element, span): (Script, Span)| {
                let span = Span { until: span.until.min(next.saturating_sub(1)), ..span };
                (span.from <= span.until).then_some((element, span))
            };
            let mut rest = SortedMap::new();
            rest.extend(left.into_iter().filter_map(cut));
            Restored { next, floor: before, left: rest, undone: true }
        }
        None => Restored { next: next.max(floor), floor: before, left, undone: false },
    }
}

fn decode_search(record: &[u8]) -> Option<(u32, u32, Trail)> {
    let mut r = Reader::new(record.strip_prefix(&[FORMAT])?);
    let (next, floor) = (r.u32().ok()?, r.u32().ok()?);
    let mut marks = Vec::new();
    while !r.is_empty() {
        marks.push((r.u32().ok()?, BlockHash::decode(&mut r).ok()?));
    }
    Some((next, floor, Trail { marks }))
}

fn decode_left(record: &[u8]) -> Option<SortedMap<Script, Span>> {
    let mut r = Reader::new(record.strip_prefix(&[FORMAT])?);
    let mut left = SortedMap::new();
    while !r.is_empty() {
        let span = Span { from: r.u32().ok()?, until: r.u32().ok()? };
        let element = r.var_bytes("element", MAX_ELEMENT).ok()?;
        if span.from > span.until {
            return None;
        }
        left.insert(Script::from(element), span);
    }
    Some(left)
}
