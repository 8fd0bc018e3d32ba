//! An embedded network for demos and browser tests: TCP peers of one chain on which blocks are mined on an interval,
//! people who pay, masternodes who lock, and an HTTP control.
//!
//! Every block from genesis on has a body that can be asked for, and a filter: a coinbase each, and in one of eight of
//! the last 2,000 blocks a payment of somebody's. Filters are made when they are first asked for. Those are of a script
//! or two; where filters are to be as large as on a busy network, coinbases pay a crowd.
//!
//! Whoever asks gets coins from a [`Faucet`]. What it pays, and what clients send, is told to the peers' other clients
//! within five seconds as nodes do; two seconds after it came the masternodes lock it, the next block holds it, and
//! that block gets a ChainLock.
//!
//! `control.rs` has the requests of the control, `info.rs` its answers. The control is for tests on the same machine:
//! it asks nobody for a password and must listen on loopback only.

mod control;
mod info;

pub use info::{
    FactsInfo, FiltersInfo, LockInfo, MasternodeCounts, PeerState, QuorumInfo, SubmissionInfo, TipInfo,
};

use crate::chain::{ChainBuilder, Contents, FilterKind, SimChain};
use crate::masternodes::MasternodePlan;
use crate::peer::Profile;
use crate::rng::Rng;
use crate::tcp::{CannotPay, Faucet, Fill, LiveChain, TcpPeer, unix_secs};
use crate::wallet::Lock;
use dash_protocol::{ChainOverrides, NetworkParams, TxOut, Txid};
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How long before now a devnet's history ends. Its blocks keep their spacing while they are mined faster than that,
/// since difficulty follows their times: the history has to have room for what a demo mines.
const DEVNET_LEAD: u32 = 60 * 86_400;

/// Blocks below the tip of the chain at the start among which some have payments.
const BLOCKS_WITH_PAYMENTS: u32 = 2_000;
/// One of so many of them has.
const PAID_EVERY: u64 = 8;
/// How long after a payment the masternodes lock it.
const INSTANT_DELAY: Duration = Duration::from_secs(2);

/// Blocks below the tip of a long chain that have masternodes: thirty cycles of quorums, which are made in seconds.
const BLOCKS_WITH_MASTERNODES: u32 = 720;

/// The rules of a regtest of this height whose masternodes begin as late as makes no difference to a client: whoever
/// opens it must be given the same ([`network_option`]).
pub fn late_masternodes(height: u32) -> ChainOverrides {
    let first = height.saturating_sub(BLOCKS_WITH_MASTERNODES).max(24);
    let first = first - first % 24;
    let heights = [("dip3", 0), ("dip3_enforcement", 0), ("v20", 48), ("mn_rr", 48), ("withdrawals", 48)];
    let activation = heights.map(|(name, after)| (name.to_owned(), first + after)).into();
    ChainOverrides { activation, ..ChainOverrides::default() }
}

/// The option `network` by which a client opens the regtest or the devnet (`devnet-NAME`) with these rules: what of them
/// is about activation heights and difficulty.
pub fn network_option(name: &str, overrides: &ChainOverrides) -> serde_json::Value {
    let mut rules = serde_json::Map::new();
    if !overrides.activation.is_empty() {
        rules.insert(
            "activation".to_owned(),
            overrides.activation.iter().map(|(name, height)| (name.clone(), json!(height))).collect(),
        );
    }
    if let Some(blocks) = overrides.minimum_difficulty_blocks {
        rules.insert("minimumDifficultyBlocks".to_owned(), json!(blocks));
    }
    match name.strip_prefix("devnet-") {
        Some(devnet) => {
            rules.insert("devnet".to_owned(), json!(devnet));
            rules.into()
        }
        None if rules.is_empty() => json!(name),
        None => json!({ name: rules }),
    }
}

/// What network to start.
#[derive(Clone, Debug)]
pub struct DemoConfig {
    /// Its rules: regtest or a devnet.
    pub params: Arc<NetworkParams>,
    /// Height at the start.
    pub height: u32,
    /// Its masternodes, if it has any.
    pub masternodes: Option<MasternodePlan>,
    /// Strangers whom the coinbase of each block at the start pays besides.
    pub crowd: u32,
    /// Of the chain and of all chance.
    pub seed: u64,
    /// One peer each.
    pub peers: Vec<Profile>,
    /// Heights that peers which lie about checkpoints contradict.
    pub checkpoints: Vec<u32>,
    /// Time between blocks; none: blocks are mined on request only.
    pub interval: Option<Duration>,
    /// Where the peers listen.
    pub ip: IpAddr,
    /// Where the control listens; none: nowhere.
    pub control: Option<SocketAddr>,
}

impl DemoConfig {
    /// Three honest peers on loopback, a block every five seconds, no control.
    pub fn new(params: Arc<NetworkParams>, height: u32) -> Self {
        Self {
            params,
            height,
            masternodes: None,
            crowd: 0,
            seed: 1,
            peers: vec![Profile::honest(); 3],
            checkpoints: Vec::new(),
            interval: Some(Duration::from_secs(5)),
            ip: Ipv4Addr::LOCALHOST.into(),
            control: None,
        }
    }
}

/// A running network. Dropping it stops everything.
#[derive(Debug)]
pub struct Demo {
    net: Arc<Net>,
    control: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Net {
    chain: Arc<LiveChain>,
    /// Those of peers that do not serve the honest one.
    own_chains: Vec<Arc<LiveChain>>,
    peers: Vec<TcpPeer>,
    checkpoints: Vec<TipInfo>,
}

impl Demo {
    /// Mines the history and opens the ports.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(config: DemoConfig) -> io::Result<Self> {
        let DemoConfig {
            params,
            height,
            masternodes,
            crowd,
            seed,
            peers,
            checkpoints,
            interval,
            ip,
            control,
        } = config;
        let lead = if params.no_retargeting { 0 } else { DEVNET_LEAD };
        let mut builder =
            ChainBuilder::new(params).seed(seed).height(height).ends_at(unix_secs().saturating_sub(lead));
        if let Some(plan) = masternodes {
            builder = builder.masternodes(plan);
        }
        let build = tokio::task::spawn_blocking(move || history(builder, height, crowd, seed));
        let (chain, faucet) = build.await.map_err(io::Error::other)?;
        let heights = checkpoints.iter().filter(|&&height| height <= chain.height());
        let known: Vec<_> = heights.map(|&height| chain.checkpoint(height)).collect();
        let checkpoints = known.iter().filter_map(|checkpoint| tip_at(&chain, checkpoint.height)).collect();
        let own: Vec<_> = {
            let mut rng = Rng::split(seed, 3);
            peers.iter().map(|profile| profile.own_chain(&chain, &known, rng.next_u64())).collect()
        };
        let has_masternodes = chain.plan().is_some();
        let chain = LiveChain::with_faucet(chain, faucet);
        let mut rng = Rng::split(seed, 4);
        let mut listening = Vec::new();
        let mut own_chains = Vec::new();
        for (profile, own) in peers.into_iter().zip(own) {
            let view = own.map_or_else(|| Arc::clone(&chain), LiveChain::new);
            if !Arc::ptr_eq(&view, &chain) {
                own_chains.push(Arc::clone(&view));
            }
            listening.push(TcpPeer::start(ip, profile, view, rng.next_u64()).await?);
        }
        let net = Arc::new(Net { chain, own_chains, peers: listening, checkpoints });
        let mut tasks = Vec::new();
        if has_masternodes {
            tasks.push(tokio::spawn(lock_on(Arc::clone(&net.chain))));
        }
        if let Some(interval) = interval {
            tasks.push(tokio::spawn(mine_on(Arc::clone(&net.chain), interval)));
        }
        let mut control_address = None;
        if let Some(control) = control {
            let listener = TcpListener::bind(control).await?;
            control_address = Some(listener.local_addr()?);
            let router = control::router(Arc::clone(&net));
            tasks.push(tokio::spawn(async move {
                // Ends with the task; an accept error is retried inside.
                let _ = axum::serve(listener, router).await;
            }));
        }
        Ok(Self { net, control: control_address, tasks })
    }

    /// Where the peers listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.net.peers.iter().map(TcpPeer::address).collect()
    }

    /// Where the control listens.
    pub fn control(&self) -> Option<SocketAddr> {
        self.control
    }

    /// The tip.
    pub fn tip(&self) -> TipInfo {
        self.net.tip()
    }

    /// The blocks that were asked for as checkpoints.
    pub fn checkpoints(&self) -> &[TipInfo] {
        &self.net.checkpoints
    }

    /// The chain, to read or to change.
    pub fn chain(&self) -> &Arc<LiveChain> {
        &self.net.chain
    }

    /// Mines blocks of which the first holds what waits, and the peers announce them.
    pub fn mine(&self, blocks: u32) {
        self.net.chain.mine(blocks, Fill::Payments, unix_secs());
    }

    /// Replaces the last `depth` blocks by `blocks` others.
    pub fn reorg(&self, depth: u32, blocks: u32, fill: Fill) {
        self.net.chain.reorganize(depth, blocks, fill, unix_secs());
    }

    /// Pays a script so many duffs.
    ///
    /// # Errors
    /// [`CannotPay`].
    pub fn pay(&self, script: &[u8], duffs: i64) -> Result<Txid, CannotPay> {
        self.net.chain.pay(script, duffs)
    }

    /// Closes or opens a peer's port. Nothing happens for an index that no peer has.
    pub fn set_peer_up(&self, peer: usize, up: bool) {
        if let Some(peer) = self.net.peers.get(peer) {
            peer.set_up(up);
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// A chain on which strangers were paid now and then of late, and a crowd of them in every block.
fn history(builder: ChainBuilder, height: u32, crowd: u32, seed: u64) -> (SimChain, Faucet) {
    /// Duffs for each of the crowd.
    const SHARE: i64 = 1_000;
    let mut faucet = Faucet::new(seed);
    let mut rng = Rng::split(seed, 32);
    let mut crowded = Rng::split(seed, 33);
    let chain = builder.bodies().build_with(|below| {
        let is_lively = below.height() + BLOCKS_WITH_PAYMENTS >= height && rng.below(PAID_EVERY) == 0;
        let payment = is_lively.then(|| {
            let to = Faucet::stranger(below, below.height() / 2);
            faucet.draw(below, &to, rng.between(10_000, 10_000_000_000) as i64).ok()
        });
        let payment = payment.flatten().and_then(|payment| below.spending(payment));
        let transactions = payment.into_iter().collect();
        let mut reward = faucet.reward(below);
        let mut stranger = || TxOut { value: SHARE, script: Lock::random(&mut crowded).script() };
        reward.extend((0..crowd).map(|_| stranger()));
        Contents { reward, transactions, locked: false }
    });
    (chain, faucet)
}

fn tip_at(chain: &SimChain, height: u32) -> Option<TipInfo> {
    let header = chain.header_at(height)?;
    Some(TipInfo { height, hash: chain.hash_at(height)?.to_string(), time: header.time })
}

impl Net {
    fn tip(&self) -> TipInfo {
        let chain = self.chain.read();
        tip_at(&chain, chain.height()).expect("a chain has the block at its height")
    }

    /// Makes all filters and their headers, and tells how large they are.
    fn filters(&self) -> FiltersInfo {
        let chain = self.chain.read();
        let blocks = (0..=chain.height()).filter_map(|height| chain.known_block(&chain.hash_at(height)?));
        let bytes = blocks.map(|block| block.filter(FilterKind::Full).len()).sum();
        let tip = chain.filter_header(&chain.tip_hash(), FilterKind::Full);
        FiltersInfo { blocks: chain.height() + 1, bytes, header: tip.map(|header| header.to_string()) }
    }

    fn served(&self) -> BTreeMap<String, u64> {
        let mut all = self.chain.served();
        for chain in &self.own_chains {
            for (command, count) in chain.served() {
                *all.entry(command).or_default() += count;
            }
        }
        all
    }
}

async fn mine_on(chain: Arc<LiveChain>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        chain.mine(1, Fill::Payments, unix_secs());
    }
}

/// The masternodes lock what is paid, some time after they heard of it.
async fn lock_on(chain: Arc<LiveChain>) {
    let mut changes = chain.changes();
    while changes.changed().await.is_ok() {
        tokio::time::sleep(INSTANT_DELAY).await;
        changes.mark_unchanged();
        let chain = Arc::clone(&chain);
        // Signing takes milliseconds; a network that is going down needs no more locks.
        if tokio::task::spawn_blocking(move || chain.lock_waiting()).await.is_err() {
            return;
        }
    }
}
