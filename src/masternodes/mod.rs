//! Masternode lists and quorums.

pub mod bls;
