//! Just as much of the field of BLS12-381's keys as sums of points need: blst keeps its own to itself.
//!
//! Elements are in Montgomery form with R = 2^390 and always below the modulus. A limb has 30 bits: WebAssembly
//! multiplies 32 bits at most without losing any, and 64 bits hold the sum of 13 products of 30, so that within a column
//! none waits for another one's carry. That takes about half the time of limbs of 32 bits. Columns are written out,
//! since limbs stay in registers like this however the crate is optimised. Only public values go through here: nothing
//! takes constant time.

use blst::{blst_fp, blst_p1, p1_affines};

const LIMBS: usize = 13;
/// Bits of a limb.
const BITS: usize = 30;
const MASK: u32 = (1 << BITS) - 1;
const WIDE_MASK: u64 = MASK as u64;

/// The modulus, from its lowest limb on.
const MODULUS: [u32; LIMBS] = [
    0x3fff_aaab,
    0x27fb_ffff,
    0x153f_fffb,
    0x2aff_ffac,
    0x30f6_241e,
    0x034a_83da,
    0x112b_f673,
    0x12e1_3ce1,
    0x2cd7_6477,
    0x1ed9_0d2e,
    0x29a4_b1ba,
    0x3a8e_5ff9,
    0x001a_0111,
];

/// The negated inverse of the modulus, modulo 2^30.
const INVERSE: u32 = 0x3ffc_fffd;

/// The sum of the products of two lists of limbs, place by place; 64 bits hold 15 of them.
macro_rules! dot {
    ([$($a:ident)*] [$($b:ident)*]) => { 0 $(+ u64::from($a) * u64::from($b))* };
}

/// An array of limbs by their place, the lowest first, written out.
macro_rules! limbs {
    ($at:ident => $limb:expr) => { limbs!(0 1 2 3 4 5 6 7 8 9 10 11 12; $at $limb) };
    ($($place:literal)*; $at:ident $limb:expr) => { [$({ let $at = $place; $limb }),*] };
}

/// An element of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Fp([u32; LIMBS]);

impl Fp {
    pub const ZERO: Self = Self([0; LIMBS]);

    /// R modulo the modulus.
    pub const ONE: Self = Self([
        0x00d1_ff2e,
        0x19d8_0000,
        0x3480_0ac4,
        0x2e00_cde6,
        0x0243_1c84,
        0x269f_83a2,
        0x3dcf_80dd,
        0x09b4_2da0,
        0x25ee_c26c,
        0x15d9_8f12,
        0x04b2_9f14,
        0x259f_cfa0,
        0x0001_5de9,
    ]);

    /// 2^396 modulo the modulus: the product with it turns blst's form, whose R is 2^384, into this one.
    const FROM_BLST: Self = Self([
        0x3480_cb7f,
        0x3e0c_0000,
        0x2042_b126,
        0x3f33_7aaf,
        0x3de4_b4d1,
        0x1e01_5cf1,
        0x005c_540d,
        0x3467_b19a,
        0x352a_6da3,
        0x19d8_9d19,
        0x2fb9_afe6,
        0x3848_c817,
        0x0009_772f,
    ]);

    /// 2^384 modulo the modulus: the way back.
    const TO_BLST: Self = Self([
        0x0002_fffd,
        0x1824_0000,
        0x00c0_0027,
        0x3d00_02f1,
        0x0758_baeb,
        0x2261_5d4f,
        0x2574_55f4,
        0x1614_dc14,
        0x2c6d_77ce,
        0x2a5e_895b,
        0x0935_c071,
        0x30fe_a039,
        0x0015_f65e,
    ]);

    pub fn from_blst(value: &blst_fp) -> Self {
        let limbs = std::array::from_fn(|at| {
            let (word, shift) = (at * BITS / 64, at * BITS % 64);
            let above = value.l.get(word + 1).copied().unwrap_or(0);
            let bits = (u128::from(above) << 64 | u128::from(value.l[word])) >> shift;
            bits as u32 & MASK
        });
        Self(limbs).mul(Self::FROM_BLST)
    }

    pub fn to_blst(self) -> blst_fp {
        let mut words = [0; 6];
        for (at, limb) in self.mul(Self::TO_BLST).0.into_iter().enumerate() {
            let (word, shift) = (at * BITS / 64, at * BITS % 64);
            let bits = u128::from(limb) << shift;
            words[word] |= bits as u64;
            if let Some(above) = words.get_mut(word + 1) {
                *above |= (bits >> 64) as u64;
            }
        }
        blst_fp { l: words }
    }

    #[inline(never)]
    pub fn add(self, other: Self) -> Self {
        let mut carry = 0;
        let sum = limbs!(at => {
            carry = (carry >> BITS) + self.0[at] + other.0[at];
            carry & MASK
        });
        // The modulus leaves nine bits free: nothing is carried out of the last limb.
        Self(sum).reduced()
    }

    #[inline(never)]
    pub fn sub(self, other: Self) -> Self {
        let (difference, below) = self.minus(&other.0);
        let mut carry = 0;
        Self(limbs!(at => {
            carry = (carry >> BITS) + difference.0[at] + (MODULUS[at] & below);
            carry & MASK
        }))
    }

    pub fn neg(self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Montgomery's product: the sum of each column, which is then reduced.
    #[inline(never)]
    pub fn mul(self, other: Self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12] = self.0;
        let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12] = other.0;
        reduce([
            dot!([a0][b0]),
            dot!([a0 a1] [b1 b0]),
            dot!([a0 a1 a2] [b2 b1 b0]),
            dot!([a0 a1 a2 a3] [b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4] [b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5] [b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6] [b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7] [b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7 a8] [b8 b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7 a8 a9] [b9 b8 b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10] [b10 b9 b8 b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11] [b11 b10 b9 b8 b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5 b4 b3 b2 b1 b0]),
            dot!([a1 a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5 b4 b3 b2 b1]),
            dot!([a2 a3 a4 a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5 b4 b3 b2]),
            dot!([a3 a4 a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5 b4 b3]),
            dot!([a4 a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5 b4]),
            dot!([a5 a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6 b5]),
            dot!([a6 a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7 b6]),
            dot!([a7 a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8 b7]),
            dot!([a8 a9 a10 a11 a12] [b12 b11 b10 b9 b8]),
            dot!([a9 a10 a11 a12] [b12 b11 b10 b9]),
            dot!([a10 a11 a12] [b12 b11 b10]),
            dot!([a11 a12] [b12 b11]),
            dot!([a12][b12]),
        ])
    }

    /// The product with itself: what a column holds twice is multiplied once.
    #[inline(never)]
    pub fn square(self) -> Self {
        let [a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12] = self.0;
        reduce([
            dot!([a0][a0]),
            2 * dot!([a0][a1]),
            2 * dot!([a0][a2]) + dot!([a1][a1]),
            2 * dot!([a0 a1] [a3 a2]),
            2 * dot!([a0 a1] [a4 a3]) + dot!([a2][a2]),
            2 * dot!([a0 a1 a2] [a5 a4 a3]),
            2 * dot!([a0 a1 a2] [a6 a5 a4]) + dot!([a3][a3]),
            2 * dot!([a0 a1 a2 a3] [a7 a6 a5 a4]),
            2 * dot!([a0 a1 a2 a3] [a8 a7 a6 a5]) + dot!([a4][a4]),
            2 * dot!([a0 a1 a2 a3 a4] [a9 a8 a7 a6 a5]),
            2 * dot!([a0 a1 a2 a3 a4] [a10 a9 a8 a7 a6]) + dot!([a5][a5]),
            2 * dot!([a0 a1 a2 a3 a4 a5] [a11 a10 a9 a8 a7 a6]),
            2 * dot!([a0 a1 a2 a3 a4 a5] [a12 a11 a10 a9 a8 a7]) + dot!([a6][a6]),
            2 * dot!([a1 a2 a3 a4 a5 a6] [a12 a11 a10 a9 a8 a7]),
            2 * dot!([a2 a3 a4 a5 a6] [a12 a11 a10 a9 a8]) + dot!([a7][a7]),
            2 * dot!([a3 a4 a5 a6 a7] [a12 a11 a10 a9 a8]),
            2 * dot!([a4 a5 a6 a7] [a12 a11 a10 a9]) + dot!([a8][a8]),
            2 * dot!([a5 a6 a7 a8] [a12 a11 a10 a9]),
            2 * dot!([a6 a7 a8] [a12 a11 a10]) + dot!([a9][a9]),
            2 * dot!([a7 a8 a9] [a12 a11 a10]),
            2 * dot!([a8 a9] [a12 a11]) + dot!([a10][a10]),
            2 * dot!([a9 a10] [a12 a11]),
            2 * dot!([a10][a12]) + dot!([a11][a11]),
            2 * dot!([a11][a12]),
            dot!([a12][a12]),
        ])
    }

    /// 1 / `self`; zero has none and gives zero. blst inverts when it turns a point with the coordinate Z into one
    /// without: of (1, 1, Z) that leaves 1 / Z³.
    pub fn invert(self) -> Self {
        let one = Self::ONE.to_blst();
        let point = p1_affines::from(&[blst_p1 { x: one, y: one, z: self.to_blst() }]);
        Self::from_blst(&point[0].y).mul(self.square())
    }

    /// Less the modulus, once, unless it is below already, as the highest limb mostly tells.
    #[inline(always)]
    fn reduced(self) -> Self {
        if self.0[LIMBS - 1] < MODULUS[LIMBS - 1] {
            return self;
        }
        let (difference, below) = self.minus(&MODULUS);
        if below == 0 { difference } else { self }
    }

    /// Modulo 2^390, and all bits set if it is below zero.
    #[inline(always)]
    fn minus(&self, other: &[u32; LIMBS]) -> (Self, u32) {
        let mut borrow = 0i32;
        let difference = limbs!(at => {
            borrow = (borrow >> BITS) + self.0[at] as i32 - other[at] as i32;
            borrow as u32 & MASK
        });
        (Self(difference), (borrow >> BITS) as u32)
    }
}

/// Montgomery's reduction of a product, given by its columns. Those of the lower half are made zero by multiples of the
/// modulus, and the upper half stays. Column and multiples are added up apart, as 64 bits would not hold the sum of both.
#[inline(always)]
fn reduce(columns: [u64; 2 * LIMBS - 1]) -> Fp {
    let [_, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = MODULUS;
    let (q0, carry) = clear(columns[0], 0);
    let (q1, carry) = clear(columns[1], carry + dot!([q0][m1]));
    let (q2, carry) = clear(columns[2], carry + dot!([q0 q1] [m2 m1]));
    let (q3, carry) = clear(columns[3], carry + dot!([q0 q1 q2] [m3 m2 m1]));
    let (q4, carry) = clear(columns[4], carry + dot!([q0 q1 q2 q3] [m4 m3 m2 m1]));
    let (q5, carry) = clear(columns[5], carry + dot!([q0 q1 q2 q3 q4] [m5 m4 m3 m2 m1]));
    let (q6, carry) = clear(columns[6], carry + dot!([q0 q1 q2 q3 q4 q5] [m6 m5 m4 m3 m2 m1]));
    let (q7, carry) = clear(columns[7], carry + dot!([q0 q1 q2 q3 q4 q5 q6] [m7 m6 m5 m4 m3 m2 m1]));
    let (q8, carry) = clear(columns[8], carry + dot!([q0 q1 q2 q3 q4 q5 q6 q7] [m8 m7 m6 m5 m4 m3 m2 m1]));
    let (q9, carry) =
        clear(columns[9], carry + dot!([q0 q1 q2 q3 q4 q5 q6 q7 q8] [m9 m8 m7 m6 m5 m4 m3 m2 m1]));
    let (q10, carry) =
        clear(columns[10], carry + dot!([q0 q1 q2 q3 q4 q5 q6 q7 q8 q9] [m10 m9 m8 m7 m6 m5 m4 m3 m2 m1]));
    let (q11, carry) = clear(
        columns[11],
        carry + dot!([q0 q1 q2 q3 q4 q5 q6 q7 q8 q9 q10] [m11 m10 m9 m8 m7 m6 m5 m4 m3 m2 m1]),
    );
    let (q12, carry) = clear(
        columns[12],
        carry + dot!([q0 q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11] [m12 m11 m10 m9 m8 m7 m6 m5 m4 m3 m2 m1]),
    );
    let (r0, carry) = keep(
        columns[13],
        carry + dot!([q1 q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6 m5 m4 m3 m2 m1]),
    );
    let (r1, carry) = keep(
        columns[14],
        carry + dot!([q2 q3 q4 q5 q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6 m5 m4 m3 m2]),
    );
    let (r2, carry) = keep(
        columns[15],
        carry + dot!([q3 q4 q5 q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6 m5 m4 m3]),
    );
    let (r3, carry) =
        keep(columns[16], carry + dot!([q4 q5 q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6 m5 m4]));
    let (r4, carry) =
        keep(columns[17], carry + dot!([q5 q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6 m5]));
    let (r5, carry) = keep(columns[18], carry + dot!([q6 q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7 m6]));
    let (r6, carry) = keep(columns[19], carry + dot!([q7 q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8 m7]));
    let (r7, carry) = keep(columns[20], carry + dot!([q8 q9 q10 q11 q12] [m12 m11 m10 m9 m8]));
    let (r8, carry) = keep(columns[21], carry + dot!([q9 q10 q11 q12] [m12 m11 m10 m9]));
    let (r9, carry) = keep(columns[22], carry + dot!([q10 q11 q12] [m12 m11 m10]));
    let (r10, carry) = keep(columns[23], carry + dot!([q11 q12] [m12 m11]));
    let (r11, carry) = keep(columns[24], carry + dot!([q12][m12]));
    Fp([r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, carry as u32]).reduced()
}

/// What two sums of a column leave in it, and what they carry.
#[inline(always)]
fn carried(column: u64, multiples: u64) -> (u64, u64) {
    ((column & WIDE_MASK) + (multiples & WIDE_MASK), (column >> BITS) + (multiples >> BITS))
}

/// How often the modulus has to be added to make a column of the lower half zero, and what it carries then.
#[inline(always)]
fn clear(column: u64, multiples: u64) -> (u32, u64) {
    let (low, high) = carried(column, multiples);
    let q = (low as u32).wrapping_mul(INVERSE) & MASK;
    (q, high + ((low + u64::from(q) * u64::from(MODULUS[0])) >> BITS))
}

/// A limb of the upper half, and what is carried.
#[inline(always)]
fn keep(column: u64, multiples: u64) -> (u32, u64) {
    let (low, high) = carried(column, multiples);
    (low as u32 & MASK, high + (low >> BITS))
}
