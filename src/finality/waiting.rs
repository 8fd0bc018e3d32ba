//! A bounded place for locks that cannot be verified yet.
//!
//! Anybody can send any number of locks that look well and cannot be refuted before a quorum is known. **Bounds.** Every
//! lock has a weight, and all together weigh no more than the place's limit. Each is charged to the peers that sent it;
//! when there is no room, locks that no connected peer stands for go first, then the oldest of the peer that is charged
//! most, which may be the newcomer's own: a peer that floods the place pushes out its own locks and nobody else's. A
//! lock is known by its whole bytes, so that a forged one never stands in the way of a real one for the same block or
//! transaction.

use crate::collections::{Gather, SortedMap};
use crate::engine::ConnId;
use std::collections::HashMap;

/// What became of a lock that a peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It waits.
    Kept,
    /// It waited or was verified already.
    Known,
    /// It says nothing that a verified lock does not say.
    Stale,
    /// There is no room for it.
    Full,
}

/// One lock that waits.
#[derive(Debug)]
struct Entry<T> {
    lock: T,
    hash: [u8; 32],
    weight: usize,
    /// The connected peers that sent it.
    senders: Vec<ConnId>,
    since_ms: u64,
    /// Its verification is under way: it stays until that is done.
    busy: bool,
}

/// Locks that wait, the oldest first.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    limit: usize,
    weight: usize,
    next: u64,
    entries: SortedMap<u64, Entry<T>>,
    places: HashMap<[u8; 32], u64>,
}

impl<T> Waiting<T> {
    /// An empty place for locks of this weight together.
    pub fn new(limit: usize) -> Self {
        Self { limit, weight: 0, next: 0, entries: SortedMap::new(), places: HashMap::new() }
    }

    /// Takes a lock with its inventory hash.
    pub fn offer(&mut self, hash: [u8; 32], lock: T, weight: usize, sender: ConnId, now_ms: u64) -> Offered {
        if let Some(entry) = self.places.get(&hash).and_then(|place| self.entries.get_mut(place)) {
            if !entry.senders.contains(&sender) {
                entry.senders.push(sender);
            }
            return Offered::Known;
        }
        if !self.make_room(weight, sender) {
            return Offered::Full;
        }
        let place = self.next;
        self.next += 1;
        self.weight += weight;
        self.places.insert(hash, place);
        let entry = Entry { lock, hash, weight, senders: vec![sender], since_ms: now_ms, busy: false };
        self.entries.insert(place, entry);
        Offered::Kept
    }

    /// Locks that wait and are not being verified, the oldest first.
    pub fn idle(&self) -> impl Iterator<Item = ([u8; 32], &T)> {
        self.entries.values().filter(|entry| !entry.busy).map(|entry| (entry.hash, &entry.lock))
    }

    /// All locks, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.values().map(|entry| &entry.lock)
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The lock with this hash.
    pub fn get(&self, hash: &[u8; 32]) -> Option<&T> {
        self.places.get(hash).and_then(|place| self.entries.get(place)).map(|entry| &entry.lock)
    }

    /// Whether a lock waits here.
    pub fn contains(&self, hash: &[u8; 32]) -> bool {
        self.places.contains_key(hash)
    }

    /// Notes that a lock is being verified, or that it waits again.
    pub fn set_busy(&mut self, hash: &[u8; 32], busy: bool) {
        if let Some(entry) = self.places.get(hash).and_then(|place| self.entries.get_mut(place)) {
            entry.busy = busy;
        }
    }

    /// Removes a lock; gives it and the peers that sent it.
    pub fn take(&mut self, hash: &[u8; 32]) -> Option<(T, Vec<ConnId>)> {
        let place = *self.places.get(hash)?;
        self.remove(place).map(|entry| (entry.lock, entry.senders))
    }

    /// Drops locks that are not wanted any more.
    pub fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.drop_all(|entry| !keep(&entry.lock));
    }

    /// Drops idle locks that came before this time.
    pub fn drop_before(&mut self, ms: u64) {
        self.drop_all(|entry| !entry.busy && entry.since_ms < ms);
    }

    /// A peer is gone. Its locks stay while there is room.
    pub fn forget(&mut self, peer: ConnId) {
        for entry in self.entries.values_mut() {
            entry.senders.retain(|sender| *sender != peer);
        }
    }

    fn drop_all(&mut self, gone: impl Fn(&Entry<T>) -> bool) {
        let places: Vec<u64> =
            self.entries.iter().filter(|(_, entry)| gone(entry)).map(|(place, _)| *place).gather();
        for place in places {
            self.remove(place);
        }
    }

    fn remove(&mut self, place: u64) -> Option<Entry<T>> {
        let entry = self.entries.remove(&place)?;
        self.weight -= entry.weight;
        self.places.remove(&entry.hash);
        Some(entry)
    }

    /// Drops what has to go before a lock of this weight. Every turn takes a lock or a sender away, so it ends.
    fn make_room(&mut self, weight: usize, newcomer: ConnId) -> bool {
        if weight > self.limit {
            return false;
        }
        while self.weight + weight > self.limit {
            let orphan = self.oldest(|entry| entry.senders.is_empty());
            let victim = orphan.map(|place| (place, None)).or_else(|| {
                let peer = self.most_charged(weight, newcomer);
                self.oldest(|entry| entry.senders.contains(&peer)).map(|place| (place, Some(peer)))
            });
            let Some((place, peer)) = victim else { return false };
            let senders = self.entries.get_mut(&place).map(|entry| {
                entry.senders.retain(|sender| Some(*sender) != peer);
                entry.senders.len()
            });
            if senders == Some(0) {
                self.remove(place);
            }
        }
        true
    }

    fn oldest(&self, which: impl Fn(&Entry<T>) -> bool) -> Option<u64> {
        self.entries.iter().find(|(_, entry)| !entry.busy && which(entry)).map(|(place, _)| *place)
    }

    /// The peer whose locks weigh most, with the newcomer's next one; the newcomer if it is among them.
    fn most_charged(&self, weight: usize, newcomer: ConnId) -> ConnId {
        let mut charges: SortedMap<ConnId, usize> = SortedMap::from([(newcomer, weight)]);
        for entry in self.entries.values().filter(|entry| !entry.busy) {
            for sender in &entry.senders {
                *charges.entry(*sender).or_default() += entry.weight;
            }
        }
        let own = charges[&newcomer];
        charges
            .into_iter()
            .filter(|(_, charge)| *charge > own)
            .max_by_key(|(_, charge)| *charge)
            .map_or(newcomer, |(peer, _)| peer)
    }
}
