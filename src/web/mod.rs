//! The browser runtime: the driver that carries out the engine's effects, and the interface to JavaScript.
//!
//! | file | holds |
//! |---|---|
//! | `client.rs` | what is exported: `Client`, `destroy`, `store_name`, `compute`, `version` |
//! | `host.rs` | the callbacks that JavaScript hands in, and values on their way across |
//! | `plain.rs` | JavaScript data as a tree |
//! | `driver.rs` | the loop between the engine and everything below |
//! | `calls.rs` | calls in flight and their promises |
//! | `socket.rs` | connections to peers |
//! | `storage.rs`, `idb/` | what is kept: the queue of commits and reads, and IndexedDB |
//! | `workers.rs`, `wire.rs`, `buffers.rs` | computations on other cores, their encoding, and what carries it |
//! | `clock.rs` | time, one alarm, turns of the event loop |
//!
//! **Re-entrancy.** Whatever happens becomes an [`crate::engine::Input`] in a queue; one loop empties it. The engine is
//! borrowed only inside the loop, and never while JavaScript runs: its effects are collected first and carried out
//! after. A callback that calls back in therefore only adds to the queue. Exports take `&self`.

pub mod client;
pub mod clock;
pub mod idb;
pub mod socket;
pub mod storage;
pub mod wire;
pub mod workers;

mod buffers;
mod calls;
mod driver;
mod host;
mod plain;

pub use host::Host;
