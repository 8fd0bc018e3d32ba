//! Two words in a vector of wasm's SIMD, which the package is built with.

use core::arch::wasm32::{
    i8x16_shuffle, i32x4_shuffle, u64x2, u64x2_add, u64x2_extract_lane, u64x2_shl, u64x2_shr, v128, v128_or,
    v128_xor,
};

/// A word each of two elements.
#[derive(Clone, Copy)]
pub struct Pair(v128);

impl Pair {
    #[inline(always)]
    pub fn new(a: u64, b: u64) -> Self {
        Self(u64x2(a, b))
    }

    #[inline(always)]
    pub fn to_array(self) -> [u64; 2] {
        [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
    }

    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(u64x2_add(self.0, other.0))
    }

    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }

    /// By whole bytes this is one shuffle, otherwise two shifts.
    #[inline(always)]
    pub fn rotate_left<const BITS: u32>(self) -> Self {
        let x = self.0;
        Self(match BITS {
            32 => i32x4_shuffle::<1, 0, 3, 2>(x, x),
            16 => i8x16_shuffle::<6, 7, 0, 1, 2, 3, 4, 5, 14, 15, 8, 9, 10, 11, 12, 13>(x, x),
            _ => v128_or(u64x2_shl(x, BITS), u64x2_shr(x, 64 - BITS)),
        })
    }
}
