//! `cargo xtask bench filters`: filters searched for a thousand scripts, and a fresh watch over a whole chain.
//!
//! The baseline of a search is the reader of the `bitcoin` crate (rust-bitcoin, BIP 158) natively on one thread, with
//! the same filters and scripts in the same run. The filters are made, of 10 to 140 scripts each (`dash-spv-bench` has
//! the mixture): the time goes with the scripts that are looked for far more than with those in a filter. All have to
//! find the same filters, those among them in which a script was put, or nothing is said.
//!
//! The watch is one of a thousand addresses, ten of them paid near the tip, in a fresh profile of Chrome, through the
//! bridge, from three peers on the same machine, into IndexedDB; it ends when everything is searched and the balance
//! right. The blocks of that chain are all but empty: a coinbase each. For filters of mainnet's size that coinbase pays
//! a crowd; `--crowd 0` leaves it at a script or two. Its seconds are compared with those of its headers alone
//! (`phases.filters` off), its bytes beyond those with the filters themselves, its wasm memory, which never shrinks,
//! with 48 MiB. That memory is the engine's; what a compute worker holds besides are a few pieces of work.

use super::{Figure, last_line};
use crate::{build, e2e, paths, process};
use anyhow::{Result, ensure};
use serde::Deserialize;

/// Of the filters and scripts.
const SEED: u32 = 1;
const MIB: f64 = 1_048_576.0;
/// What a watch may take of wasm memory.
const MEMORY: f64 = 48.0;

pub const HOW: &str = "20,000 made filters of 10 to 140 scripts searched for 1,000 scripts, the fastest of 15 rounds; and a \
    fresh watch of 1,000 addresses over 100,000 simulated blocks in a fresh profile, three times, through the bridge from \
    three peers on the same machine into IndexedDB.";

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How often to search all filters; the fastest rounds count, the other reader's as well
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Blocks that the fresh watch is over
    #[arg(long, default_value_t = 100_000)]
    height: u32,
    /// Strangers whom each of those blocks pays, beside two others
    #[arg(long, default_value_t = 73)]
    crowd: u32,
    /// How often to watch from nothing; the medians count
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    watch_rounds: u32,
}

/// What `examples/filters.rs` says.
#[derive(Deserialize)]
struct Native {
    filters: f64,
    bytes: f64,
    /// Seconds by the client's own code.
    ours: f64,
    /// Seconds by the other reader.
    reader: f64,
    found: Vec<u32>,
}

/// What `bench-filters.mjs` says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chrome {
    found: Vec<u32>,
    /// Without a compute worker and with one.
    per_second: [f64; 2],
    watch: Watch,
}

/// A fresh watch, and the sync of headers alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Watch {
    seconds: f64,
    header_seconds: f64,
    /// Received beyond what headers took.
    bytes: f64,
    filter_bytes: f64,
    memory: f64,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    process::say("natively");
    let native: Native = last_line(
        process::cargo()
            .args(["run", "--release", "--package", "dash-spv-bench", "--example", "filters", "--"])
            .args([SEED, args.rounds].map(|number| number.to_string())),
    )?;
    let reader = native.filters / native.reader;
    println!("{} filters of {:.0} bytes", native.filters, native.bytes / native.filters);

    build::wasm_bench()?;
    let mut script = e2e::script()?;
    process::say("in Chrome");
    let numbers = [
        ("--seed", SEED),
        ("--rounds", args.rounds),
        ("--height", args.height),
        ("--crowd", args.crowd),
        ("--watch-rounds", args.watch_rounds),
    ];
    script.arg(e2e::scripts().join("bench-filters.mjs")).env("E2E_BENCH", paths::wasm_bench());
    for (name, number) in numbers {
        script.args([name, &number.to_string()]);
    }
    let chrome: Chrome = last_line(&mut script)?;
    ensure!(chrome.found == native.found, "Chrome and the native reader do not find the same filters");

    let matched = |name: &str, value: f64| {
        Figure::new(name, value, "filters/s", reader, "the bitcoin crate's reader, natively on one thread")
    };
    let watch = chrome.watch;
    let name = |what: &str| format!("watch-{}-{what}", args.height);
    Ok(vec![
        matched("chrome-match-0-workers", chrome.per_second[0]),
        matched("chrome-match-1-worker", chrome.per_second[1]),
        matched("native-match", native.filters / native.ours),
        Figure::new(
            &name("to-headers-alone"),
            watch.seconds,
            "s",
            watch.header_seconds,
            "the same with headers alone",
        ),
        Figure::new(
            &name("to-its-filters"),
            watch.bytes / MIB,
            "MiB received",
            watch.filter_bytes / MIB,
            "the filters themselves",
        ),
        Figure::new(&name("memory"), watch.memory / MIB, "MiB of wasm memory", MEMORY, "what it may take"),
    ])
}
