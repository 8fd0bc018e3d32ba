//! Two 64-bit words that go through the same operations: plain integers.

use core::array::from_fn;

#[derive(Clone, Copy)]
pub struct Pair([u64; 2]);

impl Pair {
    #[inline(always)]
    pub fn new(a: u64, b: u64) -> Self {
        Self([a, b])
    }

    #[inline(always)]
    pub fn to_array(self) -> [u64; 2] {
        self.0
    }

    #[inline(always)]
    pub fn add(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    #[inline(always)]
    pub fn xor(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] ^ other.0[i]))
    }

    #[inline(always)]
    pub fn rotate_left<const BITS: u32>(self) -> Self {
        Self(self.0.map(|word| word.rotate_left(BITS)))
    }
}
