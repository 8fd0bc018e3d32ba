//! Debian's packages, for what comes neither from cargo nor from npm.

use crate::process;
use anyhow::{Result, bail};
use std::fs;
use std::process::Command;

/// Installs packages on Debian as root. Elsewhere it fails with what to do: without root the one command, on other
/// systems what `otherwise` says.
pub fn install(what: &str, packages: &[&str], otherwise: &str) -> Result<()> {
    if !is_debian() {
        bail!("{otherwise}");
    }
    if !is_root() {
        bail!(
            "{what} is needed. Install it with this command, then run this one again:\n\n    \
             sudo apt-get update && sudo apt-get install -y {}\n",
            packages.join(" ")
        );
    }
    process::say(&format!("installing Debian's {what}"));
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    process::run(apt().arg("update"))?;
    process::run(apt().args(["install", "-y", "--no-install-recommends"]).args(packages))
}

fn is_debian() -> bool {
    fs::read_to_string("/etc/os-release").is_ok_and(|text| text.lines().any(|line| line == "ID=debian"))
}

fn is_root() -> bool {
    process::output(Command::new("id").arg("-u")).as_deref() == Some("0")
}
