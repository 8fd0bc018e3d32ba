//! Taking headers in: which are new, where they belong, and whether the best chain changes.

use super::HeaderChain;
use crate::chain::Entry;
use crate::chain::context::Context;
use crate::chain::rules::{HeaderError, follow};
use dash_protocol::{BlockHash, Header};

/// What came of offered headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What changed.
    pub outcome: Outcome,
    /// The index of the first header that was refused, and why; those after it were not looked at, those before it are
    /// kept.
    pub error: Option<(usize, HeaderError)>,
}

/// How offered headers changed the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not at all: every header that was not refused is known.
    Nothing,
    /// The best chain grew.
    Extended {
        /// Height of the first new header.
        from: u32,
        /// How many are new.
        count: u32,
    },
    /// A side branch began or grew.
    SideBranch {
        /// Height of the last header that it shares with the best chain.
        fork: u32,
        /// Its end.
        tip: Entry,
    },
    /// A branch overtook, or has a locked block: it is the best chain now.
    Reorganized {
        /// Height of the last header that both share.
        fork: u32,
        /// What is no longer on the best chain, oldest first.
        disconnected: Vec<Entry>,
        /// How many headers took its place.
        connected: u32,
    },
    /// The first header's parent is not in memory, or lies so low there that the rules see too little before it.
    Unknown,
}

impl Accepted {
    fn nothing(error: Option<(usize, HeaderError)>) -> Self {
        Self { outcome: Outcome::Nothing, error }
    }

    fn unknown() -> Self {
        Self { outcome: Outcome::Unknown, error: None }
    }
}

impl HeaderChain {
    /// Takes headers that follow each other, each with its X11 hash: that the hash is the header's is the caller's to
    /// know. What is known already is passed over without being checked again; the rest is checked by all rules in
    /// height order. `now` is our clock, in seconds since 1970.
    ///
    /// A branch wins by strictly more work than the best chain, or by a locked block that the best chain does not have;
    /// a header in the place of a locked block is refused. Whether there is room for a branch
    /// that does not win is decided by the work at the end of the offered headers.
    pub fn accept(&mut self, headers: &[(Header, BlockHash)], now: u64) -> Accepted {
        self.trim();
        let known = match self.known_prefix(headers) {
            Ok(known) => known,
            Err(refused) => return Accepted::nothing(Some(refused)),
        };
        let Some((first, _)) = headers.get(known) else { return Accepted::nothing(None) };
        let parent = &first.prev_block_hash;
        if *parent == self.tip().hash {
            return self.extend(headers, known, now);
        }
        if let Some(&entry) = self.best.find(parent) {
            return self.branch(headers, known, entry, entry.height, now);
        }
        match self.branches.get(parent) {
            Some((&entry, fork)) => self.branch(headers, known, entry, fork, now),
            None => Accepted::unknown(),
        }
    }

    /// How many of the headers are known: what precedes a known header is known with it, even when it lies below
    /// memory.
    fn known_prefix(&self, headers: &[(Header, BlockHash)]) -> Result<usize, (usize, HeaderError)> {
        let Some((first, hash)) = headers.first() else { return Ok(0) };
        let is_known = |hash: &BlockHash| self.find(hash).is_some();
        let known = if is_known(hash) {
            headers.iter().take_while(|(_, hash)| is_known(hash)).count()
        } else if is_known(&first.prev_block_hash) {
            0
        } else {
            headers.iter().rposition(|(_, hash)| is_known(hash)).map_or(0, |last| last + 1)
        };
        // The link of the first header that is not known is looked at, too.
        let end = headers.len().min(known + 1);
        for i in 1..end {
            let (expected, found) = (headers[i - 1].1, headers[i].0.prev_block_hash);
            if expected != found {
                return Err((i, HeaderError::NotLinked { expected, found }));
            }
        }
        Ok(known)
    }

    fn extend(&mut self, headers: &[(Header, BlockHash)], known: usize, now: u64) -> Accepted {
        if let Some(refused) = self.refuted_by() {
            return Accepted::nothing(Some((known, refused)));
        }
        let from = self.tip().height + 1;
        let mut error = None;
        for (i, (header, hash)) in headers.iter().enumerate().skip(known) {
            let parent = self.best.entries().back().expect("a chain has its start at least");
            let admitted = self.finality.admit(parent.height + 1, hash);
            let followed = admitted.and_then(|()| {
                follow(&self.rules, &mut self.context, &mut self.works, parent, header, hash, now)
            });
            match followed {
                Ok(entry) => self.best.push(entry),
                Err(refused) => {
                    error = Some((i, refused));
                    break;
                }
            }
        }
        let count = self.tip().height + 1 - from;
        if count == 0 {
            return Accepted::nothing(error);
        }
        self.pass_checkpoints();
        self.settle_lock();
        self.drop_lost_branches();
        Accepted { outcome: Outcome::Extended { from, count }, error }
    }

    fn branch(
        &mut self,
        headers: &[(Header, BlockHash)],
        known: usize,
        parent: Entry,
        fork: u32,
        now: u64,
    ) -> Accepted {
        if let Err(refused) = self.finality.allow(fork) {
            return Accepted::nothing(Some((known, refused)));
        }
        if self.finality.awaited_at_most(fork)
            && let Some(refused) = self.refuted_by()
        {
            return Accepted::nothing(Some((known, refused)));
        }
        let Some(mut context) = self.context_at(&parent) else { return Accepted::unknown() };
        let mut fresh: Vec<Entry> = Vec::with_capacity(headers.len() - known);
        let mut error = None;
        for (i, (header, hash)) in headers.iter().enumerate().skip(known) {
            let last = fresh.last().unwrap_or(&parent);
            let admitted = self.finality.admit(last.height + 1, hash);
            let followed = admitted
                .and_then(|()| follow(&self.rules, &mut context, &mut self.works, last, header, hash, now));
            match followed {
                Ok(entry) => fresh.push(entry),
                Err(refused) => {
                    error = Some((i, refused));
                    break;
                }
            }
        }
        let Some(&tip) = fresh.last() else { return Accepted::nothing(error) };
        let locked = fresh.iter().any(|entry| self.finality.awaits(entry.height, &entry.hash));
        if locked || tip.work > self.tip().work {
            let outcome = self.reorganize(&parent.hash, fork, fresh, context);
            return Accepted { outcome, error };
        }
        if !self.branches.make_room(fresh.len(), tip.work, &parent.hash) {
            return Accepted::nothing(error.or(Some((known, HeaderError::NoRoom { fork, work: tip.work }))));
        }
        for entry in fresh {
            self.branches.insert(entry, fork);
        }
        Accepted { outcome: Outcome::SideBranch { fork, tip }, error }
    }

    /// Makes the branch up to `parent`, and `fresh` on it, the best chain above `fork`.
    pub(super) fn reorganize(
        &mut self,
        parent: &BlockHash,
        fork: u32,
        fresh: Vec<Entry>,
        context: Context,
    ) -> Outcome {
        let mut connected = self.branches.take_path(parent);
        connected.extend(fresh);
        let kept = (fork + 1 - self.base_height()) as usize;
        let disconnected = self.best.cut(kept);
        let count = connected.len() as u32;
        connected.into_iter().for_each(|entry| self.best.push(entry));
        self.context = context;
        let best = &self.best;
        self.branches.rebuild(&disconnected, |hash| best.find(hash).map(|entry| entry.height));
        self.pass_checkpoints();
        self.settle_lock();
        self.drop_lost_branches();
        self.branches.enforce_bound();
        Outcome::Reorganized { fork, disconnected, connected: count }
    }

    /// What the rules see from a header of the best chain or of a branch; `None` if memory does not reach as far.
    pub(super) fn context_at(&self, entry: &Entry) -> Option<Context> {
        let needed = Context::needed(&self.rules, entry.height);
        let mut newest_first = Vec::with_capacity(needed);
        let mut hash = entry.hash;
        while newest_first.len() < needed {
            let found = self.find(&hash)?;
            hash = found.header.prev_block_hash;
            newest_first.push(&found.header);
        }
        Context::new(&self.rules, entry.height, newest_first.into_iter().rev()).ok()
    }
}
