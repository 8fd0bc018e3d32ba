//! Filters that come one by one, put together.

use crate::engine::ConnId;
use crate::sync::filters::assembly::{Assembly, Expected, Heard};
use dash_protocol::{BlockHash, FilterHash};

const PEER: ConnId = ConnId(1);

fn hash(height: u8) -> BlockHash {
    BlockHash::from_bytes([height; 32])
}

fn filter(height: u8) -> Vec<u8> {
    vec![1, height]
}

/// A range of blocks, each with the filter of its height.
fn range(heights: std::ops::Range<u8>) -> Expected {
    let proven = |height| (hash(height), Some(FilterHash::of(&filter(height))));
    Expected { blocks: heights.map(proven).collect() }
}

fn hear(assembly: &mut Assembly, conn: ConnId, height: u8) -> Heard {
    assembly.hear(conn, hash(height), filter(height))
}

#[test]
fn a_range_is_whole_with_its_last_filter() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, range(5..8));
    assert_eq!(hear(&mut assembly, PEER, 5), Heard::More(hash(7), 3));
    assert_eq!(hear(&mut assembly, PEER, 6), Heard::More(hash(7), 3));
    let filters = (5..8).map(filter).collect();
    assert_eq!(hear(&mut assembly, PEER, 7), Heard::Whole { stop: hash(7), filters });
    assert_eq!(hear(&mut assembly, PEER, 7), Heard::Unasked, "once is enough");
}

#[test]
fn ranges_of_one_peer_may_come_interleaved_and_those_of_others_do_not_mix() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, range(1..3));
    assembly.expect(PEER, range(5..7));
    assembly.expect(ConnId(2), range(1..3));
    assert_eq!(hear(&mut assembly, PEER, 5), Heard::More(hash(6), 2));
    assert_eq!(hear(&mut assembly, PEER, 1), Heard::More(hash(2), 2));
    assert_eq!(hear(&mut assembly, ConnId(2), 2), Heard::Unasked, "its own first one is missing");
    assert!(matches!(hear(&mut assembly, PEER, 2), Heard::Whole { .. }));
    assert!(matches!(hear(&mut assembly, PEER, 6), Heard::Whole { .. }));
}

#[test]
fn a_filter_that_was_left_out_leaves_those_behind_it_unasked() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, range(5..8));
    assert_eq!(hear(&mut assembly, PEER, 5), Heard::More(hash(7), 3));
    assert_eq!(hear(&mut assembly, PEER, 7), Heard::Unasked);
    assert_eq!(hear(&mut assembly, PEER, 6), Heard::More(hash(7), 3), "it may still come");
}

#[test]
fn another_filter_than_the_proven_one_ends_its_range_and_no_other() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, range(5..8));
    assembly.expect(PEER, range(20..21));
    hear(&mut assembly, PEER, 5);
    assert_eq!(assembly.hear(PEER, hash(6), filter(9)), Heard::Wrong { stop: hash(7), count: 3 });
    assert_eq!(hear(&mut assembly, PEER, 6), Heard::Unasked);
    assert!(matches!(hear(&mut assembly, PEER, 20), Heard::Whole { .. }));
}

#[test]
fn a_filter_whose_hash_is_not_known_is_taken_as_it_comes() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, Expected { blocks: vec![(hash(1), None)] });
    let filters = vec![filter(9)];
    assert_eq!(assembly.hear(PEER, hash(1), filter(9)), Heard::Whole { stop: hash(1), filters });
}

#[test]
fn the_oldest_range_of_a_peer_gives_way_when_there_are_too_many() {
    let mut assembly = Assembly::default();
    for height in 0..=16 {
        assembly.expect(PEER, range(height..height + 1));
    }
    assert_eq!(hear(&mut assembly, PEER, 0), Heard::Unasked);
    assert!((1..=16).all(|height| matches!(hear(&mut assembly, PEER, height), Heard::Whole { .. })));
}

#[test]
fn a_peer_that_is_gone_leaves_nothing_behind() {
    let mut assembly = Assembly::default();
    assembly.expect(PEER, range(1..3));
    assembly.forget(PEER);
    assert_eq!(hear(&mut assembly, PEER, 1), Heard::Unasked);
}
