//! The expansion of SIMD-512: a transform of 256 places over the integers modulo 257, which makes the words of all steps
//! from a block.
//!
//! Of its 256 places 128 are a block's bytes, and of those 64 a message's: `y[i]` is the sum of `x[j]·41^(i·j)` for `j`
//! below 64, plus `163^i`. With `j = 8·a + b` and `i = e + 32·d` that is, as 41^256 = 1 and 41^32 = 4,
//!
//! ```text
//! t[b][e] = sum over a of x[8·a + b] · 41^(8·a·e)
//! y[e + 32·d] = sum over b of t[b][e] · 41^(b·e) · 4^(b·d)
//! ```
//!
//! and in the first line, with `e = 4·f + r`, `41^(8·a·e) = 60^(a·r) · 4^(a·f)`: both are transforms of eight places by
//! powers of 4, which are shifts.

use super::{BITS, Words};
use crate::vector::{V128, transpose32};
use crate::{Hashes, LANES};

/// Places places of the transform, of eight messages each.
type Places = [V128; 8];

/// The modulus.
const P: u32 = 257;

/// Which sixteen of the transform's places make the words of a step.
const ORDER: [u8; 32] = [
    4, 6, 0, 2, 7, 5, 3, 1, 15, 11, 12, 8, 9, 13, 10, 14, 17, 18, 23, 20, 22, 21, 16, 19, 30, 24, 25, 31, 27,
    29, 28, 26,
];

/// Powers of 41 between −128 and 128.
const POWERS: [i16; 256] = {
    let mut powers = [0; 256];
    let mut at = 0;
    while at < 256 {
        powers[at] = centred(power(41, at as u32));
        at += 1;
    }
    powers
};

/// What is added to the places, and half of the modulus, which centring takes away again.
const ADDED: [i16; 256] = {
    let mut added = [0; 256];
    let mut at = 0;
    while at < 256 {
        added[at] = ((power(163, at as u32) + 128) % P) as i16;
        at += 1;
    }
    added
};

/// The words of the last block, which holds nothing but the length.
pub(super) const LAST: Words = {
    let mut y = [0; 256];
    let mut at = 0;
    while at < 256 {
        // The only byte that is not zero is the second one.
        let sum = (BITS >> 8) * power(41, at as u32) + power(163, at as u32) + power(163, 3 * at as u32);
        y[at] = centred(sum % P);
        at += 1;
    }
    let mut words = [[V128::ZERO; 2]; 32];
    let mut step = 0;
    while step < 32 {
        let (first, gap, factor) = places(step);
        let mut eight = [0; 8];
        let mut i = 0;
        while i < 8 {
            let low = y[first + 2 * i].wrapping_mul(factor) as u16;
            let high = y[first + 2 * i + gap].wrapping_mul(factor) as u16;
            eight[i] = low as u64 | (high as u64) << 16;
            i += 1;
        }
        words[step] = [
            V128::new(eight[0] | eight[1] << 32, eight[2] | eight[3] << 32),
            V128::new(eight[4] | eight[5] << 32, eight[6] | eight[7] << 32),
        ];
        step += 1;
    }
    words
};

const fn power(base: u32, exponent: u32) -> u32 {
    let mut result = 1;
    let mut done = 0;
    while done < exponent % 256 {
        result = result * base % P;
        done += 1;
    }
    result
}

const fn centred(value: u32) -> i16 {
    if value > P / 2 { value as i16 - P as i16 } else { value as i16 }
}

/// Which place makes the lower half of the first word of a step, how far from it that for the upper half is, and what
/// both are multiplied by. The next word's are two places further.
const fn places(step: usize) -> (usize, usize, i16) {
    let at = 16 * ORDER[step] as usize;
    match step {
        0..16 => (at, 1, 185),
        16..24 => (at - 256, 128, 233),
        _ => (at - 383, 128, 233),
    }
}

/// Finds the words that steps take for each message.
#[inline(never)]
pub(super) fn expand(hashes: &Hashes, expanded: &mut [Words; LANES]) {
    let x = spread(hashes);
    let mut t = [[V128::ZERO; 8]; 32];
    for b in 0..8 {
        columns(&x, b, &mut t);
    }
    let mut y = [V128::ZERO; 256];
    for (e, row) in t.iter().enumerate() {
        rows(row, e, &mut y);
    }
    words(&y, expanded);
}

/// The bytes of the messages, a vector for each place.
#[inline(never)]
fn spread(hashes: &Hashes) -> [V128; 64] {
    let mut x = [V128::ZERO; 64];
    for (part, x) in x.as_chunks_mut::<16>().0.iter_mut().enumerate() {
        let mut bytes: Places = core::array::from_fn(|message| hashes[message][part]);
        for _ in 0..3 {
            bytes = core::array::from_fn(|i| {
                let (one, other) = (bytes[i / 2], bytes[i / 2 + 4]);
                if i % 2 == 0 { one.zip8_low(other) } else { one.zip8_high(other) }
            });
        }
        for (two, bytes) in x.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *two = [bytes.zip8_low(V128::ZERO), bytes.zip8_high(V128::ZERO)];
        }
    }
    x
}

/// `t[b]` for one `b`, with 128 more than it should be.
#[inline(never)]
fn columns(x: &[V128; 64], b: usize, t: &mut [Places; 32]) {
    for r in 0..4 {
        let mut inputs: Places = core::array::from_fn(|a| {
            let power = V128::splat16(POWERS[(8 * a * r) & 255]);
            reduced(x[(8 * a + b) & 63].mul16(power))
        });
        inputs[0] = inputs[0].add16(V128::splat16(128));
        for (f, sum) in transformed(inputs).into_iter().enumerate() {
            t[4 * f + r][b & 7] = sum;
        }
    }
}

/// The places of the transform that have `e` as their remainder by 32.
#[inline(never)]
fn rows(row: &Places, e: usize, y: &mut [V128; 256]) {
    let inputs: Places = core::array::from_fn(|b| {
        let power = V128::splat16(POWERS[(b * e) & 255]);
        reduced(reduced(row[b]).sub16(V128::splat16(128)).mul16(power))
    });
    for (d, sum) in transformed(inputs).into_iter().enumerate() {
        let at = (e + 32 * d) & 255;
        // −1 stands for 256 after two reductions and is, without a sign, the only greater number.
        let whole = reduced(reduced(sum.add16(V128::splat16(ADDED[at])))).min_u16(V128::splat16(256));
        y[at] = whole.sub16(V128::splat16(128));
    }
}

#[inline(never)]
fn words(y: &[V128; 256], expanded: &mut [Words; LANES]) {
    for step in 0..32 {
        let (first, gap, factor) = places(step);
        let factor = V128::splat16(factor);
        for half in 0..2 {
            let halves = [0, 1, 2, 3].map(|word| {
                let at = first + 8 * half + 2 * word;
                [y[at & 255].mul16(factor), y[(at + gap) & 255].mul16(factor)]
            });
            let four = [
                transpose32(halves.map(|[low, high]| low.zip16_low(high))),
                transpose32(halves.map(|[low, high]| low.zip16_high(high))),
            ];
            for (words, vector) in expanded.iter_mut().zip(four.as_flattened()) {
                words[step][half] = *vector;
            }
        }
    }
}

/// The same modulo 257, as 256 is −1: between −127 and 383, and closer to 0…255 the smaller it was.
#[inline(always)]
fn reduced(value: V128) -> V128 {
    (value & V128::splat16(0xff)).sub16(value.sar16(8))
}

/// `sum over k of u[k] · 4^(k·n)` for `n` from 0 to 7, no more than 3,200 from zero if the inputs, of which the first may
/// have 128 more, are no more than 383.
#[inline(always)]
fn transformed(u: Places) -> Places {
    let sums = [0, 1, 2, 3].map(|k| u[k].add16(u[k + 4]));
    let [a, b, c, d] = [0, 1, 2, 3].map(|k| u[k].sub16(u[k + 4]));
    let turned = [a, reduced(b.shl16(2)), reduced(c.shl16(4)), reduced(reduced(d).shl16(6))];
    let (even, odd) = (transformed_four(sums), transformed_four(turned));
    [even[0], odd[0], even[1], odd[1], even[2], odd[2], even[3], odd[3]]
}

/// `sum over k of u[k] · 16^(k·n)` for `n` from 0 to 3. The odd ones of the inputs are no more than 1,000 from zero.
#[inline(always)]
fn transformed_four([a, b, c, d]: [V128; 4]) -> [V128; 4] {
    let (even, odd) = (a.add16(c), b.add16(d));
    let (less_even, less_odd) = (a.sub16(c), reduced(b.sub16(d).shl16(4)));
    [even.add16(odd), less_even.add16(less_odd), even.sub16(odd), less_even.sub16(less_odd)]
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::vec::Vec;

    /// Lanes of 16 bits.
    fn lanes(vector: V128) -> [i32; 8] {
        let bytes = vector.to_bytes();
        core::array::from_fn(|i| i16::from_le_bytes([bytes[2 * i], bytes[2 * i + 1]]).into())
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_the_range() {
        for pattern in 0..512 {
            let mut inputs: [i16; 8] =
                core::array::from_fn(|k| if pattern >> k & 1 == 1 { 383 } else { -127 });
            inputs[0] += if pattern >> 8 == 1 { 128 } else { 0 };
            for (n, sum) in transformed(inputs.map(V128::splat16)).into_iter().enumerate() {
                let expected: i32 =
                    (0..8).map(|k| i32::from(inputs[k]) * power(4, (k * n) as u32) as i32).sum();
                for lane in lanes(sum) {
                    assert!(lane.abs() <= 3_200, "{inputs:?}");
                    assert_eq!((lane - expected) % P as i32, 0, "{inputs:?}");
                }
            }
        }
    }

    #[test]
    fn words_are_what_the_definition_says() {
        // Messages of which whole columns or rows of the transform are at an end of the range, and a common one.
        let messages: [[u8; 64]; LANES] = [
            [0; 64],
            [0xff; 64],
            core::array::from_fn(|j| if j % 2 == 0 { 0xff } else { 0 }),
            core::array::from_fn(|j| if j % 8 < 4 { 0xff } else { 0 }),
            core::array::from_fn(|j| if j / 8 % 2 == 0 { 0xff } else { 0 }),
            core::array::from_fn(|j| if j < 32 { 0 } else { 0xff }),
            core::array::from_fn(|j| if j == 63 { 0xff } else { 0 }),
            core::array::from_fn(|j| (j * 167 + 5) as u8),
        ];
        let hashes = messages.map(|message| {
            let (parts, _) = message.as_chunks::<16>();
            core::array::from_fn(|part| V128::from_bytes(parts[part]))
        });
        let mut expanded = [[[V128::ZERO; 2]; 32]; LANES];
        expand(&hashes, &mut expanded);
        for (message, words) in messages.iter().zip(expanded) {
            let places_of: Vec<i32> = (0..256)
                .map(|i| {
                    let terms = message.iter().zip(0..).map(|(x, j)| u32::from(*x) * power(41, i * j % 256));
                    i32::from(centred((terms.sum::<u32>() + power(163, i)) % P))
                })
                .collect();
            for (step, eight) in words.iter().enumerate() {
                let (first, gap, factor) = places(step);
                for (i, half) in [lanes(eight[0]), lanes(eight[1])].concat().chunks(2).enumerate() {
                    let at = first + 2 * i;
                    let expected = [at, at + gap].map(|at| places_of[at] * i32::from(factor));
                    assert_eq!(
                        half,
                        expected.map(|value| i32::from(value as i16)),
                        "word {i} of step {step}"
                    );
                }
            }
        }
    }
}
