//! What replies, announcements and finished jobs become.
//!
//! A reply is taken in only where it continues what was asked; the first thing it shows of itself is the previous hash
//! of its first header. Unasked headers are announcements, of at most [`MAX_ANNOUNCED`] headers.

use super::stream::{Place, Stream, StreamId};
use super::{Ctx, HeaderSync, HeaderWork};
use crate::api::LogLevel;
use crate::chain::pow;
use crate::engine::{ComputeReply, ConnId, JobId};
use crate::network::Offence;
use crate::network::correlation::{HeadersReply, MAX_ANNOUNCED, Match};
use crate::sync::recovery::ErrorKind;
use crate::sync::sequential::{Failure, SyncPhase};
use dash_protocol::{BlockHash, CompressedHeaders, Header, Inventory, InventoryKind};

/// More new headers than this at once mean that we fell behind.
pub(super) const FEW_BLOCKS: usize = 8;

/// What the result of a job means to the step after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Computed {
    /// There may be something to do.
    Counts,
    /// It is one of several that the same reply waits for: nothing follows from it yet.
    AwaitsOthers,
}

/// Headers as they came.
#[derive(Debug)]
pub(super) enum Batch {
    Plain(Vec<Header>),
    Compressed(CompressedHeaders),
}

impl Batch {
    fn len(&self) -> usize {
        match self {
            Self::Plain(headers) => headers.len(),
            Self::Compressed(headers) => headers.len(),
        }
    }

    fn wire_len(&self) -> usize {
        match self {
            Self::Plain(headers) => headers.len() * (Header::LEN + 1),
            Self::Compressed(headers) => headers.payload().len(),
        }
    }

    fn first_prev(&self) -> Option<BlockHash> {
        match self {
            Self::Plain(headers) => headers.first().map(|header| header.prev_block_hash),
            Self::Compressed(headers) => headers.first_prev(),
        }
    }

    /// Keeps the first `count` headers of a plain batch. A compressed one is cut when its headers are known.
    fn truncate(&mut self, count: usize) {
        if let Self::Plain(headers) = self {
            headers.truncate(count);
        }
    }

    fn push_to(self, stream: &mut Stream, source: ConnId, base: Place, ctx: &mut Ctx<'_>) {
        match self {
            Self::Plain(headers) => stream.push_headers(source, base, headers, ctx),
            Self::Compressed(headers) => stream.push_compressed(source, base, headers, ctx),
        }
    }
}

impl HeaderSync {
    /// Takes a `headers` or `headers2` message.
    pub(super) fn on_headers(&mut self, conn: ConnId, batch: Batch, ctx: &mut Ctx<'_>) {
        let first_prev = batch.first_prev();
        let only_hash = || match &batch {
            Batch::Plain(headers) => match headers.as_slice() {
                [only] => Some(pow::x11(&only.to_bytes())),
                _ => None,
            },
            Batch::Compressed(headers) if headers.len() == 1 => {
                headers.expand(pow::x11).ok().and_then(|all| all.first().map(|(_, hash)| *hash))
            }
            Batch::Compressed(_) => None,
        };
        let passes = |hash: &BlockHash| match &batch {
            Batch::Plain(headers) => headers.iter().skip(1).any(|header| header.prev_block_hash == *hash),
            Batch::Compressed(_) => false,
        };
        let reply = HeadersReply { count: batch.len(), first_prev, only_hash: &only_hash, passes: &passes };
        match ctx.requests.headers_reply(conn, reply, ctx.now) {
            Match::Request(request) => {
                let bytes = batch.wire_len();
                if let Some(key) = self.work.answered(&request, (), bytes, &mut ctx.shared()) {
                    self.on_answer(conn, key, batch, ctx);
                }
            }
            Match::Ignores(request) => {
                if let Some(lost) = self.work.lost(&request, ErrorKind::Invalid, &mut ctx.shared()) {
                    self.request_lost(&lost);
                }
                ctx.peers.punish(conn, &Offence::IgnoresLocator, ctx.now, ctx.out);
            }
            Match::Late(_) => {}
            Match::Unsolicited => self.on_announcement(conn, batch, ctx),
        }
    }

    /// Takes the answer to a request. What it brings is held in the streams, so that its key is free again at once.
    fn on_answer(&mut self, conn: ConnId, key: HeaderWork, batch: Batch, ctx: &mut Ctx<'_>) {
        let empty = batch.len() == 0;
        if empty && matches!(key, HeaderWork::Context(_) | HeaderWork::Stream(StreamId::Range(_))) {
            self.lacks_headers(conn, key, ctx);
            return;
        }
        self.work.processed(&key);
        match key {
            HeaderWork::Context(_) => self.on_context(conn, batch, ctx),
            HeaderWork::Fork(after) => self.deep_fork_answer(conn, after, &batch, ctx),
            HeaderWork::Stream(StreamId::Tip(_)) => self.on_tip_answer(conn, batch, ctx),
            HeaderWork::Stream(StreamId::Range(origin)) => {
                let index = self.ranges.iter().position(|range| range.origin.height == origin);
                if let Some(index) = index {
                    self.on_range_answer(index, conn, batch, ctx);
                }
            }
        }
    }

    /// The peer does not have our start, or its chain is shorter than the next checkpoint, or it is itself syncing.
    fn lacks_headers(&mut self, conn: ConnId, key: HeaderWork, ctx: &mut Ctx<'_>) {
        ctx.monitor.behind(conn, ctx.now);
        if let Some(lost) = self.work.failed(&key, ErrorKind::Invalid, &mut ctx.shared()) {
            self.request_lost(&lost);
        }
    }

    /// One ancestor of the start, by its hash.
    fn on_context(&mut self, conn: ConnId, batch: Batch, ctx: &mut Ctx<'_>) {
        let lane = self.lane_mut();
        let header = match batch {
            Batch::Plain(headers) => headers.first().copied(),
            Batch::Compressed(headers) => {
                headers.expand(pow::x11).ok().and_then(|h| h.first().map(|(h, _)| *h))
            }
        };
        let Some(header) = header else { return };
        let Some(mut context) = lane.context.take() else { return };
        // The correlation matched the hash already; a mismatch here would be ours.
        if let Err(error) = context.offer(header, pow::x11(&header.to_bytes())) {
            ctx.peers.punish(conn, &Offence::InvalidHeader(error.to_string()), ctx.now, ctx.out);
        }
        lane.set_context(context);
        self.progressed(ctx);
    }

    fn on_range_answer(&mut self, index: usize, conn: ConnId, mut batch: Batch, ctx: &mut Ctx<'_>) {
        let range = &mut self.ranges[index];
        let Some(prev) = batch.first_prev() else { return };
        let base = match range.stream.last {
            Some(last) if prev == last.hash => last,
            _ if prev == range.start.hash => {
                // It does not know what another peer sent: start over with its version; the checkpoint will judge.
                range.stream.pieces.clear();
                range.stream.last = None;
                range.start
            }
            _ if prev == range.origin.hash => {
                // Nor what is on the chain already.
                self.doubted_range = Some(range.origin);
                return;
            }
            _ => {
                range.stream.source = None;
                let height = range.origin.height;
                self.lacks_checkpoint(conn, height, ctx);
                return;
            }
        };
        let room = (range.end.height - base.height) as usize;
        batch.truncate(room);
        batch.push_to(&mut range.stream, conn, base, ctx);
        let id = StreamId::Range(range.origin.height);
        self.settle(id, ctx);
    }

    /// A peer answered from further back than a hash that the network's chain is known to hold.
    fn lacks_checkpoint(&self, conn: ConnId, height: u32, ctx: &mut Ctx<'_>) {
        let claimed = ctx.peers.peer(conn).map_or(0, |peer| peer.claimed_height());
        if claimed >= height {
            let what = format!("the peer claims height {claimed} but lacks the checkpoint at {height}");
            ctx.peers.punish(conn, &Offence::Checkpoint(what), ctx.now, ctx.out);
        } else {
            ctx.peers.hang_up(conn, "still syncing below our start", ctx.now, ctx.out);
        }
    }

    fn on_tip_answer(&mut self, conn: ConnId, batch: Batch, ctx: &mut Ctx<'_>) {
        let Some(entry) = self.tips.get_mut(&conn) else { return };
        let Some(prev) = batch.first_prev() else {
            entry.more = false;
            entry.fruitless = 0;
            entry.nothing_more = entry.asked;
            return;
        };
        self.take_tip_batch(conn, prev, batch, ctx);
    }

    /// Headers of a peer that begin after `prev`, asked for or announced.
    fn take_tip_batch(&mut self, conn: ConnId, prev: BlockHash, batch: Batch, ctx: &mut Ctx<'_>) {
        let Some(chain) = self.lane().chain.as_ref() else { return };
        let tip_height = chain.tip().height;
        let known = chain.find(&prev).map(|entry| Place { height: entry.height, hash: entry.hash });
        let count = batch.len();
        let Some(entry) = self.tips.get_mut(&conn) else { return };
        let base = entry.stream.last.filter(|last| last.hash == prev).or(known);
        let Some(base) = base else {
            entry.more = false;
            if prev == self.params.genesis_hash && !self.is_anchor(&prev) {
                let height = self.lane().start.height;
                self.lacks_checkpoint(conn, height, ctx);
            } else {
                self.begin_deep_fork(conn, prev, batch, ctx);
            }
            return;
        };
        entry.more = true;
        entry.nothing_more = None;
        if base.height as usize + count > tip_height as usize + FEW_BLOCKS {
            self.fell_behind = true;
        }
        batch.push_to(&mut entry.stream, conn, base, ctx);
        self.settle(StreamId::Tip(conn), ctx);
    }

    fn on_announcement(&mut self, conn: ConnId, batch: Batch, ctx: &mut Ctx<'_>) {
        let Some(prev) = batch.first_prev() else {
            ctx.peers.punish(conn, &Offence::Flood("headers".to_owned()), ctx.now, ctx.out);
            return;
        };
        if batch.len() > MAX_ANNOUNCED {
            let what = format!("message of {} headers", batch.len());
            ctx.peers.punish(conn, &Offence::Unrequested(what), ctx.now, ctx.out);
            return;
        }
        if !ctx.peers.idle_talk(conn, "headers", ctx.now, ctx.out) || !self.follows_tip() {
            return;
        }
        let known = self.lane().chain.as_ref().is_some_and(|chain| chain.find(&prev).is_some());
        let entry = self.tips.entry(conn).or_default();
        let continues = entry.stream.last.is_some_and(|last| last.hash == prev);
        let expanding = entry.stream.pieces.iter().any(|piece| piece.compressed.is_some());
        // News that do not connect to anything make us ask.
        if (known || continues) && !expanding {
            self.take_tip_batch(conn, prev, batch, ctx);
        } else {
            entry.nothing_more = None;
            entry.last_asked_ms = None;
        }
    }

    /// Takes a block announced by its hash alone: the peer is asked for its headers.
    pub(super) fn on_inventory(&mut self, conn: ConnId, items: &[Inventory]) {
        let Some(chain) = self.lane().chain.as_ref() else { return };
        let blocks = items.iter().filter(|item| item.kind == InventoryKind::Block);
        let hashes: Vec<BlockHash> =
            blocks.take(MAX_ANNOUNCED).map(|item| BlockHash::from_bytes(item.hash)).collect();
        let news = hashes.iter().any(|hash| chain.find(hash).is_none());
        let Some(entry) = self.tips.get_mut(&conn) else { return };
        entry.announced = hashes.last().copied().or(entry.announced);
        if news {
            entry.nothing_more = None;
            entry.last_asked_ms = None;
        }
    }

    /// Notes who has which blocks by what was announced.
    pub(super) fn note_announced(&mut self, ctx: &mut Ctx<'_>) {
        let Some(chain) = self.main.chain.as_ref() else { return };
        for (conn, entry) in &mut self.tips {
            if let Some(known) = entry.announced.and_then(|hash| chain.find(&hash)) {
                entry.announced = None;
                if chain.is_best(&known.hash) {
                    ctx.peers.reached(*conn, known.height);
                }
            }
        }
    }

    /// Whether new blocks are taken: the chain is there and no range has to be filled first.
    pub(super) fn follows_tip(&self) -> bool {
        self.ranges.is_empty() && self.lane().end.is_none() && self.lane().chain.is_some()
    }

    /// Takes the result of a job.
    pub(crate) fn on_computed(&mut self, job: JobId, result: ComputeReply, ctx: &mut Ctx<'_>) -> Computed {
        let Some((id, stream)) = self.stream_of(job) else { return Computed::Counts };
        if !matches!(result, ComputeReply::Failed(_)) {
            ctx.recovery.worked(SyncPhase::DownloadingHeaders, Failure::Compute);
        }
        match result {
            ComputeReply::Hashes(hashes) => {
                if !stream.hashed(job, &hashes) {
                    return Computed::AwaitsOthers;
                }
                self.settle(id, ctx);
            }
            ComputeReply::Expanded(Ok(headers)) => {
                stream.expanded(job, headers);
                self.cut_at_end(id);
                self.settle(id, ctx);
            }
            ComputeReply::Expanded(Err(error)) => {
                let source = stream.piece_of(job).map(|piece| piece.source);
                self.reset_stream(id, ctx);
                if let Some(source) = source {
                    let offence = Offence::Malformed { command: "headers2".to_owned(), error };
                    ctx.peers.punish(source, &offence, ctx.now, ctx.out);
                }
            }
            // Of no header's work.
            ComputeReply::Verdicts(_) | ComputeReply::Signatures(_) | ComputeReply::Matches(_) => {}
            ComputeReply::Failed(reason) => {
                let wait_ms = ctx.recovery.failed(SyncPhase::DownloadingHeaders, Failure::Compute);
                stream.retry_at_ms = ctx.now.mono_ms + wait_ms;
                self.reset_stream(id, ctx);
                ctx.out.log(ctx.now, LogLevel::Warn, "compute", "a job failed", [("reason", reason.into())]);
            }
        }
        Computed::Counts
    }

    fn stream_of(&mut self, job: JobId) -> Option<(StreamId, &mut Stream)> {
        let ranges =
            self.ranges.iter_mut().map(|range| (StreamId::Range(range.origin.height), &mut range.stream));
        let tips = self.tips.iter_mut().map(|(&conn, tip)| (StreamId::Tip(conn), &mut tip.stream));
        ranges.chain(tips).find(|(_, stream)| stream.pieces.iter().any(|piece| piece.jobs.contains(&job)))
    }

    pub(super) fn stream_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        match id {
            StreamId::Range(start) => self
                .ranges
                .iter_mut()
                .find(|range| range.origin.height == start)
                .map(|range| &mut range.stream),
            StreamId::Tip(conn) => self.tips.get_mut(&conn).map(|tip| &mut tip.stream),
        }
    }

    /// Drops what a stream holds that is not on the chain, and the request under way.
    pub(super) fn reset_stream(&mut self, id: StreamId, ctx: &mut Ctx<'_>) {
        self.work.cancel(&HeaderWork::Stream(id), &mut ctx.shared());
        if let Some(stream) = self.stream_mut(id) {
            stream.reset();
        }
    }

    /// Cuts what a compressed reply holds beyond the end of its range.
    fn cut_at_end(&mut self, id: StreamId) {
        let StreamId::Range(start) = id else { return };
        let Some(range) = self.ranges.iter_mut().find(|range| range.origin.height == start) else { return };
        if let Some(piece) = range.stream.pieces.back_mut()
            && piece.is_hashed()
        {
            piece.headers.truncate((range.end.height - piece.base.height) as usize);
            range.stream.last = piece.end();
        }
    }
}
