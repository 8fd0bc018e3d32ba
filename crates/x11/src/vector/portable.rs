//! By pairs of 64-bit words, for any processor.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct V128([u64; 2]);

impl V128 {
    #[inline(always)]
    pub(crate) const fn new(low: u64, high: u64) -> Self {
        Self([low, high])
    }

    #[inline(always)]
    pub(crate) const fn splat8(value: u8) -> Self {
        Self::splat64(value as u64 * 0x0101_0101_0101_0101)
    }

    #[inline(always)]
    pub(crate) const fn splat16(value: i16) -> Self {
        Self::splat64(value as u16 as u64 * 0x0001_0001_0001_0001)
    }

    #[inline(always)]
    pub(crate) const fn splat32(value: u32) -> Self {
        Self::splat64(value as u64 * 0x0000_0001_0000_0001)
    }

    #[inline(always)]
    pub(crate) const fn splat64(value: u64) -> Self {
        Self([value, value])
    }

    #[inline(always)]
    pub(crate) fn to_words(self) -> [u64; 2] {
        self.0
    }

    #[inline(always)]
    pub(crate) fn complement(self) -> Self {
        Self([!self.0[0], !self.0[1]])
    }

    #[inline(always)]
    pub(crate) fn xor(self, other: Self) -> Self {
        Self([self.0[0] ^ other.0[0], self.0[1] ^ other.0[1]])
    }

    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }

    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// The bits that the other one lacks.
    #[inline(always)]
    pub(crate) fn and_not(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }

    #[inline(always)]
    pub(crate) fn add16(self, other: Self) -> Self {
        self.map16(other, u16::wrapping_add)
    }

    #[inline(always)]
    pub(crate) fn sub16(self, other: Self) -> Self {
        self.map16(other, u16::wrapping_sub)
    }

    #[inline(always)]
    pub(crate) fn mul16(self, other: Self) -> Self {
        self.map16(other, u16::wrapping_mul)
    }

    /// The lesser of lanes without sign.
    #[inline(always)]
    pub(crate) fn min_u16(self, other: Self) -> Self {
        self.map16(other, u16::min)
    }

    #[inline(always)]
    pub(crate) fn add32(self, other: Self) -> Self {
        self.map32(other, u32::wrapping_add)
    }

    #[inline(always)]
    pub(crate) fn add64(self, other: Self) -> Self {
        Self([self.0[0].wrapping_add(other.0[0]), self.0[1].wrapping_add(other.0[1])])
    }

    /// All ones in bytes that are equal, else zeros.
    #[inline(always)]
    pub(crate) fn eq8(self, other: Self) -> Self {
        let (a, b) = (self.to_bytes(), other.to_bytes());
        Self::from_bytes(core::array::from_fn(|i| if a[i] == b[i] { 0xff } else { 0 }))
    }

    /// The bytes that the other one's bytes number, all of which are below 16.
    #[inline(always)]
    pub(crate) fn swizzle(self, from: Self) -> Self {
        let (bytes, from) = (self.to_bytes(), from.to_bytes());
        Self::from_bytes(core::array::from_fn(|i| bytes[usize::from(from[i] & 15)]))
    }

    #[inline(always)]
    pub(crate) fn shl16(self, bits: u32) -> Self {
        self.map16(self, |lane, _| lane << bits)
    }

    /// With the sign.
    #[inline(always)]
    pub(crate) fn sar16(self, bits: u32) -> Self {
        self.map16(self, |lane, _| (lane as i16 >> bits) as u16)
    }

    #[inline(always)]
    pub(crate) fn shl32(self, bits: u32) -> Self {
        self.map32(self, |lane, _| lane << bits)
    }

    #[inline(always)]
    pub(crate) fn shr32(self, bits: u32) -> Self {
        self.map32(self, |lane, _| lane >> bits)
    }

    #[inline(always)]
    pub(crate) fn shl64(self, bits: u32) -> Self {
        Self([self.0[0] << bits, self.0[1] << bits])
    }

    #[inline(always)]
    pub(crate) fn shr64(self, bits: u32) -> Self {
        Self([self.0[0] >> bits, self.0[1] >> bits])
    }

    /// Neighbouring lanes of 16 bits changed round.
    #[inline(always)]
    pub(crate) fn swap16(self) -> Self {
        self.map32(self, |lane, _| lane.rotate_left(16))
    }

    /// Neighbouring lanes of 32 bits changed round.
    #[inline(always)]
    pub(crate) fn swap32(self) -> Self {
        Self([self.0[0].rotate_left(32), self.0[1].rotate_left(32)])
    }

    /// Both halves changed round.
    #[inline(always)]
    pub(crate) fn swap64(self) -> Self {
        Self([self.0[1], self.0[0]])
    }

    /// A lane of 32 bits.
    #[inline(always)]
    pub(crate) fn lane32<const LANE: usize>(self) -> u32 {
        (self.0[LANE / 2] >> (LANE % 2 * 32)) as u32
    }

    /// Another lane of 32 bits in place of one.
    #[inline(always)]
    pub(crate) fn with_lane32<const LANE: usize>(mut self, value: u32) -> Self {
        let shift = LANE % 2 * 32;
        let word = &mut self.0[LANE / 2];
        *word = *word & !(0xffff_ffff << shift) | u64::from(value) << shift;
        self
    }

    /// The 16 bytes from a place on in `self` followed by `next`.
    #[inline(always)]
    pub(crate) fn then<const SKIP: usize>(self, next: Self) -> Self {
        let shift = SKIP * 8;
        Self::from_u128(self.to_u128() >> shift | next.to_u128() << (128 - shift))
    }

    #[inline(always)]
    pub(crate) fn zip8_low(self, other: Self) -> Self {
        self.zip::<1>(other, 0)
    }

    #[inline(always)]
    pub(crate) fn zip8_high(self, other: Self) -> Self {
        self.zip::<1>(other, 1)
    }

    #[inline(always)]
    pub(crate) fn zip16_low(self, other: Self) -> Self {
        self.zip::<2>(other, 0)
    }

    #[inline(always)]
    pub(crate) fn zip16_high(self, other: Self) -> Self {
        self.zip::<2>(other, 1)
    }

    #[inline(always)]
    pub(crate) fn zip32_low(self, other: Self) -> Self {
        self.zip::<4>(other, 0)
    }

    #[inline(always)]
    pub(crate) fn zip32_high(self, other: Self) -> Self {
        self.zip::<4>(other, 1)
    }

    #[inline(always)]
    pub(crate) fn zip64_low(self, other: Self) -> Self {
        Self([self.0[0], other.0[0]])
    }

    #[inline(always)]
    pub(crate) fn zip64_high(self, other: Self) -> Self {
        Self([self.0[1], other.0[1]])
    }

    /// Lanes of so many bytes of one half of each in turn.
    #[inline(always)]
    fn zip<const BYTES: usize>(self, other: Self, half: usize) -> Self {
        let (a, b) = (self.0[half].to_le_bytes(), other.0[half].to_le_bytes());
        Self::from_bytes(core::array::from_fn(|i| {
            let (lane, within) = (i / BYTES, i % BYTES);
            let from = if lane % 2 == 0 { &a } else { &b };
            from[lane / 2 * BYTES + within]
        }))
    }

    #[inline(always)]
    fn map16(self, other: Self, f: impl Fn(u16, u16) -> u16) -> Self {
        let word = |a: u64, b: u64| {
            let lane = |at: u32| u64::from(f((a >> at) as u16, (b >> at) as u16)) << at;
            lane(0) | lane(16) | lane(32) | lane(48)
        };
        Self([word(self.0[0], other.0[0]), word(self.0[1], other.0[1])])
    }

    #[inline(always)]
    fn map32(self, other: Self, f: impl Fn(u32, u32) -> u32) -> Self {
        let word = |a: u64, b: u64| {
            let lane = |at: u32| u64::from(f((a >> at) as u32, (b >> at) as u32)) << at;
            lane(0) | lane(32)
        };
        Self([word(self.0[0], other.0[0]), word(self.0[1], other.0[1])])
    }

    #[inline(always)]
    fn to_u128(self) -> u128 {
        u128::from(self.0[0]) | u128::from(self.0[1]) << 64
    }

    #[inline(always)]
    fn from_u128(whole: u128) -> Self {
        Self([whole as u64, (whole >> 64) as u64])
    }
}
