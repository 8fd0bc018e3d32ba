//! Compact filters (BIP 157, BIP 158, with Dash's contents): which blocks hold something that a wallet watches, found
//! out without saying so to anybody.
//!
//! Everything here is pure: bytes and blocks go in, what is proven or a typed error comes out. No peer, clock or store
//! is known. What takes the time is in the crate `dash-filters`.
//!
//! - [`header`] chains filters to one another: links and checkpoints.
//! - [`gcs`] is the coding of a filter, under the key that [`siphash`] has of its block.
//! - [`contents`] says what a filter holds of its block, [`judge()`] which of several filters for one block is a lie, by
//!   the block itself and by what [`clues`] its inputs give.
//! - [`matcher`] looks for thousands of scripts in one filter after another.
//!
//! A filter is believed because its hash is in the chain of filter headers, and that chain because several voices agree
//! on it: no block commits to it. Where they differ, the block of the first difference is fetched, and judges.

pub mod clues;
pub mod contents;
pub mod header;
pub mod judge;
#[cfg(test)]
mod tests;

pub use dash_filters::{gcs, matcher, siphash};

pub use contents::{MissingPrevout, build};
pub use gcs::{Filter, FilterError};
pub use header::{FilterHeaderChain, FilterHeaderError, FilterRange};
pub use judge::{Fault, judge};
pub use matcher::{BatchMatches, Matcher, Query};
pub use siphash::FilterKey;
