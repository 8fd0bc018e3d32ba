//! The compression of SIMD-512: four rounds of eight steps, and four steps more with the old chaining value.

use super::{Eight, Words};
use crate::vector::V128;

/// A, B, C and D.
pub(super) type State = [Eight; 4];

/// The four rotations of the steps of a round.
type Turns = [u32; 4];

const TURNS: [Turns; 4] = [[3, 23, 17, 27], [28, 19, 22, 7], [29, 9, 15, 5], [4, 13, 10, 25]];

/// How far apart the words are that a step adds to one another, by the number of round and step.
const DISTANCES: [usize; 7] = [1, 6, 2, 3, 5, 7, 4];

#[inline(never)]
pub(super) fn compress(state: &mut State, block: &State, words: &Words) {
    let old = *state;
    for (state, block) in state.iter_mut().flatten().zip(block.iter().flatten()) {
        *state ^= *block;
    }
    let (words, _) = words.as_chunks::<4>();
    four_steps::<0, 0, false>(state, &words[0]);
    four_steps::<0, 4, true>(state, &words[1]);
    four_steps::<1, 1, false>(state, &words[2]);
    four_steps::<1, 5, true>(state, &words[3]);
    four_steps::<2, 2, false>(state, &words[4]);
    four_steps::<2, 6, true>(state, &words[5]);
    four_steps::<3, 3, false>(state, &words[6]);
    four_steps::<3, 7, true>(state, &words[7]);
    four_steps::<3, 4, false>(state, &old);
}

/// Four steps of a round, after which A, B, C and D are where they were. `NUMBER` is that of round and first step.
#[inline(never)]
fn four_steps<const ROUND: usize, const NUMBER: usize, const MAJORITY: bool>(
    [a, b, c, d]: &mut State,
    words: &[Eight; 4],
) {
    let turns = TURNS[ROUND];
    let distance = |step: usize| DISTANCES[(NUMBER + step) % 7];
    step(MAJORITY, [a, b, c, d], &words[0], [turns[0], turns[1]], distance(0));
    step(MAJORITY, [d, a, b, c], &words[1], [turns[1], turns[2]], distance(1));
    step(MAJORITY, [c, d, a, b], &words[2], [turns[2], turns[3]], distance(2));
    step(MAJORITY, [b, c, d, a], &words[3], [turns[3], turns[0]], distance(3));
}

/// A step: `d` becomes the new A, and the others move on by one.
#[inline(always)]
fn step(
    majority: bool,
    [a, b, c, d]: [&mut Eight; 4],
    words: &Eight,
    [first, second]: [u32; 2],
    distance: usize,
) {
    let turned = a.map(|word| word.rotl32(first));
    let others = exchanged(turned, distance);
    for i in 0..2 {
        let f = if majority { (a[i] ^ b[i]).select(c[i], b[i]) } else { a[i].select(b[i], c[i]) };
        d[i] = d[i].add32(words[i]).add32(f).rotl32(second).add32(others[i]);
    }
    *a = turned;
}

/// Each of eight words in the place of the one so far from it.
#[inline(always)]
fn exchanged([low, high]: Eight, distance: usize) -> Eight {
    let whole = if distance & 4 == 0 { [low, high] } else { [high, low] };
    let halves = if distance & 2 == 0 { whole } else { whole.map(V128::swap64) };
    if distance & 1 == 0 { halves } else { halves.map(V128::swap32) }
}
