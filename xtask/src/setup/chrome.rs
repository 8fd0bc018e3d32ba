//! Chrome and its driver: those that are there, else Debian's.

use crate::process;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A browser and the program that drives it for `wasm-pack`.
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
    if !is_debian() {
        bail!(
            "Chrome or Chromium and chromedriver of the same version are needed: put both on PATH, or name them in \
             the variables CHROME and CHROMEDRIVER"
        );
    }
    if !is_root() {
        bail!(
            "Chromium is needed. Install it with this command, then run this one again:\n\n    \
             sudo apt-get update && sudo apt-get install -y chromium chromium-driver\n"
        );
    }
    process::say("installing Debian's Chromium");
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "-y", "--no-install-recommends", "chromium", "chromium-driver"]))?;
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

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}
