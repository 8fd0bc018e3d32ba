//! Basic filters (BIP 158): bytes in, values and matches out.
//!
//! - [`gcs`] is the coding of a filter, under the key that [`siphash`] has of its block.
//! - [`matcher`] looks for thousands of scripts in one filter after another.
//!
//! A wallet's search spends its time here, so this is a crate by itself: the package is compiled for size, a crate of it
//! for speed.

pub mod gcs;
pub mod matcher;
pub mod siphash;
