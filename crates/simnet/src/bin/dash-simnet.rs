//! `dash-simnet`: a simulated Dash network on this machine's ports.
//!
//! Prints one line of JSON when it is up and serves until it is interrupted.

use clap::Parser;
use dash_protocol::{ChainOverrides, NetworkParams};
use simnet::chain::SimChain;
use simnet::demo::{Demo, DemoConfig, network_option};
use simnet::masternodes::MasternodePlan;
use simnet::peer::{Fault, Lie, Profile};
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A simulated Dash network: peers on TCP ports, blocks with real proof of work.
#[derive(Debug, Parser)]
#[command(name = "dash-simnet", version)]
struct Options {
    /// How many peers.
    #[arg(long, default_value_t = 3)]
    peers: usize,
    /// Height of the chain at the start.
    #[arg(long, default_value_t = 5_000)]
    height: u32,
    /// Of the chain and of all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `regtest` or `devnet-NAME`.
    #[arg(long, default_value = "regtest")]
    network: String,
    /// On a devnet, heights below this have the least difficulty.
    #[arg(long, default_value_t = 4_000)]
    minimum_difficulty_blocks: u32,
    /// How many masternodes; none for 0.
    #[arg(long, default_value_t = 0)]
    masternodes: u32,
    /// Strangers whom the coinbase of each block at the start pays, so that filters are larger.
    #[arg(long, default_value_t = 0)]
    crowd: u32,
    /// A height from which rules hold, as `v20=500`; repeatable.
    #[arg(long, value_name = "NAME=HEIGHT", value_parser = activation)]
    activation: Vec<(String, u32)>,
    /// Milliseconds between blocks; 0 mines on request only.
    #[arg(long, default_value_t = 0)]
    interval_ms: u64,
    /// Where the HTTP control listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Where the peers listen, on free ports.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    ip: IpAddr,
    /// Milliseconds that an answer takes besides its cost.
    #[arg(long, default_value_t = 5)]
    latency_ms: u64,
    /// Milliseconds that a peer works on a batch of headers; one at a time.
    #[arg(long, default_value_t = 1)]
    batch_ms: u64,
    /// Bytes a millisecond that a peer sends.
    #[arg(long, default_value_t = 100_000)]
    bandwidth: u64,
    /// A peer that lies, as `2=wrong-bits`; repeatable. Peers count from 0.
    #[arg(long, value_name = "PEER=LIE", value_parser = assignment::<Lie>)]
    lie: Vec<(usize, Lie)>,
    /// A peer with a fault, as `1=stall`; repeatable.
    #[arg(long, value_name = "PEER=FAULT", value_parser = assignment::<Fault>)]
    fault: Vec<(usize, Fault)>,
    /// A peer without compact filters; repeatable.
    #[arg(long, value_name = "PEER")]
    without_filters: Vec<usize>,
    /// A peer that takes no bloom filters; repeatable.
    #[arg(long, value_name = "PEER")]
    without_bloom: Vec<usize>,
    /// A height that is told as a checkpoint; repeatable. Peers that lie about checkpoints need one.
    #[arg(long)]
    checkpoint: Vec<u32>,
}

fn assignment<T>(text: &str) -> Result<(usize, T), Box<dyn Error + Send + Sync>>
where
    T: std::str::FromStr<Err: Error + Send + Sync + 'static>,
{
    let (peer, name) = text.split_once('=').ok_or("no `=`")?;
    Ok((peer.parse()?, name.parse()?))
}

fn activation(text: &str) -> Result<(String, u32), Box<dyn Error + Send + Sync>> {
    let (name, height) = text.split_once('=').ok_or("no `=`")?;
    Ok((name.to_owned(), height.parse()?))
}

fn overrides(options: &Options) -> ChainOverrides {
    let is_devnet = options.network.starts_with("devnet-");
    ChainOverrides {
        minimum_difficulty_blocks: is_devnet.then_some(options.minimum_difficulty_blocks),
        activation: options.activation.to_vec(),
        ..ChainOverrides::default()
    }
}

fn params(options: &Options) -> Result<NetworkParams, Box<dyn Error>> {
    let x11 = dash_spv_wasm::chain::pow::x11;
    let overrides = overrides(options);
    match options.network.strip_prefix("devnet-") {
        Some(name) => Ok(NetworkParams::devnet(name, &overrides, x11)?),
        None if options.network == "regtest" => Ok(NetworkParams::regtest(&overrides)?),
        None => Err(format!("network `{}` is neither regtest nor devnet-NAME", options.network).into()),
    }
}

fn at(peers: &mut [Profile], peer: usize) -> Result<&mut Profile, String> {
    peers.get_mut(peer).ok_or_else(|| format!("there is no peer {peer}"))
}

fn config(options: &Options) -> Result<DemoConfig, Box<dyn Error>> {
    let base = Profile {
        latency_ms: (options.latency_ms, options.latency_ms),
        cost_ms: options.batch_ms,
        bandwidth: options.bandwidth,
        ..Profile::honest()
    };
    let mut peers = vec![base; options.peers];
    for &(peer, fault) in &options.fault {
        let profile = at(&mut peers, peer)?;
        *profile = profile.clone().with_fault(fault);
    }
    for &peer in &options.without_filters {
        at(&mut peers, peer)?.filters = false;
    }
    for &peer in &options.without_bloom {
        at(&mut peers, peer)?.bloom = false;
    }
    for &(peer, lie) in &options.lie {
        if lie.needs_checkpoint() && !options.checkpoint.iter().any(|&at| at > 2 && at <= options.height) {
            return Err(format!("`{lie}` needs --checkpoint above height 2").into());
        }
        if lie.needs_masternodes() && options.masternodes == 0 {
            return Err(format!("`{lie}` needs --masternodes").into());
        }
        at(&mut peers, peer)?.lie = Some(lie);
    }
    let mut checkpoints = options.checkpoint.clone();
    checkpoints.sort_unstable();
    Ok(DemoConfig {
        params: Arc::new(params(options)?),
        height: options.height,
        masternodes: (options.masternodes > 0).then(|| MasternodePlan::new(options.masternodes)),
        crowd: options.crowd,
        seed: options.seed,
        peers,
        checkpoints,
        interval: (options.interval_ms > 0).then(|| Duration::from_millis(options.interval_ms)),
        ip: options.ip,
        control: Some(options.control),
    })
}

async fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let demo = Demo::start(config(&options)?).await?;
    let line = serde_json::json!({
        "network": options.network,
        "option": network_option(&options.network, &overrides(&options)),
        "peers": demo.addresses(),
        "control": demo.control().map(|address| format!("http://{address}")),
        "tip": demo.tip(),
        "checkpoints": demo.checkpoints(),
        "work": work(&demo.chain().read()),
    });
    println!("{line}");
    tokio::signal::ctrl_c().await?;
    Ok(())
}

/// Total work in hex, so that tests can hold the client's against it.
fn work(chain: &SimChain) -> String {
    format!("{:x}", chain.work_at(chain.height()))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dash-simnet: {error}");
            ExitCode::FAILURE
        }
    }
}
