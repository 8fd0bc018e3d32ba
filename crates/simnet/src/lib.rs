//! A simulated Dash network, for tests, for measurements and for the demo.
//!
//! - [`chain`]: header chains of any length with real proof of work under the rules of a regtest or a devnet, their
//!   forks, and headers that break exactly one rule.
//! - [`masternodes`]: what such a chain can carry: a masternode list with real keys, quorums, ChainLocks, InstantSend
//!   locks, and miners who lie about them.
//! - [`measure`]: what is measured over many worlds.
//! - [`peer`]: a peer of such a chain that speaks the protocol: bytes in, bytes out at given times. [`peer::Fault`]s
//!   make it a bad peer, [`peer::Lie`]s a dishonest one.
//! - [`wallet`]: a wallet and everything that is paid to it and by it, in blocks and outside, and the ledger of what is
//!   true of that.
//! - [`world`]: the client's engine, such peers, links and a store under one virtual clock; the same seed gives the
//!   same run.
//! - [`tcp`] and [`demo`]: the same peers on TCP ports with blocks mined while one looks on, and the HTTP control of
//!   `dash-simnet`.
//!
//! The difficulty rules here are written apart from those of the client, so that the two check each other: a chain
//! built here must be accepted there. Messages are encoded by the same crate on both sides; that they are Dash's is
//! shown by the vectors, not by simulations.

pub mod chain;
pub mod demo;
pub mod masternodes;
pub mod measure;
pub mod peer;
pub mod rng;
pub mod tcp;
pub mod wallet;
pub mod world;
