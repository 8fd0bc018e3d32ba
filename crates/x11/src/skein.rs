//! Skein-512-512 of 64 bytes, one message after the other: its rotations are one operation on 64-bit words, three on
//! vectors.

use crate::Hashes;
use crate::vector::V128;

type Block = [u64; 8];

const IV: Block = [
    0x4903_adff_749c_51ce,
    0x0d95_de39_9746_df03,
    0x8fd1_9341_27c7_9bce,
    0x9a25_5629_ff35_2cb1,
    0x5db6_2599_df6c_a7b0,
    0xeabe_394c_a9d5_c3f4,
    0x9911_12c7_1a75_b523,
    0xae18_a40b_660f_cc33,
];

const KEY_PARITY: u64 = 0x1bd1_1bda_a9fc_1a22;

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

/// The hashes of eight messages.
#[inline(never)]
pub(crate) fn skein(hashes: &mut Hashes) {
    for hash in hashes {
        let [a, b, c, d] = hash.map(V128::to_words);
        let message = [a[0], a[1], b[0], b[1], c[0], c[1], d[0], d[1]];
        let chained = threefish(&IV, MESSAGE, &message);
        let chained = core::array::from_fn(|i| chained[i] ^ message[i]);
        // The block is the number zero, and so is what is added to it.
        let result = threefish(&chained, OUTPUT, &[0; 8]);
        for (vector, words) in hash.iter_mut().zip(result.as_chunks::<2>().0) {
            *vector = V128::new(words[0], words[1]);
        }
    }
}

#[inline(never)]
fn threefish(key: &Block, tweak: [u64; 2], block: &Block) -> Block {
    // Both schedules go round: written out, a subkey is nine words in a row.
    let mut keys = [0; 27];
    let parity = key.iter().fold(KEY_PARITY, |parity, word| parity ^ word);
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
fn add_key(x: &mut Block, keys: &[u64; 27], tweaks: &[u64; 21], number: usize) {
    for (i, x) in x.iter_mut().enumerate() {
        *x = x.wrapping_add(keys[number + i]);
    }
    x[5] = x[5].wrapping_add(tweaks[number]);
    x[6] = x[6].wrapping_add(tweaks[number + 1]);
    x[7] = x[7].wrapping_add(number as u64);
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
        x[a] = x[a].wrapping_add(x[b]);
        x[b] = x[b].rotate_left(turn) ^ x[a];
    }
}
