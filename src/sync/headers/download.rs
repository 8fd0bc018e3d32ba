//! Whom to ask for what.
//!
//! First the ranges between checkpoints, up to [`MAX_ACTIVE_RANGES`] side by side, each of one peer at a time and
//! ending in a hash that is known beforehand. Then the tip: one peer leads until it has no more, and every other peer
//! is asked whether it has anything after it. All bounds on what may come back are in `stream.rs`.

use super::stream::{MAX_BUFFERED, MAX_UNHASHED, Place, Stream};
use super::{Ctx, HeaderSync};
use crate::chain::MEMORY_WINDOW;
use crate::engine::ConnId;
use crate::network::correlation::{Request, RequestId, RequestOwner};
use crate::sync::sequential::{Failure, Recovery, RequestClass, SyncPhase};
use dash_protocol::{BlockHash, GetHeaders, MAX_HEADERS, Message, PROTOCOL_VERSION, ServiceFlags};

/// Ranges worked on at once.
pub(super) const MAX_ACTIVE_RANGES: usize = 8;
/// An answer to a request for headers is waited for this long; longer after each failure.
const HEADERS_TIMEOUT_MS: u64 = 15_000;
const MAX_TIMEOUT_MS: u64 = 60_000;
/// A peer that did not answer is passed over for this long while others are there.
const SLOW_MS: u64 = 30_000;
/// Requests in a row without an answer after which a peer is let go.
const MAX_TIMEOUTS: u32 = 3;
/// How often each peer is asked for news although nobody announced any.
const POLL_MS: u64 = 60_000;
/// Proven headers that may wait for the store before new ones are put off: they have to stay in memory until then.
pub(super) const MAX_UNSTORED: u32 = MEMORY_WINDOW as u32 - 2_000;
/// Below this many bytes a second compressed headers are worth their wait: a plain batch of 160 kB would take longer
/// to arrive than the hashing that it saves us from waiting for.
const COMPRESS_BELOW: f64 = 400_000.0;

/// The headers from one known place to the next.
#[derive(Debug)]
pub(super) struct Range {
    /// The known header that it begins after.
    pub origin: Place,
    /// Where the stream goes on: the origin, or the tip of the chain once some of the range is on it.
    pub start: Place,
    pub end: Place,
    pub stream: Stream,
}

impl Range {
    /// Whether everything up to its end was received.
    pub fn is_received(&self) -> bool {
        self.stream.last.is_some_and(|last| last.height >= self.end.height)
    }
}

/// A question for what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Our tip at that time.
    pub tip: Place,
    /// What stood first in the locator: our tip, or a header of the peer's that was not on the chain yet.
    pub first: Place,
}

/// What is known of a peer as a source of headers.
#[derive(Debug, Default)]
pub(super) struct TipPeer {
    pub stream: Stream,
    /// How it was last asked.
    pub asked: Option<Asked>,
    /// The question to which it answered that it has nothing more.
    pub nothing_more: Option<Asked>,
    /// Its last answer was not empty: there may be more.
    pub more: bool,
    /// Headers of it that lie on a side branch with less work than the best chain.
    pub side_headers: u32,
    /// Where that side branch left the best chain, and where it ends.
    pub side_fork: Option<u32>,
    pub side_tip: Option<BlockHash>,
    /// Answers in a row that held nothing new.
    pub fruitless: u32,
    pub last_asked_ms: Option<u64>,
    pub timeouts: u32,
    /// Passed over until then, while others are there.
    pub slow_until_ms: u64,
    /// It has no part of the range that it was asked for: its chain is shorter.
    pub behind_until_ms: u64,
    /// Smoothed bytes a second of its batches.
    pub bytes_per_second: Option<f64>,
}

impl TipPeer {
    /// When it is to be asked although nothing happened.
    pub fn poll_at_ms(&self) -> u64 {
        self.last_asked_ms.map_or(0, |at| at + POLL_MS)
    }

    /// What it has lies on the best chain.
    pub fn forget_branch(&mut self) {
        (self.side_headers, self.side_fork, self.side_tip, self.fruitless) = (0, None, None, 0);
    }
}

impl HeaderSync {
    /// Sends the requests that are wanted and allowed.
    pub(super) fn ask(&mut self, ctx: &mut Ctx<'_>) {
        if self.lane().context.is_some() {
            self.ask_context(ctx);
        }
        self.ask_ranges(ctx);
        if self.ranges.is_empty() && self.lane().chain.is_some() && self.lane().end.is_none() {
            self.ask_tips(ctx);
        }
    }

    /// The next ancestor of the start, of any peer.
    fn ask_context(&mut self, ctx: &mut Ctx<'_>) {
        let lane = self.lane();
        let Some(wanted) = lane.context.as_ref().and_then(|context| context.wanted()) else { return };
        if lane.context_request.is_some() {
            return;
        }
        let Some(peer) = self.pick_peer(ctx, None) else { return };
        if ctx.admit(RequestClass::StartContext, 0, 0).is_err() {
            return;
        }
        let id = ctx.requests.begin(peer, Request::HeaderByHash(wanted), self.timeout_ms(ctx), ctx.now);
        self.lane_mut().context_request = Some(id);
        let get = GetHeaders { version: PROTOCOL_VERSION, locator: Vec::new(), stop: wanted };
        ctx.peers.send(peer, &Message::GetHeaders(get), ctx.out);
    }

    fn ask_ranges(&mut self, ctx: &mut Ctx<'_>) {
        if self.deep_fork.is_some() || self.doubted_range.is_some() {
            return;
        }
        let mut room = MAX_BUFFERED.saturating_sub(self.buffered());
        for index in 0..self.ranges.len().min(MAX_ACTIVE_RANGES) {
            let range = &self.ranges[index];
            let stream = &range.stream;
            if range.is_received() || !stream.can_ask_on() || ctx.now.mono_ms < stream.retry_at_ms {
                continue;
            }
            // The first range must always be able to go on: what others hold waits for it.
            let full = if index == 0 { stream.buffered() >= MAX_BUFFERED / 4 } else { room < MAX_HEADERS };
            if full || stream.unhashed() >= MAX_UNHASHED {
                continue;
            }
            let Some(peer) = self.pick_peer(ctx, stream.source) else { return };
            if ctx.admit_headers(peer).is_err() {
                continue;
            }
            room = room.saturating_sub(MAX_HEADERS);
            let mut locator: Vec<BlockHash> = stream.last.iter().map(|last| last.hash).collect();
            locator.push(range.start.hash);
            locator.push(range.origin.hash);
            locator.dedup();
            self.push_genesis(&mut locator);
            let (start, stop) = (range.start, range.end.hash);
            let request = self.send_headers_request(peer, locator, stop, ctx);
            if let Some(range) = self.ranges.iter_mut().find(|range| range.start == start) {
                range.stream.request = Some(request);
                range.stream.source = Some(peer);
            }
        }
    }

    fn ask_tips(&mut self, ctx: &mut Ctx<'_>) {
        let Some(tip) = self.lane().chain.as_ref().map(|_| self.lane().tip()) else { return };
        if self.lane().unstored() > MAX_UNSTORED {
            return;
        }
        let peers: Vec<ConnId> = ctx.peers.ready().map(|peer| peer.conn).collect();
        // One peer at a time brings news in bulk; two would bring the same.
        let leads = |tip: &TipPeer| tip.more || (tip.nothing_more.is_none() && tip.stream.request.is_some());
        let leader = peers.iter().copied().find(|peer| self.tips.get(peer).is_some_and(leads));
        let some_rest =
            |sync: &Self, but: ConnId| peers.iter().any(|&p| p != but && !sync.is_slow(p, ctx.now.mono_ms));
        let candidates: Vec<ConnId> = match leader {
            Some(leader) if !self.is_slow(leader, ctx.now.mono_ms) || !some_rest(self, leader) => {
                vec![leader]
            }
            _ if self.nobody_asked_yet(&peers) => self.pick_peer(ctx, None).into_iter().collect(),
            _ => peers.clone(),
        };
        for peer in candidates {
            let entry = self.tips.entry(peer).or_default();
            let told = entry.nothing_more.is_some_and(|asked| asked.tip == tip || asked.first == tip);
            let news = self.wants_confirmation && !told;
            let poll = ctx.now.mono_ms >= entry.poll_at_ms();
            let stream = &entry.stream;
            if self.deep_fork.as_ref().is_some_and(|fork| fork.peer() == Some(peer)) {
                continue;
            }
            if !(entry.more || news || poll)
                || !stream.can_ask_on()
                || stream.unhashed() >= MAX_UNHASHED
                || ctx.now.mono_ms < stream.retry_at_ms
            {
                continue;
            }
            let continues = stream.last;
            let admitted = if entry.more {
                ctx.admit_headers(peer)
            } else {
                ctx.admit(
                    RequestClass::TipCheck,
                    ctx.requests.in_flight(RequestOwner::Headers),
                    ctx.requests.in_flight_with(peer),
                )
            };
            if admitted.is_err() {
                continue;
            }
            let mut locator = self.lane().chain.as_ref().map_or_else(Vec::new, |chain| chain.locator());
            self.push_genesis(&mut locator);
            let leads = continues.filter(|last| self.insert_by_height(&mut locator, *last));
            let request = self.send_headers_request(peer, locator, BlockHash::ZERO, ctx);
            let entry = self.tips.entry(peer).or_default();
            entry.asked = Some(Asked { tip, first: leads.unwrap_or(tip) });
            entry.last_asked_ms = Some(ctx.now.mono_ms);
            entry.stream.request = Some(request);
            entry.stream.source = Some(peer);
        }
    }

    /// A node goes by the order of the locator, so that a header of a peer's own stands in front of all that are lower.
    /// Tells whether it comes first.
    fn insert_by_height(&self, locator: &mut Vec<BlockHash>, last: Place) -> bool {
        let height = |hash: &BlockHash| {
            self.lane().chain.as_ref().and_then(|chain| chain.find(hash)).map_or(0, |e| e.height)
        };
        let at = locator.iter().position(|hash| height(hash) <= last.height).unwrap_or(locator.len());
        if locator.get(at) != Some(&last.hash) {
            locator.insert(at, last.hash);
        }
        at == 0
    }

    fn nobody_asked_yet(&self, peers: &[ConnId]) -> bool {
        !peers.iter().any(|peer| self.tips.get(peer).is_some_and(|tip| tip.last_asked_ms.is_some()))
    }

    /// Sends `getheaders`, or `getheaders2` where the link is the bottleneck.
    fn send_headers_request(
        &self,
        peer: ConnId,
        mut locator: Vec<BlockHash>,
        stop: BlockHash,
        ctx: &mut Ctx<'_>,
    ) -> RequestId {
        locator.truncate(dash_protocol::MAX_LOCATOR);
        let compressed =
            self.tips.get(&peer).and_then(|tip| tip.bytes_per_second).is_some_and(|b| b < COMPRESS_BELOW)
                && ctx.peers.peer(peer).is_some_and(|p| p.services().has(ServiceFlags::HEADERS_COMPRESSED));
        let request = Request::HeadersAfter { locator: locator.clone() };
        let id = ctx.requests.begin(peer, request, self.timeout_ms(ctx), ctx.now);
        let get = GetHeaders { version: PROTOCOL_VERSION, locator, stop };
        let message = if compressed { Message::GetHeaders2(get) } else { Message::GetHeaders(get) };
        ctx.peers.send(peer, &message, ctx.out);
        id
    }

    /// Genesis ends every locator, so that a peer without our start shows itself.
    pub(super) fn push_genesis(&self, locator: &mut Vec<BlockHash>) {
        if locator.last() != Some(&self.params.genesis_hash) {
            locator.truncate(dash_protocol::MAX_LOCATOR - 1);
            locator.push(self.params.genesis_hash);
        }
    }

    fn timeout_ms(&self, ctx: &Ctx<'_>) -> u64 {
        let failures = ctx.recovery.failures(SyncPhase::DownloadingHeaders).min(4);
        (HEADERS_TIMEOUT_MS << failures).min(MAX_TIMEOUT_MS)
    }

    pub(super) fn is_slow(&self, peer: ConnId, now_ms: u64) -> bool {
        self.tips.get(&peer).is_some_and(|tip| now_ms < tip.slow_until_ms)
    }

    /// The peer to ask: the one that is at it already, else the least busy, then the nearest. Peers that were slow or
    /// whose chain is too short come last.
    pub(super) fn pick_peer(&self, ctx: &Ctx<'_>, keep: Option<ConnId>) -> Option<ConnId> {
        let now = ctx.now.mono_ms;
        let burden = |conn: ConnId| {
            let tip = self.tips.get(&conn);
            let behind = tip.is_some_and(|tip| now < tip.behind_until_ms);
            (behind, self.is_slow(conn, now))
        };
        if let Some(conn) = keep.filter(|&conn| ctx.peers.peer(conn).is_some_and(|peer| peer.is_ready()))
            && burden(conn) == (false, false)
        {
            return Some(conn);
        }
        ctx.peers
            .ready()
            .min_by_key(|peer| {
                let rtt = peer.rtt_ms().unwrap_or(200.0) as u64;
                (burden(peer.conn), ctx.requests.in_flight_with(peer.conn), rtt)
            })
            .map(|peer| peer.conn)
    }

    /// Requests that were not answered in time.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        for request in ctx.requests.expire(RequestOwner::Headers, ctx.now) {
            let others = ctx.peers.ready().any(|peer| peer.conn != request.peer);
            let entry = self.tips.entry(request.peer).or_default();
            entry.timeouts += 1;
            entry.slow_until_ms = ctx.now.mono_ms + SLOW_MS;
            let timeouts = entry.timeouts;
            self.request_lost(request.id, Failure::Timeout, others, ctx);
            if timeouts >= MAX_TIMEOUTS {
                ctx.peers.hang_up(request.peer, "does not answer", ctx.now, ctx.out);
            }
        }
    }

    /// A request will not be answered: whatever waited for it is asked again.
    pub(super) fn request_lost(&mut self, id: RequestId, failure: Failure, others: bool, ctx: &mut Ctx<'_>) {
        let recovery = ctx.recovery.failed(SyncPhase::DownloadingHeaders, failure, others);
        let retry_at_ms = match recovery {
            Recovery::RetryAfter { wait_ms } | Recovery::RestartFromWatermark { wait_ms } => {
                ctx.now.mono_ms + wait_ms
            }
            Recovery::SwitchPeer | Recovery::WaitForNetwork => ctx.now.mono_ms,
        };
        ctx.requests.count_retry();
        if self.lane().context_request == Some(id) {
            self.lane_mut().context_request = None;
            return;
        }
        let ranges = self.ranges.iter_mut().map(|range| &mut range.stream);
        let tips = self.tips.values_mut().map(|tip| &mut tip.stream);
        if let Some(stream) = ranges.chain(tips).find(|stream| stream.request == Some(id)) {
            stream.request = None;
            stream.source = None;
            stream.retry_at_ms = retry_at_ms;
        }
        self.deep_fork_request_lost(id);
    }

    /// Headers held in memory that are not on the chain yet.
    pub(super) fn buffered(&self) -> usize {
        let ranges: usize = self.ranges.iter().map(|range| range.stream.buffered()).sum();
        let tips: usize = self.tips.values().map(|tip| tip.stream.buffered()).sum();
        ranges + tips
    }
}
