//! An embedded network for demos and browser tests: TCP peers of one chain on which blocks are mined on an interval,
//! and an HTTP control.
//!
//! | request | does |
//! |---|---|
//! | `GET /tip` | `{"height":…,"hash":"…","time":…}` |
//! | `GET /peers` | `[{"address":"…","up":true}]` |
//! | `GET /facts` | the truth about masternodes and quorums as of the tip: [`FactsInfo`] |
//! | `GET /served` | `{"getheaders2":3,…}`: how many messages of each command the peers got |
//! | `POST /mine?blocks=N` | mines N blocks (1), answers the tip |
//! | `POST /reorg?depth=N&blocks=M` | replaces the last N blocks (1) by M others (N + 1), answers the tip |
//! | `POST /lock` | has somebody pay and the masternodes lock it, answers `{"txid":"…"}` |
//! | `POST /peers/I/down`, `POST /peers/I/up` | closes or opens a peer's port |
//!
//! The control is for tests on the same machine: it asks nobody for a password and must listen on loopback only.

mod info;

pub use info::{FactsInfo, LockInfo, MasternodeCounts, PeerState, QuorumInfo, TipInfo};

use crate::chain::ChainBuilder;
use crate::masternodes::MasternodePlan;
use crate::peer::{Payment, Profile};
use crate::rng::Rng;
use crate::tcp::{LiveChain, TcpPeer, unix_secs};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use dash_protocol::{ChainOverrides, NetworkParams, Txid};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The most blocks that one request mines.
const MAX_BLOCKS: u32 = 100_000;
/// How long before now a devnet's history ends. Its blocks keep their spacing while they are mined faster than that,
/// since difficulty follows their times: the history has to have room for what a demo mines.
const DEVNET_LEAD: u32 = 60 * 86_400;

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
        rules.insert("activation".to_owned(), json!(overrides.activation));
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
    /// How many payments were made.
    payments: AtomicU64,
}

impl Demo {
    /// Mines the history and opens the ports.
    ///
    /// # Errors
    /// When a port cannot be bound.
    pub async fn start(config: DemoConfig) -> io::Result<Self> {
        let DemoConfig { params, height, masternodes, seed, peers, checkpoints, interval, ip, control } =
            config;
        let lead = if params.no_retargeting { 0 } else { DEVNET_LEAD };
        let mut builder =
            ChainBuilder::new(params).seed(seed).height(height).ends_at(unix_secs().saturating_sub(lead));
        if let Some(plan) = masternodes {
            builder = builder.masternodes(plan);
        }
        let chain = tokio::task::spawn_blocking(|| builder.build()).await.map_err(io::Error::other)?;
        let heights = checkpoints.iter().filter(|&&height| height <= chain.height());
        let known: Vec<_> = heights.map(|&height| chain.checkpoint(height)).collect();
        let checkpoints = known.iter().filter_map(|checkpoint| tip_at(&chain, checkpoint.height)).collect();
        let own: Vec<_> = {
            let mut rng = Rng::split(seed, 3);
            peers.iter().map(|profile| profile.own_chain(&chain, &known, rng.next_u64())).collect()
        };
        let chain = LiveChain::new(chain);
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
        let net =
            Arc::new(Net { chain, own_chains, peers: listening, checkpoints, payments: AtomicU64::new(0) });
        let mut tasks = Vec::new();
        if let Some(interval) = interval {
            tasks.push(tokio::spawn(mine_on(Arc::clone(&net.chain), interval)));
        }
        let mut control_address = None;
        if let Some(control) = control {
            let listener = TcpListener::bind(control).await?;
            control_address = Some(listener.local_addr()?);
            let router = router(Arc::clone(&net));
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

    /// Mines blocks, and the peers announce them.
    pub fn mine(&self, blocks: u32) {
        self.net.chain.change(|chain| chain.mine(blocks, unix_secs()));
    }

    /// Replaces the last `depth` blocks by `blocks` others.
    pub fn reorg(&self, depth: u32, blocks: u32) {
        self.net.chain.change(|chain| chain.reorganize(depth, blocks, unix_secs()));
    }

    /// Has somebody pay and the masternodes lock it; the transaction's name, or none without masternodes that can.
    pub fn pay(&self) -> Option<Txid> {
        self.net.pay()
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

fn tip_at(chain: &crate::chain::SimChain, height: u32) -> Option<TipInfo> {
    let header = chain.header_at(height)?;
    Some(TipInfo { height, hash: chain.hash_at(height)?.to_string(), time: header.time })
}

impl Net {
    fn tip(&self) -> TipInfo {
        let chain = self.chain.read();
        tip_at(&chain, chain.height()).expect("a chain has the block at its height")
    }

    fn pay(&self) -> Option<Txid> {
        let seed = self.payments.fetch_add(1, Ordering::Relaxed);
        let (transaction, lock) = self.chain.read().instant_lock(seed)?;
        let txid = transaction.txid();
        self.chain.relay(Payment { transaction, lock: Some(lock) });
        Some(txid)
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
        chain.change(|chain| chain.mine(1, unix_secs()));
    }
}

#[derive(Deserialize)]
struct Blocks {
    depth: Option<u32>,
    blocks: Option<u32>,
}

fn router(net: Arc<Net>) -> Router {
    Router::new()
        .route("/tip", get(async |State(net): State<Arc<Net>>| Json(net.tip())))
        .route("/peers", get(list_peers))
        .route("/facts", get(facts))
        .route("/served", get(async |State(net): State<Arc<Net>>| Json(net.served())))
        .route("/lock", post(lock))
        .route("/mine", post(mine))
        .route("/reorg", post(reorg))
        .route("/peers/{index}/{state}", post(switch_peer))
        .with_state(net)
}

async fn list_peers(State(net): State<Arc<Net>>) -> Json<Vec<PeerState>> {
    let peers = net.peers.iter().map(|peer| PeerState { address: peer.address(), up: peer.is_up() });
    Json(peers.collect())
}

/// The truth, or 404 on a chain without masternodes.
async fn facts(State(net): State<Arc<Net>>) -> Result<Json<FactsInfo>, StatusCode> {
    let facts = net.chain.read().facts().ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(FactsInfo::from(&facts)))
}

/// 404 on a chain without quorums that lock.
async fn lock(State(net): State<Arc<Net>>) -> Result<Json<LockInfo>, StatusCode> {
    let txid = net.pay().ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(LockInfo { txid: txid.to_string() }))
}

async fn mine(State(net): State<Arc<Net>>, Query(query): Query<Blocks>) -> Result<Json<TipInfo>, StatusCode> {
    let blocks = query.blocks.unwrap_or(1);
    change(net, 0, blocks).await
}

async fn reorg(
    State(net): State<Arc<Net>>,
    Query(query): Query<Blocks>,
) -> Result<Json<TipInfo>, StatusCode> {
    let depth = query.depth.unwrap_or(1);
    let blocks = query.blocks.unwrap_or_else(|| depth.saturating_add(1));
    change(net, depth, blocks).await
}

async fn change(net: Arc<Net>, depth: u32, blocks: u32) -> Result<Json<TipInfo>, StatusCode> {
    if blocks > MAX_BLOCKS {
        return Err(StatusCode::BAD_REQUEST);
    }
    let work = move || {
        net.chain.change(|chain| chain.reorganize(depth, blocks, unix_secs()));
        net.tip()
    };
    let tip = tokio::task::spawn_blocking(work).await;
    tip.map(Json).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

async fn switch_peer(
    State(net): State<Arc<Net>>,
    Path((index, state)): Path<(usize, String)>,
) -> Result<Json<PeerState>, StatusCode> {
    let peer = net.peers.get(index).ok_or(StatusCode::NOT_FOUND)?;
    let up = match state.as_str() {
        "up" => true,
        "down" => false,
        _ => return Err(StatusCode::NOT_FOUND),
    };
    peer.set_up(up);
    Ok(Json(PeerState { address: peer.address(), up }))
}
