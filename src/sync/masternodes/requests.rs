//! The plan as requests.
//!
//! All of it is asked for at once: a diff can be asked from a list that is itself still on its way, since asking needs
//! only the hashes of both blocks; answers are taken in by height, so each finds its base proven. A request keeps its
//! bases while it is wanted, although better ones become known, or it would be asked anew with every answer.

use super::plan::{self, Plan};
use super::{Ctx, MasternodeSync};
use crate::api::LogLevel;
use crate::chain::HeaderChain;
use crate::collections::{Gather, SortedSet};
use crate::engine::ConnId;
use crate::sync::pipeline::{ListRequest, Lost};
use crate::sync::recovery::ErrorKind;
use crate::sync::scheduler::{PeerView, SchedulePriority, Want};
use dash_protocol::{BlockHash, GetMnListDiff, GetQRInfo, LlmqParams, Message};

/// Bases named in a `getqrinfo`: the newest lists that are held.
const MAX_BASES: usize = 16;
/// Requests in a row without an answer after which a peer is let go.
const MAX_UNANSWERED: u32 = 20;

impl MasternodeSync {
    /// Sends the requests that are wanted and allowed.
    pub(super) fn ask(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        let wants = self.wants(chain, ctx);
        self.pipeline.want(wants, &mut ctx.shared());
        let peers: Vec<PeerView> = ctx.peers.ready().map(PeerView::from).gather();
        while let Some(dispatch) = self.pipeline.next(&peers, &mut ctx.shared()) {
            let (peer, message) = (dispatch.peer, message(&dispatch.key));
            if self.pipeline.begin(dispatch, None, &mut ctx.shared()).is_none() {
                return;
            }
            ctx.peers.send(peer, &message, ctx.out);
        }
    }

    /// Everything that is wanted, under way included.
    fn wants(&mut self, chain: &HeaderChain, ctx: &Ctx<'_>) -> Vec<Want<ListRequest>> {
        let mut plan = std::mem::take(&mut self.plan);
        let tip = chain.tip().height;
        let for_locks =
            self.asked_for_locks.iter().filter(|height| **height <= tip && self.book.at(**height).is_none());
        plan.states.extend(for_locks);
        let mut wants = Vec::new();
        let mut brought = SortedSet::new();
        self.brought.clear();
        if let Some(llmq) = self.params.llmq(self.params.llmq_types.instantsend).copied() {
            for (cycle, extra) in &plan.qrinfos {
                let Some((want, heights)) = self.qrinfo(*cycle, *extra, &llmq, &plan, chain, ctx) else {
                    continue;
                };
                brought.extend(heights);
                wants.push(want);
            }
        }
        for height in plan.states.iter().filter(|height| !brought.contains(height)) {
            wants.extend(self.diff(*height, self.available(*height, &plan, &brought), chain, tip));
        }
        self.asked = wants.iter().map(|want| (target(&want.key), want.key.clone())).collect();
        self.plan = plan;
        wants
    }

    /// The highest list below a height that is proven or on its way.
    fn available(&self, height: u32, plan: &Plan, brought: &SortedSet<u32>) -> Option<u32> {
        let proven = self.book.below(height).map(|state| state.height());
        let wanted = plan.states.range(..height).next_back().copied();
        let on_its_way = brought.range(..height).next_back().copied();
        [proven, wanted, on_its_way].into_iter().flatten().max()
    }

    fn diff(
        &self,
        height: u32,
        base: Option<u32>,
        chain: &HeaderChain,
        tip: u32,
    ) -> Option<Want<ListRequest>> {
        let hash_at = |height: u32| chain.at(height).map(|entry| entry.hash);
        let block_hash = hash_at(height)?;
        let fresh = || {
            let base_block_hash = base.map_or(Some(BlockHash::ZERO), hash_at)?;
            Some(ListRequest::Diff { height, get: GetMnListDiff { base_block_hash, block_hash } })
        };
        let key = self
            .asked
            .get(&Target::Block(block_hash))
            .filter(|key| self.can_use(key, chain))
            .cloned()
            .or_else(fresh)?;
        // Answers of a higher priority do not wait for lower ones: only what builds on a proven list may have it.
        let founded = matches!(&key, ListRequest::Diff { get, .. } if self.book.of_block(&get.base_block_hash).is_some());
        let urgent = (self.was_complete && height == tip) || self.asked_for_locks.contains(&height);
        let priority = if founded && urgent { SchedulePriority::High } else { SchedulePriority::Normal };
        Some(key.want(priority))
    }

    /// Whether the base of what was asked before is proven or may still become so.
    fn can_use(&self, key: &ListRequest, chain: &HeaderChain) -> bool {
        let ListRequest::Diff { get, .. } = key else { return false };
        let base = &get.base_block_hash;
        let on_its_way = self.asked.contains_key(&Target::Block(*base)) || self.brought.contains(base);
        base.is_zero() || self.book.of_block(base).is_some() || (on_its_way && chain.is_best(base))
    }

    /// A QRInfo, with the heights of the lists that it brings; none while everybody who could be asked gave a snapshot
    /// that did not lead to a proof.
    fn qrinfo(
        &mut self,
        cycle: u32,
        extra: bool,
        llmq: &LlmqParams,
        plan: &Plan,
        chain: &HeaderChain,
        ctx: &Ctx<'_>,
    ) -> Option<(Want<ListRequest>, Vec<u32>)> {
        let hash_at = |height: u32| chain.at(height).map(|entry| entry.hash);
        let heights = plan::states_of_qrinfo(llmq, cycle, extra);
        let lowest = *heights.first()?;
        let work_block = hash_at(*heights.last()?)?;
        let tied = self.tied(cycle, llmq, ctx)?;
        let block_hash = hash_at(chain.tip().height.min(cycle + llmq.interval - 1))?;
        let known = self
            .asked
            .get(&Target::Cycle(work_block))
            .filter(|key| matches!(key, ListRequest::QRInfo { get, .. } if get.extra_share == extra));
        let key = known.cloned().unwrap_or_else(|| {
            let held =
                self.book.states().rev().filter(|state| state.height() <= *heights.last().unwrap_or(&0));
            let mut bases: Vec<BlockHash> = held.take(MAX_BASES).map(|state| *state.hash()).gather();
            let below = plan.states.range(..lowest).next_back().copied().and_then(hash_at);
            bases.extend(below.filter(|hash| !bases.contains(hash)));
            bases.reverse();
            let get = GetQRInfo { base_block_hashes: bases, block_hash, extra_share: extra };
            ListRequest::QRInfo { height: cycle, get, work_block }
        });
        self.brought.extend(heights.iter().copied().filter_map(hash_at));
        let mut want = key.want(SchedulePriority::Normal);
        // Answers are taken in by the lowest list that they bring.
        (want.height, want.tied) = (lowest, tied);
        Some((want, heights))
    }

    /// The peer to which a question about a doubted cycle must go; no restriction where nothing is doubted; none where
    /// nobody is left to ask.
    fn tied(&self, cycle: u32, llmq: &LlmqParams, ctx: &Ctx<'_>) -> Option<Option<ConnId>> {
        let before = (1..=4).filter_map(|back| cycle.checked_sub(back * llmq.interval));
        let doubted: SortedSet<ConnId> = before.flat_map(|cycle| self.snapshots.doubted(cycle)).collect();
        if doubted.is_empty() {
            return Some(None);
        }
        let other = ctx.peers.ready().map(|peer| peer.conn).find(|conn| !doubted.contains(conn));
        other.map(Some)
    }

    /// Requests that were not answered in time.
    pub(super) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        for lost in self.pipeline.expire(&mut ctx.shared()) {
            self.note_lost(&lost, ctx);
            if lost.unanswered >= MAX_UNANSWERED {
                ctx.peers.hang_up(lost.peer, "does not answer", ctx.now, ctx.out);
            }
        }
    }

    /// Writes down what came to nothing; it is in the queue again.
    pub(super) fn note_lost(&mut self, lost: &Lost<ListRequest>, ctx: &mut Ctx<'_>) {
        self.failures += 1;
        let what = match &lost.key {
            ListRequest::Diff { .. } => "getmnlistd",
            ListRequest::QRInfo { .. } => "getqrinfo",
        };
        let how = match lost.kind {
            ErrorKind::Timeout => "no answer",
            ErrorKind::PeerGone => "the peer went",
            ErrorKind::Invalid => "the answer does not hold",
            ErrorKind::Unproven => "the answer cannot be proven",
        };
        ctx.out.log(
            ctx.now,
            LogLevel::Debug,
            "masternodes",
            "asking again",
            [
                ("what", what.into()),
                ("height", lost.key.height().into()),
                ("reason", how.into()),
                ("failures", lost.failures.into()),
                ("wait", lost.retry.wait_ms.into()),
            ],
        );
    }
}

/// What a request is about, whatever its bases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// The list of a block.
    Block(BlockHash),
    /// The cycle with this work block.
    Cycle(BlockHash),
}

pub(super) fn target(key: &ListRequest) -> Target {
    match key {
        ListRequest::Diff { get, .. } => Target::Block(get.block_hash),
        ListRequest::QRInfo { work_block, .. } => Target::Cycle(*work_block),
    }
}

fn message(key: &ListRequest) -> Message {
    match key {
        ListRequest::Diff { get, .. } => Message::GetMnListDiff(*get),
        ListRequest::QRInfo { get, .. } => Message::GetQRInfo(get.clone()),
    }
}
