//! The order of masternodes under a modifier, and the members of plain quorums (DIP-6; Dash Core
//! `evo/deterministicmns.cpp`).

use super::modifier::{v19_after, v20_after};
use super::{MasternodeEntry, MasternodeList, work_block};
use dash_protocol::{LlmqParams, NetworkParams};
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::sync::Arc;

/// Height of the list that a plain quorum's members come from: its work block's once V20 holds, its base block's
/// before.
pub const fn list_height(params: &NetworkParams, base_height: u32) -> u32 {
    if v20_after(params, base_height) { work_block(base_height) } else { base_height }
}

/// Whether a quorum of this type and base height has evo nodes only.
pub fn evo_only(params: &NetworkParams, llmq: &LlmqParams, base_height: u32) -> bool {
    llmq.llmq_type == params.llmq_types.platform && v19_after(params, base_height)
}

/// The members of a plain quorum in their order: the first of the order under the modifier, fewer than the quorum's
/// size if there are not enough.
pub fn plain_members(
    llmq: &LlmqParams,
    list: &MasternodeList,
    modifier: &[u8; 32],
    evo_only: bool,
) -> Vec<Arc<MasternodeEntry>> {
    let candidates = list.iter().filter(|entry| !evo_only || entry.is_evo());
    let mut members = sorted(candidates, modifier);
    members.truncate(llmq.size as usize);
    members
}

/// The eligible entries by descending score.
pub(super) fn sorted<'a>(
    entries: impl Iterator<Item = &'a Arc<MasternodeEntry>>,
    modifier: &[u8; 32],
) -> Vec<Arc<MasternodeEntry>> {
    let mut scored: Vec<_> = entries
        .filter(|entry| entry.is_eligible())
        .map(|entry| (Reverse(score(entry, modifier)), entry))
        .collect();
    // Dash Core breaks ties of SHA-256 by the collateral, which lists do not have; the name stands in.
    scored.sort_unstable_by_key(|(score, entry)| (*score, *entry.pro_tx_hash()));
    scored.into_iter().map(|(_, entry)| entry.clone()).collect()
}

/// A score, most significant byte first.
fn score(entry: &MasternodeEntry, modifier: &[u8; 32]) -> [u8; 32] {
    let mut score: [u8; 32] =
        Sha256::new().chain_update(entry.score_base()).chain_update(modifier).finalize().into();
    // The hash counts as a little-endian number.
    score.reverse();
    score
}
