//! Work: how many hashes a header stands for on average.
//!
//! Dash Core's `GetBlockProof`: `2^256 / (target + 1)`, rounded down.

use crate::chain::target::Target;
use dash_num::{Arith256, CompactTarget};

/// The work of a header with these `nBits`; zero if they decode to no valid target.
pub fn work_of(bits: u32) -> Arith256 {
    let size = bits >> 24;
    let mantissa = bits & 0x007f_ffff;
    // A target of 2^128 or more (every public network's: the work of one block is far below 2^128) is
    // `mantissa * 2^shift`, so a division by the mantissa gives 2^256 / target, which is the result or one above it:
    // with remainder r, the result times (target + 1) stays within 2^256 just if it is at most r * 2^shift.
    if (19..=32).contains(&size) && mantissa >= 0x8000 && bits & 0x0080_0000 == 0 {
        let shift = 8 * (size - 3);
        let (quotient, remainder) = Target::power_of_two(256 - shift).div_rem_small(mantissa);
        let quotient = quotient.to_arith();
        let slack = Arith256::from_u64(remainder.into()).wrapping_shl(shift);
        return if quotient <= slack { quotient } else { quotient.wrapping_sub(Arith256::ONE) };
    }
    CompactTarget::new(bits).block_proof()
}

/// [`work_of`] for runs of headers that share their bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WorkCache {
    last: Option<(u32, Arith256)>,
}

impl WorkCache {
    /// The work of a header with these bits.
    pub(crate) fn work_of(&mut self, bits: u32) -> Arith256 {
        match self.last {
            Some((known, work)) if known == bits => work,
            _ => {
                let work = work_of(bits);
                self.last = Some((bits, work));
                work
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::Random;

    #[test]
    fn work_agrees_with_dash_num_for_any_bits() {
        let mut random = Random::new(2);
        for i in 0..20_000 {
            let size = if i % 2 == 0 { 17 + random.below(18) as u32 } else { random.below(40) as u32 };
            let bits = (size << 24) | (random.next() as u32 & 0x00ff_ffff) >> random.below(20);
            assert_eq!(work_of(bits), CompactTarget::new(bits).block_proof(), "{bits:08x}");
        }
        for bits in
            [0x207f_ffff, 0x1e0f_ffff, 0x1e0f_fff0, 0x2000_8000, 0x1900_8000, 0x1300_8000, 0x1340_0000]
        {
            assert_eq!(work_of(bits), CompactTarget::new(bits).block_proof(), "{bits:08x}");
        }
        assert_eq!(work_of(0x207f_ffff), Arith256::from_u64(2));
    }
}
