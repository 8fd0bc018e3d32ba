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
    scored.sort_unstable_by(|(score, entry), (other, rival)| {
        score.cmp(other).then_with(|| entry.pro_tx_hash().cmp(rival.pro_tx_hash()))
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::masternodes::testing::{list, masternode};
    use dash_protocol::{ConfirmedHash, LLMQType, MasternodeType};

    #[test]
    fn members_come_in_the_order_of_little_endian_scores() {
        let list = list((1..=40).map(masternode));
        let sorted = sorted(list.iter(), &[3; 32]);
        assert_eq!(sorted.len(), 40);
        for pair in sorted.windows(2) {
            let raw = |entry: &MasternodeEntry| {
                let hash: [u8; 32] =
                    Sha256::digest([entry.score_base().as_slice(), &[3; 32]].concat()).into();
                hash.into_iter().rev().collect::<Vec<u8>>()
            };
            assert!(raw(&pair[0]) > raw(&pair[1]));
        }
    }

    #[test]
    fn banned_and_unconfirmed_masternodes_are_no_members() {
        let mut entries: Vec<_> = (1..=5).map(masternode).collect();
        entries[0].is_valid = false;
        entries[1].confirmed_hash = ConfirmedHash::ZERO;
        let (params, list) = (NetworkParams::mainnet(), list(entries));
        let members = plain_members(params.llmq(LLMQType(1)).unwrap(), &list, &[3; 32], false);
        assert_eq!(members.len(), 3);
        assert!(members.iter().all(|member| member.is_eligible()));
    }

    #[test]
    fn platforms_quorums_have_evo_nodes_only_and_no_more_than_their_size() {
        let params = NetworkParams::mainnet();
        let llmq = params.llmq(params.llmq_types.platform).unwrap();
        let entries = (1..=250).map(|number| {
            let kind = if number % 2 == 0 { MasternodeType::Evo } else { MasternodeType::Regular };
            dash_protocol::SmlEntry { kind, ..masternode(number) }
        });
        let list = list(entries);
        assert!(evo_only(&params, llmq, params.activation.v19 - 1));
        assert!(!evo_only(&params, llmq, params.activation.v19 - 2));
        assert!(!evo_only(&params, params.llmq(LLMQType(2)).unwrap(), u32::MAX));
        let members = plain_members(llmq, &list, &[3; 32], true);
        assert_eq!(members.len(), 100);
        assert!(members.iter().all(|member| member.is_evo()));
    }

    #[test]
    fn the_list_is_the_work_blocks_once_v20_holds() {
        let params = NetworkParams::mainnet();
        let v20 = params.activation.v20;
        assert_eq!((list_height(&params, v20 - 1), list_height(&params, v20 - 2)), (v20 - 9, v20 - 2));
    }
}
