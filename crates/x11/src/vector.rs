//! Vectors of 128 bits, the only type that the batch forms compute with.
//!
//! Two implementations of the same operations: WebAssembly's simd128 where a build has it, and pairs of 64-bit words
//! elsewhere. Lanes and bytes are numbered from the least significant one, as they lie in memory.

mod pair;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(crate) use portable::V128;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) use simd128::V128;

pub(crate) use pair::{Pair, messages, pairs};

use core::ops::{BitAnd, BitOr, BitXor, BitXorAssign, Not};

impl BitXor for V128 {
    type Output = Self;
    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        self.xor(other)
    }
}

impl BitAnd for V128 {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        self.and(other)
    }
}

impl BitOr for V128 {
    type Output = Self;
    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

impl Not for V128 {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        self.complement()
    }
}

impl BitXorAssign for V128 {
    #[inline(always)]
    fn bitxor_assign(&mut self, other: Self) {
        *self = self.xor(other);
    }
}

impl V128 {
    pub(crate) const ZERO: Self = Self::splat64(0);

    /// From its bytes.
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        let whole = u128::from_le_bytes(bytes);
        Self::new(whole as u64, (whole >> 64) as u64)
    }

    /// Its bytes.
    #[inline(always)]
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let [low, high] = self.to_words().map(u128::from);
        (low | high << 64).to_le_bytes()
    }

    /// Lanes of 32 bits rotated to the left.
    #[inline(always)]
    pub(crate) fn rotl32(self, left: u32) -> Self {
        self.shl32(left) | self.shr32(32 - left)
    }

    /// Lanes of 64 bits rotated to the left.
    #[inline(always)]
    pub(crate) fn rotl64(self, left: u32) -> Self {
        self.shl64(left) | self.shr64(64 - left)
    }

    /// Bits of `one` where this is 1, of `zero` where it is 0.
    #[inline(always)]
    pub(crate) fn select(self, one: Self, zero: Self) -> Self {
        zero ^ (self & (one ^ zero))
    }
}

/// Four words of 32 bits of each of four messages: from a vector for each message to one for each word, or back.
#[inline(always)]
pub(crate) fn transpose32([a, b, c, d]: [V128; 4]) -> [V128; 4] {
    let (ac, bd) = ((a.zip32_low(c), a.zip32_high(c)), (b.zip32_low(d), b.zip32_high(d)));
    [ac.0.zip32_low(bd.0), ac.0.zip32_high(bd.0), ac.1.zip32_low(bd.1), ac.1.zip32_high(bd.1)]
}
