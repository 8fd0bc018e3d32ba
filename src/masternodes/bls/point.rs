//! Bytes to points. The decoders take infinity and points outside the subgroup; both are refused here by hand.
//!
//! Infinity as a key verifies infinity as a signature over every message; and a signature outside the subgroup can have
//! a part that other checks of the batch cancel, as the cofactor has small factors. So every signature and every single
//! key is checked alone, and never only their random sum.

use super::multiples;
use blst::min_pk::{PublicKey, Signature};
use dash_protocol::{BlsPublicKey, BlsSignature};
use std::cell::RefCell;
use std::collections::HashMap;

/// A key that stands alone.
pub(super) fn checked_key(bytes: &BlsPublicKey) -> Option<PublicKey> {
    let key = PublicKey::uncompress(bytes.as_bytes()).ok()?;
    key.validate().is_ok().then_some(key)
}

/// A signature.
pub(super) fn signature(bytes: &BlsSignature) -> Option<Signature> {
    let signature = Signature::uncompress(bytes.as_bytes()).ok()?;
    signature.validate(true).is_ok().then_some(signature)
}

thread_local! {
    /// Members' keys: a masternode is in several quorums, and to decode its key (a square root) costs as much as its
    /// share of a weighted sum. The keys of all masternodes serve one batch after the other.
    static DECODED: RefCell<HashMap<BlsPublicKey, Option<PublicKey>>> = RefCell::default();
}

/// How many decoded keys are kept, some 1.5 MB: more than twice as many as mainnet has masternodes.
pub(super) const MAX_DECODED: usize = 8_192;

/// A key that only counts within a sum whose subgroup is checked: on the curve, and not infinity.
///
/// What is kept is what the bytes say, good or bad, so that nobody's keys can change what becomes of another's.
pub(super) fn member(bytes: &BlsPublicKey) -> Option<PublicKey> {
    DECODED.with_borrow_mut(|decoded| {
        if decoded.len() >= MAX_DECODED && !decoded.contains_key(bytes) {
            decoded.clear();
        }
        *decoded.entry(*bytes).or_insert_with(|| {
            let infinity = bytes.as_bytes()[0] & INFINITY != 0;
            PublicKey::uncompress(bytes.as_bytes()).ok().filter(|_| !infinity)
        })
    })
}

/// Keeps no decoded key any longer, nor what was computed from it.
pub(super) fn forget() {
    DECODED.take();
    multiples::forget();
}

/// How many decoded keys are kept.
#[cfg(test)]
pub(super) fn decoded() -> usize {
    DECODED.with_borrow(HashMap::len)
}

/// The flag of infinity in the first byte.
const INFINITY: u8 = 0x40;
