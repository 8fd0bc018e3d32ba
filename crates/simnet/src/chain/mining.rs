//! The search for nonces, and block times.
//!
//! With the widest pow limit every second hash is good enough. Dark Gravity Wave is another matter: its products wrap
//! at 2^256, so that under such a limit it never gives a target above 2^256 / 3600, thousands of hashes a block. On
//! devnets, therefore, a block comes in time only now and then, if the target of Dark Gravity Wave is not too hard; the ones after it come late, which makes each ten times easier until the limit is reached again.

use super::{SimChain, required, target};
use crate::rng::Rng;
use dash_num::Arith256;
use dash_protocol::{BlockHash, Header, MerkleRoot, NetworkParams};
use dash_spv_wasm::chain::pow::x11;

const SPACING: u32 = 150;
/// What a block takes from the heights of Dark Gravity Wave on, and some more.
const WAVE_SPACING: u32 = 820;
/// Targets below the limit shifted by this are left alone: about 8,000 hashes are the most that a block may cost.
const HARDEST_SHIFT: u32 = 12;
/// What a block takes under the daily rule.
const DAILY_SPACING: u32 = 360;

/// The median that a new block's time must exceed.
pub fn median_time_past(headers: &[Header]) -> u32 {
    let mut times: Vec<u32> = headers.iter().rev().take(11).map(|header| header.time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Whether a hash meets a target.
pub fn meets(hash: &BlockHash, target: &Arith256) -> bool {
    let mut number = hash.to_bytes();
    number.reverse();
    Arith256::from_bendian(number) <= *target
}

/// Tries nonces from 0 on until the hash meets the header's own bits; next the merkle root would have to change, which
/// no simulated target makes necessary.
pub fn solve(mut header: Header) -> (Header, BlockHash) {
    let target = target(header.bits);
    loop {
        let hash = x11(&header.to_bytes());
        if meets(&hash, &target) {
            return (header, hash);
        }
        header.nonce = header.nonce.checked_add(1).expect("a simulated target is met within 2^32 hashes");
    }
}

/// An unsolved header on top of `headers`, with bits as required.
pub fn template(
    params: &NetworkParams,
    headers: &[Header],
    parent: BlockHash,
    time: u32,
    rng: &mut Rng,
) -> Header {
    // Real headers show several versions at once; compressed headers encode them by a list of recent ones.
    let version = match rng.below(16) {
        0 => 0x2000_0004,
        1 => 0x2000_1000,
        _ => 0x2000_0000,
    };
    Header {
        version,
        prev_block_hash: parent,
        merkle_root: MerkleRoot::from_bytes(rng.bytes32()),
        time,
        bits: required(params, headers, time),
        nonce: 0,
    }
}

/// The next block.
pub fn mine(
    params: &NetworkParams,
    headers: &[Header],
    parent: BlockHash,
    time: u32,
    rng: &mut Rng,
) -> (Header, BlockHash) {
    solve(template(params, headers, parent, time, rng))
}

/// A header with proof of work on top of a header of no known chain, with that one's bits.
pub fn solve_on(parent: &Header, rng: &mut Rng) -> Header {
    let header = Header {
        prev_block_hash: x11(&parent.to_bytes()),
        merkle_root: MerkleRoot::from_bytes(rng.bytes32()),
        time: parent.time + SPACING,
        nonce: 0,
        ..*parent
    };
    solve(header).0
}

/// A time for the next block on `headers` that keeps mining cheap.
pub fn next_time(params: &NetworkParams, headers: &[Header], rng: &mut Rng) -> u32 {
    let height = headers.len() as u32;
    let last = &headers[headers.len() - 1];
    if params.no_retargeting || height <= params.minimum_difficulty_blocks {
        return last.time + rng.between(100, 200) as u32;
    }
    if height < params.kgw_height {
        // Under the daily rule only blocks that come late keep the limit as their target.
        return last.time + rng.between(301, 400) as u32;
    }
    if last.bits == params.pow_limit_bits {
        match rng.below(64) {
            0..5 => {
                let time = last.time + rng.between(100, 200) as u32;
                if target(required(params, headers, time)) >= params.pow_limit.wrapping_shr(HARDEST_SHIFT) {
                    return time;
                }
            }
            5 => return last.time + rng.between(7_201, 7_300) as u32,
            _ => {}
        }
    }
    last.time + rng.between(601, 700) as u32
}

/// Block times for a whole chain that ends at a given time.
pub struct History {
    end: u32,
    height: u32,
    start: u32,
}

impl History {
    /// Times for heights up to `height`.
    ///
    /// # Panics
    /// When they do not fit between genesis and the end.
    pub fn new(params: &NetworkParams, height: u32, end: u32) -> Self {
        let easy = if params.no_retargeting { height } else { params.minimum_difficulty_blocks.min(height) };
        let daily = params.kgw_height.min(height).saturating_sub(easy);
        let daily = if params.no_retargeting { 0 } else { daily };
        let total = u64::from(easy) * u64::from(SPACING + 2)
            + u64::from(daily) * u64::from(DAILY_SPACING)
            + u64::from(height - easy - daily) * u64::from(WAVE_SPACING);
        let first = params.devnet_genesis.map_or(params.genesis.time, |(header, _)| header.time);
        let total = u32::try_from(total).ok().and_then(|total| end.checked_sub(total));
        let start = total.filter(|&start| start > first);
        Self { end, height, start: start.expect("so many blocks do not fit between genesis and the end") }
    }

    /// The time of the next block of `chain`.
    pub fn next(&self, chain: &mut SimChain) -> u32 {
        let height = chain.height() + 1;
        if chain.params.no_retargeting {
            // Spaced from the end backwards, so that the chain ends there whatever its length.
            let jitter = chain.rng.below(u64::from(SPACING) - 20) as u32;
            return self.end - (self.height - height) * SPACING - jitter;
        }
        let time = next_time(&chain.params, &chain.headers, &mut chain.rng).max(self.start);
        time.min(self.end).max(chain.median_time_past() + 1)
    }
}
