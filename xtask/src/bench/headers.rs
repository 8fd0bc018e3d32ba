//! `cargo xtask bench headers`: from the bridge to IndexedDB in Chrome, and natively into memory; and a visit to what was
//! stored.
//!
//! Hashing is what a header costs at the least, so that the baseline is the plain X11 rate of workers in the same page, in
//! the batches that the client makes, times the cores that were left to the client's workers while they synced: all of
//! the machine's but what everything else used (the simulated peers, the bridge, the browser with its compiler). The
//! ratio says what part of all that the client can have went into hashing: its own other work (messages, rules, storage)
//! counts against it. A second figure, `-hashing`, leaves that work out: what is missing to one is the time in which cores
//! were idle, and so it says how well requests and jobs keep ahead, but nothing of what the client's own work costs.
//!
//! The plain rate is that of a core while the others hash as well, since what machines call cores often share one, taken
//! before and after the sync; where there are no compute workers it is that of one alone.
//!
//! The chain has checkpoints as far apart as mainnet's. It is regtest's, which computes no difficulty: under such a limit
//! DarkGravityWave's arithmetic wraps to targets of thousands of hashes, and nobody mines a million of those for a
//! measurement. What it costs is measured beside, with all other rules, on mainnet's recorded headers. A third figure,
//! `-mainnet-rules`, adds that to what each header of the sync took: the rate that is left with DarkGravityWave on. It is
//! a lower bound, since the rules of regtest, which mainnet's take the place of, stay in it.
//!
//! Peers and bridge are on the same machine. A visit lasts from the call of `open` in a fresh page until the client's
//! state has the stored tip. Nothing watches the page, as nothing watches a wallet's (`tests/e2e/unwatched.mjs`).

use super::{Figure, last_line, native, recording};
use crate::{build, e2e, paths, process};
use anyhow::Result;
use serde::Deserialize;

const MIB: f64 = 1_048_576.0;
/// What a sync may take of wasm memory, in MiB.
const MEMORY: f64 = 48.0;
/// What a visit may take until its state is usable, in milliseconds.
const VISIT: f64 = 300.0;
/// Bytes of a header on the wire.
const HEADER: f64 = 80.0;

pub const HOW: &str = "Syncs of 50,000 and 1,000,000 simulated headers (medians of 5) from nothing, with a checkpoint \
    every 28,800, in a fresh profile, through the bridge from three peers on the same machine, with all rules and into \
    IndexedDB; ten visits to each longer chain, each in a fresh page.";

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Headers of the shorter chain
    #[arg(long, default_value_t = 50_000)]
    short: u32,
    /// Headers of the longer chain
    #[arg(long, default_value_t = 1_000_000)]
    long: u32,
    /// How often to measure each chain; the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How often to open a client on the longer chain; the median counts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    opens: u32,
}

/// A sync in Chrome.
#[derive(Deserialize)]
struct Sync {
    /// Headers a second.
    rate: f64,
    /// X11 hashes a second of a core while all of them hash.
    x11: f64,
    /// The same of one core alone.
    alone: f64,
    /// Cores that everything else left to the client's workers.
    left: f64,
    /// Cores that they used.
    used: f64,
    /// Bytes of wasm memory.
    memory: f64,
    /// Bytes that the browser says it stores.
    storage: f64,
    /// Milliseconds of a visit, where there were some.
    opened: Option<f64>,
}

impl Sync {
    /// Plain X11 on the cores that were left to the client.
    fn of_all(&self, name: &str) -> Figure {
        let at_most = self.x11 * self.left;
        Figure::new(name, self.rate, "headers/s", at_most, "plain X11 on the cores that were left")
    }

    /// The same, with so many microseconds more for each header, as measured on one core alone.
    fn with_rules(&self, name: &str, us: f64) -> Figure {
        // Here all cores are busy, and slower by it.
        let us = us * self.alone / self.x11;
        let rate = 1.0 / (1.0 / self.rate + us / 1e6 / self.left);
        Figure::new(name, rate, "headers/s", self.x11 * self.left, "plain X11 on the cores that were left")
    }

    /// Plain X11 on the cores that the client's other work left as well.
    fn of_hashing(&self, name: &str) -> Figure {
        let other_work = self.used - self.rate / self.x11;
        let at_most = self.x11 * (self.left - other_work);
        let against = "plain X11 on the cores that all else left, the client's other work included";
        Figure::new(name, self.rate, "headers/s", at_most, against)
    }
}

#[derive(Deserialize)]
struct Chrome {
    /// The shorter chain, without compute workers.
    none: Sync,
    /// The same, with one.
    one: Sync,
    /// The longer chain, with one.
    far: Sync,
    /// Microseconds a header that all rules take for mainnet's recorded ones, but for the hash.
    rules: f64,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let Args { short, long, .. } = *args;
    let numbers = [("--short", short), ("--long", long), ("--rounds", args.rounds), ("--opens", args.opens)];
    let vectors = recording::vectors()?.join("headers");
    build::wasm_bench()?;
    let mut script = e2e::script()?;
    script
        .arg(e2e::scripts().join("bench-headers.mjs"))
        .env("E2E_BENCH", paths::wasm_bench())
        .env("E2E_VECTORS", vectors);
    for (name, number) in numbers {
        script.args([name, &number.to_string()]);
    }
    process::say("in Chrome");
    let Chrome { none, one, far, rules } = last_line(&mut script)?;

    process::say("natively, into memory");
    let native = native::measure(short)?;

    let long_name = |what: &str| format!("chrome-idb-{long}-{what}");
    let mut figures = vec![
        // The engine's thread is all there is.
        Figure::new(
            &format!("chrome-idb-{short}-0-workers"),
            none.rate,
            "headers/s",
            none.alone,
            "plain X11 on one core",
        ),
        one.of_all(&format!("chrome-idb-{short}-1-worker")),
        far.of_all(&long_name("1-worker")),
        far.with_rules(&long_name("mainnet-rules"), rules),
        far.of_hashing(&long_name("hashing")),
        Figure::new(&long_name("to-short"), far.rate, "headers/s", one.rate, "the shorter chain"),
        Figure::new(&long_name("memory"), far.memory / MIB, "MiB of wasm memory", MEMORY, "what it may take"),
        Figure::new(
            &long_name("stored"),
            far.storage / f64::from(long),
            "bytes a header",
            HEADER,
            "on the wire",
        ),
    ];
    figures.extend(
        far.opened.map(|ms| Figure::new(&format!("chrome-open-{long}"), ms, "ms", VISIT, "what it may take")),
    );
    figures.push(Figure::new(
        "chrome-rules-mainnet",
        rules,
        "us a header",
        1e6 / one.alone,
        "its X11 hash on one core",
    ));
    let x11 = native.x11_per_second;
    figures.push(Figure::new("native-x11", x11, "hashes/s", one.alone, "one core in Chrome"));
    figures.push(Figure::new(
        "native-memory",
        native.headers_per_second,
        "headers/s",
        x11,
        "plain X11 natively",
    ));
    Ok(figures)
}
