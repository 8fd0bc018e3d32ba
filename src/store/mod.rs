//! What is kept between visits: the trait that a store fulfils, and the shapes that go in and come out.
//!
//! The engine asks for commits and reads by effects and never touches a store itself. A commit holds data *and* the
//! watermark that vouches for it, so that a killed tab resumes from the last whole batch. `memory.rs` is the store of
//! tests and of pages without storage; `web/idb.rs` keeps the same shapes in IndexedDB, headers in the form of `packed.rs`.
//!
//! **Layout.** Two kinds of things are kept: headers by height, and records of bytes by table and key, which say
//! nothing to the store. Headers are kept by height, without gaps, in up to two segments: the main one, which ends at the tip,
//! and, while a start is being moved down, one below it that grows up to the main one's start. Each begins with the
//! (at most 35) ancestors of its first header that difficulty and median time need. Heights outside the segments of
//! [`Meta`] may hold left-overs of an earlier branch and are never read. Records hang on the watermarks, too: a store
//! without them reads as one without records, and what empties the one empties the other.

pub(crate) mod layout;
mod memory;
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) mod packed;
#[cfg(any(target_arch = "wasm32", test))]
pub(crate) mod record;

pub use memory::MemoryStore;

use dash_num::Arith256;
use dash_protocol::BlockHash;

/// Headers in one stored chunk; heights `n * CHUNK .. (n + 1) * CHUNK` share one. Packed, it stays below 64 KiB, above
/// which Chrome keeps a value as a file of its own.
pub const CHUNK: u32 = 1_000;

/// Bump when the layout changes: a store of another version is emptied and filled anew.
pub const STORE_VERSION: u32 = 4;

/// The watermarks: what of the stored headers is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// [`STORE_VERSION`] of the writer.
    pub version: u32,
    /// Hash of the network's first block that tells it from others (a devnet's second block).
    pub network_id: BlockHash,
    /// The segment that ends at the tip.
    pub main: Segment,
    /// A lower start being filled up to the main segment.
    pub below: Option<Segment>,
}

/// A gapless run of proven headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Height of the lowest header stored: the start's first ancestor, or the start where it has none.
    pub context: u32,
    /// Height of the start: genesis or a checkpoint.
    pub start: u32,
    /// Height of the highest header stored.
    pub tip: u32,
    /// Hash of the header at `tip`.
    pub tip_hash: BlockHash,
    /// Total work of the chain up to and with `tip`.
    pub tip_work: Arith256,
}

/// A gapless run of raw headers, ready to store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRun {
    /// Height of the first header.
    pub first_height: u32,
    /// Headers of 80 bytes each, joined.
    pub raw: Vec<u8>,
    /// Their hashes, in the same order.
    pub hashes: Vec<BlockHash>,
}

impl HeaderRun {
    /// How many headers the run holds.
    pub fn len(&self) -> u32 {
        (self.raw.len() / 80) as u32
    }

    /// Whether the run holds nothing.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// A table of records. Each has its own keys and its own meaning of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Proven masternode lists and quorums.
    Masternodes,
    /// Filter headers that are agreed on.
    Filters,
    /// What is watched, the wallet's transactions, and how far they are searched for.
    Wallet,
}

impl Table {
    /// All there are.
    #[cfg(target_arch = "wasm32")]
    pub(crate) const ALL: [Self; 3] = [Self::Masternodes, Self::Filters, Self::Wallet];

    /// The number that stores know the table by; never used again for another.
    #[cfg(target_arch = "wasm32")]
    pub(crate) fn id(self) -> u32 {
        match self {
            Self::Masternodes => 1,
            Self::Filters => 2,
            Self::Wallet => 3,
        }
    }
}

/// A record to write or to delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it is.
    pub table: Table,
    /// Which one, below [`MAX_RECORD_KEY`].
    pub key: u64,
    /// What it holds from now on; `None` deletes it.
    pub value: Option<Vec<u8>>,
}

/// Keys of records are below this: IndexedDB's numbers are exact up to here.
pub const MAX_RECORD_KEY: u64 = 1 << 53;

/// What one commit writes: all of it, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitBatch {
    /// Headers to write over whatever is at their heights.
    pub runs: Vec<HeaderRun>,
    /// The watermarks that hold once the batch is written; `None` leaves them as they are, and goes without runs.
    pub meta: Option<Meta>,
    /// Records to write or delete, the later over the earlier.
    pub records: Vec<Record>,
}

impl CommitBatch {
    /// A batch of records only.
    pub fn of_records(records: Vec<Record>) -> Self {
        Self { records, ..Self::default() }
    }
}

/// What can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadRequest {
    /// The watermarks, with up to `tail` headers at the end of each segment.
    Open {
        /// How many headers the engine keeps in memory.
        tail: u32,
    },
    /// Raw headers by height; fewer come back where the store ends.
    Headers {
        /// First height.
        from: u32,
        /// How many.
        count: u32,
    },
    /// The stored header with this hash, within the segments.
    HeaderByHash(BlockHash),
    /// All records of a table.
    Records {
        /// Which table.
        table: Table,
    },
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadReply {
    /// The reply to [`ReadRequest::Open`]; `None` for an empty store or one of another version or network.
    Open(Option<Box<Opened>>),
    /// The reply to [`ReadRequest::Headers`].
    Headers(HeaderRun),
    /// The reply to [`ReadRequest::HeaderByHash`]: height and 80 raw bytes.
    HeaderByHash(Option<(u32, [u8; 80])>),
    /// The reply to [`ReadRequest::Records`]: keys and values, by ascending key.
    Records(Vec<(u64, Vec<u8>)>),
}

/// An existing store as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its watermarks.
    pub meta: Meta,
    /// The end of the main segment.
    pub main_tail: HeaderRun,
    /// The end of the lower segment, where there is one.
    pub below_tail: Option<HeaderRun>,
}

/// Why a store did not do as asked. Nothing of a failed commit is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("storage is full: {0}")]
    Quota(String),
    /// Another client took over this store; this one must stop writing.
    #[error("another client took over this store")]
    Superseded,
    /// What was read is not what was written.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// Anything else that the storage reports.
    #[error("storage failed: {0}")]
    Failed(String),
}

/// A place to keep things. Drivers call it in the order of the engine's effects.
#[expect(async_fn_in_trait, reason = "drivers are single-threaded: no Send bound is wanted")]
pub trait Store {
    /// Writes a batch, all or nothing.
    async fn commit(&self, batch: &CommitBatch) -> Result<(), StoreError>;
    /// Reads what is asked for.
    async fn read(&self, request: &ReadRequest) -> Result<ReadReply, StoreError>;
}
