//! The constants of JH's rounds, for words of 128 bits.
//!
//! The specification makes each from the one before it by a round on 64 nibbles instead of 256, and gives each nibble of
//! the state a bit of it. Which nibble of the permuted state lies where in words that are not permuted is followed here
//! from round to round.

use super::{Constant, ROUNDS};
use crate::vector::V128;

/// All rounds' constants.
pub(super) const CONSTANTS: [Constant; ROUNDS] = {
    let mut all = [[V128::ZERO; 2]; ROUNDS];
    let mut nibbles = FIRST;
    let mut places = start();
    let mut round = 0;
    while round < ROUNDS {
        all[round] = placed(&nibbles, &places);
        nibbles = next(&nibbles);
        places = moved(permuted(&places), round % 7);
        round += 1;
    }
    all
};

const S_BOX: [u8; 16] = [9, 0, 4, 11, 13, 12, 3, 15, 1, 10, 2, 6, 7, 5, 8, 14];

/// The first constant: the square root of 2, less 1, in nibbles.
const FIRST: [u8; 64] = {
    let words: [u128; 2] =
        [0x6a09_e667_f3bc_c908_b2fb_1366_ea95_7d3e, 0x3ade_c175_1277_5099_da2f_590b_0667_322a];
    let mut nibbles = [0; 64];
    let mut at = 0;
    while at < 64 {
        nibbles[at] = (words[at / 32] >> (124 - at % 32 * 4) & 15) as u8;
        at += 1;
    }
    nibbles
};

/// Where the nibbles of the state are before the first round: bit `place & 127` of the words with even numbers, or from
/// 128 on with odd ones.
const fn start() -> [u8; 256] {
    let mut places = [0; 256];
    let mut at = 0;
    while at < 128 {
        places[2 * at] = at as u8;
        places[2 * at + 1] = 128 + at as u8;
        at += 1;
    }
    places
}

/// The places after a round has changed bits round in the words with odd numbers.
const fn moved(mut places: [u8; 256], power: usize) -> [u8; 256] {
    let mut at = 0;
    while at < 256 {
        if places[at] >= 128 {
            places[at] ^= 1 << power;
        }
        at += 1;
    }
    places
}

/// The permutation at the end of a round.
const fn permuted<const N: usize>(from: &[u8; N]) -> [u8; N] {
    let mut to = [0; N];
    let mut at = 0;
    while at < N {
        // Of four, the last two change places; those with odd numbers become the second half, in which neighbours do.
        let changed = if at % 4 > 1 { at ^ 1 } else { at };
        let place = if at % 2 == 0 { at / 2 } else { (N / 2 + at / 2) ^ 1 };
        to[place] = from[changed];
        at += 1;
    }
    to
}

/// The constant of the next round.
const fn next(nibbles: &[u8; 64]) -> [u8; 64] {
    let mut mixed = [0; 64];
    let mut at = 0;
    while at < 64 {
        let (mut a, mut b) = (S_BOX[nibbles[at] as usize], S_BOX[nibbles[at + 1] as usize]);
        b ^= doubled(a);
        a ^= doubled(b);
        mixed[at] = a;
        mixed[at + 1] = b;
        at += 2;
    }
    permuted(&mixed)
}

/// Twice a nibble, in GF(16) by x^4 + x + 1.
const fn doubled(nibble: u8) -> u8 {
    (nibble << 1 ^ nibble >> 3 ^ nibble >> 3 << 1) & 15
}

/// A constant's bits where the nibbles are that they belong to.
const fn placed(nibbles: &[u8; 64], places: &[u8; 256]) -> Constant {
    let mut bytes = [[0; 16]; 2];
    let mut at = 0;
    while at < 256 {
        let place = places[at] as usize;
        let bit = nibbles[at / 4] >> (3 - at % 4) & 1;
        bytes[place / 128][place % 128 / 8] |= bit << (7 - place % 8);
        at += 1;
    }
    [V128::from_bytes(bytes[0]), V128::from_bytes(bytes[1])]
}
