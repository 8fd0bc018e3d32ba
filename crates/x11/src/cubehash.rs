//! CubeHash16/32-512 of 64 bytes: two messages to a vector, two of the 32 words of each, so that a state fits sixteen
//! registers. Of the four exchanges of words in a round, three are then between vectors and only rename them.

use crate::Message;
use crate::vector::V128;

const ROUNDS: usize = 16;
const FINAL_ROUNDS: usize = 160;

/// Words 0 to 15, and 16 to 31: vector `k` holds the words `2·k` and `2·k + 1` of either message.
type State = [[V128; 8]; 2];

/// What mixing the sizes of hash and block and the number of rounds gives.
const IV: [u32; 32] = {
    let mut x = [0; 32];
    x[0] = 64;
    x[1] = 32;
    x[2] = 16;
    let mut round = 0;
    while round < FINAL_ROUNDS {
        x = scalar_round(&x);
        round += 1;
    }
    x
};

/// A round word by word.
const fn scalar_round(x: &[u32; 32]) -> [u32; 32] {
    let mut next = *x;
    let mut half = 0;
    while half < 2 {
        let before = next;
        let (turn, low, high) = if half == 0 { (7, 8, 0) } else { (11, 4, 2) };
        let mut i = 0;
        while i < 16 {
            // The upper words have been changed round by the first half when the second one begins.
            next[16 + i] = before[16 + (i ^ high)].wrapping_add(before[i]);
            i += 1;
        }
        i = 0;
        while i < 16 {
            next[i] = before[i ^ low].rotate_left(turn) ^ next[16 + i];
            i += 1;
        }
        half += 1;
    }
    let after = next;
    let mut i = 0;
    while i < 16 {
        next[16 + i] = after[16 + (i ^ 1)];
        i += 1;
    }
    next
}

/// The hashes of an even number of messages.
#[inline(never)]
pub(crate) fn cubehash(hashes: &mut [Message]) {
    for two in hashes.as_chunks_mut::<2>().0 {
        pair(two);
    }
}

#[inline(never)]
fn pair([first, second]: &mut [Message; 2]) {
    let mut state: State = core::array::from_fn(|half| {
        core::array::from_fn(|k| {
            let at = 16 * half + 2 * k;
            V128::splat64(IV[at] as u64 | (IV[at + 1] as u64) << 32)
        })
    });
    for half in 0..2 {
        for k in 0..2 {
            let (a, b) = (first[2 * half + k], second[2 * half + k]);
            state[0][2 * k] ^= a.zip64_low(b);
            state[0][2 * k + 1] ^= a.zip64_high(b);
        }
        rounds(&mut state, ROUNDS);
    }
    state[0][0] ^= V128::splat64(0x80);
    rounds(&mut state, ROUNDS);
    // The last word is marked.
    state[1][7] ^= V128::splat64(1 << 32);
    rounds(&mut state, FINAL_ROUNDS);
    for k in 0..4 {
        let (a, b) = (state[0][2 * k], state[0][2 * k + 1]);
        first[k] = a.zip64_low(b);
        second[k] = a.zip64_high(b);
    }
}

/// An even number of rounds: after two of them, every vector has its old name again.
#[inline(never)]
fn rounds(state: &mut State, count: usize) {
    let [mut low, mut high] = *state;
    for _ in 0..count / 2 {
        (low, high) = round(low, high);
        (low, high) = round(low, high);
    }
    *state = [low, high];
}

#[inline(always)]
fn round(low: [V128; 8], high: [V128; 8]) -> ([V128; 8], [V128; 8]) {
    let (low, high) = half_round(low, high, 7, 4);
    let (low, high) = half_round(low, core::array::from_fn(|k| high[k ^ 1]), 11, 2);
    (low, high.map(V128::swap32))
}

/// Adds, turns, exchanges lower words at a distance of so many vectors, and adds without carry.
#[inline(always)]
fn half_round(low: [V128; 8], high: [V128; 8], turn: u32, distance: usize) -> ([V128; 8], [V128; 8]) {
    let high: [V128; 8] = core::array::from_fn(|k| high[k].add32(low[k]));
    (core::array::from_fn(|k| low[k ^ distance].rotl32(turn) ^ high[k]), high)
}
