//! The crate's tests: rules by example, recorded data, and seeded random input.

mod bls;
mod common;
mod compressed;
mod encoding;
mod filters;
mod frames;
mod generate;
mod hostile;
mod locks;
mod masternodes;
mod merkle;
mod messages;
mod networks;
mod quorums;
mod random;
mod recorded;
mod transactions;
mod vectors;
