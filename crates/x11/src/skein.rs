//! Skein-512-512 of 64 bytes: two messages to a vector, a lane of 64 bits each.

use crate::Message;
use crate::vector::{Pair, messages, pairs};

type Block = [Pair; 8];

const IV: [u64; 8] = [
    0x4903_adff_749c_51ce,
    0x0d95_de39_9746_df03,
    0x8fd1_9341_27c7_9bce,
    0x9a25_5629_ff35_2cb1,
    0x5db6_2599_df6c_a7b0,
    0xeabe_394c_a9d5_c3f4,
    0x9911_12c7_1a75_b523,
    0xae18_a40b_660f_cc33,
];

const KEY_PARITY: Pair = Pair::of(0x1bd1_1bda_a9fc_1a22);

/// Position and flags (first and final, and the type: 48 a message, 63 the output) of the only two blocks.
const MESSAGE: [u64; 2] = [64, 0xf000_0000_0000_0000];
const OUTPUT: [u64; 2] = [8, 0xff00_0000_0000_0000];

/// The rotations of eight rounds.
const TURNS: [[u32; 4]; 8] = [
    [46, 36, 19, 37],
    [33, 27, 14, 42],
    [17, 49, 36, 39],
    [44, 9, 54, 56],
    [39, 30, 34, 24],
    [13, 50, 10, 17],
    [25, 29, 39, 43],
    [8, 35, 56, 22],
];

/// The hashes of an even number of messages.
#[inline(never)]
pub(crate) fn skein(hashes: &mut [Message]) {
    for two in hashes.as_chunks_mut::<2>().0 {
        let message = pairs(two);
        let chained = threefish(&IV.map(Pair::of), MESSAGE, &message);
        let chained = core::array::from_fn(|i| chained[i] ^ message[i]);
        // The block is the number zero, and so is what is added to it.
        *two = messages(threefish(&chained, OUTPUT, &[Pair::of(0); 8]));
    }
}

#[inline(never)]
fn threefish(key: &Block, tweak: [u64; 2], block: &Block) -> Block {
    // Both schedules go round: written out, a subkey is nine words in a row.
    let mut keys = [Pair::of(0); 27];
    let parity = key.iter().fold(KEY_PARITY, |parity, word| parity ^ *word);
    for turn in 0..3 {
        keys[turn * 9..turn * 9 + 8].copy_from_slice(key);
        keys[turn * 9 + 8] = parity;
    }
    let mut tweaks = [0; 21];
    for three in tweaks.as_chunks_mut::<3>().0 {
        *three = [tweak[0], tweak[1], tweak[0] ^ tweak[1]];
    }

    let mut x = *block;
    for twice in 0..9 {
        add_key(&mut x, &keys, &tweaks, 2 * twice);
        four_rounds(&mut x, TURNS[0], TURNS[1], TURNS[2], TURNS[3]);
        add_key(&mut x, &keys, &tweaks, 2 * twice + 1);
        four_rounds(&mut x, TURNS[4], TURNS[5], TURNS[6], TURNS[7]);
    }
    add_key(&mut x, &keys, &tweaks, 18);
    x
}

#[inline(always)]
fn add_key(x: &mut Block, keys: &[Pair; 27], tweaks: &[u64; 21], number: usize) {
    for (i, x) in x.iter_mut().enumerate() {
        *x += keys[number + i];
    }
    x[5] += Pair::of(tweaks[number]);
    x[6] += Pair::of(tweaks[number + 1]);
    x[7] += Pair::of(number as u64);
}

#[inline(always)]
fn four_rounds(x: &mut Block, first: [u32; 4], second: [u32; 4], third: [u32; 4], fourth: [u32; 4]) {
    mix(x, [(0, 1), (2, 3), (4, 5), (6, 7)], first);
    mix(x, [(2, 1), (4, 7), (6, 5), (0, 3)], second);
    mix(x, [(4, 1), (6, 3), (0, 5), (2, 7)], third);
    mix(x, [(6, 1), (0, 7), (2, 5), (4, 3)], fourth);
}

#[inline(always)]
fn mix(x: &mut Block, pairs: [(usize, usize); 4], turns: [u32; 4]) {
    for ((a, b), turn) in pairs.into_iter().zip(turns) {
        x[a] += x[b];
        x[b] = x[b].rotl(turn) ^ x[a];
    }
}
