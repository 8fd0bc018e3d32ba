//! Public keys: those of BIP 32 with what is derived from them, and their hashes.
//!
//! Private keys are not held anywhere; [`is_private_key`] tells them, so that they can be refused. `curve.rs` has the
//! arithmetic of the curve.

mod curve;

pub use crate::hashes::hash160;

use super::base58;
use super::target::BadTarget;
use crate::hashes::hmac_sha512;
use curve::Point;
use dash_protocol::{AddressPrefixes, NetworkParams};

/// The first index of hardened children (BIP 32), which have no public derivation.
pub const HARDENED: u32 = 1 << 31;

/// Bytes of an extended key without the checksum of its text (BIP 32).
const EXTENDED_LEN: usize = 78;

/// The longest text of a key: an extended one has 111 characters.
const MAX_KEY_TEXT: usize = 128;

/// The versions of extended private keys: of Bitcoin and Dash, of their test networks, and the one that early Dash
/// wallets used.
const PRIVATE_VERSIONS: [[u8; 4]; 3] =
    [[0x04, 0x88, 0xad, 0xe4], [0x04, 0x35, 0x83, 0x94], [0x02, 0xfe, 0x52, 0xf8]];

/// The first bytes of private keys in wallet import format: Dash, its test networks, Bitcoin.
const WIF_PREFIXES: [u8; 3] = [204, 239, 128];

/// Whether text is a private key, or is made to look like one and mistyped.
pub fn is_private_key(text: &str) -> bool {
    let text = text.trim();
    if text.len() > MAX_KEY_TEXT {
        return false;
    }
    if ["xprv", "tprv", "drkv"].iter().any(|prefix| text.starts_with(prefix)) {
        return true;
    }
    match base58::decode(text).as_deref() {
        Some([v0, v1, v2, v3, rest @ ..]) if rest.len() == EXTENDED_LEN - 4 => {
            PRIVATE_VERSIONS.contains(&[*v0, *v1, *v2, *v3])
        }
        Some([prefix, rest @ ..]) => WIF_PREFIXES.contains(prefix) && matches!(rest.len(), 32 | 33),
        _ => false,
    }
}

/// Checks that bytes are a public key as scripts have it: compressed (33 bytes) or not (65 bytes), on the curve.
///
/// # Errors
/// [`BadTarget::PublicKey`].
pub fn check_public_key(bytes: &[u8]) -> Result<(), BadTarget> {
    let known_form = matches!((bytes.first(), bytes.len()), (Some(2 | 3), 33) | (Some(4), 65));
    if known_form && Point::from_bytes(bytes).is_some() {
        return Ok(());
    }
    Err(BadTarget::PublicKey("the key"))
}

/// An extended public key (BIP 32). Where it was derived from is forgotten: it is the same key by any name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedKey {
    point: Point,
    chain_code: [u8; 32],
}

impl ExtendedKey {
    /// Bytes of [`Self::to_bytes`].
    pub const LEN: usize = 33 + 32;

    /// Reads the text of an extended public key, with its depth.
    ///
    /// # Errors
    /// [`BadTarget`]: a private key, another network's, or no key at all.
    pub fn parse(text: &str, params: &NetworkParams) -> Result<(Self, u8), BadTarget> {
        const WHAT: &str = "the extended key";
        if is_private_key(text) {
            return Err(BadTarget::PrivateKey);
        }
        if text.len() > MAX_KEY_TEXT {
            return Err(BadTarget::TooLong { what: WHAT, len: text.len(), max: MAX_KEY_TEXT });
        }
        let bytes = base58::decode(text).ok_or(BadTarget::Base58(WHAT))?;
        let bytes: [u8; EXTENDED_LEN] = bytes.try_into().map_err(|_| BadTarget::Kind(WHAT))?;
        check_version(&bytes, params)?;
        let (depth, parent, number) = (bytes[4], &bytes[5..9], &bytes[9..13]);
        // BIP 32: a master key has neither parent nor number.
        if depth == 0 && (parent != [0; 4] || number != [0; 4]) {
            return Err(BadTarget::PublicKey(WHAT));
        }
        let mut key = [0; Self::LEN];
        key[..33].copy_from_slice(&bytes[45..]);
        key[33..].copy_from_slice(&bytes[13..45]);
        Ok((Self::from_bytes(&key).ok_or(BadTarget::PublicKey(WHAT))?, depth))
    }

    /// The key and the chain code.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[..33].copy_from_slice(&self.public_key());
        bytes[33..].copy_from_slice(&self.chain_code);
        bytes
    }

    /// The inverse of [`Self::to_bytes`]; none if the key is not on the curve.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let (key, chain_code) = bytes.split_first_chunk::<33>()?;
        if !matches!(key[0], 2 | 3) {
            return None;
        }
        let point = Point::from_bytes(key)?;
        Some(Self { point, chain_code: chain_code.try_into().ok()? })
    }

    /// The public key, compressed.
    pub fn public_key(&self) -> [u8; 33] {
        self.point.to_bytes()
    }

    /// The child of an index below [`HARDENED`] (BIP 32, CKDpub). None for a hardened one, and for the one in about
    /// 2^127 that does not exist: the next is taken instead.
    pub fn child(&self, index: u32) -> Option<Self> {
        if index >= HARDENED {
            return None;
        }
        let hash = hmac_sha512(&self.chain_code, &[&self.public_key()[..], &index.to_be_bytes()].concat());
        let (tweak, chain_code) = hash.split_first_chunk::<32>()?;
        let point = self.point.plus_generator_times(tweak)?;
        Some(Self { point, chain_code: chain_code.try_into().ok()? })
    }
}

/// Refuses the key of another network.
fn check_version(bytes: &[u8; EXTENDED_LEN], params: &NetworkParams) -> Result<(), BadTarget> {
    const WHAT: &str = "the extended key";
    if bytes[..4] == params.address_prefixes.bip32_public {
        return Ok(());
    }
    let found = network_of(|prefixes| bytes[..4] == prefixes.bip32_public).ok_or(BadTarget::Kind(WHAT))?;
    Err(BadTarget::OtherNetwork { what: WHAT, found, expected: params.name.clone() })
}

/// The Dash network whose prefixes fit. All but mainnet share theirs.
pub(super) fn network_of(fits: impl Fn(&AddressPrefixes) -> bool) -> Option<&'static str> {
    let networks =
        [(NetworkParams::mainnet(), "mainnet"), (NetworkParams::testnet(), "testnet, a devnet or regtest")];
    networks.iter().find(|(params, _)| fits(&params.address_prefixes)).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests;
