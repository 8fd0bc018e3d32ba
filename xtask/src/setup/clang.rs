//! A C compiler for wasm, which blst is built with: the one that is there, else Debian's.

use super::debian;
use crate::process;
use anyhow::{Result, ensure};
use std::env;
use std::process::Command;

/// The variables by which the build finds its compiler and its archiver; `.cargo/config.toml` sets them unless the
/// environment does.
const COMPILER: (&str, &str) = ("CC_wasm32_unknown_unknown", "clang");
const ARCHIVER: (&str, &str) = ("AR_wasm32_unknown_unknown", "llvm-ar");

/// clang that knows wasm, and llvm-ar: as the variables name them, from PATH, or, as root on Debian, freshly installed.
pub fn clang() -> Result<()> {
    if found() {
        return Ok(());
    }
    debian::install(
        "clang",
        &["clang", "llvm"],
        "a clang that compiles to wasm32 and llvm-ar are needed (Apple's does not: LLVM's own or Homebrew's does): put \
         both on PATH, or name them in the variables CC_wasm32_unknown_unknown and AR_wasm32_unknown_unknown",
    )?;
    ensure!(found(), "clang was installed but does not compile to wasm32");
    Ok(())
}

fn found() -> bool {
    let targets = process::output(Command::new(named(COMPILER)).arg("--print-targets"));
    targets.is_some_and(|targets| targets.contains("wasm32"))
        && process::output(Command::new(named(ARCHIVER)).arg("--version")).is_some()
}

fn named((variable, usual): (&str, &str)) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_owned())
}
