//! Just as much of the field of BLS12-381's keys as sums of points need: blst keeps its own to itself.
//!
//! Elements are in Montgomery form with R = 2^384, blst's own, and always below the modulus. Limbs have 32 bits, as
//! WebAssembly multiplies no more at once. Only public values go through here: nothing takes constant time.

use blst::{blst_fp, blst_p1, p1_affines};

const LIMBS: usize = 12;

/// The modulus, from its lowest limb on.
const MODULUS: [u32; LIMBS] = [
    0xffff_aaab,
    0xb9fe_ffff,
    0xb153_ffff,
    0x1eab_fffe,
    0xf6b0_f624,
    0x6730_d2a0,
    0xf385_12bf,
    0x6477_4b84,
    0x434b_acd7,
    0x4b1b_a7b6,
    0x397f_e69a,
    0x1a01_11ea,
];

/// The negated inverse of the modulus, modulo 2^32.
const INVERSE: u32 = 0xfffc_fffd;

/// An element of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fp([u32; LIMBS]);

impl Fp {
    pub const ZERO: Self = Self([0; LIMBS]);

    /// R modulo the modulus.
    pub const ONE: Self = Self([
        0x0002_fffd,
        0x7609_0000,
        0xc40c_0002,
        0xebf4_000b,
        0x53c7_58ba,
        0x5f48_9857,
        0x7052_5745,
        0x77ce_5853,
        0xa256_ec6d,
        0x5c07_1a97,
        0xfa80_e493,
        0x15f6_5ec3,
    ]);

    pub fn from_blst(value: &blst_fp) -> Self {
        Self(std::array::from_fn(|at| (value.l[at / 2] >> (32 * (at % 2))) as u32))
    }

    pub fn to_blst(self) -> blst_fp {
        blst_fp {
            l: std::array::from_fn(|at| u64::from(self.0[2 * at]) | u64::from(self.0[2 * at + 1]) << 32),
        }
    }

    pub fn add(self, other: Self) -> Self {
        let mut carry = 0;
        // The modulus leaves three bits free: nothing is carried out of the last limb.
        let sum = std::array::from_fn(|at| {
            carry += u64::from(self.0[at]) + u64::from(other.0[at]);
            let limb = carry as u32;
            carry >>= 32;
            limb
        });
        Self(sum).reduced()
    }

    pub fn sub(self, other: Self) -> Self {
        let (difference, borrowed) = self.minus(&other.0);
        if borrowed { Self(difference.plus_modulus()) } else { difference }
    }

    pub fn neg(self) -> Self {
        Self::ZERO.sub(self)
    }

    /// Montgomery's product, a limb of `other` at a time.
    pub fn mul(self, other: Self) -> Self {
        let mut sum = [0u32; LIMBS];
        for limb in other.0 {
            let mut product = u64::from(self.0[0]) * u64::from(limb) + u64::from(sum[0]);
            let factor = (product as u32).wrapping_mul(INVERSE);
            let mut reduction = u64::from(factor) * u64::from(MODULUS[0]) + (product & 0xffff_ffff);
            for at in 1..LIMBS {
                product = u64::from(self.0[at]) * u64::from(limb) + u64::from(sum[at]) + (product >> 32);
                reduction =
                    u64::from(factor) * u64::from(MODULUS[at]) + (product & 0xffff_ffff) + (reduction >> 32);
                sum[at - 1] = reduction as u32;
            }
            sum[LIMBS - 1] = ((product >> 32) + (reduction >> 32)) as u32;
        }
        Self(sum).reduced()
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

    fn reduced(self) -> Self {
        let (difference, borrowed) = self.minus(&MODULUS);
        if borrowed { self } else { difference }
    }

    fn minus(&self, other: &[u32; LIMBS]) -> (Self, bool) {
        let mut borrow = 0i64;
        let difference = std::array::from_fn(|at| {
            borrow += i64::from(self.0[at]) - i64::from(other[at]);
            let limb = borrow as u32;
            borrow >>= 32;
            limb
        });
        (Self(difference), borrow != 0)
    }

    /// Modulo 2^384.
    fn plus_modulus(&self) -> [u32; LIMBS] {
        let mut carry = 0;
        std::array::from_fn(|at| {
            carry += u64::from(self.0[at]) + u64::from(MODULUS[at]);
            let limb = carry as u32;
            carry >>= 32;
            limb
        })
    }
}
