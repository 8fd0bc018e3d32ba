//! Takes a stream of bytes apart into frames, however it is cut into chunks.
//!
//! **Bounds.** The decoder holds what was pushed and not yet taken, and one frame in the making. A caller who takes
//! all frames after each push therefore holds at most [`MAX_PAYLOAD`] plus one chunk. Memory for a payload grows with
//! the bytes that arrive, never with the length that a peer declares; a declared length above the command's limit ends
//! the stream at once. Every byte is copied at most twice, and those of a long payload once.

use thiserror::Error;

use super::{Command, HEADER_LEN, MAX_PAYLOAD, checksum};

/// What was wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The first four bytes are another network's, or the stream is out of step. Fatal.
    #[error("wrong magic {}", hex4(.found))]
    WrongMagic {
        /// The bytes in the place of the magic.
        found: [u8; 4],
    },
    /// The declared length is above what the command allows. Fatal.
    #[error("{command} of {size} bytes, at most {max} allowed")]
    TooLarge {
        /// The command.
        command: Command,
        /// The declared length.
        size: u32,
        /// The limit.
        max: usize,
    },
    /// The command is malformed. The frame is skipped. Fatal only if it also declares more than [`MAX_PAYLOAD`].
    #[error("malformed command {} with {size} bytes", .bytes.escape_ascii())]
    BadCommand {
        /// The command's field.
        bytes: [u8; 12],
        /// The declared length.
        size: u32,
    },
    /// The payload is not what the checksum says. The frame is skipped.
    #[error("bad checksum of a {command} of {size} bytes")]
    BadChecksum {
        /// The command.
        command: Command,
        /// The payload's length.
        size: u32,
    },
}

fn hex4(bytes: &[u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(*bytes))
}

impl FrameError {
    /// Whether the stream cannot go on. Dash Core disconnects for these and drops the frame for the others.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::WrongMagic { .. } | Self::TooLarge { .. } => true,
            Self::BadCommand { size, .. } => *size as usize > MAX_PAYLOAD,
            Self::BadChecksum { .. } => false,
        }
    }
}

/// A message whose checksum holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The message's name.
    pub command: Command,
    /// Its payload, at most [`Command::max_payload`] bytes.
    pub payload: Vec<u8>,
}

/// The frame whose header was read.
#[derive(Debug)]
enum Open {
    /// Its payload is being gathered.
    Payload { command: Command, size: usize, checksum: [u8; 4], payload: Vec<u8> },
    /// Its command is malformed: this many bytes of payload are still to be dropped.
    Skip { left: usize },
}

/// Splits a byte stream of one peer into frames.
#[derive(Debug)]
pub struct FrameDecoder {
    magic: [u8; 4],
    /// Bytes not yet looked at, from `start` on. While a payload is open and incomplete this is empty.
    pending: Vec<u8>,
    start: usize,
    open: Option<Open>,
    /// The error that ended the stream.
    failed: Option<FrameError>,
}

impl FrameDecoder {
    /// A decoder at the start of a stream whose frames begin with `magic`.
    #[must_use]
    pub const fn new(magic: [u8; 4]) -> Self {
        Self { magic, pending: Vec::new(), start: 0, open: None, failed: None }
    }

    /// Takes the stream's next bytes. After a fatal error they are dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let taken = if self.start == self.pending.len() { self.fill(bytes) } else { 0 };
        if self.start == self.pending.len() {
            self.pending.clear();
            self.start = 0;
        } else if self.start > self.pending.len() / 2 {
            // Moves less than was consumed since the last move: linear over the whole stream.
            self.pending.drain(..self.start);
            self.start = 0;
        }
        self.pending.extend_from_slice(&bytes[taken..]);
    }

    /// The next whole frame, `None` until more bytes are pushed.
    ///
    /// # Errors
    /// [`FrameError`]. If it is fatal every further call returns it again; otherwise decoding goes on with the frame
    /// after the bad one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            if self.open.is_none() && !self.read_header()? {
                return Ok(None);
            }
            let pending = core::mem::take(&mut self.pending);
            self.start += self.fill(&pending[self.start..]);
            self.pending = pending;
            match self.open.take() {
                Some(Open::Payload { command, size, checksum: declared, payload })
                    if payload.len() == size =>
                {
                    if checksum(&payload) != declared {
                        return Err(FrameError::BadChecksum { command, size: size as u32 });
                    }
                    return Ok(Some(Frame { command, payload }));
                }
                Some(Open::Skip { left: 0 }) | None => {}
                unfinished => {
                    self.open = unfinished;
                    return Ok(None);
                }
            }
        }
    }

    /// Whether the stream stands inside a frame: a peer that stops here owes the rest.
    #[must_use]
    pub fn is_mid_message(&self) -> bool {
        self.open.is_some() || self.start < self.pending.len()
    }

    /// Bytes held: those not yet looked at and those of the unfinished payload.
    #[must_use]
    pub fn buffered(&self) -> usize {
        let payload = match &self.open {
            Some(Open::Payload { payload, .. }) => payload.len(),
            _ => 0,
        };
        self.pending.len() - self.start + payload
    }

    /// Gives the open frame what it still lacks from the front of `bytes`; says how many it took.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        match &mut self.open {
            None => 0,
            Some(Open::Skip { left }) => {
                let taken = bytes.len().min(*left);
                *left -= taken;
                taken
            }
            Some(Open::Payload { size, payload, .. }) => {
                let taken = bytes.len().min(*size - payload.len());
                payload.extend_from_slice(&bytes[..taken]);
                taken
            }
        }
    }

    /// Opens the next frame if its header is there.
    fn read_header(&mut self) -> Result<bool, FrameError> {
        let rest = &self.pending[self.start..];
        let Some(&found) = rest.first_chunk::<4>() else { return Ok(false) };
        if found != self.magic {
            return Err(self.fail(FrameError::WrongMagic { found }));
        }
        let Some(header) = rest.first_chunk::<HEADER_LEN>() else { return Ok(false) };
        let name: [u8; 12] = core::array::from_fn(|i| header[4 + i]);
        let size = u32::from_le_bytes(core::array::from_fn(|i| header[16 + i]));
        let checksum = core::array::from_fn(|i| header[20 + i]);
        self.start += HEADER_LEN;
        match Command::from_bytes(name) {
            Ok(command) => {
                let max = command.max_payload();
                if size as usize > max {
                    return Err(self.fail(FrameError::TooLarge { command, size, max }));
                }
                self.open =
                    Some(Open::Payload { command, size: size as usize, checksum, payload: Vec::new() });
                Ok(true)
            }
            Err(error) => {
                let error = FrameError::BadCommand { bytes: error.bytes, size };
                if error.is_fatal() {
                    return Err(self.fail(error));
                }
                self.open = Some(Open::Skip { left: size as usize });
                Err(error)
            }
        }
    }

    /// Ends the stream and frees what it held.
    fn fail(&mut self, error: FrameError) -> FrameError {
        self.pending = Vec::new();
        self.start = 0;
        self.open = None;
        self.failed = Some(error.clone());
        error
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, FrameDecoder};
    use crate::frame::encode_frame;

    #[test]
    fn frames_that_never_end_with_their_chunk_do_not_pile_up() {
        let magic = [1, 2, 3, 4];
        let stream = encode_frame(magic, Command::PING, &[0; 8]).repeat(10_000);
        let mut decoder = FrameDecoder::new(magic);
        let mut frames = 0;
        for chunk in stream.chunks(100) {
            decoder.push(chunk);
            while decoder.next_frame().expect("valid frames").is_some() {
                frames += 1;
            }
            assert!(decoder.pending.len() <= 200, "{} bytes held", decoder.pending.len());
        }
        assert_eq!(frames, 10_000);
    }
}
