//! The end of the best chain in memory: headers by height, and by hash.
//!
//! By hash they are found through an index of four bytes each that says at which height to look; the hash is compared
//! there. A map that held the hashes once more would be ten times as large, more than a processor has close at hand, and
//! each header would visit it twice. Nothing is taken out of the index: what it says of a header that is gone leads to
//! another one, or to none. When half of it is in use it is made anew.
//!
//! A block hash is as good as chance in the bytes that lead to its place, its lowest: a header meets its target by its
//! highest ones. To crowd a place costs a peer proof of work on the best chain, over and over.

use crate::chain::Entry;
use dash_protocol::BlockHash;
use std::collections::VecDeque;

/// Stands for a place of the index that is free.
const FREE: u32 = u32::MAX;
/// Places of the index for each header, when it is made.
const PLACES_EACH: usize = 4;

/// Headers that follow each other, at least one.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    entries: VecDeque<Entry>,
    /// Heights, at the place that the hash gives or the next free one after it. As many as a power of two.
    places: Vec<u32>,
    used: usize,
}

impl Window {
    /// Of headers that follow each other, oldest first; room is made for so many.
    pub(crate) fn new(entries: VecDeque<Entry>, room: usize) -> Self {
        let mut window = Self { entries, places: Vec::new(), used: 0 };
        window.make_index(room);
        window
    }

    /// All, oldest first.
    pub(crate) fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// The header at a height.
    pub(crate) fn at(&self, height: u32) -> Option<&Entry> {
        let base = self.entries.front()?.height;
        self.entries.get(height.checked_sub(base)? as usize)
    }

    /// The header with a hash.
    pub(crate) fn find(&self, hash: &BlockHash) -> Option<&Entry> {
        let mut place = self.home(hash);
        // Half of the places are free at least.
        while self.places[place] != FREE {
            let found = self.at(self.places[place]).filter(|entry| entry.hash == *hash);
            if found.is_some() {
                return found;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        None
    }

    /// Adds the header that follows the last one.
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if (self.used + 1) * 2 > self.places.len() {
            self.make_index(self.entries.len());
        } else {
            self.note(entry.height, &entry.hash);
        }
    }

    /// Takes off all but the first `kept`.
    pub(crate) fn cut(&mut self, kept: usize) -> Vec<Entry> {
        self.entries.drain(kept..).collect()
    }

    /// Drops the oldest until so many are left.
    pub(crate) fn keep_last(&mut self, count: usize) {
        let over = self.entries.len().saturating_sub(count);
        self.entries.drain(..over);
    }

    fn home(&self, hash: &BlockHash) -> usize {
        let [a, b, c, d, ..] = *hash.as_bytes();
        u32::from_le_bytes([a, b, c, d]) as usize & (self.places.len() - 1)
    }

    fn note(&mut self, height: u32, hash: &BlockHash) {
        let mut place = self.home(hash);
        while self.places[place] != FREE {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = height;
        self.used += 1;
    }

    fn make_index(&mut self, room: usize) {
        let len = (room.max(self.entries.len()) * PLACES_EACH).next_power_of_two().max(self.places.len());
        self.places.clear();
        self.places.resize(len, FREE);
        self.used = 0;
        for at in 0..self.entries.len() {
            let Entry { height, hash, .. } = self.entries[at];
            self.note(height, &hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_num::Arith256;
    use dash_protocol::Header;
    use fastrand::Rng;

    fn entry(random: &mut Rng, height: u32) -> Entry {
        // Few places to go to, so that many want the same.
        let mut hash = [0; 32];
        hash[0] = random.u8(..4);
        hash[8..16].copy_from_slice(&random.u64(..).to_le_bytes());
        let header = Header::from_bytes(&[0; Header::LEN]);
        Entry { header, hash: BlockHash::from_bytes(hash), height, work: Arith256::default() }
    }

    #[test]
    fn what_is_there_is_found_and_what_is_gone_is_not() {
        for seed in 0..20 {
            let mut random = Rng::with_seed(seed);
            let first = entry(&mut random, 5);
            let mut window = Window::new(VecDeque::from([first]), 2);
            let (mut model, mut gone) = (VecDeque::from([first]), Vec::new());
            for _ in 0..300 {
                match random.u8(..10) {
                    0 => {
                        let kept = random.usize(1..=model.len());
                        gone.extend(model.drain(kept..));
                        window.cut(kept);
                    }
                    1 => {
                        let count = random.usize(1..60);
                        gone.extend(model.drain(..model.len().saturating_sub(count)));
                        window.keep_last(count);
                    }
                    _ => {
                        let next = entry(&mut random, model.back().unwrap().height + 1);
                        model.push_back(next);
                        window.push(next);
                    }
                }
                assert_eq!(window.entries(), &model, "seed {seed}");
                for known in &model {
                    assert_eq!(window.find(&known.hash), Some(known), "seed {seed}");
                    assert_eq!(window.at(known.height), Some(known), "seed {seed}");
                }
                assert!(gone.iter().all(|lost| window.find(&lost.hash).is_none()), "seed {seed}");
                assert!(window.used * 2 <= window.places.len(), "seed {seed}");
            }
            // Headers come and go, the index does not grow with them.
            assert!(window.places.len() <= 4_096, "seed {seed}: {}", window.places.len());
        }
    }
}
