//! Filters to be searched for a wallet's scripts: made, not recorded, and the same for every program by their seed.
//!
//! The mixture: [`ELEMENTS`] scripts a block, evenly spread, since the blocks 2,045,354 and 2,282,696 of mainnet create
//! some 70 and spend as many, and quiet ones have a tenth of that; nine of ten to the hash of a key and one to the hash of
//! a script. Looked for are [`SCRIPTS`] payments to hashes of keys, as the addresses of an extended key are. One filter in
//! [`PLANTED_EVERY`] holds one of them; one in about 785 seems to (BIP 158), by chance, and everybody who reads filters
//! rightly has to be deceived in the same ones.

use crate::BenchError;
use dash_protocol::BlockHash;
use dash_spv_wasm::engine::{ComputeReply, ComputeWork, FilterBatch};
use dash_spv_wasm::filters::gcs;
use fastrand::Rng;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Scripts that are looked for.
pub const SCRIPTS: usize = 1_000;
/// Filters in all.
pub const FILTERS: u32 = 20_000;
/// Filters of one piece of work, as the client asks for them and has them searched.
pub const FILTERS_OF_A_JOB: usize = 250;
/// How many scripts a filter is of.
pub const ELEMENTS: RangeInclusive<u32> = 10..=140;
/// One filter in so many holds a script that is looked for.
pub const PLANTED_EVERY: u32 = 1_000;

/// Filters, and what is looked for in them.
#[derive(Debug)]
pub struct Haystack {
    /// Scripts that are looked for.
    pub elements: Vec<Vec<u8>>,
    /// Filters, each with the hash of its block.
    pub filters: Vec<(BlockHash, Vec<u8>)>,
    /// Those that hold one of the scripts, ascending.
    pub planted: Vec<u32>,
}

impl Haystack {
    /// The one of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let elements: Vec<Vec<u8>> = (0..SCRIPTS).map(|_| to_key(&mut rng)).collect();
        let mut planted = Vec::new();
        let filters = (0..FILTERS).map(|index| {
            let block = BlockHash::from_bytes(bytes(&mut rng));
            let mut inside: BTreeSet<Vec<u8>> = (0..rng.u32(ELEMENTS)).map(|_| stranger(&mut rng)).collect();
            if index % PLANTED_EVERY == PLANTED_EVERY / 2 {
                inside.insert(elements[rng.u32(..SCRIPTS as u32) as usize].clone());
                planted.push(index);
            }
            (block, gcs::encode(&block, &inside))
        });
        let filters = filters.collect();
        Self { elements, filters, planted }
    }

    /// Everything as pieces of work.
    pub fn jobs(&self) -> Vec<ComputeWork> {
        (0..self.job_count()).map(|job| self.job(job)).collect()
    }

    /// How many pieces of work there are.
    pub fn job_count(&self) -> usize {
        self.filters.len().div_ceil(FILTERS_OF_A_JOB)
    }

    /// One of the pieces of work.
    pub fn job(&self, job: usize) -> ComputeWork {
        let filters = self.filters.chunks(FILTERS_OF_A_JOB).nth(job).unwrap_or_default();
        ComputeWork::MatchFilters(FilterBatch { elements: self.elements.clone(), filters: filters.to_vec() })
    }

    /// The filters that a piece of work found.
    ///
    /// # Errors
    /// [`BenchError::Search`] for anything but what was found, or if a filter was taken for none.
    pub fn found(&self, job: usize, reply: ComputeReply) -> Result<Vec<u32>, BenchError> {
        match reply {
            ComputeReply::Matches(found) if found.malformed.is_empty() => {
                let first = (job * FILTERS_OF_A_JOB) as u32;
                Ok(found.matched.into_iter().map(|index| first + index).collect())
            }
            other => Err(BenchError::Search(format!("{other:?}"))),
        }
    }

    /// Whether everything that is there was found.
    ///
    /// # Errors
    /// [`BenchError::Search`] if not.
    pub fn check(&self, found: &[u32]) -> Result<(), BenchError> {
        match self.planted.iter().find(|index| !found.contains(index)) {
            Some(index) => {
                Err(BenchError::Search(format!("filter {index} holds a script and does not match")))
            }
            None => Ok(()),
        }
    }
}

/// A script that nobody looks for.
fn stranger(rng: &mut Rng) -> Vec<u8> {
    if rng.u8(..10) > 0 {
        return to_key(rng);
    }
    [&[0xa9, 20][..], &bytes::<20>(rng), &[0x87]].concat()
}

/// A payment to the hash of a key.
fn to_key(rng: &mut Rng) -> Vec<u8> {
    [&[0x76, 0xa9, 20][..], &bytes::<20>(rng), &[0x88, 0xac]].concat()
}

fn bytes<const LEN: usize>(rng: &mut Rng) -> [u8; LEN] {
    std::array::from_fn(|_| rng.u8(..))
}
