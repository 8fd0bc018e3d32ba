//! The masternode list and the quorums as of a block, proven.
//!
//! A [`ListState`] comes into being in three ways only: the empty one of genesis, a proven one changed by a diff whose
//! coinbase and roots hold ([`ListState::apply`]), or one read back from our own store ([`super::codec`]). So holding
//! one is the proof, as far as the header chain goes that its block is on.

use super::{MasternodeList, QuorumSet};
use dash_protocol::{BlockHash, BlsSignature, CoinbasePayload, NetworkParams};

/// The ChainLock that a coinbase carries. Its block's hash follows from the height on the same chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoinbaseLock {
    /// The height of the locked block.
    pub height: u32,
    /// Basic encoding.
    pub signature: BlsSignature,
}

/// The masternode list and the quorums as of a block. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListState {
    pub(super) height: u32,
    pub(super) hash: BlockHash,
    pub(super) coinbase: Option<CoinbasePayload>,
    pub(super) list: MasternodeList,
    pub(super) quorums: QuorumSet,
}

impl ListState {
    /// What every network begins with: nothing.
    pub fn genesis(params: &NetworkParams) -> Self {
        Self {
            height: 0,
            hash: params.genesis_hash,
            coinbase: None,
            list: MasternodeList::empty(),
            quorums: QuorumSet::empty(),
        }
    }

    /// The block's height.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The block's hash.
    pub const fn hash(&self) -> &BlockHash {
        &self.hash
    }

    /// What the block's coinbase says; nothing for genesis.
    pub const fn coinbase(&self) -> Option<&CoinbasePayload> {
        self.coinbase.as_ref()
    }

    /// The masternodes, this block's effects included.
    pub const fn list(&self) -> &MasternodeList {
        &self.list
    }

    /// The quorums, those mined in this block included.
    pub const fn quorums(&self) -> &QuorumSet {
        &self.quorums
    }

    /// The ChainLock signature in the coinbase, if there is one. It is proven to be in the block, which consensus lets
    /// in only with a signature that holds; it was not verified here.
    pub fn chainlock(&self) -> Option<CoinbaseLock> {
        let coinbase = self.coinbase.as_ref()?;
        let signature = coinbase.best_chainlock?.signature;
        Some(CoinbaseLock { height: coinbase.chainlock_height()?, signature })
    }
}
