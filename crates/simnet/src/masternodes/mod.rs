//! A masternode network on a simulated chain.
//!
//! A [`MasternodePlan`] says what it is like. Every block then has a coinbase that counts the list and the quorums as
//! of it, as DIP-4 demands, and the ChainLock of an earlier block; masternodes join, leave, change, are banned and
//! revived; quorums form every cycle by the rules of protocol, with real keys and signatures; and the chain answers
//! what nodes answer: [`SimChain::list_diff`], [`SimChain::qrinfo`], [`SimChain::chainlock`],
//! [`SimChain::instant_lock`].
//!
//! The simulator knows every secret, so that no key generation runs: a quorum's secret follows from the chain's seed
//! and the quorum's hash. The rules of membership are written here apart from those of the client, so that the two
//! check each other.
//!
//! `ledger.rs` has what each block says and how the next comes to be; `evolution.rs` what happens to masternodes;
//! `members.rs` and `rotation.rs` the choice of members, `quorums.rs` commitments; `coinbase.rs`, `locks.rs` and
//! `serve.rs` what the network sees of all this; `keys.rs` and `list.rs` what they share; `chain.rs` the methods of
//! [`SimChain`].
//!
//! [`SimChain`]: crate::chain::SimChain
//! [`SimChain::list_diff`]: crate::chain::SimChain::list_diff
//! [`SimChain::qrinfo`]: crate::chain::SimChain::qrinfo
//! [`SimChain::chainlock`]: crate::chain::SimChain::chainlock
//! [`SimChain::instant_lock`]: crate::chain::SimChain::instant_lock

mod chain;
pub(crate) mod coinbase;
mod evolution;
mod facts;
mod keys;
pub(crate) mod ledger;
mod list;
mod locks;
mod members;
mod plan;
mod quorums;
mod rotation;
mod serve;

pub use facts::{Facts, MasternodeFacts, QuorumFacts};
pub use plan::{Bogus, BogusCommitment, MasternodePlan};

#[cfg(test)]
mod tests;
