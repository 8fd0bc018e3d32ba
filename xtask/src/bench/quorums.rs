//! `cargo xtask bench quorums`: both signatures of every commitment that mainnet's recording proves, in batches as the
//! client makes them, natively and in Chrome on one thread each.
//!
//! The baseline is the same commitments checked one by one by the same library, in the same page or program and by
//! turns. Each round decodes all members' keys anew on both sides.

use super::{Figure, last_line, median, recording};
use crate::{build, e2e, paths, process};
use anyhow::{Result, bail};
use dash_spv_bench::{BenchError, Recording, checks, prove, verify, verify_one_by_one};
use serde::Deserialize;
use std::path::Path;
use std::time::Instant;

pub const HOW: &str = "Both signatures of every commitment that mainnet's recorded rotation info and its neighbours prove, \
    on one thread, with no key decoded before; medians of 5 rounds by turns.";

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How often to measure; the medians count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// Milliseconds for all commitments.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Measured {
    quorums: usize,
    batches: f64,
    one_by_one: f64,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let vectors = recording::folder()?;
    build::wasm_bench()?;
    process::say("natively");
    let native = natively(&recording::read(&vectors)?, args.rounds)?;
    process::say("in Chrome");
    let chrome = in_chrome(&vectors, args.rounds)?;
    if native.quorums != chrome.quorums {
        bail!("{} quorums natively and {} in Chrome", native.quorums, chrome.quorums);
    }
    println!("{} commitments", native.quorums);
    let figure = |name: &str, took: &Measured| {
        Figure::new(name, took.batches, "ms", took.one_by_one, "one by one, by the same library")
    };
    Ok(vec![figure("chrome-quorums", &chrome), figure("native-quorums", &native)])
}

fn natively(recording: &Recording, rounds: u32) -> Result<Measured> {
    let lists = prove(recording, &recording.full_list()?)?;
    let checks = checks(recording, &lists)?;
    let (mut batches, mut one_by_one) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        batches.push(ms(|| verify(&checks))?);
        one_by_one.push(ms(|| verify_one_by_one(&checks))?);
    }
    Ok(Measured { quorums: checks.len(), batches: median(batches), one_by_one: median(one_by_one) })
}

fn ms(what: impl FnOnce() -> Result<(), BenchError>) -> Result<f64> {
    let began = Instant::now();
    what()?;
    Ok(began.elapsed().as_secs_f64() * 1_000.0)
}

fn in_chrome(vectors: &Path, rounds: u32) -> Result<Measured> {
    last_line(
        e2e::node()?
            .arg(e2e::scripts().join("bench-quorums.mjs"))
            .args(["--rounds", &rounds.to_string()])
            .env("E2E_BENCH", paths::wasm_bench())
            .env("E2E_VECTORS", vectors),
    )
}
