//! What regtest and devnet nodes can be started with, and a client of theirs must know: checked and applied here.

use thiserror::Error;

use super::llmq::{LlmqTypes, Table};
use super::{Checkpoint, NetworkKind, NetworkParams};
use crate::masternode::LLMQType;

/// The largest quorum that Dash Core has, and so the largest that can be asked for.
const MAX_LLMQ_SIZE: u32 = 400;

/// The options of a regtest or devnet node that change the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainOverrides {
    /// Quorum type to its size and threshold (`-llmqtestparams` and the like).
    pub llmq: Vec<(u8, (u32, u32))>,
    /// Which quorum type signs what (`-llmqchainlocks` and the like).
    pub llmq_types: LlmqTypeOverrides,
    /// Deployment to height (`-testactivationheight`); names are the fields of [`super::Activation`] or Dash Core's.
    pub activation: Vec<(String, u32)>,
    /// Devnet: parents below this height are followed by blocks of minimum difficulty (`-minimumdifficultyblocks`).
    pub minimum_difficulty_blocks: Option<u32>,
    /// Blocks that the chain has to contain, in any order.
    pub checkpoints: Vec<Checkpoint>,
}

/// Which quorum type signs what, where it differs from the network's own choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LlmqTypeOverrides {
    /// ChainLocks; a type that is not rotated.
    pub chainlocks: Option<u8>,
    /// InstantSend locks; a rotated type.
    pub instantsend: Option<u8>,
    /// Platform.
    pub platform: Option<u8>,
}

/// Why a network cannot be made from what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// A devnet's name is up to 64 letters, digits, `-`, `_` and `.`.
    #[error("bad devnet name {name:?}: up to 64 of a-z, A-Z, 0-9, '-', '_', '.' are allowed")]
    DevnetName {
        /// The name, cut after 80 characters.
        name: String,
    },
    /// No nonce makes the devnet's own first block valid: the hash function given is not X11.
    #[error("no nonce found for the first block of devnet {name:?}")]
    DevnetGenesis {
        /// The name.
        name: String,
    },
    /// The network has no such quorum type, or its size is fixed.
    #[error("quorum type {llmq_type} cannot be set on this network")]
    LlmqType {
        /// The type.
        llmq_type: LLMQType,
    },
    /// A size of 1 to 400 and a threshold of 1 to the size are allowed.
    #[error("quorum type {llmq_type} cannot have size {size} and threshold {threshold}")]
    LlmqSize {
        /// The type.
        llmq_type: LLMQType,
        /// Members asked for.
        size: u32,
        /// Threshold asked for.
        threshold: u32,
    },
    /// ChainLocks need a plain type and InstantSend a rotated one.
    #[error("quorum type {llmq_type} cannot sign {purpose}")]
    LlmqPurpose {
        /// The type.
        llmq_type: LLMQType,
        /// What it should sign.
        purpose: &'static str,
    },
    /// No deployment has this name.
    #[error("unknown deployment {name:?}")]
    Deployment {
        /// The name, cut after 80 characters.
        name: String,
    },
    /// An option of devnets on another network.
    #[error("minimum difficulty blocks can be set on a devnet only")]
    MinimumDifficultyBlocks,
    /// Two checkpoints at one height, or one that contradicts a block that the network begins with.
    #[error("conflicting checkpoints at height {height}")]
    Checkpoint {
        /// The height.
        height: u32,
    },
}

/// Text of the caller's for an error.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

impl ChainOverrides {
    /// Applies the options to a network's own parameters, whose quorums are those of `table`.
    pub(super) fn apply(&self, params: &mut NetworkParams, table: &Table) -> Result<(), ParamsError> {
        self.apply_llmq_sizes(params, table)?;
        self.llmq_types.apply(params)?;
        for (name, height) in &self.activation {
            if !params.activation.set(name, *height) {
                return Err(ParamsError::Deployment { name: cut(name) });
            }
        }
        if let Some(blocks) = self.minimum_difficulty_blocks {
            if params.kind != NetworkKind::Devnet {
                return Err(ParamsError::MinimumDifficultyBlocks);
            }
            params.minimum_difficulty_blocks = blocks;
        }
        self.apply_checkpoints(params)
    }

    /// As Dash Core does, the threshold given is also the least size and the number of bad votes.
    fn apply_llmq_sizes(&self, params: &mut NetworkParams, table: &Table) -> Result<(), ParamsError> {
        for &(number, (size, threshold)) in &self.llmq {
            let llmq_type = LLMQType(number);
            let quorum = params
                .llmqs
                .iter_mut()
                .find(|quorum| quorum.llmq_type == llmq_type && table.adjustable.contains(&number))
                .ok_or(ParamsError::LlmqType { llmq_type })?;
            if !(1..=MAX_LLMQ_SIZE).contains(&size) || !(1..=size).contains(&threshold) {
                return Err(ParamsError::LlmqSize { llmq_type, size, threshold });
            }
            quorum.size = size;
            quorum.min_size = threshold;
            quorum.threshold = threshold;
            quorum.bad_votes_threshold = threshold;
        }
        Ok(())
    }

    /// Puts the checkpoints in order. Those that repeat the network's first blocks add nothing and are left out.
    fn apply_checkpoints(&self, params: &mut NetworkParams) -> Result<(), ParamsError> {
        let mut checkpoints: Vec<Checkpoint> = Vec::new();
        for checkpoint in &self.checkpoints {
            let place = checkpoints.partition_point(|other| other.height <= checkpoint.height);
            checkpoints.insert(place, *checkpoint);
        }
        for pair in checkpoints.windows(2) {
            if pair[0].height == pair[1].height {
                return Err(ParamsError::Checkpoint { height: pair[0].height });
            }
        }
        for checkpoint in &checkpoints {
            let required = params.required_hash(checkpoint.height);
            if required.is_some_and(|required| required != checkpoint.hash) {
                return Err(ParamsError::Checkpoint { height: checkpoint.height });
            }
        }
        checkpoints.retain(|checkpoint| params.required_hash(checkpoint.height).is_none());
        params.checkpoints = checkpoints;
        Ok(())
    }
}

impl LlmqTypeOverrides {
    fn apply(&self, params: &mut NetworkParams) -> Result<(), ParamsError> {
        let types = LlmqTypes {
            chainlocks: self.chainlocks.map_or(params.llmq_types.chainlocks, LLMQType),
            instantsend: self.instantsend.map_or(params.llmq_types.instantsend, LLMQType),
            platform: self.platform.map_or(params.llmq_types.platform, LLMQType),
        };
        let rotated = |llmq_type| {
            params.llmq(llmq_type).map(|quorum| quorum.rotated).ok_or(ParamsError::LlmqType { llmq_type })
        };
        if rotated(types.chainlocks)? {
            return Err(ParamsError::LlmqPurpose { llmq_type: types.chainlocks, purpose: "chainlocks" });
        }
        if !rotated(types.instantsend)? {
            return Err(ParamsError::LlmqPurpose { llmq_type: types.instantsend, purpose: "instantsend" });
        }
        rotated(types.platform)?;
        params.llmq_types = types;
        Ok(())
    }
}
