//! Held against the standard library's maps, sets and sorts, on random input.

use super::{Gather, SortedMap, SortedSet, sort, sort_by_key};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn a_sorted_map_does_what_a_b_tree_does() {
    let mut rng = fastrand::Rng::with_seed(1);
    let (mut map, mut model) = (SortedMap::new(), BTreeMap::new());
    for step in 0..20_000 {
        let key = rng.u32(0..64);
        match rng.u8(0..8) {
            0..3 => assert_eq!(map.insert(key, step), model.insert(key, step)),
            3 => assert_eq!(map.remove(&key), model.remove(&key)),
            4 => {
                *map.entry(key).or_default() += step;
                *model.entry(key).or_default() += step;
            }
            5 => {
                let range = key..rng.u32(key..70);
                assert!(map.range(range.clone()).eq(model.range(range.clone())));
                assert!(map.range(..=range.end).rev().eq(model.range(..=range.end).rev()));
                map.range_mut(range.clone()).for_each(|(_, value)| *value += 1);
                model.range_mut(range).for_each(|(_, value)| *value += 1);
            }
            6 => {
                assert_eq!(map.get(&key), model.get(&key));
                assert_eq!(
                    (map.first_key_value(), map.last_key_value()),
                    (model.first_key_value(), model.last_key_value())
                );
            }
            _ if step % 97 == 0 => {
                let (off, model_off) = (map.split_off(&key), model.split_off(&key));
                assert!(off.into_iter().eq(model_off));
            }
            _ if step % 13 == 0 => assert_eq!(map.pop_first(), model.pop_first()),
            _ if step % 11 == 0 => assert_eq!(map.pop_last(), model.pop_last()),
            _ => {
                map.retain(|key, value| (*key + *value) % 23 > 0);
                model.retain(|key, value| (*key + *value) % 23 > 0);
            }
        }
        assert!(map.iter().eq(&model) && map.len() == model.len());
    }
}

#[test]
fn a_sorted_set_does_what_a_b_tree_does() {
    let mut rng = fastrand::Rng::with_seed(2);
    let (mut set, mut model) = (SortedSet::new(), BTreeSet::new());
    for _ in 0..20_000 {
        let member = rng.u32(0..64);
        match rng.u8(0..8) {
            0..4 => assert_eq!(set.insert(member), model.insert(member)),
            4..6 => assert_eq!(set.remove(&member), model.remove(&member)),
            6 => {
                assert_eq!(set.contains(&member), model.contains(&member));
                assert!(set.range(member..).eq(model.range(member..)));
                assert_eq!((set.first(), set.last()), (model.first(), model.last()));
            }
            _ => assert_eq!((set.pop_first(), set.pop_last()), (model.pop_first(), model.pop_last())),
        }
        assert!(set.iter().eq(&model) && set.len() == model.len());
    }
    let (ours, theirs) = (SortedSet::from([1, 2, 3, 5]), SortedSet::from([2, 3, 4]));
    assert!(ours.difference(&theirs).eq(&[1, 5]));
    assert!(!ours.is_subset(&theirs) && SortedSet::from([3]).is_subset(&ours));
}

#[test]
fn a_range_that_ends_before_it_starts_is_empty() {
    let map = SortedMap::from([(1, 'a'), (5, 'e'), (9, 'i')]);
    let (start, end) = (9, 1);
    assert_eq!(map.range(start..end).count(), 0);
}

#[test]
fn of_equal_keys_the_last_value_counts() {
    assert!(SortedMap::from([(2, 'x'), (1, 'a'), (2, 'b')]).into_iter().eq([(1, 'a'), (2, 'b')]));
}

#[test]
fn slices_of_every_length_are_sorted() {
    let mut rng = fastrand::Rng::with_seed(3);
    for len in 0..200 {
        let mut values: Vec<u8> = std::iter::repeat_with(|| rng.u8(0..50)).take(len).collect();
        let mut sorted = values.clone();
        sorted.sort_unstable();
        sort(&mut values);
        assert_eq!(values, sorted);
        sort_by_key(&mut values, |value| Reverse(*value));
        sorted.reverse();
        assert_eq!(values, sorted);
    }
}

#[test]
fn what_gathers_takes_every_item_or_those_before_the_first_that_is_none() {
    let numbers: Vec<u32> = (0..5).gather();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
    let mut asked = 0;
    let mut upto = |limit: u32| -> Result<Vec<u32>, u32> {
        asked = 0;
        (0..5)
            .map(|number| {
                asked += 1;
                if number < limit { Ok(number) } else { Err(number) }
            })
            .gather()
    };
    assert_eq!(upto(5), Ok(vec![0, 1, 2, 3, 4]));
    assert_eq!(upto(2), Err(2));
    assert_eq!(asked, 3);
    let some: Option<Vec<u32>> = [Some(1), Some(2)].into_iter().gather();
    let none: Option<Vec<u32>> = [Some(1), None].into_iter().gather();
    assert_eq!((some, none), (Some(vec![1, 2]), None));
}
