//! Derivation paths below a public key: numbers, and at the end perhaps a `*` that stands for every index.

use super::BadTarget;
use crate::wallet::keys::{ExtendedKey, HARDENED};

/// The longest path: BIP 32 counts depth in a byte.
const MAX_STEPS: usize = 255;

/// A path without hardened steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its numbers, each below 2^31.
    pub steps: Vec<u32>,
    /// Whether `*` follows.
    pub ranged: bool,
}

impl Path {
    /// Reads `0/*`, `5`, `*` and the like.
    ///
    /// # Errors
    /// [`BadTarget::Path`], [`BadTarget::Hardened`], [`BadTarget::Depth`].
    pub fn parse(text: &str) -> Result<Self, BadTarget> {
        let (numbers, ranged) = match text.rsplit_once('/') {
            _ if text == "*" => return Ok(Self { steps: Vec::new(), ranged: true }),
            Some((numbers, "*")) => (numbers, true),
            _ => (text, false),
        };
        // A path has a few steps: what is longer is refused before it is cut into pieces.
        if numbers.len() > MAX_STEPS * 11 {
            return Err(BadTarget::Depth);
        }
        let steps = numbers.split('/').map(step).collect::<Result<Vec<_>, _>>()?;
        if steps.len() > MAX_STEPS {
            return Err(BadTarget::Depth);
        }
        Ok(Self { steps, ranged })
    }

    /// The key that the numbers lead to.
    ///
    /// # Errors
    /// [`BadTarget::Depth`] if that is too deep; [`BadTarget::Path`] if there is no such key.
    pub fn walk(&self, key: ExtendedKey, depth: u8) -> Result<ExtendedKey, BadTarget> {
        let steps = self.steps.len() + usize::from(self.ranged);
        if usize::from(depth) + steps > MAX_STEPS {
            return Err(BadTarget::Depth);
        }
        self.steps.iter().try_fold(key, |key, index| key.child(*index)).ok_or(BadTarget::Path)
    }
}

fn step(text: &str) -> Result<u32, BadTarget> {
    if text.ends_with(['\'', 'h', 'H']) {
        return Err(BadTarget::Hardened);
    }
    number(text).ok_or(BadTarget::Path)
}

/// Decimal digits and nothing else, below 2^31.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number < HARDENED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_numbers_and_perhaps_a_star() {
        let path = |steps: &[u32], ranged| Ok(Path { steps: steps.to_vec(), ranged });
        assert_eq!(Path::parse("0/*"), path(&[0], true));
        assert_eq!(Path::parse("*"), path(&[], true));
        assert_eq!(Path::parse("44/5"), path(&[44, 5], false));
        assert_eq!(Path::parse("2147483647"), path(&[2_147_483_647], false));
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "/", "/0", "0/", "m/0", "*/0", "0/**", "-1", "+1", " 1", "2147483648", "1.0", "0//1"]
        {
            assert_eq!(Path::parse(bad), Err(BadTarget::Path), "{bad:?}");
        }
        for bad in ["0'", "44h/0", "0/1H", "0/*'", "*h"] {
            assert_eq!(Path::parse(bad), Err(BadTarget::Hardened), "{bad:?}");
        }
        assert_eq!(Path::parse(&"0/".repeat(100_000)), Err(BadTarget::Depth));
        assert_eq!(Path::parse(&vec!["0"; 256].join("/")), Err(BadTarget::Depth));
    }
}
