//! Bytes to points. The decoders take infinity and points outside the subgroup; both are refused here by hand.
//!
//! Infinity as a key verifies infinity as a signature over every message; and a signature outside the subgroup can have
//! a part that other checks of the batch cancel, as the cofactor has small factors. So every signature and every single
//! key is checked alone, and never only their random sum.

use blst::min_pk::{PublicKey, Signature};
use dash_protocol::{BlsPublicKey, BlsSignature};
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

/// Members' keys, decoded once a batch: a masternode is in several quorums, and to decode its key (a square root) costs
/// as much as its share of the weighted sum.
#[derive(Default)]
pub(super) struct Keys(HashMap<BlsPublicKey, Option<PublicKey>>);

impl Keys {
    /// A key that only counts within a sum whose subgroup is checked: on the curve, and not infinity.
    pub fn member(&mut self, bytes: &BlsPublicKey) -> Option<PublicKey> {
        *self.0.entry(*bytes).or_insert_with(|| {
            let infinity = bytes.as_bytes()[0] & INFINITY != 0;
            PublicKey::uncompress(bytes.as_bytes()).ok().filter(|_| !infinity)
        })
    }
}

/// The flag of infinity in the first byte.
const INFINITY: u8 = 0x40;
