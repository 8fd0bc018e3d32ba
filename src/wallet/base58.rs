//! Base58 with a checksum: the text of addresses and keys.
//!
//! A number in base 58, whose digits leave out what is easily mistaken; each zero byte in front of it is a `1`. The
//! checksum is the first four bytes of the double SHA-256. Time is quadratic: callers bound the length of texts.

use crate::collections::Gather;
use dash_protocol::sha256d;
use std::iter::repeat_n;

/// The digits by their values.
const DIGITS: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Bytes of a checksum.
const CHECKSUM: usize = 4;

/// The bytes of a text, without the checksum; none if a character is no digit or the checksum is wrong.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.bytes().map(|digit| Some(DIGITS.iter().position(|known| *known == digit)? as u8)).gather();
    let bytes = converted(&digits?, 58, 256);
    let (payload, checksum) = bytes.split_last_chunk::<CHECKSUM>()?;
    sha256d(payload).starts_with(checksum).then(|| payload.to_vec())
}

/// The text of some bytes, with their checksum.
pub fn encode(payload: &[u8]) -> String {
    let bytes = [payload, &sha256d(payload)[..CHECKSUM]].concat();
    converted(&bytes, 256, 58).into_iter().map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The digits of a number in another base. They, too, begin with as many zeros.
fn converted(digits: &[u8], from: u32, to: u32) -> Vec<u8> {
    // The lowest digit first.
    let mut number: Vec<u8> = Vec::new();
    for digit in digits {
        let mut carry = u32::from(*digit);
        for place in &mut number {
            carry += u32::from(*place) * from;
            *place = (carry % to) as u8;
            carry /= to;
        }
        while carry > 0 {
            number.push((carry % to) as u8);
            carry /= to;
        }
    }
    number.extend(repeat_n(0, digits.iter().take_while(|digit| **digit == 0).count()));
    number.reverse();
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use base58ck::Base58CkString;

    #[test]
    fn texts_are_those_of_another_implementation_and_are_read_back() {
        let mut rng = fastrand::Rng::with_seed(1);
        // An extended key has 78 bytes.
        for len in 0..80 {
            for zeros in 0..4.min(len + 1) {
                let bytes: Vec<u8> = (0..len).map(|at| if at < zeros { 0 } else { rng.u8(..) }).collect();
                let text = encode(&bytes);
                assert_eq!(text, Base58CkString::encode_unbounded(&bytes).to_string());
                assert_eq!(decode(&text), Some(bytes));
            }
        }
    }

    #[test]
    fn every_mistyped_character_is_noticed() {
        let text = encode(&[7; 21]);
        for at in 0..text.len() {
            for digit in ['1', 'z', '0', 'O', 'I', 'l', ' ', 'é'] {
                let wrong: String =
                    text.chars().enumerate().map(|(i, c)| if i == at { digit } else { c }).collect();
                assert_eq!(decode(&wrong).is_some(), wrong == text, "{wrong}");
                assert_eq!(decode(&wrong).is_some(), base58ck::decode_check(&wrong).is_ok(), "{wrong}");
            }
        }
        for short in ["", "1", "11", "1111", "2g", "3QJmnh"] {
            assert_eq!(decode(short), base58ck::decode_check(short).ok(), "{short}");
        }
    }
}
