//! What is proven: lists by height, snapshots by cycle, quorums with how far each is proven.
//!
//! Bounded: [`MAX_STATES`] lists, which share their entries, [`MAX_SNAPSHOTS`] snapshots and [`MAX_QUORUMS`] quorums;
//! the oldest go first. Everything here hangs on blocks of the best chain: what a reorganisation leaves behind is
//! dropped by [`Book::follow`]. A quorum gets in only from a proven list (*anchored*), and counts for signatures only
//! once it is [`QuorumStatus::Verified`].

use crate::collections::{Gather, SortedMap, sort_by_key};
use crate::masternodes::{ListState, QuorumEntry, plans};
use dash_protocol::{BlockHash, BlsPublicKey, LLMQType, LlmqParams, NetworkParams, ProTxHash, QuorumName};
use std::cmp::Reverse;
use std::sync::Arc;

/// Lists kept at the most.
pub(super) const MAX_STATES: usize = 192;
/// Snapshots kept at the most.
pub(super) const MAX_SNAPSHOTS: usize = 96;
/// Quorums kept at the most: every type of mainnet, twice, and the history that can be asked for.
pub(super) const MAX_QUORUMS: usize = 4_096;

/// How far a quorum is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuorumStatus {
    /// The roots of a proven block tie its commitment to the chain.
    Anchored,
    /// Its signatures are being checked.
    Checking,
    /// Its members were computed and both signatures hold.
    Verified,
    /// It is on the chain, and its commitment does not hold: nothing that it signs counts.
    Refused,
}

/// A quorum and what is known of it.
#[derive(Clone, Debug)]
pub struct QuorumRecord {
    /// Its commitment as mined.
    pub entry: Arc<QuorumEntry>,
    /// Height of the block that it is named after; none when that is before the client's start.
    pub height: Option<u32>,
    /// How far it is proven.
    pub status: QuorumStatus,
    /// Its members in order, once computed.
    pub members: Vec<ProTxHash>,
    /// The highest proven block in whose set it stands.
    pub last_seen: u32,
}

impl QuorumRecord {
    /// The height from which its members are chosen: its own block's, for a rotated quorum its cycle's.
    pub fn base_height(&self) -> Option<u32> {
        let index = self.entry.commitment().quorum_index.map_or(0, |index| u32::try_from(index).unwrap_or(0));
        self.height?.checked_sub(index)
    }

    /// Its key in the basic encoding.
    pub fn basic_key(&self) -> BlsPublicKey {
        let commitment = self.entry.commitment();
        commitment.public_key.to_basic(commitment.scheme())
    }
}

/// Everything proven.
#[derive(Debug, Default)]
pub struct Book {
    states: SortedMap<u32, Arc<ListState>>,
    quorums: SortedMap<QuorumName, QuorumRecord>,
}

impl Book {
    /// Takes in a proven list; `height_of` finds the height of a block of the best chain.
    pub(super) fn insert(&mut self, state: Arc<ListState>, height_of: impl Fn(&BlockHash) -> Option<u32>) {
        let height = state.height();
        for entry in state.quorums().iter() {
            let name = entry.name();
            let record = self.quorums.entry(name).or_insert_with(|| QuorumRecord {
                entry: Arc::clone(entry),
                height: height_of(&BlockHash::from(name.1)),
                status: QuorumStatus::Anchored,
                members: Vec::new(),
                last_seen: height,
            });
            record.last_seen = record.last_seen.max(height);
            // The block stands; a type may form the same quorum anew only on another branch.
            if record.entry.leaf() != entry.leaf() {
                record.entry = Arc::clone(entry);
                record.status = QuorumStatus::Anchored;
                record.members.clear();
            }
        }
        self.states.insert(height, state);
    }

    /// Puts back a quorum as it was stored.
    pub(super) fn restore_quorum(&mut self, name: QuorumName, record: QuorumRecord) {
        self.quorums.insert(name, record);
    }

    /// The proven list at a height.
    pub fn at(&self, height: u32) -> Option<&Arc<ListState>> {
        self.states.get(&height)
    }

    /// The proven list of a block.
    pub fn of_block(&self, hash: &BlockHash) -> Option<&Arc<ListState>> {
        self.states.values().find(|state| state.hash() == hash)
    }

    /// The highest proven list.
    pub fn top(&self) -> Option<&Arc<ListState>> {
        self.states.values().next_back()
    }

    /// The highest proven list below a height.
    pub fn below(&self, height: u32) -> Option<&Arc<ListState>> {
        self.states.range(..height).next_back().map(|(_, state)| state)
    }

    /// Whether a list is proven of a height from `from` on and below `to`.
    pub fn has_between(&self, from: u32, to: u32) -> bool {
        from < to && self.states.range(from..to).next().is_some()
    }

    /// All proven lists, lowest first.
    pub fn states(&self) -> impl DoubleEndedIterator<Item = &Arc<ListState>> {
        self.states.values()
    }

    /// Whether no list is kept.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// How many lists are kept.
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// All quorums known.
    pub fn quorums(&self) -> impl Iterator<Item = (&QuorumName, &QuorumRecord)> {
        self.quorums.iter()
    }

    /// One quorum.
    pub fn quorum(&self, name: &QuorumName) -> Option<&QuorumRecord> {
        self.quorums.get(name)
    }

    pub(super) fn quorum_mut(&mut self, name: &QuorumName) -> Option<&mut QuorumRecord> {
        self.quorums.get_mut(name)
    }

    /// The quorums of a type that were active as of a block's height: of that block's own list, or of one between which
    /// and it no commitment of the type can have been mined. `None` where no such list is proven.
    pub fn active_at(&self, llmq: &LlmqParams, height: u32) -> Option<Vec<QuorumName>> {
        let up = self.states.range(height..).next();
        let down = self.states.range(..height).next_back();
        let same = |at: u32| plans::quorum_set_constant_between(llmq, at, height);
        let (_, state) = up.into_iter().chain(down).find(|(at, _)| same(**at))?;
        Some(state.quorums().of_type(llmq.llmq_type).map(|entry| entry.name()).gather())
    }

    /// Drops what does not hang on the best chain any more. Returns whether anything was.
    pub(super) fn follow(&mut self, hash_at: impl Fn(u32) -> Option<BlockHash>) -> bool {
        let before = (self.states.len(), self.quorums.len());
        self.states.retain(|height, state| hash_at(*height).is_none_or(|hash| hash == *state.hash()));
        let top = self.states.values().next_back().cloned();
        let top_height = top.as_ref().map_or(0, |state| state.height());
        self.quorums.retain(|name, record| {
            let hash = BlockHash::from(name.1);
            let stands = record.height.and_then(&hash_at).is_none_or(|on_chain| on_chain == hash);
            // What was seen only above what is left is seen again when its block is proven again.
            let seen = record.last_seen <= top_height
                || top.as_ref().is_some_and(|state| state.quorums().get(name.0, &name.1).is_some());
            record.last_seen = record.last_seen.min(top_height);
            stands && seen
        });
        before != (self.states.len(), self.quorums.len())
    }

    /// Forgets lists that `keep` does not name, and, beyond the bounds, the oldest of all.
    pub(super) fn prune(&mut self, keep: impl Fn(u32) -> bool) {
        self.states.retain(|height, _| keep(*height));
        while self.states.len() > MAX_STATES {
            self.states.pop_first();
        }
        while self.quorums.len() > MAX_QUORUMS {
            let oldest =
                self.quorums.iter().min_by_key(|(_, record)| record.last_seen).map(|(name, _)| *name);
            let Some(name) = oldest else { break };
            self.quorums.remove(&name);
        }
    }

    /// Forgets quorums that neither sign any more nor may be asked for by Platform: of each type, those beyond twice
    /// the active number, newest first, and those that `floor` says are too old to have to be kept.
    pub(super) fn prune_quorums(&mut self, params: &NetworkParams, floor: impl Fn(LLMQType) -> u32) {
        let top = self.states.keys().next_back().copied().unwrap_or(0);
        for llmq in &params.llmqs {
            let floor = floor(llmq.llmq_type);
            let mut of_type: Vec<(u32, QuorumName)> = self
                .quorums
                .iter()
                .filter(|(name, record)| name.0 == llmq.llmq_type && record.last_seen < top.min(floor))
                .map(|(name, record)| (record.last_seen, *name))
                .gather();
            sort_by_key(&mut of_type, |aged| Reverse(*aged));
            for (_, name) in of_type.into_iter().skip(llmq.active as usize) {
                self.quorums.remove(&name);
            }
        }
    }
}
