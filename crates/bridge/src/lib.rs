//! A bridge from WebSocket to TCP, through which web pages speak to peers of one Dash network, and to nothing else.
//!
//! A page asks for `/peer?network=NAME[&addr=HOST:PORT][&services=BITS]` and upgrades with subprotocol
//! [`SUBPROTOCOL`]. The first message is the bridge's: text, `{"connected":"host:port"}`, or
//! `{"error":"…","reason":"…"}` and the end. After it, binary messages carry the P2P byte stream both ways; where one
//! message ends means nothing. The bridge judges no block and no transaction: its client proves what it is told.
//!
//! - `http`: the routes and the checks of a request; `target` and [`address`]: whom the bridge may dial
//! - `dial`, `book`: which peer, and how it is reached
//! - `relay`, `gate`, `watch`: the bytes, and their absence; `limits`: how many of them, and how many connections
//! - `server`: start, shutdown; [`cli`], `config`: settings; `metrics`: counters
//!
//! It keeps no state but counters and the peers it knows, in memory: any number of bridges can stand behind one name.
//! Memory is bounded by the number of connections times the largest message and frame.

pub mod address;
mod book;
pub mod cli;
mod config;
mod dial;
mod gate;
mod http;
mod limits;
mod metrics;
mod network;
mod relay;
mod server;
mod target;
mod watch;

pub use config::{Config, Limits};
pub use http::SUBPROTOCOL;
pub use metrics::{End, Gauges, Metrics, Refusal};
pub use network::{Network, NetworkError};
pub use server::{Bridge, BridgeError, serve};
pub use target::{HostPort, TargetError};
