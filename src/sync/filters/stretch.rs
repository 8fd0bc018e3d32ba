//! A thousand blocks: what lies between two headers of a `cfcheckpt` (BIP 157), and the unit of the work on filters.
//!
//! Stretch 0 begins with genesis, and so has one block more.

use dash_protocol::FILTER_CHECKPOINT_INTERVAL;

/// Height of the first block of a stretch.
pub(super) const fn first(stretch: u32) -> u32 {
    if stretch == 0 { 0 } else { stretch * FILTER_CHECKPOINT_INTERVAL + 1 }
}

/// Height of its last block.
pub(super) const fn last(stretch: u32) -> u32 {
    (stretch + 1) * FILTER_CHECKPOINT_INTERVAL
}

/// The stretch that a height belongs to.
pub(super) const fn of(height: u32) -> u32 {
    height.saturating_sub(1) / FILTER_CHECKPOINT_INTERVAL
}

/// How many stretches are complete at a height.
pub(super) const fn complete(height: u32) -> u32 {
    height / FILTER_CHECKPOINT_INTERVAL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_height_is_in_one_stretch() {
        for height in 0..5_005 {
            let own = of(height);
            assert!((first(own)..=last(own)).contains(&height), "{height}");
            assert_eq!(complete(height), if height == last(own) { own + 1 } else { own });
        }
        assert_eq!((first(0), last(0), first(1), last(1)), (0, 1_000, 1_001, 2_000));
    }
}
