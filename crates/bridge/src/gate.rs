//! What the bridge looks at in the bytes that pass: the first four each way, and the peer's first message.
//!
//! No side's bytes pass before its first four were the network's magic; fewer than four are held back. The peer's
//! services are read off its `version` message in a copy of at most [`MAX_LOOK`] bytes; whatever does not parse is
//! ignored, since the client is the one that judges its peer.

use bytes::{Bytes, BytesMut};
use dash_protocol::{FrameDecoder, Message};

/// Bytes of a peer's stream looked at for its `version` message, which is shorter than 500.
pub const MAX_LOOK: usize = 2048;

/// The first bytes were not the network's magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the first bytes are not the network's magic")]
pub struct WrongMagic;

/// Holds one direction's bytes back until the first four proved to be the network's magic.
#[derive(Debug)]
pub struct MagicGate {
    magic: [u8; 4],
    seen: usize,
}

impl MagicGate {
    /// A closed gate.
    pub fn new(magic: [u8; 4]) -> Self {
        Self { magic, seen: 0 }
    }

    /// Whether bytes pass freely.
    pub fn is_open(&self) -> bool {
        self.seen == self.magic.len()
    }

    /// What may go on now that `bytes` came.
    ///
    /// # Errors
    /// [`WrongMagic`] at the first byte that differs.
    pub fn pass(&mut self, bytes: Bytes) -> Result<Bytes, WrongMagic> {
        if self.is_open() {
            return Ok(bytes);
        }
        let held = self.seen;
        let looked = bytes.len().min(self.magic.len() - held);
        if bytes[..looked] != self.magic[held..held + looked] {
            return Err(WrongMagic);
        }
        self.seen += looked;
        if !self.is_open() {
            Ok(Bytes::new())
        } else if held == 0 {
            Ok(bytes)
        } else {
            // What was held back is known: the magic's own first bytes.
            let mut joined = BytesMut::with_capacity(held + bytes.len());
            joined.extend_from_slice(&self.magic[..held]);
            joined.extend_from_slice(&bytes);
            Ok(joined.freeze())
        }
    }
}

/// Reads a peer's service bits off its first message.
#[derive(Debug)]
pub struct VersionLook {
    decoder: Option<FrameDecoder>,
    looked: usize,
}

impl VersionLook {
    /// Nothing seen yet.
    pub fn new(magic: [u8; 4]) -> Self {
        Self { decoder: Some(FrameDecoder::new(magic)), looked: 0 }
    }

    /// Takes bytes of the peer, in order; yields the service bits once, if the first message says them.
    pub fn services(&mut self, bytes: &[u8]) -> Option<u64> {
        let decoder = self.decoder.as_mut()?;
        let copied = bytes.len().min(MAX_LOOK - self.looked);
        self.looked += copied;
        decoder.push(&bytes[..copied]);
        let services = match decoder.next_frame() {
            Ok(Some(frame)) => match Message::decode(frame.command, &frame.payload) {
                Ok(Message::Version(version)) => Some(version.services.bits()),
                _ => None,
            },
            Ok(None) if self.looked < MAX_LOOK => return None,
            _ => None,
        };
        self.decoder = None;
        services
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::{Command, encode_frame};

    const MAGIC: [u8; 4] = [0xfc, 0xc1, 0xb7, 0xdc];

    #[test]
    fn bytes_pass_once_the_first_four_are_the_magic_however_they_are_split() {
        let stream = [&MAGIC[..], b"payload"].concat();
        for first in 0..stream.len() {
            for second in first..stream.len() {
                let mut gate = MagicGate::new(MAGIC);
                let mut out = Vec::new();
                for (part, end) in
                    [(0..first, first), (first..second, second), (second..stream.len(), stream.len())]
                {
                    out.extend(gate.pass(Bytes::copy_from_slice(&stream[part])).unwrap());
                    assert_eq!(out.len(), if end < 4 { 0 } else { end });
                }
                assert_eq!(out, stream);
            }
        }
    }

    #[test]
    fn a_wrong_byte_among_the_first_four_is_noticed_at_once() {
        for wrong in 0..4 {
            let mut bytes = MAGIC;
            bytes[wrong] ^= 1;
            let mut gate = MagicGate::new(MAGIC);
            for (at, byte) in bytes.iter().enumerate().take(wrong + 1) {
                let passed = gate.pass(Bytes::copy_from_slice(&[*byte]));
                assert_eq!(passed, if at == wrong { Err(WrongMagic) } else { Ok(Bytes::new()) });
            }
        }
    }

    /// A `version` payload as Core sends it: version, services, time, two addresses, nonce, agent, height, relay.
    fn version(services: u64) -> Vec<u8> {
        let mut payload = 70240_i32.to_le_bytes().to_vec();
        payload.extend(services.to_le_bytes());
        payload.extend([0; 8]);
        payload.extend([0; 52]);
        payload.extend([0; 8]);
        payload.extend(*b"\x04/a:1");
        payload.extend([0; 4]);
        payload.push(1);
        payload
    }

    #[test]
    fn services_are_read_off_the_first_message_once() {
        let frame = encode_frame(MAGIC, Command::VERSION, &version(0x445));
        let mut look = VersionLook::new(MAGIC);
        for byte in &frame[..frame.len() - 1] {
            assert_eq!(look.services(&[*byte]), None);
        }
        assert_eq!(look.services(&frame[frame.len() - 1..]), Some(0x445));
        assert_eq!(look.services(&frame), None);
    }

    #[test]
    fn whatever_is_no_version_is_ignored() {
        let other = encode_frame(MAGIC, Command::VERACK, &[]);
        let version = encode_frame(MAGIC, Command::VERSION, &version(1));
        assert_eq!(VersionLook::new(MAGIC).services(&[&other[..], &version[..]].concat()), None);
        let broken = encode_frame(MAGIC, Command::VERSION, &[1, 2, 3]);
        assert_eq!(VersionLook::new(MAGIC).services(&broken), None);
        let mut look = VersionLook::new(MAGIC);
        let endless = [&MAGIC[..], b"version\0\0\0\0\0", &100_000_u32.to_le_bytes(), &[0; 8]].concat();
        assert_eq!(look.services(&endless), None);
        for _ in 0..100 {
            assert_eq!(look.services(&[0; 1000]), None);
        }
        assert!(look.looked <= MAX_LOOK);
    }
}
