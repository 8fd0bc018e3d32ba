//! Sets of bits with their length (`DYNBITSET`).

/// So many bits, the first being the least significant of the first byte. No bit is set beyond the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct BitSet {
    len: usize,
    bytes: Vec<u8>,
}
