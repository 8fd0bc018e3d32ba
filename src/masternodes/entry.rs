//! A masternode of a list, with the hashes that are computed once and used at every block.
//!
//! Lists share entries by `Arc`: an entry is about 400 bytes, however many lists it is in.

use dash_protocol::{BlsPublicKey, BlsScheme, ConfirmedHash, MasternodeType, ProTxHash, SmlEntry};
use sha2::{Digest, Sha256};

/// The highest version of an entry that this client knows (Dash Core `ProTxVersion::ExtAddr`).
const MAX_VERSION: u16 = 3;

/// A masternode as a list has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MasternodeEntry {
    entry: SmlEntry,
    leaf: [u8; 32],
    score_base: [u8; 32],
    basic_key: BlsPublicKey,
}

impl MasternodeEntry {
    /// Computes an entry's hashes; nothing if its version is not a known one. The version is not part of the hash, and
    /// an unknown one could pass off a key under another encoding.
    pub fn new(entry: SmlEntry) -> Option<Self> {
        if !(1..=MAX_VERSION).contains(&entry.version) {
            return None;
        }
        let scheme = if entry.version == 1 { BlsScheme::Legacy } else { BlsScheme::Basic };
        Some(Self {
            leaf: entry.leaf_hash(),
            score_base: score_base(&entry.pro_tx_hash, &entry.confirmed_hash),
            basic_key: entry.operator_key.to_basic(scheme),
            entry,
        })
    }

    /// The entry as peers send it.
    pub const fn entry(&self) -> &SmlEntry {
        &self.entry
    }

    /// Its name.
    pub const fn pro_tx_hash(&self) -> &ProTxHash {
        &self.entry.pro_tx_hash
    }

    /// Its leaf of the list's merkle tree, in internal order.
    pub const fn leaf(&self) -> &[u8; 32] {
        &self.leaf
    }

    /// What its scores are computed from: SHA-256 of its name and its confirmed hash, in internal order.
    pub const fn score_base(&self) -> &[u8; 32] {
        &self.score_base
    }

    /// Its operator's key in the basic encoding.
    pub const fn basic_key(&self) -> &BlsPublicKey {
        &self.basic_key
    }

    /// Whether it is not banned.
    pub const fn is_valid(&self) -> bool {
        self.entry.is_valid
    }

    /// Whether it can be a member of a quorum: not banned, and confirmed.
    pub fn is_eligible(&self) -> bool {
        self.entry.is_valid && !self.entry.confirmed_hash.is_zero()
    }

    /// Whether it is an evo node.
    pub fn is_evo(&self) -> bool {
        self.entry.kind == MasternodeType::Evo
    }
}

fn score_base(name: &ProTxHash, confirmed: &ConfirmedHash) -> [u8; 32] {
    Sha256::new().chain_update(name.as_bytes()).chain_update(confirmed.as_bytes()).finalize().into()
}
