//! All rules for mainnet's recorded headers, DarkGravityWave among them.

use crate::BenchError;
use dash_num::Arith256;
use dash_protocol::{BlockHash, Header, NetworkParams};
use dash_spv_wasm::chain::{Entry, HeaderChain, START_ANCESTORS, pow};
use std::sync::Arc;

/// As many as a message brings.
const BATCH: usize = 2_000;

/// Headers that follow each other, with their hashes, and the chain that they go on with.
#[derive(Debug)]
pub struct RecordedHeaders {
    chain: HeaderChain,
    headers: Vec<(Header, BlockHash)>,
    /// Seconds since 1970 at which they are looked at.
    now: u64,
}

impl RecordedHeaders {
    /// From raw headers of mainnet, joined, and the height of the first.
    ///
    /// # Errors
    /// [`BenchError::Header`] if they do not follow each other, [`BenchError::File`] if they are too few.
    pub fn new(raw: &[u8], first_height: u32) -> Result<Self, BenchError> {
        let (each, _) = raw.as_chunks::<{ Header::LEN }>();
        let mut headers: Vec<(Header, BlockHash)> =
            each.iter().map(Header::from_bytes).zip(pow::x11_batch(raw)).collect();
        let ancestors = START_ANCESTORS as usize;
        if headers.len() <= ancestors {
            return Err(BenchError::File { file: "headers".to_owned(), what: "too few".to_owned() });
        }
        let past: Vec<Header> = headers.drain(..ancestors).map(|(header, _)| header).collect();
        let (header, hash) = headers.remove(0);
        let start = Entry { header, hash, height: first_height + START_ANCESTORS, work: Arith256::default() };
        let chain = HeaderChain::from_start(Arc::new(NetworkParams::mainnet()), start, &past)?;
        let now = headers.iter().map(|(header, _)| u64::from(header.time)).max().unwrap_or(0);
        Ok(Self { chain, headers, now })
    }

    /// How many are checked.
    pub fn count(&self) -> usize {
        self.headers.len()
    }

    /// Takes them all into a chain, by all rules but the hashing.
    ///
    /// # Errors
    /// [`BenchError::Header`] for the first that breaks one.
    pub fn accept(&self) -> Result<(), BenchError> {
        let mut chain = self.chain.clone();
        for batch in self.headers.chunks(BATCH) {
            if let Some((_, error)) = chain.accept(batch, self.now).error {
                return Err(error.into());
            }
        }
        Ok(())
    }
}
