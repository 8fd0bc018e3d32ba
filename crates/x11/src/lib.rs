#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

mod aes;
mod blake;
mod bmw;
mod cubehash;
mod echo;
mod groestl;
mod jh;
mod keccak;
mod luffa;
mod shavite;
mod simd;
mod skein;
mod vector;

use vector::V128;

/// Bytes of an input: a block header's.
pub const LEN: usize = 80;
/// Bytes of a hash.
pub const HASH_LEN: usize = 32;
/// Inputs that are hashed together.
pub const LANES: usize = 8;

/// What one function hands to the next: 64 bytes.
type Message = [V128; 4];

/// Those of all lanes.
type Hashes = [Message; LANES];

/// The hashes of eight inputs.
pub fn hash_eight(inputs: &[[u8; LEN]; LANES]) -> [[u8; HASH_LEN]; LANES] {
    chain(inputs, LANES)
}

/// The hashes of any number of inputs, in their order. Those beyond a multiple of [`LANES`] take most of the time of eight.
pub fn hash_batch(inputs: &[[u8; LEN]], mut each: impl FnMut([u8; HASH_LEN])) {
    let (eights, rest) = inputs.as_chunks::<LANES>();
    for eight in eights {
        hash_eight(eight).into_iter().for_each(&mut each);
    }
    if !rest.is_empty() {
        let mut padded = [[0; LEN]; LANES];
        padded[..rest.len()].copy_from_slice(rest);
        chain(&padded, rest.len()).into_iter().take(rest.len()).for_each(each);
    }
}

/// The hash of one input. It takes more than half of the time of eight.
pub fn hash(input: &[u8; LEN]) -> [u8; HASH_LEN] {
    let mut padded = [[0; LEN]; LANES];
    padded[0] = *input;
    let [hash, ..] = chain(&padded, 1);
    hash
}

/// The hashes of the first inputs, so many of them. What takes messages by ones, twos or fours leaves the others out.
fn chain(inputs: &[[u8; LEN]; LANES], used: usize) -> [[u8; HASH_LEN]; LANES] {
    let (twos, fours) = (used.next_multiple_of(2), used.next_multiple_of(4));
    let mut hashes = [[V128::ZERO; 4]; LANES];
    blake::blake(&inputs[..twos], &mut hashes[..twos]);
    bmw::bmw(&mut hashes[..used]);
    groestl::groestl(&mut hashes);
    skein::skein(&mut hashes[..twos]);
    jh::jh(&mut hashes);
    keccak::keccak(&mut hashes[..twos]);
    luffa::luffa(&mut hashes[..fours]);
    cubehash::cubehash(&mut hashes[..twos]);
    shavite::shavite(&mut hashes);
    simd::simd(&mut hashes, used);
    let mut first = [[0; HASH_LEN]; LANES];
    for (hash, halves) in first.iter_mut().zip(echo::echo(&hashes)) {
        for (bytes, half) in hash.as_chunks_mut::<16>().0.iter_mut().zip(halves) {
            *bytes = half.to_bytes();
        }
    }
    first
}

#[cfg(test)]
mod tests;
