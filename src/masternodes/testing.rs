//! Made-up masternodes and states for unit tests.

use super::{ListState, MasternodeEntry, MasternodeList, QuorumSet};
use dash_protocol::{
    BestChainLock, BlockHash, BlsPublicKey, BlsSignature, CoinbasePayload, ConfirmedHash, MasternodeType,
    MerkleRoot, NetInfo, ProTxHash, SmlEntry, sha256d,
};
use std::sync::Arc;

/// The masternode of a number; valid and confirmed.
pub(super) fn masternode(number: u32) -> SmlEntry {
    let hash = |what: u8| sha256d(&[&[what][..], &number.to_le_bytes()].concat());
    SmlEntry {
        version: 2,
        pro_tx_hash: ProTxHash::from_bytes(hash(0)),
        confirmed_hash: ConfirmedHash::from_bytes(hash(1)),
        net_info: NetInfo::Service { ip: [0; 16], port: 0 },
        operator_key: BlsPublicKey::from_bytes([number.to_le_bytes()[0]; 48]),
        voting_key_id: [0; 20],
        is_valid: true,
        kind: MasternodeType::Regular,
        platform_http_port: 0,
        platform_node_id: [0; 20],
    }
}

/// A list of masternodes in any order.
pub(super) fn list(entries: impl IntoIterator<Item = SmlEntry>) -> MasternodeList {
    let mut entries: Vec<_> = entries
        .into_iter()
        .map(|entry| Arc::new(MasternodeEntry::new(entry).expect("a known version")))
        .collect();
    entries.sort_by_key(|entry| *entry.pro_tx_hash());
    MasternodeList::from_sorted(entries)
}

/// A state that nothing proves, with or without a ChainLock signature in its coinbase.
pub(super) fn state(height: u32, entries: &[SmlEntry], locked: bool) -> ListState {
    let signature = BlsSignature::from_bytes([height.to_le_bytes()[0] | 1; 96]);
    let list = list(entries.iter().cloned());
    ListState {
        height,
        hash: BlockHash::from_bytes(sha256d(&height.to_le_bytes())),
        coinbase: Some(CoinbasePayload {
            version: 3,
            height,
            merkle_root_mn_list: MerkleRoot::from_bytes(*list.root()),
            merkle_root_quorums: MerkleRoot::ZERO,
            best_chainlock: locked.then_some(BestChainLock { height_diff: 0, signature }),
            credit_pool_balance: 0,
        }),
        list,
        quorums: QuorumSet::empty(),
    }
}
