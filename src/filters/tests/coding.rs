//! Golomb-coded sets and the hash under them.

use super::{block_hash, bytes, script, scripts};
use crate::filters::gcs::{self, Coded, Filter, FilterError, scale};
use crate::filters::siphash::{FilterKey, LANES, message_words, word_count};
use dash_protocol::{BlockHash, MAX_FILTER, MAX_FILTER_ELEMENTS, put_compact_size};
use fastrand::Rng;
use std::collections::BTreeSet;

/// SipHash-2-4 as its authors give it: key bytes 0 to 15, message bytes 0 to 14.
#[test]
fn the_hash_of_the_reference_is_computed() {
    let key = FilterKey::of(&BlockHash::from_bytes(core::array::from_fn(|i| i as u8)));
    let message: Vec<u8> = (0..15).collect();
    assert_eq!(key.hash(&message), 0xa129_ca61_49be_45e5);
    let words: Vec<[u64; LANES]> = message_words(&message).map(|word| [word; LANES]).collect();
    assert_eq!(key.hash_lanes(&words), [0xa129_ca61_49be_45e5; LANES]);
}

#[test]
fn four_elements_side_by_side_have_the_hashes_of_each_alone() {
    let mut rng = Rng::with_seed(1);
    for len in (0..100).chain([255, 256, 1_000, 10_000]) {
        let key = FilterKey::of(&block_hash(&mut rng));
        let elements: [Vec<u8>; LANES] = core::array::from_fn(|_| bytes(&mut rng, len));
        let messages = elements.each_ref().map(|element| message_words(element).collect::<Vec<_>>());
        assert!(messages.iter().all(|words| words.len() == word_count(&elements[0])));
        let words: Vec<[u64; LANES]> =
            (0..messages[0].len()).map(|at| messages.each_ref().map(|words| words[at])).collect();
        assert_eq!(key.hash_lanes(&words), elements.each_ref().map(|element| key.hash(element)), "{len}");
    }
}

#[test]
fn a_hash_is_scaled_to_the_upper_half_of_its_product_with_the_range() {
    let mut rng = Rng::with_seed(2);
    let wide = |hash: u64, range: u64| ((u128::from(hash) * u128::from(range)) >> 64) as u64;
    let ends = [0, 1, 0xffff_ffff, 0x1_0000_0000, u64::MAX];
    for (hash, range) in ends.into_iter().flat_map(|hash| ends.map(|range| (hash, range))) {
        assert_eq!(scale(hash, range), wide(hash, range));
    }
    for _ in 0..10_000 {
        let (hash, range) = (rng.u64(..) >> rng.u32(..64), rng.u64(..) >> rng.u32(..64));
        assert_eq!(scale(hash, range), wide(hash, range));
    }
}

#[test]
fn a_filter_holds_what_it_was_made_of_and_is_one_encoding() {
    let mut rng = Rng::with_seed(3);
    for round in 0..300 {
        let hash = block_hash(&mut rng);
        let count = rng.usize(..[4, 40, 400][round % 3]);
        let set: BTreeSet<Vec<u8>> = (0..count)
            .map(|_| {
                let len = rng.usize(1..60);
                bytes(&mut rng, len)
            })
            .collect();
        let coded = gcs::encode(&hash, &set);
        let filter = Filter::decode(&hash, &coded).unwrap();
        assert_eq!((filter.len(), filter.is_empty()), (set.len(), set.is_empty()));
        assert!(set.iter().all(|element| filter.contains(element)));
        let strangers = scripts(&mut rng, 100);
        assert!(strangers.iter().filter(|stranger| filter.contains(stranger)).count() < 3);
        for len in 0..coded.len() {
            assert!(Filter::decode(&hash, &coded[..len]).is_err(), "cut to {len}");
        }
        let longer = [&coded[..], &[0]].concat();
        assert_eq!(
            Filter::decode(&hash, &longer).err(),
            Some(FilterError::TrailingBytes { count: 1 }),
            "{coded:?}"
        );
    }
}

#[test]
fn the_filter_of_nothing_is_one_zero() {
    assert_eq!(gcs::encode(&BlockHash::ZERO, &BTreeSet::new()), [0]);
    let filter = Filter::decode(&BlockHash::ZERO, &[0]).unwrap();
    assert!(filter.is_empty() && !filter.contains(b"anything") && !filter.contains(b""));
    assert!(matches!(Filter::decode(&BlockHash::ZERO, &[]), Err(FilterError::Count(_))));
}

#[test]
fn a_count_without_the_bytes_for_it_is_refused_before_anything_is_allocated() {
    for count in [3_u64, 1_000_000, 0x0200_0000] {
        let mut hostile = Vec::new();
        put_compact_size(&mut hostile, count);
        hostile.extend([0; 7]);
        assert_eq!(Coded::parse(&hostile).err(), Some(FilterError::TooMany { count, len: 7 }));
    }
    let mut beyond = Vec::new();
    put_compact_size(&mut beyond, 0x0200_0001);
    assert!(matches!(Coded::parse(&beyond), Err(FilterError::Count(_))));
    // Room for the values, but no block for so many.
    let count = MAX_FILTER_ELEMENTS as u64 + 1;
    let mut many = Vec::new();
    put_compact_size(&mut many, count);
    many.resize(MAX_FILTER, 0);
    assert_eq!(Coded::parse(&many).err(), Some(FilterError::TooMany { count, len: MAX_FILTER - 5 }));
    many.push(0);
    assert_eq!(Coded::parse(&many).err(), Some(FilterError::TooLong { len: MAX_FILTER + 1 }));
}

#[test]
fn a_count_of_more_or_fewer_than_there_are_is_refused() {
    let mut rng = Rng::with_seed(4);
    let hash = block_hash(&mut rng);
    for _ in 0..100 {
        let set: BTreeSet<Vec<u8>> = scripts(&mut rng, 40).into_iter().collect();
        let mut coded = gcs::encode(&hash, &set);
        for count in [0, 1, 39, 41, 42, 80] {
            coded[0] = count;
            assert!(Filter::decode(&hash, &coded).is_err(), "{count}");
        }
    }
}

#[test]
fn a_value_out_of_range_and_a_filling_of_other_bits_are_refused() {
    let hash = BlockHash::ZERO;
    // One value: 1 · 2^19 + 0x3fa23 is the last one below 784,931, and one more is not.
    let bits = |remainder: u32| (0b10 << 22 | remainder << 3).to_be_bytes();
    let coded = |remainder: u32| [&[1][..], &bits(remainder)[1..]].concat();
    let last = 784_930 - (1 << 19);
    assert!(Filter::decode(&hash, &coded(last)).is_ok());
    assert_eq!(
        Filter::decode(&hash, &coded(last + 1)).err(),
        Some(FilterError::OutOfRange { value: 784_931, range: 784_931 })
    );
    for filling in [1, 2, 4, 7] {
        let mut coded = coded(last);
        coded[3] |= filling;
        assert_eq!(Filter::decode(&hash, &coded).err(), Some(FilterError::Filling));
    }
    // Nothing but ones: a quotient that never ends, of any length.
    for len in 3..300 {
        let ones = [&[1][..], &vec![0xff; len]].concat();
        assert!(matches!(Filter::decode(&hash, &ones), Err(FilterError::Truncated { .. })));
    }
}

#[test]
fn quotients_of_any_length_are_read() {
    let mut rng = Rng::with_seed(5);
    for quotient in 0..200_u64 {
        // As many values as the range needs for this difference; the first is large, the others follow closely.
        let mut bits: Vec<bool> = vec![true; quotient as usize];
        bits.push(false);
        let first = rng.u64(..1 << 19);
        bits.extend((0..19).rev().map(|place| first >> place & 1 == 1));
        let count = quotient + 1;
        for _ in 1..count {
            bits.extend([false; 20]);
        }
        let mut coded = vec![count as u8];
        coded.extend(bits.chunks(8).map(|byte| {
            byte.iter().zip([128, 64, 32, 16, 8, 4, 2, 1]).map(|(set, bit)| u8::from(*set) * bit).sum::<u8>()
        }));
        let mut values = Vec::new();
        Coded::parse(&coded).unwrap().values_into(&mut values).unwrap();
        assert_eq!(values, vec![quotient << 19 | first; count as usize]);
    }
}

#[test]
fn garbage_neither_panics_nor_is_read_as_more_than_it_is() {
    let mut rng = Rng::with_seed(6);
    let hash = block_hash(&mut rng);
    let real = gcs::encode(&hash, &scripts(&mut rng, 60).into_iter().collect());
    let element = script(&mut rng);
    let mut survived = 0;
    for round in 0..20_000 {
        let mut coded = if round % 2 == 0 { real.clone() } else { bytes(&mut rng, round % 90) };
        for _ in 0..rng.usize(..4).min(coded.len()) {
            let at = rng.usize(..coded.len());
            coded[at] ^= 1 << rng.u8(..8);
        }
        if let Ok(filter) = Filter::decode(&hash, &coded) {
            assert!(filter.len() * 20 <= coded.len() * 8);
            filter.contains(&element);
            survived += 1;
        }
    }
    assert!(survived > 1_000, "the damage is small enough to reach deep: {survived}");
}
