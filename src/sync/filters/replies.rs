//! What answers bring.

use super::assembly::Heard;
use super::requests::FilterWork;
use super::search::Which;
use super::{FilterSync, stretch};
use crate::chain::pow;
use crate::chain::target::Target;
use crate::checks::{self, Check};
use crate::collections::Gather;
use crate::engine::{ComputeReply, ConnId, JobId};
use crate::filters::{FilterHeaderChain, FilterRange};
use crate::network::Offence;
use crate::network::correlation::{InFlight, Match};
use crate::sync::headers::Ctx;
use crate::sync::recovery::ErrorKind;
use crate::sync::sequential::{Failure, SyncPhase};
use dash_protocol::{
    Block, BlockHash, CFCheckpt, CFHeaders, CFilter, Header, MerkleError, MerkleRoot, Message, Transaction,
    merkle,
};

/// Whether a header has the proof of work that it claims; which one it has to have is not looked at.
fn has_work(header: &Header, hash: &BlockHash) -> bool {
    Target::from_bits(header.bits.to_bits()).is_some_and(|target| target.is_met_by(hash))
}

/// Whether a block's transactions are those of its header, and none of them stands twice.
fn is_proven(block: &Block) -> bool {
    let root = match block.merkle_root() {
        Err(MerkleError::EqualNodes { .. }) if !checks::on(Check::BlockDuplicates) => {
            let txids: Vec<[u8; 32]> =
                block.transactions.iter().map(Transaction::txid).map(|txid| txid.to_bytes()).gather();
            Ok(MerkleRoot::from_bytes(merkle::root(&txids)))
        }
        root => root,
    };
    root == Ok(block.header.merkle_root) || !checks::on(Check::BlockMerkle)
}

impl FilterSync {
    /// Takes a message about filters, or a block.
    pub fn on_message(&mut self, conn: ConnId, message: Message, ctx: &mut Ctx<'_>) {
        match message {
            Message::CFCheckpt(reply) => self.on_checkpoints(conn, reply, ctx),
            Message::CFHeaders(reply) => self.on_hashes(conn, reply, ctx),
            Message::CFilter(filter) => self.on_filter(conn, filter, ctx),
            Message::Block(block) => self.on_block(conn, block, ctx),
            _ => {}
        }
    }

    /// The key of the request that was answered; none if it is wanted no longer, or nothing was asked.
    fn answered(
        &mut self,
        found: Match,
        (conn, command): (ConnId, &str),
        bytes: usize,
        ctx: &mut Ctx<'_>,
    ) -> Option<(FilterWork, InFlight)> {
        let key = match &found {
            Match::Request(request) => self.pipeline.answered(request, (), bytes, &mut ctx.shared()),
            Match::Late(request) => self.pipeline.late(request, (), bytes, &mut ctx.shared()),
            Match::Ignores(_) | Match::Unsolicited => {
                ctx.peers.idle_talk(conn, command, ctx.now, ctx.out);
                return None;
            }
        };
        match found {
            Match::Request(request) | Match::Late(request) => key.map(|key| (key, request)),
            Match::Ignores(_) | Match::Unsolicited => None,
        }
    }

    fn on_checkpoints(&mut self, conn: ConnId, reply: CFCheckpt, ctx: &mut Ctx<'_>) {
        let found = ctx.requests.filter_checkpoints_reply(conn, reply.stop_hash, ctx.now);
        let bytes = reply.headers.len() * 32;
        let Some((key, _)) = self.answered(found, (conn, "cfcheckpt"), bytes, ctx) else { return };
        if let FilterWork::Checkpoints { stop, stop_hash, .. } = key {
            let findings = self.frontier.on_checkpoints(conn, stop, &stop_hash, reply);
            self.settle(findings, ctx);
        }
        self.pipeline.processed(&key);
    }

    fn on_hashes(&mut self, conn: ConnId, reply: CFHeaders, ctx: &mut Ctx<'_>) {
        let count = reply.filter_hashes.len();
        let found = ctx.requests.filter_headers_reply(conn, reply.stop_hash, count, ctx.now);
        let Some((key, request)) = self.answered(found, (conn, "cfheaders"), count * 32, ctx) else { return };
        let FilterWork::Hashes { conn: own, start, stop, stop_hash } = key else { return };
        let range = FilterRange { start, stop, stop_hash };
        match own {
            Some(_) => {
                let findings = self.frontier.on_hashes(conn, &range, reply);
                self.settle(findings, ctx);
            }
            None => {
                if let Err(why) = self.take_list(&range, reply) {
                    // Only who says otherwise than before lies.
                    if self.frontier.supports(request.peer, stretch::of(start)) {
                        ctx.peers.punish(conn, &Offence::InvalidFilter(why), ctx.now, ctx.out);
                    }
                    self.failures += 1;
                    self.pipeline.failed(&key, ErrorKind::Invalid, &mut ctx.shared());
                    return;
                }
            }
        }
        self.pipeline.processed(&key);
    }

    /// Takes the hashes of a stretch that lead from one agreed header to the next.
    fn take_list(&mut self, range: &FilterRange, reply: CFHeaders) -> Result<(), String> {
        let own = stretch::of(range.start);
        let Some((before, end)) = self.frontier.ends_of(own) else { return Ok(()) };
        let list =
            FilterHeaderChain::of_reply(range, Some(&before), reply).map_err(|error| error.to_string())?;
        list.check(range.stop, &end).map_err(|error| error.to_string())?;
        self.lists.insert(own, list);
        Ok(())
    }

    fn on_filter(&mut self, conn: ConnId, reply: CFilter, ctx: &mut Ctx<'_>) {
        let bytes = reply.filter.len();
        match self.assembly.hear(conn, reply.block_hash, reply.filter) {
            Heard::Unasked => {
                ctx.peers.idle_talk(conn, "cfilter", ctx.now, ctx.out);
            }
            Heard::More(stop, count) => {
                let patience = ctx.monitor.patience_ms(conn, crate::sync::sequential::RequestClass::Filters);
                ctx.requests.extend_filters(conn, stop, count, ctx.now.mono_ms + patience);
            }
            Heard::Wrong { stop, count } => {
                let found = ctx.requests.filters_reply(conn, stop, count, ctx.now);
                let Some((key, _)) = self.answered(found, (conn, "cfilter"), bytes, ctx) else { return };
                let own_word = matches!(key, FilterWork::Own { .. });
                if own_word || self.frontier.is_cleared(conn) {
                    let why = format!("another filter than its hash for block {}", reply.block_hash);
                    ctx.peers.punish(conn, &Offence::InvalidFilter(why), ctx.now, ctx.out);
                }
                self.failures += 1;
                self.pipeline.failed(&key, ErrorKind::Invalid, &mut ctx.shared());
            }
            Heard::Whole { stop, filters } => self.on_filters(conn, stop, filters, ctx),
        }
    }

    fn on_filters(&mut self, conn: ConnId, stop: BlockHash, mut filters: Vec<Vec<u8>>, ctx: &mut Ctx<'_>) {
        let found = ctx.requests.filters_reply(conn, stop, filters.len() as u32, ctx.now);
        let bytes = filters.iter().map(Vec::len).sum();
        let Some((key, _)) = self.answered(found, (conn, "cfilter"), bytes, ctx) else { return };
        match key {
            FilterWork::Own { height, .. } => {
                if let Some(filter) = filters.pop() {
                    let findings = self.frontier.on_filter(conn, height, filter);
                    self.settle(findings, ctx);
                }
            }
            FilterWork::Part { which, start, .. } => {
                if let Some(lane) = self.searches.lane(which) {
                    lane.fill(start, filters);
                }
            }
            _ => {}
        }
        self.pipeline.processed(&key);
    }

    fn on_block(&mut self, conn: ConnId, block: Box<Block>, ctx: &mut Ctx<'_>) {
        let hash = pow::x11(&block.header.to_bytes());
        let found = ctx.requests.block_reply(conn, hash, ctx.now);
        if matches!(found, Match::Unsolicited) && !has_work(&block.header, &hash) {
            let why = format!("block {hash} has no proof of work");
            ctx.peers.punish(conn, &Offence::InvalidBlock(why), ctx.now, ctx.out);
            return;
        }
        let bytes = block.transactions.len() * 400;
        let Some((key, _)) = self.answered(found, (conn, "block"), bytes, ctx) else { return };
        let FilterWork::Block { height, hash } = key else { return };
        if !is_proven(&block) {
            let why = format!("the transactions of block {hash} are not its header's");
            ctx.peers.punish(conn, &Offence::InvalidBlock(why), ctx.now, ctx.out);
            self.failures += 1;
            self.pipeline.failed(&key, ErrorKind::Invalid, &mut ctx.shared());
            return;
        }
        if self.frontier.wants_block(height) {
            self.frontier.on_block(height, &block, hash);
        }
        for which in [Which::Main, Which::Late] {
            if let Some(lane) = self.searches.lane(which) {
                lane.put_block(height, &hash, &block);
            }
        }
        self.pipeline.processed(&key);
    }

    /// Whether a job is one of ours.
    pub fn owns_job(&self, job: JobId) -> bool {
        self.matching.owns(job)
    }

    /// Takes what became of a job.
    pub fn on_computed(&mut self, job: JobId, result: ComputeReply, ctx: &mut Ctx<'_>) {
        let phase = SyncPhase::DownloadingFilters;
        if self.matching.done(job, result, &mut self.searches, ctx.now) {
            ctx.recovery.worked(phase, Failure::Compute);
        } else {
            self.retry_at_ms = ctx.now.mono_ms + ctx.recovery.failed(phase, Failure::Compute);
        }
    }
}
