//! A simulated network against what stands apart from the simulator: the codecs, the BLS library, recorded networks.

mod bls;
mod client;
mod lists;
mod locks;
mod quorums;
mod rotation;
mod vectors;

use crate::chain::SimChain;
use crate::masternodes::MasternodePlan;
use crate::world::devnet;
use dash_protocol::special::CoinbasePayload;
use dash_protocol::{
    ChainOverrides, FinalCommitment, LLMQType, MerkleRoot, MnListDiff, NetworkParams, ProTxHash, QuorumHash,
    SmlEntry, merkle,
};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// A regtest on which masternodes and, from block 60 on, ChainLocks choose members.
fn regtest() -> Arc<NetworkParams> {
    static PARAMS: OnceLock<Arc<NetworkParams>> = OnceLock::new();
    let params = PARAMS.get_or_init(|| {
        let activation = [("dip3", 2), ("v20", 60), ("mn_rr", 60)];
        let activation = activation.map(|(name, height)| (String::from(name), height)).into();
        Arc::new(NetworkParams::regtest(&ChainOverrides { activation, ..ChainOverrides::default() }).unwrap())
    });
    Arc::clone(params)
}

/// A lively regtest of 400 blocks with 20 masternodes.
fn small() -> Arc<SimChain> {
    SimChain::shared_with(&regtest(), 1, 400, &MasternodePlan::new(20).churn(40))
}

/// A devnet of 500 blocks with 60 masternodes, some of whose key generations fail.
fn large() -> Arc<SimChain> {
    SimChain::shared_with(&devnet(), 2, 500, &MasternodePlan::new(60).failed_dkgs(20))
}

/// The state that diffs build up, by protocol.md 8.4 and nothing else.
#[derive(Clone, Default)]
struct State {
    entries: BTreeMap<ProTxHash, SmlEntry>,
    quorums: BTreeMap<(LLMQType, QuorumHash), FinalCommitment>,
}

impl State {
    /// Applies a diff and checks all that a block proves of it.
    fn apply(&mut self, chain: &SimChain, diff: &MnListDiff) {
        let height = chain.height_of(&diff.block_hash).unwrap();
        let (root, matches) = diff.coinbase_tree.extract().unwrap();
        assert_eq!(root, chain.header_at(height).unwrap().merkle_root);
        assert_eq!(matches, [(0, diff.coinbase.txid())]);
        for name in &diff.deleted {
            assert!(self.entries.remove(name).is_some());
        }
        for entry in &diff.entries {
            assert_ne!(self.entries.insert(entry.pro_tx_hash, entry.clone()).as_ref(), Some(entry));
        }
        for name in &diff.deleted_quorums {
            assert!(self.quorums.remove(name).is_some());
        }
        for quorum in &diff.new_quorums {
            assert_eq!(self.quorums.insert((quorum.llmq_type, quorum.quorum_hash), quorum.clone()), None);
        }
        let payload = CoinbasePayload::of(&diff.coinbase).unwrap();
        assert_eq!(payload.height, height);
        let leaves: Vec<_> = self.entries.values().map(SmlEntry::leaf_hash).collect();
        assert_eq!(payload.merkle_root_mn_list, MerkleRoot::from_bytes(merkle::root(&leaves)));
        let mut leaves: Vec<_> = self.quorums.values().map(FinalCommitment::leaf_hash).collect();
        leaves.sort_unstable();
        assert_eq!(payload.merkle_root_quorums, MerkleRoot::from_bytes(merkle::root(&leaves)));
    }
}
