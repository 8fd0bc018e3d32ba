//! Addresses as text: base58 with a checksum.

use base58ck::Base58CkString;
use dash_protocol::AddressPrefixes;

/// The address of a public key's hash.
pub(super) fn of_key_hash(hash: &[u8; 20], prefixes: &AddressPrefixes) -> String {
    let mut bytes = [prefixes.p2pkh; 21];
    bytes[1..].copy_from_slice(hash);
    Base58CkString::encode_unbounded(&bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::NetworkParams;

    #[test]
    fn an_address_tells_its_network() {
        let hash = [0x5a; 20];
        let main = of_key_hash(&hash, &NetworkParams::mainnet().address_prefixes);
        let test = of_key_hash(&hash, &NetworkParams::testnet().address_prefixes);
        assert!(main.starts_with('X') && test.starts_with('y'), "{main} {test}");
        assert_eq!(base58ck::decode_check(&main).unwrap()[1..], hash);
    }
}
