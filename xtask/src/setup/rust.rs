//! Rust's side: the wasm target, the toolchain's components and `wasm-bindgen`.

use crate::{paths, process};
use anyhow::{Context, Result};
use std::path::PathBuf;
use std::process::Command;

/// Must be the version of the `wasm-bindgen` crate that Cargo.lock has.
const WASM_BINDGEN: &str = "0.2.130";
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The standard library for wasm, and a C compiler for it.
pub fn wasm_target() -> Result<()> {
    super::clang::clang()?;
    let libdir =
        process::output(Command::new("rustc").args(["--print", "target-libdir", "--target", WASM_TARGET]));
    if libdir.is_some_and(|dir| PathBuf::from(dir).is_dir()) {
        return Ok(());
    }
    process::say(&format!("installing the target {WASM_TARGET}"));
    process::run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
        .context("the wasm target is missing and rustup, which would install it, did not")
}

/// rustfmt and clippy.
pub fn components() -> Result<()> {
    for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
        if process::output(process::cargo().args([probe, "--version"])).is_none() {
            process::say(&format!("installing {component}"));
            process::run(Command::new("rustup").args(["component", "add", component]))?;
        }
    }
    Ok(())
}

/// `wasm-bindgen`, and beside it the test runner.
pub fn wasm_bindgen() -> Result<PathBuf> {
    tool("wasm-bindgen-cli", "wasm-bindgen", WASM_BINDGEN)
}

/// A program from the crates registry, built once into the target folder.
fn tool(package: &str, program: &str, version: &str) -> Result<PathBuf> {
    let file = paths::tools().join("bin").join(program).with_extension(std::env::consts::EXE_EXTENSION);
    let found = process::output(Command::new(&file).arg("--version"));
    if found.is_some_and(|text| text.split_whitespace().any(|word| word == version)) {
        return Ok(file);
    }
    process::say(&format!("building {package} {version} (once, a minute or two)"));
    let build = paths::tools().join("build");
    process::run(
        process::cargo()
            .args(["install", package, "--force", "--version", &format!("={version}"), "--root"])
            .arg(paths::tools())
            .env("CARGO_TARGET_DIR", &build)
            // They run for seconds: a quick build serves better than a quick program.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    )?;
    // The intermediate files are of no further use and are large.
    std::fs::remove_dir_all(&build).ok();
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tool_and_the_crate_wasm_bindgen_are_of_one_version() {
        let lock = std::fs::read_to_string(paths::root().join("Cargo.lock")).unwrap();
        assert!(lock.contains(&format!("name = \"wasm-bindgen\"\nversion = \"{WASM_BINDGEN}\"")));
    }
}
