//! What Dash peers say to one another: the encoding, the frame around a message, the messages, what they carry of the
//! chain, and the parameters of the four networks. No input, output, clock or hashing of blocks: X11 is passed in where it is needed.
//!
//! | module | holds |
//! |---|---|
//! | [`encode`](mod@encode) | the bounded reader, CompactSize, the errors |
//! | [`hash`](mod@hash) | hash newtypes and double SHA-256 |
//! | [`header`](mod@header) | the 80-byte block header |
//! | [`frame`](mod@frame) | commands, the streaming frame decoder, checksums |
//! | [`message`](mod@message) | which messages there are, and the payloads of header sync |
//! | [`transaction`](mod@transaction), [`special`](mod@special) | transactions, and the payloads of special ones |
//! | [`block`](mod@block), [`merkle`](mod@merkle) | whole blocks, merkle roots and the paths to them |
//! | [`masternode`](mod@masternode) | masternodes, quorums, diffs of both, rotation |
//! | [`lock`](mod@lock), [`bls`](mod@bls) | ChainLocks and InstantSend locks, keys and signatures as bytes |
//! | [`network`](mod@network) | genesis blocks, checkpoints, activation heights, quorum parameters |
//!
//! Everything that comes from the wire is hostile. A decoder checks a length against the bytes that are there before
//! it allocates, so that no message takes more memory than a small multiple of its own size, and no input panics.

pub mod block;
pub mod bls;
pub mod encode;
pub mod frame;
pub mod hash;
pub mod header;
pub mod lock;
pub mod masternode;
pub mod merkle;
pub mod message;
pub mod network;
pub mod special;
pub mod transaction;

pub use block::{Block, MAX_BLOCK, MerkleBlock};
pub use bls::{BlsPublicKey, BlsScheme, BlsSignature};
pub use encode::{Decode, DecodeError, Encode, MAX_COMPACT_SIZE, Reader, put_compact_size, put_var_bytes};
pub use frame::{
    Command, CommandError, Frame, FrameDecoder, FrameError, HEADER_LEN, MAX_PAYLOAD, encode_frame,
};
pub use hash::{
    BlockHash, ConfirmedHash, FilterHash, FilterHeader, MerkleRoot, ParseHashError, ProTxHash, QuorumHash,
    Txid, sha256d,
};
pub use header::{CompactTarget, Header};
pub use lock::{ChainLock, InstantLock, MAX_LOCK_INPUTS};
pub use masternode::{
    BitSet, FinalCommitment, GetMnListDiff, GetQRInfo, LLMQType, MAX_QRINFO_BASES, MasternodeType,
    MnListDiff, NetAddressEntry, NetInfo, NetPurpose, QRInfo, QuorumName, QuorumSnapshot, SmlEntry,
};
pub use merkle::{MAX_BLOCK_TRANSACTIONS, MerkleError, PartialMerkleTree};
pub use message::{
    AddrEntry, AddrV2, AddrV2Entry, BloomFilter, BloomUpdate, CFCheckpt, CFHeaders, CFilter,
    CompressedHeaders, FILTER_CHECKPOINT_INTERVAL, FilterType, GetCFCheckpt, GetCFHeaders, GetCFilters,
    GetHeaders, Inventory, InventoryKind, MAX_ADDR, MAX_BLOOM_ELEMENT, MAX_BLOOM_FILTER, MAX_BLOOM_FUNCTIONS,
    MAX_CFHEADERS, MAX_CFILTERS, MAX_FILTER, MAX_FILTER_CHECKPOINTS, MAX_FILTER_ELEMENTS, MAX_HEADERS,
    MAX_HEADERS2, MAX_INV, MAX_LOCATOR, MAX_USER_AGENT, Message, NetAddress, ServiceFlags, VersionMessage,
};
pub use network::{
    Activation, AddressPrefixes, ChainOverrides, Checkpoint, LlmqParams, LlmqTypeOverrides, LlmqTypes,
    NetworkKind, NetworkParams, ParamsError,
};
pub use special::{BestChainLock, CoinbasePayload, SpecialPayload, TxType};
pub use transaction::{MAX_EXTRA_PAYLOAD, MAX_TRANSACTION, OutPoint, Transaction, TxIn, TxOut};

/// The protocol version that this crate speaks and announces.
pub const PROTOCOL_VERSION: i32 = 70_240;
/// The oldest version that Dash Core 23 keeps a connection to, and so do we.
pub const MIN_PEER_PROTOCOL_VERSION: i32 = 70_221;
/// From this common version on `sendaddrv2` is understood.
pub const ADDRV2_VERSION: i32 = 70_223;
/// From this common version on a `headers2` message holds up to [`MAX_HEADERS2`] headers, and [`MAX_HEADERS`] before.
pub const LARGE_HEADERS2_VERSION: i32 = 70_235;
