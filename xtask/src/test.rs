//! `cargo xtask test`: every test there is, and a count at the end.
//!
//! Four runners, each of which a developer can call alone: `native` (cargo), `www` (the TypeScript side's own tests, and
//! the package's weight), `browser` (Rust tests in a headless Chrome, by wasm-bindgen's runner) and `e2e` (the page against the simulated network). One
//! that fails does not keep the next from running. With CI in the environment a skipped test counts as a failure.

mod tally;

use crate::{build, e2e, paths, process, setup, size};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::env;
use std::process::Command;
pub use tally::Tally;

/// Which tests to run.
#[derive(clap::Args)]
pub struct Args {
    /// None: all, in this order
    runners: Vec<Runner>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Runner {
    /// cargo test over the workspace
    Native,
    /// The TypeScript side's tests, in Node.js, and what the package may weigh
    Www,
    /// Rust tests in a headless Chrome
    Browser,
    /// The page in a headless Chrome, against the simulated network
    E2e,
}

impl Runner {
    fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Www => "www",
            Self::Browser => "browser",
            Self::E2e => "e2e",
        }
    }

    fn run(self) -> Result<Tally> {
        match self {
            Self::Native => native(),
            Self::Www => www(),
            Self::Browser => browser(),
            Self::E2e => e2e::test(),
        }
    }
}

/// Runs the tests, prints the counts, and fails when one failed or, in continuous integration, was skipped.
pub fn run(args: &Args) -> Result<()> {
    let runners = if args.runners.is_empty() { Runner::value_variants() } else { &args.runners };
    if runners.iter().any(|runner| matches!(runner, Runner::Browser | Runner::E2e)) {
        // What only the user can install is asked for before anything long begins.
        setup::chrome()?;
    }
    let mut results = Vec::new();
    for runner in runners {
        process::say(&format!("tests: {}", runner.name()));
        let tally = runner.run().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally { failed: 1, ..Tally::default() }
        });
        results.push((runner.name(), tally));
    }

    let total = results.iter().fold(Tally::default(), |sum, (_, tally)| sum + *tally);
    println!();
    for (name, tally) in results.iter().filter(|(_, tally)| tally.skipped > 0) {
        println!("{name}: {} skipped", tally.skipped);
    }
    for (name, tally) in &results {
        println!("{name}: {tally}");
    }
    println!("{total}");
    if total.failed > 0 {
        bail!("tests failed");
    }
    if total.skipped > 0 && env::var_os("CI").is_some() {
        bail!("tests were skipped, which continuous integration does not allow");
    }
    Ok(())
}

fn native() -> Result<Tally> {
    counted(process::cargo().args(["test", "--workspace", "--no-fail-fast"]), Tally::libtest)
}

fn www() -> Result<Tally> {
    build::www()?;
    Ok(size::check_budgets()? + node_tests(setup::npm_command().args(["test", "--silent"]))?)
}

fn browser() -> Result<Tally> {
    setup::wasm_target()?;
    let runner = setup::wasm_bindgen()?.with_file_name("wasm-bindgen-test-runner");
    let chrome = setup::chrome()?;
    let mut command = process::cargo();
    command
        .args(["test", "--target", "wasm32-unknown-unknown", "-p", "dash-spv-wasm", "--test", "browser"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner)
        .env("CHROMEDRIVER", chrome.driver)
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
        .env("WASM_BINDGEN_TEST_DRIVER_TIMEOUT", "60");
    // A page reads no files: what is tested against vectors has them built in. Cargo adds these flags to those of
    // `.cargo/config.toml`.
    let vectors = paths::vectors();
    if let Some(vectors) = &vectors {
        command
            .env("DASH_VECTORS", vectors)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "--cfg dash_vectors");
    }
    let mut tally = counted(&mut command, Tally::libtest)?;
    if vectors.is_none() {
        println!("skipped: every_vector_has_its_hash: no vectors");
        tally.skipped += 1;
    }
    Ok(tally)
}

/// Runs a command that ends in Node.js's test summary.
pub fn node_tests(command: &mut Command) -> Result<Tally> {
    counted(command, Tally::node)
}

/// Runs a command and reads its lines into numbers.
fn counted(command: &mut Command, read: fn(&mut Tally, &str)) -> Result<Tally> {
    let mut tally = Tally::default();
    let status = process::tee(command, |line| read(&mut tally, line))?;
    Ok(tally.with_exit(status))
}
