//! Builds: the wasm module, the page's side around it, and the native programs that tests run.

use crate::{paths, process, setup};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// The settings of Cargo.toml that the wasm is built with.
const WASM_PROFILE: &str = "wasm";

/// What every browser that the client supports has, and rustc emits.
const WASM_FEATURES: &[&str] = &[
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The wasm module, optimised, with its glue, into `target/wasm`.
pub fn wasm() -> Result<()> {
    setup::wasm_target()?;
    let bindgen = setup::wasm_bindgen()?;
    setup::npm()?;
    process::say("building the wasm module");
    // As the one crate type asked for: link-time optimisation is left out where an rlib is built as well.
    process::run(
        process::cargo()
            .args(["rustc", "--profile", WASM_PROFILE, "--target", "wasm32-unknown-unknown"])
            .args(["-p", "dash-spv-wasm", "--lib", "--crate-type", "cdylib"]),
    )?;
    let linked = paths::target().join("wasm32-unknown-unknown").join(WASM_PROFILE).join("dash_spv_wasm.wasm");
    fs::create_dir_all(paths::wasm())?;
    // wasm-opt takes the longest; nothing to do when the linker's output is the one of the last time.
    let stamp = paths::wasm().join(".built-from");
    let bytes = fs::read(&linked).with_context(|| linked.display().to_string())?;
    if fs::read(&stamp).is_ok_and(|of| of == bytes) {
        return Ok(());
    }
    process::run(
        Command::new(bindgen)
            .args(["--target", "web", "--out-name", "dash_spv_wasm", "--out-dir"])
            .arg(paths::wasm())
            .arg(&linked),
    )?;
    let module = paths::wasm().join("dash_spv_wasm_bg.wasm");
    process::run(
        Command::new(paths::npm_bin("wasm-opt"))
            .arg("-O3")
            .args(WASM_FEATURES)
            .arg(&module)
            .arg("-o")
            .arg(&module),
    )?;
    fs::write(stamp, bytes)?;
    Ok(())
}

/// The npm package into `target/npm` and the demo page into `target/demo`.
pub fn www() -> Result<()> {
    wasm()?;
    process::say("building the package and the page");
    process::run(
        Command::new("node")
            .arg("build.mjs")
            .arg("--wasm")
            .arg(paths::wasm())
            .arg("--out")
            .arg(paths::npm())
            .arg("--demo")
            .arg(paths::demo())
            .args(["--version", env!("CARGO_PKG_VERSION")])
            .current_dir(paths::www()),
    )
}

/// The programs `dash-ws-bridge` and `dash-simnet`.
pub struct Programs {
    pub bridge: PathBuf,
    pub simnet: PathBuf,
}

/// Builds the native programs, optimised.
pub fn programs() -> Result<Programs> {
    process::say("building dash-ws-bridge and dash-simnet");
    process::run(
        process::cargo().args(["build", "--release", "-p", "dash-ws-bridge", "-p", "simnet"]).args([
            "--bin",
            "dash-ws-bridge",
            "--bin",
            "dash-simnet",
        ]),
    )?;
    let program = |name: &str| {
        paths::target().join("release").join(name).with_extension(std::env::consts::EXE_EXTENSION)
    };
    Ok(Programs { bridge: program("dash-ws-bridge"), simnet: program("dash-simnet") })
}
