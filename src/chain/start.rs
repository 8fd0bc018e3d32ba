//! The ancestors of a start, gathered backwards.
//!
//! A start is trusted by its hash, and so is every header whose hash a trusted header names: they need no proof. They
//! are fetched one by one, the start's own header first. Bounded: [`START_ANCESTORS`] and the start itself.

use crate::chain::Entry;
use crate::chain::checkpoints::Start;
use crate::chain::context::START_ANCESTORS;
use crate::chain::header_chain::HeaderChain;
use crate::chain::rules::HeaderError;
use dash_protocol::{BlockHash, Header, NetworkParams};
use std::sync::Arc;

/// A start whose header and ancestors are being gathered.
#[derive(Clone, Debug)]
pub struct StartContext {
    params: Arc<NetworkParams>,
    start: Start,
    /// Newest first: the start, then its ancestors.
    gathered: Vec<Header>,
}

impl StartContext {
    /// Begins with nothing gathered, or, for genesis, with everything.
    pub fn new(params: Arc<NetworkParams>, start: Start) -> Self {
        let gathered = if start.height == 0 { vec![params.genesis] } else { Vec::new() };
        Self { params, start, gathered }
    }

    /// The start.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Hash of the header wanted next; `None` once all are there.
    pub fn wanted(&self) -> Option<BlockHash> {
        match self.gathered.last() {
            None => Some(self.start.hash),
            Some(oldest) => (self.remaining() > 0).then_some(oldest.prev_block_hash),
        }
    }

    /// How many headers are still wanted.
    pub fn remaining(&self) -> u32 {
        START_ANCESTORS.min(self.start.height) + 1 - self.gathered.len() as u32
    }

    /// Takes the header that is [`wanted`](Self::wanted), with its X11 hash. Once none is wanted, one more changes
    /// nothing.
    ///
    /// # Errors
    /// [`HeaderError::WrongHash`] for any other header, [`HeaderError::CheckpointMismatch`] if the chain of a wrong
    /// start leads to another genesis.
    pub fn offer(&mut self, header: Header, hash: BlockHash) -> Result<(), HeaderError> {
        let Some(expected) = self.wanted() else { return Ok(()) };
        if hash != expected {
            return Err(HeaderError::WrongHash { expected, found: hash });
        }
        if self.start.height as usize == self.gathered.len() && hash != self.params.genesis_hash {
            return Err(HeaderError::CheckpointMismatch {
                height: 0,
                expected: self.params.genesis_hash,
                found: hash,
            });
        }
        self.gathered.push(header);
        Ok(())
    }

    /// The start and its ancestors, oldest first; `None` while some are wanted.
    pub fn parts(&self) -> Option<(Entry, Vec<Header>)> {
        if self.remaining() > 0 {
            return None;
        }
        let (start, ancestors) = self.gathered.split_first()?;
        let entry = Entry {
            header: *start,
            hash: self.start.hash,
            height: self.start.height,
            work: self.start.chain_work,
        };
        Some((entry, ancestors.iter().rev().copied().collect()))
    }

    /// The chain that begins here.
    ///
    /// # Errors
    /// [`HeaderError::MissingContext`] while headers are wanted, and what [`HeaderChain::from_start`] refuses.
    pub fn into_chain(self) -> Result<HeaderChain, HeaderError> {
        let Some((start, ancestors)) = self.parts() else {
            let have = self.gathered.len();
            let need = have + self.remaining() as usize;
            return Err(HeaderError::MissingContext { height: self.start.height, have, need });
        };
        HeaderChain::from_start(self.params, start, &ancestors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::{Miner, regtest};

    fn start_at(chain: &[Entry], height: u32) -> Start {
        let entry = &chain[height as usize];
        Start { height, hash: entry.hash, time: entry.header.time, chain_work: entry.work }
    }

    #[test]
    fn thirty_five_ancestors_are_wanted_one_by_one_and_then_a_chain_begins() {
        let params = regtest();
        let chain = Miner::new(&params).mine(100);
        let mut context = StartContext::new(params, start_at(&chain, 90));
        for height in (55..=90).rev() {
            let entry = &chain[height];
            assert_eq!(context.wanted(), Some(entry.hash));
            assert_eq!(context.remaining(), height as u32 - 54);
            assert!(context.clone().into_chain().is_err());
            context.offer(entry.header, entry.hash).unwrap();
        }
        assert_eq!(context.wanted(), None);
        let chain_from_here = context.into_chain().unwrap();
        assert_eq!(chain_from_here.tip(), &chain[90]);
        assert_eq!(chain_from_here.base_height(), 55);
        assert_eq!(chain_from_here.at(55), Some(&chain[55]));
    }

    #[test]
    fn a_start_near_genesis_wants_all_there_is() {
        let params = regtest();
        let chain = Miner::new(&params).mine(10);
        let mut context = StartContext::new(params, start_at(&chain, 3));
        for height in (0..=3).rev() {
            context.offer(chain[height].header, chain[height].hash).unwrap();
        }
        assert_eq!(context.into_chain().unwrap().base_height(), 0);
    }

    #[test]
    fn genesis_needs_nothing() {
        let params = regtest();
        let context = StartContext::new(params.clone(), Start::genesis(&params));
        assert_eq!(context.wanted(), None);
        assert_eq!(context.into_chain().unwrap().tip().hash, params.genesis_hash);
    }

    #[test]
    fn a_header_that_was_not_asked_for_is_refused_and_changes_nothing() {
        let params = regtest();
        let chain = Miner::new(&params).mine(60);
        let mut context = StartContext::new(params, start_at(&chain, 50));
        let other = &chain[49];
        let error = context.offer(other.header, other.hash).unwrap_err();
        assert_eq!(error, HeaderError::WrongHash { expected: chain[50].hash, found: other.hash });
        assert_eq!(context.wanted(), Some(chain[50].hash));
    }

    #[test]
    fn a_start_that_leads_to_another_genesis_is_refused() {
        let params = regtest();
        let chain = Miner::new(&params).mine(40);
        let mut start = start_at(&chain, 20);
        start.height = 19;
        let mut context = StartContext::new(params, start);
        let result = (0..=20)
            .rev()
            .try_for_each(|height: usize| context.offer(chain[height].header, chain[height].hash));
        assert!(matches!(result, Err(HeaderError::CheckpointMismatch { height: 0, .. })));
    }
}
