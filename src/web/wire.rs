//! Computations as bytes, for the way to a compute worker and back.
//!
//! Both ends are the same build of this module, but a reply comes through the page's `Worker`, so it is read as if it
//! could be anything: a length that does not fit is an error, and nothing is allocated beyond a small multiple of the
//! bytes that are there.

mod filters;
mod signatures;

use crate::engine::{ComputeReply, ComputeWork};
use dash_protocol::{BlockHash, DecodeError, Header};

const HASH_HEADERS: u8 = 1;
const EXPAND_HEADERS2: u8 = 2;
const VERIFY_COMMITMENTS: u8 = 3;
const VERIFY_SIGNATURES: u8 = 4;
const MATCH_FILTERS: u8 = 5;

const HASHES: u8 = 1;
const EXPANDED: u8 = 2;
const MALFORMED: u8 = 3;
const FAILED: u8 = 4;
const VERDICTS: u8 = 5;
const SIGNATURES: u8 = 6;
const MATCHES: u8 = 7;

const ENTRY: usize = Header::LEN + 32;

/// Bytes that are no encoded computation or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an encoded computation ({len} bytes)")]
pub struct WireError {
    /// How many bytes there were.
    pub len: usize,
}

/// A kind, then the input: bytes as they are, checks one after the other.
pub fn encode_work(work: &ComputeWork) -> Vec<u8> {
    match work {
        ComputeWork::HashHeaders { raw } => [&[HASH_HEADERS], &raw[..]].concat(),
        ComputeWork::ExpandHeaders2 { payload } => [&[EXPAND_HEADERS2], &payload[..]].concat(),
        ComputeWork::VerifyCommitments(batch) => {
            let mut out = vec![VERIFY_COMMITMENTS];
            signatures::put_commitments(batch, &mut out);
            out
        }
        ComputeWork::VerifySignatures(checks) => {
            let mut out = vec![VERIFY_SIGNATURES];
            checks.iter().for_each(|check| signatures::put_signature(check, &mut out));
            out
        }
        ComputeWork::MatchFilters(batch) => {
            let mut out = vec![MATCH_FILTERS];
            filters::put_batch(batch, &mut out);
            out
        }
    }
}

/// The inverse of [`encode_work`].
pub fn decode_work(bytes: &[u8]) -> Result<ComputeWork, WireError> {
    let error = WireError { len: bytes.len() };
    match bytes.split_first() {
        Some((&HASH_HEADERS, raw)) if raw.len() % Header::LEN == 0 => {
            Ok(ComputeWork::HashHeaders { raw: raw.to_vec() })
        }
        Some((&EXPAND_HEADERS2, payload)) => Ok(ComputeWork::ExpandHeaders2 { payload: payload.to_vec() }),
        Some((&VERIFY_COMMITMENTS, batch)) => {
            signatures::commitments(batch).map(ComputeWork::VerifyCommitments).ok_or(error)
        }
        Some((&VERIFY_SIGNATURES, checks)) => {
            signatures::all(checks, signatures::signature).map(ComputeWork::VerifySignatures).ok_or(error)
        }
        Some((&MATCH_FILTERS, batch)) => filters::batch(batch).map(ComputeWork::MatchFilters).ok_or(error),
        _ => Err(error),
    }
}

/// A kind, then hashes, or headers each with its hash, or a byte a verdict. Of a decoding error only the fact crosses: the structure of a
/// payload is checked before it becomes work, so this is the rare case.
pub fn encode_reply(reply: &ComputeReply) -> Vec<u8> {
    match reply {
        ComputeReply::Hashes(hashes) => {
            let mut out = Vec::with_capacity(1 + hashes.len() * 32);
            out.push(HASHES);
            hashes.iter().for_each(|hash| out.extend_from_slice(hash.as_bytes()));
            out
        }
        ComputeReply::Expanded(Ok(headers)) => {
            let mut out = Vec::with_capacity(1 + headers.len() * ENTRY);
            out.push(EXPANDED);
            for (header, hash) in headers {
                out.extend_from_slice(&header.to_bytes());
                out.extend_from_slice(hash.as_bytes());
            }
            out
        }
        ComputeReply::Expanded(Err(_)) => vec![MALFORMED],
        ComputeReply::Verdicts(verdicts) => {
            let mut out = vec![VERDICTS];
            signatures::put_verdicts(verdicts, &mut out);
            out
        }
        ComputeReply::Signatures(hold) => {
            [SIGNATURES].into_iter().chain(hold.iter().copied().map(u8::from)).collect()
        }
        ComputeReply::Matches(found) => {
            let mut out = vec![MATCHES];
            filters::put_matches(found, &mut out);
            out
        }
        ComputeReply::Failed(why) => [&[FAILED], why.as_bytes()].concat(),
    }
}

/// The inverse of [`encode_reply`], but for the details of a decoding error.
pub fn decode_reply(bytes: &[u8]) -> Result<ComputeReply, WireError> {
    let error = WireError { len: bytes.len() };
    match bytes.split_first() {
        Some((&HASHES, body)) => {
            let (hashes, rest) = body.as_chunks::<32>();
            if !rest.is_empty() {
                return Err(error);
            }
            Ok(ComputeReply::Hashes(hashes.iter().copied().map(BlockHash::from_bytes).collect()))
        }
        Some((&EXPANDED, body)) => {
            let (entries, rest) = body.as_chunks::<ENTRY>();
            if !rest.is_empty() {
                return Err(error);
            }
            entries
                .iter()
                .map(|entry| expanded(entry).ok_or(error))
                .collect::<Result<_, _>>()
                .map(|headers| ComputeReply::Expanded(Ok(headers)))
        }
        Some((&MALFORMED, [])) => {
            Ok(ComputeReply::Expanded(Err(DecodeError::Invalid { what: "compressed headers", value: 0 })))
        }
        Some((&VERDICTS, body)) => signatures::verdicts(body).map(ComputeReply::Verdicts).ok_or(error),
        Some((&SIGNATURES, body)) => body
            .iter()
            .map(|&byte| signatures::truth(byte).ok_or(error))
            .collect::<Result<_, _>>()
            .map(ComputeReply::Signatures),
        Some((&MATCHES, body)) => filters::matches(body).map(ComputeReply::Matches).ok_or(error),
        Some((&FAILED, why)) => Ok(ComputeReply::Failed(String::from_utf8_lossy(why).into_owned())),
        _ => Err(error),
    }
}

fn expanded(entry: &[u8; ENTRY]) -> Option<(Header, BlockHash)> {
    let (header, hash) = entry.split_first_chunk::<{ Header::LEN }>()?;
    Some((Header::from_bytes(header), BlockHash::from_bytes(hash.try_into().ok()?)))
}

/// Whether a reply has the form and the size that its work asks for.
pub fn answers(work: &ComputeWork, reply: &ComputeReply) -> bool {
    match (work, reply) {
        (ComputeWork::HashHeaders { raw }, ComputeReply::Hashes(hashes)) => {
            hashes.len() == raw.len() / Header::LEN
        }
        (ComputeWork::ExpandHeaders2 { .. }, ComputeReply::Expanded(_)) => true,
        (ComputeWork::VerifyCommitments(batch), ComputeReply::Verdicts(found)) => {
            batch.checks.len() == found.verdicts.len()
        }
        (ComputeWork::VerifySignatures(checks), ComputeReply::Signatures(hold)) => checks.len() == hold.len(),
        (ComputeWork::MatchFilters(batch), ComputeReply::Matches(found)) => filters::answers(batch, found),
        _ => false,
    }
}
