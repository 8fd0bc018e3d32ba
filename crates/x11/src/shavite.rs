//! SHAvite-3-512 of 64 bytes, sliced: a byte of a vector is a byte of an AES state, its bits the messages.

use crate::Hashes;
use crate::aes::{Slices, Wiring, constant, round, slice};
use crate::vector::V128;

const ROUNDS: usize = 14;

/// The chaining value that hashing begins with, as 32-bit words.
const IV: [u32; 16] = [
    0x72fc_cdd8,
    0x79ca_4727,
    0x128a_077b,
    0x40d5_5aec,
    0xd190_1a06,
    0x430a_e307,
    0xb29f_5cd1,
    0xdf07_fbfc,
    0x8e45_d73d,
    0x681a_b538,
    0xbde8_6578,
    0xdd57_7e47,
    0xe275_eade,
    0x502d_9fcd,
    0xb935_7178,
    0x022a_4b9a,
];

/// What follows the message in its block: a bit, and the lengths of message and hash in bits.
const PADDING: [Slices; 4] = {
    let (mut first, mut message, mut hash) = ([0; 16], [0; 16], [0; 16]);
    first[0] = 0x80;
    message[15] = 2;
    hash[15] = 2;
    [constant(first), constant([0; 16]), constant(message), constant(hash)]
};

/// The message's length in bits, which goes into four of the subkeys: as words, one of them inverted, another order
/// each time. With the round of the subkey and its number in that.
const COUNTERS: [(usize, usize, Slices); 4] = [
    (1, 0, words([512, 0, 0, !0])),
    (5, 1, words([0, 0, 0, !512])),
    (9, 7, words([0, 0, 512, !0])),
    (13, 6, words([0, 512, 0, !0])),
];

const fn words([a, b, c, d]: [u32; 4]) -> Slices {
    let whole = a as u128 | (b as u128) << 32 | (c as u128) << 64 | (d as u128) << 96;
    constant(whole.to_le_bytes())
}

/// The four parts of the initial chaining value.
const PARTS: [Slices; 4] = {
    let mut parts = [[V128::ZERO; 8]; 4];
    let mut part = 0;
    while part < 4 {
        let at = 4 * part;
        parts[part] = words([IV[at], IV[at + 1], IV[at + 2], IV[at + 3]]);
        part += 1;
    }
    parts
};

/// The hashes of eight messages.
#[inline(never)]
pub(crate) fn shavite(hashes: &mut Hashes) {
    let mut keys = [[V128::ZERO; 8]; 8];
    let (message, padding) = keys.split_at_mut(4);
    for (at, hash) in hashes.iter().enumerate() {
        for (slices, bytes) in message.iter_mut().zip(hash) {
            slices[at] = *bytes;
        }
    }
    message.iter_mut().for_each(slice);
    padding.copy_from_slice(&PADDING);

    let mut result = encrypt(&mut keys);
    for (part, iv) in result.iter_mut().zip(&PARTS) {
        add(part, iv);
        slice(part);
    }
    for (at, hash) in hashes.iter_mut().enumerate() {
        *hash = core::array::from_fn(|part| result[part][at]);
    }
}

#[inline(always)]
fn add(to: &mut Slices, other: &Slices) {
    for (to, other) in to.iter_mut().zip(other) {
        *to ^= *other;
    }
}

/// Encrypts the initial chaining value by the message.
#[inline(never)]
fn encrypt(keys: &mut [Slices; 8]) -> [Slices; 4] {
    let wiring = Wiring::AES.opaque();
    let turned = Wiring::after_words(1).opaque();
    let mut state = PARTS;
    for number in 0..ROUNDS {
        match number {
            0 => {}
            _ if number % 2 == 1 => expand_by_rounds(keys, number, &turned),
            _ => expand_by_sums(keys),
        }
        // The parts change places after each round, of which only their numbers know.
        let part = |logical: usize| (logical + 4 * ROUNDS - number) % 4;
        // Both halves in turn: neither waits for the other, and a processor overlaps what is next to one another.
        let mut mixed = [state[part(1)], state[part(3)]];
        let (first, second) = keys.split_at(4);
        for (first, second) in first.iter().zip(second) {
            round(&mut mixed[0], first, &wiring);
            round(&mut mixed[1], second, &wiring);
        }
        add(&mut state[part(0)], &mixed[0]);
        add(&mut state[part(2)], &mixed[1]);
    }
    [0, 1, 2, 3].map(|logical| state[(logical + 4 * ROUNDS - ROUNDS) % 4])
}

/// The next eight subkeys: each a round of AES on the one eight before it, its words turned, plus the one before it.
#[inline(never)]
fn expand_by_rounds(keys: &mut [Slices; 8], number: usize, turned: &Wiring) {
    for at in 0..8 {
        let previous = keys[(at + 7) % 8];
        round(&mut keys[at], &[V128::ZERO; 8], turned);
        add(&mut keys[at], &previous);
        for (in_round, key, counter) in &COUNTERS {
            if (*in_round, *key) == (number, at) {
                add(&mut keys[at], counter);
            }
        }
    }
}

/// The next eight subkeys: each word plus the one 25 words after it.
#[inline(never)]
fn expand_by_sums(keys: &mut [Slices; 8]) {
    for at in 0..8 {
        let [two_before, before] = [6, 7].map(|back| keys[(at + back) % 8]);
        for (key, (two_before, before)) in keys[at].iter_mut().zip(two_before.into_iter().zip(before)) {
            *key ^= two_before.then::<4>(before);
        }
    }
}
