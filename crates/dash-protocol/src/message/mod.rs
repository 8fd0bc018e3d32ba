//! Messages: which there are, and the payloads of those that header sync uses.
//!
//! `version.rs` has the handshake, `address.rs` peers' addresses, `inventory.rs` announcements and requests by hash,
//! `headers.rs` headers in full, `compressed.rs` headers by DIP-25, `compact_filters.rs` filters that clients match,
//! `bloom.rs` those that peers match. Payloads that are data of the chain are where that data is:
//! [`crate::masternode`], [`crate::lock`], [`crate::transaction`], [`mod@crate::block`]. A message that this crate has
//! no form for becomes [`Message::Unknown`]: it is not an error, and its payload is dropped.

mod address;
mod bloom;
mod compact_filters;
mod compressed;
mod headers;
mod inventory;
mod version;

pub use address::{AddrEntry, AddrV2, AddrV2Entry, MAX_ADDR, NetAddress};
pub use bloom::{BloomFilter, BloomUpdate, MAX_BLOOM_ELEMENT, MAX_BLOOM_FILTER, MAX_BLOOM_FUNCTIONS};
pub use compact_filters::{
    CFCheckpt, CFHeaders, CFilter, FILTER_CHECKPOINT_INTERVAL, FilterType, GetCFCheckpt, GetCFHeaders,
    GetCFilters, MAX_CFHEADERS, MAX_CFILTERS, MAX_FILTER, MAX_FILTER_CHECKPOINTS, MAX_FILTER_ELEMENTS,
};
pub use compressed::{CompressedHeaders, MAX_HEADERS2};
pub use headers::{GetHeaders, MAX_HEADERS, MAX_LOCATOR};
pub use inventory::{Inventory, InventoryKind, MAX_INV};
pub use version::{MAX_USER_AGENT, ServiceFlags, VersionMessage};

use crate::block::{Block, MerkleBlock};
use crate::encode::{Decode, DecodeError, Encode, Reader, list, put_list, put_var_bytes};
use crate::frame::{Command, Frame, encode_frame};
use crate::header::Header;
use crate::lock::{ChainLock, InstantLock};
use crate::masternode::{GetMnListDiff, GetQRInfo, MnListDiff, QRInfo};
use crate::transaction::Transaction;

/// A decoded message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who the peer is; the first message of each side.
    Version(VersionMessage),
    /// The peer has our `version`.
    Verack,
    /// The peer takes `addrv2` (BIP 155).
    SendAddrV2,
    /// Announce blocks by `headers` (BIP 130).
    SendHeaders,
    /// Announce blocks by `headers2` (DIP-25).
    SendHeaders2,
    /// Answer with [`Message::Pong`] and the same number.
    Ping(u64),
    /// The answer to [`Message::Ping`].
    Pong(u64),
    /// Answer with known addresses.
    GetAddr,
    /// Peers' addresses, at most [`MAX_ADDR`].
    Addr(Vec<AddrEntry>),
    /// Peers' addresses of any network (BIP 155), at most [`MAX_ADDR`].
    AddrV2(Vec<AddrV2Entry>),
    /// What the peer has, at most [`MAX_INV`].
    Inv(Vec<Inventory>),
    /// What is asked for, at most [`MAX_INV`].
    GetData(Vec<Inventory>),
    /// What was asked for and is not there, at most [`MAX_INV`].
    NotFound(Vec<Inventory>),
    /// Answer with [`Message::Headers`].
    GetHeaders(GetHeaders),
    /// Answer with [`Message::Headers2`].
    GetHeaders2(GetHeaders),
    /// Consecutive headers, at most [`MAX_HEADERS`].
    Headers(Vec<Header>),
    /// Consecutive headers, compressed.
    Headers2(CompressedHeaders),
    /// Answer with [`Message::MnListDiff`].
    GetMnListDiff(GetMnListDiff),
    /// What changed in masternodes and quorums between two blocks (DIP-4).
    MnListDiff(Box<MnListDiff>),
    /// Answer with [`Message::QRInfo`].
    GetQRInfo(GetQRInfo),
    /// What it takes to compute rotated quorums (DIP-24).
    QRInfo(Box<QRInfo>),
    /// A ChainLock (DIP-8).
    ClSig(ChainLock),
    /// An InstantSend lock (DIP-22).
    IsdLock(InstantLock),
    /// A transaction.
    Tx(Transaction),
    /// A block in full.
    Block(Box<Block>),
    /// A block of which a bloom filter chose the transactions (BIP 37); they follow as [`Message::Tx`].
    MerkleBlock(MerkleBlock),
    /// Answer with [`Message::CFilter`] for each block (BIP 157).
    GetCFilters(GetCFilters),
    /// The compact filter of a block.
    CFilter(CFilter),
    /// Answer with [`Message::CFHeaders`].
    GetCFHeaders(GetCFHeaders),
    /// What chains compact filters to one another.
    CFHeaders(CFHeaders),
    /// Answer with [`Message::CFCheckpt`].
    GetCFCheckpt(GetCFCheckpt),
    /// Every thousandth filter header.
    CFCheckpt(CFCheckpt),
    /// Relay what this filter matches, and nothing else.
    FilterLoad(BloomFilter),
    /// Add an element of at most [`MAX_BLOOM_ELEMENT`] bytes to the filter.
    FilterAdd(Vec<u8>),
    /// Relay everything again.
    FilterClear,
    /// Announce what waits to be mined.
    Mempool,
    /// A message that this crate has no form for.
    Unknown(Command),
}

impl Message {
    /// The message's name.
    #[must_use]
    pub const fn command(&self) -> Command {
        match self {
            Self::Version(_) => Command::VERSION,
            Self::Verack => Command::VERACK,
            Self::SendAddrV2 => Command::SENDADDRV2,
            Self::SendHeaders => Command::SENDHEADERS,
            Self::SendHeaders2 => Command::SENDHEADERS2,
            Self::Ping(_) => Command::PING,
            Self::Pong(_) => Command::PONG,
            Self::GetAddr => Command::GETADDR,
            Self::Addr(_) => Command::ADDR,
            Self::AddrV2(_) => Command::ADDRV2,
            Self::Inv(_) => Command::INV,
            Self::GetData(_) => Command::GETDATA,
            Self::NotFound(_) => Command::NOTFOUND,
            Self::GetHeaders(_) => Command::GETHEADERS,
            Self::GetHeaders2(_) => Command::GETHEADERS2,
            Self::Headers(_) => Command::HEADERS,
            Self::Headers2(_) => Command::HEADERS2,
            Self::GetMnListDiff(_) => Command::GETMNLISTD,
            Self::MnListDiff(_) => Command::MNLISTDIFF,
            Self::GetQRInfo(_) => Command::GETQRINFO,
            Self::QRInfo(_) => Command::QRINFO,
            Self::ClSig(_) => Command::CLSIG,
            Self::IsdLock(_) => Command::ISDLOCK,
            Self::Tx(_) => Command::TX,
            Self::Block(_) => Command::BLOCK,
            Self::MerkleBlock(_) => Command::MERKLEBLOCK,
            Self::GetCFilters(_) => Command::GETCFILTERS,
            Self::CFilter(_) => Command::CFILTER,
            Self::GetCFHeaders(_) => Command::GETCFHEADERS,
            Self::CFHeaders(_) => Command::CFHEADERS,
            Self::GetCFCheckpt(_) => Command::GETCFCHECKPT,
            Self::CFCheckpt(_) => Command::CFCHECKPT,
            Self::FilterLoad(_) => Command::FILTERLOAD,
            Self::FilterAdd(_) => Command::FILTERADD,
            Self::FilterClear => Command::FILTERCLEAR,
            Self::Mempool => Command::MEMPOOL,
            Self::Unknown(command) => *command,
        }
    }

    /// Decodes a payload.
    ///
    /// # Errors
    /// [`DecodeError`] if it is not what `command` demands, trailing bytes included (except in `version`, which later
    /// protocol versions may extend).
    pub fn decode(command: Command, payload: &[u8]) -> Result<Self, DecodeError> {
        match command {
            Command::HEADERS2 => CompressedHeaders::from_payload(payload).map(Self::Headers2),
            _ => Self::decode_borrowed(command, payload),
        }
    }

    /// Decodes a frame; spares `headers2` the copy of its payload.
    ///
    /// # Errors
    /// Those of [`Message::decode`].
    pub fn from_frame(frame: Frame) -> Result<Self, DecodeError> {
        match frame.command {
            Command::HEADERS2 => CompressedHeaders::from_payload(frame.payload).map(Self::Headers2),
            command => Self::decode_borrowed(command, &frame.payload),
        }
    }

    /// Everything but `headers2`.
    fn decode_borrowed(command: Command, payload: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(payload);
        let message = match command {
            Command::VERSION => return VersionMessage::decode(&mut r).map(Self::Version),
            Command::VERACK => Self::Verack,
            Command::SENDADDRV2 => Self::SendAddrV2,
            Command::SENDHEADERS => Self::SendHeaders,
            Command::SENDHEADERS2 => Self::SendHeaders2,
            Command::PING => Self::Ping(r.u64()?),
            Command::PONG => Self::Pong(r.u64()?),
            Command::GETADDR => Self::GetAddr,
            Command::ADDR => Self::Addr(list(&mut r, "addresses", MAX_ADDR, AddrEntry::LEN)?),
            Command::ADDRV2 => Self::AddrV2(list(&mut r, "addresses", MAX_ADDR, AddrV2Entry::MIN_LEN)?),
            Command::INV => Self::Inv(list(&mut r, "inventory entries", MAX_INV, Inventory::LEN)?),
            Command::GETDATA => Self::GetData(list(&mut r, "inventory entries", MAX_INV, Inventory::LEN)?),
            Command::NOTFOUND => Self::NotFound(list(&mut r, "inventory entries", MAX_INV, Inventory::LEN)?),
            Command::GETHEADERS => Self::GetHeaders(GetHeaders::decode(&mut r)?),
            Command::GETHEADERS2 => Self::GetHeaders2(GetHeaders::decode(&mut r)?),
            Command::HEADERS => Self::Headers(headers::decode_headers(&mut r)?),
            Command::GETMNLISTD => Self::GetMnListDiff(GetMnListDiff::decode(&mut r)?),
            Command::MNLISTDIFF => Self::MnListDiff(Box::new(MnListDiff::decode(&mut r)?)),
            Command::GETQRINFO => Self::GetQRInfo(GetQRInfo::decode(&mut r)?),
            Command::QRINFO => Self::QRInfo(Box::new(QRInfo::decode(&mut r)?)),
            Command::CLSIG => Self::ClSig(ChainLock::decode(&mut r)?),
            Command::ISDLOCK => Self::IsdLock(InstantLock::decode(&mut r)?),
            Command::TX => Self::Tx(Transaction::decode(&mut r)?),
            Command::BLOCK => Self::Block(Box::new(Block::decode(&mut r)?)),
            Command::MERKLEBLOCK => Self::MerkleBlock(MerkleBlock::decode(&mut r)?),
            Command::GETCFILTERS => Self::GetCFilters(GetCFilters::decode(&mut r)?),
            Command::CFILTER => Self::CFilter(CFilter::decode(&mut r)?),
            Command::GETCFHEADERS => Self::GetCFHeaders(GetCFHeaders::decode(&mut r)?),
            Command::CFHEADERS => Self::CFHeaders(CFHeaders::decode(&mut r)?),
            Command::GETCFCHECKPT => Self::GetCFCheckpt(GetCFCheckpt::decode(&mut r)?),
            Command::CFCHECKPT => Self::CFCheckpt(CFCheckpt::decode(&mut r)?),
            Command::FILTERLOAD => Self::FilterLoad(BloomFilter::decode(&mut r)?),
            Command::FILTERADD => {
                Self::FilterAdd(r.var_bytes("bytes of an element", MAX_BLOOM_ELEMENT)?.to_vec())
            }
            Command::FILTERCLEAR => Self::FilterClear,
            Command::MEMPOOL => Self::Mempool,
            unknown => return Ok(Self::Unknown(unknown)),
        };
        r.finish()?;
        Ok(message)
    }

    /// The payload; empty for [`Message::Unknown`].
    #[must_use]
    pub fn payload(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Version(version) => version.encode(&mut out),
            Self::Ping(nonce) | Self::Pong(nonce) => out.extend_from_slice(&nonce.to_le_bytes()),
            Self::Addr(entries) => put_list(&mut out, entries),
            Self::AddrV2(entries) => put_list(&mut out, entries),
            Self::Inv(items) | Self::GetData(items) | Self::NotFound(items) => put_list(&mut out, items),
            Self::GetHeaders(request) | Self::GetHeaders2(request) => request.encode(&mut out),
            Self::Headers(headers) => headers::encode_headers(headers, &mut out),
            Self::Headers2(headers) => out.extend_from_slice(headers.payload()),
            Self::GetMnListDiff(request) => request.encode(&mut out),
            Self::MnListDiff(diff) => diff.encode(&mut out),
            Self::GetQRInfo(request) => request.encode(&mut out),
            Self::QRInfo(info) => info.encode(&mut out),
            Self::ClSig(lock) => lock.encode(&mut out),
            Self::IsdLock(lock) => lock.encode(&mut out),
            Self::Tx(transaction) => transaction.encode(&mut out),
            Self::Block(block) => block.encode(&mut out),
            Self::MerkleBlock(block) => block.encode(&mut out),
            Self::GetCFilters(request) => request.encode(&mut out),
            Self::CFilter(filter) => filter.encode(&mut out),
            Self::GetCFHeaders(request) => request.encode(&mut out),
            Self::CFHeaders(headers) => headers.encode(&mut out),
            Self::GetCFCheckpt(request) => request.encode(&mut out),
            Self::CFCheckpt(headers) => headers.encode(&mut out),
            Self::FilterLoad(filter) => filter.encode(&mut out),
            Self::FilterAdd(element) => put_var_bytes(&mut out, element),
            Self::Verack
            | Self::SendAddrV2
            | Self::SendHeaders
            | Self::SendHeaders2
            | Self::GetAddr
            | Self::FilterClear
            | Self::Mempool
            | Self::Unknown(_) => {}
        }
        out
    }

    /// The whole message, ready to send.
    #[must_use]
    pub fn to_frame(&self, magic: [u8; 4]) -> Vec<u8> {
        match self {
            Self::Headers2(headers) => encode_frame(magic, Command::HEADERS2, headers.payload()),
            _ => encode_frame(magic, self.command(), &self.payload()),
        }
    }
}
