//! BMW-512 of 64 bytes, one message after the other: its rotations are one operation on 64-bit words, three on vectors.

use crate::Message;
use crate::vector::V128;
use core::num::Wrapping;

type Word = Wrapping<u64>;

/// The hashes of any number of messages.
#[inline(never)]
pub(crate) fn bmw(hashes: &mut [Message]) {
    for hash in hashes {
        let mut m = [Wrapping(0); 16];
        for (m, vector) in m.as_chunks_mut::<2>().0.iter_mut().zip(&*hash) {
            *m = vector.to_words().map(Wrapping);
        }
        m[8] = Wrapping(0x80);
        m[15] = Wrapping(512);
        let h = compress(&m, &IV);
        let last = compress(&h, &FINAL);
        for (vector, words) in hash.iter_mut().zip(last[8..].as_chunks::<2>().0) {
            *vector = V128::new(words[0].0, words[1].0);
        }
    }
}

/// The bytes from 0x80 on.
const IV: [Word; 16] = {
    let mut iv = [Wrapping(0); 16];
    let mut at = 0;
    while at < 16 {
        iv[at] = Wrapping(0x8081_8283_8485_8687 + at as u64 * 0x0808_0808_0808_0808);
        at += 1;
    }
    iv
};

/// The chaining value of the last compression.
const FINAL: [Word; 16] = {
    let mut words = [Wrapping(0); 16];
    let mut at = 0;
    while at < 16 {
        words[at] = Wrapping(0xaaaa_aaaa_aaaa_aaa0 + at as u64);
        at += 1;
    }
    words
};

/// The constant of one step of the expansion; step `i` has `i` times that.
const STEP: Word = Wrapping(0x0555_5555_5555_5555);

#[inline(always)]
fn rotl(x: Word, by: u32) -> Word {
    Wrapping(x.0.rotate_left(by))
}

/// Shifts and rotations that the paper numbers 0 to 3.
#[inline(always)]
fn s<const NUMBER: usize>(x: Word) -> Word {
    let [right, left, first, second] =
        [[1, 3, 4, 37], [1, 2, 13, 43], [2, 1, 19, 53], [2, 2, 28, 59]][NUMBER];
    (x >> right) ^ (x << left) ^ rotl(x, first as u32) ^ rotl(x, second as u32)
}

/// The ones numbered 4 and 5.
#[inline(always)]
fn s_short<const NUMBER: usize>(x: Word) -> Word {
    (x >> (NUMBER - 3)) ^ x
}

#[inline(never)]
fn compress(m: &[Word; 16], h: &[Word; 16]) -> [Word; 16] {
    let mut q = [Wrapping(0); 32];
    first_half(m, h, &mut q);
    second_half(m, h, &mut q);
    fold(m, &q)
}

#[inline(always)]
fn first_half(m: &[Word; 16], h: &[Word; 16], q: &mut [Word; 32]) {
    let z: [Word; 16] = core::array::from_fn(|i| m[i] ^ h[i]);
    q[0] = s::<0>(z[5] - z[7] + z[10] + z[13] + z[14]) + h[1];
    q[1] = s::<1>(z[6] - z[8] + z[11] + z[14] - z[15]) + h[2];
    q[2] = s::<2>(z[0] + z[7] + z[9] - z[12] + z[15]) + h[3];
    q[3] = s::<3>(z[0] - z[1] + z[8] - z[10] + z[13]) + h[4];
    q[4] = s_short::<4>(z[1] + z[2] + z[9] - z[11] - z[14]) + h[5];
    q[5] = s::<0>(z[3] - z[2] + z[10] - z[12] + z[15]) + h[6];
    q[6] = s::<1>(z[4] - z[0] - z[3] - z[11] + z[13]) + h[7];
    q[7] = s::<2>(z[1] - z[4] - z[5] - z[12] - z[14]) + h[8];
    q[8] = s::<3>(z[2] - z[5] - z[6] + z[13] - z[15]) + h[9];
    q[9] = s_short::<4>(z[0] - z[3] + z[6] - z[7] + z[14]) + h[10];
    q[10] = s::<0>(z[8] - z[1] - z[4] - z[7] + z[15]) + h[11];
    q[11] = s::<1>(z[8] - z[0] - z[2] - z[5] + z[9]) + h[12];
    q[12] = s::<2>(z[1] + z[3] - z[6] - z[9] + z[10]) + h[13];
    q[13] = s::<3>(z[2] + z[4] + z[7] + z[10] + z[11]) + h[14];
    q[14] = s_short::<4>(z[3] - z[5] + z[8] - z[11] - z[12]) + h[15];
    q[15] = s::<0>(z[12] - z[4] - z[6] - z[9] + z[13]) + h[0];
}

#[inline(always)]
fn second_half(m: &[Word; 16], h: &[Word; 16], q: &mut [Word; 32]) {
    expand_fully::<0>(m, h, q);
    expand_fully::<1>(m, h, q);
    // Of the seven words that a step takes as they are, the next but one takes six again: their sum is kept.
    let mut sums = [0, 1].map(|odd| (0..7).map(|k| q[2 + odd + 2 * k]).sum());
    expand::<2>(m, h, q, &mut sums[0]);
    expand::<3>(m, h, q, &mut sums[1]);
    expand::<4>(m, h, q, &mut sums[0]);
    expand::<5>(m, h, q, &mut sums[1]);
    expand::<6>(m, h, q, &mut sums[0]);
    expand::<7>(m, h, q, &mut sums[1]);
    expand::<8>(m, h, q, &mut sums[0]);
    expand::<9>(m, h, q, &mut sums[1]);
    expand::<10>(m, h, q, &mut sums[0]);
    expand::<11>(m, h, q, &mut sums[1]);
    expand::<12>(m, h, q, &mut sums[0]);
    expand::<13>(m, h, q, &mut sums[1]);
    expand::<14>(m, h, q, &mut sums[0]);
    expand::<15>(m, h, q, &mut sums[1]);
}

/// What message and chaining value add to word 16 + `J`.
#[inline(always)]
fn added<const J: usize>(m: &[Word; 16], h: &[Word; 16]) -> Word {
    let turned = |at: usize| rotl(m[at % 16], (at % 16 + 1) as u32);
    let constant = STEP * Wrapping(16 + J as u64);
    (turned(J) + turned(J + 3) - turned(J + 10) + constant) ^ h[(J + 7) % 16]
}

/// One of the two words that all of the sixteen before them go into.
#[inline(always)]
fn expand_fully<const J: usize>(m: &[Word; 16], h: &[Word; 16], q: &mut [Word; 32]) {
    let four = |at: usize| s::<1>(q[at]) + s::<2>(q[at + 1]) + s::<3>(q[at + 2]) + s::<0>(q[at + 3]);
    q[16 + J] = four(J) + four(J + 4) + four(J + 8) + four(J + 12) + added::<J>(m, h);
}

/// One of the others. `sum` is that of the words 0, 2, … 12 before it and becomes that for the next step but one.
#[inline(always)]
fn expand<const J: usize>(m: &[Word; 16], h: &[Word; 16], q: &mut [Word; 32], sum: &mut Word) {
    let turned = rotl(q[J + 1], 5)
        + rotl(q[J + 3], 11)
        + rotl(q[J + 5], 27)
        + rotl(q[J + 7], 32)
        + rotl(q[J + 9], 37)
        + rotl(q[J + 11], 43)
        + rotl(q[J + 13], 53);
    q[16 + J] = *sum + turned + s_short::<4>(q[14 + J]) + s_short::<5>(q[15 + J]) + added::<J>(m, h);
    *sum += q[J + 14] - q[J];
}

#[inline(always)]
fn fold(m: &[Word; 16], q: &[Word; 32]) -> [Word; 16] {
    let low = q[16] ^ q[17] ^ q[18] ^ q[19] ^ q[20] ^ q[21] ^ q[22] ^ q[23];
    let high = low ^ q[24] ^ q[25] ^ q[26] ^ q[27] ^ q[28] ^ q[29] ^ q[30] ^ q[31];
    let mut h = [Wrapping(0); 16];
    h[0] = ((high << 5) ^ (q[16] >> 5) ^ m[0]) + (low ^ q[24] ^ q[0]);
    h[1] = ((high >> 7) ^ (q[17] << 8) ^ m[1]) + (low ^ q[25] ^ q[1]);
    h[2] = ((high >> 5) ^ (q[18] << 5) ^ m[2]) + (low ^ q[26] ^ q[2]);
    h[3] = ((high >> 1) ^ (q[19] << 5) ^ m[3]) + (low ^ q[27] ^ q[3]);
    h[4] = ((high >> 3) ^ q[20] ^ m[4]) + (low ^ q[28] ^ q[4]);
    h[5] = ((high << 6) ^ (q[21] >> 6) ^ m[5]) + (low ^ q[29] ^ q[5]);
    h[6] = ((high >> 4) ^ (q[22] << 6) ^ m[6]) + (low ^ q[30] ^ q[6]);
    h[7] = ((high >> 11) ^ (q[23] << 2) ^ m[7]) + (low ^ q[31] ^ q[7]);
    let rest =
        |shifted: Word, i: usize| (high ^ q[24 + i] ^ m[8 + i]) + (shifted ^ q[16 + (i + 7) % 8] ^ q[8 + i]);
    h[8] = rotl(h[4], 9) + rest(low << 8, 0);
    h[9] = rotl(h[5], 10) + rest(low >> 6, 1);
    h[10] = rotl(h[6], 11) + rest(low << 6, 2);
    h[11] = rotl(h[7], 12) + rest(low << 4, 3);
    h[12] = rotl(h[0], 13) + rest(low >> 3, 4);
    h[13] = rotl(h[1], 14) + rest(low >> 4, 5);
    h[14] = rotl(h[2], 15) + rest(low >> 7, 6);
    h[15] = rotl(h[3], 16) + rest(low >> 2, 7);
    h
}
