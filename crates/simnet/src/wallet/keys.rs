//! Keys of a simulated wallet, and what coins are locked with.
//!
//! Children are derived from private keys (BIP 32, CKDpriv) where the client derives them from public ones, so that the
//! two check each other. Signatures are chance in the form of signatures: no light client checks them.

use crate::rng::Rng;
use base58ck::Base58CkString;
use bitcoin_hashes::{Hash, HashEngine, HmacEngine, hash160, sha512};
use dash_protocol::AddressPrefixes;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::ToSec1Point;
use k256::{FieldBytes, ProjectivePoint, PublicKey, Scalar};

/// A compressed public key.
pub type Key = [u8; 33];

/// The depth of an account's key (BIP 44).
const ACCOUNT_DEPTH: u8 = 3;
const OP_1: u8 = 0x51;
const OP_CHECKMULTISIG: u8 = 0xae;

fn scalar(bytes: [u8; 32]) -> Option<Scalar> {
    Option::from(Scalar::from_repr(FieldBytes::from(bytes)))
}

fn hash160(bytes: &[u8]) -> [u8; 20] {
    hash160::Hash::hash(bytes).to_byte_array()
}

/// An extended private key.
#[derive(Clone)]
pub struct ExtendedSecret {
    secret: Scalar,
    chain_code: [u8; 32],
}

impl std::fmt::Debug for ExtendedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExtendedSecret")
    }
}

impl ExtendedSecret {
    /// A key of chance.
    pub fn random(rng: &mut Rng) -> Self {
        let secret = std::iter::repeat_with(|| rng.bytes32()).find_map(scalar);
        Self { secret: secret.expect("nearly all numbers are keys"), chain_code: rng.bytes32() }
    }

    /// Its public key.
    pub fn public(&self) -> Key {
        let point = ProjectivePoint::mul_by_generator(&self.secret).to_affine();
        let point = PublicKey::from_affine(point).expect("a secret is not zero");
        let mut key = [0; 33];
        key.copy_from_slice(point.to_sec1_point(true).as_bytes());
        key
    }

    /// Its child of an index that is not hardened.
    pub fn child(&self, index: u32) -> Self {
        let mut engine = HmacEngine::<sha512::HashEngine>::new(&self.chain_code);
        engine.input(&self.public());
        engine.input(&index.to_be_bytes());
        let hash = engine.finalize().to_byte_array();
        let (left, right) = hash.split_at(32);
        let add = scalar(left.try_into().expect("half of 64 bytes is 32")).expect("all but one in 2^127 are");
        Self { secret: self.secret + add, chain_code: right.try_into().expect("half of 64 bytes is 32") }
    }

    /// The extended public key as people hand it over, as if it were that of an account.
    pub fn to_xpub(&self, prefixes: &AddressPrefixes) -> String {
        let mut bytes = prefixes.bip32_public.to_vec();
        bytes.push(ACCOUNT_DEPTH);
        bytes.extend_from_slice(&hash160(&self.chain_code)[..4]);
        bytes.extend_from_slice(&(1_u32 << 31).to_be_bytes());
        bytes.extend_from_slice(&self.chain_code);
        bytes.extend_from_slice(&self.public());
        Base58CkString::encode_unbounded(&bytes).to_string()
    }
}

/// What a coin is locked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// A key, by its hash (P2PKH).
    Key(Key),
    /// So many of some keys, by the hash of a script that says so (P2SH).
    Multi {
        /// How many have to sign.
        needed: u8,
        /// Those that may.
        keys: Vec<Key>,
    },
}

impl Lock {
    /// A key of chance.
    pub fn random(rng: &mut Rng) -> Self {
        let mut key = [2; 33];
        key[1..].copy_from_slice(&rng.bytes32());
        Self::Key(key)
    }

    fn redeem_script(needed: u8, keys: &[Key]) -> Vec<u8> {
        let mut script = vec![OP_1 - 1 + needed];
        for key in keys {
            script.push(33);
            script.extend_from_slice(key);
        }
        script.extend_from_slice(&[OP_1 - 1 + keys.len() as u8, OP_CHECKMULTISIG]);
        script
    }

    /// The script of outputs that pay it.
    pub fn script(&self) -> Vec<u8> {
        match self {
            Self::Key(key) => [&[0x76, 0xa9, 20], &hash160(key)[..], &[0x88, 0xac]].concat(),
            Self::Multi { needed, keys } => {
                let hash = hash160(&Self::redeem_script(*needed, keys));
                [&[0xa9, 20], &hash[..], &[0x87]].concat()
            }
        }
    }

    /// The address of its script.
    pub fn address(&self, prefixes: &AddressPrefixes) -> String {
        let (prefix, hash) = match self {
            Self::Key(key) => (prefixes.p2pkh, hash160(key)),
            Self::Multi { needed, keys } => (prefixes.p2sh, hash160(&Self::redeem_script(*needed, keys))),
        };
        Base58CkString::encode_unbounded(&[&[prefix], &hash[..]].concat()).to_string()
    }

    /// What an input shows that spends it: signatures, then the key or the script.
    pub fn unlock(&self, rng: &mut Rng) -> Vec<u8> {
        match self {
            Self::Key(key) => {
                let mut script = push(&signature(rng));
                script.extend(push(key));
                script
            }
            Self::Multi { needed, keys } => {
                // One thing more than it needs is taken off the stack.
                let mut script = vec![0];
                (0..*needed).for_each(|_| script.extend(push(&signature(rng))));
                script.extend(push(&Self::redeem_script(*needed, keys)));
                script
            }
        }
    }
}

/// A push, in the shortest form for what scripts hold.
fn push(bytes: &[u8]) -> Vec<u8> {
    let len = u8::try_from(bytes.len()).expect("nothing that is pushed here has more than 255 bytes");
    let head: &[u8] = if len > 75 { &[76, len] } else { &[len] };
    [head, bytes].concat()
}

/// Two numbers in DER and the type of hash, as signatures are.
fn signature(rng: &mut Rng) -> Vec<u8> {
    let (mut r, mut s) = (rng.bytes32(), rng.bytes32());
    // Numbers below 2^255 and above 2^247 take 32 bytes; s is in the lower half.
    r[0] = r[0] & 0x7f | 1;
    s[0] = s[0] & 0x3f | 1;
    [&[0x30, 68, 2, 32], &r[..], &[2, 32], &s, &[1]].concat()
}
