//! Compact filters, bloom filters, blocks: layouts, limits, and what nodes recorded.

use crate::common::{hex, json, vector};
use crate::generate;
use dash_protocol::{
    BlockHash, BloomFilter, BloomUpdate, CFCheckpt, CFHeaders, CFilter, Command, Decode, DecodeError, Encode,
    FilterHash, FilterHeader, FilterType, GetCFCheckpt, GetCFHeaders, GetCFilters, MAX_BLOOM_ELEMENT,
    MAX_BLOOM_FILTER, MAX_CFHEADERS, MAX_FILTER, MAX_FILTER_CHECKPOINTS, MAX_FILTER_ELEMENTS, Message,
};
use fastrand::Rng;

const STOP: BlockHash = BlockHash::from_bytes([7; 32]);

fn round_trip(message: &Message) {
    let payload = message.payload();
    assert_eq!(Message::decode(message.command(), &payload).as_ref(), Ok(message));
    assert!(payload.len() <= message.command().max_payload());
}

#[test]
fn requests_for_filters_have_their_fields_in_order() {
    let (filter_type, start_height, stop_hash) = (FilterType::Basic, 0x0403_0201, STOP);
    let range = [&hex("00 01020304")[..], &[7; 32]].concat();
    let filters = GetCFilters { filter_type, start_height, stop_hash };
    assert_eq!(filters.to_wire(), range);
    round_trip(&Message::GetCFilters(filters));
    let headers = GetCFHeaders { filter_type, start_height, stop_hash };
    assert_eq!(headers.to_wire(), range);
    round_trip(&Message::GetCFHeaders(headers));
    let checkpoints = GetCFCheckpt { filter_type, stop_hash };
    assert_eq!(checkpoints.to_wire(), [&[0][..], &[7; 32]].concat());
    round_trip(&Message::GetCFCheckpt(checkpoints));
}

#[test]
fn replies_about_filters_have_their_fields_in_order() {
    let (filter_type, stop_hash) = (FilterType::Basic, STOP);
    let filter = CFilter { filter_type, block_hash: STOP, filter: hex("016a05c0") };
    assert_eq!(filter.to_wire(), [&[0][..], &[7; 32], &hex("04 016a05c0")].concat());
    round_trip(&Message::CFilter(filter));
    let headers = CFHeaders {
        filter_type,
        stop_hash,
        previous_header: FilterHeader::from_bytes([8; 32]),
        filter_hashes: vec![FilterHash::from_bytes([9; 32]); 2],
    };
    assert_eq!(headers.to_wire(), [&[0][..], &[7; 32], &[8; 32], &[2], &[9; 64]].concat());
    round_trip(&Message::CFHeaders(headers));
    let checkpoints = CFCheckpt { filter_type, stop_hash, headers: vec![FilterHeader::from_bytes([9; 32])] };
    assert_eq!(checkpoints.to_wire(), [&[0][..], &[7; 32], &[1], &[9; 32]].concat());
    round_trip(&Message::CFCheckpt(checkpoints));
}

#[test]
fn a_filter_of_another_type_is_refused() {
    let bytes = [&[1][..], &[7; 32], &[1, 0]].concat();
    assert_eq!(
        Message::decode(Command::CFILTER, &bytes),
        Err(DecodeError::Invalid { what: "filter type", value: 1 })
    );
}

/// `before`, a count, and so many zero bytes for each that is counted.
fn counted(before: usize, count: usize, item_len: usize) -> Vec<u8> {
    let mut bytes = vec![0; before];
    dash_protocol::put_compact_size(&mut bytes, count as u64);
    bytes.resize(bytes.len() + count * item_len, 0);
    bytes
}

#[test]
fn replies_about_filters_are_held_to_their_limits() {
    for (command, before, item_len, max, what) in [
        (Command::CFILTER, 33, 1, MAX_FILTER, "bytes of a filter"),
        (Command::CFHEADERS, 65, 32, MAX_CFHEADERS, "filter hashes"),
        (Command::CFCHECKPT, 33, 32, MAX_FILTER_CHECKPOINTS, "filter headers"),
        (Command::FILTERADD, 0, 1, MAX_BLOOM_ELEMENT, "bytes of an element"),
    ] {
        let full = counted(before, max, item_len);
        assert!(full.len() <= command.max_payload() && full.len() + 3 > command.max_payload(), "{command}");
        assert!(Message::decode(command, &full).is_ok(), "{command}");
        let count = max as u64 + 1;
        assert_eq!(
            Message::decode(command, &counted(before, max + 1, item_len)),
            Err(DecodeError::TooMany { what, count, max }),
            "{command}"
        );
        let long = [counted(before, 1, item_len), vec![0]].concat();
        assert_eq!(Message::decode(command, &long), Err(DecodeError::TrailingBytes { count: 1 }));
    }
}

#[test]
fn the_largest_filter_has_room_for_every_block() {
    assert_eq!((MAX_FILTER_ELEMENTS, MAX_FILTER), (200_000, 537_434));
}

#[test]
fn filter_headers_chain_filters_from_nothing_on() {
    let genesis = FilterHash::of(&hex("016a05c0")).header(&FilterHeader::ZERO);
    assert_eq!(genesis.to_string(), "895d102bb7f526d54f9beb7825af2869e4c285f8a99a8d92698552e07aa612d1");
}

#[test]
fn recorded_filter_headers_are_those_that_the_node_has() {
    let name = "recorded_filter_headers_are_those_that_the_node_has";
    for (network, tip) in [("regtest-llmq", 646), ("regtest-few", 697)] {
        let Some(bytes) = vector(name, &format!("{network}/wire/cfheaders_1_{tip}.bin")) else { return };
        let reply = CFHeaders::from_wire(&bytes).expect("valid");
        assert_eq!(reply.to_wire(), bytes);
        let filters = json(name, &format!("{network}/filters.json")).expect("found above");
        let text = |height: usize, key: &str| filters[height][key].as_str().expect("a text");
        let hashes = json(name, &format!("{network}/hashes.json")).expect("found above");
        assert_eq!(reply.stop_hash.to_string(), hashes[tip].as_str().expect("a text"));
        assert_eq!(reply.filter_hashes.len(), tip);
        let mut header = reply.previous_header;
        assert_eq!(header.to_string(), text(0, "header"));
        for (at, hash) in reply.filter_hashes.iter().enumerate() {
            assert_eq!(*hash, FilterHash::of(&hex(text(at + 1, "filter"))));
            header = hash.header(&header);
            assert_eq!(header.to_string(), text(at + 1, "header"));
        }

        let bytes = vector(name, &format!("{network}/wire/cfcheckpt.bin")).expect("found above");
        let reply = CFCheckpt::from_wire(&bytes).expect("valid");
        assert_eq!(reply.to_wire(), bytes);
        assert_eq!(reply.stop_hash.to_string(), hashes[tip].as_str().expect("a text"));
        assert!(reply.headers.is_empty(), "the chain is shorter than a thousand blocks");
    }
}

/// Dash Core `test/bloom_tests.cpp`, `bloom_create_insert_serialize` and the same with a tweak.
#[test]
fn bloom_filters_have_the_known_bits() {
    for (tweak, expected) in
        [(0, "03614e9b050000000000000001"), (2_147_483_649, "03ce4299050000000100008001")]
    {
        let mut filter = BloomFilter::new(3, 0.01, tweak, BloomUpdate::All);
        for (element, other) in [
            ("99108ad8ed9bb6274d3980bab5a85c048f0950c8", "19108ad8ed9bb6274d3980bab5a85c048f0950c8"),
            ("b5a2c786d9ef4658287ced5914b37a1b4aa32eee", "b5a2c786d9ef4658287ced5914b37a1b4aa32eef"),
            ("b9300670b4c5366e95b2699e8b18bc75e5f729c5", "b9300670b4c5366e95b2699e8b18bc75e5f729c6"),
        ] {
            filter.insert(&hex(element));
            assert!(filter.contains(&hex(element)) && !filter.contains(&hex(other)));
        }
        assert_eq!(filter.to_wire(), hex(expected));
        round_trip(&Message::FilterLoad(filter));
    }
}

#[test]
fn bloom_filters_hold_what_was_put_in_and_little_else() {
    let mut rng = Rng::with_seed(1);
    let mut filter = BloomFilter::new(200, 0.001, rng.u32(..), BloomUpdate::None);
    let elements: Vec<[u8; 20]> = (0..200).map(|_| generate::array(&mut rng)).collect();
    elements.iter().for_each(|element| filter.insert(element));
    assert!(elements.iter().all(|element| filter.contains(element)));
    let wrong = (0..10_000).filter(|_| filter.contains(&generate::array::<20>(&mut rng))).count();
    assert!(wrong < 40, "{wrong} of 10000 at a thousandth");
}

#[test]
fn bloom_filters_of_any_wish_are_within_the_limits() {
    for (elements, share) in [(0, 0.5), (1, 1e-300), (u32::MAX, 1e-9), (10, 1.0), (10, 0.0), (10, f64::NAN)] {
        let filter = BloomFilter::new(elements, share, 0, BloomUpdate::None);
        assert!((1..=MAX_BLOOM_FILTER).contains(&filter.data.len()));
        round_trip(&Message::FilterLoad(filter));
    }
    let empty = BloomFilter { data: vec![], functions: 5, tweak: 0, update: BloomUpdate::None };
    assert!(empty.contains(b"anything"));
    let many = BloomFilter { functions: 51, ..empty };
    assert_eq!(
        BloomFilter::from_wire(&many.to_wire()),
        Err(DecodeError::TooMany { what: "hash functions", count: 51, max: 50 })
    );
}
