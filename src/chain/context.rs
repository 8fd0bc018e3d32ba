//! What the rules see of the past: the times and targets of the headers before the one to check.
//!
//! Bounded: 24 headers where DarkGravityWave decides, 576 below the height where it begins on networks that compute the
//! older daily rule. Targets are kept expanded, so that checking a header decodes one target and allocates nothing.

use crate::chain::rules::{HeaderError, Rules};
use crate::chain::target::Target;
use crate::chain::time::{MEDIAN_SPAN, median};
use dash_protocol::Header;
use std::collections::VecDeque;

/// How many ancestors a start is given: 24 for difficulty and 11 for times, the start itself not counted.
pub const START_ANCESTORS: u32 = 35;

/// Headers that DarkGravityWave looks at.
pub(crate) const DGW_SPAN: usize = 24;

/// Headers that the daily rule looks at: one day of 150-second blocks.
pub(crate) const DAILY_SPAN: usize = 576;

/// One header of the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    pub(crate) time: u32,
    pub(crate) bits: u32,
    pub(crate) target: Target,
}

/// The headers up to and with the one that the next is to follow.
#[derive(Clone, Debug)]
pub struct Context {
    height: u32,
    /// Oldest first, ending with the header at `height`.
    past: VecDeque<Past>,
}

impl Context {
    /// The context of a chain's second header.
    pub fn genesis(rules: &Rules) -> Self {
        let mut context = Self { height: 0, past: VecDeque::with_capacity(DGW_SPAN + 1) };
        context.past.push_back(past(&rules.params().genesis));
        context
    }

    /// From headers that follow each other, oldest first, the last of them at `height`. Only as many as the rules need
    /// are kept.
    ///
    /// # Errors
    /// [`HeaderError::MissingContext`] if there are fewer than the rules need at this height.
    pub fn new<'a>(
        rules: &Rules,
        height: u32,
        headers: impl IntoIterator<Item = &'a Header>,
    ) -> Result<Self, HeaderError> {
        let needed = Self::needed(rules, height);
        let mut kept = VecDeque::with_capacity(needed + 1);
        for header in headers {
            kept.push_back(past(header));
            if kept.len() > needed {
                kept.pop_front();
            }
        }
        if kept.len() < needed {
            return Err(HeaderError::MissingContext { height, have: kept.len(), need: needed });
        }
        Ok(Self { height, past: kept })
    }

    /// How many headers up to and with the one at `height` the rules look at to check the next one.
    pub fn needed(rules: &Rules, height: u32) -> usize {
        let span = if rules.daily_rule_follows(height) { DAILY_SPAN } else { DGW_SPAN };
        span.min(height as usize + 1)
    }

    /// Height of the last header.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Appends a header that follows the last one.
    pub fn push(&mut self, rules: &Rules, header: &Header) {
        self.push_past(rules, past(header));
    }

    pub(crate) fn push_past(&mut self, rules: &Rules, next: Past) {
        self.height += 1;
        self.past.push_back(next);
        let needed = Self::needed(rules, self.height);
        while self.past.len() > needed {
            self.past.pop_front();
        }
    }

    /// The median of the last eleven times: the next header's time must be above it.
    pub fn median_time_past(&self) -> u32 {
        let mut times = [0; MEDIAN_SPAN];
        let earlier = self.past.len().saturating_sub(MEDIAN_SPAN);
        let last = self.past.iter().skip(earlier);
        for (time, past) in times.iter_mut().zip(last) {
            *time = past.time;
        }
        median(&mut times[..self.past.len() - earlier])
    }

    /// Whether [`median_time_past`](Self::median_time_past) is below a time, found without sorting: it is if more than
    /// half of the times are.
    pub(crate) fn median_time_past_is_below(&self, time: u32) -> bool {
        let counted = self.past.len().min(MEDIAN_SPAN);
        let mut missing = counted / 2 + 1;
        for past in self.newest_first().take(counted) {
            missing -= usize::from(past.time < time);
            if missing == 0 {
                return true;
            }
        }
        false
    }

    /// The `n`-th header before the last one; 0 is the last one itself.
    pub(crate) fn back(&self, n: usize) -> Option<&Past> {
        self.past.iter().rev().nth(n)
    }

    pub(crate) fn last(&self) -> &Past {
        self.past.back().expect("a context holds one header at least")
    }

    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Past> + Clone {
        self.past.iter().rev()
    }
}

/// Headers of the past were checked or are trusted by their hash, so their bits decode; a zero target stands for the
/// impossible case and makes no header valid.
fn past(header: &Header) -> Past {
    let bits = header.bits.to_bits();
    let target =
        Target::from_bits(bits).unwrap_or_else(|| Target::from_arith(&dash_num::Arith256::default()));
    Past { time: header.time, bits, target }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::testing::Random;

    #[test]
    fn a_time_is_held_against_the_median_without_sorting() {
        let mut random = Random::new(6);
        for round in 0..3_000 {
            // Few times, so that many are equal, and from one header to more than are looked at.
            let past = (0..=random.below(14))
                .map(|_| Past { time: random.below(8) as u32, bits: 0, target: Target::power_of_two(0) })
                .collect();
            let context = Context { height: 100, past };
            for time in 0..9 {
                let expected = context.median_time_past() < time;
                assert_eq!(context.median_time_past_is_below(time), expected, "{round}: {context:?}");
            }
        }
    }
}
