//! Computations whose outcome is known already.
//!
//! Mining found every hash once. Looking it up by the header's parent is a hundred times cheaper than X11; only
//! headers that liars make up are hashed anew. Signatures are checked once in a process, since worlds of all seeds share
//! their chains. The result is that of `dash_spv_wasm::compute::run`, which a test holds this against. Bounded: 32
//! chains, [`MAX_OUTCOMES`] outcomes.

use crate::chain::SimChain;
use dash_protocol::{BlockHash, CompressedHeaders, Header, sha256d};
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::engine::{ComputeReply, ComputeWork};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many chains are remembered: the peers' own and the honest one's past.
const MAX_CHAINS: usize = 32;

#[derive(Default)]
pub(super) struct Hashes {
    chains: Vec<Arc<SimChain>>,
}

impl Hashes {
    /// Remembers a chain; the oldest one but the first is forgotten when there are too many.
    pub fn learn(&mut self, chain: Arc<SimChain>) {
        if self.chains.len() >= MAX_CHAINS {
            self.chains.remove(1);
        }
        self.chains.push(chain);
    }

    pub fn hash(&self, raw: &[u8; 80]) -> BlockHash {
        let header = Header::from_bytes(raw);
        self.chains.iter().find_map(|chain| chain.known_hash(&header)).unwrap_or_else(|| x11(raw))
    }

    /// Does a piece of work. The engine makes no work whose bytes are not whole headers; left-over bytes are passed
    /// over as the real computation passes them over.
    pub fn run(&self, work: ComputeWork) -> ComputeReply {
        match work {
            ComputeWork::HashHeaders { raw } => {
                ComputeReply::Hashes(raw.as_chunks::<80>().0.iter().map(|raw| self.hash(raw)).collect())
            }
            ComputeWork::ExpandHeaders2 { payload } => ComputeReply::Expanded(
                CompressedHeaders::from_payload(payload)
                    .and_then(|headers| headers.expand(|raw| self.hash(raw))),
            ),
            // Keys that were decoded before change nothing but the time.
            ComputeWork::VerifyCommitments(batch) => {
                once(ComputeWork::VerifyCommitments(batch.checks.into()))
            }
            work @ ComputeWork::VerifySignatures(_) => once(work),
            work @ ComputeWork::MatchFilters(_) => dash_spv_wasm::compute::run(work),
        }
    }
}

/// Outcomes of signature checks that a process remembers.
const MAX_OUTCOMES: usize = 50_000;

/// Checks signatures, unless the same were checked before.
fn once(work: ComputeWork) -> ComputeReply {
    static OUTCOMES: OnceLock<Mutex<HashMap<[u8; 32], ComputeReply>>> = OnceLock::new();
    let outcomes = OUTCOMES.get_or_init(Mutex::default);
    let key = sha256d(format!("{work:?}").as_bytes());
    if let Some(known) = outcomes.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return known.clone();
    }
    let reply = dash_spv_wasm::compute::run(work);
    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    if outcomes.len() >= MAX_OUTCOMES {
        outcomes.clear();
    }
    outcomes.insert(key, reply.clone());
    reply
}

/// A browser checks a quorum's two signatures in the time of about 500 hashes, in a batch.
const COMMITMENT: u64 = 500;
/// And one lock's alone in that of 600.
const SIGNATURE: u64 = 600;

/// It looks for so many scripts in a filter in the time of one.
const ELEMENTS: u64 = 500;

/// How many hashes a piece of work costs.
pub(super) fn cost(work: &ComputeWork) -> u64 {
    match work {
        ComputeWork::HashHeaders { raw } => raw.len() as u64 / 80,
        ComputeWork::ExpandHeaders2 { payload } => match payload.as_slice() {
            [0xfd, low, high, ..] => u64::from(u16::from_le_bytes([*low, *high])),
            [count @ ..=0xfc, ..] => u64::from(*count),
            _ => 0,
        },
        ComputeWork::VerifyCommitments(batch) => batch.checks.len() as u64 * COMMITMENT,
        ComputeWork::VerifySignatures(checks) => checks.len() as u64 * SIGNATURE,
        ComputeWork::MatchFilters(batch) => {
            (batch.filters.len() as u64) * (1 + batch.elements.len() as u64 / ELEMENTS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::builder::regtest;

    #[test]
    fn known_hashes_are_those_that_computing_gives() {
        let chain = SimChain::shared(&regtest(), 1, 300);
        let mut hashes = Hashes::default();
        hashes.learn(Arc::new(chain.prefix(200)));
        let headers = &chain.headers()[1..];
        let work = ComputeWork::HashHeaders { raw: headers.iter().flat_map(Header::to_bytes).collect() };
        assert_eq!(cost(&work), 300);
        assert_eq!(hashes.run(work.clone()), dash_spv_wasm::compute::run(work));
        let payload = CompressedHeaders::compress(headers, x11).into_payload();
        let work = ComputeWork::ExpandHeaders2 { payload };
        assert_eq!(cost(&work), 300);
        assert_eq!(hashes.run(work.clone()), dash_spv_wasm::compute::run(work));
    }
}
