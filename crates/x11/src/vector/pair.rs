//! A word of 64 bits of each of two messages, with the operators of words.

use super::V128;
use crate::Message;
use core::ops::{AddAssign, BitXor};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair(pub(crate) V128);

impl Pair {
    /// The same word of both messages.
    #[inline(always)]
    pub(crate) const fn of(word: u64) -> Self {
        Self(V128::splat64(word))
    }

    #[inline(always)]
    pub(crate) fn rotl(self, left: u32) -> Self {
        Self(self.0.rotl64(left))
    }
}

/// The eight words of two messages.
#[inline(always)]
pub(crate) fn pairs([first, second]: &[Message; 2]) -> [Pair; 8] {
    core::array::from_fn(|i| {
        let (a, b) = (first[i / 2], second[i / 2]);
        Pair(if i % 2 == 0 { a.zip64_low(b) } else { a.zip64_high(b) })
    })
}

/// Two messages of eight words.
#[inline(always)]
pub(crate) fn messages(words: [Pair; 8]) -> [Message; 2] {
    let (twos, _) = words.as_chunks::<2>();
    [
        core::array::from_fn(|i| twos[i][0].0.zip64_low(twos[i][1].0)),
        core::array::from_fn(|i| twos[i][0].0.zip64_high(twos[i][1].0)),
    ]
}

impl AddAssign for Pair {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.add64(other.0);
    }
}

impl BitXor for Pair {
    type Output = Self;
    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }
}
