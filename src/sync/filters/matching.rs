//! Filters on their way to the workers and back.
//!
//! **Bounds.** [`MAX_JOBS`] pieces of work at a time, each of one part's filters.

use super::lane::Match;
use super::search::{Searches, Which};
use crate::collections::SortedMap;
use crate::engine::{ComputeReply, ComputeWork, Effect, Ids, JobId, Now};
use crate::sync::headers::Ctx;
use crate::sync::sequential::PhaseMeter;

/// Pieces of work under way.
const MAX_JOBS: usize = 16;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Matching {
    jobs: SortedMap<JobId, (Which, Match)>,
    /// Filters that were looked into. A phase's own meter counts heights, also those that are passed over.
    matched: PhaseMeter,
}

impl Matching {
    /// Sends what is to be matched.
    pub fn send(&mut self, searches: &mut Searches, ctx: &mut Ctx<'_>) {
        for which in [Which::Main, Which::Late] {
            while let Some((job, work)) = self.begin(which, searches, ctx.ids, ctx.now) {
                ctx.out.push(Effect::Compute { job, work });
            }
        }
    }

    /// The next piece of work of a search, which is under way from now on.
    fn begin(
        &mut self,
        which: Which,
        searches: &mut Searches,
        ids: &mut Ids,
        now: Now,
    ) -> Option<(JobId, ComputeWork)> {
        if self.jobs.len() == MAX_JOBS {
            return None;
        }
        let work = searches.lane(which)?.next_match()?;
        if self.jobs.is_empty() {
            self.matched.add(0, now.mono_ms);
        }
        let job = ids.job();
        let to_compute = ComputeWork::MatchFilters(work.to_compute());
        self.jobs.insert(job, (which, work));
        Some((job, to_compute))
    }

    /// Whether a job is one of ours.
    pub fn owns(&self, job: JobId) -> bool {
        self.jobs.contains_key(&job)
    }

    /// Takes what became of a job; false if it has to be done again.
    pub fn done(&mut self, job: JobId, reply: ComputeReply, searches: &mut Searches, now: Now) -> bool {
        let Some((which, work)) = self.jobs.remove(&job) else { return true };
        let found = match reply {
            ComputeReply::Matches(found) => Some(found),
            _ => None,
        };
        if found.is_some() {
            self.matched.add(work.filters.len() as u64, now.mono_ms);
        }
        // A lane that is gone took its parts along.
        let Some(lane) = searches.lane(which) else { return true };
        let Some(found) = found else {
            lane.failed(&work);
            return false;
        };
        // What is no filter tells nothing of its block.
        lane.matched(&work, found.matched.into_iter().chain(found.malformed));
        true
    }

    /// Filters looked into a second, of late.
    pub fn per_second(&self, now_ms: u64) -> f64 {
        self.matched.per_second(now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::BatchMatches;
    use crate::sync::filters::lane::{BlockInfo, Part};
    use crate::wallet::gap::Script;
    use dash_protocol::{BlockHash, MerkleRoot};

    const FILTERS: u32 = 200;

    /// A search with this many parts, whose filters are there.
    fn searches(parts: u32) -> Searches {
        let mut searches = Searches::restored(vec![Script::from(&[1; 25][..])], 1, Default::default());
        searches.follow(1_000_000);
        let info = BlockInfo { hash: BlockHash::ZERO, merkle_root: MerkleRoot::default(), time: 0 };
        for start in (0..parts).map(|part| part * FILTERS + 1) {
            let blocks = vec![info; FILTERS as usize];
            searches.main.add(Part::new(start, blocks, vec![None; FILTERS as usize]));
            searches.main.fill(start, vec![vec![0]; FILTERS as usize]);
        }
        searches
    }

    fn at(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    #[test]
    fn the_rate_is_of_filters_that_were_looked_into() {
        let (mut matching, mut searches, mut ids) = (Matching::default(), searches(5), Ids::default());
        assert_eq!(matching.per_second(0), 0.0);
        // Nobody looked into what is passed over.
        searches.main.skip_to(1);
        for second in 0..4 {
            let (job, _) = matching.begin(Which::Main, &mut searches, &mut ids, at(second * 1_000)).unwrap();
            let reply = match second {
                3 => ComputeReply::Failed("broke".to_owned()),
                _ => ComputeReply::Matches(BatchMatches::default()),
            };
            assert_eq!(matching.done(job, reply, &mut searches, at((second + 1) * 1_000)), second < 3);
        }
        assert_eq!(matching.per_second(3_000), f64::from(FILTERS));
        assert_eq!(matching.per_second(4_000), f64::from(FILTERS) * 0.75);
        searches.main.skip_to(900_000);
        assert_eq!(matching.per_second(4_000), f64::from(FILTERS) * 0.75);
        assert_eq!(matching.per_second(60_000), 0.0);
    }

    #[test]
    fn no_more_work_is_under_way_than_the_bound() {
        let (mut matching, mut searches, mut ids) =
            (Matching::default(), searches(MAX_JOBS as u32), Ids::default());
        let mut begin = || matching.begin(Which::Main, &mut searches, &mut ids, at(0)).is_some();
        assert_eq!((0..MAX_JOBS + 4).filter(|_| begin()).count(), MAX_JOBS);
    }
}
