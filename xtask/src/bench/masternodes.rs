//! `cargo xtask bench masternodes`: mainnet's recorded list and quorums, proven natively and in Chrome.
//!
//! The baseline of every figure is one verification of a signature by `@noble/curves`, the JavaScript library that a
//! page would take else: the same signature, in the same page, in the same minutes. Rotation info is compared with a
//! native client as well.

use super::{Figure, last_line, median, recording};
use crate::{build, e2e, paths, process};
use anyhow::{Context, Result};
use dash_spv_bench::{BATCH, Recording, checks, prove, signatures, verify, verify_batch};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// The rotation info and its neighbours take seconds in a page: the shorter ones run this often for each of those.
const SHORT_RUNS: u32 = 8;

pub const HOW: &str = "Mainnet's recorded full list, and rotation info with its neighbours, proven from bytes to verified \
    quorums on one thread, with no key decoded before; medians of 7 rounds.";

/// How much to measure.
#[derive(clap::Args)]
pub struct Args {
    /// How often to measure; the medians count
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

/// Milliseconds by the name of what took them.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Medians(BTreeMap<String, f64>);

impl Medians {
    fn of(&self, name: &str) -> Result<f64> {
        self.0.get(name).copied().with_context(|| format!("nothing measured {name}"))
    }
}

/// What is measured, in the order of the table, as both sides name it.
const MEASURED: [&str; 4] = ["full-list", "qrinfo", "bls-alone", "bls-in-32"];
/// The steps of `qrinfo`, for the reader.
const STEPS: [&str; 3] = ["qrinfo-lists", "qrinfo-members", "qrinfo-signatures"];
const BASELINE: &str = "noble-bls";
const NOBLE: &str = "one verification by @noble/curves in the same page";

/// Milliseconds that a native client in use takes for the same on one core: a figure that was given, not measured here,
/// so that the ratio to it holds for a machine at rest alone.
const NATIVE_CLIENT: f64 = 1_800.0;

/// All figures.
pub fn run(args: &Args) -> Result<Vec<Figure>> {
    let vectors = recording::folder()?;
    build::wasm_bench()?;

    process::say("natively");
    let native = natively(&recording::read(&vectors)?, args.rounds)?;

    process::say("in Chrome");
    let chrome: Medians = last_line(
        e2e::node()?
            .arg(e2e::scripts().join("bench-masternodes.mjs"))
            .args(["--rounds", &args.rounds.to_string(), "--batch", &BATCH.to_string()])
            .args(["--short-runs", &SHORT_RUNS.to_string()])
            .env("E2E_BENCH", paths::wasm_bench())
            .env("E2E_VECTORS", &vectors),
    )?;

    let baseline = chrome.of(BASELINE)?;
    let mut figures = Vec::new();
    for (side, medians) in [("chrome", &chrome), ("native", &native)] {
        for name in MEASURED {
            figures.push(Figure::new(&format!("{side}-{name}"), medians.of(name)?, "ms", baseline, NOBLE));
        }
        let whole = medians.of("qrinfo")?;
        let name = format!("{side}-qrinfo-to-native-client");
        figures.push(Figure::new(
            &name,
            whole,
            "ms",
            NATIVE_CLIENT,
            "a native client in use, as it was given",
        ));
        let steps = STEPS.map(|step| medians.of(step).map(|ms| format!("{step} {ms:.1} ms")));
        println!("{side}: {}", steps.into_iter().collect::<Result<Vec<_>>>()?.join(", "));
    }
    Ok(figures)
}

/// Times by name.
#[derive(Default)]
struct Watch(BTreeMap<&'static str, Vec<f64>>);

impl Watch {
    /// How long it takes, in milliseconds, divided by so many.
    fn time<T>(&mut self, name: &'static str, by: usize, what: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let result = what();
        self.0.entry(name).or_default().push(began.elapsed().as_secs_f64() * 1_000.0 / by as f64);
        result
    }
}

fn natively(recording: &Recording, rounds: u32) -> Result<Medians> {
    let mut watch = Watch::default();
    let mut said = String::new();
    for _ in 0..rounds {
        let base = recording.full_list()?;
        let lists = watch.time(STEPS[0], 1, || prove(recording, &base))?;
        let checks = watch.time(STEPS[1], 1, || checks(recording, &lists))?;
        watch.time(STEPS[2], 1, || verify(&checks))?;
        let signatures = signatures(&checks);
        for _ in 0..SHORT_RUNS {
            watch.time("full-list", 1, || recording.full_list())?;
            watch.time("bls-alone", 1, || verify_batch(&signatures[..1]))?;
            watch.time("bls-in-32", BATCH, || verify_batch(&signatures))?;
        }
        said = format!("{} masternodes, {} quorums", base.list().len(), checks.len());
    }
    println!("{said}");
    let whole = (0..rounds as usize).map(|round| STEPS.iter().map(|step| watch.0[step][round]).sum());
    let whole: Vec<f64> = whole.collect();
    let medians = watch.0.into_iter().map(|(name, times)| (name.to_owned(), median(times)));
    let mut medians: BTreeMap<String, f64> = medians.collect();
    medians.insert("qrinfo".to_owned(), median(whole));
    Ok(Medians(medians))
}
