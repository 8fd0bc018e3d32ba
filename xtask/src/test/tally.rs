//! Counting: what test runners print, read into numbers.

use std::fmt;
use std::ops::Add;
use std::process::ExitStatus;

/// How many tests ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
    pub skipped: u32,
}

impl Tally {
    /// Takes a line of cargo's or wasm-bindgen's runner: `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub fn libtest(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        for part in counts.split(['.', ';']) {
            let Some((count, what)) = part.trim().split_once(' ') else { continue };
            let Ok(count) = count.parse::<u32>() else { continue };
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.skipped += count,
                _ => {}
            }
        }
    }

    /// Takes a line of Node.js's summary: `ℹ pass 3` or `# pass 3`.
    pub fn node(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let (Some("ℹ" | "#"), Some(what), Some(count), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return;
        };
        let Ok(count) = count.parse::<u32>() else { return };
        match what {
            "pass" => self.passed += count,
            "fail" | "cancelled" => self.failed += count,
            "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }

    /// A runner that failed without a failed test (it did not build, or died) counts as one; so does one without any
    /// test, which is never what was meant.
    pub fn with_exit(mut self, status: ExitStatus) -> Self {
        if self.failed == 0 && (!status.success() || self == Self::default()) {
            self.failed = 1;
        }
        self
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_s_results_add_up_over_test_binaries() {
        let mut tally = Tally::default();
        tally.libtest("running 4 tests");
        tally.libtest(
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        );
        tally.libtest("test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(tally, Tally { passed: 6, failed: 3, skipped: 1 });
    }

    #[test]
    fn node_s_summary_is_read_in_both_its_forms() {
        for mark in ["ℹ", "#"] {
            let mut tally = Tally::default();
            for line in ["tests 9", "suites 0", "pass 5", "fail 1", "cancelled 1", "skipped 1", "todo 1"] {
                tally.node(&format!("{mark} {line}"));
            }
            assert_eq!(tally, Tally { passed: 5, failed: 2, skipped: 2 });
        }
    }

    #[test]
    fn what_a_test_itself_prints_is_not_counted() {
        let mut tally = Tally::default();
        tally.node("# pass the salt 3");
        tally.node("pass 3");
        tally.libtest("3 passed; 0 failed");
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn a_tally_reads_as_continuous_integration_expects() {
        assert_eq!(Tally { passed: 12, failed: 0, skipped: 3 }.to_string(), "12 passed, 0 failed");
    }
}
