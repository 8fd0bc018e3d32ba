//! Output descriptors (BIP 380 to 385): `pk`, `pkh`, `sh`, `multi`, `sortedmulti`, `addr` and `raw`, as Dash Core
//! accepts them (`script/descriptor.cpp`), with or without checksum. `combo` is refused: it is several scripts at once.
//!
//! Text is bounded by [`MAX_DESCRIPTOR`]; nesting is `sh(…)` at most, so that nothing recurses.

use super::path::{Path, number};
use super::{BadTarget, checksum, script_target};
use crate::wallet::address::Address;
use crate::wallet::keys::{ExtendedKey, check_public_key, is_private_key};
use crate::wallet::scripts::{Form, KeyPlace, MAX_REDEEM_SCRIPT, Pattern};
use crate::wallet::target::Target;
use dash_protocol::NetworkParams;

/// The longest descriptor: fifteen extended keys with their origins have about 3,000 characters.
pub const MAX_DESCRIPTOR: usize = 8_192;

/// The most keys of a script (Dash Core `MAX_PUBKEYS_PER_MULTISIG`); fewer fit behind a hash.
const MAX_KEYS: usize = 20;

/// The most keys of a script that stands by itself (Dash Core `ParseScript`): more is not relayed.
const MAX_BARE_KEYS: usize = 3;

/// Reads a descriptor.
///
/// # Errors
/// [`BadTarget`].
pub fn parse(text: &str, params: &NetworkParams) -> Result<Target, BadTarget> {
    const WHAT: &str = "the descriptor";
    if text.is_empty() {
        return Err(BadTarget::Empty(WHAT));
    }
    if text.len() > MAX_DESCRIPTOR {
        return Err(BadTarget::TooLong { what: WHAT, len: text.len(), max: MAX_DESCRIPTOR });
    }
    if is_private_key(text) {
        return Err(BadTarget::PrivateKey);
    }
    let (name, inside) = call(checked(text)?)?;
    let pattern = match name {
        "addr" => return Ok(Target::Script(Address::parse(inside, params)?.script())),
        "raw" => return script_target(&super::unhex(inside).ok_or(BadTarget::Hex("raw(…)"))?),
        "sh" => {
            let (name, inside) = call(inside)?;
            pattern(name, inside, true, params)?
        }
        _ => pattern(name, inside, false, params)?,
    };
    if pattern.is_ranged() {
        return Ok(Target::Branches(vec![pattern]));
    }
    pattern.script(0).map(Target::Script).ok_or(BadTarget::Path)
}

/// The descriptor without its checksum, which has to fit where there is one.
fn checked(text: &str) -> Result<&str, BadTarget> {
    let (body, found) = match text.split_once('#') {
        Some((body, found)) => (body, Some(found)),
        None => (text, None),
    };
    let expected = checksum::of(body).ok_or(BadTarget::Descriptor("it has a character that none has"))?;
    match found {
        Some(found) if found.len() != checksum::LEN => {
            Err(BadTarget::Descriptor("a checksum has 8 characters"))
        }
        Some(found) if found != expected => Err(BadTarget::Checksum),
        _ => Ok(body),
    }
}

/// The name and the inside of `name(inside)`.
fn call(text: &str) -> Result<(&str, &str), BadTarget> {
    text.strip_suffix(')')
        .and_then(|text| text.split_once('('))
        .ok_or(BadTarget::Descriptor("it has to be a name with something in parentheses, as pkh(…)"))
}

fn pattern(name: &str, inside: &str, hashed: bool, params: &NetworkParams) -> Result<Pattern, BadTarget> {
    let pattern = match name {
        "pk" => Pattern { form: Form::PublicKey, hashed, keys: vec![key(inside, params)?] },
        "pkh" => Pattern { form: Form::PublicKeyHash, hashed, keys: vec![key(inside, params)?] },
        "multi" => multi(inside, Form::Multi, hashed, params)?,
        "sortedmulti" => multi(inside, Form::SortedMulti, hashed, params)?,
        "sh" | "addr" | "raw" if hashed => {
            return Err(BadTarget::Descriptor("sh takes pk, pkh, multi or sortedmulti"));
        }
        "wpkh" | "wsh" | "tr" => return Err(BadTarget::Descriptor("Dash has no segregated witness")),
        _ => return Err(BadTarget::Descriptor("known are pk, pkh, sh, multi, sortedmulti, addr and raw")),
    };
    if hashed && pattern.inner_len() > MAX_REDEEM_SCRIPT {
        return Err(BadTarget::Descriptor("the script behind sh is longer than 520 bytes"));
    }
    Ok(pattern)
}

fn multi(
    inside: &str,
    form: fn(u8) -> Form,
    hashed: bool,
    params: &NetworkParams,
) -> Result<Pattern, BadTarget> {
    let mut parts = inside.split(',');
    let threshold = parts.next().and_then(number).unwrap_or(0);
    let keys = parts.map(|text| key(text, params)).take(MAX_KEYS + 1).collect::<Result<Vec<_>, _>>()?;
    if keys.len() > if hashed { MAX_KEYS } else { MAX_BARE_KEYS } {
        return Err(BadTarget::Descriptor("too many keys: 3 are allowed, and behind sh as many as fit"));
    }
    let threshold = u8::try_from(threshold)
        .ok()
        .filter(|threshold| (1..=keys.len()).contains(&usize::from(*threshold)))
        .ok_or(BadTarget::Descriptor("multi takes a number first, from 1 to the number of keys after it"))?;
    Ok(Pattern { form: form(threshold), hashed, keys })
}

/// A key: `[origin]` perhaps, then hexadecimal digits, or an extended key with a path.
fn key(text: &str, params: &NetworkParams) -> Result<KeyPlace, BadTarget> {
    let text = without_origin(text)?;
    if text.is_empty() {
        return Err(BadTarget::Descriptor("a key is missing"));
    }
    let (base, path) = match text.split_once('/') {
        Some((base, path)) => (base, Some(path)),
        None => (text, None),
    };
    if is_private_key(base) {
        return Err(BadTarget::PrivateKey);
    }
    if let Some(bytes) = super::unhex(base) {
        check_public_key(&bytes)?;
        return match path {
            None => Ok(KeyPlace::Fixed(bytes)),
            Some(_) => Err(BadTarget::Descriptor("only an extended key can have a path")),
        };
    }
    let (key, depth) = ExtendedKey::parse(base, params)?;
    let Some(path) = path else { return Ok(KeyPlace::Fixed(key.public_key().to_vec())) };
    let path = Path::parse(path)?;
    let key = path.walk(key, depth)?;
    Ok(if path.ranged { KeyPlace::Child(key) } else { KeyPlace::Fixed(key.public_key().to_vec()) })
}

/// Leaves out `[fingerprint/path]`: it says where the key came from, which is checked for form only.
fn without_origin(text: &str) -> Result<&str, BadTarget> {
    const BAD: BadTarget = BadTarget::Descriptor(
        "an origin is written as 8 hexadecimal digits and the steps to the key, in brackets",
    );
    let Some(text) = text.strip_prefix('[') else { return Ok(text) };
    let (origin, key) = text.split_once(']').ok_or(BAD)?;
    let mut parts = origin.split('/');
    let fingerprint = parts.next().unwrap_or_default();
    let step = |text: &str| number(text.strip_suffix(['\'', 'h', 'H']).unwrap_or(text)).is_some();
    if fingerprint.len() == 8 && super::unhex(fingerprint).is_some() && parts.all(step) {
        return Ok(key);
    }
    Err(BAD)
}
