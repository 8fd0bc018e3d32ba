//! End-to-end tests: the built page and package in a headless Chrome, with `dash-simnet` and `dash-ws-bridge` as
//! programs beside it. The tests are JavaScript (`tests/e2e`), run by Node.js's own runner.

use crate::test::{Tally, node_tests};
use crate::{build, paths, process, setup};
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

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
    // One at a time: they share two cores with a browser, and some of them measure time.
    node_tests(
        script()?
            .args(["--test", "--test-concurrency=1", "--test-timeout=900000", "--test-reporter=spec"])
            .args(files),
    )
}

/// The tests of the demo page, which take its pictures on the way.
pub fn screenshot() -> Result<()> {
    process::run(script()?.args(["--test", "--test-reporter=spec"]).arg(scripts().join("page.test.mjs")))?;
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
