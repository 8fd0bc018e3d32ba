//! **dash-spv-wasm**: a Dash light client for web pages that believes nobody.
//!
//! Data flows one way: bytes → messages → correlation → validation → store → events. A reader who knows where a fact
//! of Dash lives in the protocol finds its code by the folder's name.
//!
//! - [`engine`] is the sans-IO reducer that everything else hangs in: what happened goes in, what is wanted comes
//!   out. It knows no clock, socket, store or thread.
//! - [`chain`] holds the rules of headers: X11 proof of work, difficulty, times, work, forks, checkpoints. Pure: it
//!   takes headers and context and returns what is proven, or why it is not.
//! - [`masternodes`] holds the rules of masternode lists and quorums: a list proven against the headers, changed by
//!   diffs, the members of quorums, plain and rotated, and BLS. Pure as well.
//! - [`finality`] holds the rules of ChainLocks and InstantSend locks, and the locks themselves. Pure.
//! - [`filters`] holds the rules of compact filters: their coding and contents, the chain of their headers, what to make
//!   of peers that differ, and the search for thousands of scripts. Pure.
//! - [`wallet`] holds what is watched and what the chain has of it: addresses, scripts, extended keys and descriptors,
//!   transactions, coins, history. Pure, and in whatever order blocks are found.
//! - [`network`] is about peers: connections, handshake, keep-alive, reputation, and the correlation of replies with
//!   requests.
//! - [`sync`] decides what to ask for: the phases in their order, the limits on requests, progress and recovery, and
//!   the download of headers itself.
//! - [`store`] says what is kept and holds the store in memory.
//! - [`collections`] has maps, sets, a sort and a way to collect that weigh little in the package; `hashes` has the hash
//!   functions of keys and scripts.
//! - [`compute`] does the work that is worth sending to another core.
//! - [`api`] has the shapes that cross to JavaScript, and the validation of options.
//! - [`checks`] names the checks that stand between a lie and a belief, so that tests can show each one to be needed.
//! - `web` (wasm32 only) is the browser runtime: sockets, IndexedDB, clock, workers and the exported client.

pub mod api;
pub mod chain;
pub mod checks;
pub mod collections;
pub mod compute;
pub mod engine;
pub mod filters;
pub mod finality;
mod hashes;
pub mod masternodes;
pub mod network;
pub mod store;
pub mod sync;
pub mod wallet;
#[cfg(target_arch = "wasm32")]
pub mod web;

/// The version of this crate and of the npm package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
