//! `cargo xtask bench headers`: from the bridge to IndexedDB in Chrome, and natively into memory.
//!
//! The baseline is the plain X11 rate of one worker in the same page: hashing is what a header costs at the least, so
//! the ratio says how near the client comes to one core, or with a compute worker to two.

use super::{Figure, native};
use crate::{e2e, process};
use anyhow::{Context, Result, bail};

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Headers of the shorter chain
    #[arg(long, default_value_t = 50_000)]
    short: u32,
    /// Headers of the longer chain
    #[arg(long, default_value_t = 500_000)]
    long: u32,
    /// How often to measure the shorter chain; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: u32,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let mut last = String::new();
    let status = process::tee(
        e2e::script()?
            .arg(e2e::scripts().join("bench.mjs"))
            .args(["--short", &args.short.to_string(), "--long", &args.long.to_string()])
            .args(["--rounds", &args.rounds.to_string()]),
        |line| line.clone_into(&mut last),
    )?;
    if !status.success() {
        bail!("measuring in Chrome failed");
    }
    let mut figures: Vec<Figure> = serde_json::from_str(&last).context("the figures measured in Chrome")?;
    let page_x11 = figures.first().context("no figures from Chrome")?.baseline;

    process::say("natively, into memory");
    let native = native::measure(args.short)?;
    let x11 = native.x11_per_second;
    figures.push(Figure::new("native-x11", x11, "hashes/s", page_x11));
    figures.push(Figure::new("native-memory", native.headers_per_second, "headers/s", page_x11));
    figures.push(Figure::new("native-memory-to-own-x11", native.headers_per_second, "headers/s", x11));
    Ok(figures)
}
