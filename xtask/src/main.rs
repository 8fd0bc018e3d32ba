//! The developer commands, run as `cargo xtask <command>`.
//!
//! Each command is a file and does its own set-up first (`setup`): whatever it needs and does not find is installed at
//! a pinned version under the target folder, or, for Debian's Chromium as root, by the system's package manager.

mod attacks;
mod bench;
mod build;
mod check;
mod demo;
mod e2e;
mod live;
mod package;
mod paths;
mod process;
mod setup;
mod sim;
mod size;
mod test;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The developer commands of dash-spv-wasm", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, start a simulated network, the bridge and the demo page, and print its address
    Demo(demo::Args),
    /// Run the tests: native, www, browser and e2e, or only those named
    Test(test::Args),
    /// Check format, lints and documentation, as continuous integration does before the tests
    Check(check::Args),
    /// Measure something; the last line printed is its figures as JSON
    Bench(bench::Args),
    /// Measure in the simulated network; the last line printed is the figures as JSON
    Sim(sim::Args),
    /// Try every lie about masternodes, quorums, locks, filters, blocks and payments, with its check and without
    Attacks(attacks::Args),
    /// Write the npm package to target/npm and print its sizes
    Package,
    /// Weigh the package's wasm and JavaScript, and say what of the wasm is whose; the last line is the figures as JSON
    Size,
    /// Sync the demo page in a headless Chrome from a real node and print what was seen
    Live(live::Args),
    /// Store pictures of the demo page under target/e2e
    Screenshot,
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Command {
    /// Whether it computes for long, as brotli does, or measures how fast that goes.
    const fn wants_speed(&self) -> bool {
        matches!(self, Self::Bench(_) | Self::Sim(_) | Self::Attacks(_) | Self::Size)
    }
}

fn run(command: &Command) -> Result<()> {
    if cfg!(debug_assertions) && command.wants_speed() {
        return process::again_in_release();
    }
    match command {
        Command::Demo(args) => demo::run(args),
        Command::Test(args) => test::run(args),
        Command::Check(args) => check::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Sim(args) => sim::run(args),
        Command::Attacks(args) => attacks::run(args),
        Command::Package => package::run(),
        Command::Size => size::run(),
        Command::Live(args) => live::run(args),
        Command::Screenshot => e2e::screenshot(),
    }
}
