//! `cargo xtask sim qrinfo`: both ways of asking for the same quorums, and the parallel one where requests fail.

use crate::bench::{Figure, print};
use anyhow::{Result, anyhow, bail};
use dash_spv_wasm::engine::QrInfoMode;
use simnet::measure::qrinfo::{Run, Setup, median, run as simulate};

/// Of 100 requests for lists, how many are never answered in the second part.
const FAILING: u32 = 50;
/// Parallel time over one-at-a-time time is to be below this.
const PROMISED_RATIO: f64 = 0.2;
/// With failing requests it is to take no more than so many times as long.
const PROMISED_DELAY: f64 = 3.0;

/// The network.
#[derive(clap::Args)]
pub struct Args {
    /// How many seeds to run; the medians count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Cycles before the newest one whose quorums are proven, too
    #[arg(long, default_value_t = Setup::default().history, value_parser = clap::value_parser!(u32).range(0..=64))]
    history: u32,
    /// Milliseconds from a request to its answer besides serving it
    #[arg(long, default_value_t = Setup::default().latency_ms)]
    latency: u64,
    /// Milliseconds that a peer works on a list diff
    #[arg(long, default_value_t = Setup::default().list_cost_ms)]
    list_cost: u64,
    /// Milliseconds that a peer works on rotation info
    #[arg(long, default_value_t = Setup::default().qrinfo_cost_ms)]
    qrinfo_cost: u64,
}

/// Simulates, prints, and fails where a promise is not kept.
pub fn run(args: &Args) -> Result<()> {
    let setup = Setup {
        latency_ms: args.latency,
        list_cost_ms: args.list_cost,
        qrinfo_cost_ms: args.qrinfo_cost,
        history: args.history,
        ..Setup::default()
    };
    println!(
        "{} peers, each {} ms away; one request at a time: {} ms a list diff, {} ms rotation info; {} cycles of history; \
         {} blocks",
        setup.peers, args.latency, args.list_cost, args.qrinfo_cost, args.history, setup.height
    );
    println!(
        "{:>6} {:<22} {:>9} {:>8} {:>8} {:>9} {:>9} {:>8}",
        "seed", "way", "ms", "qrinfos", "diffs", "verified", "fallback", "breaker"
    );
    let (mut one, mut parallel, mut failing) = (Vec::new(), Vec::new(), Vec::new());
    for seed in args.first_seed..args.first_seed + args.seeds {
        let run = |name: &str, mode, failing| {
            let run = simulate(seed, setup, mode, failing).map_err(|failure| anyhow!("{failure}"))?;
            show(seed, name, &run);
            anyhow::Ok(run)
        };
        let sequential = run("one at a time", QrInfoMode::Sequential, 0)?;
        let spread = run("parallel", QrInfoMode::Parallel, 0)?;
        let disturbed = run("parallel, half failing", QrInfoMode::Parallel, FAILING)?;
        if sequential.verified != spread.verified || sequential.verified != disturbed.verified {
            bail!("seed {seed}: the ways of asking did not prove the same quorums");
        }
        one.push(sequential);
        parallel.push(spread);
        failing.push(disturbed);
    }
    let middle = |runs: &[Run]| median(runs.iter().map(|run| run.ms).collect()) as f64;
    let figures = [
        Figure::new("qrinfo-parallel", middle(&parallel), "ms", middle(&one), "one request at a time"),
        Figure::new("qrinfo-half-failing", middle(&failing), "ms", middle(&parallel), "none failing"),
    ];
    print(&figures)?;
    judge(&figures, &failing)
}

fn show(seed: u64, name: &str, run: &Run) {
    println!(
        "{seed:>6} {name:<22} {:>9} {:>8} {:>8} {:>9} {:>9} {:>8}",
        run.ms,
        run.qrinfos,
        run.diffs,
        run.verified.len(),
        run.fallbacks,
        run.breaker
    );
}

fn judge([parallel, failing]: &[Figure; 2], runs: &[Run]) -> Result<()> {
    if parallel.ratio >= PROMISED_RATIO {
        bail!("in parallel it is to take less than {PROMISED_RATIO} of the time");
    }
    if failing.ratio > PROMISED_DELAY {
        bail!("with failing requests it is to take at most {PROMISED_DELAY} times as long");
    }
    if !runs.iter().any(|run| run.fallbacks > 0) || !runs.iter().any(|run| run.breaker > 0) {
        bail!("with failing requests the log is to show the fallback and the circuit breaker");
    }
    Ok(())
}
