//! From messages to slices and back.

use super::Slices;
use crate::vector::V128;

/// Sixteen bytes of each of eight messages into slices, or back: an 8 × 8 matrix of bits at every byte, transposed.
#[inline(never)]
pub(crate) fn slice(vectors: &mut Slices) {
    swap_bits::<4>(vectors, V128::splat8(0x0f));
    swap_bits::<2>(vectors, V128::splat8(0x33));
    swap_bits::<1>(vectors, V128::splat8(0x55));
}

/// Changes the upper bits of one vector for the lower ones of that `STEP` places further, `STEP` bits at a time.
#[inline(always)]
fn swap_bits<const STEP: u32>(vectors: &mut Slices, low: V128) {
    for i in 0..4 {
        let step = STEP as usize;
        let a = i / step * 2 * step + i % step;
        let b = a + step;
        let moved = (vectors[a].shr64(STEP) ^ vectors[b]) & low;
        vectors[b] ^= moved;
        vectors[a] ^= moved.shl64(STEP);
    }
}

/// The slices of bytes that are the same in all messages.
pub(crate) const fn constant(bytes: [u8; 16]) -> Slices {
    let mut slices = [V128::ZERO; 8];
    let mut bit = 0;
    while bit < 8 {
        let mut spread = [0; 16];
        let mut at = 0;
        while at < 16 {
            spread[at] = if bytes[at] >> bit & 1 == 1 { 0xff } else { 0 };
            at += 1;
        }
        slices[bit] = V128::from_bytes(spread);
        bit += 1;
    }
    slices
}

/// 64 bytes in another order: the upper half of them between the lower. In the number of a byte's place, six bits, that
/// turns the bits by one to the left, so that three times transposes an 8 × 8 matrix of bytes.
#[inline(always)]
pub(crate) fn turn([a, b, c, d]: [V128; 4]) -> [V128; 4] {
    [a.zip8_low(c), a.zip8_high(c), b.zip8_low(d), b.zip8_high(d)]
}
