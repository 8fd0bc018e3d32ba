//! The search for many scripts.

use super::{block_hash, bytes, script, scripts};
use crate::filters::gcs::{self, Filter};
use crate::filters::matcher::{BatchMatches, Matcher, Query};
use dash_protocol::BlockHash;
use fastrand::Rng;

/// Elements of all lengths, mostly scripts.
fn element(rng: &mut Rng) -> Vec<u8> {
    let len = match rng.u8(..10) {
        0 => 20,
        1 => 32,
        2 => 36,
        3 => 35,
        4 => rng.usize(1..200),
        _ => return script(rng),
    };
    bytes(rng, len)
}

fn elements(rng: &mut Rng, max: usize) -> Vec<Vec<u8>> {
    (0..rng.usize(..=max)).map(|_| element(rng)).collect()
}

#[test]
fn a_query_finds_exactly_what_its_elements_find_one_by_one() {
    let mut rng = Rng::with_seed(1);
    let mut matched = 0;
    for round in 0..400 {
        let hash = block_hash(&mut rng);
        let inside = elements(&mut rng, [5, 50, 500][round % 3]);
        let filter = gcs::encode(&hash, &inside.iter().cloned().collect());
        let mut wanted = elements(&mut rng, 40);
        if round % 4 == 0 && !inside.is_empty() {
            wanted.insert(rng.usize(..=wanted.len()), inside[rng.usize(..inside.len())].clone());
        }
        let one_by_one = Filter::decode(&hash, &filter).unwrap();
        let expected = wanted.iter().any(|element| one_by_one.contains(element));
        let query = Query::new(&wanted);
        assert_eq!((query.len(), query.is_empty()), (wanted.len(), wanted.is_empty()));
        assert_eq!(Matcher::new(&query).matches(&hash, &filter), Ok(expected));
        matched += usize::from(expected);
    }
    assert!(matched > 80);
}

#[test]
fn every_element_of_a_filter_is_found_among_thousands_of_others() {
    let mut rng = Rng::with_seed(2);
    let hash = block_hash(&mut rng);
    let inside: Vec<Vec<u8>> = (0..300).map(|_| element(&mut rng)).collect();
    let filter = gcs::encode(&hash, &inside.iter().cloned().collect());
    for element in &inside {
        let mut wanted = scripts(&mut rng, 50);
        wanted.insert(rng.usize(..=50), element.clone());
        assert_eq!(Matcher::new(&Query::new(&wanted)).matches(&hash, &filter), Ok(true));
    }
}

#[test]
fn a_thousand_strangers_seem_to_be_in_about_one_filter_of_785() {
    let mut rng = Rng::with_seed(3);
    let query = Query::new(scripts(&mut rng, 1_000));
    let mut matcher = Matcher::new(&query);
    let mut matched = 0;
    for _ in 0..2_000 {
        let hash = block_hash(&mut rng);
        let filter = gcs::encode(&hash, &scripts(&mut rng, 20).into_iter().collect());
        matched += u32::from(matcher.matches(&hash, &filter).unwrap());
    }
    assert!(matched < 15, "{matched} of 2000");
}

#[test]
fn a_batch_names_what_matches_and_what_is_no_filter() {
    let mut rng = Rng::with_seed(4);
    let (wanted, other) = (script(&mut rng), script(&mut rng));
    let hash = block_hash(&mut rng);
    let of = |elements: &[&Vec<u8>]| gcs::encode(&hash, &elements.iter().map(|e| (*e).clone()).collect());
    let filters = [of(&[&other]), of(&[&wanted, &other]), vec![], of(&[]), of(&[&wanted]), vec![9, 1]];
    let query = Query::new([&wanted]);
    let batch = || filters.iter().map(|filter| (hash, &filter[..]));
    assert_eq!(
        Matcher::new(&query).batch(batch()),
        BatchMatches { matched: vec![1, 4], malformed: vec![2, 5] }
    );
    let nothing = Query::default();
    assert_eq!(
        Matcher::new(&nothing).batch(batch()),
        BatchMatches { matched: vec![], malformed: vec![2, 5] }
    );
}

#[test]
fn a_filter_matches_only_under_the_hash_of_its_own_block() {
    let mut rng = Rng::with_seed(5);
    let hash = block_hash(&mut rng);
    let inside = scripts(&mut rng, 10);
    let filter = gcs::encode(&hash, &inside.iter().cloned().collect());
    let query = Query::new(&inside);
    assert_eq!(Matcher::new(&query).matches(&hash, &filter), Ok(true));
    assert_eq!(Matcher::new(&query).matches(&BlockHash::ZERO, &filter), Ok(false));
}
