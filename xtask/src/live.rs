//! `cargo xtask live`: the demo page against a real node, through the bridge. No part of the tests, since it needs one.

use crate::{e2e, process};
use anyhow::Result;

/// Which node.
#[derive(clap::Args)]
pub struct Args {
    /// The node's P2P address, repeatable
    #[arg(long = "peer", value_name = "HOST:PORT", required = true)]
    peers: Vec<String>,
    /// mainnet, testnet, regtest or devnet-NAME
    #[arg(long)]
    network: String,
    /// Give up after so many seconds
    #[arg(long, default_value_t = 600)]
    timeout: u32,
}

/// Syncs the page and prints what was seen.
pub fn run(args: &Args) -> Result<()> {
    process::run(
        e2e::script()?
            .arg(e2e::scripts().join("live.mjs"))
            .args(["--network", &args.network, "--timeout", &args.timeout.to_string()])
            .args(args.peers.iter().flat_map(|peer| ["--peer", peer])),
    )
}
