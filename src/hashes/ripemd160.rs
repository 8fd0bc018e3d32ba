//! RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996).
//!
//! Two lines of five rounds of sixteen steps work on the message side by side, and are added up at its end. The lines
//! differ in the order in which they take the message's words, in how far they rotate, in their functions, which the
//! right line takes in the opposite order, and in their constants.

/// The state before the first block.
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// From a round's order of words to the next one's.
const PERMUTATION: [u8; 16] = [7, 4, 13, 1, 10, 6, 15, 3, 12, 0, 9, 5, 2, 14, 11, 8];

/// What is different between the lines.
struct Line {
    /// The order of words in the first round.
    words: [u8; 16],
    /// How far each step of each round rotates.
    rotations: [[u8; 16]; 5],
    /// What each round adds.
    constants: [u32; 5],
    /// The function of the first round; the others follow, or precede.
    first_function: usize,
}

const LEFT: Line = Line {
    words: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    rotations: [
        [11, 14, 15, 12, 5, 8, 7, 9, 11, 13, 14, 15, 6, 7, 9, 8],
        [7, 6, 8, 13, 11, 9, 7, 15, 7, 12, 15, 9, 11, 7, 13, 12],
        [11, 13, 6, 7, 14, 9, 13, 15, 14, 8, 13, 6, 5, 12, 7, 5],
        [11, 12, 14, 15, 14, 15, 9, 8, 9, 14, 5, 6, 8, 6, 5, 12],
        [9, 15, 5, 11, 6, 8, 13, 12, 5, 12, 13, 14, 11, 8, 5, 6],
    ],
    constants: [0, 0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xa953_fd4e],
    first_function: 0,
};

const RIGHT: Line = Line {
    words: [5, 14, 7, 0, 9, 2, 11, 4, 13, 6, 15, 8, 1, 10, 3, 12],
    rotations: [
        [8, 9, 9, 11, 13, 15, 15, 5, 7, 7, 8, 11, 14, 14, 12, 6],
        [9, 13, 15, 7, 12, 8, 9, 11, 7, 7, 12, 7, 6, 15, 13, 11],
        [9, 7, 15, 11, 8, 6, 6, 14, 12, 13, 5, 14, 13, 13, 7, 5],
        [15, 5, 8, 11, 14, 14, 6, 14, 6, 9, 12, 9, 12, 5, 15, 8],
        [8, 5, 12, 9, 12, 5, 14, 6, 8, 13, 6, 5, 15, 13, 11, 11],
    ],
    constants: [0x50a2_8be6, 0x5c4d_d124, 0x6d70_3ef3, 0x7a6d_76e9, 0],
    first_function: 4,
};

/// The hash of 32 bytes, which are one block with what fills it up.
pub fn of_hash(hash: &[u8; 32]) -> [u8; 20] {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(hash.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    // The bit after the message, and the message's length in bits.
    words[8] = 0x80;
    words[14] = 256;
    let (left, right) = (LEFT.run(&words), RIGHT.run(&words));
    let mut out = [0; 20];
    for (at, bytes) in out.as_chunks_mut().0.iter_mut().enumerate() {
        let sum = START[(at + 1) % 5].wrapping_add(left[(at + 2) % 5]).wrapping_add(right[(at + 3) % 5]);
        *bytes = sum.to_le_bytes();
    }
    out
}

impl Line {
    /// The line's state after a first block.
    fn run(&self, message: &[u32; 16]) -> [u32; 5] {
        let [mut a, mut b, mut c, mut d, mut e] = START;
        let mut order = self.words;
        for round in 0..5 {
            for (word, rotation) in order.iter().zip(&self.rotations[round]) {
                let mixed = function(self.first_function.abs_diff(round), b, c, d);
                let sum = a
                    .wrapping_add(mixed)
                    .wrapping_add(message[usize::from(*word)])
                    .wrapping_add(self.constants[round]);
                let next = sum.rotate_left(u32::from(*rotation)).wrapping_add(e);
                (a, b, c, d, e) = (e, next, b, c.rotate_left(10), d);
            }
            order = order.map(|word| PERMUTATION[usize::from(word)]);
        }
        [a, b, c, d, e]
    }
}

/// The five functions of the left line's rounds.
fn function(number: usize, x: u32, y: u32, z: u32) -> u32 {
    match number {
        0 => x ^ y ^ z,
        1 => (x & y) | (!x & z),
        2 => (x | !y) ^ z,
        3 => (x & z) | (y & !z),
        _ => x ^ (y | !z),
    }
}
