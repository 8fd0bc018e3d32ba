//! The download of the header chain.
//!
//! - `stream.rs`: replies on their way: hashed in jobs, asked on before they are verified.
//! - `lane.rs`: the piece of chain being grown: the main one, or one below it when a start moves down.
//! - `download.rs`: whom to ask for what: ranges between checkpoints side by side, then the tip, peer by peer.
//! - `replies.rs`: what replies and announcements become.
//! - `accept.rs`: hashed replies meet the rules of `chain`, in height order, and liars are found.
//! - `commit.rs`: proven headers go to the store, and only what is stored is reported.
//! - `lock.rs`: a verified ChainLock says which block the chain has at its height.
//! - `deep_fork.rs`: a branch that leaves the chain below what memory holds.
//!
//! Nothing here is triggered by a single event: `HeaderSync::step` works out what is wanted from the stored
//! watermark, the streams and the peers, each time.

mod accept;
mod commit;
mod deep_fork;
mod download;
mod lane;
mod lock;
mod replies;
mod stream;

pub use commit::TipChange;
pub(crate) use replies::Computed;

use crate::api::{ApiError, ErrorCode, Event, LogLevel};
use crate::chain::{Entry, HeaderChain, MEMORY_WINDOW, Rules, checkpoints};
use crate::collections::{SortedMap, SortedSet, sort};
use crate::engine::{Birthday, Config, ConnId, Effect, HeaderAt, Ids, Now, Outbox, ReadId};
use crate::network::PeerManager;
use crate::network::correlation::RequestCorrelationManager;
use crate::store::{HeaderRun, Opened, ReadReply, ReadRequest, Segment, StoreError};
use crate::sync::pipeline::{RequestPipeline, Shared};
use crate::sync::scheduler::NetworkConditionMonitor;
use crate::sync::sequential::{RecoveryManager, RequestController, SyncPhase};
use commit::Committing;
use dash_protocol::{BlockHash, Header, Message, NetworkParams};
use deep_fork::DeepFork;
use download::{HeaderWork, Range, TipPeer};
use lane::Lane;
use replies::Batch;
use std::collections::VecDeque;
use std::sync::Arc;
use stream::{Place, Stream};

/// What a step may touch besides the header sync itself.
pub(crate) struct Ctx<'a> {
    pub now: Now,
    pub phase: SyncPhase,
    pub peers: &'a mut PeerManager,
    pub out: &'a mut Outbox,
    pub requests: &'a mut RequestCorrelationManager,
    pub monitor: &'a mut NetworkConditionMonitor,
    pub controller: &'a mut RequestController,
    pub recovery: &'a mut RecoveryManager,
    pub ids: &'a mut Ids,
    /// The earliest time at which a refused request may be sent.
    pub retry_at_ms: &'a mut Option<u64>,
}

impl Ctx<'_> {
    /// What the request pipelines share.
    pub fn shared(&mut self) -> Shared<'_> {
        Shared {
            now: self.now,
            phase: self.phase,
            requests: self.requests,
            monitor: self.monitor,
            controller: self.controller,
            retry_at_ms: self.retry_at_ms,
        }
    }
}

/// Where a header asked for by the page is to be found.
#[derive(Debug)]
pub enum Lookup {
    /// In memory: its height and the header with its hash.
    Found(u32, Header, BlockHash),
    /// In the store.
    Read(ReadRequest),
    /// Nowhere in what is proven.
    Missing,
}

/// Anchors this far apart let a locator reach below memory.
const ANCHOR_STEP: u32 = 4_096;
/// Anchors read back from a store.
const MAX_ANCHOR_READS: u32 = 48;
/// Peers that must have nothing after our tip.
const CONFIRMATIONS: usize = 2;
/// A confirmation still counts when this many blocks came since.
const CONFIRMATION_LAG: u32 = 3;

/// The download of the header chain: see the module.
#[derive(Debug)]
pub struct HeaderSync {
    params: Arc<NetworkParams>,
    rules: Rules,
    network_id: BlockHash,
    birthday: Option<Birthday>,
    persistent: bool,
    opening: Option<ReadId>,
    opened: bool,
    main: Lane,
    below: Option<Lane>,
    ranges: VecDeque<Range>,
    tips: SortedMap<ConnId, TipPeer>,
    deep_fork: Option<DeepFork>,
    /// What is asked, and what is under way.
    work: RequestPipeline<HeaderWork>,
    /// The origin of a range that has to be begun anew.
    doubted_range: Option<Place>,
    anchors: Vec<(u32, BlockHash)>,
    anchor_reads: SortedSet<ReadId>,
    committing: Option<Committing>,
    unstored_since_ms: Option<u64>,
    commit_retry_at_ms: u64,
    store_paused: bool,
    fell_behind: bool,
    wants_confirmation: bool,
}

impl HeaderSync {
    /// A sync that has not looked at its store yet.
    pub fn new(config: &Config) -> Self {
        let params = config.params.clone();
        let birthday = config.birthday.unwrap_or(Birthday::Now);
        let start = checkpoints::start_for(&params, &birthday, u64::MAX);
        Self {
            rules: Rules::new(params.clone()),
            network_id: params.network_id(),
            birthday: config.birthday,
            persistent: config.persistent,
            opening: None,
            opened: false,
            main: Lane::fresh(&params, start, None),
            below: None,
            ranges: VecDeque::new(),
            tips: SortedMap::new(),
            deep_fork: None,
            work: RequestPipeline::new(download::settings(config.seed)),
            doubted_range: None,
            anchors: Vec::new(),
            anchor_reads: SortedSet::new(),
            committing: None,
            unstored_since_ms: None,
            commit_retry_at_ms: 0,
            store_paused: false,
            fell_behind: false,
            wants_confirmation: true,
            params,
        }
    }

    /// Asks for what the store holds; once.
    pub(crate) fn open(&mut self, ctx: &mut Ctx<'_>) {
        if self.opened || self.opening.is_some() {
            return;
        }
        let read = ctx.ids.read();
        self.opening = Some(read);
        ctx.out.push(Effect::Read { read, request: ReadRequest::Open { tail: MEMORY_WINDOW as u32 } });
    }

    /// Whether the store was looked at.
    pub fn is_open(&self) -> bool {
        self.opened
    }

    /// The chain that ends at the tip, once it has begun.
    pub(crate) fn chain(&self) -> Option<&HeaderChain> {
        self.main.chain.as_ref()
    }

    /// The lane that is being grown.
    fn lane(&self) -> &Lane {
        self.below.as_ref().unwrap_or(&self.main)
    }

    fn lane_mut(&mut self) -> &mut Lane {
        self.below.as_mut().unwrap_or(&mut self.main)
    }

    /// Takes what a read brought, if it was ours.
    pub(crate) fn on_read(
        &mut self,
        id: ReadId,
        result: Result<ReadReply, StoreError>,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        if self.opening == Some(id) {
            self.opening = None;
            self.opened = true;
            self.on_opened(result, ctx);
        } else if self.anchor_reads.remove(&id) {
            if let Ok(ReadReply::Headers(run)) = result
                && let Some(hash) = run.hashes.first()
            {
                self.anchors.push((run.first_height, *hash));
                self.share_anchors();
            }
        } else if self.is_deep_fork_read(id) {
            self.on_deep_fork_read(result.ok(), ctx);
        } else {
            return false;
        }
        true
    }

    fn on_opened(&mut self, result: Result<ReadReply, StoreError>, ctx: &mut Ctx<'_>) {
        let fault = match result {
            Ok(ReadReply::Open(None)) => None,
            Ok(ReadReply::Open(Some(opened))) => self.restore(&opened, ctx).err(),
            Ok(_) => Some("the store answered something else".to_owned()),
            Err(error) => {
                self.store_paused = error == StoreError::Superseded;
                Some(error.to_string())
            }
        };
        if let Some(reason) = fault {
            // What cannot be read back is proven again from the start.
            ctx.out.log(
                ctx.now,
                LogLevel::Error,
                "store",
                "starting over",
                [("reason", reason.as_str().into())],
            );
            ctx.out.emit(Event::Warning { error: ApiError::new(ErrorCode::Storage, reason) });
        }
        self.plan_ranges();
        ctx.peers.set_height(self.main.tip().height);
    }

    /// Goes on from what the store holds, and from below it if the birthday is earlier.
    fn restore(&mut self, opened: &Opened, ctx: &mut Ctx<'_>) -> Result<(), String> {
        let start_at = |height: u32| {
            checkpoints::starts(&self.params).find(|start| start.height == height).ok_or_else(|| {
                format!("the store starts at height {height}, which is no start of this network")
            })
        };
        let chain_of = |segment: &Segment, tail: &HeaderRun| {
            HeaderChain::from_tail(self.params.clone(), segment, tail).map_err(|error| error.to_string())
        };
        let meta = &opened.meta;
        let main_start = start_at(meta.main.start)?;
        let main = Lane::stored(main_start, &meta.main, chain_of(&meta.main, &opened.main_tail)?, None);
        let end = Place { height: main_start.height, hash: main_start.hash };
        let wanted = self
            .birthday
            .map(|birthday| checkpoints::start_for(&self.params, &birthday, ctx.now.unix_secs()));
        let lowest = meta.below.as_ref().map_or(main_start.height, |segment| segment.start);
        self.below = match (wanted.filter(|start| start.height < lowest), &meta.below, &opened.below_tail) {
            (Some(start), _, _) => Some(Lane::fresh(&self.params, start, Some(end))),
            (None, Some(segment), Some(tail)) => {
                let start = start_at(segment.start)?;
                Some(Lane::stored(start, segment, chain_of(segment, tail)?, Some(end)))
            }
            _ => None,
        };
        let (from, to) = (meta.main.start, meta.main.tip.saturating_sub(MEMORY_WINDOW as u32));
        self.main = main;
        let step = ANCHOR_STEP.max((to.saturating_sub(from)) / MAX_ANCHOR_READS);
        for height in (from..to).step_by(step as usize).skip(1) {
            let read = ctx.ids.read();
            self.anchor_reads.insert(read);
            ctx.out.push(Effect::Read { read, request: ReadRequest::Headers { from: height, count: 1 } });
        }
        ctx.out.log(
            ctx.now,
            LogLevel::Info,
            "store",
            "going on from the store",
            [("start", meta.main.start.into()), ("tip", meta.main.tip.into())],
        );
        Ok(())
    }

    /// Lays out the ranges from the lane's tip over the checkpoints ahead to its end.
    fn plan_ranges(&mut self) {
        let lane = self.lane();
        let mut start = lane.tip();
        let mut origin = checkpoints::at_or_below(&self.params, start.height)
            .map(|checkpoint| Place { height: checkpoint.height, hash: checkpoint.hash })
            .filter(|checkpoint| checkpoint.height > lane.start.height)
            .unwrap_or(Place { height: lane.start.height, hash: lane.start.hash });
        let limit = lane.end.map_or(u32::MAX, |end| end.height);
        let ahead = checkpoints::above(&self.params, start.height)
            .iter()
            .filter(|checkpoint| checkpoint.height < limit)
            .map(|checkpoint| Place { height: checkpoint.height, hash: checkpoint.hash });
        let ends: Vec<Place> = ahead.chain(lane.end.filter(|end| end.height > start.height)).collect();
        self.ranges = ends
            .into_iter()
            .map(|end| {
                let range = Range { origin, start, end, stream: Stream::default() };
                (origin, start) = (end, end);
                range
            })
            .collect();
    }

    /// One step: takes in what is ready, stores it, asks for more.
    pub(crate) fn step(&mut self, ctx: &mut Ctx<'_>) {
        if !self.opened || self.store_paused {
            return;
        }
        self.expire(ctx);
        self.work.log_notes("headers", ctx.now, ctx.out);
        self.accept(ctx);
        self.note_announced(ctx);
        self.begin_range_anew(ctx);
        self.commit(ctx);
        self.ask(ctx);
    }

    /// Takes a message.
    pub(crate) fn on_message(&mut self, conn: ConnId, message: Message, ctx: &mut Ctx<'_>) {
        if !self.opened {
            return;
        }
        match message {
            Message::Headers(headers) => self.on_headers(conn, Batch::Plain(headers), ctx),
            Message::Headers2(headers) => self.on_headers(conn, Batch::Compressed(headers), ctx),
            Message::Inv(items) => self.on_inventory(conn, &items),
            _ => {}
        }
    }

    /// A peer can be asked.
    pub(crate) fn peer_ready(&mut self, conn: ConnId) {
        self.tips.entry(conn).or_default();
    }

    /// A peer is gone, and so is what it was asked.
    pub(crate) fn peer_gone(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        for lost in self.work.peer_gone(conn, &mut ctx.shared()) {
            self.request_lost(&lost);
        }
        self.tips.remove(&conn);
        self.deep_fork.take_if(|fork| fork.peer() == Some(conn));
        for range in self.ranges.iter_mut().filter(|range| range.stream.source == Some(conn)) {
            range.stream.source = None;
        }
    }

    /// Forgets who said what, so that everybody is asked again: after a pause, or when the store has room again.
    pub(crate) fn resume(&mut self) {
        self.store_paused = false;
        self.commit_retry_at_ms = 0;
        for tip in self.tips.values_mut() {
            tip.nothing_more = None;
            tip.last_asked_ms = None;
        }
    }

    /// Nobody brings what is missing: lets a peer go that has no more, or else the one that was there longest. What is
    /// proven and not stored yet is no peer's fault.
    pub(crate) fn switch_peer(&mut self, ctx: &mut Ctx<'_>) {
        if !self.all_stored() {
            return;
        }
        let has_no_more = |conn: &ConnId| self.tips.get(conn).is_some_and(|tip| tip.nothing_more.is_some());
        let ready: Vec<ConnId> = ctx.peers.ready().map(|peer| peer.conn).collect();
        if let Some(conn) = ready.iter().copied().find(has_no_more).or(ready.first().copied()) {
            ctx.peers.hang_up(conn, "has not the headers that are missing", ctx.now, ctx.out);
        }
    }

    fn progressed(&mut self, ctx: &mut Ctx<'_>) {
        ctx.peers.set_height(self.main.tip().height);
        let Some(chain) = &self.main.chain else { return };
        let base = chain.base_height();
        let last = self.anchors.iter().map(|(height, _)| *height).max().unwrap_or(self.main.start.height);
        if base >= last + ANCHOR_STEP
            && let Some(entry) = chain.at(base)
        {
            self.anchors.push((entry.height, entry.hash));
            self.share_anchors();
        }
    }

    fn share_anchors(&mut self) {
        let anchors = self.anchors.clone();
        if let Some(chain) = self.main.chain.as_mut() {
            chain.set_anchors(anchors);
        }
    }

    /// The height at which the stored headers begin: where a wallet's history can begin at the earliest.
    pub(crate) fn start_height(&self) -> u32 {
        self.main.start.height
    }

    /// Moves the start down, for a history that begins at a height below it. Level-triggered: it waits until all that
    /// was asked for is there, so that no answer belongs to what is left off.
    pub(crate) fn begin_below(&mut self, height: u32, ctx: &mut Ctx<'_>) {
        let lowest = self.lane().start.height;
        let start = checkpoints::start_for(&self.params, &Birthday::Height(height), ctx.now.unix_secs());
        let busy = !self.ranges.is_empty() || self.deep_fork.is_some() || self.work.in_flight() > 0;
        if start.height >= lowest || busy || !self.all_stored() || self.main.durable.is_none() {
            return;
        }
        let end = Place { height: self.main.start.height, hash: self.main.start.hash };
        self.below = Some(Lane::fresh(&self.params, start, Some(end)));
        self.plan_ranges();
        ctx.out.log(
            ctx.now,
            LogLevel::Info,
            "chain",
            "the start moves down",
            [("from", lowest.into()), ("to", start.height.into())],
        );
    }

    /// Whether headers below the start are on their way.
    pub(crate) fn is_below(&self) -> bool {
        self.below.is_some()
    }

    /// Whether the store takes nothing more until the client is resumed.
    pub fn is_store_paused(&self) -> bool {
        self.store_paused
    }

    /// Whether nothing proven waits for the store, or the store takes nothing any more.
    pub fn is_flushed(&self) -> bool {
        self.store_paused || !self.opened || self.all_stored()
    }

    /// Whether more than a few new headers came at once since the last call.
    pub(crate) fn take_fell_behind(&mut self) -> bool {
        std::mem::take(&mut self.fell_behind)
    }

    /// Whether peers shall be asked until enough of them have nothing after our tip.
    pub(crate) fn want_confirmation(&mut self, wanted: bool) {
        self.wants_confirmation = wanted;
    }

    /// Whether the chain is proven and stored up to where two peers (or all, if there are fewer) have nothing more,
    /// and has the least work that the network's chain is known to have. An empty answer alone can come of a peer that
    /// is itself syncing.
    pub(crate) fn is_complete(&self, peers: &PeerManager) -> bool {
        let Some(chain) = &self.main.chain else { return false };
        if self.below.is_some() || !self.ranges.is_empty() || !self.all_stored() || self.deep_fork.is_some() {
            return false;
        }
        if chain.tip().work < self.params.minimum_chain_work {
            return false;
        }
        let counts = |place: Place| {
            place.height + CONFIRMATION_LAG >= chain.tip().height
                && chain.at(place.height).is_some_and(|entry| entry.hash == place.hash)
        };
        let ready = peers.ready().count();
        let confirmed = peers
            .ready()
            .filter_map(|peer| self.tips.get(&peer.conn))
            .filter(|tip| {
                tip.side_fork.is_none() && tip.nothing_more.is_some_and(|asked| counts(asked.first))
            })
            .count();
        confirmed > 0 && confirmed >= CONFIRMATIONS.min(ready)
    }

    /// Headers stored from the lowest start on, and how many there are to be, going by the median of what peers
    /// claim: one absurd claim must not bend the progress.
    pub(crate) fn progress(&self, peers: &PeerManager) -> (u64, u64) {
        let stored = |lane: &Lane| lane.durable.map_or(0, |durable| durable.place.height - lane.start.height);
        let below = self.below.as_ref();
        let gap = below.map_or(0, |lane| self.main.start.height - lane.start.height);
        let completed = u64::from(stored(&self.main)) + u64::from(below.map_or(0, stored));
        let mut claims: Vec<u32> = peers.ready().map(|peer| peer.claimed_height()).collect();
        sort(&mut claims);
        let claim = claims.get(claims.len() / 2).copied().unwrap_or(0);
        let target =
            claim.max(self.main.tip().height).max(self.ranges.back().map_or(0, |range| range.end.height));
        (completed, u64::from(target.saturating_sub(self.main.start.height)) + u64::from(gap))
    }

    /// When something here has to be looked at again.
    pub(crate) fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let ranges =
            self.ranges.iter().take(download::MAX_ACTIVE_RANGES).map(|range| range.stream.retry_at_ms);
        let tips = self.tips.values().flat_map(|tip| [tip.stream.retry_at_ms, tip.poll_at_ms()]);
        let own = ranges.chain(tips).chain(self.commit_deadline_ms());
        own.chain(self.work.next_deadline_ms(now)).filter(|at| *at > now.mono_ms).min()
    }

    /// Finds a proven, stored header of the main chain.
    pub fn lookup(&self, at: HeaderAt) -> Lookup {
        let (Some(chain), Some(durable)) = (&self.main.chain, &self.main.durable) else {
            return Lookup::Missing;
        };
        let found = |entry: &Entry| Lookup::Found(entry.height, entry.header, entry.hash);
        match at {
            HeaderAt::Height(height)
                if height > durable.place.height || height < self.main.context_height =>
            {
                Lookup::Missing
            }
            HeaderAt::Height(height) => {
                chain.at(height).map_or(Lookup::Read(ReadRequest::Headers { from: height, count: 1 }), found)
            }
            HeaderAt::Hash(hash) if chain.is_best(&hash) => chain
                .find(&hash)
                .filter(|entry| entry.height <= durable.place.height)
                .map_or(Lookup::Missing, found),
            HeaderAt::Hash(hash) => Lookup::Read(ReadRequest::HeaderByHash(hash)),
        }
    }
}
