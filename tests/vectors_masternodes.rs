//! Masternode lists, quorums and their members against real data: mainnet, and two regtest networks of Dash Core nodes
//! whose own words on members are recorded.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

#[path = "vectors/switches.rs"]
mod needed;
#[path = "vectors/recording.rs"]
mod recording;

#[macro_use]
#[path = "vectors_masternodes/support.rs"]
mod support;

#[path = "vectors_masternodes/commitments.rs"]
mod commitments;
#[path = "vectors_masternodes/diffs.rs"]
mod diffs;
#[path = "vectors_masternodes/mainnet.rs"]
mod mainnet;
#[path = "vectors_masternodes/records.rs"]
mod records;
#[path = "vectors_masternodes/regtest.rs"]
mod regtest;
#[path = "vectors_masternodes/rotation.rs"]
mod rotation;
#[path = "vectors_masternodes/switches.rs"]
mod switches;
