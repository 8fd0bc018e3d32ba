//! Compressed headers: the worked example, the sender's quirks, every malformation.

use crate::common::{hex, x11};
use dash_protocol::{
    BlockHash, CompactTarget, CompressedHeaders, DecodeError, Header, MAX_HEADERS2, MerkleRoot, sha256d,
};

/// The worked example: four headers, their payload, their hashes.
fn example() -> (Vec<Header>, Vec<u8>, [&'static str; 4]) {
    let fields = [
        (0x2000_0000, 1_700_000_000, 0x1a2b_3c4d),
        (0x2000_0000, 1_700_000_150, 0x1a2b_3c4d),
        (0x2000_1000, 1_700_000_100, 0x1a2b_3c4d),
        (0x2000_0000, 1_700_040_000, 0x1a2b_0000),
    ];
    let mut headers: Vec<Header> = Vec::new();
    for (i, (version, time, bits)) in fields.into_iter().enumerate() {
        headers.push(Header {
            version,
            prev_block_hash: headers
                .last()
                .map_or(BlockHash::from_bytes([0x11; 32]), |last| x11(&last.to_bytes())),
            merkle_root: MerkleRoot::from_bytes([0xa0 + i as u8; 32]),
            time,
            bits: CompactTarget::from_bits(bits),
            nonce: i as u32,
        });
    }
    let repeated = |byte: &str| byte.repeat(32);
    let payload = [
        "04".into(),
        format!("38 00000020 {} {} 00f15365 4d3c2b1a 00000000", repeated("11"), repeated("a0")),
        format!("00 00000020 {} 9600 01000000", repeated("a1")),
        format!("10 00100020 {} 64f15365 02000000", repeated("a2")),
        format!("32 {} 408d5465 00002b1a 03000000", repeated("a3")),
    ]
    .concat();
    let hashes = [
        "58c0f3d631b92a64d3225ddda99a3bf1e28d859b9718ee8b7780e14f13bdc7c2",
        "368ccf5cf02dd64cce8b24ce269946acabc95e56f9b3d80a5abefd5d1cf2e6d2",
        "be5b2001b634f156431a0433fc7e6cbf3a71e16fe957e8cd608152b24b7c5285",
        "0869fb09a694f68980c6c5979d6757d8ef69690d5146d6fbe3a55c720bf9fc49",
    ];
    (headers, hex(&payload), hashes)
}

/// A cheap stand-in for X11 where only linkage matters.
fn quick(header: &[u8; 80]) -> BlockHash {
    BlockHash::from_bytes(sha256d(header))
}

/// Linked headers with these versions, 150 seconds apart.
fn chain(versions: &[i32]) -> Vec<Header> {
    let mut headers: Vec<Header> = Vec::new();
    for (i, version) in versions.iter().enumerate() {
        headers.push(Header {
            version: *version,
            prev_block_hash: headers.last().map_or(BlockHash::ZERO, |last| quick(&last.to_bytes())),
            merkle_root: MerkleRoot::from_bytes([i as u8; 32]),
            time: 1_500_000_000 + 150 * i as u32,
            bits: CompactTarget::from_bits(0x207f_ffff),
            nonce: i as u32,
        });
    }
    headers
}

fn expanded(compressed: &CompressedHeaders) -> Vec<Header> {
    let headers = compressed.expand(quick).expect("checked when it was made");
    headers.into_iter().map(|(header, _)| header).collect()
}

/// One entry of which everything but the flags and the version is zero.
fn entry(flags: u8, version: &[u8]) -> Vec<u8> {
    let optional = |bit: u8, len: usize| if flags & bit == 0 { 0 } else { len };
    let time = if flags & 0x10 == 0 { 2 } else { 4 };
    let zeros = optional(0x08, 32) + 32 + time + optional(0x20, 4) + 4;
    [&[flags], version, &vec![0; zeros]].concat()
}

fn payload(entries: &[Vec<u8>]) -> Vec<u8> {
    [vec![entries.len() as u8], entries.concat()].concat()
}

#[test]
fn the_worked_example_expands_and_compresses_to_the_byte() {
    let (headers, payload, hashes) = example();
    let compressed = CompressedHeaders::from_payload(&payload[..]).unwrap();
    assert_eq!(compressed.len(), 4);
    let expanded = compressed.expand(x11).unwrap();
    for (((header, hash), expected), text) in expanded.iter().zip(&headers).zip(hashes) {
        assert_eq!(header, expected);
        assert_eq!(hash.to_string(), text);
    }
    let again = CompressedHeaders::compress(&headers, x11);
    assert_eq!(again, compressed);
    assert_eq!(again.into_payload(), payload);
}

#[test]
fn no_headers_are_one_zero_byte() {
    let none = CompressedHeaders::compress(&[], quick);
    assert_eq!(none.payload(), [0]);
    assert!(none.is_empty());
    assert_eq!(CompressedHeaders::from_payload([0]), Ok(none.clone()));
    assert_eq!(none.expand(quick), Ok(vec![]));
}

#[test]
fn versions_come_and_go_through_the_list_of_seven() {
    // More than seven versions, old ones again while in the list and after they fell out, repeats at the front.
    let versions = [1, 1, 2, 3, 1, 4, 5, 6, 7, 8, 9, 1, 2, 2, 9, 3, 8, 10, 11, 4, 4, 1, -1, 0, -1, 7];
    let headers = chain(&versions);
    let compressed = CompressedHeaders::compress(&headers, quick);
    assert_eq!(expanded(&compressed), headers);
    assert_eq!(CompressedHeaders::from_payload(compressed.payload()), Ok(compressed));
}

#[test]
fn the_second_header_repeats_the_first_ones_version_as_dash_core_sends_it() {
    let compressed = CompressedHeaders::compress(&chain(&[5, 5, 5]), quick);
    let second = 1 + 81;
    assert_eq!(compressed.payload()[second], 0, "the version follows");
    assert_eq!(compressed.payload()[second + 43], 1, "the most recent version");
    assert_eq!(compressed.payload().len(), 1 + 81 + 43 + 39);
}

#[test]
fn a_sender_that_refers_to_the_first_version_at_once_is_understood() {
    let bytes = payload(&[entry(0x38, &[7, 0, 0, 0]), entry(0x01, &[]), entry(0x01, &[])]);
    let headers = expanded(&CompressedHeaders::from_payload(bytes).unwrap());
    assert!(headers.iter().all(|header| header.version == 7));
}

#[test]
fn time_goes_by_differences_up_to_i16_and_back_only_on_receiving() {
    let mut headers = chain(&[1, 1, 1, 1]);
    headers[1].time = headers[0].time + 32_767;
    headers[2].time = headers[1].time + 32_768;
    headers[3].time = headers[2].time - 1;
    for i in 1..4 {
        headers[i].prev_block_hash = quick(&headers[i - 1].to_bytes());
    }
    let compressed = CompressedHeaders::compress(&headers, quick);
    assert_eq!(expanded(&compressed), headers);
    let lens = 1 + 81 + 43 + (39 + 2) + (39 + 2);
    assert_eq!(compressed.payload().len(), lens, "a short time once, a full one twice");

    let mut back = payload(&[entry(0x38, &[1, 0, 0, 0]), entry(0x01, &[])]);
    let (time_of_first, offset_of_second) = (1 + 1 + 4 + 32 + 32, 1 + 81 + 1 + 32);
    back[time_of_first] = 100;
    back[offset_of_second..offset_of_second + 2].copy_from_slice(&(-60_i16).to_le_bytes());
    let headers = expanded(&CompressedHeaders::from_payload(back).unwrap());
    assert_eq!((headers[0].time, headers[1].time), (100, 40));
}

#[test]
fn headers_that_do_not_link_carry_their_previous_hash() {
    let mut headers = chain(&[1, 1, 1]);
    headers[2].prev_block_hash = BlockHash::from_bytes([9; 32]);
    let compressed = CompressedHeaders::compress(&headers, quick);
    assert_eq!(expanded(&compressed), headers);
}

#[test]
fn the_first_entry_has_to_be_full() {
    for flags in 0..0x38 {
        let version: &[u8] = if flags & 7 == 0 { &[1, 0, 0, 0] } else { &[] };
        let error = CompressedHeaders::from_payload(payload(&[entry(flags, version)])).unwrap_err();
        let expected =
            DecodeError::Invalid { what: "flags of the first compressed header", value: flags.into() };
        assert_eq!(error, expected);
    }
}

#[test]
fn unused_flags_are_refused() {
    for flags in [0x40, 0x80, 0xf8] {
        let bytes = payload(&[entry(0x38, &[1, 0, 0, 0]), entry(flags, &[1, 0, 0, 0])]);
        assert_eq!(
            CompressedHeaders::from_payload(bytes),
            Err(DecodeError::Invalid { what: "flags of a compressed header", value: flags.into() })
        );
    }
}

#[test]
fn a_version_offset_beyond_the_list_is_refused() {
    for offset in 2..=7 {
        let bytes = payload(&[entry(0x38, &[1, 0, 0, 0]), entry(offset, &[])]);
        assert_eq!(
            CompressedHeaders::from_payload(bytes),
            Err(DecodeError::Invalid { what: "version offset of a compressed header", value: offset.into() })
        );
    }
}

#[test]
fn a_payload_that_is_cut_anywhere_or_too_long_is_refused() {
    let (_, whole, _) = example();
    for end in 0..whole.len() {
        let cut = CompressedHeaders::from_payload(&whole[..end]);
        assert!(matches!(cut, Err(DecodeError::Truncated { .. })), "cut at {end}: {cut:?}");
    }
    let long = [&whole[..], &[0]].concat();
    assert_eq!(CompressedHeaders::from_payload(long), Err(DecodeError::TrailingBytes { count: 1 }));
}

#[test]
fn eight_thousand_headers_are_the_limit() {
    let headers = chain(&vec![1; MAX_HEADERS2 + 1]);
    let compressed = CompressedHeaders::compress(&headers, quick);
    assert_eq!(compressed.len(), MAX_HEADERS2, "what is above the limit is left out");
    assert_eq!(expanded(&compressed), headers[..MAX_HEADERS2]);

    let mut more = compressed.into_payload();
    more[1..3].copy_from_slice(&8_001_u16.to_le_bytes());
    more.extend(entry(0x01, &[]));
    assert_eq!(
        CompressedHeaders::from_payload(more),
        Err(DecodeError::TooMany { what: "compressed headers", count: 8_001, max: MAX_HEADERS2 })
    );
}
