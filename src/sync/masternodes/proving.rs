//! From anchored to verified: members are computed, and both signatures of each commitment go to the workers.
//!
//! A plain quorum stands alone: a commitment that does not hold is the chain's fault, not a peer's, and is refused. The
//! rotated quorums of a cycle stand together, because their members hang on snapshots that no block commits to: all of
//! them are judged at once, and when one fails the snapshots are doubted before the quorum is.
//! Bounded: [`MAX_JOBS`] jobs of [`MAX_COMMITMENTS`] commitments or about [`MAX_KEYS`] keys.

use super::book::QuorumStatus;
use super::{Ctx, MasternodeSync};
use crate::api::LogLevel;
use crate::chain::HeaderChain;
use crate::checks::{self, Check};
use crate::collections::{Gather, SortedMap, SortedSet};
use crate::engine::{CommitmentBatch, CommitmentVerdicts, ComputeReply, ComputeWork, Effect, JobId};
use crate::masternodes::bls::{CommitmentCheck, Verdict};
use crate::masternodes::{
    CommitmentError, Cycle, MasternodeEntry, commitment, evo_only, list_height, modifier, plain_members,
    plans, rotated_members,
};
use crate::network::Offence;
use crate::sync::sequential::{Failure, SyncPhase};
use dash_protocol::{LlmqParams, ProTxHash, QuorumName};
use std::sync::Arc;

/// Jobs under way at the most.
const MAX_JOBS: usize = 16;
/// Commitments in a job at the most, and at the least where there are more than fit one job: large batches are cheaper
/// in all, small ones are shared by more workers.
const MAX_COMMITMENTS: usize = 8;
const MIN_COMMITMENTS: usize = 2;
/// A job with this many keys takes no further commitment.
const MAX_KEYS: usize = 800;

/// A quorum whose signatures are being checked.
#[derive(Clone, Debug)]
pub(super) struct Suspect {
    name: QuorumName,
    members: Vec<ProTxHash>,
    /// The cycle that a rotated one belongs to.
    cycle: Option<u32>,
}

/// The rotated quorums of one cycle on their way.
#[derive(Debug, Default)]
pub(super) struct CycleProof {
    open: usize,
    held: Vec<(QuorumName, Vec<ProTxHash>)>,
    failed: Vec<(QuorumName, Vec<ProTxHash>)>,
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Proving {
    jobs: SortedMap<JobId, Vec<Suspect>>,
    cycles: SortedMap<u32, CycleProof>,
}

impl Proving {
    /// Whether a job is one of these.
    pub fn owns(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Whether nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }
}

type Members = Vec<Arc<MasternodeEntry>>;

impl MasternodeSync {
    /// Sends the quorums of the plan whose members can be computed to the workers.
    pub(super) fn prove(&mut self, quorums: &[QuorumName], chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        let mut batch = Batch::for_about(quorums.len());
        let mut cycles: SortedMap<u32, Vec<QuorumName>> = SortedMap::new();
        for name in quorums {
            let Some(record) = self.book.quorum(name) else { continue };
            let (QuorumStatus::Anchored, Some(base)) = (record.status, record.base_height()) else {
                continue;
            };
            let Some(llmq) = self.params.llmq(name.0).copied() else { continue };
            if llmq.rotated {
                cycles.entry(base).or_default().push(*name);
            } else if self.proving.jobs.len() + batch.jobs() < MAX_JOBS {
                self.prove_plain(*name, base, &llmq, chain, &mut batch, ctx);
            }
        }
        for (cycle, names) in cycles {
            let idle = !self.proving.cycles.contains_key(&cycle);
            if idle && self.proving.jobs.len() + batch.jobs() < MAX_JOBS {
                self.prove_cycle(cycle, &names, &mut batch, ctx);
            }
        }
        for (checks, suspects) in batch.into_jobs() {
            let job = ctx.ids.job();
            self.proving.jobs.insert(job, suspects);
            let decoded = self.keys.of_members(&checks);
            let work = ComputeWork::VerifyCommitments(CommitmentBatch { checks, decoded });
            ctx.out.push(Effect::Compute { job, work });
        }
    }

    fn prove_plain(
        &mut self,
        name: QuorumName,
        base: u32,
        llmq: &LlmqParams,
        chain: &HeaderChain,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) {
        let params = Arc::clone(&self.params);
        let Some(state) = self.book.at(list_height(&params, base)) else { return };
        let Some(entry) = chain.at(base) else { return };
        let modifier = modifier(&params, llmq, (base, entry.hash), state);
        let members = plain_members(llmq, state.list(), &modifier, evo_only(&params, llmq, base));
        match self.examine(&name, &members) {
            Some(Ok(check)) => {
                batch.push(check, Suspect { name, members: names_of(&members), cycle: None });
                self.set_checking(&name);
            }
            Some(Err(error)) => self.refuse(name, names_of(&members), &error.to_string(), ctx),
            None => {}
        }
    }

    /// Computes the members of all quorums of a cycle, if its four lists and three snapshots are there.
    fn prove_cycle(&mut self, cycle: u32, names: &[QuorumName], batch: &mut Batch, ctx: &mut Ctx<'_>) {
        let members = match self.members_of_cycle(cycle, ctx) {
            Ok(members) => members,
            Err(None) => return,
            Err(Some(reason)) => {
                return names.iter().for_each(|name| self.refuse(*name, Vec::new(), &reason, ctx));
            }
        };
        let mut proof = CycleProof::default();
        for name in names {
            let index = self.book.quorum(name).and_then(|record| record.entry.commitment().quorum_index);
            let own = index.and_then(|index| members.get(usize::try_from(index).ok()?));
            match own.and_then(|own| Some((self.examine(name, own)?, names_of(own)))) {
                Some((Ok(check), members)) => {
                    proof.open += 1;
                    batch.push(check, Suspect { name: *name, members, cycle: Some(cycle) });
                }
                Some((Err(_), members)) => proof.failed.push((*name, members)),
                None => proof.failed.push((*name, Vec::new())),
            }
            self.set_checking(name);
        }
        self.proving.cycles.insert(cycle, proof);
        self.judge_cycle(cycle, ctx);
    }

    /// The members of every quorum of a cycle, by index; without them, whether they can never be had, and why.
    fn members_of_cycle(&mut self, cycle: u32, ctx: &mut Ctx<'_>) -> Result<Vec<Members>, Option<String>> {
        let params = Arc::clone(&self.params);
        let llmq = *params.llmq(params.llmq_types.instantsend).ok_or(None)?;
        let quarters = plans::quarter_cycles(&llmq, cycle).ok_or(None)?;
        let mut inputs = Vec::with_capacity(quarters.len());
        for (back, base_height) in quarters.into_iter().enumerate() {
            let state = self.book.at(plans::work_block(base_height)).ok_or(None)?;
            let snapshot = self.snapshots.get(base_height).map(Arc::as_ref);
            if back > 0 && snapshot.is_none() {
                return Err(None);
            }
            inputs.push(Cycle { base_height, state, snapshot });
        }
        let [own, first, second, third] = inputs.as_slice() else { return Err(None) };
        rotated_members(&params, &llmq, own, [first, second, third]).map_err(|error| {
            // No honest peer gives a snapshot that leads nowhere.
            let faulty = error.faulty_snapshot();
            let offence = Offence::Snapshot(error.to_string());
            for source in self.snapshots.sources(faulty.as_slice()) {
                ctx.peers.punish(source, &offence, ctx.now, ctx.out);
            }
            if self.snapshots.doubt(faulty) { None } else { Some(error.to_string()) }
        })
    }

    fn examine(
        &self,
        name: &QuorumName,
        members: &Members,
    ) -> Option<Result<CommitmentCheck, CommitmentError>> {
        let record = self.book.quorum(name)?;
        Some(commitment::check(&self.params, record.entry.commitment(), record.height?, members))
    }

    fn set_checking(&mut self, name: &QuorumName) {
        if let Some(record) =
            self.book.quorum_mut(name).filter(|record| record.status == QuorumStatus::Anchored)
        {
            record.status = QuorumStatus::Checking;
        }
    }

    /// Takes the verdicts of a job.
    pub(super) fn on_verdicts(&mut self, job: JobId, result: ComputeReply, ctx: &mut Ctx<'_>) {
        let Some(suspects) = self.proving.jobs.remove(&job) else { return };
        let verdicts = match result {
            ComputeReply::Verdicts(CommitmentVerdicts { verdicts, decoded })
                if verdicts.len() == suspects.len() =>
            {
                self.keys.learn(&decoded);
                verdicts
            }
            _ => return self.prove_again(suspects, ctx),
        };
        ctx.recovery.worked(SyncPhase::DownloadingMnList, Failure::Compute);
        let mut touched = SortedSet::new();
        for (suspect, verdict) in suspects.into_iter().zip(verdicts) {
            let holds = verdict == Verdict::Valid || !checks::on(Check::CommitmentSignatures);
            match suspect.cycle {
                None if holds => self.verified(suspect.name, suspect.members),
                None => self.refuse(suspect.name, suspect.members, &format!("{verdict:?}"), ctx),
                Some(cycle) => {
                    let proof = self.proving.cycles.entry(cycle).or_default();
                    proof.open = proof.open.saturating_sub(1);
                    if holds {
                        proof.held.push((suspect.name, suspect.members));
                    } else {
                        proof.failed.push((suspect.name, suspect.members));
                    }
                    touched.insert(cycle);
                }
            }
        }
        for cycle in touched {
            self.judge_cycle(cycle, ctx);
        }
    }

    /// A worker broke: what it had is anchored still, and is sent again.
    fn prove_again(&mut self, suspects: Vec<Suspect>, ctx: &mut Ctx<'_>) {
        let wait_ms = ctx.recovery.failed(SyncPhase::DownloadingMnList, Failure::Compute);
        for suspect in suspects {
            if let Some(cycle) = suspect.cycle {
                self.proving.cycles.remove(&cycle);
            }
            self.unset_checking(&suspect.name);
        }
        self.retry_at_ms = ctx.now.mono_ms + wait_ms;
    }

    fn unset_checking(&mut self, name: &QuorumName) {
        if let Some(record) =
            self.book.quorum_mut(name).filter(|record| record.status == QuorumStatus::Checking)
        {
            record.status = QuorumStatus::Anchored;
        }
    }

    /// Once all verdicts of a cycle are there: its snapshots are proven if all of its quorums hold, else doubted as long as
    /// there is somebody else to ask.
    fn judge_cycle(&mut self, cycle: u32, ctx: &mut Ctx<'_>) {
        let Some(proof) = self.proving.cycles.get(&cycle).filter(|proof| proof.open == 0) else { return };
        let all_hold = proof.failed.is_empty();
        let Some(proof) = self.proving.cycles.remove(&cycle) else { return };
        let before = self.cycles_before(cycle);
        if all_hold {
            for liar in self.snapshots.prove(before) {
                let offence = Offence::Snapshot("another one proves the quorums".to_owned());
                ctx.peers.punish(liar, &offence, ctx.now, ctx.out);
            }
        } else if self.snapshots.doubt(before) {
            for (name, _) in &proof.failed {
                self.unset_checking(name);
            }
            self.doubtful.insert(cycle);
            let held = proof.held.into_iter();
            return held.for_each(|(name, members)| self.verified(name, members));
        }
        self.doubtful.remove(&cycle);
        for (name, members) in proof.held {
            self.verified(name, members);
        }
        for (name, members) in proof.failed {
            self.refuse(
                name,
                members,
                "its members did not sign it, by the word of two peers on who they are",
                ctx,
            );
        }
    }

    /// The cycles whose snapshots tell the members of a rotated cycle, newest first.
    pub(super) fn cycles_before(&self, cycle: u32) -> Vec<u32> {
        let interval = self.params.llmq(self.params.llmq_types.instantsend).map_or(0, |llmq| llmq.interval);
        (1..4).filter_map(|back| cycle.checked_sub(back * interval)).gather()
    }

    fn verified(&mut self, name: QuorumName, members: Vec<ProTxHash>) {
        let Some(record) = self.book.quorum_mut(&name) else { return };
        record.status = QuorumStatus::Verified;
        record.members = members;
        self.changed = true;
        self.proven += 1;
    }

    fn refuse(&mut self, name: QuorumName, members: Vec<ProTxHash>, reason: &str, ctx: &mut Ctx<'_>) {
        let Some(record) = self.book.quorum_mut(&name) else { return };
        record.status = QuorumStatus::Refused;
        record.members = members;
        self.changed = true;
        ctx.out.log(
            ctx.now,
            LogLevel::Warn,
            "masternodes",
            "a quorum on the chain does not hold",
            [
                ("type", u32::from(name.0.0).into()),
                ("quorum", name.1.to_string().into()),
                ("reason", reason.into()),
            ],
        );
    }
}

fn names_of(members: &[Arc<MasternodeEntry>]) -> Vec<ProTxHash> {
    members.iter().map(|member| *member.pro_tx_hash()).gather()
}

/// Jobs being filled.
struct Batch {
    jobs: Vec<(Vec<CommitmentCheck>, Vec<Suspect>)>,
    keys: usize,
    most: usize,
}

impl Batch {
    /// Jobs for so many commitments, as evenly as the bounds allow.
    fn for_about(commitments: usize) -> Self {
        let most = commitments.div_ceil(MAX_JOBS).clamp(MIN_COMMITMENTS, MAX_COMMITMENTS);
        Self { jobs: Vec::new(), keys: 0, most }
    }

    fn jobs(&self) -> usize {
        self.jobs.len()
    }

    fn push(&mut self, check: CommitmentCheck, suspect: Suspect) {
        let full = self.jobs.last().is_none_or(|(checks, _)| checks.len() >= self.most);
        if full || self.keys >= MAX_KEYS {
            self.jobs.push((Vec::new(), Vec::new()));
            self.keys = 0;
        }
        self.keys += check.member_keys.len();
        if let Some((checks, suspects)) = self.jobs.last_mut() {
            checks.push(check);
            suspects.push(suspect);
        }
    }

    fn into_jobs(self) -> Vec<(Vec<CommitmentCheck>, Vec<Suspect>)> {
        self.jobs
    }
}
