//! What an input gives away of the script that it spends (BIP 157, "Client Operation").
//!
//! A payment to the hash of a key shows the key, one to the hash of a script shows the script. That is a clue and no
//! proof: a miner can make an output of another form that is spent by the same bytes. The forms taken here are narrow
//! enough that it does not happen by chance; see [`judge()`](super::judge()) for what is made of a clue.

use crate::hashes::hash160;

/// The longest element that can be pushed, and so the longest script that is paid to by its hash (Dash Core
/// `script/script.h`).
const MAX_PUSH: usize = 520;

/// The script of the output that is spent, if its form can be told from `script_sig`.
pub fn spent_script(script_sig: &[u8]) -> Option<Vec<u8>> {
    let pushes = pushes(script_sig)?;
    let (last, before) = pushes.split_last()?;
    match before {
        [signature] if is_signature(signature) && is_key(last) => Some(pay_to_key_hash(last)),
        _ if is_signature(last) || !before.iter().any(|push| is_signature(push)) => None,
        _ if checks_signatures(last) => Some(pay_to_script_hash(last)),
        _ => None,
    }
}

fn pay_to_key_hash(key: &[u8]) -> Vec<u8> {
    let hash = hash160(key);
    [&[0x76, 0xa9, 20][..], &hash, &[0x88, 0xac]].concat()
}

fn pay_to_script_hash(script: &[u8]) -> Vec<u8> {
    let hash = hash160(script);
    [&[0xa9, 20][..], &hash, &[0x87]].concat()
}

/// What a script does at one place.
enum Step<'a> {
    Push(&'a [u8]),
    /// A small number, or an operation.
    Code(u8),
}

/// The first step of a script and what follows; none if a push reaches beyond the end.
fn step(script: &[u8]) -> Option<(Step<'_>, &[u8])> {
    let (&code, rest) = script.split_first()?;
    let (len, rest) = match code {
        0..=0x4b => (usize::from(code), rest),
        0x4c => rest.split_first().map(|(len, rest)| (usize::from(*len), rest))?,
        0x4d => rest.split_first_chunk().map(|(len, rest)| (u16::from_le_bytes(*len).into(), rest))?,
        // A push with four bytes of length is longer than any script may push.
        0x4e => return None,
        _ => return Some((Step::Code(code), rest)),
    };
    let (bytes, rest) = rest.split_at_checked(len).filter(|_| len <= MAX_PUSH)?;
    Some((Step::Push(bytes), rest))
}

/// What a script pushes if it does nothing else; small numbers count as nothing pushed.
fn pushes(mut script: &[u8]) -> Option<Vec<&[u8]>> {
    let mut pushes = Vec::new();
    while !script.is_empty() {
        let (step, rest) = step(script)?;
        script = rest;
        pushes.push(match step {
            Step::Push(bytes) => bytes,
            Step::Code(0x4f..=0x60) => &[],
            Step::Code(_) => return None,
        });
    }
    Some(pushes)
}

/// Whether these bytes are a script that asks for signatures.
fn checks_signatures(mut script: &[u8]) -> bool {
    let mut asks = false;
    while !script.is_empty() {
        let Some((step, rest)) = step(script) else { return false };
        script = rest;
        // OP_CHECKSIG, OP_CHECKSIGVERIFY, OP_CHECKMULTISIG, OP_CHECKMULTISIGVERIFY
        asks |= matches!(step, Step::Code(0xac..=0xaf));
    }
    asks
}

/// Whether these bytes have the form of a signature: two numbers in DER, then the type of hash (BIP 66).
fn is_signature(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, len, 0x02, ..] if (9..=73).contains(&bytes.len()) && usize::from(*len) + 3 == bytes.len())
}

/// Whether these bytes have the form of a public key.
fn is_key(bytes: &[u8]) -> bool {
    matches!((bytes.len(), bytes.first()), (33, Some(2 | 3)) | (65, Some(4)))
}
