//! DarkGravityWave version 3: what it folds out of the last 24 targets.
//!
//! It is called an average but is not one; the order and the truncation after each step matter, so that it has to be
//! gone through for every header: 23 multiplications and divisions of 256 bits. But for the truncations it is a weighted
//! sum, and on real networks that sum's highest bits decide alone, nearly always: [`quick`] adds up what fits a machine
//! word, knows how far that can be off at most, and says nothing where this leaves two answers. [`exact`] answers then,
//! and on networks whose targets wrap around.

use super::SPACING;
use crate::chain::context::{DGW_SPAN, Past};
use crate::chain::target::Target;

/// Seconds that the blocks looked at should have taken.
const GOAL: i64 = DGW_SPAN as i64 * SPACING;

/// The seconds that the blocks took, within a third and three times of what they should have.
pub(super) fn span(newest: &Past, oldest: &Past) -> u32 {
    (i64::from(newest.time) - i64::from(oldest.time)).clamp(GOAL / 3, GOAL * 3) as u32
}

/// The next target, not held against the limit; the newest header comes first.
pub(super) fn exact<'a>(mut past: impl Iterator<Item = &'a Past>, span: u32) -> Target {
    let Some(newest) = past.next() else { return Target::power_of_two(0) };
    let folded = past.zip(2..=DGW_SPAN as u32).fold(newest.target, |folded, (header, count)| {
        folded.mul_add(count, &header.target).div_rem_small(count + 1).0
    });
    folded.mul_small(span).div_rem_small(GOAL as u32).0
}

/// Exponents (bytes of a target) of which [`quick`] says something: below them bits would be lost in compact form, above
/// them a product might wrap around, or the result exceed the limit.
const EXPONENTS: std::ops::RangeInclusive<u32> = 7..=28;
/// The limit's exponent must be at least this: what comes of the exponents above is below such a limit.
pub(super) const LIMIT_EXPONENT: u32 = 30;
/// Bytes that a target is shifted up by, below the three of its compact form.
const MORE: u32 = 2;
/// What the weights of all targets add up to: the newest one counts twice.
const WEIGHTS: u64 = DGW_SPAN as u64 + 1;

/// The compact form of [`exact`]'s result, if the highest bits decide it and it cannot exceed a limit of
/// [`LIMIT_EXPONENT`].
pub(super) fn quick<'a>(past: impl Iterator<Item = &'a Past> + Clone, span: u32) -> Option<u32> {
    let bits = past.take(DGW_SPAN).map(|header| header.bits);
    let newest = bits.clone().next()?;
    let (mut lowest, mut highest, mut differing) = (newest >> 24, newest >> 24, 0);
    for bits in bits.clone() {
        (lowest, highest) = (lowest.min(bits >> 24), highest.max(bits >> 24));
        differing |= bits ^ newest;
    }
    if !(EXPONENTS.contains(&lowest) && EXPONENTS.contains(&highest)) {
        return None;
    }
    // In units of 2^(8 * (highest - 3 - MORE)), rounded down.
    let in_units = |bits: u32| {
        let mantissa = u64::from(bits & 0x007f_ffff) << (8 * MORE);
        mantissa.checked_shr(8 * (highest - (bits >> 24))).unwrap_or(0)
    };
    // Below 2^44, so that its product with a span is below 2^58.
    let sum = in_units(newest) + bits.map(in_units).sum::<u64>();
    // Each term lost less than a unit by being rounded. The fold's truncations take off less than the divisors of its
    // steps, 3 to 25, together: 322 of a sum whose unit is 2^16 at least. Where all targets are the same nothing is lost.
    let (least, most) = if differing == 0 { (sum, sum) } else { (sum.saturating_sub(1), sum + WEIGHTS) };
    let scaled = |sum: u64| sum * u64::from(span) / (GOAL as u64 * WEIGHTS);
    let (least, most) = (compact(scaled(least), highest)?, compact(scaled(most), highest)?);
    (least == most).then_some(least)
}

/// The compact form of so many units; none for less than it has digits for.
fn compact(units: u64, highest: u32) -> Option<u32> {
    let bytes = (u64::BITS - units.leading_zeros()).div_ceil(8);
    let word = (units >> (8 * bytes.checked_sub(3)?)) as u32;
    let size = bytes + highest - 3 - MORE;
    // Bit 23 is the sign in this form: a byte more of exponent keeps it clear.
    Some(if word & 0x0080_0000 == 0 { (size << 24) | word } else { ((size + 1) << 24) | (word >> 8) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::Random;

    fn header(bits: u32) -> Past {
        Past { time: 0, bits, target: Target::from_bits(bits).unwrap() }
    }

    /// Targets that lie within a factor of `spread` of each other, or anywhere for 0.
    fn past(random: &mut Random, spread: u64) -> Vec<Past> {
        let base = 0x40_0000 - random.below(0x20_0000);
        let size = 4 + random.below(28) as u32;
        (0..DGW_SPAN)
            .map(|_| {
                let (size, mantissa) = match spread {
                    0 => (4 + random.below(28) as u32, 1 + random.below(0x7f_ffff)),
                    spread => (size, base + random.below(base) * (spread - 1) / 10),
                };
                header((size << 24) | mantissa.min(0x7f_ffff) as u32)
            })
            .collect()
    }

    #[test]
    fn what_the_highest_bits_say_is_what_all_of_them_say() {
        let mut random = Random::new(9);
        let (mut said, mut asked) = (0, 0);
        for round in 0..30_000 {
            let past = past(&mut random, round % 4);
            let span = 1_200 + random.below(9_601) as u32;
            let highest = past.iter().map(|header| header.bits >> 24).max().unwrap();
            let exact = exact(past.iter(), span).to_bits();
            let quick = quick(past.iter(), span);
            if let Some(bits) = quick {
                assert_eq!(bits, exact, "{past:?}");
            }
            if round % 4 != 0 && EXPONENTS.contains(&highest) {
                asked += 1;
                said += u32::from(quick.is_some());
            }
        }
        assert!(asked > 10_000 && said > asked - asked / 200, "{said} of {asked}");
    }

    #[test]
    fn what_could_exceed_the_limit_or_wrap_is_left_to_the_exact_form() {
        for bits in [0x1d00_ffff, 0x1e0f_ffff, 0x207f_ffff, 0x0612_3456] {
            assert_eq!(quick([header(bits); DGW_SPAN].iter(), 3_600), None, "{bits:08x}");
        }
    }

    #[test]
    fn targets_that_stay_the_same_leave_one_answer() {
        let mut random = Random::new(10);
        for (bits, span) in (0..3_000).map(|round| {
            let span = [1_200, 3_600, 10_800, 1_200 + random.below(9_601) as u32][round % 4];
            ((7 + random.below(22) as u32) << 24 | (0x8000 + random.below(0x7f_7fff) as u32), span)
        }) {
            let past = [header(bits); DGW_SPAN];
            assert_eq!(
                quick(past.iter(), span),
                Some(exact(past.iter(), span).to_bits()),
                "{bits:08x} {span}"
            );
        }
    }
}
