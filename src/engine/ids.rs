//! Numbers for everything that expects an answer; none is used twice.

use super::{CommitId, JobId, ReadId};

/// Hands out ids.
#[derive(Debug, Default)]
pub struct Ids(u64);

impl Ids {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    pub(crate) fn job(&mut self) -> JobId {
        JobId(self.next())
    }

    pub(crate) fn commit(&mut self) -> CommitId {
        CommitId(self.next())
    }

    pub(crate) fn read(&mut self) -> ReadId {
        ReadId(self.next())
    }
}
