//! Where things lie: the project's root, the target folder and what the commands put there.

use std::env;
use std::path::{Path, PathBuf};

/// The project's root.
pub fn root() -> PathBuf {
    // Set by `cargo run`, and right also when the binary was built in another checkout.
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
    manifest.parent().map_or_else(|| manifest.clone(), Path::to_path_buf)
}

/// Cargo's target folder, which holds everything that the commands write.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Pinned tools.
pub fn tools() -> PathBuf {
    target().join("tools")
}

/// The wasm module and its JavaScript glue.
pub fn wasm() -> PathBuf {
    target().join("wasm")
}

/// The wasm module that benchmarks run in a page, and its glue.
pub fn wasm_bench() -> PathBuf {
    target().join("wasm-bench")
}

/// The npm package.
pub fn npm() -> PathBuf {
    target().join("npm")
}

/// The demo page, ready to be served.
pub fn demo() -> PathBuf {
    target().join("demo")
}

/// What end-to-end tests leave behind: pictures and reports.
pub fn e2e() -> PathBuf {
    target().join("e2e")
}

/// Recorded data of real networks, which is no part of the repository.
pub fn vectors() -> Option<PathBuf> {
    let dir = env::var_os("DASH_VECTORS").map_or_else(|| root().join("../shared/vectors"), PathBuf::from);
    dir.canonicalize().ok()
}

/// The TypeScript side.
pub fn www() -> PathBuf {
    root().join("www")
}

/// A program of an npm package that `www` depends on.
pub fn npm_bin(name: &str) -> PathBuf {
    www().join("node_modules").join(".bin").join(name)
}
