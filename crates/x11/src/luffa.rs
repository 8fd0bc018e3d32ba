//! Luffa-512 of 64 bytes: four messages to a vector, a lane of 32 bits each.

use crate::Message;
use crate::vector::{V128, transpose32};

/// Eight words, of four messages each. The specification calls it a lane.
type Words = [V128; 8];

/// The bytes of 32-bit words, the other way round: Luffa's words are big-endian.
const REVERSED: V128 = V128::new(0x0405_0607_0001_0203, 0x0c0d_0e0f_0809_0a0b);

/// The hashes of four or eight messages.
#[inline(never)]
pub(crate) fn luffa(hashes: &mut [Message]) {
    for four in hashes.as_chunks_mut::<4>().0 {
        quad(four);
    }
}

#[inline(never)]
fn quad(hashes: &mut [Message; 4]) {
    let mut state = IV.map(|words| words.map(V128::splat32));
    let mut message = [[V128::ZERO; 8]; 2];
    for (part, words) in message.as_flattened_mut().as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *words = transpose32([0, 1, 2, 3].map(|at| hashes[at][part])).map(|word| word.swizzle(REVERSED));
    }
    let mut padding = [V128::ZERO; 8];
    padding[0] = V128::splat32(1 << 31);

    absorb(&mut state, &message[0]);
    absorb(&mut state, &message[1]);
    absorb(&mut state, &padding);
    for half in [0, 2] {
        absorb(&mut state, &[V128::ZERO; 8]);
        let sums: Words = core::array::from_fn(|word| {
            let sum = state[0][word] ^ state[1][word] ^ state[2][word] ^ state[3][word] ^ state[4][word];
            sum.swizzle(REVERSED)
        });
        for (part, words) in sums.as_chunks::<4>().0.iter().enumerate() {
            for (hash, vector) in hashes.iter_mut().zip(transpose32(*words)) {
                hash[half + part] = vector;
            }
        }
    }
}

#[inline(never)]
fn absorb(state: &mut [Words; 5], block: &Words) {
    inject(state, block);
    for (words, constants) in state.iter_mut().zip(&CONSTANTS) {
        permute(words, constants);
    }
}

#[inline(always)]
fn plus(a: &Words, b: &Words) -> Words {
    core::array::from_fn(|i| a[i] ^ b[i])
}

/// Times x in the ring of the specification.
#[inline(always)]
fn doubled(a: &Words) -> Words {
    [a[7], a[0] ^ a[7], a[1], a[2] ^ a[7], a[3] ^ a[7], a[4], a[5], a[6]]
}

#[inline(always)]
fn double_and_add(a: &Words, b: &Words) -> Words {
    plus(&doubled(a), b)
}

/// Mixes the lanes with one another and a block into each, and turns the last four words of lane `j` by `j` bits.
#[inline(never)]
fn inject(v: &mut [Words; 5], block: &Words) {
    let sum = plus(&plus(&plus(&v[0], &v[1]), &plus(&v[2], &v[3])), &v[4]);
    for words in &mut *v {
        *words = double_and_add(&sum, words);
    }
    let first = double_and_add(&v[0], &v[1]);
    v[1] = double_and_add(&v[1], &v[2]);
    v[2] = double_and_add(&v[2], &v[3]);
    v[3] = double_and_add(&v[3], &v[4]);
    v[4] = double_and_add(&v[4], &v[0]);
    v[0] = double_and_add(&first, &v[4]);
    v[4] = double_and_add(&v[4], &v[3]);
    v[3] = double_and_add(&v[3], &v[2]);
    v[2] = double_and_add(&v[2], &v[1]);
    v[1] = double_and_add(&v[1], &first);
    let mut block = *block;
    for words in &mut *v {
        *words = plus(words, &block);
        block = doubled(&block);
    }
    turn(&mut v[1], 1);
    turn(&mut v[2], 2);
    turn(&mut v[3], 3);
    turn(&mut v[4], 4);
}

#[inline(always)]
fn turn(words: &mut Words, left: u32) {
    for word in &mut words[4..] {
        *word = word.rotl32(left);
    }
}

/// The eight rounds of a lane.
#[inline(never)]
fn permute(words: &mut Words, constants: &[[u32; 2]; 8]) {
    let mut a = *words;
    for [first, fifth] in constants {
        let [x, y] = [substituted([a[0], a[1], a[2], a[3]]), substituted([a[5], a[6], a[7], a[4]])];
        let (b, c) = (x, [y[3], y[0], y[1], y[2]]);
        for i in 0..4 {
            [a[i], a[i + 4]] = mixed(b[i], c[i]);
        }
        a[0] ^= V128::splat32(*first);
        a[4] ^= V128::splat32(*fifth);
    }
    *words = a;
}

/// The S-box as a circuit: the first word holds the least significant bits.
#[inline(always)]
fn substituted([a, b, c, d]: [V128; 4]) -> [V128; 4] {
    let (e, f) = (a | b, c ^ d);
    let g = !b ^ (d & a);
    let h = (d & a) ^ f;
    let i = e ^ d;
    let j = (f & i) ^ g;
    let k = g | h;
    let first = a ^ k;
    [first, k ^ !i, j & k, h ^ j]
}

#[inline(always)]
fn mixed(u: V128, v: V128) -> [V128; 2] {
    let v = v ^ u;
    let u = u.rotl32(2) ^ v;
    let v = v.rotl32(14) ^ u;
    let u = u.rotl32(10) ^ v;
    [u, v.rotl32(1)]
}

/// What the lanes begin with.
const IV: [[u32; 8]; 5] = [
    [0x6d25_1e69, 0x44b0_51e0, 0x4eaa_6fb4, 0xdbf7_8465, 0x6e29_2011, 0x9015_2df4, 0xee05_8139, 0xdef6_10bb],
    [0xc3b4_4b95, 0xd9d2_f256, 0x70ee_e9a0, 0xde09_9fa3, 0x5d9b_0557, 0x8fc9_44b3, 0xcf1c_cf0e, 0x746c_d581],
    [0xf7ef_c89d, 0x5dba_5781, 0x0401_6ce5, 0xad65_9c05, 0x0306_194f, 0x666d_1836, 0x24aa_230a, 0x8b26_4ae7],
    [0x8580_75d5, 0x36d7_9cce, 0xe571_f7d7, 0x204b_1f67, 0x3587_0c6a, 0x57e9_e923, 0x14bc_b808, 0x7cde_72ce],
    [0x6c68_e9be, 0x5ec4_1e22, 0xc825_b7c7, 0xaffb_4363, 0xf5df_3999, 0x0fc6_88f1, 0xb072_24cc, 0x03e8_6cea],
];

/// What rounds add to the words 0 and 4 of each lane.
const CONSTANTS: [[[u32; 2]; 8]; 5] = [
    [
        [0x3039_94a6, 0xe033_7818],
        [0xc0e6_5299, 0x441b_a90d],
        [0x6cc3_3a12, 0x7f34_d442],
        [0xdc56_983e, 0x9389_217f],
        [0x1e00_108f, 0xe5a8_bce6],
        [0x7800_423d, 0x5274_baf4],
        [0x8f5b_7882, 0x2688_9ba7],
        [0x96e1_db12, 0x9a22_6e9d],
    ],
    [
        [0xb6de_10ed, 0x0168_5f3d],
        [0x70f4_7aae, 0x05a1_7cf4],
        [0x0707_a3d4, 0xbd09_caca],
        [0x1c1e_8f51, 0xf427_2b28],
        [0x707a_3d45, 0x144a_e5cc],
        [0xaeb2_8562, 0xfaa7_ae2b],
        [0xbaca_1589, 0x2e48_f1c1],
        [0x40a4_6f3e, 0xb923_c704],
    ],
    [
        [0xfc20_d9d2, 0xe25e_72c1],
        [0x3455_2e25, 0xe623_bb72],
        [0x7ad8_818f, 0x5c58_a4a4],
        [0x8438_764a, 0x1e38_e2e7],
        [0xbb6d_e032, 0x78e3_8b9d],
        [0xedb7_80c8, 0x2758_6719],
        [0xd984_7356, 0x36ed_a57f],
        [0xa2c7_8434, 0x703a_ace7],
    ],
    [
        [0xb213_afa5, 0xe028_c9bf],
        [0xc84e_be95, 0x4475_6f91],
        [0x4e60_8a22, 0x7e8f_ce32],
        [0x56d8_58fe, 0x9565_48be],
        [0x343b_138f, 0xfe19_1be2],
        [0xd0ec_4e3d, 0x3cb2_26e5],
        [0x2ceb_4882, 0x5944_a28e],
        [0xb3ad_2208, 0xa1c4_c355],
    ],
    [
        [0xf0d2_e9e3, 0x5090_d577],
        [0xac11_d7fa, 0x2d19_25ab],
        [0x1bcb_66f2, 0xb464_96ac],
        [0x6f2d_9bc9, 0xd192_5ab0],
        [0x7860_2649, 0x2913_1ab6],
        [0x8eda_e952, 0x0fc0_53c3],
        [0x3b6b_a548, 0x3f01_4f0c],
        [0xedae_9520, 0xfc05_3c31],
    ],
];
