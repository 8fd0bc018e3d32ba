//! Node.js's side: the npm packages of `www`, exactly as its lock file names them.

use crate::{paths, process};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// The oldest Node.js whose test runner and language our scripts are written for.
const NODE_MAJOR: u32 = 20;

/// npm, in `www`.
pub fn npm_command() -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(paths::www());
    command
}

/// Installs the npm packages when the lock file changed since the last time.
pub fn npm() -> Result<()> {
    let Some(version) = process::output(Command::new("node").arg("--version")) else {
        bail!(
            "Node.js {NODE_MAJOR} or newer is needed: install it from https://nodejs.org or with your system's packages"
        );
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node.js {NODE_MAJOR} or newer is needed, this is {version}");
    }
    let lock = fs::read(paths::www().join("package-lock.json")).context("www/package-lock.json")?;
    let installed = paths::www().join("node_modules").join(".installed-from");
    if fs::read(&installed).is_ok_and(|of| of == lock) {
        return Ok(());
    }
    process::say("installing the npm packages");
    process::run(npm_command().args(["ci", "--no-audit", "--no-fund"]))?;
    fs::write(installed, lock)?;
    Ok(())
}
