//! `cargo xtask sim`: measurements in the simulated network, under its virtual clock: what they come to depends on the
//! seeds alone, not on the machine.

mod qrinfo;
mod wallet;

use anyhow::Result;
use clap::Subcommand;

/// What to simulate.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Time to prove a network's quorums in parallel and one at a time, also where half of all requests fail
    Qrinfo(qrinfo::Args),
    /// Random wallets among peers of which one lies, against the ledger of their scenarios
    Wallet(wallet::Args),
}

/// Simulates, and prints.
pub fn run(args: &Args) -> Result<()> {
    match &args.what {
        What::Qrinfo(args) => qrinfo::run(args),
        What::Wallet(args) => wallet::run(args),
    }
}
