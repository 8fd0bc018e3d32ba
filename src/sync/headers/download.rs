//! Whom to ask for what.
//!
//! First the ranges between checkpoints, up to [`MAX_ACTIVE_RANGES`] side by side, each of one peer at a time and
//! ending in a hash that is known beforehand. Then the tip: one peer leads until it has no more, and every other peer
//! is asked whether it has anything after it. All bounds on what may come back are in `stream.rs`.

use super::stream::{MAX_BUFFERED, MAX_UNHASHED, Place, Stream, StreamId};
use super::{Ctx, HeaderSync};
use crate::chain::MEMORY_WINDOW;
use crate::engine::{ConnId, Now};
use crate::network::correlation::{Request, RequestOwner};
use crate::sync::parallel::{ExecutorLimits, ExecutorMode};
use crate::sync::pipeline::{Dispatch, Lost, PipelineSettings};
use crate::sync::scheduler::{PeerView, SchedulePriority, Want};
use crate::sync::sequential::RequestClass;
use dash_protocol::{BlockHash, GetHeaders, MAX_HEADERS, Message, PROTOCOL_VERSION, ServiceFlags};

/// Ranges worked on at once.
pub(super) const MAX_ACTIVE_RANGES: usize = 8;
/// Requests in a row without an answer after which a peer is let go.
const MAX_TIMEOUTS: u32 = 3;
/// The share of failures at which no headers are asked for a while.
const BREAKER_RATE: f64 = 0.9;
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
    /// A block that it announced and that was not known then.
    pub announced: Option<BlockHash>,
    /// Headers of it that lie on a side branch with less work than the best chain.
    pub side_headers: u32,
    /// Where that side branch left the best chain, and where it ends.
    pub side_fork: Option<u32>,
    pub side_tip: Option<BlockHash>,
    /// Answers in a row that held nothing new.
    pub fruitless: u32,
    pub last_asked_ms: Option<u64>,
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

/// What is asked: the pipeline's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HeaderWork {
    /// The ancestor of the start with this hash.
    Context(BlockHash),
    /// What continues a stream.
    Stream(StreamId),
    /// What a branch that leaves the chain deep down has after this hash.
    Fork(BlockHash),
}

/// Requests for headers: no more than two batches and an ancestor with each peer.
pub(super) fn settings(seed: u64) -> PipelineSettings {
    PipelineSettings {
        owner: RequestOwner::Headers,
        limits: ExecutorLimits { per_peer: 3, in_all: 32, mode: ExecutorMode::Parallel },
        // What comes is held by the streams, within their own bounds.
        most_held: usize::MAX,
        most_held_bytes: usize::MAX,
        breaker_rate: BREAKER_RATE,
        seed,
    }
}

impl HeaderSync {
    /// Sends the requests that are wanted and allowed.
    pub(super) fn ask(&mut self, ctx: &mut Ctx<'_>) {
        let peers: Vec<PeerView> = ctx.peers.ready().map(PeerView::from).collect();
        let mut wants = Vec::new();
        self.want_context(&mut wants);
        self.want_fork(&mut wants);
        self.want_ranges(&mut wants, ctx);
        self.want_tips(&mut wants, &peers, ctx);
        self.work.want(wants, &mut ctx.shared());
        while let Some(dispatch) = self.work.next(&peers, &mut ctx.shared()) {
            self.send(dispatch, ctx);
        }
    }

    /// The next ancestor of the start, of any peer.
    fn want_context(&self, wants: &mut Vec<Want<HeaderWork>>) {
        let lane = self.lane();
        if let Some(hash) = lane.context.as_ref().and_then(|context| context.wanted()) {
            wants.push(Want {
                priority: SchedulePriority::Critical,
                class: RequestClass::StartContext,
                ..want(HeaderWork::Context(hash), lane.start.height)
            });
        }
    }

    /// What the proof of a deep fork waits for.
    fn want_fork(&self, wants: &mut Vec<Want<HeaderWork>>) {
        let Some(fork) = &self.deep_fork else { return };
        if let (Some(peer), Some(after)) = (fork.peer(), fork.awaited_after()) {
            let priority = SchedulePriority::High;
            wants.push(Want { priority, tied: Some(peer), ..want(HeaderWork::Fork(after), 0) });
        }
    }

    fn want_ranges(&self, wants: &mut Vec<Want<HeaderWork>>, ctx: &Ctx<'_>) {
        let held_up = self.deep_fork.is_some() || self.doubted_range.is_some();
        let mut room = MAX_BUFFERED.saturating_sub(self.buffered());
        for (index, range) in self.ranges.iter().enumerate() {
            let stream = &range.stream;
            let key = HeaderWork::Stream(StreamId::Range(range.origin.height));
            if self.work.running(&key).is_none() {
                // The first range must always be able to go on: what others hold waits for it.
                let full =
                    if index == 0 { stream.buffered() >= MAX_BUFFERED / 4 } else { room < MAX_HEADERS };
                let waits = full || stream.unhashed() >= MAX_UNHASHED || ctx.now.mono_ms < stream.retry_at_ms;
                if held_up
                    || waits
                    || range.is_received()
                    || !stream.can_ask_on()
                    || index >= MAX_ACTIVE_RANGES
                {
                    continue;
                }
                room = room.saturating_sub(MAX_HEADERS);
            }
            let priority = if index == 0 { SchedulePriority::High } else { SchedulePriority::Normal };
            let preferred = stream.source;
            wants.push(Want { priority, preferred, ..want(key, range.origin.height) });
        }
    }

    fn want_tips(&mut self, wants: &mut Vec<Want<HeaderWork>>, peers: &[PeerView], ctx: &mut Ctx<'_>) {
        let asked = if self.follows_tip() && self.lane().unstored() <= MAX_UNSTORED {
            self.tip_candidates(peers, ctx)
        } else {
            Vec::new()
        };
        for &PeerView { conn, .. } in peers {
            let key = tip_work(conn);
            let wanted = asked.contains(&conn) && self.wants_tip_of(conn, ctx.now);
            if wanted || self.work.running(&key).is_some() {
                let more = self.tips.get(&conn).is_some_and(|tip| tip.more);
                let class = if more { RequestClass::Headers } else { RequestClass::TipCheck };
                wants.push(Want { class, tied: Some(conn), ..want(key, 0) });
            }
        }
    }

    /// Who may be asked about the tip: one peer at a time brings news in bulk; two would bring the same.
    fn tip_candidates(&self, peers: &[PeerView], ctx: &mut Ctx<'_>) -> Vec<ConnId> {
        let leads = |conn: ConnId| {
            let asked = self.work.running(&tip_work(conn)).is_some();
            self.tips.get(&conn).is_some_and(|tip| tip.more || (tip.nothing_more.is_none() && asked))
        };
        let is_slow = |conn: ConnId| ctx.monitor.is_slow(conn, RequestOwner::Headers, ctx.now.mono_ms);
        let leader = peers.iter().map(|peer| peer.conn).find(|&conn| leads(conn));
        let some_rest = |but: ConnId| peers.iter().any(|peer| peer.conn != but && !is_slow(peer.conn));
        match leader {
            Some(leader) if !is_slow(leader) || !some_rest(leader) => vec![leader],
            _ if self.nobody_asked_yet(peers) => {
                let anything = want(HeaderWork::Fork(BlockHash::ZERO), 0);
                self.work.choose(anything, peers, &mut ctx.shared()).into_iter().collect()
            }
            _ => peers.iter().map(|peer| peer.conn).collect(),
        }
    }

    /// Whether a peer has more, or could have news.
    fn wants_tip_of(&mut self, peer: ConnId, now: Now) -> bool {
        let tip = self.lane().tip();
        let proves = self.deep_fork.as_ref().is_some_and(|fork| fork.peer() == Some(peer));
        let confirming = self.wants_confirmation;
        let entry = self.tips.entry(peer).or_default();
        let told = entry.nothing_more.is_some_and(|asked| asked.tip == tip || asked.first == tip);
        let (news, poll) = (confirming && !told, now.mono_ms >= entry.poll_at_ms());
        let stream = &entry.stream;
        !proves
            && (entry.more || news || poll)
            && stream.can_ask_on()
            && stream.unhashed() < MAX_UNHASHED
            && now.mono_ms >= stream.retry_at_ms
    }

    /// Sends what the pipeline chose.
    fn send(&mut self, dispatch: Dispatch<HeaderWork>, ctx: &mut Ctx<'_>) {
        let peer = dispatch.peer;
        let mut stop = BlockHash::ZERO;
        let mut locator = match dispatch.key {
            HeaderWork::Context(hash) => {
                stop = hash;
                Vec::new()
            }
            HeaderWork::Fork(after) => vec![after],
            HeaderWork::Stream(StreamId::Range(origin)) => {
                let range = self.ranges.iter_mut().find(|range| range.origin.height == origin);
                let Some(range) = range else { return };
                stop = range.end.hash;
                range.stream.source = Some(peer);
                let mut locator: Vec<BlockHash> = range.stream.last.iter().map(|last| last.hash).collect();
                locator.extend([range.start.hash, range.origin.hash]);
                locator.dedup();
                self.push_genesis(&mut locator);
                locator
            }
            HeaderWork::Stream(StreamId::Tip(_)) => self.tip_locator(peer, ctx.now),
        };
        locator.truncate(dash_protocol::MAX_LOCATOR);
        let request = match dispatch.key {
            HeaderWork::Context(hash) => Request::HeaderByHash(hash),
            HeaderWork::Stream(_) | HeaderWork::Fork(_) => Request::HeadersAfter { locator: locator.clone() },
        };
        let compressed = matches!(dispatch.key, HeaderWork::Stream(_)) && wants_compressed(peer, ctx);
        self.work.begin(dispatch, Some(request), &mut ctx.shared());
        let get = GetHeaders { version: PROTOCOL_VERSION, locator, stop };
        let message = if compressed { Message::GetHeaders2(get) } else { Message::GetHeaders(get) };
        ctx.peers.send(peer, &message, ctx.out);
    }

    /// The locator for a question about the tip, which is noted.
    fn tip_locator(&mut self, peer: ConnId, now: Now) -> Vec<BlockHash> {
        let tip = self.lane().tip();
        let mut locator = self.lane().chain.as_ref().map_or_else(Vec::new, |chain| chain.locator());
        self.push_genesis(&mut locator);
        let continues = self.tips.get(&peer).and_then(|tip| tip.stream.last);
        let leads = continues.filter(|last| self.insert_by_height(&mut locator, *last));
        let entry = self.tips.entry(peer).or_default();
        entry.asked = Some(Asked { tip, first: leads.unwrap_or(tip) });
        entry.last_asked_ms = Some(now.mono_ms);
        entry.stream.source = Some(peer);
        locator
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

    fn nobody_asked_yet(&self, peers: &[PeerView]) -> bool {
        let asked =
            |peer: &PeerView| self.tips.get(&peer.conn).is_some_and(|tip| tip.last_asked_ms.is_some());
        !peers.iter().any(asked)
    }

    /// Genesis ends every locator, so that a peer without our start shows itself.
    pub(super) fn push_genesis(&self, locator: &mut Vec<BlockHash>) {
        if locator.last() != Some(&self.params.genesis_hash) {
            locator.truncate(dash_protocol::MAX_LOCATOR - 1);
            locator.push(self.params.genesis_hash);
        }
    }

    /// Requests that were not answered in time.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        for lost in self.work.expire(&mut ctx.shared()) {
            self.request_lost(&lost);
            if lost.unanswered >= MAX_TIMEOUTS {
                ctx.peers.hang_up(lost.peer, "does not answer", ctx.now, ctx.out);
            }
        }
    }

    /// A request came to nothing. What waited for it is in the pipeline's queue again, except for the proof of a deep
    /// fork: that is given up.
    pub(super) fn request_lost(&mut self, lost: &Lost<HeaderWork>) {
        match lost.key {
            HeaderWork::Context(_) => {}
            HeaderWork::Fork(after) => {
                self.deep_fork.take_if(|fork| fork.awaited_after() == Some(after));
            }
            HeaderWork::Stream(id) => {
                if let Some(stream) = self.stream_mut(id) {
                    stream.source = None;
                }
            }
        }
    }

    /// Headers held in memory that are not on the chain yet.
    pub(super) fn buffered(&self) -> usize {
        let ranges: usize = self.ranges.iter().map(|range| range.stream.buffered()).sum();
        let tips: usize = self.tips.values().map(|tip| tip.stream.buffered()).sum();
        ranges + tips
    }
}

fn tip_work(peer: ConnId) -> HeaderWork {
    HeaderWork::Stream(StreamId::Tip(peer))
}

fn want(key: HeaderWork, height: u32) -> Want<HeaderWork> {
    Want {
        key,
        priority: SchedulePriority::Normal,
        height,
        class: RequestClass::Headers,
        tied: None,
        preferred: None,
        content: None,
    }
}

/// Whether the link to a peer is the bottleneck, and the peer knows compressed headers.
fn wants_compressed(peer: ConnId, ctx: &Ctx<'_>) -> bool {
    ctx.monitor.bytes_per_second(peer).is_some_and(|bytes| bytes < COMPRESS_BELOW)
        && ctx.peers.peer(peer).is_some_and(|p| p.services().has(ServiceFlags::HEADERS_COMPRESSED))
}
