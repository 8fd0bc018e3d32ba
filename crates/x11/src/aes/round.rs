//! Rounds of AES on states that lie along a vector: a byte of it is a byte of the state.

use super::Slices;
use super::sbox::{AFFINE, substituted};
use crate::vector::V128;
use core::hint::black_box;

/// Where ShiftRows takes the bytes from, and MixColumns beside each the next one of its column.
#[derive(Clone, Copy)]
pub(crate) struct Wiring {
    own: V128,
    next: V128,
}

impl Wiring {
    /// AES's own.
    pub(crate) const AES: Self = Self::after_words(0);

    /// After the state's columns were turned by so many to the left.
    pub(crate) const fn after_words(words: usize) -> Self {
        let (mut own, mut next) = ([0; 16], [0; 16]);
        let mut at = 0;
        while at < 16 {
            let below = at / 4 * 4 + (at + 1) % 4;
            own[at] = ((at + at % 4 * 4 + words * 4) % 16) as u8;
            next[at] = ((below + below % 4 * 4 + words * 4) % 16) as u8;
            at += 1;
        }
        Self { own: V128::from_bytes(own), next: V128::from_bytes(next) }
    }

    /// The same, unknown to the compiler: it would make shuffles of it, whose patterns engines build anew each time.
    pub(crate) fn opaque(self) -> Self {
        black_box(self)
    }
}

/// Adds a key, then one round that ends without one.
#[inline(never)]
pub(crate) fn round(state: &mut Slices, key: &Slices, wiring: &Wiring) {
    *state = mixed(substituted(core::array::from_fn(|bit| state[bit] ^ key[bit])), wiring, true);
}

/// ShiftRows and MixColumns alone.
#[inline(never)]
pub(crate) fn mix_columns(state: &mut Slices, wiring: &Wiring) {
    *state = mixed(*state, wiring, false);
}

#[inline(always)]
fn mixed(state: Slices, wiring: &Wiring, affine: bool) -> Slices {
    // A byte becomes 2·own + 3·next + the other two: twice the sum of own and next, next, and that sum two bytes on.
    let sums = |bit: usize| {
        let (own, next) = (state[bit].swizzle(wiring.own), state[bit].swizzle(wiring.next));
        let sum = own ^ next;
        (sum, next ^ sum.swap16())
    };
    let mut result = [V128::ZERO; 8];
    let (top, last) = sums(7);
    let mut below = top;
    for (bit, result) in result.iter_mut().enumerate().take(7) {
        let (sum, rest) = sums(bit);
        *result = rest ^ times_x(bit, below, top);
        below = sum;
    }
    result[7] = last ^ below;
    if affine {
        for (bit, result) in result.iter_mut().enumerate() {
            if AFFINE >> bit & 1 == 1 {
                *result = !*result;
            }
        }
    }
    result
}

/// The slice for a bit of 2·a in GF(2^8), from those of a for the bit below and for the top one. For bit 0 the one below
/// does not matter.
#[inline(always)]
pub(crate) fn times_x(bit: usize, below: V128, top: V128) -> V128 {
    match bit {
        0 => top,
        1 | 3 | 4 => below ^ top,
        _ => below,
    }
}
