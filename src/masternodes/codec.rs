//! States as bytes for the store: whole, or as the change from another state.
//!
//! A record has one form: what it holds is in ascending order, and reading it back gives the state that was written.
//! Bytes from the store are not believed either: counts are bounded by the bytes that are there, and the roots of what
//! was read must be those of its coinbase, so that a damaged record is noticed.
//!
//! | field | type |
//! |---|---|
//! | format | u8 = 1 |
//! | height, hash | u32, 32 bytes |
//! | kind | u8: 0 whole, 1 a change |
//! | base's height and hash | a change only: u32, 32 bytes |
//! | coinbase payload | byte vector; empty for genesis |
//! | names of masternodes that are gone | vector of 32 bytes |
//! | entries that are new or changed | vector as in `mnlistdiff` |
//! | quorums that are gone | vector of type and hash |
//! | new commitments | vector as in `mnlistdiff` |

use super::apply::{DiffError, change_list, change_quorums, check_roots};
use super::{ListState, MasternodeEntry, MasternodeList, QuorumEntry, QuorumSet};
use crate::collections::Gather;
use dash_protocol::{
    BlockHash, CoinbasePayload, Decode, DecodeError, Encode, FinalCommitment, LLMQType, MAX_EXTRA_PAYLOAD,
    ProTxHash, QuorumHash, QuorumName, Reader, SmlEntry, put_compact_size, put_var_bytes,
};
use std::sync::Arc;
use thiserror::Error;

/// The record's format.
const FORMAT: u8 = 1;
const WHOLE: u8 = 0;
const CHANGE: u8 = 1;
/// More of anything than a list can have: a record is at most some megabytes.
const MAX_ITEMS: usize = 1 << 20;

/// Why a record is not a state.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordError {
    /// The bytes are malformed.
    #[error("record: {0}")]
    Decode(#[from] DecodeError),
    /// Another format than this version writes.
    #[error("record of format {0}")]
    Format(u8),
    /// Neither a whole state nor a change.
    #[error("record of kind {0}")]
    Kind(u8),
    /// It needs another base than the one given.
    #[error("record needs the base {expected:?}, given {found:?}")]
    Base {
        /// What it needs: height and hash; nothing if it is whole.
        expected: Option<(u32, BlockHash)>,
        /// What was given.
        found: Option<(u32, BlockHash)>,
    },
    /// Not in ascending order.
    #[error("{0} out of order")]
    Order(&'static str),
    /// Only genesis has no coinbase.
    #[error("record of height {0} without coinbase")]
    NoCoinbase(u32),
    /// The coinbase is of another height.
    #[error("coinbase of height {found} in the record of height {expected}")]
    Height {
        /// The record's.
        expected: u32,
        /// The coinbase's.
        found: u32,
    },
    /// The change does not fit the base, or the roots are not those of the coinbase.
    #[error("record: {0}")]
    Content(#[from] DiffError),
}

/// What a record is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// The state's height.
    pub height: u32,
    /// Its block.
    pub hash: BlockHash,
    /// Height and block of the state that it is a change from; none for a whole one.
    pub base: Option<(u32, BlockHash)>,
}

impl ListState {
    /// The whole state as a record.
    pub fn encode_full(&self) -> Vec<u8> {
        self.record(None)
    }

    /// The state as a record of what changed from `base`, which is needed to read it.
    pub fn encode_delta(&self, base: &Self) -> Vec<u8> {
        self.record(Some(base))
    }

    fn record(&self, base: Option<&Self>) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_block(&mut out, self);
        match base {
            None => out.push(WHOLE),
            Some(base) => {
                out.push(CHANGE);
                put_block(&mut out, base);
            }
        }
        let coinbase = self.coinbase.as_ref().map(Encode::to_wire).unwrap_or_default();
        put_var_bytes(&mut out, &coinbase);
        put_list(&mut out, &self.list, base.map(|base| &base.list));
        put_quorums(&mut out, &self.quorums, base.map(|base| &base.quorums));
        out
    }

    /// What a record is of, from its first bytes.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn record_head(record: &[u8]) -> Result<RecordHead, RecordError> {
        read_head(&mut Reader::new(record))
    }

    /// Reads a record back, given the state that it is a change from.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn decode(record: &[u8], base: Option<&Self>) -> Result<Self, RecordError> {
        let mut r = Reader::new(record);
        let head = read_head(&mut r)?;
        let given = base.map(|base| (base.height, base.hash));
        if head.base != given {
            return Err(RecordError::Base { expected: head.base, found: given });
        }
        let coinbase = read_coinbase(&mut r, head.height)?;
        let (no_list, no_quorums) = (MasternodeList::empty(), QuorumSet::empty());
        let list = read_list(&mut r, base.map_or(&no_list, |base| &base.list))?;
        let quorums = read_quorums(&mut r, base.map_or(&no_quorums, |base| &base.quorums))?;
        r.finish()?;
        match &coinbase {
            Some(coinbase) => check_roots(coinbase, &list, &quorums)?,
            None if head.height == 0 && list.is_empty() && quorums.is_empty() => {}
            None => return Err(RecordError::NoCoinbase(head.height)),
        }
        Ok(Self { height: head.height, hash: head.hash, coinbase, list, quorums })
    }
}

fn put_block(out: &mut Vec<u8>, state: &ListState) {
    out.extend_from_slice(&state.height.to_le_bytes());
    state.hash.encode(out);
}

fn put_items<T: Encode>(out: &mut Vec<u8>, items: &[&T]) {
    put_compact_size(out, items.len() as u64);
    items.iter().for_each(|item| item.encode(out));
}

fn put_list(out: &mut Vec<u8>, list: &MasternodeList, base: Option<&MasternodeList>) {
    let gone: Vec<&ProTxHash> = base
        .into_iter()
        .flatten()
        .map(|entry| entry.pro_tx_hash())
        .filter(|name| list.get(name).is_none())
        .gather();
    put_items(out, &gone);
    // The same `Arc` in both, mostly.
    let same = |a: &Arc<MasternodeEntry>, b: &Arc<MasternodeEntry>| Arc::ptr_eq(a, b) || a == b;
    let changed = |entry: &&Arc<MasternodeEntry>| {
        !base.and_then(|base| base.get(entry.pro_tx_hash())).is_some_and(|old| same(old, entry))
    };
    let new: Vec<&SmlEntry> = list.iter().filter(changed).map(|entry| entry.entry()).gather();
    put_items(out, &new);
}

fn put_quorums(out: &mut Vec<u8>, quorums: &QuorumSet, base: Option<&QuorumSet>) {
    // On another branch a quorum can have another commitment: the base's goes, and this one is new.
    let missing =
        |quorum: &&Arc<QuorumEntry>, set: &QuorumSet| set.map().get(&quorum.name()) != Some(*quorum);
    let gone: Vec<QuorumName> = base
        .into_iter()
        .flat_map(QuorumSet::iter)
        .filter(|quorum| missing(quorum, quorums))
        .map(|quorum| quorum.name())
        .gather();
    put_compact_size(out, gone.len() as u64);
    for (llmq_type, hash) in gone {
        out.push(llmq_type.0);
        hash.encode(out);
    }
    let new: Vec<&FinalCommitment> = quorums
        .iter()
        .filter(|quorum| base.is_none_or(|base| missing(quorum, base)))
        .map(|quorum| quorum.commitment())
        .gather();
    put_items(out, &new);
}

fn read_head(r: &mut Reader<'_>) -> Result<RecordHead, RecordError> {
    match r.u8()? {
        FORMAT => {}
        format => return Err(RecordError::Format(format)),
    }
    let (height, hash) = (r.u32()?, BlockHash::decode(r)?);
    let base = match r.u8()? {
        WHOLE => None,
        CHANGE => Some((r.u32()?, BlockHash::decode(r)?)),
        kind => return Err(RecordError::Kind(kind)),
    };
    Ok(RecordHead { height, hash, base })
}

fn read_coinbase(r: &mut Reader<'_>, height: u32) -> Result<Option<CoinbasePayload>, RecordError> {
    let bytes = r.var_bytes("bytes of coinbase payload", MAX_EXTRA_PAYLOAD)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    let payload = CoinbasePayload::from_wire(bytes)?;
    if payload.height != height {
        return Err(RecordError::Height { expected: height, found: payload.height });
    }
    Ok(Some(payload))
}

fn read_items<T>(
    r: &mut Reader<'_>,
    what: &'static str,
    min_len: usize,
    read: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let count = r.count(what, MAX_ITEMS, min_len)?;
    (0..count).map(|_| read(r)).gather()
}

fn in_order<T, K: Ord>(what: &'static str, items: &[T], key: impl Fn(&T) -> K) -> Result<(), RecordError> {
    if items.is_sorted_by(|a, b| key(a) < key(b)) { Ok(()) } else { Err(RecordError::Order(what)) }
}

fn read_list(r: &mut Reader<'_>, base: &MasternodeList) -> Result<MasternodeList, RecordError> {
    let gone = read_items(r, "masternodes gone", 32, ProTxHash::decode)?;
    in_order("masternodes gone", &gone, |name| *name)?;
    let new = read_items(r, "masternodes", SmlEntry::MIN_LEN, SmlEntry::decode)?;
    in_order("masternodes", &new, |entry| entry.pro_tx_hash)?;
    Ok(change_list(base, &gone, &new)?)
}

fn read_quorums(r: &mut Reader<'_>, base: &QuorumSet) -> Result<QuorumSet, RecordError> {
    let gone = read_items(r, "quorums gone", 33, |r| Ok((LLMQType(r.u8()?), QuorumHash::decode(r)?)))?;
    in_order("quorums gone", &gone, |name| *name)?;
    let new = read_items(r, "quorums", FinalCommitment::MIN_LEN, FinalCommitment::decode)?;
    in_order("quorums", &new, |quorum| (quorum.llmq_type, quorum.quorum_hash))?;
    Ok(change_quorums(base, &gone, &new)?)
}
