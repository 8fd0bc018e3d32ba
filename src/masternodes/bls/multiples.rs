//! Odd multiples of members' keys, kept from one sum to the next.
//!
//! A masternode is in several quorums, of which a client mostly sees all: the tables take a quarter of a sum's time if
//! they are used once.
//!
//! **Bounds.** [`MAX_KEPT`] tables, some 8 MB, or those of one sum if these are more. What is kept is what any points
//! are, so that nobody's keys can change a sum of others; a hostile list of keys costs what the first sum costs.

use super::affine::{Point, add_each};
use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Multiples of a key in its table: from 1 to 31.
pub(super) const MULTIPLES: usize = 16;

/// The n-th is 2n + 1 times a point.
pub(super) type Multiples = [Point; MULTIPLES];

/// How many tables are kept: more than mainnet has masternodes.
pub(super) const MAX_KEPT: usize = 4_096;

thread_local! {
    static KEPT: RefCell<HashMap<Point, Box<Multiples>>> = RefCell::default();
}

/// Calls `sum` with the multiples of each point.
pub(super) fn with<T>(points: &[Point], sum: impl FnOnce(&[&Multiples]) -> T) -> T {
    KEPT.with_borrow_mut(|kept| {
        if kept.len() + points.len() > MAX_KEPT {
            kept.clear();
        }
        let mut new = Vec::new();
        for point in points {
            if let Entry::Vacant(place) = kept.entry(*point) {
                place.insert(Box::new([*point; MULTIPLES]));
                new.push(*point);
            }
        }
        fill(kept, &new);
        sum(&points.iter().map(|point| &*kept[point]).collect::<Vec<_>>())
    })
}

/// Computes the tables of these points, side by side.
fn fill(kept: &mut HashMap<Point, Box<Multiples>>, new: &[Point]) {
    let twice = add_each(&new.iter().map(|&point| (point, point)).collect::<Vec<_>>());
    let mut highest = new.to_vec();
    for place in 1..MULTIPLES {
        highest = add_each(&highest.into_iter().zip(twice.iter().copied()).collect::<Vec<_>>());
        for (point, multiple) in new.iter().zip(&highest) {
            if let Some(multiples) = kept.get_mut(point) {
                multiples[place] = *multiple;
            }
        }
    }
}

/// Keeps no table any longer.
pub(super) fn forget() {
    KEPT.take();
}

/// How many tables are kept.
#[cfg(test)]
pub(super) fn kept() -> usize {
    KEPT.with_borrow(HashMap::len)
}
