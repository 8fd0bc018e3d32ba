//! CompactSize, the reader's limits, hashes as text.

use dash_protocol::{
    BlockHash, CompactTarget, Decode, DecodeError, Encode, Header, MAX_COMPACT_SIZE, MerkleRoot,
    ParseHashError, Reader, put_compact_size, sha256d,
};

fn compact(bytes: &[u8]) -> Result<u64, DecodeError> {
    Reader::new(bytes).compact_size()
}

#[test]
fn compact_size_takes_its_shortest_form_and_no_other() {
    for (value, bytes) in [
        (0, vec![0]),
        (252, vec![252]),
        (253, vec![0xfd, 253, 0]),
        (0xffff, vec![0xfd, 0xff, 0xff]),
        (0x1_0000, vec![0xfe, 0, 0, 1, 0]),
        (MAX_COMPACT_SIZE, vec![0xfe, 0, 0, 0, 2]),
    ] {
        let mut out = Vec::new();
        put_compact_size(&mut out, value);
        assert_eq!(out, bytes);
        assert_eq!(compact(&bytes), Ok(value));
    }
    for (value, bytes) in [
        (0, vec![0xfd, 0, 0]),
        (252, vec![0xfd, 252, 0]),
        (0xffff, vec![0xfe, 0xff, 0xff, 0, 0]),
        (0xffff_ffff, vec![0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
        (5, vec![0xff, 5, 0, 0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(compact(&bytes), Err(DecodeError::NonMinimal { value }));
    }
}

#[test]
fn a_size_above_32_mib_is_refused_unless_it_is_a_plain_number() {
    let bytes = [0xfe, 1, 0, 0, 2];
    assert_eq!(compact(&bytes), Err(DecodeError::SizeTooLarge { value: MAX_COMPACT_SIZE + 1 }));
    assert_eq!(Reader::new(&bytes).compact_u64(), Ok(MAX_COMPACT_SIZE + 1));
    let mut largest = Vec::new();
    put_compact_size(&mut largest, u64::MAX);
    assert_eq!(Reader::new(&largest).compact_u64(), Ok(u64::MAX));
    assert_eq!(compact(&largest), Err(DecodeError::SizeTooLarge { value: u64::MAX }));
}

#[test]
fn a_cut_compact_size_is_truncated() {
    for bytes in [&[][..], &[0xfd], &[0xfd, 1], &[0xfe, 1, 2, 3], &[0xff, 1, 2, 3, 4, 5, 6, 7]] {
        assert!(matches!(compact(bytes), Err(DecodeError::Truncated { .. })), "{bytes:?}");
    }
}

#[test]
fn a_count_is_held_to_its_limit_and_to_the_bytes_that_are_left() {
    let count = |bytes: &[u8]| Reader::new(bytes).count("things", 3, 2);
    assert_eq!(count(&[1, 0, 0]), Ok(1));
    assert_eq!(count(&[3, 0, 0, 0, 0, 0, 0]), Ok(3));
    assert_eq!(count(&[4]), Err(DecodeError::TooMany { what: "things", count: 4, max: 3 }));
    assert_eq!(count(&[3, 0, 0, 0, 0, 0]), Err(DecodeError::Truncated { needed: 6, remaining: 5 }));
    assert_eq!(Reader::new(&[2, 7, 8, 9]).var_bytes("bytes", 2), Ok(&[7, 8][..]));
    assert_eq!(
        Reader::new(&[3, 7, 8, 9]).var_bytes("bytes", 2),
        Err(DecodeError::TooMany { what: "bytes", count: 3, max: 2 })
    );
}

#[test]
fn integers_are_little_endian_and_ports_big_endian() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 0x88];
    assert_eq!(Reader::new(&bytes).u8(), Ok(1));
    assert_eq!(Reader::new(&bytes).u16(), Ok(0x0201));
    assert_eq!(Reader::new(&bytes).u16_be(), Ok(0x0102));
    assert_eq!(Reader::new(&bytes).u32(), Ok(0x0403_0201));
    assert_eq!(Reader::new(&bytes).u64(), Ok(0x8807_0605_0403_0201));
    assert_eq!(Reader::new(&bytes).i64(), Ok(0x8807_0605_0403_0201_u64.cast_signed()));
    assert_eq!(Reader::new(&bytes[4..]).i32(), Ok(0x8807_0605_u32.cast_signed()));
    assert_eq!(Reader::new(&bytes[6..]).i16(), Ok(0x8807_u16.cast_signed()));
    assert_eq!(Reader::new(&bytes[7..]).bool(), Ok(true));
    assert_eq!(Reader::new(&bytes[..3]).u32(), Err(DecodeError::Truncated { needed: 4, remaining: 3 }));
    assert_eq!(Reader::new(&bytes).bytes(9), Err(DecodeError::Truncated { needed: 9, remaining: 8 }));
}

#[test]
fn a_hash_is_shown_reversed_and_ordered_by_its_internal_bytes() {
    let mut bytes = [0; 32];
    bytes[0] = 0xab;
    let low_in_front = BlockHash::from_bytes(bytes);
    let text = format!("{}ab", "0".repeat(62));
    assert_eq!(low_in_front.to_string(), text);
    assert_eq!(format!("{low_in_front:x}"), text);
    assert_eq!(format!("{low_in_front:?}"), format!("BlockHash({text})"));
    assert_eq!(text.parse(), Ok(low_in_front));
    assert_eq!(text.to_uppercase().parse(), Ok(low_in_front));
    let mut high = [0; 32];
    high[31] = 0xff;
    assert!(low_in_front > BlockHash::from_bytes(high), "byte 0 counts most");
    assert!(BlockHash::ZERO.is_zero() && !low_in_front.is_zero());
}

#[test]
fn hashes_that_differ_in_one_bit_are_not_the_same() {
    let bytes: [u8; 32] = core::array::from_fn(|i| i as u8 * 7);
    let hash = BlockHash::from_bytes(bytes);
    assert_eq!(hash, BlockHash::from_bytes(bytes));
    for bit in 0..256 {
        let mut other = bytes;
        other[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(hash, BlockHash::from_bytes(other), "bit {bit}");
    }
}

#[test]
fn text_that_is_no_hash_is_refused() {
    assert_eq!("00".parse::<BlockHash>(), Err(ParseHashError::Length(2)));
    assert_eq!("g".repeat(64).parse::<BlockHash>(), Err(ParseHashError::Digit(0)));
    assert_eq!(format!("{}é", "0".repeat(62)).parse::<BlockHash>(), Err(ParseHashError::Digit(62)));
}

#[test]
fn double_sha256_of_nothing_begins_with_the_empty_checksum() {
    assert_eq!(sha256d(&[])[..4], [0x5d, 0xf6, 0xe0, 0xe2]);
}

#[test]
fn a_header_is_eighty_bytes_in_the_order_of_its_fields() {
    let bytes: [u8; 80] = core::array::from_fn(|i| i as u8);
    let header = Header::from_bytes(&bytes);
    assert_eq!(header.version, 0x0302_0100);
    assert_eq!(header.prev_block_hash.to_bytes(), core::array::from_fn(|i| i as u8 + 4));
    assert_eq!(header.merkle_root, MerkleRoot::from_bytes(core::array::from_fn(|i| i as u8 + 36)));
    assert_eq!(header.time, 0x4746_4544);
    assert_eq!(header.bits, CompactTarget::from_bits(0x4b4a_4948));
    assert_eq!(header.nonce, 0x4f4e_4d4c);
    assert_eq!(header.to_bytes(), bytes);
    assert_eq!(header.to_wire(), bytes);
    assert_eq!(Header::from_wire(&bytes), Ok(header));
    assert_eq!(Header::from_wire(&[0; 81]), Err(DecodeError::TrailingBytes { count: 1 }));
    assert_eq!(Header::from_wire(&[0; 79]), Err(DecodeError::Truncated { needed: 80, remaining: 79 }));
    assert_eq!(header.bits.to_string(), "4b4a4948");
}

#[test]
fn joined_headers_are_their_bytes_one_after_the_other() {
    let bytes: [u8; 240] = core::array::from_fn(|i| i as u8);
    let headers: Vec<Header> = bytes.as_chunks().0.iter().map(Header::from_bytes).collect();
    assert_eq!(Header::join(headers.iter())[..], bytes);
    assert!(Header::join([].iter()).is_empty());
}
