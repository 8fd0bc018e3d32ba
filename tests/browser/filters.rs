//! The matching of filters with this browser's vectors.

use dash_protocol::BlockHash;
use dash_spv_wasm::filters::siphash::{LANES, message_words};
use dash_spv_wasm::filters::{BatchMatches, FilterKey, Matcher, Query, gcs};
use wasm_bindgen_test::wasm_bindgen_test;

/// Bytes that differ by number and place.
fn element(number: usize, len: usize) -> Vec<u8> {
    (0..len).map(|at| (number * 31 + at * 7 + number * at) as u8).collect()
}

#[wasm_bindgen_test]
fn elements_side_by_side_have_the_hashes_of_each_alone() {
    let key = FilterKey::of(&BlockHash::from_bytes(core::array::from_fn(|at| at as u8)));
    for len in 0..70 {
        let elements: [Vec<u8>; LANES] = core::array::from_fn(|number| element(number, len));
        let messages = elements.each_ref().map(|element| message_words(element).collect::<Vec<_>>());
        let words: Vec<[u64; LANES]> =
            (0..messages[0].len()).map(|at| messages.each_ref().map(|words| words[at])).collect();
        assert_eq!(key.hash_lanes(&words), elements.each_ref().map(|element| key.hash(element)));
    }
}

#[wasm_bindgen_test]
fn a_batch_finds_the_filters_that_hold_a_watched_script() {
    let blocks: Vec<BlockHash> = (0..20).map(|number| BlockHash::from_bytes([number; 32])).collect();
    let filters: Vec<Vec<u8>> = (0..20)
        .map(|number| {
            gcs::encode(&blocks[number], &(0..50).map(|at| element(number * 50 + at, 25)).collect())
        })
        .collect();
    let watched: Vec<Vec<u8>> = [120, 121, 600].map(|number| element(number, 25)).to_vec();
    let query = Query::new(&watched);
    let batch = blocks.iter().copied().zip(filters.iter().map(|filter| &filter[..]));
    let expected: Vec<u32> = (0..20)
        .filter(|number| (0..50).any(|at| watched.contains(&element(*number as usize * 50 + at, 25))))
        .collect();
    assert!(expected.contains(&2) && expected.contains(&12));
    let found = Matcher::new(&query).batch(batch);
    assert_eq!(found, BatchMatches { matched: expected, malformed: vec![] });
}
