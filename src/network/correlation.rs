//! Requests in flight, and the replies that answer them.
//!
//! A reply finds its request by content: by the block hashes in both, whatever order replies come in. What was asked
//! of a peer and came too late is recognised for `REMEMBERED_MS` and dropped without blame; only what was never
//! asked of that peer is unsolicited. Bounds: callers keep at most a few requests per peer in flight, and at most
//! `MAX_REMEMBERED` late ones are remembered.

use crate::api::RequestCounts;
use crate::engine::{ConnId, Now};
use dash_protocol::BlockHash;
use std::collections::{BTreeMap, VecDeque};

/// How long a late reply is still known as one.
const REMEMBERED_MS: u64 = 10 * 60 * 1000;
/// How many late ones are remembered.
const MAX_REMEMBERED: usize = 256;

/// Names a request; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

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
}

/// What a `headers` or `headers2` message shows of itself before anything in it is proven.
#[derive(Clone, Copy)]
pub struct HeadersReply<'a> {
    /// How many headers it holds.
    pub count: usize,
    /// The previous hash of the first header.
    pub first_prev: Option<BlockHash>,
    /// The hash of the only header, computed when somebody asks for it.
    pub only_hash: &'a dyn Fn() -> Option<BlockHash>,
    /// Whether a header after the first names this hash as previous.
    pub passes: &'a dyn Fn(&BlockHash) -> bool,
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
}

/// What became of a reply.
#[derive(Debug)]
pub enum Match {
    /// The reply answers this request, which is no longer in flight.
    Request(InFlight),
    /// The reply begins below a hash of the request's locator that it holds itself: no answer to anything.
    Ignores(InFlight),
    /// The reply answers a request that was given up.
    Late,
    /// Nothing of the kind was asked of this peer.
    Unsolicited,
}

/// Keeps the requests in flight and finds the one that a reply answers.
#[derive(Debug, Default)]
pub struct RequestCorrelationManager {
    next: u64,
    in_flight: BTreeMap<RequestId, InFlight>,
    given_up: VecDeque<InFlight>,
    counts: RequestCounts,
}

impl RequestCorrelationManager {
    /// Registers a request; call it before the message leaves, so that no reply is early.
    pub fn begin(&mut self, peer: ConnId, request: Request, timeout_ms: u64, now: Now) -> RequestId {
        self.next += 1;
        let id = RequestId(self.next);
        let deadline_ms = now.mono_ms + timeout_ms;
        self.in_flight.insert(id, InFlight { id, peer, request, sent_ms: now.mono_ms, deadline_ms });
        self.counts.sent += 1;
        id
    }

    /// Finds the request that a headers reply answers, the oldest that fits first.
    pub fn headers_reply(&mut self, peer: ConnId, reply: HeadersReply<'_>, now: Now) -> Match {
        if let Some(request) = self.take_oldest(peer, &reply, Fit::Answer) {
            self.counts.answered += 1;
            return Match::Request(request);
        }
        self.given_up.retain(|late| now.mono_ms < late.deadline_ms + REMEMBERED_MS);
        let is_late = |late: &InFlight| late.peer == peer && fit(&late.request, &reply) == Fit::Answer;
        if let Some(index) = self.given_up.iter().position(is_late) {
            self.given_up.remove(index);
            return Match::Late;
        }
        self.take_oldest(peer, &reply, Fit::Ignores).map_or(Match::Unsolicited, Match::Ignores)
    }

    fn take_oldest(&mut self, peer: ConnId, reply: &HeadersReply<'_>, wanted: Fit) -> Option<InFlight> {
        let mut of_peer = self.in_flight.values().filter(|request| request.peer == peer);
        let id = of_peer.find(|request| fit(&request.request, reply) == wanted)?.id;
        self.in_flight.remove(&id)
    }

    /// Takes out the requests whose time is up.
    pub fn expire(&mut self, now: Now) -> Vec<InFlight> {
        let due: Vec<RequestId> =
            self.in_flight.values().filter(|r| now.mono_ms >= r.deadline_ms).map(|r| r.id).collect();
        self.counts.timed_out += due.len() as u32;
        due.into_iter().filter_map(|id| self.give_up(id)).collect()
    }

    /// Gives up a request; its reply, should it come, is recognised as late.
    pub fn cancel(&mut self, id: RequestId) {
        if self.give_up(id).is_some() {
            self.counts.cancelled += 1;
        }
    }

    /// Forgets all that was asked of a peer that is gone, and tells what was.
    pub fn forget_peer(&mut self, peer: ConnId) -> Vec<InFlight> {
        self.given_up.retain(|late| late.peer != peer);
        let ids: Vec<RequestId> = self.in_flight.values().filter(|r| r.peer == peer).map(|r| r.id).collect();
        self.counts.cancelled += ids.len() as u32;
        ids.into_iter().filter_map(|id| self.in_flight.remove(&id)).collect()
    }

    fn give_up(&mut self, id: RequestId) -> Option<InFlight> {
        let request = self.in_flight.remove(&id)?;
        if self.given_up.len() == MAX_REMEMBERED {
            self.given_up.pop_front();
        }
        self.given_up.push_back(request.clone());
        Some(request)
    }

    /// Notes that something is asked again.
    pub fn count_retry(&mut self) {
        self.counts.retried += 1;
    }

    /// Requests that a peer works on.
    pub fn in_flight_with(&self, peer: ConnId) -> usize {
        self.in_flight.values().filter(|r| r.peer == peer).count()
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// What became of all requests so far.
    pub fn counts(&self) -> RequestCounts {
        self.counts
    }

    /// When [`Self::expire`] has something to do.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.in_flight.values().map(|r| r.deadline_ms).min()
    }
}

/// How a reply relates to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It can be the answer.
    Answer,
    /// It begins where the request allows, but a node would have begun later: it takes the first hash of the locator
    /// that is on its chain, and one that stands before is in the reply itself.
    Ignores,
    /// It has nothing to do with it.
    No,
}

/// An empty reply says «nothing» to whatever is oldest: a node works its requests off in order.
fn fit(request: &Request, reply: &HeadersReply<'_>) -> Fit {
    match (request, reply.first_prev) {
        (_, None) => Fit::Answer,
        (Request::HeadersAfter { locator }, Some(prev)) => {
            match locator.iter().position(|hash| *hash == prev) {
                Some(begin) if locator[..begin].iter().any(|hash| (reply.passes)(hash)) => Fit::Ignores,
                Some(_) => Fit::Answer,
                None => Fit::No,
            }
        }
        (Request::HeaderByHash(hash), Some(_)) if reply.count == 1 && (reply.only_hash)() == Some(*hash) => {
            Fit::Answer
        }
        (Request::HeaderByHash(_), Some(_)) => Fit::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: ConnId = ConnId(1);

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    fn hash(byte: u8) -> BlockHash {
        BlockHash::from_bytes([byte; 32])
    }

    fn after(byte: u8) -> Request {
        Request::HeadersAfter { locator: vec![hash(byte)] }
    }

    fn reply(prev: Option<u8>) -> HeadersReply<'static> {
        HeadersReply {
            count: usize::from(prev.is_some()),
            first_prev: prev.map(hash),
            only_hash: &|| None,
            passes: &|_| false,
        }
    }

    #[test]
    fn replies_out_of_order_find_their_requests_by_content() {
        let mut manager = RequestCorrelationManager::default();
        let first = manager.begin(PEER, after(1), 100, now(0));
        let second = manager.begin(PEER, after(2), 100, now(0));
        let Match::Request(found) = manager.headers_reply(PEER, reply(Some(2)), now(1)) else { panic!() };
        assert_eq!(found.id, second);
        let Match::Request(found) = manager.headers_reply(PEER, reply(Some(1)), now(1)) else { panic!() };
        assert_eq!(found.id, first);
    }

    #[test]
    fn a_reply_from_somebody_else_is_unsolicited() {
        let mut manager = RequestCorrelationManager::default();
        manager.begin(PEER, after(1), 100, now(0));
        assert!(matches!(manager.headers_reply(ConnId(2), reply(Some(1)), now(1)), Match::Unsolicited));
        assert_eq!(manager.in_flight(), 1);
    }

    #[test]
    fn a_late_reply_is_nobodys_fault_but_only_once() {
        let mut manager = RequestCorrelationManager::default();
        manager.begin(PEER, after(1), 100, now(0));
        assert_eq!(manager.expire(now(100)).len(), 1);
        assert!(matches!(manager.headers_reply(PEER, reply(Some(1)), now(200)), Match::Late));
        assert!(matches!(manager.headers_reply(PEER, reply(Some(1)), now(300)), Match::Unsolicited));
    }

    #[test]
    fn an_answer_that_passes_a_hash_of_the_locator_ignores_it_unless_an_older_request_explains_it() {
        let mut manager = RequestCorrelationManager::default();
        let ask = |manager: &mut RequestCorrelationManager, locator: &[u8]| {
            let locator = locator.iter().map(|byte| hash(*byte)).collect();
            manager.begin(PEER, Request::HeadersAfter { locator }, 100, now(0))
        };
        let reply = HeadersReply {
            count: 9,
            first_prev: Some(hash(1)),
            only_hash: &|| None,
            passes: &|passed| *passed == hash(3),
        };
        let older = ask(&mut manager, &[1]);
        manager.cancel(older);
        ask(&mut manager, &[3, 1]);
        assert!(matches!(manager.headers_reply(PEER, reply, now(1)), Match::Late));
        assert!(matches!(manager.headers_reply(PEER, reply, now(1)), Match::Ignores(_)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut manager = RequestCorrelationManager::default();
        for round in 0..MAX_REMEMBERED as u64 * 2 {
            manager.begin(PEER, after(1), 1, now(round));
            manager.expire(now(round + 1));
        }
        assert_eq!(manager.given_up.len(), MAX_REMEMBERED);
    }

    #[test]
    fn a_header_asked_by_hash_is_known_by_its_hash() {
        let mut manager = RequestCorrelationManager::default();
        manager.begin(PEER, Request::HeaderByHash(hash(7)), 100, now(0));
        let wrong = HeadersReply {
            count: 1,
            first_prev: Some(hash(6)),
            only_hash: &|| Some(hash(8)),
            passes: &|_| false,
        };
        assert!(matches!(manager.headers_reply(PEER, wrong, now(1)), Match::Unsolicited));
        let right = HeadersReply {
            count: 1,
            first_prev: Some(hash(6)),
            only_hash: &|| Some(hash(7)),
            passes: &|_| false,
        };
        assert!(matches!(manager.headers_reply(PEER, right, now(1)), Match::Request(_)));
    }
}
