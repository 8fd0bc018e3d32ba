//! The files of the package and their weight.

use crate::paths;
use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::Path;

/// A file of the package.
pub struct File {
    /// Its path in the package.
    pub name: String,
    /// Its bytes.
    pub raw: usize,
    /// Its bytes by gzip, level 9.
    pub gzip: usize,
    /// Its bytes by brotli, quality 11.
    pub brotli: usize,
}

impl File {
    fn new(name: String, bytes: &[u8]) -> Result<Self> {
        Ok(Self { name, raw: bytes.len(), gzip: gzip(bytes)?, brotli: brotli(bytes)? })
    }

    /// Whether a page downloads it.
    pub fn is_code(&self) -> bool {
        [".wasm", ".js"].iter().any(|ending| self.name.ends_with(ending))
    }
}

/// The files of the package as it was built last, by name.
pub fn shipped() -> Result<Vec<File>> {
    let mut files = Vec::new();
    collect(&paths::npm(), &mut files)?;
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// Every file below a folder.
fn collect(dir: &Path, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            let name = path.strip_prefix(paths::npm())?.to_string_lossy().replace('\\', "/");
            files.push(File::new(name, &fs::read(&path)?)?);
        }
    }
    Ok(())
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut out = Vec::new();
    // The quality and the window that servers give files that they compress once.
    brotli::CompressorWriter::new(&mut out, 4096, 11, 22).write_all(bytes)?;
    Ok(out.len())
}

/// A line for each file, and one for all of them.
pub fn print_files(files: &[File]) {
    let line = |name: &str, raw: usize, gzip: usize, brotli: usize| {
        println!("{name:<44} {raw:>10} {gzip:>10} {brotli:>10}");
    };
    println!("{:<44} {:>10} {:>10} {:>10}", "file", "bytes", "gzipped", "brotli");
    for file in files {
        line(&file.name, file.raw, file.gzip, file.brotli);
    }
    let sum = |weight: fn(&File) -> usize| files.iter().map(weight).sum();
    line("total", sum(|file| file.raw), sum(|file| file.gzip), sum(|file| file.brotli));
}
