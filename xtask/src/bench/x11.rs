//! `cargo xtask bench x11`: headers hashed by the client's X11, in one worker of a page and natively.
//!
//! The baseline is `dash-pow`, the reference of the tests: its SIMD build in the same worker, in alternating rounds, and
//! its portable one natively. Before anything is measured in Chrome both have to agree on the vectors, on the recorded
//! headers and on random inputs in batches of every size, else nothing is said.

use super::{Figure, last_line, recording};
use crate::{build, e2e, paths, process};
use anyhow::Result;
use serde::Deserialize;

pub const HOW: &str = "4,000 random headers hashed in batches of eight, in one worker of a page and natively, in 41 rounds by \
    turns; before that the same hashes as the reference's on the vectors and on 100,000 random inputs in batches of every \
    size.";

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
    let vectors = recording::vectors()?.join("headers");
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

    let (simd, portable) = ("dash-pow with SIMD in the same worker", "dash-pow's portable form");
    let hashed = |name: &str, value: f64, baseline: f64, against: &str| {
        Figure::new(name, value, "hashes/s", baseline, against)
    };
    Ok(vec![
        hashed("chrome-x11", chrome.ours, chrome.reference, simd),
        hashed("chrome-x11-one-by-one", chrome.one_by_one, chrome.reference, simd),
        hashed("native-x11-portable", native.ours, native.reference, portable),
    ])
}
