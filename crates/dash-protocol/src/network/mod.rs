//! The four networks: what tells them apart on the wire, and the rules of their chains (Dash Core `chainparams.cpp`).
//!
//! | file | holds |
//! |---|---|
//! | `params.rs` | [`NetworkParams`] and the four networks |
//! | `activation.rs` | the heights from which rules hold |
//! | `llmq.rs` | quorum parameters |
//! | `overrides.rs` | what regtest and devnet nodes can be started with, checked |
//! | `devnet.rs` | a devnet's own first block |
//! | `checkpoint.rs`, `checkpoints_*.rs` | checkpoints |
//!
//! All of it is fixed or chosen by the embedding page; peers have no say in it.

mod activation;
mod checkpoint;
mod checkpoints_mainnet;
mod checkpoints_testnet;
mod devnet;
mod llmq;
mod overrides;
mod params;

pub use activation::Activation;
pub use checkpoint::Checkpoint;
pub use llmq::{LlmqParams, LlmqTypes};
pub use overrides::{ChainOverrides, LlmqTypeOverrides, ParamsError};
pub use params::{AddressPrefixes, NetworkKind, NetworkParams};
