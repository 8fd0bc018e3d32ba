//! Keys and signatures as bytes.

use crate::common::hex;
use dash_protocol::{BlsPublicKey, BlsScheme, BlsSignature, Decode, DecodeError, Encode};

const KEY: &str =
    "95fde78acd5f6886ddaf5d0056610167c513d09c1c0efabbc7cdcc69beea113779c4a81e2d24daafc5387dbf6ac5fe48";
const LEGACY_KEY: &str =
    "15fde78acd5f6886ddaf5d0056610167c513d09c1c0efabbc7cdcc69beea113779c4a81e2d24daafc5387dbf6ac5fe48";
const SIGNATURE: &str = "a352a1bd941771b91ca8556d100f18baff5b2bdc40b63987f9b73ebb3d25d13bc0f4e05b0250e7a009bb34498916b39f\
    0ebe14d9584c4f9ba2887b2d43122d3805d451b687c86bf65e601b6353ef0f184629b42e5baa07807973ae77175bafe5";
const LEGACY_SIGNATURE: &str = "8ebe14d9584c4f9ba2887b2d43122d3805d451b687c86bf65e601b6353ef0f184629b42e5baa07807973ae77175bafe5\
    0352a1bd941771b91ca8556d100f18baff5b2bdc40b63987f9b73ebb3d25d13bc0f4e05b0250e7a009bb34498916b39f";

fn key(text: &str) -> BlsPublicKey {
    BlsPublicKey::from_wire(&hex(text)).expect("48 bytes")
}

fn signature(text: &str) -> BlsSignature {
    BlsSignature::from_wire(&hex(text)).expect("96 bytes")
}

#[test]
fn legacy_keys_and_signatures_have_a_basic_form() {
    assert_eq!(key(LEGACY_KEY).to_basic(BlsScheme::Legacy), key(KEY));
    assert_eq!(key(KEY).to_basic(BlsScheme::Basic), key(KEY));
    assert_eq!(signature(LEGACY_SIGNATURE).to_basic(BlsScheme::Legacy), signature(SIGNATURE));
    assert_eq!(signature(SIGNATURE).to_basic(BlsScheme::Basic), signature(SIGNATURE));
    let larger = key(KEY);
    assert_eq!(larger.to_basic(BlsScheme::Legacy).as_bytes()[0], 0xb5);
}

#[test]
fn none_is_none_in_either_encoding() {
    assert!(BlsPublicKey::NULL.to_basic(BlsScheme::Legacy).is_null());
    assert!(BlsSignature::NULL.to_basic(BlsScheme::Legacy).is_null());
    assert_eq!(BlsSignature::NULL.to_wire(), [0; 96]);
    assert_eq!(BlsPublicKey::from_wire(&[0; 47]), Err(DecodeError::Truncated { needed: 48, remaining: 47 }));
}

#[test]
fn keys_and_signatures_print_as_they_are_on_the_wire() {
    assert_eq!(key(KEY).to_string(), KEY);
    assert_eq!(format!("{:?}", key(KEY)), format!("BlsPublicKey({KEY})"));
    assert_eq!(hex(&signature(SIGNATURE).to_string()), hex(SIGNATURE));
}
