//! The checks of signatures and their verdicts. Fields stand one after the other in the order of their declaration;
//! keys and verdicts have a count (CompactSize) before them, decoded keys stand before the checks.

use crate::collections::Gather;
use crate::engine::{CommitmentBatch, CommitmentVerdicts};
use crate::masternodes::bls::{CommitmentCheck, DecodedKey, SignatureCheck, Verdict};
use dash_protocol::{BlsPublicKey, Decode, DecodeError, Encode, Reader, put_compact_size};

/// More members than any quorum has.
const MAX_MEMBERS: usize = 1000;

const VALID: u8 = 0;
const QUORUM_SIGNATURE: u8 = 1;
const MEMBERS_SIGNATURE: u8 = 2;
const MALFORMED: u8 = 3;

/// More decoded keys than the members of a batch have.
const MAX_DECODED: usize = 64 * MAX_MEMBERS;

pub(super) fn put_commitments(batch: &CommitmentBatch, out: &mut Vec<u8>) {
    put_decoded(&batch.decoded, out);
    batch.checks.iter().for_each(|check| put_commitment(check, out));
}

pub(super) fn commitments(bytes: &[u8]) -> Option<CommitmentBatch> {
    let mut r = Reader::new(bytes);
    let decoded = decoded(&mut r).ok()?;
    Some(CommitmentBatch { checks: rest(r, commitment)?, decoded })
}

pub(super) fn put_verdicts(found: &CommitmentVerdicts, out: &mut Vec<u8>) {
    put_decoded(&found.decoded, out);
    out.extend(found.verdicts.iter().copied().map(verdict_byte));
}

pub(super) fn verdicts(bytes: &[u8]) -> Option<CommitmentVerdicts> {
    let mut r = Reader::new(bytes);
    let decoded = decoded(&mut r).ok()?;
    let one = |r: &mut Reader<'_>| {
        let value = r.u8()?;
        verdict(value).ok_or(DecodeError::Invalid { what: "verdict", value: value.into() })
    };
    Some(CommitmentVerdicts { verdicts: rest(r, one)?, decoded })
}

fn put_decoded(keys: &[DecodedKey], out: &mut Vec<u8>) {
    put_compact_size(out, keys.len() as u64);
    keys.iter().for_each(|key| out.extend_from_slice(key.as_bytes()));
}

fn decoded(r: &mut Reader<'_>) -> Result<Vec<DecodedKey>, DecodeError> {
    let count = r.count("decoded keys", MAX_DECODED, DecodedKey::LEN)?;
    (0..count).map(|_| Ok(DecodedKey::from_bytes(*r.array()?))).gather()
}

fn put_commitment(check: &CommitmentCheck, out: &mut Vec<u8>) {
    out.extend_from_slice(&check.message);
    check.quorum_key.encode(out);
    check.quorum_sig.encode(out);
    check.members_sig.encode(out);
    put_compact_size(out, check.member_keys.len() as u64);
    check.member_keys.iter().for_each(|key| key.encode(out));
}

fn commitment(r: &mut Reader<'_>) -> Result<CommitmentCheck, DecodeError> {
    Ok(CommitmentCheck {
        message: *r.array()?,
        quorum_key: Decode::decode(r)?,
        quorum_sig: Decode::decode(r)?,
        members_sig: Decode::decode(r)?,
        member_keys: {
            let count = r.count("member keys", MAX_MEMBERS, BlsPublicKey::LEN)?;
            (0..count).map(|_| Decode::decode(r)).gather::<Result<_, _>>()?
        },
    })
}

pub(super) fn put_signature(check: &SignatureCheck, out: &mut Vec<u8>) {
    check.key.encode(out);
    out.extend_from_slice(&check.message);
    check.signature.encode(out);
}

pub(super) fn signature(r: &mut Reader<'_>) -> Result<SignatureCheck, DecodeError> {
    Ok(SignatureCheck { key: Decode::decode(r)?, message: *r.array()?, signature: Decode::decode(r)? })
}

/// As many as the bytes hold.
pub(super) fn all<T>(bytes: &[u8], one: fn(&mut Reader<'_>) -> Result<T, DecodeError>) -> Option<Vec<T>> {
    rest(Reader::new(bytes), one)
}

fn rest<T>(mut r: Reader<'_>, one: fn(&mut Reader<'_>) -> Result<T, DecodeError>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    while !r.is_empty() {
        items.push(one(&mut r).ok()?);
    }
    Some(items)
}

const fn verdict_byte(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Valid => VALID,
        Verdict::QuorumSignature => QUORUM_SIGNATURE,
        Verdict::MembersSignature => MEMBERS_SIGNATURE,
        Verdict::Malformed => MALFORMED,
    }
}

const fn verdict(byte: u8) -> Option<Verdict> {
    match byte {
        VALID => Some(Verdict::Valid),
        QUORUM_SIGNATURE => Some(Verdict::QuorumSignature),
        MEMBERS_SIGNATURE => Some(Verdict::MembersSignature),
        MALFORMED => Some(Verdict::Malformed),
        _ => None,
    }
}

/// A truth value. A byte that is neither is refused: a signature must not hold by mistake.
pub(super) const fn truth(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}
