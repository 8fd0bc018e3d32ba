//! What is measured over many worlds: `cargo xtask sim` and `cargo xtask attacks` print it, and tests hold a few seeds of
//! it against what is promised.
//!
//! - [`qrinfo`]: how long it takes to prove a network's quorums, in parallel, one at a time, and where requests fail.
//! - [`wallet`]: random wallets among liars, against the scenario's ledger.
//! - `attacks`: each lie about masternodes, quorums, locks, filters, blocks and payments, refused, and believed where its
//!   checks are off.

#[cfg(feature = "switchable-checks")]
pub mod attacks;
pub mod qrinfo;
pub mod wallet;
