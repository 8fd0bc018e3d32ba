//! Signatures on their way to the workers and back.
//!
//! Bounded: [`MAX_JOBS`] jobs of about [`MAX_CHECKS`] signatures; what does not fit waits where it was.

use crate::collections::{Gather, SortedMap};
use crate::engine::{ComputeReply, ComputeWork, Effect, JobId};
use crate::masternodes::bls::SignatureCheck;
use crate::sync::headers::Ctx;
use dash_protocol::ChainLock;

/// Jobs under way at the most.
const MAX_JOBS: usize = 8;
/// A job with this many signatures takes no further one.
const MAX_CHECKS: usize = 16;

/// What is verified.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// A ChainLock, and whether it waits in the book or comes from a coinbase.
    Chain { lock: ChainLock, waits: bool },
    /// An InstantSend lock by its inventory hash.
    Instant([u8; 32]),
}

/// What is under way.
#[derive(Debug, Default)]
pub(super) struct Verifying {
    /// Each subject with how many of the job's signatures are its own.
    jobs: SortedMap<JobId, Vec<(Subject, usize)>>,
    next: Vec<(Subject, Vec<SignatureCheck>)>,
}

impl Verifying {
    /// Whether more can be taken.
    pub fn has_room(&self) -> bool {
        self.jobs.len() + self.next.len() / MAX_CHECKS < MAX_JOBS
    }

    /// Takes a lock whose signature is to be checked.
    pub fn push(&mut self, subject: Subject, checks: Vec<SignatureCheck>) {
        self.next.push((subject, checks));
    }

    /// Whether the lock of a coinbase is being checked.
    pub fn has_coinbase(&self) -> bool {
        let waiting = self.next.iter().map(|(subject, _)| subject);
        let under_way = self.jobs.values().flatten().map(|(subject, _)| subject);
        waiting.chain(under_way).any(|subject| matches!(subject, Subject::Chain { waits: false, .. }))
    }

    /// Hands out what was taken since.
    pub fn send(&mut self, ctx: &mut Ctx<'_>) {
        let mut subjects = Vec::new();
        let mut checks = Vec::new();
        for (subject, own) in std::mem::take(&mut self.next) {
            subjects.push((subject, own.len()));
            checks.extend(own);
            if checks.len() >= MAX_CHECKS {
                self.submit(std::mem::take(&mut subjects), std::mem::take(&mut checks), ctx);
            }
        }
        if !checks.is_empty() {
            self.submit(subjects, checks, ctx);
        }
    }

    fn submit(&mut self, subjects: Vec<(Subject, usize)>, checks: Vec<SignatureCheck>, ctx: &mut Ctx<'_>) {
        let job = ctx.ids.job();
        self.jobs.insert(job, subjects);
        ctx.out.push(Effect::Compute { job, work: ComputeWork::VerifySignatures(checks) });
    }

    pub fn owns(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// What became of each subject of a job: of its signatures, which ones hold; nothing if the worker broke.
    pub fn done(&mut self, job: JobId, result: ComputeReply) -> Vec<(Subject, Option<Vec<bool>>)> {
        let subjects = self.jobs.remove(&job).unwrap_or_default();
        let expected: usize = subjects.iter().map(|(_, count)| count).sum();
        let found = match result {
            ComputeReply::Signatures(found) if found.len() == expected => Some(found),
            _ => None,
        };
        let mut at = 0;
        let of_each = subjects.into_iter().map(|(subject, count)| {
            let own = found.as_ref().map(|found| found[at..at + count].to_vec());
            at += count;
            (subject, own)
        });
        of_each.gather()
    }
}
