//! The parts of AES that Grøstl, SHAvite-3 and ECHO share, sliced into bits: one vector for each bit of a byte, a byte
//! of the vector for a place in the state, and in that byte one bit for each of eight messages.
//!
//! | file | holds |
//! |---|---|
//! | `slices.rs` | from messages to slices and back |
//! | `sbox.rs` | the S-box as a circuit |
//! | `round.rs` | ShiftRows and MixColumns, and whole rounds |
//!
//! Nothing looks anything up, so that the time does not depend on what is hashed.

mod round;
mod sbox;
mod slices;

pub(crate) use round::{Wiring, mix_columns, round, times_x};
pub(crate) use sbox::{AFFINE, sub_bytes};
pub(crate) use slices::{constant, slice, turn};

use crate::vector::V128;

/// Bits of as many bytes as a vector has, of eight messages: the first vector holds the least significant ones.
pub(crate) type Slices = [V128; 8];
