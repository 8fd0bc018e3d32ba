//! The crate's tests: rules by example, recorded data, and seeded random input.

mod common;
mod compressed;
mod encoding;
mod frames;
mod messages;
mod networks;
mod random;
mod recorded;
mod vectors;
