//! ECHO-512 of 64 bytes, sliced: a byte of a vector is one of the sixteen words of the state, its bits the messages, and
//! there is a vector for every bit of the sixteen bytes of a word. AES's ShiftRows is then a matter of which vectors are
//! taken, and ECHO's BigShiftRows and BigMixColumns are along a vector what AES's own are to a word.

use crate::Hashes;
use crate::aes::{AFFINE, Slices, Wiring, constant, mix_columns, slice, sub_bytes, times_x, turn};
use crate::vector::V128;

const ROUNDS: u8 = 10;

/// A state: sixteen bytes of every word.
type State = [Slices; 16];

/// The lower bits of a word's number, which the counter that is its key has in every round.
const NUMBER: Slices = constant([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
/// The words that the chaining value fills: the length of the hash in bits, its second byte 2.
const CHAINED: V128 = V128::new(u64::MAX, 0);

/// The first half of the hashes of eight messages.
#[inline(never)]
pub(crate) fn echo(hashes: &Hashes) -> [[V128; 2]; 8] {
    let mut state = absorb(hashes);
    let mut next = [[V128::ZERO; 8]; 16];
    let wiring = Wiring::AES.opaque();
    for number in 0..ROUNDS {
        state.iter_mut().for_each(sub_bytes);
        columns(&state, &mut next);
        add_counter(&mut next, number);
        next.iter_mut().for_each(sub_bytes);
        columns(&next, &mut state);
        for byte in &mut state {
            mix_columns(byte, &wiring);
        }
    }
    squeeze(&state, hashes)
}

/// The initial chaining value in words 0 to 7, the message in words 8 to 11, its padding behind.
#[inline(never)]
fn absorb(hashes: &Hashes) -> State {
    // Four bytes of four words each in every vector.
    let mut message = [[V128::ZERO; 8]; 4];
    for (at, hash) in hashes.iter().enumerate() {
        for (slices, bytes) in message.iter_mut().zip(turn(turn(*hash))) {
            slices[at] = bytes;
        }
    }
    let mut state = [[V128::ZERO; 8]; 16];
    for (four, slices) in state.as_chunks_mut::<4>().0.iter_mut().zip(&mut message) {
        slice(slices);
        for bit in 0..8 {
            four[0][bit] = four[0][bit].with_lane32::<2>(slices[bit].lane32::<0>());
            four[1][bit] = four[1][bit].with_lane32::<2>(slices[bit].lane32::<1>());
            four[2][bit] = four[2][bit].with_lane32::<2>(slices[bit].lane32::<2>());
            four[3][bit] = four[3][bit].with_lane32::<2>(slices[bit].lane32::<3>());
        }
    }
    let word = |number: usize| V128::new(0, 0xff << (number % 8 * 8));
    // A bit behind the message, the hash's length in bits, and the message's.
    state[0][7] ^= word(12);
    state[15][1] ^= word(14);
    state[1][1] ^= word(15) ^ CHAINED;
    state
}

/// ShiftRows and MixColumns of all words, and the constant of the S-boxes before.
#[inline(never)]
fn columns(state: &State, next: &mut State) {
    for (number, column) in next.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let bytes = [0, 1, 2, 3].map(|row| &state[(4 * number + 5 * row) % 16]);
        mix(bytes, column);
    }
}

#[inline(never)]
fn mix(bytes: [&Slices; 4], column: &mut [Slices; 4]) {
    let top = sums(&bytes, 7);
    let below = mix_bit::<0>(&bytes, column, top, top);
    let below = mix_bit::<1>(&bytes, column, below, top);
    let below = mix_bit::<2>(&bytes, column, below, top);
    let below = mix_bit::<3>(&bytes, column, below, top);
    let below = mix_bit::<4>(&bytes, column, below, top);
    let below = mix_bit::<5>(&bytes, column, below, top);
    let below = mix_bit::<6>(&bytes, column, below, top);
    mix_bit::<7>(&bytes, column, below, top);
}

/// A bit of each byte of a column and of the next one, added.
#[inline(always)]
fn sums(bytes: &[&Slices; 4], bit: usize) -> [V128; 4] {
    [0, 1, 2, 3].map(|row| bytes[row][bit] ^ bytes[(row + 1) % 4][bit])
}

/// One bit of a column, from the sums for the bit below and for the top one. Returns those for this bit.
#[inline(always)]
fn mix_bit<const BIT: usize>(
    bytes: &[&Slices; 4],
    column: &mut [Slices; 4],
    below: [V128; 4],
    top: [V128; 4],
) -> [V128; 4] {
    let sum = sums(bytes, BIT);
    for row in 0..4 {
        let rest = bytes[(row + 1) % 4][BIT] ^ sum[(row + 2) % 4];
        let mixed = rest ^ times_x(BIT, below[row], top[row]);
        column[row][BIT] = if AFFINE >> BIT & 1 == 1 { !mixed } else { mixed };
    }
    sum
}

/// The key of a word: a number that begins with the message's length in bits and counts on with every word.
#[inline(always)]
fn add_counter(state: &mut State, round: u8) {
    for bit in 0..4 {
        state[0][bit] ^= NUMBER[bit];
        state[0][bit + 4] ^= V128::splat64(0u64.wrapping_sub(u64::from(round >> bit & 1)));
    }
    state[1][1] = !state[1][1];
}

/// Words 0 and 1 of the new chaining value: those of the old one, of the message, and two of the state each.
#[inline(never)]
fn squeeze(state: &State, hashes: &Hashes) -> [[V128; 2]; 8] {
    // Two words of eight bytes each in every vector.
    let mut halves = [[V128::ZERO; 8]; 2];
    for (half, state) in halves.iter_mut().zip(state.as_chunks::<8>().0) {
        for bit in 0..8 {
            let both = |byte: usize| state[byte][bit] ^ state[byte][bit].swap64();
            let two = |byte: usize| both(byte).zip16_low(both(byte + 1));
            let four = |byte: usize| two(byte).zip32_low(two(byte + 2));
            half[bit] = four(0).zip64_low(four(4));
        }
        slice(half);
    }
    // The bytes with even numbers before those with odd ones.
    let apart = V128::new(0x0e0c_0a08_0604_0200, 0x0f0d_0b09_0705_0301);
    core::array::from_fn(|at| {
        let [low, high] = [halves[0][at].swizzle(apart), halves[1][at].swizzle(apart)];
        let chained = V128::new(512, 0);
        [low.zip64_low(high) ^ hashes[at][0] ^ chained, low.zip64_high(high) ^ hashes[at][1] ^ chained]
    })
}
