//! `cargo xtask bench x11`: headers hashed by the client's X11, in one worker of a page and natively.
//!
//! The baseline is `dash-pow`, the reference of the tests: its SIMD build in the same worker, in alternating rounds, and
//! its portable one natively. Before anything is measured in Chrome both have to agree on the vectors, on the recorded
//! headers and on random inputs in batches of every size, else nothing is said.

use super::Figure;
use crate::{build, e2e, paths, process};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::process::Command;

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How often to hash all inputs by either; the medians count
    #[arg(long, default_value_t = 41, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Of the inputs
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Hashes per second natively.
#[derive(Deserialize)]
struct Native {
    ours: f64,
    reference: f64,
}

/// Hashes per second in Chrome.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chrome {
    ours: f64,
    reference: f64,
    /// Each hash by itself.
    one_by_one: f64,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let vectors = paths::vectors().map(|dir| dir.join("headers")).filter(|dir| dir.is_dir());
    let Some(vectors) = vectors else {
        bail!(
            "no vectors: name the folder that holds them in DASH_VECTORS, or put them into ../shared/vectors"
        );
    };
    process::say("natively");
    let native: Native = last_line(
        process::cargo()
            .args(["run", "--release", "--package", "dash-spv-bench", "--example", "x11", "--"])
            .args([args.seed, args.rounds].map(|number| number.to_string())),
    )?;

    build::wasm_bench()?;
    process::say("in Chrome");
    let chrome: Chrome = last_line(
        e2e::node()?
            .arg(e2e::scripts().join("bench-x11.mjs"))
            .args(["--seed", &args.seed.to_string(), "--rounds", &args.rounds.to_string()])
            .env("E2E_BENCH", paths::wasm_bench())
            .env("E2E_VECTORS", &vectors),
    )?;

    println!(
        "\nbaseline: dash-pow, with SIMD in the same worker of Chrome, and natively in its portable form"
    );
    let hashed = |name: &str, value: f64, baseline: f64| Figure::new(name, value, "hashes/s", baseline);
    Ok(vec![
        hashed("chrome-x11", chrome.ours, chrome.reference),
        hashed("chrome-x11-one-by-one", chrome.one_by_one, chrome.reference),
        hashed("native-x11-portable", native.ours, native.reference),
    ])
}

/// Runs a program whose last line is what it measured.
fn last_line<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    let mut last = String::new();
    let status = process::tee(command, |line| line.clone_into(&mut last))?;
    if !status.success() {
        bail!("measuring failed");
    }
    serde_json::from_str(&last).context("what was measured")
}
