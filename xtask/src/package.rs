//! `cargo xtask package`: the npm package in `target/npm`, ready for `npm pack`, and what it weighs.

use crate::{build, paths, process, size};
use anyhow::{Context, Result, bail};
use std::fs;

/// What the package's users rely on.
const PROMISED: &[&str] = &["package.json", "index.js", "index.d.ts", "worker.js"];

/// Builds the package and prints its files' sizes.
pub fn run() -> Result<()> {
    build::www()?;
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(paths::root().join(file), paths::npm().join(file)).with_context(|| file.to_owned())?;
    }
    let files = size::shipped()?;
    for promised in PROMISED {
        if !files.iter().any(|file| file.name == *promised) {
            bail!("the package lacks {promised}");
        }
    }
    process::say("the package");
    size::print_files(&files);
    Ok(())
}
