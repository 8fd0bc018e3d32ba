//! How far filter headers are agreed on, and by whom.
//!
//! Nothing in a block proves a filter header, so it is believed because peers that do not act in concert say the same,
//! and none says otherwise. Whole stretches are compared by the header at their end; the end of the chain, and a stretch
//! about which two peers differ, hash by hash. Where two hashes differ, `trial.rs` has the block decide. If that cannot
//! tell, the block itself will be searched ([`Frontier::is_undecided`]), and both peers go on.
//!
//! `frontier/stretches.rs` agrees on stretches, `frontier/tail.rs` on the end of the chain.
//!
//! Everything here is pure: peers' words come in, questions ([`Ask`]) and findings come out. A word counts by the bridge
//! that leads to its peer, as one bridge could make up all peers behind it; where there is only one bridge, by peer.
//!
//! **Bounds.** 32 bytes for each stretch, 64 for each block of the last one, and what `voice.rs` holds for each peer. A
//! liar can cost a block and two filters for each height that it lies about, until it is convicted.

mod stretches;
mod tail;

use super::stretch;
use super::trial::Trial;
use super::voice::Voice;
use crate::checks::{self, Check};
use crate::collections::{SortedMap, SortedSet};
use crate::engine::ConnId;
use crate::filters::{FilterHeaderChain, FilterHeaderError, FilterRange, header};
use dash_protocol::{BlockHash, CFCheckpt, CFHeaders, FilterHash, FilterHeader};
use std::collections::VecDeque;

/// Peers that have to say the same, if there are as many.
const ENOUGH: usize = 2;
/// Headers this far below the tip are compared by stretches: above, peers may be on different branches.
const DEPTH: u32 = 12;
/// Heights at which no filter is decided, at most. Beyond that the difference waits for one of the peers to go.
pub(super) const MAX_UNDECIDED: usize = 1_000;

/// A question to a peer, or to anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    /// Its headers at every thousandth height up to a block.
    Checkpoints { conn: ConnId, stop: u32 },
    /// Its filter hashes.
    Hashes { conn: ConnId, start: u32, stop: u32 },
    /// Its filter for one block.
    Filter { conn: ConnId, height: u32 },
    /// A block, of anybody.
    Block { height: u32 },
}

/// Something that came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A peer lies.
    Lie { conn: ConnId, why: String },
    /// What was believed of filters at this height and above may be wrong: they are to be searched again.
    Doubted { height: u32 },
}

/// What is believed of a block's filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// The header that the others follow.
    pub header: FilterHeader,
    /// The filter's hash; none where the block has to be searched.
    pub hash: Option<FilterHash>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Frontier {
    /// The first stretch that matters.
    first: u32,
    /// The lowest height that matters: partings below are nobody's concern.
    floor: u32,
    /// The header that each stretch follows, by stretch, as far as it is agreed on.
    known: SortedMap<u32, FilterHeader>,
    /// What follows the last of these, from this height on.
    tail: VecDeque<Link>,
    tail_from: u32,
    undecided: SortedSet<u32>,
    voices: SortedMap<ConnId, Voice>,
    trial: Option<Trial>,
    /// Counts changes of what is kept.
    generation: u64,
}

impl Frontier {
    /// Nothing is agreed on yet; `floor` is the lowest height whose filter will ever be wanted.
    pub fn new(floor: u32) -> Self {
        Self::restored(floor, SortedMap::new(), SortedSet::new())
    }

    /// With what was agreed on before, by stretch.
    pub fn restored(floor: u32, known: SortedMap<u32, FilterHeader>, undecided: SortedSet<u32>) -> Self {
        let first = stretch::of(floor);
        let mut frontier = Self {
            first,
            floor,
            known,
            tail: VecDeque::new(),
            tail_from: 0,
            undecided,
            voices: SortedMap::new(),
            trial: None,
            generation: 0,
        };
        if first == 0 {
            frontier.known.insert(0, FilterHeader::ZERO);
        }
        // What does not hang together begins anew.
        let gapless = frontier.known.keys().zip(first..).all(|(found, expected)| *found == expected);
        if !gapless {
            frontier.known.clear();
            frontier.undecided.clear();
        }
        frontier.tail_from = frontier.open().map_or(0, stretch::first);
        frontier
    }

    /// Changes whenever what is agreed on at the ends of stretches, or undecided, does.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// What is agreed on at the ends of stretches.
    pub fn known(&self) -> &SortedMap<u32, FilterHeader> {
        &self.known
    }

    /// Heights whose blocks are searched in place of their filters.
    pub fn undecided(&self) -> &SortedSet<u32> {
        &self.undecided
    }

    /// Whether a block has to be searched in place of its filter.
    pub fn is_undecided(&self, height: u32) -> bool {
        self.undecided.contains(&height)
    }

    /// The first stretch that is not agreed on as a whole: the tail's.
    fn open(&self) -> Option<u32> {
        self.known.last_key_value().map(|(stretch, _)| *stretch)
    }

    /// The height up to which everything is agreed on; none before anything is.
    pub fn agreed(&self) -> Option<u32> {
        self.open().and_then(|_| (self.tail_from + self.tail.len() as u32).checked_sub(1))
    }

    /// What is believed of a block of the tail.
    pub fn link(&self, height: u32) -> Option<&Link> {
        self.tail.get(height.checked_sub(self.tail_from)? as usize)
    }

    /// The headers that a whole stretch follows and leads to.
    pub fn ends_of(&self, stretch: u32) -> Option<(FilterHeader, FilterHeader)> {
        Some((*self.known.get(&stretch)?, *self.known.get(&(stretch + 1))?))
    }

    /// Notes who can be asked: the connections of peers that serve filters, each with its bridge.
    pub fn set_peers(&mut self, peers: &SortedMap<ConnId, usize>) {
        self.voices.retain(|conn, _| peers.contains_key(conn));
        for (conn, bridge) in peers {
            self.voices.entry(*conn).or_insert_with(|| Voice::new(*bridge, self.first));
        }
        self.trial.take_if(|trial| trial.parties().iter().any(|conn| !peers.contains_key(conn)));
    }

    /// Whether a peer's word is ours as far as stretches go, so that it can be asked for filters.
    pub fn is_cleared(&self, conn: ConnId) -> bool {
        self.open().is_some_and(|open| self.voices.get(&conn).is_some_and(|voice| voice.cleared >= open))
    }

    /// Whether a peer's hashes of a stretch are those that lead to our header.
    pub fn supports(&self, conn: ConnId, stretch: u32) -> bool {
        let Some(voice) = self.voices.get(&conn) else { return false };
        let same = |at: u32| voice.before(at).is_some_and(|header| self.known.get(&at) == Some(&header));
        same(stretch) && same(stretch + 1)
    }

    /// How many voices there are that do not act in concert.
    fn distinct<'a>(&self, conns: impl IntoIterator<Item = &'a ConnId>) -> usize {
        let bridges: SortedSet<usize> = self.voices.values().map(|voice| voice.bridge).collect();
        let conns: SortedSet<&ConnId> = conns.into_iter().collect();
        if bridges.len() < 2 {
            return conns.len();
        }
        let speaking: SortedSet<usize> =
            conns.iter().filter_map(|conn| self.voices.get(conn)).map(|voice| voice.bridge).collect();
        speaking.len()
    }

    /// How many have to say the same: two, or all if there are fewer.
    fn enough(&self) -> usize {
        let enough = if checks::on(Check::FilterAgreement) { ENOUGH } else { 1 };
        self.distinct(self.voices.keys()).min(enough)
    }

    /// Whether more than one voice can be heard.
    pub fn has_witnesses(&self) -> bool {
        self.enough() >= ENOUGH
    }

    /// Undoes what was said of blocks above a height: the chain has others now.
    pub fn rewind(&mut self, height: u32) {
        self.generation += 1;
        self.known.retain(|stretch, _| stretch::first(*stretch) <= height.saturating_add(1));
        self.cut_tail(height.saturating_add(1));
        self.undecided.retain(|undecided| *undecided <= height);
        self.voices.values_mut().for_each(|voice| voice.truncate(height));
        self.trial.take_if(|trial| trial.height() > height);
    }

    /// Ends the tail before a height; it follows what is known.
    fn cut_tail(&mut self, height: u32) {
        let from = self.open().map_or(0, stretch::first);
        if from == self.tail_from {
            self.tail.truncate(height.saturating_sub(from) as usize);
        } else {
            self.tail.clear();
            self.tail_from = from;
        }
    }

    /// Takes a peer's headers at every thousandth height.
    pub fn on_checkpoints(
        &mut self,
        conn: ConnId,
        stop: u32,
        stop_hash: &BlockHash,
        reply: CFCheckpt,
    ) -> Vec<Finding> {
        let Some(voice) = self.voices.get_mut(&conn) else { return Vec::new() };
        match header::checkpoints(stop, stop_hash, reply) {
            Ok(headers) if headers.starts_with(&voice.checkpoints) => {
                voice.checkpoints = headers;
                Vec::new()
            }
            Ok(_) => vec![lie(conn, "it says something else than before")],
            Err(error) => vec![lie(conn, &error.to_string())],
        }
    }

    /// Takes a peer's filter hashes that [`Ask::Hashes`] asked for.
    pub fn on_hashes(&mut self, conn: ConnId, asked: &FilterRange, reply: CFHeaders) -> Vec<Finding> {
        let Some(voice) = self.voices.get_mut(&conn) else { return Vec::new() };
        let own = stretch::of(asked.start);
        let begins = asked.start == stretch::first(own);
        let follows = voice.tail.as_ref().filter(|tail| tail.end().map(|end| end + 1) == Some(asked.start));
        let before = follows.map(FilterHeaderChain::last).or_else(|| voice.before(own).filter(|_| begins));
        let Some(before) = before else { return Vec::new() };
        let follows_ours =
            asked.start == self.tail_from || voice.tail_end().map(|end| end + 1) == Some(asked.start);
        let chain = match FilterHeaderChain::of_reply(asked, Some(&before), reply) {
            Ok(chain) => chain,
            Err(error @ FilterHeaderError::Link { .. }) => {
                return vec![lie(conn, &format!("it contradicts itself: {error}"))];
            }
            Err(error) => return vec![lie(conn, &error.to_string())],
        };
        let whole = begins && asked.stop == stretch::last(own);
        match voice.before(own + 1).filter(|_| whole) {
            Some(end) if end != chain.last() && checks::on(Check::FilterCheckpoint) => {
                vec![lie(conn, "its hashes do not lead to its own header")]
            }
            Some(_) => {
                if follows_ours {
                    voice.extend_tail(chain.clone());
                }
                voice.stretch = Some((own, chain));
                Vec::new()
            }
            None => {
                voice.extend_tail(chain);
                Vec::new()
            }
        }
    }

    /// What a peer says of the filter at a height.
    pub fn said_by(&self, conn: ConnId, height: u32) -> Option<FilterHash> {
        self.voices.get(&conn).and_then(|voice| said(voice, height))
    }

    /// Takes a filter that [`Ask::Filter`] asked for.
    pub fn on_filter(&mut self, conn: ConnId, height: u32, filter: Vec<u8>) -> Vec<Finding> {
        let Some(said) = self.said_by(conn, height) else { return Vec::new() };
        if header::check_filter(&said, &filter).is_err() {
            return vec![lie(conn, "its filter is not the one that its own header has")];
        }
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.height() == height) {
            trial.hear(conn, filter);
        }
        Vec::new()
    }

    /// The block that a trial waits for.
    pub fn wants_block(&self, height: u32) -> bool {
        self.trial.as_ref().is_some_and(|trial| trial.height() == height && !trial.has_block())
    }

    /// Takes a proven block that [`Ask::Block`] asked for.
    pub fn on_block(&mut self, height: u32, block: &dash_protocol::Block, hash: BlockHash) {
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.height() == height) {
            trial.see(block.clone(), hash);
        }
    }

    /// Compares what peers say as far as the chain reaches, and returns what to ask and what was found. Level-triggered:
    /// what is asked is asked for again at each call until it is there. `reach` tells to which height a peer's chain goes.
    pub fn advance(&mut self, tip: u32, reach: impl Fn(ConnId) -> u32) -> (SortedSet<Ask>, Vec<Finding>) {
        let mut work = Work::default();
        self.ask_checkpoints(tip, &reach, &mut work);
        self.begin();
        self.clear_voices(&mut work);
        self.extend_known(tip, &mut work);
        self.fit_tail(&mut work);
        self.ask_tails(tip, &reach, &mut work);
        self.compare_tails(&mut work);
        self.extend_tail(tip);
        self.conclude(&mut work);
        (work.asks, work.findings)
    }
}

/// What one look brought.
#[derive(Debug, Default)]
struct Work {
    asks: SortedSet<Ask>,
    findings: Vec<Finding>,
}

/// What a peer says of the filter at a height.
fn said(voice: &Voice, height: u32) -> Option<FilterHash> {
    let of_stretch = voice.hashes_of(stretch::of(height)).and_then(|chain| chain.hash_at(height));
    of_stretch.or_else(|| voice.hash_at(height))
}

fn lie(conn: ConnId, why: &str) -> Finding {
    Finding::Lie { conn, why: why.to_owned() }
}

/// Peers by what they say.
fn grouped<W: Ord>(words: impl Iterator<Item = (ConnId, W)>) -> SortedMap<W, Vec<ConnId>> {
    let mut groups: SortedMap<W, Vec<ConnId>> = SortedMap::new();
    words.for_each(|(conn, word)| groups.entry(word).or_default().push(conn));
    groups
}
