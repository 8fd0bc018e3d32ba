//! What will happen, in the order of time and, at one time, in the order in which it was foreseen.

use crate::peer::Action;
use dash_spv_wasm::engine::{CommitId, ComputeWork, ConnId, JobId, ReadId};
use dash_spv_wasm::store::{CommitBatch, ReadRequest};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that will happen.
pub(super) enum Happening {
    /// A connection attempt ends, at the host given or, without one, at a bridge that is down.
    Connected { conn: ConnId, bridge: usize, host: Option<usize> },
    /// A peer's bytes, or its hang-up, arrive.
    FromPeer { conn: ConnId, action: Action },
    /// A peer wants to look at the clock.
    PeerTick { conn: ConnId },
    /// A peer hears of the newest blocks.
    Heard { host: usize },
    /// A peer has the ChainLock of its best block.
    Locked { host: usize },
    /// A peer hears of payments.
    Paid { host: usize },
    /// The store is done with a commit.
    Stored { commit: CommitId, batch: Box<CommitBatch> },
    /// The store is done with a read.
    Read { read: ReadId, request: ReadRequest },
    /// A worker is done.
    Computed { job: JobId, work: ComputeWork },
}

struct Entry {
    at: u64,
    order: u64,
    happening: Happening,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// Reversed: the heap's greatest entry is the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    heap: BinaryHeap<Entry>,
    order: u64,
}

impl Queue {
    pub fn push(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.heap.push(Entry { at, order: self.order, happening });
    }

    pub fn next_at(&self) -> Option<u64> {
        self.heap.peek().map(|entry| entry.at)
    }

    pub fn pop(&mut self) -> Option<Happening> {
        self.heap.pop().map(|entry| entry.happening)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Happening> {
        self.heap.iter().map(|entry| &entry.happening)
    }

    /// Empties the queue, earliest first.
    pub fn drain_in_order(&mut self) -> Vec<Happening> {
        std::iter::from_fn(|| self.pop()).collect()
    }
}
