//! SIMD-512 of 64 bytes. The transform that expands a message is done for eight messages to a vector, a lane of 16 bits
//! each, the steps for four, a lane of 32 bits each.
//!
//! | file | holds |
//! |---|---|
//! | `expansion.rs` | from a block to the words of the steps |
//! | `steps.rs` | the compression |

mod expansion;
mod steps;

use crate::Hashes;
use crate::vector::{V128, transpose32};
use expansion::{LAST, expand};
use steps::{State, compress};

/// A block of the words that steps take, eight at a time.
type Words = [[V128; 8]; 32];

const IV: [u32; 32] = [
    0x0ba1_6b95,
    0x72f9_99ad,
    0x9fec_c2ae,
    0xba32_64fc,
    0x5e89_4929,
    0x8e9f_30e5,
    0x2f1d_aa37,
    0xf0f2_c558,
    0xac50_6643,
    0xa906_35a5,
    0xe25b_878b,
    0xaab7_878f,
    0x8881_7f7a,
    0x0a02_892b,
    0x559a_7550,
    0x598f_657e,
    0x7eef_60a1,
    0x6b70_e3e8,
    0x9c17_14d1,
    0xb958_e2a8,
    0xab02_675e,
    0xed1c_014f,
    0xcd8d_65bb,
    0xfdb7_a257,
    0x0925_4899,
    0xd699_c7bc,
    0x9019_b6dc,
    0x2b90_22e4,
    0x8fa1_4956,
    0x21bf_9bd3,
    0xb94d_0943,
    0x6ffd_dc22,
];

/// Bits of a message: what the block behind it says.
const BITS: u32 = 512;

/// The hashes of eight messages.
#[inline(never)]
pub(crate) fn simd(hashes: &mut Hashes) {
    let expanded = expand(hashes);
    let last = LAST.map(|words| words.map(V128::splat32));
    for (four, words) in hashes.as_chunks_mut::<4>().0.iter_mut().zip(&expanded) {
        quad(four, words, &last);
    }
}

#[inline(never)]
fn quad(hashes: &mut [[V128; 4]; 4], words: &Words, last: &Words) {
    let mut state: State = core::array::from_fn(|at| core::array::from_fn(|i| V128::splat32(IV[8 * at + i])));
    let mut block = [[V128::ZERO; 8]; 4];
    for (part, words) in block[..2].as_flattened_mut().as_chunks_mut::<4>().0.iter_mut().enumerate() {
        *words = transpose32([0, 1, 2, 3].map(|at| hashes[at][part]));
    }
    compress(&mut state, &block, words);
    block = [[V128::ZERO; 8]; 4];
    block[0][0] = V128::splat32(BITS);
    compress(&mut state, &block, last);
    for (part, words) in state[..2].as_flattened().as_chunks::<4>().0.iter().enumerate() {
        for (hash, vector) in hashes.iter_mut().zip(transpose32(*words)) {
            hash[part] = vector;
        }
    }
}
