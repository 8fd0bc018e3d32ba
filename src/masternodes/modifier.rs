//! What a block contributes to the choice of a quorum's members (DIP-6, DIP-24, DIP-29; Dash Core `llmq/utils.cpp`).
//!
//! Since V20 it is a ChainLock signature, which nobody can choose, out of the coinbase of the work block itself: it
//! comes from a proven state, never from the `quorumsCLSigs` that a peer sends along with a diff.

use super::ListState;
use dash_protocol::{BlockHash, LlmqParams, NetworkParams, sha256d};

/// The modifier of a quorum or cycle with this base block (height and hash), given the state at its work block.
pub fn modifier(
    params: &NetworkParams,
    llmq: &LlmqParams,
    base: (u32, BlockHash),
    work: &ListState,
) -> [u8; 32] {
    if !llmq.rotated && !v20_after(params, work.height()) {
        hashed(llmq, base.1.as_bytes())
    } else {
        of_work_block(params, llmq, work)
    }
}

/// The modifier of a cycle of a rotated type, which needs nothing but the state at its work block.
pub fn cycle_modifier(params: &NetworkParams, llmq: &LlmqParams, work: &ListState) -> [u8; 32] {
    of_work_block(params, llmq, work)
}

/// By the ChainLock signature in the work block's coinbase from V20 on, if it has one; else by the work block's hash.
fn of_work_block(params: &NetworkParams, llmq: &LlmqParams, work: &ListState) -> [u8; 32] {
    let lock = work.coinbase().and_then(|coinbase| coinbase.best_chainlock);
    match lock.filter(|_| v20_after(params, work.height())) {
        Some(lock) => {
            let mut preimage = work.height().to_le_bytes().to_vec();
            preimage.extend_from_slice(lock.signature.as_bytes());
            hashed(llmq, &preimage)
        }
        None => hashed(llmq, work.hash().as_bytes()),
    }
}

fn hashed(llmq: &LlmqParams, tail: &[u8]) -> [u8; 32] {
    let mut preimage = vec![llmq.llmq_type.0];
    preimage.extend_from_slice(tail);
    sha256d(&preimage)
}

/// Whether V20 holds for the block after this one.
pub(super) const fn v20_after(params: &NetworkParams, height: u32) -> bool {
    params.activation.v20 <= height.saturating_add(1)
}

/// Whether V19 holds for the block after this one.
pub(super) const fn v19_after(params: &NetworkParams, height: u32) -> bool {
    params.activation.v19 <= height.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masternodes::testing::state;

    fn plain_and_rotated(params: &NetworkParams) -> (LlmqParams, LlmqParams) {
        let of = |llmq_type| *params.llmq(llmq_type).unwrap();
        (of(params.llmq_types.chainlocks), of(params.llmq_types.instantsend))
    }

    fn modifiers(params: &NetworkParams, work: &ListState) -> ([u8; 32], [u8; 32]) {
        let (plain, rotated) = plain_and_rotated(params);
        let base = (work.height() + 8, BlockHash::from_bytes([0xba; 32]));
        (modifier(params, &plain, base, work), modifier(params, &rotated, base, work))
    }

    #[test]
    fn from_v20_on_the_work_blocks_chainlock_counts() {
        let params = NetworkParams::mainnet();
        let work = state(params.activation.v20 - 1, &[], true);
        let signature = work.coinbase().unwrap().best_chainlock.unwrap().signature;
        let expected = |llmq_type: u8| {
            let height = i32::try_from(work.height()).unwrap().to_le_bytes();
            sha256d(&[&[llmq_type][..], &height, signature.as_bytes()].concat())
        };
        assert_eq!(modifiers(&params, &work), (expected(2), expected(5)));
    }

    #[test]
    fn from_v20_on_a_work_block_without_chainlock_counts_by_its_hash() {
        let params = NetworkParams::mainnet();
        let work = state(params.activation.v20 - 1, &[], false);
        let expected = |llmq_type: u8| sha256d(&[&[llmq_type][..], work.hash().as_bytes()].concat());
        assert_eq!(modifiers(&params, &work), (expected(2), expected(5)));
    }

    #[test]
    fn before_v20_plain_types_take_the_base_blocks_hash_and_rotated_ones_the_work_blocks() {
        let params = NetworkParams::mainnet();
        let work = state(params.activation.v20 - 2, &[], true);
        let expected = |llmq_type: u8, hash: &[u8]| sha256d(&[&[llmq_type][..], hash].concat());
        assert_eq!(
            modifiers(&params, &work),
            (expected(2, &[0xba; 32]), expected(5, work.hash().as_bytes()))
        );
    }
}
