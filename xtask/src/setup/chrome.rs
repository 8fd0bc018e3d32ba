//! Chrome and its driver: those that are there, else Debian's.

use super::debian;
use crate::process;
use anyhow::{Context, Result};
use std::env;
use std::path::{Path, PathBuf};

/// A browser and the program that drives it for wasm-bindgen's test runner.
pub struct Chrome {
    pub browser: PathBuf,
    pub driver: PathBuf,
}

const BROWSERS: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const BROWSER_PLACES: &[&str] = &["/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const DRIVER_PLACES: &[&str] = &["/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"];

/// Chrome or Chromium with chromedriver: from the variables CHROME and CHROMEDRIVER, from PATH, or, as root on Debian,
/// freshly installed.
pub fn chrome() -> Result<Chrome> {
    if let Some(found) = find() {
        return Ok(found);
    }
    debian::install(
        "Chromium",
        &["chromium", "chromium-driver"],
        "Chrome or Chromium and chromedriver of the same version are needed: put both on PATH, or name them in the \
         variables CHROME and CHROMEDRIVER",
    )?;
    find().context("Chromium was installed but is not found")
}

fn find() -> Option<Chrome> {
    Some(Chrome {
        browser: named("CHROME").or_else(|| process::on_path(BROWSERS)).or_else(|| first(BROWSER_PLACES))?,
        driver: named("CHROMEDRIVER")
            .or_else(|| process::on_path(&["chromedriver"]))
            .or_else(|| first(DRIVER_PLACES))?,
    })
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|file| file.is_file())
}

fn first(places: &[&str]) -> Option<PathBuf> {
    places.iter().map(Path::new).find(|file| file.is_file()).map(Path::to_path_buf)
}
