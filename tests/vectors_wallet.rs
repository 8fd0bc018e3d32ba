//! The wallet against a recorded regtest network: what a Dash Core node says of a watched wallet is what the ledger
//! makes of the node's blocks, in whatever order scripts are added and blocks are fed.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

#[path = "vectors/recording.rs"]
mod recording;

#[macro_use]
#[path = "vectors_wallet/support.rs"]
mod support;

#[path = "vectors_wallet/late.rs"]
mod late;
#[path = "vectors_wallet/recorded.rs"]
mod recorded;
#[path = "vectors_wallet/reorganised.rs"]
mod reorganised;
