//! The frame around every message (Dash Core's v1 transport): magic, command, length, checksum, payload.
//!
//! `command.rs` has the commands and how large each one's payload may be, `decoder.rs` takes a byte stream apart.

mod command;
mod decoder;

pub use command::{Command, CommandError};
pub use decoder::{Frame, FrameDecoder, FrameError};

use crate::hash::sha256d;

/// Bytes before the payload: magic, command, length, checksum.
pub const HEADER_LEN: usize = 24;

/// The largest payload of any message: 3 MiB (Dash Core `net.h`, `MAX_PROTOCOL_MESSAGE_LENGTH`).
pub const MAX_PAYLOAD: usize = 3 * 1024 * 1024;

/// A whole message, ready to send. The payload is the caller's own; it has to fit in [`MAX_PAYLOAD`] for a peer to
/// take it.
#[must_use]
pub fn encode_frame(magic: [u8; 4], command: Command, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_LEN + payload.len());
    out.extend_from_slice(&magic);
    out.extend_from_slice(command.as_bytes());
    out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    out.extend_from_slice(&checksum(payload));
    out.extend_from_slice(payload);
    out
}

/// The first four bytes of the payload's double SHA-256.
fn checksum(payload: &[u8]) -> [u8; 4] {
    let hash = sha256d(payload);
    [hash[0], hash[1], hash[2], hash[3]]
}
