//! `cargo xtask demo`: the page, a bridge, and the network behind it: an embedded simulated one, or a real one.

mod faucet;

use crate::{build, paths, process};
use anyhow::{Context, Result};
use axum::Router;
use clap::ValueEnum;
use dash_protocol::NetworkParams;
use dash_ws_bridge::{Bridge, Config, HostPort, Network};
use serde_json::json;
use simnet::demo::{Demo, DemoConfig, late_masternodes, network_option};
use simnet::masternodes::MasternodePlan;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Masternodes of the simulated network.
const MASTERNODES: u32 = 24;

/// What to show.
#[derive(clap::Args)]
pub struct Args {
    /// Sync from this network's real peers instead of simulated ones
    #[arg(long)]
    network: Option<RealNetwork>,
    /// Height of the simulated chain at the start
    #[arg(long, default_value_t = 100_000)]
    height: u32,
    /// Seconds between simulated blocks
    #[arg(long, default_value_t = 5)]
    interval: u64,
    /// Port of the page and the bridge; another one is taken where it is in use
    #[arg(long, default_value_t = 8899)]
    port: u16,
}

#[derive(Clone, Copy, ValueEnum)]
enum RealNetwork {
    Mainnet,
    Testnet,
}

impl RealNetwork {
    fn name(self) -> &'static str {
        match self {
            Self::Mainnet => "mainnet",
            Self::Testnet => "testnet",
        }
    }
}

/// Builds, starts everything, prints the address, and runs until interrupted.
pub fn run(args: &Args) -> Result<()> {
    build::www()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &Args) -> Result<()> {
    let simulated = match args.network {
        Some(_) => None,
        None => Some(Arc::new(simulate(args).await?)),
    };
    let params = Arc::new(NetworkParams::regtest(&late_masternodes(args.height))?);
    let pay = simulated.clone().map(payer);
    let name = args.network.map_or("regtest", RealNetwork::name);
    let option = match args.network {
        Some(_) => json!(name),
        None => network_option(name, &late_masternodes(args.height)),
    };
    // The page asks for this to learn what it is shown with.
    let control =
        simulated.as_ref().and_then(|demo| demo.control()).map(|address| format!("http://{address}"));
    let beside = json!({ "network": option, "control": control, "faucet": pay.is_some() });
    fs::write(paths::demo().join("demo.json"), beside.to_string())?;

    let mut config = Config::new(name.parse::<Network>()?);
    config.serve_dir = Some(paths::demo());
    if let Some(demo) = &simulated {
        config.allow_private = true;
        config.peers = demo
            .addresses()
            .iter()
            .map(|address| address.to_string().parse::<HostPort>())
            .collect::<Result<_, _>>()
            .context("a simulated peer's address")?;
    }
    let bridge = start(config, args.port, &faucet::routes(params, pay)).await?;
    match &simulated {
        Some(demo) => println!(
            "\n{} simulated peers, {} blocks, another one every {} seconds",
            demo.addresses().len(),
            demo.tip().height,
            args.interval
        ),
        None => println!("\nreal peers of {name}"),
    }
    if let Some(control) = control {
        println!("\n    curl -X POST '{control}/pay?to=ADDRESS&duffs=100000' has somebody pay");
    }
    println!("\n    open {}\n\nCtrl-C ends it", bridge.url());
    tokio::signal::ctrl_c().await?;
    bridge.shutdown().await;
    Ok(())
}

/// Has the simulated network pay.
fn payer(demo: Arc<Demo>) -> faucet::Pay {
    Arc::new(move |script, duffs| demo.pay(script, duffs).map_err(|reason| reason.to_string()))
}

async fn simulate(args: &Args) -> Result<Demo> {
    process::say(&format!("mining {} simulated blocks", args.height));
    let params = Arc::new(NetworkParams::regtest(&late_masternodes(args.height))?);
    let mut config = DemoConfig::new(params, args.height);
    config.masternodes = Some(MasternodePlan::new(MASTERNODES));
    config.control = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    config.interval = (args.interval > 0).then(|| Duration::from_secs(args.interval));
    Demo::start(config).await.context("the simulated network did not start")
}

async fn start(config: Config, port: u16, more: &Router) -> Result<Bridge> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match Bridge::start_with(config.clone(), at(port), more.clone()).await {
        Ok(bridge) => Ok(bridge),
        Err(_) => Bridge::start_with(config, at(0), more.clone()).await.context("the bridge did not start"),
    }
}
