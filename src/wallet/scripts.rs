//! Scripts and what they are made of: the forms that descriptors name, with keys that are fixed or derived by index.

use super::address::Address;
use super::keys::{ExtendedKey, hash160};
use crate::collections::{Gather, sort};

/// The largest script that can be spent (Dash Core `script/script.h`, `MAX_SCRIPT_SIZE`).
pub const MAX_SCRIPT: usize = 10_000;

/// The largest script behind a hash (Dash Core `script/script.h`, `MAX_SCRIPT_ELEMENT_SIZE`).
pub const MAX_REDEEM_SCRIPT: usize = 520;

const OP_1: u8 = 0x51;
const OP_CHECKSIG: u8 = 0xac;
const OP_CHECKMULTISIG: u8 = 0xae;

/// Whether an output with this script holds data and no coin: filters leave it out, nobody can spend it.
pub fn is_data(script: &[u8]) -> bool {
    script.first() == Some(&0x6a)
}

/// A place for a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// The same key at every index: 33 or 65 bytes.
    Fixed(Vec<u8>),
    /// At each index the child of this key (BIP 32).
    Child(ExtendedKey),
}

impl KeyPlace {
    fn at(&self, index: u32) -> Option<Vec<u8>> {
        match self {
            Self::Fixed(key) => Some(key.clone()),
            Self::Child(parent) => parent.child(index).map(|key| key.public_key().to_vec()),
        }
    }
}

/// What a script asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A signature by the key (`pk`).
    PublicKey,
    /// The key of a hash, and a signature by it (`pkh`).
    PublicKeyHash,
    /// So many signatures by the keys, which stand in the order given (`multi`).
    Multi(u8),
    /// The same, with the keys in the order of their bytes (`sortedmulti`, BIP 67).
    SortedMulti(u8),
}

/// A script for every index. It has a key at least, and no more than its form allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What it asks for.
    pub form: Form,
    /// Whether outputs have the script's hash only (`sh`, BIP 16).
    pub hashed: bool,
    /// Its keys.
    pub keys: Vec<KeyPlace>,
}

impl Pattern {
    /// Whether its scripts differ by index.
    pub fn is_ranged(&self) -> bool {
        self.keys.iter().any(|key| matches!(key, KeyPlace::Child(_)))
    }

    /// The script of an index below 2^31; none for those in about 2^127 that have no key.
    pub fn script(&self, index: u32) -> Option<Vec<u8>> {
        let keys = self.keys.iter().map(|key| key.at(index)).gather::<Option<Vec<_>>>()?;
        let script = self.inner(keys);
        Some(if self.hashed { Address::ScriptHash(hash160(&script)).script() } else { script })
    }

    /// The longest that the script behind the hash, or without one the script itself, can be.
    pub(super) fn inner_len(&self) -> usize {
        let key = |place: &KeyPlace| match place {
            KeyPlace::Fixed(key) => 1 + key.len(),
            KeyPlace::Child(_) => 34,
        };
        match self.form {
            Form::PublicKeyHash => 25,
            _ => 3 + self.keys.iter().map(key).sum::<usize>(),
        }
    }

    fn inner(&self, mut keys: Vec<Vec<u8>>) -> Vec<u8> {
        let mut script = Vec::new();
        match self.form {
            Form::PublicKeyHash => return Address::KeyHash(hash160(&keys[0])).script(),
            Form::PublicKey => {
                push(&mut script, &keys[0]);
                script.push(OP_CHECKSIG);
            }
            Form::Multi(threshold) | Form::SortedMulti(threshold) => {
                if matches!(self.form, Form::SortedMulti(_)) {
                    sort(&mut keys);
                }
                put_small(&mut script, threshold);
                keys.iter().for_each(|key| push(&mut script, key));
                put_small(&mut script, keys.len() as u8);
                script.push(OP_CHECKMULTISIG);
            }
        }
        script
    }
}

/// Pushes a key: at most 65 bytes.
fn push(script: &mut Vec<u8>, key: &[u8]) {
    script.push(key.len() as u8);
    script.extend_from_slice(key);
}

/// Pushes a number from 1 to 20; above 16 there is no opcode for it.
fn put_small(script: &mut Vec<u8>, number: u8) {
    match number {
        1..=16 => script.push(OP_1 - 1 + number),
        _ => script.extend([1, number]),
    }
}
