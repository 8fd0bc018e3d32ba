//! Keccak-512 of 64 bytes as it was submitted, with the padding from before SHA-3: two messages to a vector, a lane of 64
//! bits each.

use crate::Message;
use crate::vector::V128;

const ROUNDS: [u64; 24] = [
    0x0000_0000_0000_0001,
    0x0000_0000_0000_8082,
    0x8000_0000_0000_808a,
    0x8000_0000_8000_8000,
    0x0000_0000_0000_808b,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8009,
    0x0000_0000_0000_008a,
    0x0000_0000_0000_0088,
    0x0000_0000_8000_8009,
    0x0000_0000_8000_000a,
    0x0000_0000_8000_808b,
    0x8000_0000_0000_008b,
    0x8000_0000_0000_8089,
    0x8000_0000_0000_8003,
    0x8000_0000_0000_8002,
    0x8000_0000_0000_0080,
    0x0000_0000_0000_800a,
    0x8000_0000_8000_000a,
    0x8000_0000_8000_8081,
    0x8000_0000_0000_8080,
    0x0000_0000_8000_0001,
    0x8000_0000_8000_8008,
];

/// The first and the last bit of the padding, in the lane behind the message.
const PADDING: u64 = 0x8000_0000_0000_0001;

/// The hashes of an even number of messages.
#[inline(never)]
pub(crate) fn keccak(hashes: &mut [Message]) {
    for two in hashes.as_chunks_mut::<2>().0 {
        pair(two);
    }
}

#[inline(never)]
fn pair([first, second]: &mut [Message; 2]) {
    let mut a = [V128::ZERO; 25];
    for ((lanes, first), second) in a.as_chunks_mut::<2>().0.iter_mut().zip(&*first).zip(&*second) {
        *lanes = [first.zip64_low(*second), first.zip64_high(*second)];
    }
    a[8] = V128::splat64(PADDING);
    for constant in ROUNDS {
        a = round(&a);
        a[0] ^= V128::splat64(constant);
    }
    for ((lanes, first), second) in a.as_chunks::<2>().0.iter().zip(first).zip(second) {
        *first = lanes[0].zip64_low(lanes[1]);
        *second = lanes[0].zip64_high(lanes[1]);
    }
}

/// All of a round but its constant. Lane `x + 5·y` is column `x` of plane `y`.
#[inline(always)]
fn round(a: &[V128; 25]) -> [V128; 25] {
    let c: [V128; 5] = core::array::from_fn(|x| a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]);
    let d: [V128; 5] = core::array::from_fn(|x| c[(x + 4) % 5] ^ c[(x + 1) % 5].rotl64(1));
    macro_rules! lane {
        ($from:literal, $left:literal) => {
            (a[$from] ^ d[$from % 5]).rotl64($left)
        };
    }
    let planes = [
        [a[0] ^ d[0], lane!(6, 44), lane!(12, 43), lane!(18, 21), lane!(24, 14)],
        [lane!(3, 28), lane!(9, 20), lane!(10, 3), lane!(16, 45), lane!(22, 61)],
        [lane!(1, 1), lane!(7, 6), lane!(13, 25), lane!(19, 8), lane!(20, 18)],
        [lane!(4, 27), lane!(5, 36), lane!(11, 10), lane!(17, 15), lane!(23, 56)],
        [lane!(2, 62), lane!(8, 55), lane!(14, 39), lane!(15, 41), lane!(21, 2)],
    ];
    let mut next = [V128::ZERO; 25];
    for (next, b) in next.as_chunks_mut::<5>().0.iter_mut().zip(&planes) {
        *next = core::array::from_fn(|x| b[x] ^ b[(x + 2) % 5].and_not(b[(x + 1) % 5]));
    }
    next
}
