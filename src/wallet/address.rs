//! Addresses: base58 with a checksum, of the hash of a public key or of a script.

use super::base58;
use super::keys::{is_private_key, network_of};
use super::target::BadTarget;
use dash_protocol::{AddressPrefixes, NetworkParams};

/// The longest text that is looked at: addresses have at most 35 characters.
const MAX_TEXT: usize = 128;

/// Who an output pays, where its script is of one of the two forms that have an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Whoever has the key with this Hash160 (P2PKH).
    KeyHash([u8; 20]),
    /// Whoever fulfils the script with this Hash160 (P2SH, BIP 16).
    ScriptHash([u8; 20]),
}

impl Address {
    /// Reads an address of the network.
    ///
    /// # Errors
    /// [`BadTarget`]: another network's, a private key, or no address at all.
    pub fn parse(text: &str, params: &NetworkParams) -> Result<Self, BadTarget> {
        const WHAT: &str = "the address";
        if text.is_empty() {
            return Err(BadTarget::Empty(WHAT));
        }
        if text.len() > MAX_TEXT {
            return Err(BadTarget::TooLong { what: WHAT, len: text.len(), max: MAX_TEXT });
        }
        if is_private_key(text) {
            return Err(BadTarget::PrivateKey);
        }
        let bytes = base58::decode(text).ok_or(BadTarget::Base58(WHAT))?;
        let [prefix, hash @ ..] = &bytes[..] else { return Err(BadTarget::Kind(WHAT)) };
        let hash: [u8; 20] = hash.try_into().map_err(|_| BadTarget::Kind(WHAT))?;
        let own = &params.address_prefixes;
        if *prefix == own.p2pkh {
            return Ok(Self::KeyHash(hash));
        }
        if *prefix == own.p2sh {
            return Ok(Self::ScriptHash(hash));
        }
        let found = network_of(|other| [other.p2pkh, other.p2sh].contains(prefix))
            .or_else(|| matches!(prefix, 0 | 5 | 111 | 196).then_some("Bitcoin"))
            .ok_or(BadTarget::Kind(WHAT))?;
        Err(BadTarget::OtherNetwork { what: WHAT, found, expected: params.name.clone() })
    }

    /// The address of a script, if it has one.
    pub fn of_script(script: &[u8]) -> Option<Self> {
        match script {
            [0x76, 0xa9, 20, hash @ .., 0x88, 0xac] => hash.try_into().ok().map(Self::KeyHash),
            [0xa9, 20, hash @ .., 0x87] => hash.try_into().ok().map(Self::ScriptHash),
            _ => None,
        }
    }

    /// The script of an output that pays it.
    pub fn script(&self) -> Vec<u8> {
        match self {
            Self::KeyHash(hash) => [&[0x76, 0xa9, 20][..], hash, &[0x88, 0xac]].concat(),
            Self::ScriptHash(hash) => [&[0xa9, 20][..], hash, &[0x87]].concat(),
        }
    }

    /// As people write it.
    pub fn to_text(self, prefixes: &AddressPrefixes) -> String {
        let (prefix, hash) = match self {
            Self::KeyHash(hash) => (prefixes.p2pkh, hash),
            Self::ScriptHash(hash) => (prefixes.p2sh, hash),
        };
        let mut bytes = [prefix; 21];
        bytes[1..].copy_from_slice(&hash);
        base58::encode(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::ChainOverrides;

    fn networks() -> [NetworkParams; 4] {
        let x11 = crate::chain::pow::x11;
        [
            NetworkParams::mainnet(),
            NetworkParams::testnet(),
            NetworkParams::regtest(&ChainOverrides::default()).unwrap(),
            NetworkParams::devnet("", &ChainOverrides::default(), x11).unwrap(),
        ]
    }

    #[test]
    fn an_address_is_read_back_and_tells_its_network() {
        for (at, params) in networks().iter().enumerate() {
            for address in [Address::KeyHash([0x5a; 20]), Address::ScriptHash([0xa5; 20])] {
                let text = address.to_text(&params.address_prefixes);
                let first = text.chars().next().unwrap();
                let key_hash = matches!(address, Address::KeyHash(_));
                assert!(if at == 0 { "X7" } else { "y89" }.contains(first), "{text}");
                assert_eq!(key_hash, "Xy".contains(first), "{text}");
                assert_eq!(Address::parse(&text, params), Ok(address));
                assert_eq!(Address::of_script(&address.script()), Some(address));
                let other = &networks()[usize::from(at == 0)];
                let error = Address::parse(&text, other).unwrap_err();
                assert!(matches!(error, BadTarget::OtherNetwork { .. }), "{error}");
                assert!(error.to_string().contains(&other.name), "{error}");
            }
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_a_word_of_it() {
        let main = NetworkParams::mainnet();
        let wif = "cP4EKFyJsHT39LDqgdcB43Y3YXjNyjb5Fuas1GQSeAtjnZWmZEQK";
        assert_eq!(Address::parse(wif, &main), Err(BadTarget::PrivateKey));
        assert!(!BadTarget::PrivateKey.to_string().contains(wif));
        assert_eq!(Address::parse("", &main), Err(BadTarget::Empty("the address")));
        let damaged = "XnH4eGVLpDvA5Bc2cPMYZwXqZhbDfdGJFS";
        assert_eq!(Address::parse(damaged, &main), Err(BadTarget::Base58("the address")));
        let bitcoin = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
        assert!(Address::parse(bitcoin, &main).unwrap_err().to_string().contains("Bitcoin"));
        let long = "X".repeat(100_000);
        assert!(matches!(Address::parse(&long, &main), Err(BadTarget::TooLong { .. })));
    }

    #[test]
    fn a_script_that_only_resembles_the_known_forms_has_no_address() {
        let script = Address::KeyHash([1; 20]).script();
        assert_eq!(Address::of_script(&script[..24]), None);
        assert_eq!(Address::of_script(&[&script[..], &[0]].concat()), None);
        assert_eq!(Address::of_script(&[]), None);
    }
}
