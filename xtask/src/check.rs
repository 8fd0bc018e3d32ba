//! `cargo xtask check`: format, lints and documentation.

use crate::{e2e, paths, process, setup};
use anyhow::Result;
use std::process::Command;

/// How to check.
#[derive(clap::Args)]
pub struct Args {
    /// Format everything first
    #[arg(long)]
    fix: bool,
}

/// What of the workspace runs in the browser.
const WASM_PACKAGES: &[&str] = &["-p", "dash-spv-wasm", "-p", "dash-protocol", "-p", "dash-spv-bench"];

/// Everything but the tests, stopping at the first complaint.
pub fn run(args: &Args) -> Result<()> {
    setup::components()?;
    setup::wasm_target()?;
    setup::npm()?;

    if args.fix {
        process::run(process::cargo().args(["fmt", "--all"]))?;
        process::run(biome("check").args(["--write", "."]))?;
        process::run(biome("check").arg("--write").arg(e2e::scripts()))?;
    }

    process::say("format");
    process::run(process::cargo().args(["fmt", "--all", "--check"]))?;

    process::say("clippy, native");
    let deny = ["--", "-D", "warnings"];
    process::run(process::cargo().args(["clippy", "--workspace", "--all-targets"]).args(deny))?;

    process::say("clippy, wasm");
    process::run(
        process::cargo()
            .args(["clippy", "--target", "wasm32-unknown-unknown"])
            .args(WASM_PACKAGES)
            .args(["--lib", "--tests"])
            .args(deny),
    )?;

    process::say("TypeScript and JavaScript");
    process::run(setup::npm_command().args(["run", "--silent", "check"]))?;
    process::run(biome("ci").arg(e2e::scripts()))?;

    process::say("documentation");
    for target in [&["--workspace"][..], &["--target", "wasm32-unknown-unknown", "-p", "dash-spv-wasm"][..]] {
        process::run(
            process::cargo().args(["doc", "--no-deps"]).args(target).env("RUSTDOCFLAGS", "-D warnings"),
        )?;
    }
    Ok(())
}

/// The linter and formatter of JavaScript, with `www`'s settings.
fn biome(job: &str) -> Command {
    let mut command = Command::new(paths::npm_bin("biome"));
    command.args([job, "--config-path=."]).current_dir(paths::www());
    command
}
