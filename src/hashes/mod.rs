//! Hash functions that keys and addresses take, in a form that weighs little in the package.
//!
//! - `ripemd160.rs`: what is left of it for a hash of a hash. `sha512.rs`: SHA-512, and HMAC with it.
//!
//! What is hashed by them is a key or a script at a time, so that they are written as the loops of their definitions,
//! with tables. SHA-256, which much else takes, is of a library.

mod ripemd160;
mod sha512;

pub use sha512::hmac_sha512;

use sha2::{Digest, Sha256};

/// RIPEMD-160 of the SHA-256: what addresses name keys and scripts by.
pub fn hash160(bytes: &[u8]) -> [u8; 20] {
    ripemd160::of_hash(&Sha256::digest(bytes).into())
}

#[cfg(test)]
mod tests;
