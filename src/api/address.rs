//! Addresses as people write them: Base58 with a checksum, as in Bitcoin.

use dash_protocol::{AddressPrefixes, sha256d};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The address of a public key's hash160.
pub(super) fn of_key_hash(hash: &[u8; 20], prefixes: &AddressPrefixes) -> String {
    let mut bytes = vec![prefixes.p2pkh];
    bytes.extend(hash);
    bytes.extend(&sha256d(&bytes)[..4]);
    base58(&bytes)
}

/// The number that the bytes are, big-endian, with base 58; each leading zero byte is one `1`.
fn base58(bytes: &[u8]) -> String {
    let zeroes = bytes.iter().take_while(|byte| **byte == 0).count();
    // Least significant first.
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 138 / 100 + 1);
    for byte in &bytes[zeroes..] {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58) as u8;
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58) as u8);
            carry /= 58;
        }
    }
    let ones = std::iter::repeat_n('1', zeroes);
    ones.chain(digits.iter().rev().map(|digit| char::from(ALPHABET[usize::from(*digit)]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dash_protocol::NetworkParams;

    #[test]
    fn base58_is_as_its_draft_has_it() {
        assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(base58(&[0, 0, 0x28, 0x7f, 0xb4, 0xcd]), "11233QC4");
        assert_eq!(base58(&[]), "");
        assert_eq!(base58(&[0, 0]), "11");
    }

    #[test]
    fn an_address_says_its_network() {
        let of = |params: NetworkParams| of_key_hash(&[0; 20], &params.address_prefixes);
        assert_eq!(of(NetworkParams::mainnet()).chars().next(), Some('X'));
        assert_eq!(of(NetworkParams::testnet()).chars().next(), Some('y'));
    }
}
