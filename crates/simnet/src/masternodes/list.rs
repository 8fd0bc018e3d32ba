//! The masternode list of a simulated chain, with the secrets.

use super::keys::{KeyPair, sha256};
use dash_protocol::{BlsPublicKey, ConfirmedHash, MerkleRoot, ProTxHash, SmlEntry, merkle};
use std::sync::Arc;

/// A masternode in one state.
#[derive(Clone, Debug)]
pub struct Node {
    /// As lists have it.
    pub entry: SmlEntry,
    /// Its operator's key; none after a revocation, and none where only an entry is known.
    pub key: Option<Arc<KeyPair>>,
    /// Height of the block that registered it.
    pub registered: u32,
    /// The entry's hash in the list's tree.
    pub leaf: [u8; 32],
    /// What scores are made of: the hash of its name and its confirmation.
    pub score_base: [u8; 32],
}

impl Node {
    /// A masternode in a state.
    pub fn new(entry: SmlEntry, key: Option<Arc<KeyPair>>, registered: u32) -> Self {
        let leaf = entry.leaf_hash();
        let named = [entry.pro_tx_hash.to_bytes(), entry.confirmed_hash.to_bytes()].concat();
        Self { entry, key, registered, leaf, score_base: sha256(&named) }
    }

    /// Its name.
    pub fn name(&self) -> ProTxHash {
        self.entry.pro_tx_hash
    }

    /// Its operator's key in the basic encoding; null after a revocation.
    pub fn operator_key(&self) -> BlsPublicKey {
        self.entry.operator_key.to_basic(self.entry.scheme())
    }

    /// Whether it can be a member of quorums.
    pub fn is_eligible(&self) -> bool {
        self.entry.is_valid && self.entry.confirmed_hash != ConfirmedHash::ZERO
    }
}

/// All masternodes as of a block, sorted by the bytes of their names.
#[derive(Clone, Debug, Default)]
pub struct List {
    nodes: Vec<Arc<Node>>,
    root: MerkleRoot,
}

impl List {
    /// A list of these, in any order.
    pub fn new(mut nodes: Vec<Arc<Node>>) -> Self {
        nodes.sort_by_key(|node| node.name());
        let leaves: Vec<[u8; 32]> = nodes.iter().map(|node| node.leaf).collect();
        Self { nodes, root: MerkleRoot::from_bytes(merkle::root(&leaves)) }
    }

    /// All, by name.
    pub fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// The one of a name.
    pub fn get(&self, name: &ProTxHash) -> Option<&Arc<Node>> {
        let place = self.nodes.binary_search_by_key(name, |node| node.name()).ok()?;
        Some(&self.nodes[place])
    }

    /// The root of the tree over all entries; zero for none.
    pub fn root(&self) -> MerkleRoot {
        self.root
    }
}
