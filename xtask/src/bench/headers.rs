//! `cargo xtask bench headers`: from the bridge to IndexedDB in Chrome, and natively into memory; and a visit to what was
//! stored.
//!
//! Hashing is what a header costs at the least, so that the baseline is the plain X11 rate of one worker in the same
//! page, in the batches that the client makes, times the cores that were left to the page while it synced: all of the
//! machine's but what other processes used (the simulated peers, the bridge, the browser's own). The ratio says what
//! part of all that a page can have went into hashing.
//!
//! The chain is a devnet's, where difficulty is computed for each header. Peers and bridge are on the same machine. A
//! visit lasts from the call of `open` in a fresh page until the client's state has the stored tip.

use super::{Figure, last_line, native};
use crate::{e2e, process};
use anyhow::Result;
use serde::Deserialize;

const MIB: f64 = 1_048_576.0;
/// What a sync may take of wasm memory, in MiB.
const MEMORY: f64 = 48.0;
/// What a visit may take until its state is usable, in milliseconds.
const VISIT: f64 = 300.0;
/// Bytes of a header on the wire.
const HEADER: f64 = 80.0;

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Headers of the shorter chain
    #[arg(long, default_value_t = 50_000)]
    short: u32,
    /// Headers of the longer chain
    #[arg(long, default_value_t = 1_000_000)]
    long: u32,
    /// How often to measure the shorter chain; the median counts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
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
    /// X11 hashes a second of one worker.
    x11: f64,
    /// Cores that other processes left.
    left: f64,
    /// Bytes of wasm memory.
    memory: f64,
    /// Bytes that the browser says it stores.
    storage: f64,
    /// Milliseconds of a visit, where there were some.
    opened: Option<f64>,
}

#[derive(Deserialize)]
struct Chrome {
    /// The shorter chain, without compute workers.
    none: Sync,
    /// The same, with one.
    one: Sync,
    /// The longer chain, with one.
    far: Sync,
}

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let Args { short, long, .. } = *args;
    let numbers = [("--short", short), ("--long", long), ("--rounds", args.rounds), ("--opens", args.opens)];
    let mut script = e2e::script()?;
    script.arg(e2e::scripts().join("bench-headers.mjs"));
    for (name, number) in numbers {
        script.args([name, &number.to_string()]);
    }
    process::say("in Chrome");
    let Chrome { none, one, far } = last_line(&mut script)?;

    process::say("natively, into memory");
    let native = native::measure(short)?;

    let of_hashing =
        |name: String, sync: &Sync, cores: f64| Figure::new(&name, sync.rate, "headers/s", sync.x11 * cores);
    let mut figures = vec![
        // The engine's thread is all there is.
        of_hashing(format!("chrome-idb-{short}-0-workers"), &none, none.left.min(1.0)),
        of_hashing(format!("chrome-idb-{short}-1-worker"), &one, one.left),
        of_hashing(format!("chrome-idb-{long}-1-worker"), &far, far.left),
        Figure::new(&format!("chrome-idb-{long}-to-{short}"), far.rate, "headers/s", one.rate),
        Figure::new(&format!("chrome-idb-{long}-memory"), far.memory / MIB, "MiB of wasm memory", MEMORY),
        Figure::new("chrome-idb-stored-header", far.storage / f64::from(long), "bytes", HEADER),
    ];
    figures.extend(far.opened.map(|ms| Figure::new(&format!("chrome-open-{long}"), ms, "ms", VISIT)));
    let x11 = native.x11_per_second;
    figures.push(Figure::new("native-x11", x11, "hashes/s", one.x11));
    figures.push(Figure::new("native-memory", native.headers_per_second, "headers/s", x11));
    Ok(figures)
}
