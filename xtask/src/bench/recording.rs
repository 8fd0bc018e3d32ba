//! Where the vectors lie, and the files of mainnet's recording, for what is measured natively.

use crate::paths;
use anyhow::{Context, Result};
use dash_spv_bench::Recording;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the vectors lie.
pub fn vectors() -> Result<PathBuf> {
    paths::vectors().context(
        "no vectors: name the folder that holds them in DASH_VECTORS, or put them into ../shared/vectors",
    )
}

/// Where the recording lies.
pub fn folder() -> Result<PathBuf> {
    Ok(vectors()?.join("mainnet"))
}

/// The recording.
pub fn read(folder: &Path) -> Result<Recording> {
    let read =
        |name: &str| fs::read(folder.join(name)).with_context(|| folder.join(name).display().to_string());
    let mut files = BTreeMap::new();
    for name in Recording::INDEX {
        files.insert(name.to_owned(), read(name)?);
    }
    for name in Recording::files(&files[Recording::INDEX[0]])? {
        files.insert(name.clone(), read(&name)?);
    }
    Ok(Recording::new(files)?)
}
