//! Headers in full and the request for them: `headers`, `getheaders`, `getheaders2`.
//!
//! A `headers` message of 2,000 entries decodes into one vector of 160 KB; nothing else is allocated.

use crate::encode::{Decode, DecodeError, Encode, Reader, put_compact_size};
use crate::hash::BlockHash;
use crate::header::Header;

/// The most headers of one `headers` message (Dash Core `net_processing.cpp`, `MAX_HEADERS_UNCOMPRESSED_RESULT`).
pub const MAX_HEADERS: usize = 2_000;

/// The most hashes of a locator (Dash Core `net_processing.cpp`, `MAX_LOCATOR_SZ`).
pub const MAX_LOCATOR: usize = 101;

/// The request for the headers after the first locator entry that the peer has on its best chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetHeaders {
    /// The sender's protocol version, which receivers ignore.
    pub version: i32,
    /// Hashes from the tip downwards, at most [`MAX_LOCATOR`]. Empty: only the header of `stop` is asked for.
    pub locator: Vec<BlockHash>,
    /// The last header wanted; zero for as many as the reply may hold.
    pub stop: BlockHash,
}

impl Encode for GetHeaders {
    fn encode(&self, out: &mut Vec<u8>) {
        out.reserve(4 + 1 + self.locator.len() * 32 + 32);
        out.extend_from_slice(&self.version.to_le_bytes());
        super::put_list(out, &self.locator);
        self.stop.encode(out);
    }
}

impl Decode for GetHeaders {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: r.i32()?,
            locator: super::list(r, "locator hashes", MAX_LOCATOR, 32)?,
            stop: BlockHash::decode(r)?,
        })
    }
}

/// Bytes of a header in `headers`: its own and the count of no transactions.
const ENTRY_LEN: usize = Header::LEN + 1;

/// The payload of `headers`.
pub(super) fn decode_headers(r: &mut Reader<'_>) -> Result<Vec<Header>, DecodeError> {
    let count = r.count("headers", MAX_HEADERS, ENTRY_LEN)?;
    let mut headers = Vec::with_capacity(count);
    for _ in 0..count {
        headers.push(Header::decode(r)?);
        match r.u8()? {
            0 => {}
            transactions => {
                return Err(DecodeError::Invalid {
                    what: "transaction count of a header",
                    value: transactions.into(),
                });
            }
        }
    }
    Ok(headers)
}

/// The payload of `headers`.
pub(super) fn encode_headers(headers: &[Header], out: &mut Vec<u8>) {
    out.reserve(3 + headers.len() * ENTRY_LEN);
    put_compact_size(out, headers.len() as u64);
    for header in headers {
        header.encode(out);
        out.push(0);
    }
}
