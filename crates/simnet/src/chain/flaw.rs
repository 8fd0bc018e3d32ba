//! Headers that break exactly one rule. All but the one without proof of work are mined, so that nothing but the
//! broken rule gives them away; a header that must break its target rule cannot meet any.

use super::{SimChain, mining};
use crate::rng::Rng;
use dash_num::Arith256;
use dash_protocol::{BlockHash, CompactTarget, Header};
use dash_spv_wasm::chain::pow::x11;

/// The rule that a header breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// Its hash is above its target.
    ProofOfWork,
    /// Its target is above the network's limit.
    TargetAboveLimit,
    /// Its bits encode a negative number.
    NegativeTarget,
    /// Its bits encode zero.
    ZeroTarget,
    /// Its bits are valid but not those that the rules give.
    WrongBits,
    /// Its time is the median of the last eleven, not above it.
    TimeTooOld,
    /// Its time is more than two hours ahead of `now`.
    TimeTooNew,
    /// Its version is 3 where 4 is the least.
    VersionTooLow,
    /// Its parent is a hash that no block has.
    Unlinked,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 9] = [
        Self::ProofOfWork,
        Self::TargetAboveLimit,
        Self::NegativeTarget,
        Self::ZeroTarget,
        Self::WrongBits,
        Self::TimeTooOld,
        Self::TimeTooNew,
        Self::VersionTooLow,
        Self::Unlinked,
    ];
}

impl SimChain {
    /// A header on top of the block at `height` that has the flaw and no other, at `now` (seconds since 1970).
    ///
    /// # Panics
    /// Above the tip.
    pub fn flawed(&self, height: u32, flaw: Flaw, now: u32, rng: &mut Rng) -> (Header, BlockHash) {
        let base = &self.headers[..=height as usize];
        let parent = self.hashes[height as usize];
        let median = mining::median_time_past(base);
        // Late, so that the target is cheap on a devnet too.
        let time = base[base.len() - 1].time.saturating_add(650).min(now).max(median + 1);
        let mut header = mining::template(&self.params, base, parent, time, rng);
        match flaw {
            Flaw::ProofOfWork => return unsolved(header),
            // The nearest targets above 2^255 - 1 that compact form has: solved by any hash below them.
            Flaw::TargetAboveLimit => header.bits = CompactTarget::from_bits(0x2100_ffff),
            Flaw::NegativeTarget => {
                header.bits = CompactTarget::from_bits(header.bits.to_bits() | 0x0080_0000);
            }
            Flaw::ZeroTarget => {
                header.bits = CompactTarget::from_bits(0x2000_0000);
                return hashed(header);
            }
            Flaw::WrongBits => {
                // One unit of the mantissa harder: a small difference must be refused like a big one.
                header.bits = CompactTarget::from_bits(header.bits.to_bits() - 1);
            }
            // On a devnet the target of this time may be too hard to meet: there the bits are wrong, too.
            Flaw::TimeTooOld => header.time = median,
            Flaw::TimeTooNew => {
                header.time = now.saturating_add(86_400);
                header.bits = super::required(&self.params, base, header.time);
            }
            Flaw::VersionTooLow => header.version = 3,
            Flaw::Unlinked => header.prev_block_hash = BlockHash::from_bytes(rng.bytes32()),
        }
        mining::solve(header)
    }
}

fn hashed(header: Header) -> (Header, BlockHash) {
    let hash = x11(&header.to_bytes());
    (header, hash)
}

/// The first nonce that fails.
fn unsolved(mut header: Header) -> (Header, BlockHash) {
    let target: Arith256 = super::target(header.bits);
    loop {
        let (header_now, hash) = hashed(header);
        if !mining::meets(&hash, &target) {
            return (header_now, hash);
        }
        header.nonce += 1;
    }
}
