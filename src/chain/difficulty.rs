//! The target that a header must have.
//!
//! Dash Core's `GetNextWorkRequired` (pow.cpp): the daily rule of the first blocks, DarkGravityWave version 3 since,
//! and the minimum-difficulty rules of test networks, to the bit and with the same wrap-around modulo 2^256. Of
//! mainnet's history below DarkGravityWave (height 34,140) nothing is computed: checkpoints and proof of work hold
//! there. The Kimoto Gravity Well, which only mainnet ever had, is left out with it.

use crate::chain::context::{Context, DAILY_SPAN, DGW_SPAN};
use crate::chain::rules::Rules;
use crate::chain::target::Target;
use dash_protocol::NetworkKind;

mod gravity;

/// Seconds between blocks that difficulty aims at.
const SPACING: i64 = 150;

/// One day: what the daily rule aims at for [`DAILY_SPAN`] blocks.
const DAY: i64 = 24 * 60 * 60;

/// On mainnet, up to this height bits may deviate from the computed ones: earlier versions of DarkGravityWave depended
/// on the machine they ran on.
const TOLERANCE_END: u32 = 68_589;

/// What the next header's bits must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// These bits.
    Exactly(u32),
    /// A difficulty that differs from that of these bits by no more than half its own.
    Near(u32),
    /// Any bits within the network's limit.
    NotComputed,
}

impl Required {
    /// Whether a header's bits fulfil the requirement.
    pub fn allows(self, bits: u32) -> bool {
        match self {
            Self::Exactly(required) => bits == required,
            Self::Near(required) => {
                let found = difficulty(bits);
                (found - difficulty(required)).abs() <= found * 0.5
            }
            Self::NotComputed => true,
        }
    }

    /// The bits that were computed, if any.
    pub fn bits(self) -> Option<u32> {
        match self {
            Self::Exactly(bits) | Self::Near(bits) => Some(bits),
            Self::NotComputed => None,
        }
    }
}

/// Difficulty as people quote it: how much harder than bits `1d00ffff`. Not exact.
pub fn difficulty(bits: u32) -> f64 {
    let exponent = 8 * (29 - (bits >> 24) as i32);
    f64::from(0xffff) / f64::from(bits & 0x00ff_ffff) * 2_f64.powi(exponent)
}

impl Rules {
    /// What the bits of the header after `context` must be if its time is `time`.
    pub fn required_bits(&self, context: &Context, time: u32) -> Required {
        let params = self.params();
        let last_height = context.height();
        let height = u64::from(last_height) + 1;
        if params.kind == NetworkKind::Mainnet && height < u64::from(params.dgw_height) {
            return Required::NotComputed;
        }
        if last_height < params.minimum_difficulty_blocks || params.no_retargeting {
            // Without retargeting the daily rule hands genesis' bits on for ever, and those are the limit's.
            return Required::Exactly(self.limit_bits());
        }
        if height < u64::from(params.kgw_height) {
            return Required::Exactly(self.daily_rule(context, time));
        }
        if params.allow_min_difficulty {
            let gap = i64::from(time) - i64::from(context.last().time);
            if gap > 2 * 60 * 60 {
                return Required::Exactly(self.limit_bits());
            }
            if gap > 4 * SPACING {
                return Required::Exactly(self.capped_bits(context.last().target.mul_small(10)));
            }
        }
        if height < u64::from(params.dgw_height) {
            return Required::NotComputed;
        }
        let bits = self.dark_gravity_wave(context);
        if params.kind == NetworkKind::Mainnet && height <= u64::from(TOLERANCE_END) {
            Required::Near(bits)
        } else {
            Required::Exactly(bits)
        }
    }

    /// Whether a header after `height`, or one soon after it, falls under the daily rule.
    pub(crate) fn daily_rule_follows(&self, height: u32) -> bool {
        let params = self.params();
        params.kind != NetworkKind::Mainnet
            && !params.no_retargeting
            && u64::from(height) + 1 < u64::from(params.kgw_height)
    }

    /// DarkGravityWave version 3 (`gravity.rs`).
    fn dark_gravity_wave(&self, context: &Context) -> u32 {
        let oldest = context.back(DGW_SPAN - 1);
        let Some(oldest) = oldest.filter(|_| context.height() as usize >= DGW_SPAN) else {
            return self.limit_bits();
        };
        let span = gravity::span(context.last(), oldest);
        let quick = (self.limit_bits() >> 24 >= gravity::LIMIT_EXPONENT)
            .then(|| gravity::quick(context.newest_first(), span))
            .flatten();
        quick.unwrap_or_else(|| self.capped_bits(gravity::exact(context.newest_first(), span)))
    }

    /// The rule of the first blocks: one target for 576 blocks, and on networks that allow it a block of minimum
    /// difficulty whenever five minutes passed.
    fn daily_rule(&self, context: &Context, time: u32) -> u32 {
        let params = self.params();
        let (height, last) = (context.height(), context.last());
        let interval = DAILY_SPAN as u32;
        if !(height + 1).is_multiple_of(interval) {
            if !params.allow_min_difficulty {
                return last.bits;
            }
            if i64::from(time) > i64::from(last.time) + 2 * SPACING {
                return self.limit_bits();
            }
            // The last one that was not of minimum difficulty for its lateness, at most back to the interval's start.
            return context
                .newest_first()
                .zip((0..=height).rev())
                .find(|(past, at)| at.is_multiple_of(interval) || past.bits != self.limit_bits())
                .map_or(last.bits, |(past, _)| past.bits);
        }
        let first = context.back(DAILY_SPAN - 1).unwrap_or(last);
        let span = (i64::from(last.time) - i64::from(first.time)).clamp(DAY / 4, DAY * 4);
        self.capped_bits(last.target.mul_small(span as u32).div_rem_small(DAY as u32).0)
    }

    fn capped_bits(&self, target: Target) -> u32 {
        if target > *self.limit() { self.limit_bits() } else { target.to_bits() }
    }
}

#[cfg(test)]
mod tests;
