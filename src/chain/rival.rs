//! The proof of a branch that leaves the best chain below memory.
//!
//! Such a branch can be longer than what memory holds, and worth nothing. It is checked by all rules as it comes, and
//! only what the rules need to go on is kept: 36 headers (576 below the height where a network's daily rule ends) and
//! the total work, however long the branch. Only once its work exceeds the best chain's, or it has a block that a ChainLock names, is it worth storing.

use crate::chain::Entry;
use crate::chain::context::{Context, START_ANCESTORS};
use crate::chain::header_chain::{Finality, HeaderChain, link_ancestors};
use crate::chain::rules::{HeaderError, Rules, follow};
use crate::chain::work::WorkCache;
use dash_num::Arith256;
use dash_protocol::{BlockHash, Header};
use std::collections::VecDeque;

/// A branch under proof. [`HeaderChain::rival`] begins one.
#[derive(Clone, Debug)]
pub struct RivalChain {
    rules: Rules,
    context: Context,
    works: WorkCache,
    fork: Entry,
    /// The end of the branch with what precedes it, oldest first.
    recent: VecDeque<Entry>,
    finality: Finality,
    /// Whether it has a locked block that the chain it left does not have.
    locked: bool,
}

/// What came of headers fed to a [`RivalChain`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fed {
    /// How many were new and valid.
    pub taken: u32,
    /// The index of the first header that was refused, and why.
    pub error: Option<(usize, HeaderError)>,
}

impl RivalChain {
    pub(crate) fn new(
        rules: Rules,
        finality: Finality,
        fork: Entry,
        ancestors: &[Header],
    ) -> Result<Self, HeaderError> {
        let recent = link_ancestors(fork, ancestors)?;
        let context = Context::new(&rules, fork.height, recent.iter().map(|entry| &entry.header))?;
        let mut rival =
            Self { rules, context, works: WorkCache::default(), fork, recent, finality, locked: false };
        rival.trim();
        Ok(rival)
    }

    /// Takes headers that follow each other and the branch's end, each with its X11 hash. Those among the last ones
    /// kept are passed over. `now` is our clock, in seconds since 1970.
    pub fn feed(&mut self, headers: &[(Header, BlockHash)], now: u64) -> Fed {
        let known = headers
            .iter()
            .take_while(|(_, hash)| self.recent.iter().any(|entry| entry.hash == *hash))
            .count();
        let mut fed = Fed { taken: 0, error: None };
        for (i, (header, hash)) in headers.iter().enumerate().skip(known) {
            let parent = self.recent.back().expect("the fork is kept at least");
            let admitted = self.finality.admit(parent.height + 1, hash);
            let followed = admitted.and_then(|()| {
                follow(&self.rules, &mut self.context, &mut self.works, parent, header, hash, now)
            });
            match followed {
                Ok(entry) => {
                    if self.finality.awaits(entry.height, &entry.hash) {
                        self.finality.arrived();
                        self.locked = true;
                    }
                    self.recent.push_back(entry);
                    self.trim();
                    fed.taken += 1;
                }
                Err(refused) => {
                    fed.error = Some((i, refused));
                    break;
                }
            }
        }
        fed
    }

    /// The last header that the branch shares with the chain it left.
    pub fn fork(&self) -> &Entry {
        &self.fork
    }

    /// The end of the branch.
    pub fn tip(&self) -> &Entry {
        self.recent.back().expect("the fork is kept at least")
    }

    /// The total work of the chain up to the branch's end.
    pub fn work(&self) -> Arith256 {
        self.tip().work
    }

    /// Whether the branch wins over the chain it left, whose total work is this: by more work, or by a locked block that
    /// the chain does not have.
    pub fn wins_over(&self, work: &Arith256) -> bool {
        self.locked || self.tip().work > *work
    }

    /// How many headers are kept.
    pub fn kept(&self) -> usize {
        self.recent.len()
    }

    /// The chain that ends with this branch, with little of it in memory. What was final stays final; checkpoints that
    /// the branch passed are, too.
    ///
    /// # Errors
    /// None for a branch that was fed; [`HeaderError::MissingContext`] is passed on.
    pub fn into_chain(self) -> Result<HeaderChain, HeaderError> {
        HeaderChain::assemble(self.rules, self.recent, self.finality).map(|mut chain| {
            chain.pass_checkpoints();
            chain
        })
    }

    fn trim(&mut self) {
        let kept = (START_ANCESTORS as usize + 1).max(Context::needed(&self.rules, self.context.height()));
        while self.recent.len() > kept {
            self.recent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
