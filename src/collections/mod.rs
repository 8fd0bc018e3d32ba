//! Ordered maps and sets of moderate size, and a sort, that weigh little in the package.
//!
//! What is generic is compiled once for each type that it holds. A `BTreeMap` that is filled and emptied costs 7 kB of
//! wasm for each pair of types, collecting into one or sorting a slice 10 kB more; the same in a sorted vector costs a
//! few hundred bytes, and is as fast or faster up to some thousands of entries. Above that an insertion in the middle
//! or at the front, which moves what lies behind it, is what counts: 1 MB of it takes less than a tenth of a
//! millisecond. So [`SortedMap`] and [`SortedSet`] are for what is bounded by about 256 kB of entries, is filled in its
//! keys' order or seldom changes, and `BTreeSet` and `HashMap` are for the rest.
//!
//! - `map.rs` and `set.rs` have the two types, with the names of the standard library's methods.
//! - `gather.rs` collects into vectors, `sort.rs` sorts slices where speed does not matter.

mod gather;
mod map;
mod set;
mod sort;

pub use gather::{Gather, Gathered};
pub use map::{Entry, SortedMap};
pub use set::SortedSet;
pub use sort::{sort, sort_by_key};

#[cfg(test)]
mod tests;
