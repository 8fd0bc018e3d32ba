//! Whole-engine scenarios under a virtual clock, against simulated peers.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "sim/birthdays.rs"]
mod birthdays;
#[path = "sim/broadcasts.rs"]
mod broadcasts;
#[path = "sim/calls.rs"]
mod calls;
#[path = "sim/following.rs"]
mod following;
#[path = "sim/lies.rs"]
mod lies;
#[path = "sim/masternodes.rs"]
mod masternodes;
#[path = "sim/ranges.rs"]
mod ranges;
#[path = "sim/recovery.rs"]
mod recovery;
#[path = "sim/stalls.rs"]
mod stalls;
#[path = "sim/wallet.rs"]
mod wallet;
