//! JH-512 of 64 bytes, sliced: a byte of a vector is a byte of the state, its bits the messages, and there is a vector for
//! each of that byte's bits.
//!
//! The state is taken as eight words of 128 bits, as in section 4 of H. Wu, "The Hash Function JH" (2011): instead of
//! permuting all of it, a round changes neighbours in the words with odd numbers, bits at a distance of 1, 2, 4, … 64 in
//! seven rounds. The first three of those only rename vectors.

mod constants;

use crate::Hashes;
use crate::aes::{Slices, constant, slice};
use crate::vector::V128;
use constants::CONSTANTS;

const ROUNDS: usize = 42;

/// Eight words of 128 bits.
type State = [Slices; 8];

/// A round's constant for the words with even numbers and for those with odd ones.
type Constant = [V128; 2];

/// The hashes of eight messages.
#[inline(never)]
pub(crate) fn jh(hashes: &mut Hashes) {
    let mut state = [[V128::ZERO; 8]; 8];
    for (word, bytes) in state.iter_mut().zip(IV) {
        *word = in_all_messages(bytes);
    }

    let mut message = [[V128::ZERO; 8]; 4];
    for (at, hash) in hashes.iter().enumerate() {
        for (slices, word) in message.iter_mut().zip(hash) {
            slices[at] = *word;
        }
    }
    message.iter_mut().for_each(slice);
    absorb(&mut state, &message);
    absorb(&mut state, &PADDING);

    let (_, result) = state.split_at_mut(4);
    result.iter_mut().for_each(slice);
    for (at, hash) in hashes.iter_mut().enumerate() {
        *hash = core::array::from_fn(|word| result[word][at]);
    }
}

/// Adds a block to the first half, mixes, and adds it to the second.
#[inline(never)]
fn absorb(state: &mut State, block: &[Slices; 4]) {
    for (state, block) in state[..4].iter_mut().flatten().zip(block.iter().flatten()) {
        *state ^= *block;
    }
    // Where the words with odd numbers have a vector, counted from where those with even ones have it.
    let mut renamed = 0;
    for constants in CONSTANTS.as_chunks::<7>().0 {
        for (constant, distance) in constants.iter().zip([1, 2, 4]) {
            round(state, constant, renamed, |word| word);
            renamed ^= distance;
        }
        round(state, &constants[3], renamed, |word| word.shl16(8) | word.sar16(8) & V128::splat16(0xff));
        round(state, &constants[4], renamed, V128::swap16);
        round(state, &constants[5], renamed, V128::swap32);
        round(state, &constants[6], renamed, V128::swap64);
    }
    for (state, block) in state[4..].iter_mut().flatten().zip(block.iter().flatten()) {
        *state ^= *block;
    }
}

#[inline(always)]
fn round(state: &mut State, constant: &Constant, renamed: usize, swap: impl Fn(V128) -> V128) {
    for even in 0..8 {
        let odd = (even ^ renamed) & 7;
        let [mut a, mut b] = [0, 1].map(|first| {
            let at = if first == 0 { even } else { odd };
            let words = [0, 2, 4, 6].map(|word| state[word + first][at]);
            substitute(words, bits(constant[first], even))
        });
        b[0] ^= a[1];
        b[1] ^= a[2];
        b[2] ^= a[3] ^ a[0];
        b[3] ^= a[0];
        a[0] ^= b[1];
        a[1] ^= b[2];
        a[2] ^= b[3] ^ b[0];
        a[3] ^= b[0];
        for word in 0..4 {
            state[2 * word][even] = a[word];
            state[2 * word + 1][odd] = swap(b[word]);
        }
    }
}

/// A bit of each byte, in all messages.
#[inline(always)]
fn bits(bytes: V128, bit: usize) -> V128 {
    let mask = BIT[bit];
    (bytes & mask).eq8(mask)
}

/// A bit of every byte.
const BIT: [V128; 8] = [
    V128::splat8(0x01),
    V128::splat8(0x02),
    V128::splat8(0x04),
    V128::splat8(0x08),
    V128::splat8(0x10),
    V128::splat8(0x20),
    V128::splat8(0x40),
    V128::splat8(0x80),
];

/// Both S-boxes, by the constant's bits, as a circuit: the first word holds the most significant bits.
#[inline(always)]
fn substitute([mut a, mut b, mut c, mut d]: [V128; 4], constant: V128) -> [V128; 4] {
    d = !d;
    a ^= constant.and_not(c);
    let kept = constant ^ (a & b);
    a ^= c & d;
    d ^= c.and_not(b);
    b ^= a & c;
    c ^= a.and_not(d);
    a ^= b | d;
    d ^= b & c;
    b ^= kept & a;
    c ^= kept;
    [a, b, c, d]
}

/// The slices of 16 bytes that are the same in all messages.
#[inline(always)]
fn in_all_messages(bytes: V128) -> Slices {
    core::array::from_fn(|bit| bits(bytes, bit))
}

/// The block that ends the message: a bit, zeros, and its length in bits.
const PADDING: [Slices; 4] = {
    let (mut first, mut last) = ([0; 16], [0; 16]);
    first[0] = 0x80;
    last[14] = 2;
    [constant(first), constant([0; 16]), constant([0; 16]), constant(last)]
};

/// The state that hashing begins with: the length of the hash in bits, mixed.
const IV: [V128; 8] = [
    V128::new(0x17aa_003e_964b_d16f, 0x43d5_157a_052e_6a63),
    V128::new(0x0bef_970c_8d5e_228a, 0x61c3_b3f2_5912_34e9),
    V128::new(0x1e80_6f53_c1a0_1d89, 0x806d_2bea_6b05_a92a),
    V128::new(0xa6ba_7520_dbcc_8e58, 0xf73b_f8ba_763a_0fa9),
    V128::new(0x694a_e341_05e6_6901, 0x5ae6_6f2e_8e8a_b546),
    V128::new(0x243c_84c1_d0a7_4710, 0x99c1_5a2d_b171_6e3b),
    V128::new(0x56f8_b19d_ecf6_57cf, 0x56b1_1657_7c88_06a7),
    V128::new(0xfb17_85e6_dffc_c2e3, 0x4bdd_8ccc_7846_5a54),
];
