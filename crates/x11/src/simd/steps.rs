//! The compression of SIMD-512: four rounds of eight steps, and four steps more with the old chaining value.

use super::Words;
use crate::vector::V128;

type Eight = [V128; 8];

/// A, B, C and D.
pub(super) type State = [Eight; 4];

/// How far apart the words are that a step adds to one another, by the number of round and step.
const DISTANCES: [usize; 7] = [1, 6, 2, 3, 5, 7, 4];

#[inline(never)]
pub(super) fn compress(state: &mut State, block: &State, words: &Words) {
    let old = *state;
    for (state, block) in state.iter_mut().flatten().zip(block.iter().flatten()) {
        *state ^= *block;
    }
    let (rounds, _) = words.as_chunks::<4>();
    eight_steps::<3, 23, 17, 27>(state, [&rounds[0], &rounds[1]], 0);
    eight_steps::<28, 19, 22, 7>(state, [&rounds[2], &rounds[3]], 1);
    eight_steps::<29, 9, 15, 5>(state, [&rounds[4], &rounds[5]], 2);
    eight_steps::<4, 13, 10, 25>(state, [&rounds[6], &rounds[7]], 3);
    four_steps::<4, 13, 10, 25, false>(state, &old, 4);
}

#[inline(always)]
fn eight_steps<const A: u32, const B: u32, const C: u32, const D: u32>(
    state: &mut State,
    [first, second]: [&[Eight; 4]; 2],
    round: usize,
) {
    four_steps::<A, B, C, D, false>(state, first, round);
    four_steps::<A, B, C, D, true>(state, second, round + 4);
}

/// Four steps, after which A, B, C and D are where they were.
#[inline(always)]
fn four_steps<const A: u32, const B: u32, const C: u32, const D: u32, const MAJORITY: bool>(
    [a, b, c, d]: &mut State,
    words: &[Eight; 4],
    number: usize,
) {
    let distance = |step: usize| DISTANCES[(number + step) % 7];
    step::<A, B, MAJORITY>([a, b, c, d], &words[0], distance(0));
    step::<B, C, MAJORITY>([d, a, b, c], &words[1], distance(1));
    step::<C, D, MAJORITY>([c, d, a, b], &words[2], distance(2));
    step::<D, A, MAJORITY>([b, c, d, a], &words[3], distance(3));
}

/// A step: `d` becomes the new A, and the others move on by one.
#[inline(never)]
fn step<const FIRST: u32, const SECOND: u32, const MAJORITY: bool>(
    [a, b, c, d]: [&mut Eight; 4],
    words: &Eight,
    distance: usize,
) {
    for i in 0..8 {
        let f = if MAJORITY { (a[i] ^ b[i]).select(c[i], b[i]) } else { a[i].select(b[i], c[i]) };
        d[i] = d[i].add32(words[i]).add32(f).rotl32(SECOND);
        a[i] = a[i].rotl32(FIRST);
    }
    for i in 0..8 {
        d[i] = d[i].add32(a[(i ^ distance) & 7]);
    }
}
