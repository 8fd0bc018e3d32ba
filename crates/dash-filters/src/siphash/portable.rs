//! Two words in a vector of whatever the processor has.

use wide::u64x2;

/// A word each of two elements.
#[derive(Clone, Copy)]
pub struct Pair(u64x2);

impl Pair {
    #[inline(always)]
    pub fn new(a: u64, b: u64) -> Self {
        Self(u64x2::new([a, b]))
    }

    #[inline(always)]
    pub fn to_array(self) -> [u64; 2] {
        self.0.to_array()
    }

    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    #[inline(always)]
    pub fn rotate_left<const BITS: u32>(self) -> Self {
        Self(self.0 << BITS | self.0 >> (u64::BITS - BITS))
    }
}
