//! What is wanted, as requests.
//!
//! Peers that serve filters have the service bit and a protocol version that puts special transactions into them: with
//! older ones nothing would agree. Blocks are asked of the same peers.

use super::assembly::Expected;
use super::frontier::Ask;
use super::lane::{Lane, MOST_BLOCKS, PART, Part};
use super::search::Which;
use super::{FilterSync, stretch};
use crate::chain::HeaderChain;
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::ConnId;
use crate::filters::FilterRange;
use crate::network::Peer;
use crate::network::correlation::{Request, RequestOwner};
use crate::sync::headers::Ctx;
use crate::sync::parallel::{ExecutorLimits, ExecutorMode};
use crate::sync::pipeline::PipelineSettings;
use crate::sync::scheduler::{PeerView, SchedulePriority, Want};
use crate::sync::sequential::{RequestClass, SyncPhase};
use dash_protocol::{
    BlockHash, FilterType, GetCFCheckpt, GetCFilters, Inventory, InventoryKind, Message, ServiceFlags,
};

/// From this protocol version on filters hold what special transactions name (Dash Core `version.h`,
/// `SMNLE_VERSIONED_PROTO_VERSION` is older; the filter index's second version came with 70238).
const FILTERS_VERSION: u32 = 70_238;
/// Requests in a row without an answer after which a peer is let go.
const MAX_UNANSWERED: u32 = 8;
/// Requests that one peer works on.
const PER_PEER: usize = 4;
/// The share of failures at which a peer's breaker opens.
const BREAKER_RATE: f64 = 0.9;

/// What is asked: the pipeline's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FilterWork {
    /// A peer's headers at every thousandth height up to a block.
    Checkpoints { conn: ConnId, stop: u32, stop_hash: BlockHash },
    /// The filter hashes of a range: of this peer, as its own word, or of any, held against what is agreed on.
    Hashes { conn: Option<ConnId>, start: u32, stop: u32, stop_hash: BlockHash },
    /// A peer's filter for one block, as its own word.
    Own { conn: ConnId, height: u32, hash: BlockHash },
    /// The filters of a part of a search.
    Part { which: Which, start: u32, stop: u32, stop_hash: BlockHash },
    /// A block.
    Block { height: u32, hash: BlockHash },
}

impl FilterWork {
    fn class(self) -> RequestClass {
        match self {
            Self::Checkpoints { .. } => RequestClass::FilterCheckpoints,
            Self::Hashes { .. } => RequestClass::FilterHeaders,
            Self::Own { .. } | Self::Part { .. } => RequestClass::Filters,
            Self::Block { .. } => RequestClass::Block,
        }
    }

    fn content(self) -> Request {
        match self {
            Self::Checkpoints { stop_hash, .. } => Request::FilterCheckpoints { stop: stop_hash },
            Self::Hashes { start, stop, stop_hash, .. } => {
                Request::FilterHeaders { stop: stop_hash, count: stop - start + 1 }
            }
            Self::Own { hash, .. } => Request::Filters { stop: hash, count: 1 },
            Self::Part { start, stop, stop_hash, .. } => {
                Request::Filters { stop: stop_hash, count: stop - start + 1 }
            }
            Self::Block { hash, .. } => Request::Block(hash),
        }
    }

    fn message(self) -> Message {
        let filter_type = FilterType::Basic;
        match self {
            Self::Checkpoints { stop_hash, .. } => {
                Message::GetCFCheckpt(GetCFCheckpt { filter_type, stop_hash })
            }
            Self::Hashes { start, stop, stop_hash, .. } => {
                Message::GetCFHeaders(FilterRange { start, stop, stop_hash }.request())
            }
            Self::Own { height, hash, .. } => {
                Message::GetCFilters(GetCFilters { filter_type, start_height: height, stop_hash: hash })
            }
            Self::Part { start, stop_hash, .. } => {
                Message::GetCFilters(GetCFilters { filter_type, start_height: start, stop_hash })
            }
            Self::Block { hash, .. } => {
                Message::GetData(vec![Inventory { kind: InventoryKind::Block, hash: *hash.as_bytes() }])
            }
        }
    }

    /// The wish for it. What is one peer's word is asked of that peer; blocks hold up the search.
    fn want(self) -> Want<Self> {
        let (priority, height, tied) = match self {
            Self::Checkpoints { conn, .. } => (SchedulePriority::High, 0, Some(conn)),
            Self::Own { conn, .. } => (SchedulePriority::High, 0, Some(conn)),
            Self::Hashes { conn: Some(conn), .. } => (SchedulePriority::High, 0, Some(conn)),
            Self::Block { height, .. } => (SchedulePriority::High, height, None),
            Self::Hashes { stop, .. } | Self::Part { stop, .. } => (SchedulePriority::Normal, stop, None),
        };
        Want {
            key: self,
            priority,
            height,
            class: self.class(),
            tied,
            preferred: None,
            content: Some(self.content()),
        }
    }
}

/// Whether a peer has filters that can be believed.
pub(super) fn serves_filters(peer: &Peer) -> bool {
    peer.services().has(ServiceFlags::COMPACT_FILTERS) && peer.protocol() >= FILTERS_VERSION
}

/// Requests for filters, their headers, and blocks. What comes is held by the frontier and the lanes, within their bounds.
pub(super) fn settings(seed: u64) -> PipelineSettings {
    PipelineSettings {
        owner: RequestOwner::Filters,
        limits: ExecutorLimits { per_peer: PER_PEER, in_all: 48, mode: ExecutorMode::Parallel },
        most_held: usize::MAX,
        most_held_bytes: usize::MAX,
        breaker_rate: BREAKER_RATE,
        seed,
    }
}

impl FilterSync {
    /// Compares what peers say, and returns what has to be asked for that.
    pub(super) fn listen(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) -> SortedSet<Ask> {
        let serving: SortedMap<ConnId, (usize, u32)> = ctx
            .peers
            .ready()
            .filter(|peer| serves_filters(peer))
            .map(|peer| (peer.conn, (peer.bridge, peer.claimed_height())))
            .collect();
        self.frontier.set_peers(&serving.iter().map(|(conn, (bridge, _))| (*conn, *bridge)).collect());
        let reach = |conn: ConnId| serving.get(&conn).map_or(0, |(_, height)| *height);
        let (asks, findings) = self.frontier.advance(chain.tip().height, reach);
        self.settle(findings, ctx);
        asks
    }

    /// Begins parts of a search, as far as it has room and their filters are agreed on.
    pub(super) fn begin_parts(&mut self, which: Which, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        while let Some(lane) = self.searches.lane(which).filter(|lane| lane.has_room()) {
            let start = lane.reach();
            let own = stretch::of(start);
            let stop = lane.end.min(start + PART - 1).min(stretch::last(own));
            let Some(hashes) = self.hashes_of(start, stop) else { return };
            let Some(blocks) = self.known.range(&(start..=stop), chain, ctx) else { return };
            let Some(lane) = self.searches.lane(which) else { return };
            lane.add(Part::new(start, blocks, hashes));
        }
    }

    /// The agreed hashes of the filters of a part; none while they have to be asked for.
    fn hashes_of(&self, start: u32, stop: u32) -> Option<Vec<Option<dash_protocol::FilterHash>>> {
        if self.frontier.ends_of(stretch::of(start)).is_none() {
            return (start..=stop).map(|height| self.frontier.link(height).map(|link| link.hash)).gather();
        }
        let list = self.lists.get(&stretch::of(start))?;
        (start..=stop)
            .map(|height| {
                let hash = list.hash_at(height)?;
                Some(Some(hash).filter(|_| !self.frontier.is_undecided(height)))
            })
            .gather()
    }

    /// Stretches whose hashes the searches need next.
    fn wanted_lists(&mut self) -> SortedSet<u32> {
        let mut wanted = SortedSet::new();
        for which in [Which::Main, Which::Late] {
            let Some(lane) = self.searches.lane(which).filter(|lane| !lane.is_idle() && !lane.is_done())
            else {
                continue;
            };
            let reach = lane.reach().min(lane.end);
            let ahead = (reach + stretch::last(0)).min(lane.end);
            wanted.extend(stretch::of(lane.next)..=stretch::of(ahead));
        }
        wanted.retain(|stretch| self.frontier.ends_of(*stretch).is_some());
        self.lists.retain(|stretch, _| wanted.contains(stretch));
        wanted.retain(|stretch| !self.lists.contains_key(stretch));
        wanted
    }

    /// Sends the requests that are wanted and allowed.
    pub(super) fn ask(&mut self, asks: &SortedSet<Ask>, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        let mut wants = Vec::new();
        for ask in asks {
            wants.extend(self.work_of(*ask, chain, ctx).map(FilterWork::want));
        }
        if ctx.phase > SyncPhase::DownloadingCFHeaders {
            for own in self.wanted_lists() {
                let (start, stop) = (stretch::first(own), stretch::last(own));
                let stop_hash = self.hash_at(stop, chain, ctx);
                let work =
                    stop_hash.map(|stop_hash| FilterWork::Hashes { conn: None, start, stop, stop_hash });
                wants.extend(work.map(FilterWork::want));
            }
            for which in [Which::Main, Which::Late] {
                let Some(lane) = self.searches.lane(which) else { continue };
                wants.extend(lane_wants(which, lane).map(FilterWork::want));
            }
        }
        // The same block may be wanted twice.
        let wants: SortedMap<FilterWork, Want<FilterWork>> =
            wants.into_iter().map(|want| (want.key, want)).collect();
        self.pipeline.want(wants.into_values(), &mut ctx.shared());
        let peers: Vec<PeerView> =
            ctx.peers.ready().filter(|peer| serves_filters(peer)).map(PeerView::from).gather();
        while let Some(dispatch) = self.pipeline.next(&peers, &mut ctx.shared()) {
            let (peer, work) = (dispatch.peer, dispatch.key);
            if self.pipeline.begin(dispatch, None, &mut ctx.shared()).is_none() {
                return;
            }
            if let Some(expected) = self.expected(&work) {
                self.assembly.expect(peer, expected);
            }
            ctx.peers.send(peer, &work.message(), ctx.out);
        }
    }

    /// A question as a request; none while the header that it needs is read.
    fn work_of(&mut self, ask: Ask, chain: &HeaderChain, ctx: &mut Ctx<'_>) -> Option<FilterWork> {
        Some(match ask {
            Ask::Checkpoints { conn, stop } => {
                FilterWork::Checkpoints { conn, stop, stop_hash: self.hash_at(stop, chain, ctx)? }
            }
            Ask::Hashes { conn, start, stop } => {
                let stop_hash = self.hash_at(stop, chain, ctx)?;
                FilterWork::Hashes { conn: Some(conn), start, stop, stop_hash }
            }
            Ask::Filter { conn, height } => {
                FilterWork::Own { conn, height, hash: self.hash_at(height, chain, ctx)? }
            }
            Ask::Block { height } => FilterWork::Block { height, hash: self.hash_at(height, chain, ctx)? },
        })
    }

    /// The filters that a request asks for.
    fn expected(&mut self, work: &FilterWork) -> Option<Expected> {
        match work {
            FilterWork::Own { conn, height, hash } => {
                Some(Expected { blocks: vec![(*hash, self.frontier.said_by(*conn, *height))] })
            }
            FilterWork::Part { which, start, .. } => {
                let part = self.searches.lane(*which)?.part(*start)?;
                let hashes = part.blocks.iter().map(|block| block.hash).zip(part.hashes.iter().copied());
                Some(Expected { blocks: hashes.gather() })
            }
            _ => None,
        }
    }

    /// Gives up what was not answered in time.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        for lost in self.pipeline.expire(&mut ctx.shared()) {
            self.failures += 1;
            if lost.unanswered >= MAX_UNANSWERED {
                ctx.peers.hang_up(lost.peer, "does not answer", ctx.now, ctx.out);
            }
        }
    }
}

/// What a search wants: the filters of its parts, and blocks.
fn lane_wants(which: Which, lane: &Lane) -> impl Iterator<Item = FilterWork> {
    let parts = lane.parts().filter(|part| part.wants_filters()).map(move |part| FilterWork::Part {
        which,
        start: part.start,
        stop: part.stop(),
        stop_hash: part.stop_hash(),
    });
    let blocks = lane.wanted_blocks().take(MOST_BLOCKS);
    parts.chain(blocks.map(|(height, info)| FilterWork::Block { height, hash: info.hash }))
}
