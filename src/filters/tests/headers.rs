//! Chains of filter headers.

use super::{block_hash, bytes};
use crate::filters::header::{FilterHeaderChain, FilterHeaderError, FilterRange, check_filter, checkpoints};
use dash_protocol::{
    BlockHash, CFCheckpt, CFHeaders, FilterHash, FilterHeader, FilterType, GetCFHeaders, sha256d,
};
use fastrand::Rng;

const STOP: BlockHash = BlockHash::from_bytes([7; 32]);

fn hashes(rng: &mut Rng, count: usize) -> Vec<FilterHash> {
    (0..count).map(|_| FilterHash::from_bytes(block_hash(rng).to_bytes())).collect()
}

fn header(number: u8) -> FilterHeader {
    FilterHeader::from_bytes([number; 32])
}

fn reply(previous_header: FilterHeader, filter_hashes: Vec<FilterHash>) -> CFHeaders {
    CFHeaders { filter_type: FilterType::Basic, stop_hash: STOP, previous_header, filter_hashes }
}

#[test]
fn a_reply_becomes_a_chain_of_headers_each_over_the_one_before() {
    let mut rng = Rng::with_seed(1);
    let hashes = hashes(&mut rng, 5);
    let asked = FilterRange { start: 100, stop: 104, stop_hash: STOP };
    let request = GetCFHeaders { filter_type: FilterType::Basic, start_height: 100, stop_hash: STOP };
    assert_eq!(asked.request(), request);
    let chain =
        FilterHeaderChain::of_reply(&asked, Some(&header(1)), reply(header(1), hashes.clone())).unwrap();
    assert_eq!((chain.start(), chain.previous(), chain.hashes()), (100, header(1), &hashes[..]));
    let mut expected = [1; 32];
    for (at, hash) in hashes.iter().enumerate() {
        expected = sha256d(&[*hash.as_bytes(), expected].concat());
        let height = 100 + at as u32;
        assert_eq!(chain.headers()[at].to_bytes(), expected);
        assert_eq!(chain.header_at(height), Some(chain.headers()[at]));
        assert_eq!(chain.hash_at(height), Some(*hash));
    }
    assert_eq!(chain.last().to_bytes(), expected);
    assert_eq!(chain.header_at(99), Some(header(1)));
    for outside in [0, 98, 105, u32::MAX] {
        assert_eq!((chain.header_at(outside), chain.hash_at(outside)), (None, None));
    }
    assert_eq!(chain.hash_at(99), None);
}

#[test]
fn a_reply_to_another_request_is_refused() {
    let mut rng = Rng::with_seed(2);
    let asked = FilterRange { start: 100, stop: 104, stop_hash: STOP };
    let take = |reply: CFHeaders| FilterHeaderChain::of_reply(&asked, Some(&header(1)), reply).map(|_| ());
    let mut other = reply(header(1), hashes(&mut rng, 5));
    other.stop_hash = BlockHash::ZERO;
    assert_eq!(take(other), Err(FilterHeaderError::Stop { expected: STOP, found: BlockHash::ZERO }));
    for found in [0, 4, 6] {
        let reply = reply(header(1), hashes(&mut rng, found));
        assert_eq!(take(reply), Err(FilterHeaderError::Count { expected: 5, found }));
    }
    let unlinked = reply(header(2), hashes(&mut rng, 5));
    let (expected, found) = (header(1), header(2));
    assert_eq!(take(unlinked.clone()), Err(FilterHeaderError::Link { height: 100, expected, found }));
    assert!(FilterHeaderChain::of_reply(&asked, None, unlinked).is_ok(), "nothing is known of it");
}

#[test]
fn nothing_comes_before_the_genesis_block() {
    let asked = FilterRange { start: 0, stop: 0, stop_hash: STOP };
    let one = vec![FilterHash::from_bytes([3; 32])];
    let made_up = FilterHeaderChain::of_reply(&asked, None, reply(header(1), one.clone()));
    let (expected, found) = (FilterHeader::ZERO, header(1));
    assert_eq!(made_up, Err(FilterHeaderError::Link { height: 0, expected, found }));
    let chain = FilterHeaderChain::of_reply(&asked, None, reply(FilterHeader::ZERO, one)).unwrap();
    assert_eq!(chain.header_at(u32::MAX), None);
}

#[test]
fn a_chain_is_held_against_agreed_headers_where_it_reaches_them() {
    let mut rng = Rng::with_seed(3);
    let chain = FilterHeaderChain::new(1_001, header(1), hashes(&mut rng, 1_000));
    assert_eq!(chain.check(1_000, &header(1)), Ok(()));
    assert_eq!(chain.check(2_000, &chain.last()), Ok(()));
    assert_eq!(chain.check(3_000, &header(9)), Ok(()), "out of its reach");
    let (height, expected, found) = (2_000, header(9), chain.last());
    assert_eq!(
        chain.check(height, &expected),
        Err(FilterHeaderError::Checkpoint { height, expected, found })
    );
    assert!(chain.check(1_000, &header(2)).is_err());
}

#[test]
fn a_filter_is_taken_only_by_the_hash_that_the_chain_has() {
    let mut rng = Rng::with_seed(5);
    let filter = bytes(&mut rng, 100);
    let agreed = FilterHash::from_bytes(sha256d(&filter));
    assert_eq!(check_filter(&agreed, &filter), Ok(()));
    let other = [&filter[..], &[0]].concat();
    let found = FilterHash::from_bytes(sha256d(&other));
    assert_eq!(check_filter(&agreed, &other), Err(FilterHeaderError::Filter { expected: agreed, found }));
}

#[test]
fn checkpoints_are_as_many_as_the_height_has_thousands() {
    let reply = |count| CFCheckpt {
        filter_type: FilterType::Basic,
        stop_hash: STOP,
        headers: vec![header(1); count],
    };
    for (stop, expected) in [(0, 0), (999, 0), (1_000, 1), (2_999, 2), (3_000, 3)] {
        assert_eq!(checkpoints(stop, &STOP, reply(expected)), Ok(vec![header(1); expected]));
        let found = expected + 1;
        assert_eq!(checkpoints(stop, &STOP, reply(found)), Err(FilterHeaderError::Count { expected, found }));
    }
    assert!(checkpoints(1_000, &BlockHash::ZERO, reply(1)).is_err());
}
