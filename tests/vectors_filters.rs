//! Compact filters against real data: two regtest networks of Dash Core nodes, and the node's own test vectors.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

#[path = "vectors/switches.rs"]
mod needed;
#[path = "vectors/recording.rs"]
mod recording;

#[path = "vectors_filters/support.rs"]
mod support;

#[path = "vectors_filters/contents.rs"]
mod contents;
#[path = "vectors_filters/disputes.rs"]
mod disputes;
#[path = "vectors_filters/headers.rs"]
mod headers;
#[path = "vectors_filters/matching.rs"]
mod matching;
#[path = "vectors_filters/special.rs"]
mod special;
#[path = "vectors_filters/switches.rs"]
mod switches;
