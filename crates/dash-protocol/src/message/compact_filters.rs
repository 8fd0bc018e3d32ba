//! Compact filters, their headers, and the requests for them (BIP 157): `getcfilters`, `cfilter`, `getcfheaders`,
//! `cfheaders`, `getcfcheckpt`, `cfcheckpt`.
//!
//! The largest reply decodes into one vector of the size that was sent: [`MAX_FILTER_CHECKPOINTS`] headers of 32 bytes,
//! or a filter of [`MAX_FILTER`] bytes, which is the most that a block can fill.

use crate::block::MAX_BLOCK;
use crate::encode::{Decode, DecodeError, Encode, Reader, put_var_bytes};
use crate::hash::{BlockHash, FilterHash, FilterHeader};
use crate::transaction::TxOut;

/// The most filters of one request (Dash Core `net_processing.cpp`, `MAX_GETCFILTERS_SIZE`).
pub const MAX_CFILTERS: usize = 1_000;

/// The most filter hashes of one `cfheaders` (Dash Core `net_processing.cpp`, `MAX_GETCFHEADERS_SIZE`).
pub const MAX_CFHEADERS: usize = 2_000;

/// Blocks between two headers of a `cfcheckpt` (Dash Core `index/blockfilterindex.h`, `CFCHECKPT_INTERVAL`).
pub const FILTER_CHECKPOINT_INTERVAL: u32 = 1_000;

/// The most headers of one `cfcheckpt`: the protocol has no limit, this one lasts for ten million blocks.
pub const MAX_FILTER_CHECKPOINTS: usize = 10_000;

/// The most elements of a basic filter: none takes fewer bytes of its block than an output with a script of one byte.
pub const MAX_FILTER_ELEMENTS: usize = MAX_BLOCK / (TxOut::MIN_LEN + 1);

/// The most bytes of a basic filter (BIP 158): its count; for each element 19 bits of remainder and the bit that ends
/// the quotient; and the quotients' own bits, which together are at most those of the largest value, 784,931 for each
/// element in units of 2^19.
pub const MAX_FILTER: usize = 5
    + (MAX_FILTER_ELEMENTS * (19 + 1) + ((MAX_FILTER_ELEMENTS as u64 * 784_931) >> 19) as usize).div_ceil(8);

/// What a filter holds of its block. There is one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterType {
    /// Output scripts, spent scripts, and names in special transactions.
    Basic,
}

/// The request for the filters of a range of blocks, at most [`MAX_CFILTERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GetCFilters {
    /// What they hold.
    pub filter_type: FilterType,
    /// Height of the first block.
    pub start_height: u32,
    /// Hash of the last block.
    pub stop_hash: BlockHash,
}

/// The filter of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CFilter {
    /// What it holds.
    pub filter_type: FilterType,
    /// The block.
    pub block_hash: BlockHash,
    /// The encoded filter, at most [`MAX_FILTER`] bytes; not taken apart here.
    pub filter: Vec<u8>,
}

/// The request for the filter hashes of a range of blocks, at most [`MAX_CFHEADERS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GetCFHeaders {
    /// What the filters hold.
    pub filter_type: FilterType,
    /// Height of the first block.
    pub start_height: u32,
    /// Hash of the last block.
    pub stop_hash: BlockHash,
}

/// The filter hashes of a range of blocks, and the header that they follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CFHeaders {
    /// What the filters hold.
    pub filter_type: FilterType,
    /// The last block.
    pub stop_hash: BlockHash,
    /// The filter header before the first block; zero if that is the genesis block.
    pub previous_header: FilterHeader,
    /// The hash of each filter, ascending; at most [`MAX_CFHEADERS`].
    pub filter_hashes: Vec<FilterHash>,
}

/// The request for every thousandth filter header up to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GetCFCheckpt {
    /// What the filters hold.
    pub filter_type: FilterType,
    /// The last block.
    pub stop_hash: BlockHash,
}

/// Filter headers at the multiples of [`FILTER_CHECKPOINT_INTERVAL`], without that of height 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CFCheckpt {
    /// What the filters hold.
    pub filter_type: FilterType,
    /// The block that was asked for.
    pub stop_hash: BlockHash,
    /// The headers, ascending; at most [`MAX_FILTER_CHECKPOINTS`].
    pub headers: Vec<FilterHeader>,
}

impl GetCFilters {
    /// Bytes of the request.
    pub const LEN: usize = 1 + 4 + 32;
}

impl GetCFHeaders {
    /// Bytes of the request.
    pub const LEN: usize = 1 + 4 + 32;
}

impl GetCFCheckpt {
    /// Bytes of the request.
    pub const LEN: usize = 1 + 32;
}

impl Encode for FilterType {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Basic => out.push(0),
        }
    }
}

impl Decode for FilterType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u8()? {
            0 => Ok(Self::Basic),
            value => Err(DecodeError::Invalid { what: "filter type", value: value.into() }),
        }
    }
}

impl Encode for GetCFilters {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        out.extend_from_slice(&self.start_height.to_le_bytes());
        self.stop_hash.encode(out);
    }
}

impl Decode for GetCFilters {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            filter_type: FilterType::decode(r)?,
            start_height: r.u32()?,
            stop_hash: BlockHash::decode(r)?,
        })
    }
}

impl Encode for CFilter {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        self.block_hash.encode(out);
        put_var_bytes(out, &self.filter);
    }
}

impl Decode for CFilter {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            filter_type: FilterType::decode(r)?,
            block_hash: BlockHash::decode(r)?,
            filter: r.var_bytes("bytes of a filter", MAX_FILTER)?.to_vec(),
        })
    }
}

impl Encode for GetCFHeaders {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        out.extend_from_slice(&self.start_height.to_le_bytes());
        self.stop_hash.encode(out);
    }
}

impl Decode for GetCFHeaders {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            filter_type: FilterType::decode(r)?,
            start_height: r.u32()?,
            stop_hash: BlockHash::decode(r)?,
        })
    }
}

impl Encode for CFHeaders {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        self.stop_hash.encode(out);
        self.previous_header.encode(out);
        super::put_list(out, &self.filter_hashes);
    }
}

impl Decode for CFHeaders {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            filter_type: FilterType::decode(r)?,
            stop_hash: BlockHash::decode(r)?,
            previous_header: FilterHeader::decode(r)?,
            filter_hashes: super::list(r, "filter hashes", MAX_CFHEADERS, 32)?,
        })
    }
}

impl Encode for GetCFCheckpt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        self.stop_hash.encode(out);
    }
}

impl Decode for GetCFCheckpt {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { filter_type: FilterType::decode(r)?, stop_hash: BlockHash::decode(r)? })
    }
}

impl Encode for CFCheckpt {
    fn encode(&self, out: &mut Vec<u8>) {
        self.filter_type.encode(out);
        self.stop_hash.encode(out);
        super::put_list(out, &self.headers);
    }
}

impl Decode for CFCheckpt {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            filter_type: FilterType::decode(r)?,
            stop_hash: BlockHash::decode(r)?,
            headers: super::list(r, "filter headers", MAX_FILTER_CHECKPOINTS, 32)?,
        })
    }
}
