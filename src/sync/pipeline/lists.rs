//! The pipeline's form for masternode lists and QRInfos.

use super::{PipelineSettings, RequestPipeline};
use crate::network::correlation::{Request, RequestOwner};
use crate::sync::parallel::{ExecutorLimits, ExecutorMode};
use crate::sync::scheduler::{SchedulePriority, Want};
use crate::sync::sequential::RequestClass;
use dash_protocol::{BlockHash, GetMnListDiff, GetQRInfo, MnListDiff, QRInfo};

/// Answers held until their turn.
const MOST_HELD: usize = 64;
/// Bytes of answers held; a QRInfo on mainnet is about 1 MB.
const MOST_HELD_BYTES: usize = 24 << 20;
/// The share of failures at which the breaker opens.
const BREAKER_RATE: f64 = 0.5;

/// Something that `src/sync/masternodes` asks for. It is the pipeline's key: bases are part of it, so a request keeps
/// the bases that it was first wanted with for as long as it is wanted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListRequest {
    /// A list diff.
    Diff {
        /// The height of the block whose list is wanted.
        height: u32,
        /// The message.
        get: GetMnListDiff,
    },
    /// A QRInfo.
    QRInfo {
        /// The base of the requested block's cycle.
        height: u32,
        /// The message.
        get: GetQRInfo,
        /// The hash at the base less eight, by which the answer is known.
        work_block: BlockHash,
    },
}

impl ListRequest {
    /// The height that it belongs to.
    pub fn height(&self) -> u32 {
        match self {
            Self::Diff { height, .. } | Self::QRInfo { height, .. } => *height,
        }
    }

    /// Its kind.
    pub fn class(&self) -> RequestClass {
        match self {
            Self::Diff { .. } => RequestClass::MnListDiff,
            Self::QRInfo { .. } => RequestClass::QRInfo,
        }
    }

    /// What its answer is known by.
    pub fn content(&self) -> Request {
        match self {
            Self::Diff { get, .. } => {
                Request::MnListDiff { base: get.base_block_hash, block: get.block_hash }
            }
            Self::QRInfo { work_block, .. } => Request::QRInfo { work_block: *work_block },
        }
    }

    /// The wish for it.
    pub fn want(self, priority: SchedulePriority) -> Want<Self> {
        Want {
            priority,
            height: self.height(),
            class: self.class(),
            tied: None,
            preferred: None,
            content: Some(self.content()),
            key: self,
        }
    }
}

/// An answer to a [`ListRequest`], unproven.
#[derive(Debug)]
pub enum ListAnswer {
    /// To a diff.
    Diff(Box<MnListDiff>),
    /// To a QRInfo.
    QRInfo(Box<QRInfo>),
}

/// The pipeline of list and QRInfo requests.
pub type ListPipeline = RequestPipeline<ListRequest, ListAnswer>;

impl PipelineSettings {
    /// For lists: `concurrency` requests per peer at the most, of which a peer usually works on one and has one
    /// waiting, or one at a time.
    pub fn lists(concurrency: usize, mode: ExecutorMode, seed: u64) -> Self {
        Self {
            owner: RequestOwner::Masternodes,
            limits: ExecutorLimits { per_peer: concurrency, in_all: 32, mode },
            most_held: MOST_HELD,
            most_held_bytes: MOST_HELD_BYTES,
            breaker_rate: BREAKER_RATE,
            seed,
        }
    }
}
