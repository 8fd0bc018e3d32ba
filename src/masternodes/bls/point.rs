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

/// A key as a point of the curve: its coordinates, 48 bytes each, big-endian, x first (96 bytes). To read one takes a
/// fiftieth of the time that decoding a key does, which has to find y by a square root.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DecodedKey([u8; DecodedKey::LEN]);

impl DecodedKey {
    /// Bytes of its encoding.
    pub const LEN: usize = 96;

    /// From bytes, of which nothing is known: [`Self::key`] says whether they are a point.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The key that is decoded here; none for what is no point of the curve, or infinity.
    pub fn key(&self) -> Option<BlsPublicKey> {
        self.point().map(|point| BlsPublicKey::from_bytes(point.compress()))
    }

    /// The library takes the shorter encoding and infinity here, too, by flags in the first byte.
    fn point(&self) -> Option<PublicKey> {
        let flagged = self.0[0] & (COMPRESSED | INFINITY | SIGN) != 0;
        if flagged { None } else { PublicKey::deserialize(&self.0).ok() }
    }
}

impl std::fmt::Debug for DecodedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DecodedKey({:?})", self.key())
    }
}

/// How many decoded keys are kept, some 1.5 MB: more than twice as many as mainnet has masternodes.
pub(super) const MAX_DECODED: usize = 8_192;

/// A key that only counts within a sum whose subgroup is checked: on the curve, and not infinity.
///
/// What is kept is what the bytes say, good or bad, so that nobody's keys can change what becomes of another's.
pub(super) fn member(bytes: &BlsPublicKey) -> Option<PublicKey> {
    kept(bytes, || {
        let infinity = bytes.as_bytes()[0] & INFINITY != 0;
        PublicKey::uncompress(bytes.as_bytes()).ok().filter(|_| !infinity)
    })
}

/// Keeps a point under the name of its own key, so that a wrong one can stand for no other.
pub(super) fn teach(decoded: &DecodedKey) {
    if let Some(point) = decoded.point() {
        kept(&BlsPublicKey::from_bytes(point.compress()), || Some(point));
    }
}

/// The point that is kept of a key.
pub(super) fn taught(bytes: &BlsPublicKey) -> Option<DecodedKey> {
    let known = DECODED.with_borrow(|decoded| decoded.get(bytes).copied());
    known.flatten().map(|point| DecodedKey(point.serialize()))
}

fn kept(bytes: &BlsPublicKey, decode: impl FnOnce() -> Option<PublicKey>) -> Option<PublicKey> {
    DECODED.with_borrow_mut(|decoded| {
        if decoded.len() >= MAX_DECODED && !decoded.contains_key(bytes) {
            decoded.clear();
        }
        *decoded.entry(*bytes).or_insert_with(decode)
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

/// The flags in the first byte: of the short encoding, of infinity, and of the larger of two possible y.
const COMPRESSED: u8 = 0x80;
const INFINITY: u8 = 0x40;
const SIGN: u8 = 0x20;
