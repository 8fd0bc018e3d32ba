//! A target's one form as bytes: what the store keeps, and what a watch's id is the hash of.
//!
//! | field | type |
//! |---|---|
//! | kind | u8: 0 script, 1 outpoint, 2 branches |
//! | script | byte vector |
//! | outpoint | 36 bytes |
//! | branches | vector of pattern |
//! | pattern | u8 form (0 pk, 1 pkh, 2 multi, 3 sortedmulti), u8 threshold (0 but for multi), bool hashed, vector of key |
//! | key | bool derived; then key and chain code (65 bytes), or a byte vector |

use super::Target;
use crate::collections::{Gather, SortedSet, sort};
use crate::wallet::keys::{ExtendedKey, check_public_key};
use crate::wallet::scripts::{Form, KeyPlace, MAX_SCRIPT, Pattern};
use dash_protocol::{
    Decode, DecodeError, Encode, NetworkParams, OutPoint, Reader, put_compact_size, put_var_bytes, sha256d,
};
use std::fmt;

const SCRIPT: u8 = 0;
const OUT_POINT: u8 = 1;
const BRANCHES: u8 = 2;

/// The most branches of a target: an extended key has two.
const MAX_BRANCHES: usize = 16;
/// The most keys of a pattern.
const MAX_KEYS: usize = 20;

/// The name of a watch: a hash over the network and the bytes of its targets, each once and in ascending order. 128
/// bits, for nobody gains by making two watches with the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId([u8; 16]);

impl WatchId {
    /// Bytes of an id.
    pub const LEN: usize = 16;

    /// The id of a watch of these targets on a network.
    pub fn of<'a>(targets: impl IntoIterator<Item = &'a Target>, params: &NetworkParams) -> Self {
        let targets: SortedSet<Vec<u8>> = targets.into_iter().map(Encode::to_wire).collect();
        let mut bytes = b"dash-spv-wasm watch".to_vec();
        params.network_id().encode(&mut bytes);
        put_compact_size(&mut bytes, targets.len() as u64);
        targets.iter().for_each(|target| bytes.extend_from_slice(target));
        let hash = sha256d(&bytes);
        Self(*hash.first_chunk().expect("32 bytes begin with 16"))
    }

    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// From the text that [`fmt::Display`] writes; none for any other.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; Self::LEN] = super::unhex(text)?.try_into().ok()?;
        Some(Self(bytes)).filter(|id| id.to_string() == text)
    }
}

impl fmt::Display for WatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Encode for Target {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Script(script) => {
                out.push(SCRIPT);
                put_var_bytes(out, script);
            }
            Self::OutPoint(out_point) => {
                out.push(OUT_POINT);
                out_point.encode(out);
            }
            Self::Branches(branches) => {
                out.push(BRANCHES);
                put_compact_size(out, branches.len() as u64);
                branches.iter().for_each(|pattern| put_pattern(out, pattern));
            }
        }
    }
}

fn put_pattern(out: &mut Vec<u8>, pattern: &Pattern) {
    let (form, threshold) = match pattern.form {
        Form::PublicKey => (0, 0),
        Form::PublicKeyHash => (1, 0),
        Form::Multi(threshold) => (2, threshold),
        Form::SortedMulti(threshold) => (3, threshold),
    };
    out.extend([form, threshold, u8::from(pattern.hashed)]);
    let mut keys: Vec<Vec<u8>> = pattern.keys.iter().map(key_bytes).gather();
    if matches!(pattern.form, Form::SortedMulti(_)) {
        sort(&mut keys);
    }
    put_compact_size(out, keys.len() as u64);
    keys.iter().for_each(|key| out.extend_from_slice(key));
}

fn key_bytes(key: &KeyPlace) -> Vec<u8> {
    let mut out = Vec::new();
    match key {
        KeyPlace::Fixed(key) => {
            out.push(0);
            put_var_bytes(&mut out, key);
        }
        KeyPlace::Child(key) => {
            out.push(1);
            out.extend_from_slice(&key.to_bytes());
        }
    }
    out
}

impl Decode for Target {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u8()? {
            SCRIPT => Ok(Self::Script(r.var_bytes("bytes of a script", MAX_SCRIPT)?.to_vec())),
            OUT_POINT => Ok(Self::OutPoint(OutPoint::decode(r)?)),
            BRANCHES => {
                let count = r.count("branches", MAX_BRANCHES, 4)?;
                let branches = (0..count).map(|_| pattern(r)).gather::<Result<Vec<_>, _>>()?;
                if branches.is_empty() || !branches.iter().all(Pattern::is_ranged) {
                    return Err(DecodeError::Missing { what: "branch that is ranged" });
                }
                Ok(Self::Branches(branches))
            }
            value => Err(DecodeError::Invalid { what: "kind of target", value: value.into() }),
        }
    }
}

fn pattern(r: &mut Reader<'_>) -> Result<Pattern, DecodeError> {
    let (form, threshold) = (r.u8()?, r.u8()?);
    let form = match (form, threshold) {
        (0, 0) => Form::PublicKey,
        (1, 0) => Form::PublicKeyHash,
        (2, threshold) => Form::Multi(threshold),
        (3, threshold) => Form::SortedMulti(threshold),
        (value, _) => return Err(DecodeError::Invalid { what: "form of a script", value: value.into() }),
    };
    let hashed = r.flag("mark of a hash")?;
    let count = r.count("keys", MAX_KEYS, 2)?;
    let keys = (0..count).map(|_| key(r)).gather::<Result<Vec<_>, _>>()?;
    let fits = match form {
        Form::PublicKey | Form::PublicKeyHash => keys.len() == 1,
        Form::Multi(threshold) | Form::SortedMulti(threshold) => {
            (1..=keys.len()).contains(&usize::from(threshold))
        }
    };
    if !fits {
        return Err(DecodeError::Invalid { what: "number of keys", value: keys.len() as u64 });
    }
    Ok(Pattern { form, hashed, keys })
}

fn key(r: &mut Reader<'_>) -> Result<KeyPlace, DecodeError> {
    const NO_KEY: DecodeError = DecodeError::Missing { what: "public key" };
    if r.flag("mark of a derived key")? {
        return ExtendedKey::from_bytes(r.array()?).map(KeyPlace::Child).ok_or(NO_KEY);
    }
    let key = r.var_bytes("bytes of a key", 65)?.to_vec();
    check_public_key(&key).map_err(|_| NO_KEY)?;
    Ok(KeyPlace::Fixed(key))
}
