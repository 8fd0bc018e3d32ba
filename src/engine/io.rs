//! What goes into the engine and what comes out of it.
//!
//! The engine knows no clock, socket, store, thread or randomness: a driver (the browser runtime in `web/`, the
//! simulated world in `simnet`) turns what happens into [`Input`]s and carries out the [`Effect`]s. Every effect that
//! expects an answer carries an id, and the driver answers each id exactly once, in any order.

use super::WalletCommand;
use crate::api::{ApiError, Event, LogRecord, Reply};
use crate::filters::BatchMatches;
use crate::masternodes::bls::{CommitmentCheck, DecodedKey, SignatureCheck, Verdict};
use crate::store::{CommitBatch, ReadReply, ReadRequest, StoreError};
use dash_protocol::{BlockHash, Header, LLMQType, QuorumHash};

/// The time of an input, passed in by the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Milliseconds of a clock that never goes back; its zero is arbitrary. Deadlines and rates use it.
    pub mono_ms: u64,
    /// Milliseconds since 1970 (UTC) by the wall clock, which can jump. Header times and dates shown use it.
    pub unix_ms: u64,
}

impl Now {
    /// Whole seconds since 1970, the unit of header times.
    pub fn unix_secs(self) -> u64 {
        self.unix_ms / 1000
    }
}

/// One connection attempt and what came of it; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// One store commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// One store read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadId(pub u64);

/// One piece of computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// One call from the JavaScript side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// What happened.
#[derive(Debug)]
pub enum Input {
    /// A connection to a peer stands: the bridge said which peer it reached. No byte of the peer was seen yet.
    Connected {
        /// The id given in [`Effect::Connect`].
        conn: ConnId,
        /// `host:port` as the bridge names it, or the proxy's URL for a plain proxy.
        address: String,
    },
    /// A connection attempt came to nothing.
    ConnectFailed {
        /// The id given in [`Effect::Connect`].
        conn: ConnId,
        /// What was in the way.
        failure: ConnectFailure,
    },
    /// Bytes from a peer, split and joined anyhow.
    Received {
        /// From whom.
        conn: ConnId,
        /// Any number of bytes.
        bytes: Vec<u8>,
    },
    /// A standing connection ended. Not reported for a connection that [`Effect::Disconnect`] ended.
    Disconnected {
        /// Which one.
        conn: ConnId,
        /// For the log.
        reason: String,
    },
    /// A commit is durable, or failed as a whole.
    Stored {
        /// The id given in [`Effect::Commit`].
        commit: CommitId,
        /// Commits are carried out in the order of their effects; after a failure the following ones are, too.
        result: Result<(), StoreError>,
    },
    /// A read is done.
    Read {
        /// The id given in [`Effect::Read`].
        read: ReadId,
        /// What was asked for.
        result: Result<ReadReply, StoreError>,
    },
    /// A computation is done.
    Computed {
        /// The id given in [`Effect::Compute`].
        job: JobId,
        /// What came of it.
        result: ComputeReply,
    },
    /// Somebody called the JavaScript API.
    Command {
        /// To be given back in [`Effect::Reply`].
        call: CallId,
        /// What is wanted.
        command: Command,
    },
    /// The caller of a command is gone: no reply is wanted any more.
    Cancel {
        /// The call that was given up.
        call: CallId,
    },
    /// The storage behind the store changed its nature, as when IndexedDB was lost and memory took its place.
    StorageChanged {
        /// Whether what is stored outlives the page.
        persistent: bool,
        /// Why it changed.
        cause: Option<ApiError>,
    },
    /// Time passed; sent when [`Effect::WakeAt`] asked for it. Extra ticks do no harm.
    Tick,
}

/// Why a connection attempt came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectFailure {
    /// The bridge itself was not reached, or does not speak our subprotocol.
    Bridge(String),
    /// The bridge answered, but has no such peer.
    Peer(String),
}

/// What the engine wants done.
#[derive(Debug)]
pub enum Effect {
    /// Reach a peer through a bridge; answered by `Connected` or `ConnectFailed`.
    Connect {
        /// Names the attempt and, if it succeeds, the connection.
        conn: ConnId,
        /// Index into [`crate::engine::Config::bridges`].
        bridge: usize,
        /// `host:port`, or none to let the bridge choose.
        address: Option<String>,
        /// Service bits that a peer of the bridge's choice should have.
        services: u64,
    },
    /// Close a connection; the engine has forgotten it already.
    Disconnect {
        /// Which one; also ends an attempt that still runs.
        conn: ConnId,
    },
    /// Send bytes: one whole frame.
    Send {
        /// To whom.
        conn: ConnId,
        /// The frame.
        bytes: Vec<u8>,
    },
    /// Store a batch, all or nothing.
    Commit {
        /// Answered by `Stored`.
        commit: CommitId,
        /// What to store.
        batch: CommitBatch,
    },
    /// Read from the store.
    Read {
        /// Answered by `Read`.
        read: ReadId,
        /// What to read.
        request: ReadRequest,
    },
    /// Compute something that takes long; a driver may do so elsewhere, in any order.
    Compute {
        /// Answered by `Computed`.
        job: JobId,
        /// What to compute.
        work: ComputeWork,
    },
    /// Tell the page.
    Emit(Event),
    /// Write to the log.
    Log(LogRecord),
    /// Answer a call.
    Reply {
        /// The call.
        call: CallId,
        /// Its result.
        result: Result<Reply, ApiError>,
    },
    /// Send a `Tick` at this [`Now::mono_ms`] or soon after. Replaces an earlier wake.
    WakeAt(u64),
}

/// A computation, self-contained so that it can travel to a worker. One job is a message of 2,000 headers at the most,
/// twenty milliseconds, save for a compressed message, whose headers can only be hashed one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputeWork {
    /// X11 over `raw.len() / 80` headers of 80 bytes each.
    HashHeaders {
        /// The headers, joined.
        raw: Vec<u8>,
    },
    /// Expand a `headers2` payload (at most 8,000 headers): each entry's missing previous hash is the hash of the
    /// entry before it, so hashing is part of decoding.
    ExpandHeaders2 {
        /// The message's payload.
        payload: Vec<u8>,
    },
    /// Check both signatures of quorum commitments, at most 64 of them; cheaper together than one by one.
    VerifyCommitments(CommitmentBatch),
    /// Check single signatures, as of locks, at most 64 of them.
    VerifySignatures(Vec<SignatureCheck>),
    /// Look for scripts in filters, at most 250 of those.
    MatchFilters(FilterBatch),
}

/// Commitments to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitmentBatch {
    /// What is checked.
    pub checks: Vec<CommitmentCheck>,
    /// Those of the members' keys that were decoded before: time is all that they save.
    pub decoded: Vec<DecodedKey>,
}

impl From<Vec<CommitmentCheck>> for CommitmentBatch {
    /// With no key decoded before.
    fn from(checks: Vec<CommitmentCheck>) -> Self {
        Self { checks, decoded: Vec::new() }
    }
}

/// What came of a [`CommitmentBatch`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitmentVerdicts {
    /// A verdict for each commitment, in their order.
    pub verdicts: Vec<Verdict>,
    /// Those of the members' keys that were decoded for it.
    pub decoded: Vec<DecodedKey>,
}

/// Filters and what to look for in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterBatch {
    /// Scripts, and whatever else filters hold.
    pub elements: Vec<Vec<u8>>,
    /// Encoded filters, each with the hash of its block.
    pub filters: Vec<(BlockHash, Vec<u8>)>,
}

/// The result of a [`ComputeWork`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComputeReply {
    /// A hash for each header, in their order.
    Hashes(Vec<BlockHash>),
    /// The expanded headers with their hashes, or why the payload does not decode.
    Expanded(Result<Vec<(Header, BlockHash)>, dash_protocol::DecodeError>),
    /// Of commitments.
    Verdicts(CommitmentVerdicts),
    /// Whether each signature holds, in their order.
    Signatures(Vec<bool>),
    /// Which filters hold something of what was looked for.
    Matches(BatchMatches),
    /// The worker broke; the engine asks again.
    Failed(String),
}

/// A call from JavaScript that the engine answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The header at a height or with a hash.
    Header(HeaderAt),
    /// The peers connected.
    Peers,
    /// Counters.
    Metrics,
    /// The history of phases.
    Transitions,
    /// The masternode list at the tip.
    Masternodes,
    /// The quorums that are known.
    Quorums,
    /// The proven key of a quorum.
    QuorumKey {
        /// The quorum's type.
        llmq_type: LLMQType,
        /// Its name.
        quorum_hash: QuorumHash,
        /// The height of the ChainLocked block that the question is asked at.
        height: u32,
    },
    /// Something about watches, transactions or broadcasts.
    Wallet(WalletCommand),
    /// Stop asking and disconnect; what is stored stays.
    Pause,
    /// Go on.
    Resume,
    /// Disconnect, finish writing, and answer when all is stored.
    Close,
}

/// How a header is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderAt {
    /// By block height.
    Height(u32),
    /// By block hash.
    Hash(BlockHash),
}
