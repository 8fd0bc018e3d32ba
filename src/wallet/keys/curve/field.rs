//! Numbers modulo the prime p = 2²⁵⁶ − 2³² − 977 of secp256k1.

use std::ops::{Add, Mul, Sub};

/// A number below p, as 32-bit words, the least significant first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element([u32; 8]);

const PRIME: [u32; 8] = [0xffff_fc2f, 0xffff_fffe, !0, !0, !0, !0, !0, !0];

/// 2²⁵⁶ − p, without the word of 2³² above it, which is 1.
const FOLD: u64 = 977;

impl Element {
    pub const ZERO: Self = Self([0; 8]);
    pub const ONE: Self = Self([1, 0, 0, 0, 0, 0, 0, 0]);

    /// From words of a number that is below p.
    pub const fn from_words(words: [u32; 8]) -> Self {
        Self(words)
    }

    /// From big-endian bytes; none for a number that is not below p.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().rev().zip(bytes.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        words.iter().rev().lt(PRIME.iter().rev()).then_some(Self(words))
    }

    /// Big-endian.
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(self.0.iter().rev()) {
            *bytes = word.to_be_bytes();
        }
        bytes
    }

    pub const fn is_odd(self) -> bool {
        self.0[0] & 1 == 1
    }

    pub fn square(self) -> Self {
        self * self
    }

    /// 1/self, which is self to the power of p − 2 (Fermat); zero for zero.
    pub fn inverse(self) -> Self {
        let mut exponent = PRIME;
        exponent[0] -= 2;
        self.power(exponent)
    }

    /// A number whose square this is, if there is one: self to the power of (p + 1) / 4, since p is 3 modulo 4.
    pub fn square_root(self) -> Option<Self> {
        let root = self.power([0xbfff_ff0c, !0, !0, !0, !0, !0, !0, 0x3fff_ffff]);
        (root.square() == self).then_some(root)
    }

    fn power(self, exponent: [u32; 8]) -> Self {
        let mut power = Self::ONE;
        for bit in (0..256).rev() {
            power = power.square();
            if exponent[bit / 32] >> (bit % 32) & 1 == 1 {
                power = power * self;
            }
        }
        power
    }

    /// Of a number below 2p, given what it has above 2²⁵⁶.
    fn reduced(words: [u32; 8], above: u64) -> Self {
        let (rest, borrow) = minus(words, PRIME);
        if borrow && above == 0 { Self(words) } else { Self(rest) }
    }
}

impl Add for Element {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let mut sum = self.0;
        let mut carry = 0;
        for (word, other) in sum.iter_mut().zip(other.0) {
            carry += u64::from(*word) + u64::from(other);
            *word = carry as u32;
            carry >>= 32;
        }
        Self::reduced(sum, carry)
    }
}

impl Sub for Element {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        match minus(self.0, other.0) {
            (difference, false) => Self(difference),
            // 2²⁵⁶ too much: that is 2²⁵⁶ − p more than what is looked for.
            (difference, true) => Self(minus(difference, [FOLD as u32, 1, 0, 0, 0, 0, 0, 0]).0),
        }
    }
}

impl Mul for Element {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let mut product = [0; 16];
        for (at, word) in self.0.into_iter().enumerate() {
            let mut carry = 0;
            for (place, other) in product[at..].iter_mut().zip(other.0) {
                carry += u64::from(word) * u64::from(other) + u64::from(*place);
                *place = carry as u32;
                carry >>= 32;
            }
            product[at + 8] = carry as u32;
        }
        // What is above 2²⁵⁶ counts 2³² + 977 times below: first eight words of it, then the two that this may leave.
        let (low, high) = product.split_at(8);
        let mut words = [0; 8];
        let (mut carry, mut before) = (0, 0);
        for ((word, low), high) in words.iter_mut().zip(low).zip(high) {
            carry += u64::from(*low) + u64::from(*high) * FOLD + before;
            *word = carry as u32;
            carry >>= 32;
            before = u64::from(*high);
        }
        let above = carry + before;
        let mut folded = u128::from(above) * u128::from(FOLD) + (u128::from(above) << 32);
        for word in &mut words {
            folded += u128::from(*word);
            *word = folded as u32;
            folded >>= 32;
        }
        // Whatever is above 2²⁵⁶ now, once at most, leaves little below.
        Self::reduced(words, folded as u64)
    }
}

/// The difference modulo 2²⁵⁶, and whether it is below zero.
fn minus(from: [u32; 8], what: [u32; 8]) -> ([u32; 8], bool) {
    let mut difference = from;
    let mut borrow = false;
    for (word, what) in difference.iter_mut().zip(what) {
        let (once, first) = word.overflowing_sub(what);
        let (twice, second) = once.overflowing_sub(u32::from(borrow));
        *word = twice;
        borrow = first || second;
    }
    (difference, borrow)
}
