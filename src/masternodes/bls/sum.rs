//! Weighted sums of many keys, in WebAssembly twice as fast as blst's own.
//!
//! A weight is written with digits that are zero or odd, of which two that are not zero stand six places apart at least:
//! every seventh place has one. For every digit one of the odd multiples of the key (`multiples.rs`), or its negative,
//! is added to the sum of the digit's place, for all places side by side (`affine.rs`). Then the sums of the places are
//! put together from the highest on (`jacobian.rs`).
//!
//! **Bounds.** About 20 kB for each key while it runs. Any points of the curve are summed rightly, also outside the
//! subgroup and when some are equal or cancel. Weights and keys are public: nothing takes constant time.

use super::affine::{INFINITY, Point, sum_each};
use super::jacobian::Jacobian;
use super::multiples::{self, MULTIPLES};
use blst::min_pk::PublicKey;

/// Bytes of a weight, little-endian.
pub(super) const WEIGHT: usize = 32;

/// Places of a weight's digits, with one for what the recoding carries.
const PLACES: usize = WEIGHT * 8 + 1;
/// Bits of a digit, its sign included: the odd ones below 2^5 are in a key's table.
const DIGIT: usize = MULTIPLES.ilog2() as usize + 2;

/// Σ weight · key.
pub(super) fn weighted(keys: &[PublicKey], weights: &[u8]) -> PublicKey {
    let points: Vec<Point> = keys.iter().map(Point::new).collect();
    let mut places: Vec<Vec<Point>> = vec![Vec::new(); PLACES];
    multiples::with(&points, |tables| {
        for (multiples, weight) in tables.iter().zip(weights.as_chunks::<WEIGHT>().0) {
            for (place, digit) in digits(weight) {
                let multiple = multiples[usize::from(digit.unsigned_abs() / 2)];
                places[place].push(if digit < 0 { multiple.neg() } else { multiple });
            }
        }
    });
    let total = sum_each(places).iter().rev().fold(Jacobian::INFINITY, |total, sum| {
        let doubled = total.double();
        if *sum == INFINITY { doubled } else { doubled.add(*sum) }
    });
    total.to_affine().key()
}

/// The digits of a weight that are not zero, odd from -31 to 31, each with its place; the lowest first.
fn digits(weight: &[u8; WEIGHT]) -> Vec<(usize, i8)> {
    let bit = |at: usize| weight.get(at / 8).map_or(0, |byte| byte >> (at % 8) & 1);
    let mut digits = Vec::with_capacity(PLACES / DIGIT + 1);
    let (mut place, mut carry) = (0, 0);
    while place < PLACES {
        if bit(place) == carry {
            place += 1;
            continue;
        }
        let value = (0..DIGIT).fold(carry, |value, at| value + (bit(place + at) << at));
        carry = value >> (DIGIT - 1);
        digits.push((place, value as i8 - ((carry as i8) << DIGIT)));
        place += DIGIT;
    }
    digits
}
