//! Peers: who is connected, how they behave, and which request a reply belongs to.
//!
//! - `peer.rs`: one connection: codec, handshake, keep-alive, what the peer said of itself.
//! - `manager.rs`: all connections: which stand, keep-alive, bans.
//! - `dial.rs`: new ones: through which bridge, to whom, back-off.
//! - `inbox.rs`: bytes to messages.
//! - `reputation.rs`: what each offence costs, and the list of bans.
//! - `addresses.rs`: addresses that peers told us of, bounded.
//! - [`correlation`]: requests in flight and the replies that answer them.
//!
//! Bytes come in by [`PeerManager::received`]; what is not about the connection itself comes out as [`PeerMessage`]s
//! for `sync`. Nothing that a peer says here is believed: heights and services are claims, used to choose whom to ask.

mod addresses;
pub mod correlation;
mod dial;
mod inbox;
mod manager;
mod peer;
mod reputation;

pub use manager::{PeerManager, PeerMessage, PeerNotice};
pub use peer::{Peer, PeerState};
pub use reputation::{BAN_SCORE, Offence};
