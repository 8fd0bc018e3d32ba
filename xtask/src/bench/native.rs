//! The real engine natively: real time, computation on its own thread, peers on others, headers into memory.

use super::median;
use anyhow::{Context, Result, bail};
use dash_protocol::{ChainOverrides, NetworkParams};
use dash_spv_wasm::api::{Event, LogLevel, Phase};
use dash_spv_wasm::chain::pow;
use dash_spv_wasm::compute;
use dash_spv_wasm::engine::{BridgeConfig, Config, ConnId, Effect, Engine, Input, Now, QrInfoConfig};
use dash_spv_wasm::store::MemoryStore;
use simnet::chain::{ChainBuilder, SimChain};
use simnet::peer::{Action, Clock, Pool, Profile, SimPeer, View};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How many hashes at a time: what the engine makes of a message.
const BATCH: usize = 500;
const ROUNDS: usize = 3;
const LIMIT: Duration = Duration::from_secs(300);

/// What was measured, on one core.
pub struct Native {
    pub headers_per_second: f64,
    pub x11_per_second: f64,
}

/// Syncs a chain of this height a few times and hashes it as often; the medians.
pub fn measure(height: u32) -> Result<Native> {
    let params = Arc::new(NetworkParams::regtest(&ChainOverrides::default())?);
    let now = u32::try_from(unix_ms() / 1000).context("the clock")?;
    let chain = Arc::new(ChainBuilder::new(params).height(height).ends_at(now).build());
    let mut rates = Vec::new();
    let mut hashes = Vec::new();
    for _ in 0..ROUNDS {
        hashes.push(x11_per_second(&chain));
        rates.push(f64::from(height) / sync(&chain)?.as_secs_f64());
    }
    let (headers_per_second, x11_per_second) = (median(rates), median(hashes));
    println!("native: {headers_per_second:.0} headers/s beside {x11_per_second:.0} hashes/s");
    Ok(Native { headers_per_second, x11_per_second })
}

fn x11_per_second(chain: &SimChain) -> f64 {
    let raw: Vec<u8> = chain.headers().iter().flat_map(|header| header.to_bytes()).collect();
    let began = Instant::now();
    for batch in raw.chunks(BATCH * 80) {
        std::hint::black_box(pow::x11_batch(batch));
    }
    chain.headers().len() as f64 / began.elapsed().as_secs_f64()
}

/// How long a sync from nothing takes.
fn sync(chain: &Arc<SimChain>) -> Result<Duration> {
    let mut driver = Driver::new(chain);
    let took = driver.run()?;
    let meta = driver.store.meta().context("nothing was stored")?;
    if meta.main.tip_hash != chain.tip_hash() {
        bail!("synced to another tip than the chain's");
    }
    Ok(took)
}

/// Carries out the engine's effects: peers are threads, the store is in memory, computation happens at once.
struct Driver {
    engine: Engine,
    store: MemoryStore,
    chain: Arc<SimChain>,
    began: Instant,
    peers: HashMap<ConnId, Sender<Vec<u8>>>,
    to_engine: Sender<Input>,
    from_peers: Receiver<Input>,
    inputs: VecDeque<Input>,
    wake_at: Option<u64>,
    synced: bool,
}

impl Driver {
    fn new(chain: &Arc<SimChain>) -> Self {
        let (to_engine, from_peers) = channel();
        let config = Config {
            params: Arc::clone(chain.params()),
            bridges: vec![BridgeConfig { url: "threads".to_owned(), plain: false }],
            birthday: None,
            peers_target: 3,
            peers_only: Vec::new(),
            masternodes: false,
            filters: false,
            watch_mempool: false,
            qrinfo: QrInfoConfig::default(),
            log_level: LogLevel::Error,
            seed: 1,
            persistent: false,
        };
        Self {
            engine: Engine::new(config),
            store: MemoryStore::for_network(chain.params().network_id()),
            chain: Arc::clone(chain),
            began: Instant::now(),
            peers: HashMap::new(),
            to_engine,
            from_peers,
            inputs: VecDeque::new(),
            wake_at: None,
            synced: false,
        }
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.began.elapsed().as_millis() as u64, unix_ms: unix_ms() }
    }

    fn run(&mut self) -> Result<Duration> {
        while !self.synced {
            while let Some(effect) = self.engine.poll(self.now()) {
                self.carry_out(effect);
            }
            let input = self.inputs.pop_front().map_or_else(|| self.wait(), Ok)?;
            self.engine.handle(input, self.now());
            if self.began.elapsed() > LIMIT {
                bail!("not synced within {LIMIT:?}");
            }
        }
        Ok(self.began.elapsed())
    }

    /// The next thing that a peer does, or a tick when the engine asked for one before that.
    fn wait(&mut self) -> Result<Input> {
        let now = self.now().mono_ms;
        let timeout = self.wake_at.map_or(LIMIT, |at| Duration::from_millis(at.saturating_sub(now)));
        match self.from_peers.recv_timeout(timeout) {
            Ok(input) => Ok(input),
            Err(RecvTimeoutError::Timeout) => {
                self.wake_at = None;
                Ok(Input::Tick)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Connect { conn, .. } => {
                let (to_peer, bytes) = channel();
                self.peers.insert(conn, to_peer);
                self.inputs
                    .push_back(Input::Connected { conn, address: format!("192.0.2.{}:19899", conn.0 % 250) });
                let (chain, to_engine) = (Arc::clone(&self.chain), self.to_engine.clone());
                thread::spawn(move || peer(conn, &chain, &bytes, &to_engine));
            }
            // A peer's thread ends when its channel does.
            Effect::Disconnect { conn } => drop(self.peers.remove(&conn)),
            Effect::Send { conn, bytes } => {
                if let Some(peer) = self.peers.get(&conn) {
                    // A peer that has ended says so by itself.
                    let _ = peer.send(bytes);
                }
            }
            Effect::Commit { commit, batch } => {
                let result = self.store.commit_now(&batch);
                self.inputs.push_back(Input::Stored { commit, result });
            }
            Effect::Read { read, request } => {
                let result = self.store.read_now(&request);
                self.inputs.push_back(Input::Read { read, result });
            }
            Effect::Compute { job, work } => {
                self.inputs.push_back(Input::Computed { job, result: compute::run(work) });
            }
            Effect::Emit(Event::Phase { transition }) => self.synced = transition.to == Phase::Synced,
            Effect::WakeAt(at) => self.wake_at = Some(at),
            Effect::Emit(_) | Effect::Log(_) | Effect::Reply { .. } => {}
        }
    }
}

/// A peer that answers at once, until the engine or the peer ends it.
fn peer(conn: ConnId, chain: &SimChain, bytes: &Receiver<Vec<u8>>, to_engine: &Sender<Input>) {
    let profile = Profile { latency_ms: (0, 0), cost_ms: 0, bandwidth: u64::MAX, ..Profile::honest() };
    let clock = || Clock { ms: unix_ms(), unix_secs: (unix_ms() / 1000) as u32 };
    let mut peer = SimPeer::new(Arc::clone(chain.params()), profile, conn.0, clock());
    let pool = Pool::default();
    while let Ok(bytes) = bytes.recv() {
        peer.receive(&bytes, clock(), View { chain, pool: &pool });
        for output in peer.outputs() {
            let input = match output.action {
                Action::Send(bytes) => Input::Received { conn, bytes },
                Action::Close => Input::Disconnected { conn, reason: "closed by the peer".to_owned() },
            };
            if to_engine.send(input).is_err() {
                return;
            }
        }
    }
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
