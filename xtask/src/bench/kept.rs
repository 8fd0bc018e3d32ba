//! The figures that are kept in the repository (`crates/bench/baseline.json`): when, on what and how each was measured, and
//! what has changed since.

use super::{Figure, Measurement};
use crate::{paths, process, setup};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// What is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// By the name of the benchmark, in their order.
    measured: Vec<Record>,
}

/// One benchmark's figures.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    /// The subcommand.
    bench: String,
    /// The day, as in 2026-11-21.
    when: String,
    /// Processor, cores, system, browser.
    on: String,
    /// The commit that was checked out; with changes, if `+` ends it.
    commit: String,
    /// What was done.
    how: String,
    figures: Vec<Figure>,
}

/// A change of more than this is named one: below it, runs on one machine differ by themselves.
const NOTABLE: f64 = 0.05;

fn file() -> PathBuf {
    paths::root().join("crates").join("bench").join("baseline.json")
}

impl Kept {
    /// What the repository has; nothing where it has no such file.
    pub fn read() -> Result<Self> {
        match fs::read(file()) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("crates/bench/baseline.json"),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Takes these in place of earlier ones of the same benchmarks, and writes the file.
    pub fn take(&mut self, measurements: &[Measurement]) -> Result<()> {
        let (when, on, commit) = (today()?, machine()?, commit());
        for Measurement { bench, how, figures } in measurements {
            let record = Record {
                bench: (*bench).to_owned(),
                when: when.clone(),
                on: on.clone(),
                commit: commit.clone(),
                how: (*how).to_owned(),
                figures: figures.clone(),
            };
            match self.measured.iter_mut().find(|known| known.bench == record.bench) {
                Some(known) => *known = record,
                None => self.measured.push(record),
            }
        }
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(file(), text).context("crates/bench/baseline.json")?;
        process::say("kept in crates/bench/baseline.json");
        Ok(())
    }

    /// The kept figure of this name.
    pub fn figure(&self, bench: &str, name: &str) -> Option<&Figure> {
        let record = self.measured.iter().find(|record| record.bench == bench)?;
        record.figures.iter().find(|figure| figure.name == name)
    }

    /// Prints what differs. Ratios are compared: those hold on other machines, too.
    pub fn print_changes(&self, measurements: &[Measurement]) {
        println!("\n{:<40} {:>8} {:>8} {:>8}", "ratio", "kept", "now", "change");
        for Measurement { bench, figures, .. } in measurements {
            for figure in figures {
                let Some(kept) = self.figure(bench, &figure.name) else {
                    println!("{:<40} {:>8} {:>8.3}  new", figure.name, "", figure.ratio);
                    continue;
                };
                let change = figure.ratio / kept.ratio - 1.0;
                println!(
                    "{:<40} {:>8.3} {:>8.3} {:>+7.1} %{}",
                    figure.name,
                    kept.ratio,
                    figure.ratio,
                    change * 100.0,
                    verdict(figure, change)
                );
            }
        }
        for record in self.measured.iter().filter(|r| measurements.iter().any(|m| m.bench == r.bench)) {
            println!("kept of {}: {} at {}, {}", record.bench, record.when, record.commit, record.on);
        }
    }
}

/// What a change of a figure's ratio means, where it is more than chance.
fn verdict(figure: &Figure, change: f64) -> &'static str {
    match change {
        change if change.abs() < NOTABLE => "",
        change if (change > 0.0) == figure.more_is_better() => "  better",
        _ => "  worse",
    }
}

fn today() -> Result<String> {
    process::output(Command::new("date").args(["-u", "+%F"])).context("`date` says nothing")
}

fn commit() -> String {
    let git = |args: &[&str]| process::output(Command::new("git").args(args).current_dir(paths::root()));
    let short = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_else(|| "unknown".to_owned());
    let changed = git(&["status", "--porcelain"]).is_some_and(|changes| !changes.is_empty());
    if changed { short + "+" } else { short }
}

/// What matters of the machine to whoever reads a figure; nothing that names it.
fn machine() -> Result<String> {
    let field = |path: &str, name: &str, separator: char| {
        let text = fs::read_to_string(path).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(separator)?.1.trim().trim_matches('"').to_owned())
    };
    let processor =
        field("/proc/cpuinfo", "model name", ':').unwrap_or_else(|| "unknown processor".to_owned());
    let system =
        field("/etc/os-release", "PRETTY_NAME", '=').unwrap_or_else(|| std::env::consts::OS.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let chrome = process::output(Command::new(setup::chrome()?.browser).arg("--version"));
    let chrome = chrome.unwrap_or_else(|| "unknown browser".to_owned());
    Ok(format!("{processor}, {cores} cores, {system}, {chrome}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_time_and_more_a_second_are_better() {
        let figure = |unit: &str| Figure::new("x", 1.0, unit, 1.0, "y");
        assert_eq!(verdict(&figure("ms"), -0.2), "  better");
        assert_eq!(verdict(&figure("ms"), 0.2), "  worse");
        assert_eq!(verdict(&figure("headers/s"), 0.2), "  better");
        assert_eq!(verdict(&figure("headers/s"), -0.2), "  worse");
        assert_eq!(verdict(&figure("headers/s"), -0.02), "");
    }
}
