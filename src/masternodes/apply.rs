//! A proven state changed by a diff into the next (DIP-4; Dash Core `evo/smldiff.cpp`).
//!
//! Every embedded claim is checked by the two roots of the proven coinbase; what comes before them refuses diffs that
//! no node makes. Nothing of the base changes, whatever the diff says. Not authenticated by the block, and so not used,
//! are the diff's version and its `quorumsCLSigs`: a work block's own coinbase has the signature that counts.
//!
//! **Bounds.** Work is proportional to the base and the diff; the result is bounded by what hashes to the roots.

use super::proof::{self, ProvenBlock};
use super::{ListState, MasternodeEntry, MasternodeList, QuorumEntry, QuorumSet};
use crate::checks::{self, Check};
use crate::collections::SortedMap;
use dash_protocol::merkle::MerkleError;
use dash_protocol::{
    BlockHash, CoinbasePayload, DecodeError, FinalCommitment, LLMQType, MerkleRoot, MnListDiff,
    NetworkParams, ProTxHash, QuorumName, SmlEntry, Txid,
};
use std::sync::Arc;
use thiserror::Error;

/// Why a diff is not what leads from its base to its block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DiffError {
    /// It starts from another block than the base given.
    #[error("diff starts from block {found}, expected {expected}")]
    Base {
        /// The base's block.
        expected: BlockHash,
        /// The diff's.
        found: BlockHash,
    },
    /// It ends at another block than the one given.
    #[error("diff ends at block {found}, expected {expected}")]
    Block {
        /// The block given.
        expected: BlockHash,
        /// The diff's.
        found: BlockHash,
    },
    /// Its block does not lie above its base.
    #[error("diff from height {base} down to height {height}")]
    Order {
        /// The base's height.
        base: u32,
        /// The block's height.
        height: u32,
    },
    /// The coinbase's merkle tree is malformed.
    #[error("coinbase tree: {0}")]
    CoinbaseTree(MerkleError),
    /// The tree has to match the coinbase and nothing else.
    #[error("{count} matches in the coinbase tree, expected 1")]
    CoinbaseMatches {
        /// Matches found.
        count: usize,
    },
    /// The matched transaction is not the block's first.
    #[error("the coinbase tree matches transaction {position}, expected the first")]
    CoinbasePosition {
        /// Its place in the block, from 0.
        position: u32,
    },
    /// The matched transaction is not the coinbase sent.
    #[error("coinbase is {found}, its tree says {expected}")]
    CoinbaseTxid {
        /// The tree's leaf.
        expected: Txid,
        /// The transaction's id.
        found: Txid,
    },
    /// The tree does not lead to the block's header.
    #[error("coinbase tree leads to {found}, the header has {expected}")]
    MerkleRoot {
        /// The header's.
        expected: MerkleRoot,
        /// The tree's.
        found: MerkleRoot,
    },
    /// The coinbase is no special transaction of its type.
    #[error("coinbase of version {version} and type {tx_type}")]
    CoinbaseType {
        /// The transaction's version.
        version: u16,
        /// Its special type.
        tx_type: u16,
    },
    /// The coinbase's payload is malformed.
    #[error("coinbase payload: {0}")]
    CoinbasePayload(DecodeError),
    /// The coinbase says that it is at another height.
    #[error("coinbase of height {found} in block {expected}")]
    CoinbaseHeight {
        /// The block's height.
        expected: u32,
        /// The payload's.
        found: u32,
    },
    /// The payload's version is not one that the rules allow at this height.
    #[error("coinbase payload of version {found} at height {height}")]
    PayloadVersion {
        /// The block's height.
        height: u32,
        /// The payload's version.
        found: u16,
    },
    /// A masternode is deleted that the base does not have, or twice.
    #[error("masternode {0} is deleted but not there")]
    DeletedMasternode(ProTxHash),
    /// A masternode is there twice among the new and changed ones, or deleted and there, too.
    #[error("masternode {0} appears twice")]
    DuplicateMasternode(ProTxHash),
    /// An entry's version is unknown.
    #[error("masternode {name} has entry version {version}")]
    EntryVersion {
        /// The masternode.
        name: ProTxHash,
        /// The entry's version.
        version: u16,
    },
    /// A quorum is deleted that the base does not have, or twice.
    #[error("quorum {hash} of type {llmq_type:?} is deleted but not there")]
    DeletedQuorum {
        /// Its type.
        llmq_type: LLMQType,
        /// Its name.
        hash: BlockHash,
    },
    /// A quorum is new that is there, or twice.
    #[error("quorum {hash} of type {llmq_type:?} appears twice")]
    DuplicateQuorum {
        /// Its type.
        llmq_type: LLMQType,
        /// Its name.
        hash: BlockHash,
    },
    /// A quorum of a type that the network does not have.
    #[error("no quorums of type {0:?} on this network")]
    QuorumType(LLMQType),
    /// A set of bits does not have one bit for each member of the quorum.
    #[error("quorum {hash} of type {llmq_type:?} has {found} bits, expected {expected}")]
    QuorumBits {
        /// Its type.
        llmq_type: LLMQType,
        /// Its name.
        hash: BlockHash,
        /// The type's size.
        expected: usize,
        /// Bits found.
        found: usize,
    },
    /// A commitment of a key generation that failed: those are in blocks, but never in a set of quorums.
    #[error("quorum {hash} of type {llmq_type:?} is a null commitment")]
    NullQuorum {
        /// Its type.
        llmq_type: LLMQType,
        /// Its name.
        hash: BlockHash,
    },
    /// The resulting list is not the one that the coinbase commits to.
    #[error("masternode list has root {found}, the coinbase {expected}")]
    ListRoot {
        /// The coinbase's.
        expected: MerkleRoot,
        /// The list's.
        found: MerkleRoot,
    },
    /// The resulting quorums are not those that the coinbase commits to.
    #[error("quorums have root {found}, the coinbase {expected}")]
    QuorumRoot {
        /// The coinbase's.
        expected: MerkleRoot,
        /// The quorums'.
        found: MerkleRoot,
    },
}

impl ListState {
    /// The state at `block`, which a peer's diff says this one leads to. All zeroes and genesis both name the empty
    /// list as a base.
    ///
    /// # Errors
    /// [`DiffError`]; nothing is changed then.
    pub fn apply(
        &self,
        params: &NetworkParams,
        diff: &MnListDiff,
        block: ProvenBlock,
    ) -> Result<Self, DiffError> {
        if checks::on(Check::DiffBase) {
            self.check_ends(diff, &block)?;
        }
        let coinbase = proof::coinbase(params, diff, &block)?;
        let list = change_list(&self.list, &diff.deleted, &diff.entries)?;
        diff.new_quorums.iter().try_for_each(|commitment| check_quorum(params, commitment))?;
        let quorums = change_quorums(&self.quorums, &diff.deleted_quorums, &diff.new_quorums)?;
        check_roots(&coinbase, &list, &quorums)?;
        Ok(Self { height: block.height, hash: block.hash, coinbase: Some(coinbase), list, quorums })
    }

    fn check_ends(&self, diff: &MnListDiff, block: &ProvenBlock) -> Result<(), DiffError> {
        let base = diff.base_block_hash;
        if base != self.hash && !(self.height == 0 && base.is_zero()) {
            return Err(DiffError::Base { expected: self.hash, found: base });
        }
        if diff.block_hash != block.hash {
            return Err(DiffError::Block { expected: block.hash, found: diff.block_hash });
        }
        if block.height < self.height || (block.height == self.height && block.hash != self.hash) {
            return Err(DiffError::Order { base: self.height, height: block.height });
        }
        Ok(())
    }
}

/// The list without what is deleted, with what is new or changed.
pub(super) fn change_list(
    base: &MasternodeList,
    deleted: &[ProTxHash],
    entries: &[SmlEntry],
) -> Result<MasternodeList, DiffError> {
    if deleted.is_empty() && entries.is_empty() {
        return Ok(base.clone());
    }
    // What becomes of each name that the diff has: gone, or this entry.
    let mut changes: SortedMap<ProTxHash, Option<Arc<MasternodeEntry>>> = SortedMap::new();
    for name in deleted {
        if base.get(name).is_none() || changes.insert(*name, None).is_some() {
            return Err(DiffError::DeletedMasternode(*name));
        }
    }
    for entry in entries {
        let name = entry.pro_tx_hash;
        if changes.insert(name, Some(Arc::new(checked_entry(entry)?))).is_some() {
            return Err(DiffError::DuplicateMasternode(name));
        }
    }
    Ok(MasternodeList::from_sorted(merged(base, changes)))
}

fn checked_entry(entry: &SmlEntry) -> Result<MasternodeEntry, DiffError> {
    let unknown = DiffError::EntryVersion { name: entry.pro_tx_hash, version: entry.version };
    MasternodeEntry::new(entry.clone()).ok_or(unknown)
}

/// The base's entries with the changes to them, in order.
fn merged(
    base: &MasternodeList,
    changes: SortedMap<ProTxHash, Option<Arc<MasternodeEntry>>>,
) -> Vec<Arc<MasternodeEntry>> {
    let mut entries = Vec::with_capacity(base.len() + changes.len());
    let mut changes = changes.into_iter().peekable();
    for entry in base {
        while let Some((_, new)) = changes.next_if(|(name, _)| name < entry.pro_tx_hash()) {
            entries.extend(new);
        }
        match changes.next_if(|(name, _)| name == entry.pro_tx_hash()) {
            Some((_, changed)) => entries.extend(changed),
            None => entries.push(entry.clone()),
        }
    }
    entries.extend(changes.filter_map(|(_, new)| new));
    entries
}

/// The quorums without what is deleted, with what is new.
pub(super) fn change_quorums(
    base: &QuorumSet,
    deleted: &[QuorumName],
    new: &[FinalCommitment],
) -> Result<QuorumSet, DiffError> {
    if deleted.is_empty() && new.is_empty() {
        return Ok(base.clone());
    }
    let mut quorums = base.map().clone();
    for name in deleted {
        if quorums.remove(name).is_none() {
            return Err(not_there(*name));
        }
    }
    for commitment in new {
        let name = (commitment.llmq_type, commitment.quorum_hash);
        if quorums.insert(name, Arc::new(QuorumEntry::new(commitment.clone()))).is_some() {
            return Err(duplicate(name));
        }
    }
    Ok(QuorumSet::from_map(quorums))
}

fn not_there((llmq_type, hash): QuorumName) -> DiffError {
    DiffError::DeletedQuorum { llmq_type, hash: hash.into() }
}

fn duplicate((llmq_type, hash): QuorumName) -> DiffError {
    DiffError::DuplicateQuorum { llmq_type, hash: hash.into() }
}

/// What every commitment in a set of quorums has, whether or not it can be verified.
fn check_quorum(params: &NetworkParams, commitment: &FinalCommitment) -> Result<(), DiffError> {
    if !checks::on(Check::CommitmentForm) {
        return Ok(());
    }
    let (llmq_type, hash) = (commitment.llmq_type, commitment.quorum_hash.into());
    let llmq = params.llmq(llmq_type).ok_or(DiffError::QuorumType(llmq_type))?;
    let expected = llmq.size as usize;
    for bits in [&commitment.signers, &commitment.valid_members] {
        if bits.len() != expected {
            return Err(DiffError::QuorumBits { llmq_type, hash, expected, found: bits.len() });
        }
    }
    if commitment.is_null() { Err(DiffError::NullQuorum { llmq_type, hash }) } else { Ok(()) }
}

/// Both roots are those that the coinbase commits to.
pub(super) fn check_roots(
    coinbase: &CoinbasePayload,
    list: &MasternodeList,
    quorums: &QuorumSet,
) -> Result<(), DiffError> {
    let (expected, found) = (coinbase.merkle_root_mn_list, MerkleRoot::from_bytes(*list.root()));
    if checks::on(Check::ListRoot) && expected != found {
        return Err(DiffError::ListRoot { expected, found });
    }
    let (expected, found) = (coinbase.merkle_root_quorums, MerkleRoot::from_bytes(*quorums.root()));
    if checks::on(Check::QuorumRoot) && coinbase.version >= 2 && expected != found {
        return Err(DiffError::QuorumRoot { expected, found });
    }
    Ok(())
}
