//! `cargo xtask sim wallet`: random wallets, one lying peer of three, reorganisations and reloads at any moment; balance,
//! coins and history have to be those of the scenario's ledger every time.

use crate::bench::{Figure, print};
use crate::process::on_all_cores;
use anyhow::{Result, bail};
use simnet::measure::wallet::{Run, run as simulate};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How much to simulate.
#[derive(clap::Args)]
pub struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
}

/// Simulates, prints a line for each seed, and fails if the client ever says anything else than the ledger.
pub fn run(args: &Args) -> Result<()> {
    let seeds: Vec<u64> = (args.first_seed..args.first_seed + args.seeds).collect();
    let results: Mutex<BTreeMap<u64, Result<Run, String>>> = Mutex::default();
    on_all_cores(&seeds, |seed| {
        let result = simulate(*seed).map_err(|failure| failure.to_string());
        match &result {
            Ok(run) => println!(
                "seed {seed}: {:?}, {} blocks, {} transactions, {} reorganisations, {} reloads, {} bans, {} s",
                run.lie,
                run.height,
                run.transactions,
                run.reorgs,
                run.reloads,
                run.bans,
                run.ms / 1_000
            ),
            Err(failure) => println!("seed {seed}: {failure}"),
        }
        results.lock().expect("no thread panics with the results").insert(*seed, result);
    });
    let results = results.into_inner().expect("no thread panics with the results");
    let failed: Vec<&u64> =
        results.iter().filter(|(_, result)| result.is_err()).map(|(seed, _)| seed).collect();
    let right = results.len() - failed.len();
    print(&[Figure::new("wallet-as-the-ledger", right as f64, "seeds", args.seeds as f64, "all of them")])?;
    if !failed.is_empty() {
        bail!("the client says something else than the ledger for seeds {failed:?}");
    }
    Ok(())
}
