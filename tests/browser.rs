//! Tests of what only a browser has: IndexedDB, timers, workers, the JavaScript border, X11 and the matching of
//! filters as the browser runs them.
//! Run by `cargo xtask test browser`, in a dedicated worker like the engine itself.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use wasm_bindgen_test::wasm_bindgen_test_configure;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

mod browser {
    mod border;
    mod clock;
    mod filters;
    mod quorums;
    mod records;
    mod socket;
    mod storage;
    mod store;
    mod support;
    mod wire;
    mod workers;
    mod x11;
}
