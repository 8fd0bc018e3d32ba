//! The checksum of output descriptors (BIP 380): eight characters after `#`.

/// The characters that a descriptor may have, in the order that gives them their numbers.
const INPUT: &[u8] = b"0123456789()[],'/*abcdefgh@:$%{}\
IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~\
ijklmnopqrstuvwxyzABCDEFGH`#\"\\ ";

/// The characters of a checksum: those of bech32.
const OUTPUT: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Characters of a checksum.
pub const LEN: usize = 8;

const GENERATOR: [u64; 5] = [0xf5_dee5_1989, 0xa9_fdca_3312, 0x1b_ab10_e32d, 0x37_06b1_677a, 0x64_4d62_6ffd];

fn push(state: u64, symbol: u64) -> u64 {
    let top = state >> 35;
    let shifted = (state & 0x7_ffff_ffff) << 5 ^ symbol;
    GENERATOR
        .iter()
        .enumerate()
        .filter(|(bit, _)| top >> bit & 1 == 1)
        .fold(shifted, |state, (_, generator)| state ^ generator)
}

/// The checksum of a descriptor; none if it has a character that no descriptor has.
pub fn of(descriptor: &str) -> Option<String> {
    let mut state = 1;
    let mut classes = Vec::with_capacity(3);
    for character in descriptor.bytes() {
        let number = INPUT.iter().position(|known| *known == character)? as u64;
        state = push(state, number & 31);
        classes.push(number >> 5);
        if let [a, b, c] = classes[..] {
            state = push(state, a * 9 + b * 3 + c);
            classes.clear();
        }
    }
    state = match classes[..] {
        [a, b] => push(state, a * 3 + b),
        [a] => push(state, a),
        _ => state,
    };
    state = (0..LEN).fold(state, |state, _| push(state, 0)) ^ 1;
    let digit = |at: usize| char::from(OUTPUT[(state >> (5 * (LEN - 1 - at)) & 31) as usize]);
    Some((0..LEN).map(digit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BIP 380, test vectors.
    #[test]
    fn the_checksum_is_that_of_bip_380() {
        assert_eq!(of("raw(deadbeef)").as_deref(), Some("89f8spxm"));
        assert_eq!(of("raw(Ü)"), None);
        assert_eq!(INPUT.len(), 96 - 1);
    }
}
