//! A masternode list: entries in the order of their names' raw bytes, and the merkle root over them (DIP-4).
//!
//! A list is a shared slice of shared entries: cloning is free, a changed list costs one pointer for each entry (25 KB
//! for mainnet's 3,147), so that dozens of lists fit in memory. What bounds a list is its root, which proof of work
//! vouches for: nothing that does not hash to it becomes part of a [`super::ListState`].

use super::MasternodeEntry;
use dash_protocol::{ProTxHash, merkle};
use std::sync::Arc;

/// A masternode list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasternodeList {
    entries: Arc<[Arc<MasternodeEntry>]>,
    root: [u8; 32],
}

impl MasternodeList {
    /// No masternodes.
    pub fn empty() -> Self {
        Self { entries: Arc::new([]), root: [0; 32] }
    }

    /// From entries in ascending order of their names.
    pub(super) fn from_sorted(entries: Vec<Arc<MasternodeEntry>>) -> Self {
        debug_assert!(entries.is_sorted_by(|a, b| a.pro_tx_hash() < b.pro_tx_hash()));
        let leaves: Vec<[u8; 32]> = entries.iter().map(|entry| *entry.leaf()).collect();
        Self { root: merkle::root(&leaves), entries: entries.into() }
    }

    /// The entry of a masternode.
    pub fn get(&self, name: &ProTxHash) -> Option<&Arc<MasternodeEntry>> {
        let at = self.entries.binary_search_by(|entry| entry.pro_tx_hash().cmp(name)).ok()?;
        Some(&self.entries[at])
    }

    /// All entries, by the raw bytes of their names.
    pub fn iter(&self) -> std::slice::Iter<'_, Arc<MasternodeEntry>> {
        self.entries.iter()
    }

    /// How many masternodes there are, banned ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The merkle root over the entries' hashes, in internal order; zero for an empty list.
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }
}

impl<'a> IntoIterator for &'a MasternodeList {
    type Item = &'a Arc<MasternodeEntry>;
    type IntoIter = std::slice::Iter<'a, Arc<MasternodeEntry>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
