//! The client's engine, a network of peers, links and a store under one virtual clock.
//!
//! A world is a discrete-event simulation: the next thing that happens is taken from a queue, the clock jumps to it,
//! the engine hears of it, and its effects become later events. Nothing reads a real clock or real chance, so a seed
//! and a builder give one run, down to the last byte; [`Report::digest`] tells runs apart.
//!
//! - `builder.rs`: peers, chain, configuration. `actions.rs`: what a test does to a world. `queue.rs`: the events.
//!   `hashes.rs`: the hashes of known headers and the outcomes of known signature checks, so that simulated runs do not
//!   pay for them again. `effects.rs`: the driver's side of the engine. `truth.rs`: what of the client's reports is
//!   false. `wallet.rs`: what happens to a wallet, in worlds that have one. `report.rs`: what a run comes to, and what it prints when it fails.
//!
//! A run is bounded by its virtual time limit and by ten million events.

mod actions;
mod builder;
mod effects;
mod hashes;
mod ledger;
mod queue;
mod report;
mod truth;
mod wallet;

pub use builder::{WorldBuilder, devnet, regtest, regtest_with_masternodes};
pub use ledger::WalletView;
pub use report::{Failure, Report};

use crate::chain::SimChain;
use crate::peer::{Clock, Pool, Profile, Refusal, SimPeer};
use crate::rng::Rng;
use crate::wallet::WalletScenario;
use dash_protocol::Txid;
use dash_spv_wasm::api::{ApiError, Event, LogRecord, PeerChange, Phase, Reply, SyncState, Tip};
use dash_spv_wasm::engine::{CallId, Command, Config, ConnId, Engine, Input, Now};
use dash_spv_wasm::store::{MemoryStore, StoreError};
use hashes::Hashes;
use queue::{Happening, Queue};
use report::Digest;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most events of one run.
const MAX_EVENTS: u64 = 10_000_000;

/// A peer of the world, up or down, with the chain that it knows so far.
struct Host {
    address: String,
    profile: Profile,
    view: Arc<SimChain>,
    pool: Arc<Pool>,
    /// Whether it follows the honest chain.
    honest_chain: bool,
    up: bool,
}

/// A connection that stands.
struct Link {
    host: usize,
    bridge: usize,
    peer: SimPeer,
    /// The tick that is in the queue.
    tick_at: Option<u64>,
}

/// The simulation. See the module.
pub struct World {
    seed: u64,
    rng: Rng,
    config: Config,
    engine: Engine,
    store: MemoryStore,
    store_free_at: u64,
    store_ms: u64,
    store_failures: VecDeque<StoreError>,
    compute_failures: u32,
    workers_free_at_us: Vec<u64>,
    hash_rate: u64,
    now_ms: u64,
    started_unix_ms: u64,
    queue: Queue,
    wake_at: Option<u64>,
    hosts: Vec<Host>,
    links: BTreeMap<ConnId, Link>,
    attempts: BTreeSet<ConnId>,
    bridges_up: Vec<bool>,
    next_host: usize,
    next_call: u64,
    chain: Arc<SimChain>,
    pool: Arc<Pool>,
    wallet: Option<WalletScenario>,
    /// What became of the client's transactions.
    submissions: Vec<(Txid, Result<(), Refusal>)>,
    /// Names of the transactions that the network locked.
    locked_payments: BTreeSet<String>,
    hashes: Hashes,
    events: Vec<(u64, Event)>,
    logs: Vec<LogRecord>,
    replies: BTreeMap<CallId, Result<Reply, ApiError>>,
    state: Option<Box<SyncState>>,
    bans: Vec<(String, String)>,
    /// Messages of the client by command, as peers got them.
    asked: BTreeMap<String, u64>,
    digest: Digest,
    handled: u64,
    connects: u64,
}

impl World {
    /// A world of this seed, to be furnished: three honest peers and 2,500 blocks if nothing else is said.
    pub fn builder(seed: u64) -> WorldBuilder {
        WorldBuilder::new(seed)
    }

    /// Lets time pass until `done` holds, looking after every event.
    ///
    /// # Errors
    /// When it does not hold within `limit_ms` of virtual time from now; the error's text has the seed and how far the
    /// run came.
    pub fn run_until(
        &mut self,
        mut done: impl FnMut(&Self) -> bool,
        limit_ms: u64,
    ) -> Result<Report, Failure> {
        let end = self.now_ms + limit_ms;
        while !done(self) {
            if self.handled >= MAX_EVENTS {
                return Err(self.failure("too many events"));
            }
            if !self.step(end) {
                self.now_ms = end;
                return Err(self.failure("the time limit passed"));
            }
        }
        Ok(self.report())
    }

    /// [`World::run_until`] the client is synced to the honest tip.
    ///
    /// # Errors
    /// As [`World::run_until`].
    pub fn run_until_synced(&mut self, limit_ms: u64) -> Result<Report, Failure> {
        self.run_until(Self::is_synced, limit_ms)
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, ms: u64) -> Report {
        let end = self.now_ms + ms;
        while self.handled < MAX_EVENTS && self.step(end) {}
        self.now_ms = end;
        self.report()
    }

    /// Whether the client says that it is synced and what it has stored ends in the honest tip.
    pub fn is_synced(&self) -> bool {
        let tip = self.chain.tip_hash();
        self.state
            .as_ref()
            .is_some_and(|state| state.phase == Phase::Synced && state.tip.hash == tip.to_string())
            && self.store.meta().is_some_and(|meta| meta.main.tip_hash == tip)
    }

    /// The client's last reported state.
    ///
    /// # Panics
    /// Before the first one.
    pub fn state(&self) -> &SyncState {
        self.state.as_deref().expect("the engine reports a state when it starts")
    }

    /// The client's last reported state, if it reported any since it was opened.
    pub fn try_state(&self) -> Option<&SyncState> {
        self.state.as_deref()
    }

    /// All events so far with their virtual times in milliseconds.
    pub fn events(&self) -> &[(u64, Event)] {
        &self.events
    }

    /// All log lines so far.
    pub fn logs(&self) -> &[LogRecord] {
        &self.logs
    }

    /// The ChainLocked tips reported so far, with their virtual times.
    pub fn chainlocks(&self) -> impl Iterator<Item = (u64, &Tip)> {
        self.events.iter().filter_map(|(at, event)| match event {
            Event::Chainlock { tip } => Some((*at, tip)),
            _ => None,
        })
    }

    /// The names of transactions reported as locked so far, with their virtual times.
    pub fn instantlocks(&self) -> impl Iterator<Item = (u64, &str)> {
        self.events.iter().filter_map(|(at, event)| match event {
            Event::Instantlock { txid } => Some((*at, txid.as_str())),
            _ => None,
        })
    }

    /// How many messages of a command, as `getqrinfo`, peers got from the client so far.
    pub fn asked(&self, command: &str) -> u64 {
        self.asked.get(command).copied().unwrap_or(0)
    }

    /// Addresses of banned peers with the reasons given, in the order of their bans.
    pub fn bans(&self) -> &[(String, String)] {
        &self.bans
    }

    /// Whether the peer of this index was banned.
    pub fn is_banned(&self, peer: usize) -> bool {
        let address = &self.hosts[peer].address;
        self.bans.iter().any(|(banned, _)| banned == address)
    }

    /// `host:port` of a peer.
    pub fn address(&self, peer: usize) -> &str {
        &self.hosts[peer].address
    }

    /// The honest chain as it is now.
    pub fn chain(&self) -> &SimChain {
        &self.chain
    }

    /// The client's store.
    pub fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// The store, to limit its room.
    pub fn store_mut(&mut self) -> &mut MemoryStore {
        &mut self.store
    }

    /// What the client was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Virtual milliseconds since the world began.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// Seconds since 1970 by the virtual wall clock.
    pub fn unix_secs(&self) -> u32 {
        ((self.started_unix_ms + self.now_ms) / 1_000) as u32
    }

    /// Connections that stand.
    pub fn connections(&self) -> usize {
        self.links.len()
    }

    /// Connection attempts so far.
    pub fn connects(&self) -> u64 {
        self.connects
    }

    /// Commits that the store is working on.
    pub fn commits_in_flight(&self) -> usize {
        self.queue.iter().filter(|happening| matches!(happening, Happening::Stored { .. })).count()
    }

    /// Calls the client; the answer comes as [`World::reply`].
    pub fn call(&mut self, command: Command) -> CallId {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.input(Input::Command { call, command });
        call
    }

    /// Gives a call up.
    pub fn cancel(&mut self, call: CallId) {
        self.input(Input::Cancel { call });
    }

    /// What a call was answered with, once it was.
    pub fn reply(&self, call: CallId) -> Option<&Result<Reply, ApiError>> {
        self.replies.get(&call)
    }

    /// Calls the client and lets time pass until it answers.
    ///
    /// # Errors
    /// When it does not within ten virtual seconds.
    pub fn ask(&mut self, command: Command) -> Result<Result<Reply, ApiError>, Failure> {
        let call = self.call(command);
        self.run_until(|world| world.replies.contains_key(&call), 10_000)?;
        self.replies.get(&call).cloned().ok_or_else(|| self.failure("the reply is gone"))
    }

    /// The next event, if it is not later than `end`. Returns whether there was one.
    fn step(&mut self, end: u64) -> bool {
        let event = self.queue.next_at();
        let at = match (event, self.wake_at) {
            (Some(event), Some(wake)) => event.min(wake),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => return false,
        };
        if at > end {
            return false;
        }
        self.now_ms = self.now_ms.max(at);
        if event.is_some_and(|event| event <= at) {
            if let Some(happening) = self.queue.pop() {
                self.happen(happening);
            }
        } else {
            self.wake_at = None;
            self.input(Input::Tick);
        }
        true
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, unix_ms: self.started_unix_ms + self.now_ms }
    }

    fn clock(&self) -> Clock {
        Clock { ms: self.now_ms, unix_secs: self.unix_secs() }
    }

    fn note(&mut self, event: Event) {
        match &event {
            Event::State { state } => self.state = Some(state.clone()),
            Event::Peer { peer, change: PeerChange::Banned, reason } => {
                self.bans.push((peer.address.clone(), reason.clone().unwrap_or_default()));
            }
            _ => {}
        }
        self.events.push((self.now_ms, event));
    }
}

#[cfg(test)]
mod tests;
