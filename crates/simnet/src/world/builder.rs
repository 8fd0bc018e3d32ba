//! Furnishing a world.

use super::hashes::Hashes;
use super::queue::Queue;
use super::report::Digest;
use super::{Host, World};
use crate::chain::{EPOCH, SimChain};
use crate::masternodes::{Bogus, BogusCommitment, MasternodePlan};
use crate::peer::{Lie, Profile};
use crate::rng::Rng;
use crate::wallet::{WalletPlan, WalletScenario};
use dash_protocol::{ChainOverrides, NetworkParams};
use dash_spv_wasm::api::LogLevel;
use dash_spv_wasm::chain::pow::x11;
use dash_spv_wasm::engine::{Birthday, BridgeConfig, Config, Engine, QrInfoConfig};
use dash_spv_wasm::store::MemoryStore;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

/// The rules of regtest, shared.
pub fn regtest() -> Arc<NetworkParams> {
    static PARAMS: OnceLock<Arc<NetworkParams>> = OnceLock::new();
    let params = PARAMS.get_or_init(|| {
        Arc::new(NetworkParams::regtest(&ChainOverrides::default()).expect("no override is a valid override"))
    });
    Arc::clone(params)
}

/// The rules of the devnet `sim`, shared: easy blocks up to height 4,000, Dark Gravity Wave from there on.
pub fn devnet() -> Arc<NetworkParams> {
    static PARAMS: OnceLock<Arc<NetworkParams>> = OnceLock::new();
    let params = PARAMS.get_or_init(|| {
        let overrides =
            ChainOverrides { minimum_difficulty_blocks: Some(4_000), ..ChainOverrides::default() };
        Arc::new(NetworkParams::devnet("sim", &overrides, x11).expect("the name and the override are valid"))
    });
    Arc::clone(params)
}

/// The rules of a regtest whose masternodes begin early, shared: lists and quorums from height 24 on, quorums chosen by
/// ChainLocks from 72 on.
pub fn regtest_with_masternodes() -> Arc<NetworkParams> {
    static PARAMS: OnceLock<Arc<NetworkParams>> = OnceLock::new();
    let params = PARAMS.get_or_init(|| {
        let heights =
            [("dip3", 24), ("dip3_enforcement", 24), ("v20", 72), ("mn_rr", 72), ("withdrawals", 72)];
        let activation = heights.map(|(name, height)| (name.to_owned(), height)).into();
        let overrides = ChainOverrides { activation, ..ChainOverrides::default() };
        Arc::new(NetworkParams::regtest(&overrides).expect("the names are those of deployments"))
    });
    Arc::clone(params)
}

type Tweak = Box<dyn FnOnce(&mut Config)>;

/// Masternodes of a world that needs some and did not say how many.
const DEFAULT_MASTERNODES: u32 = 16;

/// Says what a [`World`] is made of.
#[must_use]
pub struct WorldBuilder {
    seed: u64,
    params: Option<Arc<NetworkParams>>,
    chain: Option<Arc<SimChain>>,
    height: Option<u32>,
    plan: Option<MasternodePlan>,
    wallet: Option<WalletPlan>,
    scenario: Option<WalletScenario>,
    checkpoints: Vec<u32>,
    peers: Vec<Profile>,
    bridges: usize,
    workers: usize,
    hash_rate: u64,
    store_ms: u64,
    store: Option<MemoryStore>,
    tweak: Option<Tweak>,
}

impl WorldBuilder {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            params: None,
            chain: None,
            height: None,
            plan: None,
            wallet: None,
            scenario: None,
            checkpoints: Vec::new(),
            peers: Vec::new(),
            bridges: 1,
            workers: 1,
            hash_rate: 80_000,
            store_ms: 4,
            store: None,
            tweak: None,
        }
    }

    /// The network's rules; regtest if not said, and [`regtest_with_masternodes`] where there are any.
    pub fn params(mut self, params: Arc<NetworkParams>) -> Self {
        self.params = Some(params);
        self
    }

    /// Height of the honest chain, which is shared by all worlds of the same rules, plan and height; 2,500 if not said,
    /// and 400 with masternodes.
    pub fn height(mut self, height: u32) -> Self {
        self.height = Some(height);
        self
    }

    /// Gives the network masternodes, with quorums and locks, and has the client want to know of them.
    pub fn masternodes(mut self, plan: MasternodePlan) -> Self {
        self.plan = Some(plan);
        self
    }

    /// Gives the chain a wallet, to which all that happens in blocks and in the pool happens: with the plan's rules,
    /// masternodes and height. Worlds with equal plans share what the chain begins with.
    pub fn wallet(mut self, plan: WalletPlan) -> Self {
        self.wallet = Some(plan);
        self
    }

    /// A given honest chain, with its rules.
    pub fn chain(mut self, chain: Arc<SimChain>) -> Self {
        self.params = Some(Arc::clone(chain.params()));
        self.chain = Some(chain);
        self
    }

    /// Heights of blocks that the client knows as checkpoints, with their times and work.
    pub fn checkpoints(mut self, heights: &[u32]) -> Self {
        self.checkpoints = heights.to_vec();
        self
    }

    /// Adds a peer. Peers are numbered in this order.
    pub fn peer(mut self, profile: Profile) -> Self {
        self.peers.push(profile);
        self
    }

    /// Adds so many honest peers.
    pub fn honest(mut self, count: usize) -> Self {
        self.peers.extend((0..count).map(|_| Profile::honest()));
        self
    }

    /// How many bridges the client knows; each reaches every peer.
    pub fn bridges(mut self, count: usize) -> Self {
        self.bridges = count;
        self
    }

    /// How many workers compute, at least one, and how many hashes each does in a second.
    pub fn compute(mut self, workers: usize, hash_rate: u64) -> Self {
        self.workers = workers.max(1);
        self.hash_rate = hash_rate.max(1);
        self
    }

    /// Milliseconds of a commit, besides one for each 400 headers.
    pub fn store_ms(mut self, ms: u64) -> Self {
        self.store_ms = ms;
        self
    }

    /// What an earlier visit left behind.
    pub fn store(mut self, store: MemoryStore) -> Self {
        self.store = Some(store);
        self
    }

    /// Changes what the client is opened with.
    pub fn config(mut self, tweak: impl FnOnce(&mut Config) + 'static) -> Self {
        self.tweak = Some(Box::new(tweak));
        self
    }

    /// The chain given, the wallet's, or the shared one. Lies about quorums that a miner made up need one.
    fn honest_chain(&mut self) -> Arc<SimChain> {
        if let Some(chain) = self.chain.take() {
            return chain;
        }
        let lies = || self.peers.iter().filter_map(|peer| peer.lie);
        let needs_wallet = self.wallet.is_none() && lies().any(Lie::needs_filters);
        if let Some(plan) = self.wallet.take().or_else(|| needs_wallet.then(|| self.default_wallet())) {
            let (chain, scenario) = WalletScenario::shared(&plan);
            self.params = Some(Arc::clone(chain.params()));
            self.scenario = Some(scenario);
            return chain;
        }
        let lies = || self.peers.iter().filter_map(|peer| peer.lie);
        let plan = self
            .plan
            .take()
            .or_else(|| lies().any(Lie::needs_masternodes).then(|| MasternodePlan::new(DEFAULT_MASTERNODES)));
        let Some(mut plan) = plan else {
            let params = self.params.take().unwrap_or_else(regtest);
            return SimChain::shared(&params, 1, self.height.unwrap_or(2_500));
        };
        let params = self.params.take().unwrap_or_else(regtest_with_masternodes);
        let height = self.height.unwrap_or(400);
        if lies().any(|lie| lie == Lie::LockUnprovenQuorum) {
            plan.bogus.extend(newest_signing_cycles(&params, height));
        }
        SimChain::shared_with(&params, 1, height, &plan)
    }

    /// The wallet of a world that needs one and did not say which.
    fn default_wallet(&self) -> WalletPlan {
        let masternodes = self.plan.clone();
        let rules = if masternodes.is_some() { regtest_with_masternodes } else { regtest };
        let params = self.params.clone().unwrap_or_else(rules);
        WalletPlan { masternodes, ..WalletPlan::new(params, 1, self.height.unwrap_or(400)) }
    }

    /// The world, at the moment when the client is opened.
    pub fn build(mut self) -> World {
        let mut rng = Rng::split(self.seed, 11);
        let chain = self.honest_chain();
        let peers = if self.peers.is_empty() { vec![Profile::honest(); 3] } else { self.peers };
        let mut heights = self.checkpoints;
        let lies_about_checkpoints =
            peers.iter().any(|peer| peer.lie.is_some_and(|lie| lie.needs_checkpoint()));
        if heights.is_empty() && lies_about_checkpoints {
            heights.push(chain.height() / 2);
        }
        let params = with_checkpoints(&chain, &heights);
        let mut hashes = Hashes::default();
        hashes.learn(Arc::clone(&chain));
        let hosts = (0u32..).zip(peers).map(|(index, profile)| {
            let own = profile.own_chain(&chain, &params.checkpoints, rng.next_u64()).map(Arc::new);
            if let Some(own) = &own {
                hashes.learn(Arc::clone(own));
            }
            Host {
                // Each in a network of its own, as peers that one would want are.
                address: format!("10.{}.0.1:{}", index + 1, params.default_port),
                profile,
                honest_chain: own.is_none(),
                view: own.unwrap_or_else(|| Arc::clone(&chain)),
                pool: Arc::default(),
                up: true,
            }
        });
        let hosts: Vec<Host> = hosts.collect();
        let network_id = params.network_id();
        let mut config = Config {
            params,
            bridges: (0..self.bridges)
                .map(|index| BridgeConfig { url: format!("wss://bridge-{index}.example"), plain: false })
                .collect(),
            birthday: Some(Birthday::Genesis),
            peers_target: hosts.len().clamp(1, 16),
            peers_only: Vec::new(),
            masternodes: chain.plan().is_some(),
            filters: false,
            watch_mempool: true,
            qrinfo: QrInfoConfig::default(),
            log_level: LogLevel::Debug,
            seed: rng.next_u64(),
            persistent: true,
        };
        if let Some(tweak) = self.tweak {
            tweak(&mut config);
        }
        let mut world = World {
            seed: self.seed,
            engine: Engine::new(config.clone()),
            store: self.store.unwrap_or_else(|| MemoryStore::for_network(network_id)),
            store_free_at: 0,
            store_ms: self.store_ms,
            store_failures: VecDeque::new(),
            compute_failures: 0,
            workers_free_at_us: vec![0; self.workers],
            hash_rate: self.hash_rate,
            now_ms: 0,
            started_unix_ms: u64::from(EPOCH.max(chain.tip().time) + 30) * 1_000,
            queue: Queue::default(),
            wake_at: None,
            links: BTreeMap::new(),
            attempts: BTreeSet::new(),
            bridges_up: vec![true; config.bridges.len()],
            next_host: rng.below(hosts.len() as u64) as usize,
            next_call: 0,
            hosts,
            chain,
            pool: Arc::default(),
            wallet: self.scenario,
            submissions: Vec::new(),
            locked_payments: BTreeSet::new(),
            hashes,
            events: Vec::new(),
            logs: Vec::new(),
            replies: BTreeMap::new(),
            state: None,
            bans: Vec::new(),
            asked: BTreeMap::new(),
            digest: Digest::default(),
            handled: 0,
            connects: 0,
            config,
            rng,
        };
        world.pump();
        world
    }
}

/// All quorums that could lock the block at a height, as commitments that a miner made up.
fn newest_signing_cycles(params: &NetworkParams, height: u32) -> Vec<BogusCommitment> {
    let llmq_type = params.llmq_types.chainlocks;
    let Some(llmq) = params.llmq(llmq_type) else { return Vec::new() };
    let newest = height.saturating_sub(8 + llmq.mining_end);
    let newest = newest - newest % llmq.interval;
    let cycles = (0..llmq.active).filter_map(|back| newest.checked_sub(back * llmq.interval));
    cycles.map(|cycle| BogusCommitment { llmq_type, cycle, index: 0, kind: Bogus::Members }).collect()
}

/// The chain's rules with its blocks at `heights` as checkpoints, beside those that the network has.
fn with_checkpoints(chain: &SimChain, heights: &[u32]) -> Arc<NetworkParams> {
    if heights.is_empty() {
        return Arc::clone(chain.params());
    }
    let mut params = NetworkParams::clone(chain.params());
    params.checkpoints.extend(heights.iter().map(|&height| chain.checkpoint(height)));
    params.checkpoints.sort_by_key(|checkpoint| checkpoint.height);
    params.checkpoints.dedup_by_key(|checkpoint| checkpoint.height);
    Arc::new(params)
}
