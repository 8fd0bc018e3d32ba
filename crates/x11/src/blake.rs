//! BLAKE-512 of 80 bytes: two messages to a vector, a lane of 64 bits each.

use crate::vector::V128;
use crate::{LEN, Message};

const ROUNDS: usize = 16;
/// Bytes of a word, the other way round: BLAKE's words are big-endian.
const REVERSED: V128 = V128::new(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
/// What it counts: bits of the message.
const BITS: u64 = LEN as u64 * 8;

const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

const C: [u64; 16] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
    0x2ffd_72db_d01a_dfb7,
    0xb8e1_afed_6a26_7e96,
    0xba7c_9045_f12c_7f99,
    0x24a1_9947_b391_6cf7,
    0x0801_f2e2_858e_fc16,
    0x6369_20d8_7157_4e69,
];

/// The order of message words in a round, a hexadecimal digit each.
const SIGMA: [[u8; 16]; 10] = [
    digits(0x0123_4567_89ab_cdef),
    digits(0xea48_9fd6_1c02_b753),
    digits(0xb8c0_52fd_ae36_7194),
    digits(0x7931_dcbe_265a_40f8),
    digits(0x9057_24af_e1bc_683d),
    digits(0x2c6a_0b83_4d75_fe19),
    digits(0xc51f_ed4a_0763_928b),
    digits(0xdb7e_c139_50f4_862a),
    digits(0x6fe9_b308_c2d7_14a5),
    digits(0xa284_7615_fb9e_3cd0),
];

const fn digits(row: u64) -> [u8; 16] {
    let mut digits = [0; 16];
    let mut at = 0;
    while at < 16 {
        digits[at] = (row >> (60 - 4 * at) & 15) as u8;
        at += 1;
    }
    digits
}

/// The hashes of an even number of messages.
#[inline(never)]
pub(crate) fn blake(inputs: &[[u8; LEN]], out: &mut [Message]) {
    for (two, out) in inputs.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<2>().0) {
        pair(two, out);
    }
}

#[inline(never)]
fn pair([first, second]: &[[u8; LEN]; 2], out: &mut [Message; 2]) {
    let mut m = [V128::ZERO; 16];
    let words = first.as_chunks::<8>().0.iter().zip(second.as_chunks::<8>().0);
    for (m, (first, second)) in m.iter_mut().zip(words) {
        *m = V128::new(u64::from_le_bytes(*first), u64::from_le_bytes(*second)).swizzle(REVERSED);
    }
    m[10] = V128::splat64(1 << 63);
    m[13] = V128::splat64(1);
    m[15] = V128::splat64(BITS);

    let hash = compress(&m);
    for half in 0..4 {
        let [a, b] = [hash[2 * half], hash[2 * half + 1]].map(|word| word.swizzle(REVERSED));
        out[0][half] = a.zip64_low(b);
        out[1][half] = a.zip64_high(b);
    }
}

#[inline(always)]
fn compress(m: &[V128; 16]) -> [V128; 8] {
    let h = IV.map(V128::splat64);
    let c = |at: usize| V128::splat64(C[at]);
    let counted = |at: usize| V128::splat64(C[at] ^ BITS);
    let mut v = [V128::ZERO; 16];
    v[..8].copy_from_slice(&h);
    v[8..].copy_from_slice(&[c(0), c(1), c(2), c(3), counted(4), counted(5), c(6), c(7)]);
    for round in 0..ROUNDS {
        let s = &SIGMA[round % 10];
        mix(&mut v, [0, 4, 8, 12], m, s[0], s[1]);
        mix(&mut v, [1, 5, 9, 13], m, s[2], s[3]);
        mix(&mut v, [2, 6, 10, 14], m, s[4], s[5]);
        mix(&mut v, [3, 7, 11, 15], m, s[6], s[7]);
        mix(&mut v, [0, 5, 10, 15], m, s[8], s[9]);
        mix(&mut v, [1, 6, 11, 12], m, s[10], s[11]);
        mix(&mut v, [2, 7, 8, 13], m, s[12], s[13]);
        mix(&mut v, [3, 4, 9, 14], m, s[14], s[15]);
    }
    core::array::from_fn(|i| h[i] ^ v[i] ^ v[i + 8])
}

#[inline(always)]
fn mix(v: &mut [V128; 16], [a, b, c, d]: [usize; 4], m: &[V128; 16], x: u8, y: u8) {
    let (x, y) = (usize::from(x & 15), usize::from(y & 15));
    v[a] = v[a].add64(v[b]).add64(m[x] ^ V128::splat64(C[y]));
    v[d] = (v[d] ^ v[a]).swap32();
    v[c] = v[c].add64(v[d]);
    v[b] = (v[b] ^ v[c]).rotl64(39);
    v[a] = v[a].add64(v[b]).add64(m[y] ^ V128::splat64(C[x]));
    v[d] = (v[d] ^ v[a]).rotl64(48);
    v[c] = v[c].add64(v[d]);
    v[b] = (v[b] ^ v[c]).rotl64(53);
}
