//! `cargo xtask package`: the npm package in `target/npm`, ready for `npm pack`, and what it weighs.

use crate::{build, paths, process};
use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;

/// What the package's users rely on.
const PROMISED: &[&str] = &["package.json", "index.js", "index.d.ts", "worker.js"];

/// Builds the package and prints its files' sizes.
pub fn run() -> Result<()> {
    build::www()?;
    for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
        fs::copy(paths::root().join(file), paths::npm().join(file)).with_context(|| file.to_owned())?;
    }
    let mut files = Vec::new();
    collect(&paths::npm(), &mut files)?;
    files.sort();
    for promised in PROMISED {
        if !files.iter().any(|(name, _)| name == promised) {
            bail!("the package lacks {promised}");
        }
    }
    process::say("the package");
    println!("{:<44} {:>10} {:>10}", "file", "bytes", "gzipped");
    let (mut raw, mut zipped) = (0, 0);
    for (name, bytes) in &files {
        let gz = gzipped(bytes)?;
        println!("{name:<44} {:>10} {gz:>10}", bytes.len());
        raw += bytes.len();
        zipped += gz;
    }
    println!("{:<44} {raw:>10} {zipped:>10}", "total");
    Ok(())
}

/// Every file below a folder, by its path from there.
fn collect(dir: &Path, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            let name = path.strip_prefix(paths::npm())?.to_string_lossy().replace('\\', "/");
            files.push((name, fs::read(&path)?));
        }
    }
    Ok(())
}

fn gzipped(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
