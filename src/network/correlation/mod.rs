//! Requests in flight, and the replies that answer them.
//!
//! A reply finds its request by content: by the block hashes in both, whatever order replies come in. What was asked
//! of a peer and came too late is recognised for `REMEMBERED_MS` and blamed on nobody; only what was never asked of
//! that peer is unsolicited. Bounds: callers keep at most a few requests per peer in flight, and at most
//! `MAX_REMEMBERED` late ones are remembered.
//!
//! - `headers.rs`: how headers relate to what was asked.
//! - `lists.rs`: list diffs, [`QRInfoCorrelationManager`], and objects asked for by their hash.
//! - `filters.rs`: filter headers, filters and blocks.
//!
//! There is one manager for all phases. Each request belongs to one [`RequestOwner`], and expired or forgotten
//! requests are handed out by owner, so that every phase gets its own.

mod filters;
mod headers;
mod lists;

pub use headers::{HeadersReply, MAX_ANNOUNCED};
pub use lists::QRInfoCorrelationManager;

use crate::api::RequestCounts;
use crate::checks::{self, Check, Part};
use crate::collections::{Gather, SortedMap};
use crate::engine::{ConnId, Now};
use dash_protocol::{BlockHash, InventoryKind};
use headers::{Fit, fit};
use std::collections::VecDeque;

/// How long a late reply is still known as one.
const REMEMBERED_MS: u64 = 10 * 60 * 1000;
/// How many late ones are remembered: more than the rate limits let us give up on in that time. A locator makes an
/// entry up to 3.3 kB long.
const MAX_REMEMBERED: usize = 1_024;

/// A deadline seen this much too late counts as missed by us, and moves on by as much, in milliseconds.
const REPRIEVE_MS: u64 = 250;

/// Names a request; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// Who waits for the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestOwner {
    /// The download of the header chain.
    Headers,
    /// Lists and quorums.
    Masternodes,
    /// Locks and transactions that peers announced.
    Objects,
    /// Filter headers, filters, and the blocks that they lead to.
    Filters,
}

/// What was asked, as far as it takes to know the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `getheaders` or `getheaders2`: what follows the first of these hashes that the peer has on its chain.
    HeadersAfter {
        /// The locator as sent.
        locator: Vec<BlockHash>,
    },
    /// `getheaders` with an empty locator: the one header with this hash.
    HeaderByHash(BlockHash),
    /// `getmnlistd`: what changed between two blocks.
    MnListDiff {
        /// The base as sent, zeros for none.
        base: BlockHash,
        /// The block whose list is wanted.
        block: BlockHash,
    },
    /// `getqrinfo`.
    QRInfo {
        /// The block eight below the base of the requested block's cycle.
        work_block: BlockHash,
    },
    /// `getcfcheckpt`: the filter headers at every thousandth height up to a block.
    FilterCheckpoints {
        /// The block.
        stop: BlockHash,
    },
    /// `getcfheaders`: the filter hashes of a range of blocks.
    FilterHeaders {
        /// The last block.
        stop: BlockHash,
        /// How many blocks.
        count: u32,
    },
    /// `getcfilters`: the filters of a range of blocks.
    Filters {
        /// The last block.
        stop: BlockHash,
        /// How many blocks.
        count: u32,
    },
    /// `getdata` for a block.
    Block(BlockHash),
    /// `getdata` for one object.
    Object {
        /// Its kind in the inventory.
        kind: InventoryKind,
        /// Its inventory hash.
        hash: [u8; 32],
    },
}

impl Request {
    /// Who waits for the answer.
    pub fn owner(&self) -> RequestOwner {
        match self {
            Self::HeadersAfter { .. } | Self::HeaderByHash(_) => RequestOwner::Headers,
            Self::MnListDiff { .. } | Self::QRInfo { .. } => RequestOwner::Masternodes,
            Self::FilterCheckpoints { .. }
            | Self::FilterHeaders { .. }
            | Self::Filters { .. }
            | Self::Block(_) => RequestOwner::Filters,
            Self::Object { .. } => RequestOwner::Objects,
        }
    }

    /// Whether both are answered by the same kind of message.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// Whether a reply that shows this content answers the request. Without correlation every reply of the kind does.
    fn is_answered_by(&self, content: &Self) -> bool {
        let by_kind = match self {
            Self::Block(_) if !checks::on(Check::BlockHash) => true,
            _ => !checks::part(Part::Correlation),
        };
        self == content || (by_kind && self.is_like(content))
    }
}

/// A request that waits for its reply.
#[derive(Clone, Debug)]
pub struct InFlight {
    /// Its name.
    pub id: RequestId,
    /// Who was asked.
    pub peer: ConnId,
    /// What was asked.
    pub request: Request,
    /// When, by the monotonic clock.
    pub sent_ms: u64,
    /// Until when an answer is waited for.
    pub deadline_ms: u64,
    /// Whether its time was up once when nobody looked.
    reprieved: bool,
}

/// What became of a reply.
#[derive(Debug)]
pub enum Match {
    /// The reply answers this request, which is no longer in flight.
    Request(InFlight),
    /// The reply begins below a hash of the request's locator that it holds itself: no answer to anything.
    Ignores(InFlight),
    /// The reply answers this request, which was given up. It may still be of use.
    Late(InFlight),
    /// Nothing of the kind was asked of this peer.
    Unsolicited,
}

/// Keeps the requests in flight and finds the one that a reply answers.
#[derive(Debug, Default)]
pub struct RequestCorrelationManager {
    next: u64,
    in_flight: SortedMap<RequestId, InFlight>,
    given_up: VecDeque<InFlight>,
    counts: RequestCounts,
}

impl RequestCorrelationManager {
    /// Registers a request; call it before the message leaves, so that no reply is early.
    pub fn begin(&mut self, peer: ConnId, request: Request, timeout_ms: u64, now: Now) -> RequestId {
        self.next += 1;
        let id = RequestId(self.next);
        let deadline_ms = now.mono_ms + timeout_ms;
        self.in_flight
            .insert(id, InFlight { id, peer, request, sent_ms: now.mono_ms, deadline_ms, reprieved: false });
        self.counts.sent += 1;
        id
    }

    /// Finds the request that a headers reply answers, the oldest that fits first.
    pub fn headers_reply(&mut self, peer: ConnId, reply: HeadersReply<'_>, now: Now) -> Match {
        let answered = |request: &Request| {
            let like = !checks::part(Part::Correlation) && request.owner() == RequestOwner::Headers;
            like || fit(request, &reply) == Fit::Answer
        };
        match self.take(peer, answered, now) {
            Match::Unsolicited => self
                .take_oldest(peer, |request| fit(request, &reply) == Fit::Ignores)
                .map_or(Match::Unsolicited, Match::Ignores),
            found => found,
        }
    }

    /// Finds the request that a reply with this content answers.
    fn reply(&mut self, peer: ConnId, content: &Request, now: Now) -> Match {
        self.take(peer, |request| request.is_answered_by(content), now)
    }

    /// Takes out the oldest request that is answered, in flight or given up.
    fn take(&mut self, peer: ConnId, answered: impl Fn(&Request) -> bool, now: Now) -> Match {
        if let Some(request) = self.take_oldest(peer, &answered) {
            self.counts.answered += 1;
            return Match::Request(request);
        }
        self.given_up.retain(|late| now.mono_ms < late.deadline_ms + REMEMBERED_MS);
        let is_late = |late: &InFlight| late.peer == peer && answered(&late.request);
        let index = self.given_up.iter().rposition(is_late);
        index.and_then(|index| self.given_up.remove(index)).map_or(Match::Unsolicited, Match::Late)
    }

    fn take_oldest(&mut self, peer: ConnId, wanted: impl Fn(&Request) -> bool) -> Option<InFlight> {
        let is_it = |request: &&InFlight| request.peer == peer && wanted(&request.request);
        let id = self.in_flight.values().find(is_it)?.id;
        self.in_flight.remove(&id)
    }
    /// Takes out an owner's requests whose time is up. Where that is noticed late we were busy ourselves, and the
    /// answer may wait among our inputs: such a request gets `REPRIEVE_MS` more, once.
    pub fn expire(&mut self, owner: RequestOwner, now: Now) -> Vec<InFlight> {
        let missed = |r: &&mut InFlight| now.mono_ms > r.deadline_ms + REPRIEVE_MS && !r.reprieved;
        for request in self.in_flight.values_mut().filter(|r| r.request.owner() == owner).filter(missed) {
            (request.deadline_ms, request.reprieved) = (now.mono_ms + REPRIEVE_MS, true);
        }
        let due = self.ids(|r| r.request.owner() == owner && now.mono_ms >= r.deadline_ms);
        self.counts.timed_out += due.len() as u32;
        due.into_iter().filter_map(|id| self.give_up(id)).gather()
    }

    /// Gives up a request; its reply, should it come, is recognised as late.
    pub fn cancel(&mut self, id: RequestId) {
        if self.give_up(id).is_some() {
            self.counts.cancelled += 1;
        }
    }

    /// Forgets all that a peer that is gone was asked for an owner, and tells what was.
    pub fn forget_peer(&mut self, peer: ConnId, owner: RequestOwner) -> Vec<InFlight> {
        self.given_up.retain(|late| late.peer != peer || late.request.owner() != owner);
        let ids = self.ids(|r| r.peer == peer && r.request.owner() == owner);
        self.counts.cancelled += ids.len() as u32;
        ids.into_iter().filter_map(|id| self.in_flight.remove(&id)).gather()
    }

    fn ids(&self, wanted: impl Fn(&InFlight) -> bool) -> Vec<RequestId> {
        self.in_flight.values().filter(|request| wanted(request)).map(|request| request.id).gather()
    }

    fn give_up(&mut self, id: RequestId) -> Option<InFlight> {
        let request = self.in_flight.remove(&id)?;
        if self.given_up.len() == MAX_REMEMBERED {
            self.given_up.pop_front();
        }
        self.given_up.push_back(request.clone());
        Some(request)
    }

    /// Part of an answer came: what is still missing is waited for until this time at least.
    fn extend(&mut self, id: RequestId, deadline_ms: u64) {
        if let Some(request) = self.in_flight.get_mut(&id) {
            request.deadline_ms = request.deadline_ms.max(deadline_ms);
        }
    }

    /// Waits for an answer no longer than until this time.
    pub fn tighten(&mut self, id: RequestId, deadline_ms: u64) {
        if let Some(request) = self.in_flight.get_mut(&id) {
            request.deadline_ms = request.deadline_ms.min(deadline_ms);
        }
    }

    /// Whether the peer was asked the same before and did not answer: its answer may be to either, and does not tell how
    /// long it took (Karn's rule).
    pub fn was_asked_before(&self, request: &InFlight) -> bool {
        self.given_up.iter().any(|before| before.peer == request.peer && before.request == request.request)
    }

    /// Waits no longer for what a peer was asked before something that it answered: a node works on an owner's requests
    /// one after the other, in the order in which they came.
    pub fn overtaken(&mut self, by: &InFlight, now: Now) {
        let owner = by.request.owner();
        let before = |r: &&mut InFlight| r.peer == by.peer && r.id < by.id && r.request.owner() == owner;
        for request in self.in_flight.values_mut().filter(before) {
            request.deadline_ms = request.deadline_ms.min(now.mono_ms);
        }
    }

    /// Notes that something is asked again.
    pub fn count_retry(&mut self) {
        self.counts.retried += 1;
    }

    /// Whether a peer works on exactly this.
    pub fn is_asked(&self, peer: ConnId, request: &Request) -> bool {
        self.in_flight.values().any(|r| r.peer == peer && r.request == *request)
    }

    /// Requests that a peer works on, for all owners.
    pub fn in_flight_with(&self, peer: ConnId) -> usize {
        self.in_flight.values().filter(|r| r.peer == peer).count()
    }

    /// Requests of one owner that a peer works on.
    pub fn in_flight_of(&self, owner: RequestOwner, peer: ConnId) -> usize {
        self.in_flight.values().filter(|r| r.peer == peer && r.request.owner() == owner).count()
    }

    /// Requests in flight for an owner.
    pub fn in_flight(&self, owner: RequestOwner) -> usize {
        self.in_flight.values().filter(|r| r.request.owner() == owner).count()
    }

    /// What became of all requests so far.
    pub fn counts(&self) -> RequestCounts {
        self.counts
    }

    /// When [`Self::expire`] has something to do, for whichever owner.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.in_flight.values().map(|r| r.deadline_ms).min()
    }
}

#[cfg(test)]
mod tests;
