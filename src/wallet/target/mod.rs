//! What a wallet is asked to watch, read from what the page hands over, and the one name that each such thing has.
//!
//! Text goes in with the network's parameters; a [`Target`] comes out, or a [`BadTarget`] that says what is wrong and
//! repeats nothing of the input. `descriptor.rs` reads output descriptors, `checksum.rs` has their checksum, `path.rs`
//! reads derivation paths, `canonical.rs` has the bytes that are stored and that a watch's id is made from.
//!
//! **Same thing, same id.** An address, its script, `addr(…)`, `raw(…)` and a `pkh(…)` of one key are one target. An
//! extended key counts by its key and chain code: origin, depth and the split of a path do not matter, nor does the gap
//! limit. Order matters in `multi`, not in `sortedmulti`, and not among the targets of one watch.

mod canonical;
mod checksum;
mod descriptor;
mod error;
mod path;

use crate::collections::Gather;
pub use canonical::WatchId;
pub use descriptor::MAX_DESCRIPTOR;
pub use error::BadTarget;

use super::address::Address;
use super::gap::{DEFAULT_GAP, MAX_GAP};
use super::keys::{ExtendedKey, is_private_key};
use super::scripts::{Form, KeyPlace, MAX_SCRIPT, Pattern, is_data};
use dash_protocol::{NetworkParams, OutPoint, Txid};
use path::Path;

/// `WatchTarget` of the contract, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the contract names the fields")]
pub enum WatchTarget {
    /// An address of the network.
    Address { address: String },
    /// An output script: its bytes, or hexadecimal digits.
    Script { script: ScriptText },
    /// `txid:n`.
    Outpoint { outpoint: String },
    /// An extended public key, and what is below it.
    Xpub { xpub: String, path: Option<String>, gap: Option<u32> },
    /// An output descriptor.
    Descriptor { descriptor: String, gap: Option<u32> },
}

/// A script as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptText {
    /// Hexadecimal digits.
    Hex(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Something to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Outputs with this script: 1 to [`MAX_SCRIPT`] bytes that do not begin with OP_RETURN.
    Script(Vec<u8>),
    /// One output.
    OutPoint(OutPoint),
    /// Scripts by index, in one branch or more; each is ranged. The first is for receiving.
    Branches(Vec<Pattern>),
}

impl Target {
    /// Reads a target, and the gap limit that goes with it.
    ///
    /// # Errors
    /// [`BadTarget`].
    pub fn parse(what: &WatchTarget, params: &NetworkParams) -> Result<(Self, u32), BadTarget> {
        match what {
            WatchTarget::Address { address } => {
                Ok((Self::Script(Address::parse(address, params)?.script()), DEFAULT_GAP))
            }
            WatchTarget::Script { script } => Ok((script_of(script)?, DEFAULT_GAP)),
            WatchTarget::Outpoint { outpoint } => Ok((Self::OutPoint(out_point(outpoint)?), DEFAULT_GAP)),
            WatchTarget::Xpub { xpub, path, gap } => {
                Ok((extended(xpub, path.as_deref(), params)?, checked_gap(*gap)?))
            }
            WatchTarget::Descriptor { descriptor, gap } => {
                Ok((descriptor::parse(descriptor, params)?, checked_gap(*gap)?))
            }
        }
    }
}

fn checked_gap(gap: Option<u32>) -> Result<u32, BadTarget> {
    let gap = gap.unwrap_or(DEFAULT_GAP);
    if (1..=MAX_GAP).contains(&gap) { Ok(gap) } else { Err(BadTarget::Gap { max: MAX_GAP }) }
}

fn script_of(script: &ScriptText) -> Result<Target, BadTarget> {
    match script {
        ScriptText::Bytes(bytes) => script_target(bytes),
        ScriptText::Hex(text) if is_private_key(text) => Err(BadTarget::PrivateKey),
        ScriptText::Hex(text) if text.len() > 2 * MAX_SCRIPT => {
            Err(BadTarget::TooLong { what: "the script", len: text.len() / 2, max: MAX_SCRIPT })
        }
        ScriptText::Hex(text) => script_target(&unhex(text).ok_or(BadTarget::Hex("the script"))?),
    }
}

/// A script that filters can find.
fn script_target(script: &[u8]) -> Result<Target, BadTarget> {
    match script {
        [] => Err(BadTarget::Empty("the script")),
        _ if script.len() > MAX_SCRIPT => {
            Err(BadTarget::TooLong { what: "the script", len: script.len(), max: MAX_SCRIPT })
        }
        _ if is_data(script) => Err(BadTarget::DataOutput),
        _ => Ok(Target::Script(script.to_vec())),
    }
}

fn out_point(text: &str) -> Result<OutPoint, BadTarget> {
    if is_private_key(text) {
        return Err(BadTarget::PrivateKey);
    }
    let (txid, vout) = text.split_once(':').ok_or(BadTarget::OutPoint)?;
    let digits = !vout.is_empty() && vout.bytes().all(|c| c.is_ascii_digit());
    let out_point = OutPoint {
        txid: Txid::from_hex(txid).map_err(|_| BadTarget::OutPoint)?,
        vout: vout.parse().ok().filter(|_| digits).ok_or(BadTarget::OutPoint)?,
    };
    // What coinbases spend is no output.
    if out_point.txid.is_zero() { Err(BadTarget::OutPoint) } else { Ok(out_point) }
}

fn extended(text: &str, path: Option<&str>, params: &NetworkParams) -> Result<Target, BadTarget> {
    let (key, depth) = ExtendedKey::parse(text, params)?;
    let paths = match path {
        Some(path) => vec![Path::parse(path)?],
        // BIP 44: receiving, then change.
        None => ["0/*", "1/*"].into_iter().map(Path::parse).gather::<Result<_, _>>()?,
    };
    let mut branches = Vec::with_capacity(paths.len());
    for path in paths {
        let below = path.walk(key.clone(), depth)?;
        if !path.ranged {
            let keys = vec![KeyPlace::Fixed(below.public_key().to_vec())];
            let pattern = Pattern { form: Form::PublicKeyHash, hashed: false, keys };
            return pattern.script(0).map(Target::Script).ok_or(BadTarget::Path);
        }
        let keys = vec![KeyPlace::Child(below)];
        branches.push(Pattern { form: Form::PublicKeyHash, hashed: false, keys });
    }
    Ok(Target::Branches(branches))
}

/// Bytes of hexadecimal digits; none if that is not what they are.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16).map(|digit| digit as u8);
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).gather()
}

#[cfg(test)]
mod tests;
