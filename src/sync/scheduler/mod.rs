//! What is asked next, and of whom.
//!
//! - [`RequestScheduler`]: what is wanted, in which order, with the history of each: age, failures, back-off.
//! - `monitor.rs`: [`NetworkConditionMonitor`]: how each peer answers.
//! - `bucket.rs`: a bucket of permits for each peer and class, which refills.
//!
//! Bounds: it holds what its owner wants and no more, with one counter for each connected peer that failed a key.

mod bucket;
mod monitor;

pub use monitor::{Answer, NetworkConditionMonitor};

use crate::checks::{self, Part};
use crate::collections::{Gather, SortedMap, SortedSet, sort, sort_by_key};
use crate::engine::{ConnId, Now};
use crate::network::Peer;
use crate::network::correlation::Request;
use crate::sync::pipeline::ListRequest;
use crate::sync::sequential::{Refusal, RequestClass};
use bucket::{Rate, TokenBucket};

/// Waiting this long lifts a request by one priority, so that even the lowest is served in bounded time.
const AGE_STEP_MS: u64 = 5_000;

/// The scheduler of list and QRInfo requests.
pub type QRInfoScheduler = RequestScheduler<ListRequest>;

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SchedulePriority {
    /// Everything else waits for it.
    Critical,
    /// Wanted before what is merely next.
    High,
    /// The work of the phase.
    Normal,
    /// Work ahead, or history.
    Low,
}

/// Something that is wanted of peers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want<K> {
    /// Names it.
    pub key: K,
    /// How urgent it is.
    pub priority: SchedulePriority,
    /// The height that it belongs to: lower ones go first within a priority. Peers that claim less are passed over.
    pub height: u32,
    /// Its kind.
    pub class: RequestClass,
    /// The only peer that can answer, if there is just one.
    pub tied: Option<ConnId>,
    /// The peer to keep to while nothing speaks against it.
    pub preferred: Option<ConnId>,
    /// What its answer will be known by, where that is known beforehand: no peer works on two that look alike.
    pub content: Option<Request>,
}

/// What the choice of a peer goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PeerView {
    /// Which peer.
    pub conn: ConnId,
    /// Smoothed round trip of pings, in milliseconds.
    pub rtt_ms: Option<f64>,
    /// The height that it claims, or that its headers reached.
    pub height: u32,
}

impl From<&Peer> for PeerView {
    fn from(peer: &Peer) -> Self {
        Self { conn: peer.conn, rtt_ms: peer.rtt_ms(), height: peer.claimed_height() }
    }
}

/// A wanted thing and its history.
#[derive(Debug)]
struct Item<K> {
    want: Want<K>,
    /// In the order of arrival.
    order: u64,
    since_ms: u64,
    failures: u32,
    failed_by: SortedSet<ConnId>,
    retry_at_ms: u64,
    /// The only peer to ask again, when nothing says who else.
    again: Option<ConnId>,
}

impl<K: Clone> Item<K> {
    fn new(want: Want<K>, order: u64, now: Now) -> Self {
        let failed_by = SortedSet::new();
        Self { want, order, since_ms: now.mono_ms, failures: 0, failed_by, retry_at_ms: 0, again: None }
    }
}

/// What the scheduler asks of the pipeline while it chooses.
pub(crate) trait Room<K> {
    /// Whether this may be asked now at all.
    fn is_open(&self, want: &Want<K>) -> bool;
    /// How peers answer.
    fn monitor(&self) -> &NetworkConditionMonitor;
    /// Whether a peer can be asked this beside what it works on.
    fn suits(&self, want: &Want<K>, peer: ConnId) -> bool;
    /// How many requests the peer works on, if it has room for this one.
    fn load(&self, want: &Want<K>, peer: ConnId) -> Option<usize>;
    /// The last word; uses up a permit.
    fn admit(&mut self, class: RequestClass, peer: ConnId) -> Result<(), Refusal>;
}

/// Keeps what is wanted and chooses what to ask next, and of whom.
#[derive(Debug)]
pub struct RequestScheduler<K> {
    items: SortedMap<K, Item<K>>,
    arrivals: u64,
    buckets: SortedMap<(ConnId, RequestClass), TokenBucket>,
    /// When the next permit comes that something waits for.
    permit_at_ms: Option<u64>,
}

impl<K> Default for RequestScheduler<K> {
    fn default() -> Self {
        Self { items: SortedMap::new(), arrivals: 0, buckets: SortedMap::new(), permit_at_ms: None }
    }
}

impl<K: Ord + Clone> RequestScheduler<K> {
    /// Takes the set of what is wanted. What was wanted before keeps its age, failures and back-off; what is wanted no
    /// longer vanishes and is told.
    pub fn want(&mut self, wants: impl IntoIterator<Item = Want<K>>, now: Now) -> Vec<K> {
        self.permit_at_ms = None;
        let mut kept = SortedSet::new();
        for want in wants {
            kept.insert(want.key.clone());
            if let Some(item) = self.items.get_mut(&want.key) {
                item.want = want;
                continue;
            }
            self.arrivals += 1;
            self.items.insert(want.key.clone(), Item::new(want, self.arrivals, now));
        }
        let gone: Vec<K> = self.items.keys().filter(|key| !kept.contains(*key)).cloned().gather();
        for key in &gone {
            self.items.remove(key);
        }
        gone
    }

    /// Chooses what to ask next and of whom: by priority with age, then by height; of a peer that is not behind, did
    /// not fail this very key, is not slow, has permits left; of those the least busy, then the nearest. What cannot
    /// be asked now blocks nothing else.
    pub(crate) fn next(
        &mut self,
        peers: &[PeerView],
        now: Now,
        room: &mut impl Room<K>,
    ) -> Option<(K, ConnId)> {
        let mut ready: Vec<&Item<K>> = self
            .items
            .values()
            .filter(|item| now.mono_ms >= item.retry_at_ms && room.is_open(&item.want))
            .gather();
        sort_by_key(&mut ready, |item| item.rank(now));
        let mut refused = SortedSet::new();
        for item in ready {
            let want = &item.want;
            if refused.contains(&want.class) {
                continue;
            }
            for peer in item.candidates(peers, now, room) {
                let limited = checks::part(Part::Scheduler);
                if limited {
                    let rate = Rate::per_peer(want.class);
                    let slot = (peer, want.class);
                    let bucket =
                        self.buckets.entry(slot).or_insert_with(|| TokenBucket::full(rate, now.mono_ms));
                    let next_at_ms = bucket.next_at_ms(now.mono_ms);
                    if next_at_ms > now.mono_ms {
                        self.permit_at_ms =
                            Some(self.permit_at_ms.map_or(next_at_ms, |at| at.min(next_at_ms)));
                        continue;
                    }
                }
                match room.admit(want.class, peer) {
                    Ok(()) => {
                        if let Some(bucket) = self.buckets.get_mut(&(peer, want.class)).filter(|_| limited) {
                            bucket.take(now.mono_ms);
                        }
                        return Some((want.key.clone(), peer));
                    }
                    Err(Refusal::Peer) => {}
                    Err(Refusal::Phase | Refusal::InFlight | Refusal::Rate { .. }) => {
                        refused.insert(want.class);
                        break;
                    }
                }
            }
        }
        None
    }

    /// The peer to ask for something, if somebody has room.
    pub(crate) fn choose(
        &self,
        want: Want<K>,
        peers: &[PeerView],
        now: Now,
        room: &impl Room<K>,
    ) -> Option<ConnId> {
        Item::new(want, 0, now).candidates(peers, now, room).first().copied()
    }

    /// Notes a failure; the key is asked again after the wait. `elsewhere` keeps it away from this peer while others
    /// are there.
    pub fn failed(&mut self, key: &K, peer: ConnId, wait_ms: u64, elsewhere: bool, now: Now) {
        let Some(item) = self.items.get_mut(key) else { return };
        item.failures += 1;
        item.retry_at_ms = now.mono_ms + wait_ms;
        if elsewhere {
            item.failed_by.insert(peer);
        } else {
            item.again = Some(peer);
        }
    }

    /// How often a key failed.
    pub fn failures(&self, key: &K) -> u32 {
        self.items.get(key).map_or(0, |item| item.failures)
    }

    /// Forgets a key that is done. If it is still wanted it begins anew.
    pub fn done(&mut self, key: &K) {
        self.items.remove(key);
    }

    /// What is wanted under a key.
    pub fn wanted(&self, key: &K) -> Option<&Want<K>> {
        self.items.get(key).map(|item| &item.want)
    }

    /// Everything wanted.
    pub fn iter(&self) -> impl Iterator<Item = &Want<K>> {
        self.items.values().map(|item| &item.want)
    }

    /// Forgets what a peer that is gone did, and its permits.
    pub fn forget_peer(&mut self, peer: ConnId) {
        for item in self.items.values_mut() {
            item.failed_by.remove(&peer);
            item.again.take_if(|again| *again == peer);
        }
        self.buckets.retain(|(owner, _), _| *owner != peer);
    }

    /// When something can be asked that waits for its back-off or a permit.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let retries = self.items.values().map(|item| item.retry_at_ms);
        retries.chain(self.permit_at_ms).filter(|at| *at > now.mono_ms).min()
    }
}

impl<K> Item<K> {
    /// The smaller, the sooner.
    fn rank(&self, now: Now) -> (i64, u32, u64) {
        if !checks::part(Part::Priority) || !checks::part(Part::Scheduler) {
            return (0, 0, self.order);
        }
        let age = now.mono_ms.saturating_sub(self.since_ms) / AGE_STEP_MS;
        (self.want.priority as i64 - age as i64, self.want.height, self.order)
    }

    /// Peers to ask, best first. Only those with the least against them count, whether or not they have room: what
    /// they cannot take now waits for them.
    fn candidates(&self, peers: &[PeerView], now: Now, room: &impl Room<K>) -> Vec<ConnId> {
        let (want, monitor) = (&self.want, room.monitor());
        let with_room = |peer: &PeerView| room.load(want, peer.conn).map(|load| (load, *peer));
        if let Some(tied) = want.tied.or(self.again) {
            let tied = peers.iter().find(|peer| peer.conn == tied);
            return tied.and_then(with_room).map(|(_, peer)| peer.conn).into_iter().gather();
        }
        if !checks::part(Part::Scheduler) {
            return peers.iter().filter_map(with_room).map(|(_, peer)| peer.conn).gather();
        }
        let burden = |peer: &PeerView| {
            let behind = peer.height < want.height || monitor.is_behind(peer.conn, now.mono_ms);
            let failed = self.failed_by.contains(&peer.conn);
            (behind, failed, monitor.is_slow(peer.conn, want.class.owner(), now.mono_ms))
        };
        let peers: Vec<PeerView> = peers.iter().copied().filter(|peer| room.suits(want, peer.conn)).gather();
        let Some(least) = peers.iter().map(burden).min() else { return Vec::new() };
        let preferred = |peer: &&PeerView| Some(peer.conn) == want.preferred && burden(peer) == least;
        if let Some(peer) = peers.iter().find(preferred) {
            return with_room(peer).map(|(_, peer)| peer.conn).into_iter().gather();
        }
        let usable = peers.iter().filter(|peer| burden(peer) == least).filter_map(with_room);
        let mut ranked: Vec<_> =
            usable.map(|(load, peer)| (load, peer.rtt_ms.unwrap_or(200.0) as u64, peer.conn)).gather();
        sort(&mut ranked);
        ranked.into_iter().map(|(_, _, conn)| conn).gather()
    }
}

#[cfg(test)]
mod tests;
