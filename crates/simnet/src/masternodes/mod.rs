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

mod facts;
mod plan;
mod stub;

pub use facts::{Facts, MasternodeFacts, QuorumFacts};
pub use plan::{Bogus, BogusCommitment, MasternodePlan};
