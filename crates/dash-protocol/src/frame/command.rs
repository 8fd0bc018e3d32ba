//! Commands: the names of messages, and the size that each one's payload can have at most.

use core::fmt;
use core::str::FromStr;
use thiserror::Error;

use super::MAX_PAYLOAD;
use crate::block::MAX_BLOCK;
use crate::header::Header;
use crate::lock::{ChainLock, MAX_LOCK_INPUTS};
use crate::masternode::{GetMnListDiff, MAX_QRINFO_BASES};
use crate::merkle::MAX_BLOCK_TRANSACTIONS;
use crate::message::{
    GetCFCheckpt, GetCFHeaders, GetCFilters, MAX_ADDR, MAX_BLOOM_ELEMENT, MAX_BLOOM_FILTER, MAX_CFHEADERS,
    MAX_FILTER, MAX_FILTER_CHECKPOINTS, MAX_HEADERS, MAX_HEADERS2, MAX_INV, MAX_LOCATOR,
};
use crate::transaction::{MAX_TRANSACTION, OutPoint};

/// A name that is not 1 to 12 printable ASCII characters, or a field with something after its zero padding began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed command {}", .bytes.escape_ascii())]
pub struct CommandError {
    /// The field as it came; a text that is too long is cut.
    pub bytes: [u8; 12],
}

/// The name of a message: 1 to 12 bytes of printable ASCII, zero padded. Holding one is proof of its form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Command([u8; 12]);

/// A command known at compile time.
const fn name(text: &str) -> Command {
    let mut bytes = [0; 12];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    match Command::from_bytes(bytes) {
        Ok(command) => command,
        Err(_) => panic!("a command in the source is malformed"),
    }
}

#[expect(missing_docs, reason = "each is the message of its own name")]
impl Command {
    pub const ADDR: Self = name("addr");
    pub const ADDRV2: Self = name("addrv2");
    pub const BLOCK: Self = name("block");
    pub const CFCHECKPT: Self = name("cfcheckpt");
    pub const CFHEADERS: Self = name("cfheaders");
    pub const CFILTER: Self = name("cfilter");
    pub const CLSIG: Self = name("clsig");
    pub const FILTERADD: Self = name("filteradd");
    pub const FILTERCLEAR: Self = name("filterclear");
    pub const FILTERLOAD: Self = name("filterload");
    pub const GETADDR: Self = name("getaddr");
    pub const GETCFCHECKPT: Self = name("getcfcheckpt");
    pub const GETCFHEADERS: Self = name("getcfheaders");
    pub const GETCFILTERS: Self = name("getcfilters");
    pub const GETDATA: Self = name("getdata");
    pub const GETHEADERS: Self = name("getheaders");
    pub const GETHEADERS2: Self = name("getheaders2");
    pub const GETMNLISTD: Self = name("getmnlistd");
    pub const GETQRINFO: Self = name("getqrinfo");
    pub const HEADERS: Self = name("headers");
    pub const HEADERS2: Self = name("headers2");
    pub const INV: Self = name("inv");
    pub const ISDLOCK: Self = name("isdlock");
    pub const MEMPOOL: Self = name("mempool");
    pub const MERKLEBLOCK: Self = name("merkleblock");
    pub const MNLISTDIFF: Self = name("mnlistdiff");
    pub const NOTFOUND: Self = name("notfound");
    pub const PING: Self = name("ping");
    pub const PONG: Self = name("pong");
    pub const QRINFO: Self = name("qrinfo");
    pub const SENDADDRV2: Self = name("sendaddrv2");
    pub const SENDHEADERS: Self = name("sendheaders");
    pub const SENDHEADERS2: Self = name("sendheaders2");
    pub const TX: Self = name("tx");
    pub const VERACK: Self = name("verack");
    pub const VERSION: Self = name("version");
}

impl Command {
    /// From the 12 bytes of a frame's header.
    ///
    /// # Errors
    /// [`CommandError`] unless they are 1 to 12 bytes of 0x20 to 0x7e, then zeros only.
    pub const fn from_bytes(bytes: [u8; 12]) -> Result<Self, CommandError> {
        let mut i = 0;
        let mut ended = false;
        while i < 12 {
            match bytes[i] {
                0 if i > 0 => ended = true,
                0x20..=0x7e if !ended => {}
                _ => return Err(CommandError { bytes }),
            }
            i += 1;
        }
        Ok(Self(bytes))
    }

    /// The 12 bytes of a frame's header.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }

    /// The name without its padding.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(12);
        str::from_utf8(&self.0[..len]).expect("a command is ASCII: from_bytes checked it")
    }

    /// The largest payload that a valid message of this name can have. A frame that declares more is refused before
    /// any of its payload is awaited. Names that this crate does not decode have the limit of all messages.
    #[must_use]
    pub const fn max_payload(&self) -> usize {
        /// A CompactSize up to 65,535.
        const COUNT: usize = 3;
        match *self {
            // Nine fixed fields, a user agent of 256 bytes, and room for fields of versions to come.
            Self::VERSION => 1024,
            Self::VERACK
            | Self::SENDADDRV2
            | Self::SENDHEADERS
            | Self::SENDHEADERS2
            | Self::GETADDR
            | Self::FILTERCLEAR
            | Self::MEMPOOL => 0,
            Self::PING | Self::PONG => 8,
            Self::ADDR => COUNT + MAX_ADDR * 30,
            // time, services as CompactSize, network, length and up to 512 bytes of address, port
            Self::ADDRV2 => COUNT + MAX_ADDR * (4 + 9 + 1 + 3 + 512 + 2),
            Self::INV | Self::GETDATA | Self::NOTFOUND => COUNT + MAX_INV * 36,
            Self::GETHEADERS | Self::GETHEADERS2 => 4 + 1 + MAX_LOCATOR * 32 + 32,
            Self::HEADERS => COUNT + MAX_HEADERS * 81,
            // The flags, then every field in full.
            Self::HEADERS2 => COUNT + MAX_HEADERS2 * 81,
            Self::GETMNLISTD => GetMnListDiff::LEN,
            Self::GETQRINFO => COUNT + MAX_QRINFO_BASES * 32 + 32 + 1,
            Self::CLSIG => ChainLock::LEN,
            Self::ISDLOCK => 1 + COUNT + MAX_LOCK_INPUTS * OutPoint::LEN + 32 + 32 + 96,
            Self::TX => MAX_TRANSACTION,
            Self::BLOCK => MAX_BLOCK,
            // The tree: its size, hashes, and bits.
            Self::MERKLEBLOCK => {
                Header::LEN + 4 + COUNT + MAX_BLOCK_TRANSACTIONS * 32 + COUNT + MAX_BLOCK_TRANSACTIONS
            }
            Self::GETCFILTERS => GetCFilters::LEN,
            Self::CFILTER => 1 + 32 + 5 + MAX_FILTER,
            Self::GETCFHEADERS => GetCFHeaders::LEN,
            Self::CFHEADERS => 1 + 32 + 32 + COUNT + MAX_CFHEADERS * 32,
            Self::GETCFCHECKPT => GetCFCheckpt::LEN,
            Self::CFCHECKPT => 1 + 32 + COUNT + MAX_FILTER_CHECKPOINTS * 32,
            Self::FILTERLOAD => COUNT + MAX_BLOOM_FILTER + 4 + 4 + 1,
            Self::FILTERADD => COUNT + MAX_BLOOM_ELEMENT,
            // `mnlistdiff` and `qrinfo` grow with the network: whatever fits into a message.
            _ => MAX_PAYLOAD,
        }
    }
}

impl FromStr for Command {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, CommandError> {
        let mut bytes = [0; 12];
        let len = text.len().min(12);
        bytes[..len].copy_from_slice(&text.as_bytes()[..len]);
        // A zero would read as padding, and so would be lost.
        if text.len() > 12 || text.contains('\0') {
            return Err(CommandError { bytes });
        }
        Self::from_bytes(bytes)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({self})")
    }
}
