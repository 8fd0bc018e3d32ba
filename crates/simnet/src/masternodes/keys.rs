//! BLS keys that the simulator knows the secrets of.
//!
//! Signing a weighted sum of keys would take a signature of each member. Knowing the secrets, the simulator adds those
//! up instead and signs once.

use blst::min_pk::SecretKey;
use dash_num::Arith256;
use dash_protocol::{BlsPublicKey, BlsSignature, sha256d};
use sha2::{Digest, Sha256};

/// Where messages are hashed to: the basic scheme (RFC 9380 suite without augmentation).
pub const DOMAIN: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_";

/// The order of the groups.
const ORDER: &str = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

/// One SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A secret with its public key.
#[derive(Clone)]
pub struct KeyPair {
    secret: SecretKey,
    public: BlsPublicKey,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("KeyPair").field(&self.public).finish()
    }
}

impl KeyPair {
    /// The key pair of a seed for a purpose, the same at each call.
    pub fn derive(seed: u64, purpose: &[u8], name: &[u8]) -> Self {
        let material = sha256d(&[&seed.to_le_bytes(), purpose, name].concat());
        Self::new(SecretKey::key_gen(&material, &[]).expect("32 bytes are enough to derive a key from"))
    }

    fn new(secret: SecretKey) -> Self {
        let public = BlsPublicKey::from_bytes(secret.sk_to_pk().compress());
        Self { secret, public }
    }

    fn from_number(number: Arith256) -> Self {
        let mut bytes = [0; 32];
        for (part, shift) in bytes.chunks_exact_mut(8).rev().zip([0, 64, 128, 192]) {
            part.copy_from_slice(&number.wrapping_shr(shift).low_u64().to_be_bytes());
        }
        Self::new(SecretKey::from_bytes(&bytes).expect("a sum of random secrets is not zero"))
    }

    /// The secret as a number.
    fn number(&self) -> Arith256 {
        Arith256::from_bendian(self.secret.to_bytes())
    }

    /// The public key in the basic encoding.
    pub fn public(&self) -> BlsPublicKey {
        self.public
    }

    /// The signature of 32 bytes, in the basic encoding.
    pub fn sign(&self, message: &[u8; 32]) -> BlsSignature {
        BlsSignature::from_bytes(self.secret.sign(message, DOMAIN, &[]).compress())
    }

    /// The pair that signs for all of `pairs` at once by secure aggregation: each weighed by a hash of its place among
    /// the sorted keys and of all of them.
    pub fn aggregate<'a>(pairs: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut pairs: Vec<&Self> = pairs.into_iter().collect();
        pairs.sort_by_key(|pair| pair.public);
        let all: Vec<u8> = pairs.iter().flat_map(|pair| *pair.public.as_bytes()).collect();
        let all = sha256(&all);
        let order = Arith256::from_hex_lossy(ORDER);
        let sum = (0u32..).zip(&pairs).fold(Arith256::from_u64(0), |sum, (place, pair)| {
            let weight = sha256(&[place.to_be_bytes().as_slice(), &all].concat());
            let weight = reduced(Arith256::from_bendian(weight), order);
            reduced(sum.wrapping_add(product(weight, pair.number(), order)), order)
        });
        Self::from_number(sum)
    }
}

/// A public key in the legacy encoding: the same coordinate, with the sign in the highest bit.
pub fn legacy(key: BlsPublicKey) -> BlsPublicKey {
    let mut bytes = *key.as_bytes();
    let larger = bytes[0] & 0x20 != 0;
    bytes[0] = bytes[0] & 0x1f | if larger { 0x80 } else { 0 };
    BlsPublicKey::from_bytes(bytes)
}

/// `number` modulo `order`, of which it is a small multiple at most.
fn reduced(mut number: Arith256, order: Arith256) -> Arith256 {
    while number >= order {
        number = number.wrapping_sub(order);
    }
    number
}

/// `a` times `b` modulo `order`, both below it; twice the order is below 2^256, so that no step overflows.
fn product(a: Arith256, b: Arith256, order: Arith256) -> Arith256 {
    (0..256).rev().fold(Arith256::from_u64(0), |sum, bit| {
        let doubled = reduced(sum.wrapping_add(sum), order);
        if a.wrapping_shr(bit).low_u32() & 1 == 1 { reduced(doubled.wrapping_add(b), order) } else { doubled }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(secret: [u8; 32]) -> KeyPair {
        KeyPair::new(SecretKey::from_bytes(&secret).unwrap())
    }

    fn small(number: u8) -> KeyPair {
        let mut secret = [0; 32];
        secret[31] = number;
        pair(secret)
    }

    fn counting() -> KeyPair {
        pair(std::array::from_fn(|at| at as u8))
    }

    fn message() -> [u8; 32] {
        let mut message = [0; 32];
        message[0] = 1;
        message
    }

    // The vectors of protocol.md, section 12.5.
    #[test]
    fn a_signature_is_that_of_the_basic_scheme() {
        let pair = counting();
        assert_eq!(
            pair.public().to_string(),
            "95fde78acd5f6886ddaf5d0056610167c513d09c1c0efabbc7cdcc69beea113779c4a81e2d24daafc5387dbf6ac5fe48"
        );
        assert!(legacy(pair.public()).to_string().starts_with("15fde78a"));
        assert!(pair.sign(&message()).to_string().starts_with("a352a1bd941771b91ca8556d100f18ba"));
    }

    #[test]
    fn the_sum_of_secrets_signs_as_the_aggregate_of_signatures_would() {
        let (two, three, counting) = (small(2), small(3), counting());
        let aggregate = KeyPair::aggregate([&counting, &two, &three]);
        assert_eq!(
            aggregate.public().to_string(),
            "9782742461bf7a509f499c581af84c546cb205cc70ed679644eca42c6564bf718e1fcff8fcbfa9d090e6685a9a61ee06"
        );
        assert!(aggregate.sign(&message()).to_string().starts_with("9297278de8813fd1a2b64eaee1bb98a1"));
    }

    #[test]
    fn legacy_keys_and_basic_keys_are_the_same_points() {
        for number in 1..20 {
            let key = small(number).public();
            assert_eq!(legacy(key).to_basic(dash_protocol::BlsScheme::Legacy), key);
        }
    }
}
