//! Builds: the wasm module, the page's side around it, and the native programs that tests run.

mod order;

use crate::{paths, process, setup};
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

/// How the module as a whole is compiled and linked:
/// - Functions that need much of the stack are not moved into others: the long ones that come of it compress badly.
/// - What takes more than two stores to copy, of 16 bytes each, is copied by the instruction for it. With one store
///   instead of two 6 kB more are saved, but arithmetic on curves takes a fifth longer.
/// - The stack, which lies first, leaves room for all data below 1 MB, where an address takes three bytes and not four.
const WASM_CODEGEN: &[&str] = &[
    "-C",
    "llvm-args=-inline-max-stacksize=128 -max-store-memcpy=2 -max-store-memmove=2",
    "-C",
    "link-arg=-zstack-size=917504",
];

/// How wasm-opt makes it small. No byte below the first kilobyte is in use: there the stack would end. A function with
/// one caller is moved there if it is short. What -Oz does beyond -O2 takes out bytes, but leaves more after gzip.
const WASM_OPT: &[&str] = &["-O2", "--low-memory-unused", "--one-caller-inline-max-function-size=50"];

/// Lays functions in the order of their names (`order.rs`), and takes out the names, which nobody needs any more.
const WASM_ORDER: &[&str] = &["--reorder-functions-by-name", "--strip-debug", "--strip-producers"];

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
    module("dash-spv-wasm", &paths::wasm())
}

/// What `cargo xtask bench masternodes` and `filters` run in a page, built as the wasm module is, into `target/wasm-bench`.
pub fn wasm_bench() -> Result<()> {
    module("dash-spv-bench", &paths::wasm_bench())
}

/// The client's module as the linker left it.
pub fn linked_wasm() -> PathBuf {
    linked("dash_spv_wasm")
}

fn linked(name: &str) -> PathBuf {
    let folder = paths::target().join("wasm32-unknown-unknown").join(WASM_PROFILE);
    folder.join(name).with_extension("wasm")
}

/// A package's wasm module, optimised, with its glue.
fn module(package: &str, out: &Path) -> Result<()> {
    setup::wasm_target()?;
    setup::npm()?;
    process::say(&format!("building the wasm module of {package}"));
    // The crate type is asked for here alone: as its manifest's, native builds would link it as well, and builds with
    // other features would replace each other.
    let compile = || {
        process::run(
            process::cargo()
                .args(["rustc", "--profile", WASM_PROFILE, "--target", "wasm32-unknown-unknown"])
                .args(["-p", package, "--lib", "--crate-type", "cdylib", "--"])
                .args(WASM_CODEGEN),
        )
    };
    // Optimised as a whole, the module keeps one core busy for minutes: what it is worked on with is built beside it.
    let bindgen = thread::scope(|scope| {
        let bindgen = scope.spawn(setup::wasm_bindgen);
        compile()?;
        bindgen.join().map_err(|_| anyhow!("setting up wasm-bindgen broke off"))?
    })?;
    let name = package.replace('-', "_");
    let linked = linked(&name);
    fs::create_dir_all(out)?;
    // wasm-opt takes the longest; nothing to do when the linker's output, the options and what orders functions are those
    // of the last time.
    let stamp = out.join(".built-from");
    let mut made_of = fs::read(&linked).with_context(|| linked.display().to_string())?;
    made_of.extend([WASM_OPT, WASM_ORDER].concat().concat().bytes());
    made_of.extend(include_bytes!("build/order.rs"));
    if fs::read(&stamp).is_ok_and(|of| of == made_of) {
        return Ok(());
    }
    process::run(
        Command::new(bindgen)
            .args(["--target", "web", "--out-name", &name, "--out-dir"])
            .arg(out)
            .arg(&linked),
    )?;
    let module = out.join(format!("{name}_bg.wasm"));
    let optimise = |passes: &[&str]| {
        let mut command = Command::new(paths::npm_bin("wasm-opt"));
        process::run(command.args(WASM_FEATURES).args(passes).arg(&module).arg("-o").arg(&module))
    };
    optimise(WASM_OPT)?;
    fs::write(&module, order::with_names_in_order(&fs::read(&module)?)?)?;
    optimise(WASM_ORDER)?;
    fs::write(stamp, made_of)?;
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

/// Builds the native programs, in the profile that this program was built in.
///
/// This package is named with them: with it they have the features, and so the libraries, that it was built with itself.
pub fn programs() -> Result<Programs> {
    process::say("building dash-ws-bridge and dash-simnet");
    process::run(
        process::cargo()
            .args(["build", "--profile", process::PROFILE.0, "-p", "xtask", "-p", "dash-ws-bridge"])
            .args(["-p", "simnet"])
            .args(["--bin", "dash-ws-bridge", "--bin", "dash-simnet"]),
    )?;
    let program = |name: &str| {
        paths::target().join(process::PROFILE.1).join(name).with_extension(std::env::consts::EXE_EXTENSION)
    };
    Ok(Programs { bridge: program("dash-ws-bridge"), simnet: program("dash-simnet") })
}
