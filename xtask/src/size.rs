//! `cargo xtask size`: what the package's wasm and JavaScript weigh, raw, by gzip (level 9) and by brotli (quality 11),
//! and what of the wasm is whose.
//!
//! - `files.rs` weighs what is shipped.
//! - `module.rs` reads the functions of a wasm module and their names; `groups.rs` says what a function belongs to.
//!
//! **How weight is attributed.** wasm-opt leaves no names and moves functions into each other. So functions are
//! measured where they have names: in the module as the linker left it, without what wasm-bindgen only reads and takes
//! out again. Their sizes are not scaled; what is shipped is about 0.9 of them. A function that the compiler put into
//! another counts there.

mod files;
mod groups;
mod module;

pub use files::{File, print_files, shipped};

use crate::bench::{self, Figure};
use crate::test::Tally;
use crate::{build, process};
use anyhow::{Context, Result};
use groups::group;
use module::Module;
use std::collections::BTreeMap;
use std::fs;

/// The most that the wasm may weigh, gzipped, in bytes.
const WASM_LIMIT: usize = 450_000;
/// The most that all JavaScript together may weigh, gzipped, in bytes.
const JAVASCRIPT_LIMIT: usize = 30_000;

/// How many groups and functions are printed.
const LINES: usize = 40;

/// Builds the package and prints its weight, the largest contributors, and the figures as JSON.
pub fn run() -> Result<()> {
    build::www()?;
    let files: Vec<File> = shipped()?.into_iter().filter(File::is_code).collect();
    process::say("wasm and JavaScript");
    print_files(&files);
    let linked = build::linked_wasm();
    let bytes = fs::read(&linked).with_context(|| linked.display().to_string())?;
    print_contributors(&Module::read(&bytes)?);
    bench::print(&figures(&files))
}

/// Counts the two limits as tests, of a package that was built.
pub fn check_limits() -> Result<Tally> {
    let mut tally = Tally::default();
    let files = shipped()?;
    for (name, ending, limit) in [("wasm", ".wasm", WASM_LIMIT), ("JavaScript", ".js", JAVASCRIPT_LIMIT)] {
        let weight = gzipped(&files, ending);
        let fits = weight <= limit;
        println!(
            "{name}: {weight} bytes gzipped, at most {limit} ... {}",
            if fits { "ok" } else { "FAILED" }
        );
        tally.passed += u32::from(fits);
        tally.failed += u32::from(!fits);
    }
    Ok(tally)
}

/// What files of a kind weigh together, gzipped.
fn gzipped(files: &[File], ending: &str) -> usize {
    files.iter().filter(|file| file.name.ends_with(ending)).map(|file| file.gzip).sum()
}

fn figures(files: &[File]) -> [Figure; 2] {
    let thousands = |bytes: usize| bytes as f64 / 1_000.0;
    let figure = |name, ending, limit| {
        let weight = thousands(gzipped(files, ending));
        Figure::new(name, weight, "kB", thousands(limit), "what it may take")
    };
    [figure("wasm, gzipped", ".wasm", WASM_LIMIT), figure("JavaScript, gzipped", ".js", JAVASCRIPT_LIMIT)]
}

fn print_contributors(module: &Module) {
    let (mut groups, mut names) = (BTreeMap::new(), BTreeMap::new());
    for function in &module.functions {
        for (table, key) in [(&mut groups, group(function)), (&mut names, function.name.clone())] {
            let (size, count) = table.entry(key).or_insert((0, 0));
            *size += function.size;
            *count += 1;
        }
    }
    groups.insert("data".to_owned(), (module.data, 1));
    let total = groups.values().map(|(size, _)| size).sum();
    print_largest("group", groups, total);
    print_largest("function", names, total);
}

/// The largest of these: bytes, their share of all, how many functions that is, and the name.
fn print_largest(what: &str, table: BTreeMap<String, (usize, usize)>, total: usize) {
    let mut rows: Vec<_> = table.into_iter().collect();
    rows.sort_by_key(|(_, (size, _))| std::cmp::Reverse(*size));
    println!("\n{:>9} {:>6} {:>6}  {what} before wasm-opt", "bytes", "share", "count");
    for (name, (size, count)) in rows.into_iter().take(LINES) {
        let share = 100.0 * size as f64 / total as f64;
        println!("{size:>9} {share:>5.1}% {count:>6}  {}", name.chars().take(120).collect::<String>());
    }
}
