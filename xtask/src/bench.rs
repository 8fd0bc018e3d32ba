//! `cargo xtask bench`: measurements, each printed as a table and, on the last line, as JSON.
//!
//! Machines differ and are shared: a figure is given with the baseline that was measured in the same run, and the
//! ratio of the two is what can be compared: also with the ratios that the repository keeps (`kept.rs`). Without a
//! name, everything is measured. Whatever was is also drawn as a page (`page.rs`).

mod filters;
mod headers;
mod kept;
mod masternodes;
mod native;
mod page;
mod quorums;
mod recording;
mod x11;

use crate::process;
use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand};
use kept::Kept;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::process::Command;

/// What to measure; everything, if nothing is named.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// Print what differs from the figures that the repository keeps
    #[arg(long, global = true)]
    compare: bool,
    /// Keep these figures in the repository in place of earlier ones
    #[arg(long, global = true)]
    keep: bool,
}

#[derive(Subcommand)]
enum What {
    /// Filters per second in Chrome and natively, and what a fresh watch takes
    Filters(filters::Args),
    /// Headers per second, from the bridge to IndexedDB in Chrome and natively into memory, and visits to a long chain
    Headers(headers::Args),
    /// Milliseconds to prove mainnet's list and quorums and to verify a signature, in Chrome and natively
    Masternodes(masternodes::Args),
    /// Milliseconds to verify all quorums of mainnet's recording in batches, beside one by one
    Quorums(quorums::Args),
    /// Hashes per second in one worker of Chrome and natively, beside those of `dash-pow`
    X11(x11::Args),
}

/// All that is measured without a name, in this order.
const ALL: [&str; 5] = ["x11", "headers", "quorums", "masternodes", "filters"];

/// A benchmark by its name, with its settings as they are by default.
#[derive(Parser)]
struct ByName {
    #[command(subcommand)]
    what: What,
}

/// What a benchmark found.
struct Measurement {
    /// The subcommand.
    bench: &'static str,
    /// What was done, in a few sentences.
    how: &'static str,
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: String,
    /// What it is compared with, in the same unit.
    pub baseline: f64,
    /// `value / baseline`.
    pub ratio: f64,
    /// What the baseline is.
    pub against: String,
}

impl Figure {
    pub fn new(name: &str, value: f64, unit: &str, baseline: f64, against: &str) -> Self {
        let [name, unit, against] = [name, unit, against].map(str::to_owned);
        Self { name, value, unit, baseline, ratio: value / baseline, against }
    }

    /// Whether a larger value is the better one.
    fn more_is_better(&self) -> bool {
        self.unit.ends_with("/s")
    }
}

/// Measures, prints the figures as a table, then as JSON.
pub fn run(args: &Args) -> Result<()> {
    let mut kept = Kept::read()?;
    let measurements = match &args.what {
        Some(what) => vec![measure(what)?],
        None => ALL
            .iter()
            .map(|name| measure(&ByName::try_parse_from(["bench", name])?.what))
            .collect::<Result<_>>()?,
    };
    page::write(&measurements, &kept)?;
    if args.compare {
        kept.print_changes(&measurements);
    }
    if args.keep {
        kept.take(&measurements)?;
    }
    print(&measurements.into_iter().flat_map(|measurement| measurement.figures).collect::<Vec<_>>())
}

fn measure(what: &What) -> Result<Measurement> {
    let (bench, how, figures) = match what {
        What::Filters(args) => ("filters", filters::HOW, filters::run(args)?),
        What::Headers(args) => ("headers", headers::HOW, headers::run(args)?),
        What::Masternodes(args) => ("masternodes", masternodes::HOW, masternodes::run(args)?),
        What::Quorums(args) => ("quorums", quorums::HOW, quorums::run(args)?),
        What::X11(args) => ("x11", x11::HOW, x11::run(args)?),
    };
    Ok(Measurement { bench, how, figures })
}

/// The table, and the line of JSON below it.
pub fn print(figures: &[Figure]) -> Result<()> {
    println!("\n{:<34} {:>12} {:>12} {:>8}", "", "value", "baseline", "ratio");
    for figure in figures {
        let (value, baseline) = (digits(figure.value), digits(figure.baseline));
        let Figure { name, ratio, unit, against, .. } = figure;
        println!("{name:<34} {value:>12} {baseline:>12} {ratio:>8.3}  {unit}; baseline: {against}");
    }
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

/// Three digits at least, and all of those before the point.
fn digits(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// Runs a program whose last line is what it measured.
fn last_line<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    let mut last = String::new();
    let status = process::tee(command, |line| line.clone_into(&mut last))?;
    ensure!(status.success(), "measuring failed");
    serde_json::from_str(&last).context("what was measured")
}

/// The middle one of these.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_figures_keep_digits_behind_the_point() {
        let shown = [123_456.7, 99.96, 7.25, 0.0123].map(digits);
        assert_eq!(shown, ["123457", "100.0", "7.25", "0.012"]);
    }
}
