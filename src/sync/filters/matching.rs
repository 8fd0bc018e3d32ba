//! Filters on their way to the workers and back.
//!
//! **Bounds.** [`MAX_JOBS`] pieces of work at a time, each of one part's filters.

use super::lane::Match;
use super::search::{Searches, Which};
use crate::engine::{ComputeReply, ComputeWork, Effect, JobId};
use crate::sync::headers::Ctx;
use std::collections::BTreeMap;

/// Pieces of work under way.
const MAX_JOBS: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Matching {
    jobs: BTreeMap<JobId, (Which, Match)>,
}

impl Matching {
    /// Sends what is to be matched.
    pub fn send(&mut self, searches: &mut Searches, ctx: &mut Ctx<'_>) {
        for which in [Which::Main, Which::Late] {
            let Some(lane) = searches.lane(which) else { continue };
            while self.jobs.len() < MAX_JOBS {
                let Some(work) = lane.next_match() else { break };
                let job = ctx.ids.job();
                ctx.out.push(Effect::Compute { job, work: ComputeWork::MatchFilters(work.to_compute()) });
                self.jobs.insert(job, (which, work));
            }
        }
    }

    /// Whether a job is one of ours.
    pub fn owns(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Takes what became of a job; false if it has to be done again.
    pub fn done(&mut self, job: JobId, reply: ComputeReply, searches: &mut Searches) -> bool {
        let Some((which, work)) = self.jobs.remove(&job) else { return true };
        // A lane that is gone took its parts along.
        let Some(lane) = searches.lane(which) else { return true };
        let ComputeReply::Matches(found) = reply else {
            lane.failed(&work);
            return false;
        };
        // What is no filter tells nothing of its block.
        lane.matched(&work, found.matched.into_iter().chain(found.malformed));
        true
    }
}
