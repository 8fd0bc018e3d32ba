//! What it takes to show that a check is needed.

use dash_spv_wasm::checks::{Check, Off};

/// The lie is refused with the check, and only with it.
pub fn assert_needed(check: Check, lie: impl Fn() -> bool) {
    assert!(!lie(), "{check:?} does not refuse its lie");
    let off = Off::check(check);
    assert!(lie(), "something else than {check:?} refuses its lie");
    drop(off);
    assert!(!lie());
}
