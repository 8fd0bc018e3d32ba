//! By WebAssembly's vector instructions.

use core::arch::wasm32::*;

#[derive(Clone, Copy, Debug)]
pub(crate) struct V128(v128);

/// A method with two operands that is one instruction.
macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident = $instruction:ident;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub(crate) fn $name(self, other: Self) -> Self {
                Self($instruction(self.0, other.0))
            }
        )*
    };
}

/// A method that shifts lanes.
macro_rules! shifts {
    ($($(#[$doc:meta])* $name:ident = $instruction:ident;)*) => {
        $(
            $(#[$doc])*
            #[inline(always)]
            pub(crate) fn $name(self, bits: u32) -> Self {
                Self($instruction(self.0, bits))
            }
        )*
    };
}

impl V128 {
    #[inline(always)]
    pub(crate) const fn new(low: u64, high: u64) -> Self {
        Self(u64x2(low, high))
    }

    #[inline(always)]
    pub(crate) const fn splat8(value: u8) -> Self {
        Self(u8x16(
            value, value, value, value, value, value, value, value, value, value, value, value, value, value,
            value, value,
        ))
    }

    #[inline(always)]
    pub(crate) const fn splat16(value: i16) -> Self {
        Self(i16x8(value, value, value, value, value, value, value, value))
    }

    #[inline(always)]
    pub(crate) const fn splat32(value: u32) -> Self {
        Self(u32x4(value, value, value, value))
    }

    #[inline(always)]
    pub(crate) const fn splat64(value: u64) -> Self {
        Self(u64x2(value, value))
    }

    #[inline(always)]
    pub(crate) fn to_words(self) -> [u64; 2] {
        [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
    }

    #[inline(always)]
    pub(crate) fn complement(self) -> Self {
        Self(v128_not(self.0))
    }

    binary! {
        xor = v128_xor;
        and = v128_and;
        or = v128_or;
        /// The bits that the other one lacks.
        and_not = v128_andnot;
        add16 = i16x8_add;
        sub16 = i16x8_sub;
        mul16 = i16x8_mul;
        /// The lesser of lanes without sign.
        min_u16 = u16x8_min;
        add32 = i32x4_add;
        add64 = i64x2_add;
        /// All ones in bytes that are equal, else zeros.
        eq8 = i8x16_eq;
        /// The bytes that the other one's bytes number, all of which are below 16.
        swizzle = i8x16_swizzle;
        /// Bytes of the low halves in turn.
        zip8_low = zip8_low;
        zip8_high = zip8_high;
        zip16_low = zip16_low;
        zip16_high = zip16_high;
        zip32_low = zip32_low;
        zip32_high = zip32_high;
        zip64_low = zip64_low;
        zip64_high = zip64_high;
    }

    shifts! {
        shl16 = i16x8_shl;
        /// With the sign.
        sar16 = i16x8_shr;
        shl32 = i32x4_shl;
        shr32 = u32x4_shr;
        shl64 = i64x2_shl;
        shr64 = u64x2_shr;
    }

    /// Neighbouring lanes of 16 bits changed round.
    #[inline(always)]
    pub(crate) fn swap16(self) -> Self {
        Self(i16x8_shuffle::<1, 0, 3, 2, 5, 4, 7, 6>(self.0, self.0))
    }

    /// Neighbouring lanes of 32 bits changed round.
    #[inline(always)]
    pub(crate) fn swap32(self) -> Self {
        Self(i32x4_shuffle::<1, 0, 3, 2>(self.0, self.0))
    }

    /// Both halves changed round.
    #[inline(always)]
    pub(crate) fn swap64(self) -> Self {
        Self(i64x2_shuffle::<1, 0>(self.0, self.0))
    }

    /// A lane of 32 bits.
    #[inline(always)]
    pub(crate) fn lane32<const LANE: usize>(self) -> u32 {
        u32x4_extract_lane::<LANE>(self.0)
    }

    /// Another lane of 32 bits in place of one.
    #[inline(always)]
    pub(crate) fn with_lane32<const LANE: usize>(self, value: u32) -> Self {
        Self(u32x4_replace_lane::<LANE>(self.0, value))
    }

    /// The 16 bytes from a place on in `self` followed by `next`.
    #[inline(always)]
    pub(crate) fn then<const SKIP: usize>(self, next: Self) -> Self {
        let (a, b) = (self.0, next.0);
        macro_rules! shuffle {
            ($($at:literal)*) => { i8x16_shuffle::<$($at),*>(a, b) };
        }
        Self(match SKIP {
            1 => shuffle!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16),
            2 => shuffle!(2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17),
            3 => shuffle!(3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18),
            4 => shuffle!(4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19),
            5 => shuffle!(5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20),
            6 => shuffle!(6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21),
            11 => shuffle!(11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26),
            _ => unreachable!("no other one is asked for"),
        })
    }
}

fn zip8_low(a: v128, b: v128) -> v128 {
    i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b)
}

fn zip8_high(a: v128, b: v128) -> v128 {
    i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b)
}

fn zip16_low(a: v128, b: v128) -> v128 {
    i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b)
}

fn zip16_high(a: v128, b: v128) -> v128 {
    i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b)
}

fn zip32_low(a: v128, b: v128) -> v128 {
    i32x4_shuffle::<0, 4, 1, 5>(a, b)
}

fn zip32_high(a: v128, b: v128) -> v128 {
    i32x4_shuffle::<2, 6, 3, 7>(a, b)
}

fn zip64_low(a: v128, b: v128) -> v128 {
    i64x2_shuffle::<0, 2>(a, b)
}

fn zip64_high(a: v128, b: v128) -> v128 {
    i64x2_shuffle::<1, 3>(a, b)
}
