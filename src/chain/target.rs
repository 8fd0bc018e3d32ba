//! Targets: compact form, range, and the small arithmetic that difficulty needs.
//!
//! `dash-num` does most of the 256-bit arithmetic; what runs for each header (decoding, multiplying and dividing by
//! small numbers) works on 32-bit limbs here, because `dash-num` divides bit by bit. The
//! tests hold both against each other. Fixed size, no allocation.

use dash_num::Arith256;
use dash_protocol::BlockHash;
use std::cmp::Ordering;

/// A 256-bit target. Arithmetic wraps modulo 2^256 and divisions truncate, as in Dash Core's `arith_uint256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target([u32; 8]);

impl Target {
    /// Decodes `nBits`. `None` for what no valid header has: negative, zero, or more than 256 bits.
    pub fn from_bits(bits: u32) -> Option<Self> {
        let (size, mantissa) = (bits >> 24, bits & 0x007f_ffff);
        if bits & 0x0080_0000 != 0 || size > 34 {
            return None;
        }
        let mut limbs = [0; 8];
        if size <= 3 {
            limbs[0] = mantissa >> (8 * (3 - size));
        } else {
            let (limb, shift) = ((size - 3) / 4, 8 * ((size - 3) % 4));
            let wide = u64::from(mantissa) << shift;
            for (at, part) in [(limb, wide as u32), (limb + 1, (wide >> 32) as u32)] {
                match limbs.get_mut(at as usize) {
                    Some(limb) => *limb = part,
                    None if part == 0 => {}
                    None => return None,
                }
            }
        }
        (limbs != [0; 8]).then_some(Self(limbs))
    }

    /// Encodes as `nBits`: 23 bits of precision, the rest is cut off.
    pub fn to_bits(&self) -> u32 {
        let bytes = (256 - self.leading_zeros()).div_ceil(8);
        let arith = self.to_arith();
        let mut size = bytes;
        let mut word = if bytes <= 3 {
            (arith.low_u64() << (8 * (3 - bytes))) as u32
        } else {
            arith.wrapping_shr(8 * (bytes - 3)).low_u32()
        };
        // Bit 23 is the sign in this form: a byte more of exponent keeps it clear.
        if word & 0x0080_0000 != 0 {
            word >>= 8;
            size += 1;
        }
        (size << 24) | word
    }

    /// From a 256-bit number.
    pub fn from_arith(value: &Arith256) -> Self {
        let halves = [value.low_u128(), value.wrapping_shr(128).low_u128()];
        Self(std::array::from_fn(|i| (halves[i / 4] >> (32 * (i % 4))) as u32))
    }

    /// As a 256-bit number.
    pub fn to_arith(&self) -> Arith256 {
        let half =
            |limbs: &[u32]| limbs.iter().rev().fold(0_u128, |value, &limb| (value << 32) | u128::from(limb));
        Arith256::from_u128(half(&self.0[4..]))
            .wrapping_shl(128)
            .wrapping_add(Arith256::from_u128(half(&self.0[..4])))
    }

    /// Whether a hash, read as a little-endian number, is no larger than the target.
    pub fn is_met_by(&self, hash: &BlockHash) -> bool {
        let (limbs, _) = hash.as_bytes().as_chunks::<4>();
        for (ours, theirs) in self.0.iter().zip(limbs).rev() {
            match u32::from_le_bytes(*theirs).cmp(ours) {
                Ordering::Less => return true,
                Ordering::Greater => return false,
                Ordering::Equal => {}
            }
        }
        true
    }

    /// The product with a small number.
    #[must_use]
    pub fn mul_small(&self, factor: u32) -> Self {
        self.mul_add(factor, &Self([0; 8]))
    }

    /// `self * factor + addend`.
    #[must_use]
    pub(crate) fn mul_add(&self, factor: u32, addend: &Self) -> Self {
        let mut carry = 0_u64;
        Self(std::array::from_fn(|i| {
            let sum = u64::from(self.0[i]) * u64::from(factor) + u64::from(addend.0[i]) + carry;
            carry = sum >> 32;
            sum as u32
        }))
    }

    /// Quotient and remainder by a small number, which is not zero.
    pub(crate) fn div_rem_small(&self, divisor: u32) -> (Self, u32) {
        let mut quotient = [0; 8];
        let mut remainder = 0_u64;
        for i in (0..8).rev() {
            let part = (remainder << 32) | u64::from(self.0[i]);
            // The upper limbs of a real network's targets are zero: spare their divisions.
            if part != 0 {
                quotient[i] = (part / u64::from(divisor)) as u32;
                remainder = part % u64::from(divisor);
            }
        }
        (Self(quotient), remainder as u32)
    }

    /// 2 to the given power, which is below 256.
    pub(crate) fn power_of_two(exponent: u32) -> Self {
        let mut limbs = [0; 8];
        limbs[(exponent / 32) as usize] = 1 << (exponent % 32);
        Self(limbs)
    }

    fn leading_zeros(&self) -> u32 {
        match self.0.iter().rposition(|&limb| limb != 0) {
            Some(top) => 32 * (7 - top as u32) + self.0[top].leading_zeros(),
            None => 256,
        }
    }
}

impl Ord for Target {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Target {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::Random;
    use dash_num::CompactTarget;

    fn any(random: &mut Random) -> Target {
        let cut = random.below(9) as usize;
        Target(std::array::from_fn(|i| if i < cut { random.next() as u32 } else { 0 }))
    }

    #[test]
    fn negative_zero_and_overflowing_compact_targets_are_refused() {
        for bits in
            [0, 0x0012_3456, 0x0100_3456, 0x1d80_0001, 0x01fe_dcba, 0x2100_ffff + 0x0100_0000, 0xff12_3456]
        {
            assert_eq!(Target::from_bits(bits), None, "{bits:08x}");
        }
        assert!(Target::from_bits(0x1e0f_ffff).is_some());
        assert!(Target::from_bits(0x2000_ffff).is_some());
    }

    #[test]
    fn compact_targets_decode_as_dash_num_decodes_them() {
        let mut random = Random::new(4);
        for i in 0..100_000 {
            let size = if i % 4 == 0 { random.below(256) as u32 } else { random.below(37) as u32 };
            let bits = (size << 24) | (random.next() as u32 & 0x00ff_ffff) >> random.below(24);
            let decoded = CompactTarget::new(bits).expand();
            let valid = !decoded.negative && !decoded.overflow && decoded.value != Arith256::default();
            assert_eq!(
                Target::from_bits(bits),
                valid.then(|| Target::from_arith(&decoded.value)),
                "{bits:08x}"
            );
        }
    }

    #[test]
    fn the_limbs_agree_with_dash_num() {
        let mut random = Random::new(1);
        for _ in 0..3_000 {
            let (a, b) = (any(&mut random), any(&mut random));
            let small = (random.next() as u32).max(1) >> random.below(31);
            let small = small.max(1);
            assert_eq!(Target::from_arith(&a.to_arith()), a);
            assert_eq!(CompactTarget::new(a.to_bits()), a.to_arith().compact(false));
            assert_eq!(a.cmp(&b), a.to_arith().cmp(&b.to_arith()));
            assert_eq!(a.mul_add(small, &b).to_arith(), a.to_arith() * small + b.to_arith());
            let (quotient, remainder) = a.div_rem_small(small);
            assert_eq!(quotient.to_arith(), a.to_arith() / u64::from(small));
            assert_eq!(
                quotient.mul_small(small).to_arith() + Arith256::from_u64(remainder.into()),
                a.to_arith()
            );
        }
    }

    #[test]
    fn a_hash_meets_a_target_up_to_and_with_its_value() {
        let target = Target::from_bits(0x2012_3456).unwrap();
        let hash = |limbs: Target| {
            let bytes: Vec<u8> = limbs.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
            BlockHash::from_bytes(bytes.try_into().unwrap())
        };
        assert!(target.is_met_by(&hash(target)));
        assert!(target.is_met_by(&BlockHash::ZERO));
        let above = target.mul_add(1, &Target::power_of_two(0));
        assert!(!target.is_met_by(&hash(above)));
        assert!(!target.is_met_by(&hash(target.mul_add(1, &Target::power_of_two(255)))));
    }
}
