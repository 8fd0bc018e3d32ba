//! Just as much of the field of BLS12-381's keys as sums of points need: blst keeps its own to itself.
//!
//! Elements are in Montgomery form with R = 2^390 and always below the modulus. A limb has 30 bits: WebAssembly
//! multiplies 32 bits at most without losing any, and products of 30 add up seven rounds long before they must be
//! carried, so that no multiplication waits for another one's carry. That takes about half the time of limbs of
//! 32 bits. Only public values go through here: nothing takes constant time.

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

/// An element of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    pub fn add(self, other: Self) -> Self {
        let mut carry = 0;
        let sum = std::array::from_fn(|at| {
            carry += self.0[at] + other.0[at];
            let limb = carry & MASK;
            carry >>= BITS;
            limb
        });
        // The modulus leaves nine bits free: nothing is carried out of the last limb.
        Self(sum).reduced()
    }

    pub fn sub(self, other: Self) -> Self {
        let (difference, borrowed) = self.minus(&other.0);
        if borrowed { difference.plus_modulus() } else { difference }
    }

    pub fn neg(self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Montgomery's product, a limb of `self` at a time. Each round adds two products below 2^60 to a column and moves
    /// all columns down by one, so that a column holds fourteen after seven rounds: these fit 64 bits, and are carried
    /// then. Written out, since the columns stay in registers like this however the crate is optimised.
    #[inline(never)]
    pub fn mul(self, other: Self) -> Self {
        let product = |a: u32, b: u32| u64::from(a) * u64::from(b);
        let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12] = other.0;
        let [m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12] = MODULUS;
        let [mut c0, mut c1, mut c2, mut c3, mut c4, mut c5] = [0u64; 6];
        let [mut c6, mut c7, mut c8, mut c9, mut c10, mut c11] = [0u64; 6];
        for (round, a) in self.0.into_iter().enumerate() {
            let lowest = c0 + product(a, b0);
            let q = (lowest as u32).wrapping_mul(INVERSE) & MASK;
            // Its lower 30 bits are zero, as `q` was chosen for.
            let carry = (lowest + product(q, m0)) >> BITS;
            c0 = c1 + product(a, b1) + product(q, m1) + carry;
            c1 = c2 + product(a, b2) + product(q, m2);
            c2 = c3 + product(a, b3) + product(q, m3);
            c3 = c4 + product(a, b4) + product(q, m4);
            c4 = c5 + product(a, b5) + product(q, m5);
            c5 = c6 + product(a, b6) + product(q, m6);
            c6 = c7 + product(a, b7) + product(q, m7);
            c7 = c8 + product(a, b8) + product(q, m8);
            c8 = c9 + product(a, b9) + product(q, m9);
            c9 = c10 + product(a, b10) + product(q, m10);
            c10 = c11 + product(a, b11) + product(q, m11);
            c11 = product(a, b12) + product(q, m12);
            if round == LIMBS / 2 {
                (c0, c1) = (c0 & WIDE_MASK, c1 + (c0 >> BITS));
                (c1, c2) = (c1 & WIDE_MASK, c2 + (c1 >> BITS));
                (c2, c3) = (c2 & WIDE_MASK, c3 + (c2 >> BITS));
                (c3, c4) = (c3 & WIDE_MASK, c4 + (c3 >> BITS));
                (c4, c5) = (c4 & WIDE_MASK, c5 + (c4 >> BITS));
                (c5, c6) = (c5 & WIDE_MASK, c6 + (c5 >> BITS));
                (c6, c7) = (c6 & WIDE_MASK, c7 + (c6 >> BITS));
                (c7, c8) = (c7 & WIDE_MASK, c8 + (c7 >> BITS));
                (c8, c9) = (c8 & WIDE_MASK, c9 + (c8 >> BITS));
                (c9, c10) = (c9 & WIDE_MASK, c10 + (c9 >> BITS));
                (c10, c11) = (c10 & WIDE_MASK, c11 + (c10 >> BITS));
            }
        }
        let mut carry = 0;
        let limbs = [c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, 0].map(|column| {
            carry += column;
            let limb = carry as u32 & MASK;
            carry >>= BITS;
            limb
        });
        Self(limbs).reduced()
    }

    pub fn square(self) -> Self {
        self.mul(self)
    }

    /// 1 / `self`; zero has none and gives zero. blst inverts when it turns a point with the coordinate Z into one
    /// without: of (1, 1, Z) that leaves 1 / Z³.
    pub fn invert(self) -> Self {
        let one = Self::ONE.to_blst();
        let point = p1_affines::from(&[blst_p1 { x: one, y: one, z: self.to_blst() }]);
        Self::from_blst(&point[0].y).mul(self.square())
    }

    /// Less the modulus, once, unless it is below already, as the highest limb mostly tells.
    fn reduced(self) -> Self {
        if self.0[LIMBS - 1] < MODULUS[LIMBS - 1] {
            return self;
        }
        let (difference, borrowed) = self.minus(&MODULUS);
        if borrowed { self } else { difference }
    }

    /// Modulo 2^390, and whether it was below zero.
    fn minus(&self, other: &[u32; LIMBS]) -> (Self, bool) {
        let mut borrow = 0i32;
        let difference = std::array::from_fn(|at| {
            borrow += self.0[at] as i32 - other[at] as i32;
            let limb = borrow as u32 & MASK;
            borrow >>= BITS;
            limb
        });
        (Self(difference), borrow != 0)
    }

    /// Modulo 2^390.
    fn plus_modulus(&self) -> Self {
        let mut carry = 0;
        Self(std::array::from_fn(|at| {
            carry += self.0[at] + MODULUS[at];
            let limb = carry & MASK;
            carry >>= BITS;
            limb
        }))
    }
}
