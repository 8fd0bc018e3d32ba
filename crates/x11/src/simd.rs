//! SIMD-512 of 64 bytes. The transform that expands a message is done for eight messages to a vector, a lane of 16 bits
//! each, the steps one message after the other, four of its words to a vector.
//!
//! | file | holds |
//! |---|---|
//! | `expansion.rs` | from a block to the words of the steps |
//! | `steps.rs` | the compression |

mod expansion;
mod steps;

use crate::vector::V128;
use crate::{Hashes, LANES};
use expansion::{LAST, expand};
use steps::{State, compress};

/// Eight words of 32 bits.
type Eight = [V128; 2];

/// The words that steps take, eight each.
type Words = [Eight; 32];

const IV: State = [
    [
        V128::new(0x72f9_99ad_0ba1_6b95, 0xba32_64fc_9fec_c2ae),
        V128::new(0x8e9f_30e5_5e89_4929, 0xf0f2_c558_2f1d_aa37),
    ],
    [
        V128::new(0xa906_35a5_ac50_6643, 0xaab7_878f_e25b_878b),
        V128::new(0x0a02_892b_8881_7f7a, 0x598f_657e_559a_7550),
    ],
    [
        V128::new(0x6b70_e3e8_7eef_60a1, 0xb958_e2a8_9c17_14d1),
        V128::new(0xed1c_014f_ab02_675e, 0xfdb7_a257_cd8d_65bb),
    ],
    [
        V128::new(0xd699_c7bc_0925_4899, 0x2b90_22e4_9019_b6dc),
        V128::new(0x21bf_9bd3_8fa1_4956, 0x6ffd_dc22_b94d_0943),
    ],
];

/// Bits of a message: what the block behind it says.
const BITS: u32 = 512;

/// The hashes of the first messages, so many of eight.
#[inline(never)]
pub(crate) fn simd(hashes: &mut Hashes, used: usize) {
    let mut expanded = [[[V128::ZERO; 2]; 32]; LANES];
    expand(hashes, &mut expanded);
    for (hash, words) in hashes.iter_mut().zip(&expanded).take(used) {
        let mut state = IV;
        let [a, b, c, d] = *hash;
        compress(&mut state, &[[a, b], [c, d], [V128::ZERO; 2], [V128::ZERO; 2]], words);
        let length = V128::new(BITS as u64, 0);
        let block = [[length, V128::ZERO], [V128::ZERO; 2], [V128::ZERO; 2], [V128::ZERO; 2]];
        compress(&mut state, &block, &LAST);
        *hash = [state[0][0], state[0][1], state[1][0], state[1][1]];
    }
}
