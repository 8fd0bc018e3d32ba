//! `cargo xtask bench`: measurements, each printed as a table and, on the last line, as JSON.
//!
//! Machines differ and are shared: a figure is given with the baseline that was measured in the same run, and the
//! ratio of the two is what can be compared.

mod filters;
mod headers;
mod masternodes;
mod native;
mod x11;

use anyhow::Result;
use clap::Subcommand;
use serde::{Deserialize, Serialize};

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Filters per second in Chrome and natively, and what a fresh watch takes
    Filters(filters::Args),
    /// Headers per second, from the bridge to IndexedDB in Chrome and natively into memory
    Headers(headers::Args),
    /// Milliseconds to prove mainnet's list and quorums and to verify a signature, in Chrome and natively
    Masternodes(masternodes::Args),
    /// Hashes per second in one worker of Chrome and natively, beside those of `dash-pow`
    X11(x11::Args),
}

/// One measurement.
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
}

impl Figure {
    pub fn new(name: &str, value: f64, unit: &str, baseline: f64) -> Self {
        Self { name: name.to_owned(), value, unit: unit.to_owned(), baseline, ratio: value / baseline }
    }
}

/// Measures, prints the figures as a table, then as JSON.
pub fn run(args: &Args) -> Result<()> {
    let figures = match &args.what {
        What::Filters(args) => filters::run(args)?,
        What::Headers(args) => headers::run(args)?,
        What::Masternodes(args) => masternodes::run(args)?,
        What::X11(args) => x11::run(args)?,
    };
    print(&figures)
}

/// The table, and the line of JSON below it.
pub fn print(figures: &[Figure]) -> Result<()> {
    println!("\n{:<34} {:>12} {:>12} {:>8}", "", "value", "baseline", "ratio");
    for figure in figures {
        let (value, baseline) = (digits(figure.value), digits(figure.baseline));
        println!("{:<34} {value:>12} {baseline:>12} {:>8.3}  {}", figure.name, figure.ratio, figure.unit);
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
