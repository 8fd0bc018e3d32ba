//! Locators: a few hashes by which a peer finds the last header that it shares with us.

use dash_protocol::BlockHash;

/// Hashes in a locator at most: Dash Core disconnects who sends more.
pub const MAX_LOCATOR: usize = dash_protocol::MAX_LOCATOR;

/// How many hashes go back one by one before the steps double.
const DENSE: usize = 10;

/// Builds a locator as Dash Core does: from the tip backwards, step 1 for the first ten, then doubling, ending with
/// genesis. `at` gives the hash at a height that is in memory (`base` and above); `anchors` are hashes known below it,
/// by falling height, of which those about where the steps lead are taken.
pub(crate) fn build(
    tip: u32,
    base: u32,
    at: impl Fn(u32) -> Option<BlockHash>,
    anchors: impl Iterator<Item = (u32, BlockHash)>,
    genesis: BlockHash,
) -> Vec<BlockHash> {
    let mut locator = Vec::with_capacity(MAX_LOCATOR);
    let mut step = 1;
    let mut next = Some(tip);
    while let Some(height) = next.filter(|height| *height >= base) {
        locator.extend(at(height));
        if locator.len() >= DENSE {
            step *= 2;
        }
        next = height.checked_sub(step);
    }
    for (height, hash) in anchors {
        let Some(wanted) = next else { break };
        if height <= wanted && height < base && locator.len() < MAX_LOCATOR - 1 {
            locator.push(hash);
            step *= 2;
            next = height.checked_sub(step);
        }
    }
    if locator.last() != Some(&genesis) {
        locator.push(genesis);
    }
    locator
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(height: u32) -> BlockHash {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&height.to_le_bytes());
        BlockHash::from_bytes(bytes)
    }

    fn heights(locator: &[BlockHash]) -> Vec<u32> {
        locator.iter().map(|hash| u32::from_le_bytes(hash.as_bytes()[..4].try_into().unwrap())).collect()
    }

    #[test]
    fn a_locator_goes_back_in_doubling_steps_to_genesis() {
        let locator = build(100, 0, |height| Some(hash(height)), std::iter::empty(), hash(0));
        assert_eq!(heights(&locator), [100, 99, 98, 97, 96, 95, 94, 93, 92, 91, 89, 85, 77, 61, 29, 0]);
        let short = build(2, 0, |height| Some(hash(height)), std::iter::empty(), hash(0));
        assert_eq!(heights(&short), [2, 1, 0]);
        let none = build(0, 0, |height| Some(hash(height)), std::iter::empty(), hash(0));
        assert_eq!(heights(&none), [0]);
    }

    #[test]
    fn below_memory_anchors_take_over() {
        let anchors = [40, 30, 9, 5].into_iter().map(|height| (height, hash(height)));
        let locator = build(60, 50, |height| Some(hash(height)), anchors, hash(0));
        assert_eq!(heights(&locator), [60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 40, 30, 9, 0]);
    }

    #[test]
    fn a_locator_never_exceeds_the_limit() {
        let anchors = (1..5_000_000).rev().map(|height| (height, hash(height)));
        let locator = build(u32::MAX, u32::MAX - 8_192, |height| Some(hash(height)), anchors, hash(0));
        assert!(locator.len() <= MAX_LOCATOR);
        assert_eq!(locator.last(), Some(&hash(0)));
    }
}
