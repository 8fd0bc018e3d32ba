//! End-to-end tests: the built page and package in a headless Chrome, with `dash-simnet` and `dash-ws-bridge` as
//! programs beside it. The tests are JavaScript (`tests/e2e`), run by Node.js's own runner.

use crate::test::{Tally, node_tests};
use crate::{build, paths, process, setup};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// How Node.js runs them: one file at a time, since they share two cores with a browser, and some of them measure time.
const RUNNER: [&str; 4] = ["--test", "--test-concurrency=1", "--test-timeout=900000", "--test-reporter=spec"];

/// All of them.
pub fn test() -> Result<Tally> {
    let mut files = Vec::new();
    for entry in fs::read_dir(scripts())? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    node_tests(script()?.args(RUNNER).args(files))
}

/// The tests that take pictures of the demo page on the way: of its parts that every client has, and of lists, quorums
/// and locks.
pub fn screenshot() -> Result<()> {
    let files = ["page.test.mjs", "masternodes.test.mjs"].map(|name| scripts().join(name));
    process::run(script()?.args(RUNNER).args(files))?;
    println!("pictures: {}", paths::e2e().display());
    Ok(())
}

/// `node` with everything that the harness needs to know; builds that first.
pub fn script() -> Result<Command> {
    build::www()?;
    let programs = build::programs()?;
    let mut command = node()?;
    command.env("E2E_BRIDGE", programs.bridge).env("E2E_SIMNET", programs.simnet);
    Ok(command)
}

/// `node` with a browser and the folders of what is built, none of which is built here.
pub fn node() -> Result<Command> {
    let chrome = setup::chrome()?;
    setup::npm()?;
    fs::create_dir_all(paths::e2e()).context("target/e2e")?;
    let mut command = Command::new("node");
    command
        .current_dir(paths::root())
        .env("E2E_CHROME", chrome.browser)
        .env("E2E_PACKAGE", paths::npm())
        .env("E2E_WASM", paths::wasm())
        .env("E2E_DEMO", paths::demo())
        .env("E2E_MODULES", paths::www().join("node_modules"))
        .env("E2E_OUT", paths::e2e());
    Ok(command)
}

/// Where the scripts lie.
pub fn scripts() -> PathBuf {
    paths::root().join("tests").join("e2e")
}
