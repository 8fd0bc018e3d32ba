//! Compressed headers, the payload of `headers2`: DIP-25 as Dash Core implements it (`primitives/block.cpp`).
//!
//! An entry leaves out what follows from the entry before it: the version by one of seven recent ones, the previous
//! hash, the time by a difference, the target. All state starts afresh with every message.
//!
//! **Bounds.** A [`CompressedHeaders`] holds the payload as it came, at most 81 bytes a header and [`MAX_HEADERS2`]
//! headers; its structure was checked once, so that expanding it only computes.

use crate::encode::{DecodeError, Reader, put_compact_size};
use crate::hash::{BlockHash, MerkleRoot};
use crate::header::{CompactTarget, Header};

/// The most headers of one `headers2` message (Dash Core `net_processing.cpp`, `MAX_HEADERS_COMPRESSED_RESULT`).
pub const MAX_HEADERS2: usize = 8_000;

/// Which of the recent versions, counted from 1; 0: the version follows.
const VERSION_MASK: u8 = 0x07;
/// The previous hash follows.
const HAS_PREVIOUS: u8 = 0x08;
/// The time follows in full instead of a difference.
const HAS_TIME: u8 = 0x10;
/// The target follows.
const HAS_BITS: u8 = 0x20;
/// Flags of the first entry: everything in full.
const FULL: u8 = HAS_PREVIOUS | HAS_TIME | HAS_BITS;
/// Flags, merkle root, difference of time, nonce.
const MIN_ENTRY: usize = 1 + 32 + 2 + 4;
/// Flags and a whole header.
const MAX_ENTRY: usize = 1 + Header::LEN;

/// The payload of `headers2`, its structure checked: the count, every entry's length, the first entry in full, every
/// reference to a version in range, nothing behind the last entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressedHeaders {
    payload: Vec<u8>,
    count: usize,
}

impl CompressedHeaders {
    /// Checks a payload.
    ///
    /// # Errors
    /// [`DecodeError`] if its structure is not as DIP-25 has it.
    pub fn from_payload(payload: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        let payload = payload.into();
        let mut r = Reader::new(&payload);
        let count = r.count("compressed headers", MAX_HEADERS2, MIN_ENTRY)?;
        let mut versions = Versions::default();
        for i in 0..count {
            let entry = Entry::read(&mut r)?;
            if i == 0 && entry.flags != FULL {
                return Err(DecodeError::Invalid {
                    what: "flags of the first compressed header",
                    value: entry.flags.into(),
                });
            }
            versions.resolve(&entry)?;
        }
        r.finish()?;
        Ok(Self { payload, count })
    }

    /// How many headers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none: the peer has nothing after the locator.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The payload as it came.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload as it came.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// What the first header follows: it is always given in full. `None` if there are no headers.
    #[must_use]
    pub fn first_prev(&self) -> Option<BlockHash> {
        let mut r = Reader::new(&self.payload);
        r.compact_size().ok()?;
        Entry::read(&mut r).ok()?.previous.copied().map(BlockHash::from_bytes)
    }

    /// The headers in full, each with its hash. `hash` is X11, and is called once a header, in order.
    ///
    /// # Errors
    /// None for a value that [`CompressedHeaders::from_payload`] made; the type spares a panic.
    pub fn expand(
        &self,
        mut hash: impl FnMut(&[u8; Header::LEN]) -> BlockHash,
    ) -> Result<Vec<(Header, BlockHash)>, DecodeError> {
        let mut r = Reader::new(&self.payload);
        r.compact_size()?;
        let mut versions = Versions::default();
        let mut headers: Vec<(Header, BlockHash)> = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let entry = Entry::read(&mut r)?;
            let version = versions.resolve(&entry)?;
            let header = entry.complete(version, headers.last())?;
            headers.push((header, hash(&header.to_bytes())));
        }
        Ok(headers)
    }

    /// Compresses consecutive headers as Dash Core's answer to `getheaders2` does, whose sender does not enter the
    /// first header's version into its list. At most [`MAX_HEADERS2`] headers are taken. `hash` is X11; it is called
    /// once for every header but the last.
    #[must_use]
    pub fn compress(headers: &[Header], mut hash: impl FnMut(&[u8; Header::LEN]) -> BlockHash) -> Self {
        let headers = &headers[..headers.len().min(MAX_HEADERS2)];
        let mut payload = Vec::with_capacity(3 + MAX_ENTRY + headers.len().saturating_sub(1) * MIN_ENTRY);
        put_compact_size(&mut payload, headers.len() as u64);
        let mut versions = Versions::default();
        let mut previous: Option<&Header> = None;
        for header in headers {
            match previous {
                None => {
                    payload.push(FULL);
                    payload.extend_from_slice(&header.to_bytes());
                }
                Some(previous) => {
                    let linked = header.prev_block_hash == hash(&previous.to_bytes());
                    put_entry(&mut payload, header, previous, linked, &mut versions);
                }
            }
            previous = Some(header);
        }
        Self { payload, count: headers.len() }
    }
}

/// Appends an entry that leaves out what `previous` and the versions so far make known.
fn put_entry(out: &mut Vec<u8>, header: &Header, previous: &Header, linked: bool, versions: &mut Versions) {
    // The difference is one of unsigned numbers in Dash Core: a time that goes back is sent in full.
    let later = header.time.checked_sub(previous.time).and_then(|later| i16::try_from(later).ok());
    let version = versions.refer(header.version);
    let same_bits = header.bits == previous.bits;
    let flags = version
        | if linked { 0 } else { HAS_PREVIOUS }
        | if later.is_some() { 0 } else { HAS_TIME }
        | if same_bits { 0 } else { HAS_BITS };
    out.push(flags);
    if version == 0 {
        out.extend_from_slice(&header.version.to_le_bytes());
    }
    if !linked {
        out.extend_from_slice(header.prev_block_hash.as_bytes());
    }
    out.extend_from_slice(header.merkle_root.as_bytes());
    match later {
        Some(later) => out.extend_from_slice(&later.to_le_bytes()),
        None => out.extend_from_slice(&header.time.to_le_bytes()),
    }
    if !same_bits {
        out.extend_from_slice(&header.bits.to_bits().to_le_bytes());
    }
    out.extend_from_slice(&header.nonce.to_le_bytes());
}

/// An entry as it stands in the payload; what is absent follows from the entries before it.
struct Entry<'a> {
    flags: u8,
    version: Option<i32>,
    previous: Option<&'a [u8; 32]>,
    merkle_root: &'a [u8; 32],
    time: Time,
    bits: Option<u32>,
    nonce: u32,
}

/// The time of an entry.
enum Time {
    Full(u32),
    /// Seconds after the header before; the field is signed, though Dash Core never sends a negative one.
    After(i16),
}

impl<'a> Entry<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let flags = r.u8()?;
        if flags & !(VERSION_MASK | FULL) != 0 {
            return Err(DecodeError::Invalid { what: "flags of a compressed header", value: flags.into() });
        }
        Ok(Self {
            flags,
            version: if flags & VERSION_MASK == 0 { Some(r.i32()?) } else { None },
            previous: if flags & HAS_PREVIOUS != 0 { Some(r.array()?) } else { None },
            merkle_root: r.array()?,
            time: if flags & HAS_TIME != 0 { Time::Full(r.u32()?) } else { Time::After(r.i16()?) },
            bits: if flags & HAS_BITS != 0 { Some(r.u32()?) } else { None },
            nonce: r.u32()?,
        })
    }

    /// The header that this entry stands for.
    fn complete(&self, version: i32, before: Option<&(Header, BlockHash)>) -> Result<Header, DecodeError> {
        let incomplete =
            DecodeError::Invalid { what: "flags of the first compressed header", value: self.flags.into() };
        let prev_block_hash = match (self.previous, before) {
            (Some(bytes), _) => BlockHash::from_bytes(*bytes),
            (None, Some((_, hash))) => *hash,
            (None, None) => return Err(incomplete),
        };
        let time = match (&self.time, before) {
            (Time::Full(time), _) => *time,
            (Time::After(seconds), Some((header, _))) => header.time.wrapping_add_signed((*seconds).into()),
            (Time::After(_), None) => return Err(incomplete),
        };
        let bits = match (self.bits, before) {
            (Some(bits), _) => CompactTarget::from_bits(bits),
            (None, Some((header, _))) => header.bits,
            (None, None) => return Err(incomplete),
        };
        let merkle_root = MerkleRoot::from_bytes(*self.merkle_root);
        Ok(Header { version, prev_block_hash, merkle_root, time, bits, nonce: self.nonce })
    }
}

/// The versions seen last, the most recent first.
#[derive(Default)]
struct Versions {
    recent: [i32; 7],
    len: usize,
}

impl Versions {
    /// The receiver's side: the version of the next entry. A version sent in full is entered even if it is in the list
    /// already, as Dash Core does: then the quirk of the sender's first header does no harm.
    fn resolve(&mut self, entry: &Entry<'_>) -> Result<i32, DecodeError> {
        if let Some(version) = entry.version {
            self.enter(version);
            return Ok(version);
        }
        let offset = usize::from(entry.flags & VERSION_MASK);
        if offset > self.len {
            return Err(DecodeError::Invalid {
                what: "version offset of a compressed header",
                value: offset as u64,
            });
        }
        self.recent[..offset].rotate_right(1);
        Ok(self.recent[0])
    }

    /// The sender's side: the offset to send for a version, 0 if it has to be sent in full.
    fn refer(&mut self, version: i32) -> u8 {
        match self.recent[..self.len].iter().position(|recent| *recent == version) {
            Some(at) => {
                self.recent[..=at].rotate_right(1);
                at as u8 + 1
            }
            None => {
                self.enter(version);
                0
            }
        }
    }

    /// Puts a version at the front; the eighth falls out.
    fn enter(&mut self, version: i32) {
        self.recent.rotate_right(1);
        self.recent[0] = version;
        self.len = (self.len + 1).min(self.recent.len());
    }
}
