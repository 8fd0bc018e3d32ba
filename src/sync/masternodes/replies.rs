//! Answers meet the rules, in height order.
//!
//! Correlation by content says what an answer is to; it waits until everything below it is taken in, and is then proven
//! against the header of its block. What does not hold is dropped as a whole, its sender banned, and the same asked of
//! another; what was proven before stays.

use super::requests::target;
use super::snapshots::Offered;
use super::{Ctx, MasternodeSync};
use crate::chain::HeaderChain;
use crate::checks::{self, Check};
use crate::collections::Gather;
use crate::engine::ConnId;
use crate::masternodes::{DiffError, ListState, ProvenBlock, plans};
use crate::network::Offence;
use crate::network::correlation::Match;
use crate::sync::pipeline::{ListAnswer, ListRequest};
use crate::sync::recovery::ErrorKind;
use dash_protocol::{BlockHash, FinalCommitment, LlmqParams, MnListDiff, QRInfo, QuorumSnapshot};
use std::sync::Arc;

/// Why an answer brought nothing.
enum Refusal {
    /// It breaks a rule: its sender's doing.
    Invalid(Offence),
    /// It cannot be proven as things are: nobody's fault.
    Unproven,
}

impl From<DiffError> for Refusal {
    fn from(error: DiffError) -> Self {
        Self::Invalid(Offence::InvalidList(error.to_string()))
    }
}

impl MasternodeSync {
    /// Takes a `mnlistdiff`.
    pub(crate) fn on_diff(&mut self, conn: ConnId, diff: Box<MnListDiff>, ctx: &mut Ctx<'_>) {
        let found = ctx.requests.mn_list_diff_reply(conn, diff.base_block_hash, diff.block_hash, ctx.now);
        let bytes = size_of_diff(&diff);
        self.on_answer(conn, found, ListAnswer::Diff(diff), bytes, ctx);
    }

    /// Takes a `qrinfo`.
    pub(crate) fn on_qrinfo(&mut self, conn: ConnId, info: Box<QRInfo>, ctx: &mut Ctx<'_>) {
        let found = ctx.requests.qrinfo().reply(conn, info.diff_h.block_hash, ctx.now);
        let bytes = diffs(&info).map(size_of_diff).sum();
        self.on_answer(conn, found, ListAnswer::QRInfo(info), bytes, ctx);
    }

    fn on_answer(&mut self, conn: ConnId, found: Match, answer: ListAnswer, bytes: usize, ctx: &mut Ctx<'_>) {
        match found {
            Match::Request(request) => {
                self.pipeline.answered(&request, answer, bytes, &mut ctx.shared());
            }
            Match::Late(request) => {
                self.pipeline.late(&request, answer, bytes, &mut ctx.shared());
            }
            Match::Ignores(_) | Match::Unsolicited => {
                let what = match answer {
                    ListAnswer::Diff(_) => "mnlistdiff",
                    ListAnswer::QRInfo(_) => "qrinfo",
                };
                if checks::on(Check::Unsolicited) {
                    ctx.peers.punish(conn, &Offence::Unrequested(what.to_owned()), ctx.now, ctx.out);
                }
            }
        }
    }

    /// Takes in whatever has its turn.
    pub(super) fn take_in(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        while let Some(ready) = self.pipeline.take_ready() {
            let taken = match &ready.answer {
                ListAnswer::Diff(diff) => self.take_diff(diff, chain),
                ListAnswer::QRInfo(info) => self.take_qrinfo(&ready.key, info, ready.peer, chain, ctx),
            };
            let kind = match taken {
                Ok(()) => {
                    self.pipeline.processed(&ready.key);
                    continue;
                }
                Err(Refusal::Invalid(offence)) => {
                    ctx.peers.punish(ready.peer, &offence, ctx.now, ctx.out);
                    ErrorKind::Invalid
                }
                Err(Refusal::Unproven) => {
                    // Asked again, from whatever base is there by then.
                    self.asked.remove(&target(&ready.key));
                    ErrorKind::Unproven
                }
            };
            if let Some(lost) = self.pipeline.failed(&ready.key, kind, &mut ctx.shared()) {
                self.note_lost(&lost, ctx);
            }
        }
    }

    /// Proves a diff and keeps the list that it leads to.
    fn take_diff(&mut self, diff: &MnListDiff, chain: &HeaderChain) -> Result<(), Refusal> {
        if self.book.of_block(&diff.block_hash).is_some() {
            return Ok(());
        }
        let block = proven_block(chain, &diff.block_hash).ok_or(Refusal::Unproven)?;
        let state = match self.book.of_block(&diff.base_block_hash) {
            Some(base) => base.apply(&self.params, diff, block)?,
            None if self.is_nothing(&diff.base_block_hash) => {
                ListState::genesis(&self.params).apply(&self.params, diff, block)?
            }
            None => return Err(Refusal::Unproven),
        };
        self.book.insert(Arc::new(state), |hash| super::height_of(Some(chain), hash));
        self.changed = true;
        self.proven += 1;
        Ok(())
    }

    fn is_nothing(&self, base: &BlockHash) -> bool {
        base.is_zero() || *base == self.params.genesis_hash
    }

    /// Proves the diffs of a QRInfo in the order in which they build upon each other, and keeps its snapshots.
    fn take_qrinfo(
        &mut self,
        key: &ListRequest,
        info: &QRInfo,
        source: ConnId,
        chain: &HeaderChain,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Refusal> {
        let ListRequest::QRInfo { height: cycle, get, .. } = key else { return Err(Refusal::Unproven) };
        let llmq = *self.params.llmq(self.params.llmq_types.instantsend).ok_or(Refusal::Unproven)?;
        if get.extra_share && info.h_minus_4c.is_none() {
            return Err(invalid("no extra share although it was asked for"));
        }
        for (_, diff) in &info.older {
            self.take_part(diff, get.base_block_hashes.as_slice(), chain)?;
        }
        let places = places(info);
        for (back, diff) in &places {
            let work = cycle.checked_sub(back * llmq.interval).map(plans::work_block);
            let expected = work.and_then(|height| chain.at(height)).ok_or(Refusal::Unproven)?;
            if diff.block_hash != expected.hash {
                return Err(invalid("a diff ends at another block than its cycle's work block"));
            }
            self.take_part(diff, get.base_block_hashes.as_slice(), chain)?;
        }
        // The node's own tip may be a block that is not known here yet.
        if chain.is_best(&info.diff_tip.block_hash) {
            self.take_part(&info.diff_tip, get.base_block_hashes.as_slice(), chain)?;
        }
        if checks::on(Check::QuorumAnchored) {
            self.check_last_commitments(info)?;
        }
        self.take_snapshots(*cycle, &llmq, info, source, chain, ctx)
    }

    /// The newest commitments are those of proven lists, as far as these have them. Nothing else is made of them.
    fn check_last_commitments(&self, info: &QRInfo) -> Result<(), Refusal> {
        let differs = |commitment: &&FinalCommitment| {
            let name = (commitment.llmq_type, commitment.quorum_hash);
            self.book.quorum(&name).is_some_and(|known| *known.entry.leaf() != commitment.leaf_hash())
        };
        match info.last_commitments.iter().find(differs) {
            Some(_) => Err(invalid("a last commitment is not the one of the lists")),
            None => Ok(()),
        }
    }

    /// One diff of a QRInfo. Its base is a list that was named in the question, or one that it brought itself.
    fn take_part(
        &mut self,
        diff: &MnListDiff,
        bases: &[BlockHash],
        chain: &HeaderChain,
    ) -> Result<(), Refusal> {
        let base = &diff.base_block_hash;
        let held = self.is_nothing(base) || self.book.of_block(base).is_some();
        if !held && !bases.contains(base) && checks::on(Check::DiffBase) {
            return Err(invalid("a diff from a list that was neither named nor brought"));
        }
        self.take_diff(diff, chain)
    }

    fn take_snapshots(
        &mut self,
        cycle: u32,
        llmq: &LlmqParams,
        info: &QRInfo,
        source: ConnId,
        chain: &HeaderChain,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Refusal> {
        let mut snapshots: Vec<(u32, &QuorumSnapshot)> = Vec::new();
        for (snapshot, diff) in &info.older {
            let work = super::height_of(Some(chain), &diff.block_hash).ok_or(Refusal::Unproven)?;
            let base = work + plans::WORK_DEPTH;
            if plans::cycle_base(base, llmq.interval) != base {
                return Err(invalid("an older diff ends at no cycle's work block"));
            }
            snapshots.push((base, snapshot));
        }
        let recent = [&info.snapshot_h_minus_c, &info.snapshot_h_minus_2c, &info.snapshot_h_minus_3c];
        let extra = info.h_minus_4c.as_ref().map(|(snapshot, _)| snapshot);
        for (back, snapshot) in (1..).zip(recent.into_iter().chain(extra)) {
            let base = cycle.checked_sub(back * llmq.interval).ok_or(Refusal::Unproven)?;
            snapshots.push((base, snapshot));
        }
        for (base, snapshot) in snapshots {
            let Some(state) = self.book.at(plans::work_block(base)) else { continue };
            let (bits, listed) = (snapshot.active_members.len(), state.list().len());
            if bits != listed && checks::on(Check::SnapshotRange) {
                let reason = format!("{bits} bits for {listed} masternodes");
                return Err(Refusal::Invalid(Offence::Snapshot(reason)));
            }
            let block = *state.hash();
            if self.snapshots.offer(base, block, snapshot.clone(), source) == Offered::Contradicts {
                let offence = Offence::Snapshot("another one proved the quorums".to_owned());
                ctx.peers.punish(source, &offence, ctx.now, ctx.out);
            }
        }
        Ok(())
    }
}

fn invalid(reason: &str) -> Refusal {
    Refusal::Invalid(Offence::InvalidList(reason.to_owned()))
}

/// The diffs to work blocks, lowest first, each with how many cycles it lies below the requested one.
fn places(info: &QRInfo) -> Vec<(u32, &MnListDiff)> {
    let extra = info.h_minus_4c.as_ref().map(|(_, diff)| (4, diff));
    let rest = [
        (3, &info.diff_h_minus_3c),
        (2, &info.diff_h_minus_2c),
        (1, &info.diff_h_minus_c),
        (0, &info.diff_h),
    ];
    extra.into_iter().chain(rest).gather()
}

fn diffs(info: &QRInfo) -> impl Iterator<Item = &MnListDiff> {
    let older = info.older.iter().map(|(_, diff)| diff);
    older.chain(places(info).into_iter().map(|(_, diff)| diff)).chain([&info.diff_tip])
}

/// About as many bytes as it came in; what is measured by it does not hang on a few.
fn size_of_diff(diff: &MnListDiff) -> usize {
    const BESIDES: usize = 600;
    BESIDES + diff.entries.len() * 180 + diff.new_quorums.len() * 350 + diff.deleted.len() * 32
}

fn proven_block(chain: &HeaderChain, hash: &BlockHash) -> Option<ProvenBlock> {
    let entry = chain.find(hash).filter(|_| chain.is_best(hash))?;
    Some(ProvenBlock { height: entry.height, hash: entry.hash, merkle_root: entry.header.merkle_root })
}
