//! Answers wait here for their turn.
//!
//! Bounds: the pipeline asks for nothing new while the count or the bytes held reach their limits, except for what
//! the held ones wait for; so the most held is the limits and what was in flight when they were reached.

use crate::checks::{self, Part};
use crate::collections::SortedMap;
use crate::engine::ConnId;

/// An answer whose turn it is.
#[derive(Debug)]
pub struct Ready<K, A> {
    /// What it answers.
    pub key: K,
    /// Who sent it.
    pub peer: ConnId,
    /// What was sent.
    pub answer: A,
}

#[derive(Debug)]
struct Held<A> {
    height: u32,
    order: u64,
    peer: ConnId,
    bytes: usize,
    answer: A,
}

/// Holds answers and hands them out in the order of heights.
#[derive(Debug)]
pub struct QRInfoProcessor<K, A> {
    most: usize,
    most_bytes: usize,
    held: SortedMap<K, Held<A>>,
    bytes: usize,
    arrivals: u64,
}

impl<K: Ord + Clone, A> QRInfoProcessor<K, A> {
    /// An empty one that calls itself full at so many answers or bytes.
    pub fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, held: SortedMap::new(), bytes: 0, arrivals: 0 }
    }

    /// Holds an answer. A second one to the same key takes the first one's place.
    pub fn hold(&mut self, key: K, height: u32, peer: ConnId, bytes: usize, answer: A) {
        self.drop_answer(&key);
        self.arrivals += 1;
        self.bytes += bytes;
        self.held.insert(key, Held { height, order: self.arrivals, peer, bytes, answer });
    }

    /// Takes the lowest answer for which nothing lower is awaited; `awaits` tells that of a key and its height.
    pub fn next(&mut self, awaits: impl Fn(&K, u32) -> bool) -> Option<Ready<K, A>> {
        let ordered = checks::part(Part::Processor);
        let rank = |held: &Held<A>| (if ordered { held.height } else { 0 }, held.order);
        let ready = self.held.iter().filter(|(key, held)| !ordered || !awaits(key, held.height));
        let key = ready.min_by_key(|(_, held)| rank(held)).map(|(key, _)| key.clone())?;
        let held = self.held.remove(&key)?;
        self.bytes -= held.bytes;
        Some(Ready { key, peer: held.peer, answer: held.answer })
    }

    /// Drops an answer that is wanted no longer.
    pub fn drop_answer(&mut self, key: &K) {
        if let Some(held) = self.held.remove(key) {
            self.bytes -= held.bytes;
        }
    }

    /// Whether it holds an answer to a key.
    pub fn holds(&self, key: &K) -> bool {
        self.held.contains_key(key)
    }

    /// Whether nothing new should be asked for, counting those on their way.
    pub fn is_full(&self, on_their_way: usize) -> bool {
        self.held.len() + on_their_way >= self.most || self.bytes >= self.most_bytes
    }

    /// Answers held.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

/// How far the requests of a phase are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QRInfoSyncProgress {
    /// Wanted and not asked for, or to be asked for again.
    pub waiting: u32,
    /// Asked for.
    pub in_flight: u32,
    /// Answered and not processed yet.
    pub received: u32,
    /// Processed since the start.
    pub processed: u32,
    /// Failures since the start; each was asked for again.
    pub failed: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: ConnId = ConnId(1);

    #[test]
    fn answers_come_out_in_the_order_of_heights_and_wait_for_what_is_lower() {
        let mut processor = QRInfoProcessor::new(8, 1_000);
        processor.hold("c", 30, PEER, 10, 3);
        processor.hold("b", 20, PEER, 10, 2);
        assert!(processor.next(|_, height| height > 10).is_none());
        processor.hold("a", 10, PEER, 10, 1);
        let order: Vec<i32> =
            std::iter::from_fn(|| processor.next(|_, _| false)).map(|ready| ready.answer).collect();
        assert_eq!(order, [1, 2, 3]);
        assert_eq!(processor.bytes, 0);
    }

    #[test]
    fn it_is_full_by_count_with_what_is_under_way_and_by_bytes() {
        let mut processor = QRInfoProcessor::new(3, 100);
        processor.hold("a", 1, PEER, 60, ());
        assert!(!processor.is_full(1) && processor.is_full(2));
        processor.hold("b", 2, PEER, 60, ());
        assert!(processor.is_full(0));
        processor.drop_answer(&"a");
        assert!(!processor.is_full(0));
    }
}
