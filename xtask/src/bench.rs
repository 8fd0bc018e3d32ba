//! `cargo xtask bench`: measurements, each printed as a table and, on the last line, as JSON.
//!
//! Machines differ and are shared: a figure is given with the baseline that was measured in the same run, and the
//! ratio of the two is what can be compared.

mod headers;
mod native;

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
    /// Headers per second, from the bridge to IndexedDB in Chrome and natively into memory
    Headers(headers::Args),
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
    fn new(name: &str, value: f64, unit: &str, baseline: f64) -> Self {
        Self { name: name.to_owned(), value, unit: unit.to_owned(), baseline, ratio: value / baseline }
    }
}

/// Measures, prints the figures as a table, then as JSON.
pub fn run(args: &Args) -> Result<()> {
    let figures = match &args.what {
        What::Headers(args) => headers::run(args)?,
    };
    println!("\n{:<34} {:>12} {:>12} {:>8}", "", "value", "baseline", "ratio");
    for figure in &figures {
        println!(
            "{:<34} {:>12.0} {:>12.0} {:>8.3}  {}",
            figure.name, figure.value, figure.baseline, figure.ratio, figure.unit
        );
    }
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
