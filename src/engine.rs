//! The reducer: what happened goes in by [`Engine::handle`], what is wanted comes out by [`Engine::poll`].
//!
//! No clock, socket, store, randomness or thread inside: time is passed in with every call, randomness is seeded, and
//! the same inputs give the same effects, natively and in the browser. After each input a driver polls until nothing
//! is left. Each poll that finds work first takes one step: it compares what is wanted with what is stored, in flight
//! and connected (level-triggered), so no single lost input leaves anything stuck.
//!
//! - `io.rs`: inputs and effects. `config.rs`: what a client is opened with.
//! - `outbox.rs`: effects waiting to be polled, the log. `ids.rs`: numbers for what expects an answer.
//! - `reporter.rs`: when the page hears of changes. `wallet_command.rs`: what it asks of the wallet.

mod config;
mod ids;
mod io;
mod outbox;
mod reporter;
mod wallet_command;

pub use config::{Birthday, BridgeConfig, Config, QrInfoConfig, QrInfoMode};
pub use ids::Ids;
pub use io::{
    CallId, Command, CommitId, CommitmentBatch, CommitmentVerdicts, ComputeReply, ComputeWork, ConnId,
    ConnectFailure, Effect, FilterBatch, HeaderAt, Input, JobId, Now, ReadId,
};
pub use outbox::Outbox;
pub use wallet_command::WalletCommand;

use crate::api::{
    ApiError, ApiHeader, Degraded, ErrorCode, Event, LogLevel, Metrics, NetworkStatus, Reply, SyncState,
};
use crate::chain::pow;
use crate::collections::SortedMap;
use crate::network::PeerManager;
use crate::store::{ReadReply, StoreError};
use crate::sync::headers::{Computed, Lookup};
use crate::sync::masternodes::MasternodeSync;
use crate::sync::sequential::{SequentialSyncManager, SyncPhase};
use dash_protocol::{BlockHash, Header};
use reporter::Reporter;

/// The client without its surroundings.
#[derive(Debug)]
pub struct Engine {
    peers: PeerManager,
    sync: SequentialSyncManager,
    ids: Ids,
    out: Outbox,
    reporter: Reporter,
    /// Calls that wait for a read. As many as the page has calls in flight.
    reads: SortedMap<ReadId, CallId>,
    persistent: bool,
    paused: bool,
    closing: Vec<CallId>,
    closed: bool,
    dirty: bool,
    wake_at_ms: Option<u64>,
}

impl Engine {
    /// An engine that has done nothing yet. Its first effects come with the first [`Self::poll`].
    pub fn new(config: Config) -> Self {
        Self {
            peers: PeerManager::new(&config),
            sync: SequentialSyncManager::new(&config),
            ids: Ids::default(),
            out: Outbox::new(config.log_level),
            reporter: Reporter::default(),
            reads: SortedMap::new(),
            persistent: config.persistent,
            paused: false,
            closing: Vec::new(),
            closed: false,
            dirty: true,
            wake_at_ms: None,
        }
    }

    /// Takes what happened.
    pub fn handle(&mut self, input: Input, now: Now) {
        match input {
            Input::Connected { conn, address } => self.peers.connected(conn, address, now, &mut self.out),
            Input::ConnectFailed { conn, failure } => {
                self.peers.connect_failed(conn, &failure, now, &mut self.out);
            }
            Input::Disconnected { conn, reason } => {
                self.peers.disconnected(conn, &reason, now, &mut self.out);
            }
            Input::Received { conn, bytes } => {
                let Some(messages) = self.peers.received(conn, &bytes, now, &mut self.out) else { return };
                self.with_sync(now, |sync, around| sync.on_messages(messages, around));
            }
            Input::Computed { job, result } => {
                let awaits_others = self.with_sync(now, |sync, around| sync.on_computed(job, result, around))
                    == Computed::AwaitsOthers;
                if awaits_others {
                    return;
                }
            }
            Input::Stored { commit, result } => self.stored(commit, result, now),
            Input::Read { read, result } => self.read_done(read, result, now),
            Input::Command { call, command } => self.command(call, command, now),
            Input::Cancel { call } => {
                self.reads.retain(|_, waiting| *waiting != call);
                self.closing.retain(|waiting| *waiting != call);
                self.sync.cancel(call);
            }
            Input::StorageChanged { persistent, cause } => {
                self.persistent = persistent;
                self.out.emit(Event::Storage { persistent, cause });
            }
            Input::Tick => {}
        }
        self.dirty = true;
    }

    /// The next effect, until there is none.
    pub fn poll(&mut self, now: Now) -> Option<Effect> {
        if self.out.is_empty() && self.dirty {
            self.dirty = false;
            self.step(now);
        }
        self.out.pop()
    }

    fn with_sync<T>(
        &mut self,
        now: Now,
        act: impl FnOnce(&mut SequentialSyncManager, &mut crate::sync::sequential::Surroundings<'_>) -> T,
    ) -> T {
        let mut around = crate::sync::sequential::Surroundings {
            now,
            peers: &mut self.peers,
            ids: &mut self.ids,
            out: &mut self.out,
        };
        act(&mut self.sync, &mut around)
    }

    fn step(&mut self, now: Now) {
        if self.closed {
            return;
        }
        self.peers.step(now, &mut self.out);
        self.with_sync(now, SequentialSyncManager::step);
        if !self.closing.is_empty() && self.sync.is_flushed() {
            self.closed = true;
            for call in std::mem::take(&mut self.closing) {
                self.out.push(Effect::Reply { call, result: Ok(Reply::Done) });
            }
        }
        // Before the store was looked at nothing is known, and nothing is said.
        if self.sync.is_open() {
            let state = self.state(now);
            self.reporter.report(state, now, &mut self.out);
        }
        self.set_wake(now);
    }

    fn set_wake(&mut self, now: Now) {
        let deadlines = [
            self.peers.next_deadline_ms(now),
            self.sync.next_deadline_ms(now),
            self.reporter.next_deadline_ms(),
        ];
        let next = deadlines.into_iter().flatten().min();
        if let Some(at) = next
            && self.wake_at_ms != next
        {
            self.out.push(Effect::WakeAt(at));
        }
        self.wake_at_ms = next;
    }

    fn stored(&mut self, commit: CommitId, result: Result<(), StoreError>, now: Now) {
        let change = self.with_sync(now, |sync, around| sync.on_stored(commit, result, around));
        let Some(change) = change else { return };
        if change.depth > 0 {
            self.out.log(
                now,
                LogLevel::Info,
                "chain",
                "reorganisation",
                [("depth", change.depth.into()), ("tip", change.to.height.into())],
            );
            let (from, to) = (change.from, change.to.clone());
            self.out.emit(Event::Reorg { from, to, depth: change.depth });
        }
        self.out.emit(Event::Tip { tip: change.to });
    }

    fn read_done(&mut self, read: ReadId, result: Result<ReadReply, StoreError>, now: Now) {
        if let Some(call) = self.reads.remove(&read) {
            let locked = self.sync.finality().locked_height();
            let result = match result {
                Ok(ReadReply::Headers(run)) => Ok(Reply::Header(first_of(&run, locked))),
                Ok(ReadReply::HeaderByHash(found)) => Ok(Reply::Header(found.map(|(height, raw)| {
                    let header = Header::from_bytes(&raw);
                    api_header(height, &header, pow::x11(&raw), locked)
                }))),
                Ok(ReadReply::Open(_) | ReadReply::Records(_)) => Ok(Reply::Header(None)),
                Err(error) => Err(ApiError::from(error)),
            };
            self.out.push(Effect::Reply { call, result });
            return;
        }
        self.with_sync(now, |sync, around| sync.on_read(read, result, around));
    }

    fn command(&mut self, call: CallId, command: Command, now: Now) {
        let reply = match command {
            Command::Header(at) => match self.sync.lookup(at) {
                Lookup::Found(height, header, hash) => {
                    let locked = self.sync.finality().locked_height();
                    Reply::Header(Some(api_header(height, &header, hash, locked)))
                }
                Lookup::Missing => Reply::Header(None),
                Lookup::Read(request) => {
                    let read = self.ids.read();
                    self.reads.insert(read, call);
                    self.out.push(Effect::Read { read, request });
                    return;
                }
            },
            Command::Peers => Reply::Peers(self.peers.infos()),
            Command::Metrics => Reply::Metrics(self.metrics(now)),
            Command::Transitions => Reply::Transitions(self.sync.history()),
            Command::Masternodes => return self.answer(call, |lists| lists.list().map(Reply::Masternodes)),
            Command::Quorums => return self.answer(call, |lists| lists.quorum_list().map(Reply::Quorums)),
            Command::QuorumKey { llmq_type, quorum_hash, height } => {
                return self
                    .answer(call, |lists| lists.key(llmq_type, quorum_hash, height).map(Reply::Bytes));
            }
            Command::Wallet(command) => return self.wallet(call, command, now),
            Command::Pause => {
                self.set_paused(true, now);
                Reply::Done
            }
            Command::Resume => {
                self.set_paused(false, now);
                Reply::Done
            }
            Command::Close => {
                self.set_paused(true, now);
                self.sync.flush();
                self.closing.push(call);
                return;
            }
        };
        self.out.push(Effect::Reply { call, result: Ok(reply) });
    }

    fn answer(&mut self, call: CallId, ask: impl FnOnce(&MasternodeSync) -> Result<Reply, ApiError>) {
        let result = ask(self.sync.masternodes());
        self.out.push(Effect::Reply { call, result });
    }

    fn wallet(&mut self, call: CallId, command: WalletCommand, now: Now) {
        if !self.sync.filters().is_on() {
            let refused = ApiError::new(ErrorCode::Unsupported, "the client was opened without filters");
            self.out.push(Effect::Reply { call, result: Err(refused) });
            return;
        }
        self.with_sync(now, |sync, around| sync.wallet_call(call, command, around));
    }

    fn set_paused(&mut self, paused: bool, now: Now) {
        self.paused = paused;
        self.sync.set_paused(paused);
        if paused {
            self.peers.pause(now, &mut self.out);
        } else {
            self.peers.resume();
        }
    }

    fn metrics(&self, now: Now) -> Metrics {
        let (bytes_in, bytes_out) = self.peers.bytes();
        Metrics {
            bytes_in: bytes_in as f64,
            bytes_out: bytes_out as f64,
            headers_per_second: self.sync.phase_progress(now.mono_ms).headers.per_second,
            filters_per_second: self.sync.filters().per_second(now.mono_ms),
            requests: self.sync.request_counts(),
            quorum_requests: self.sync.masternodes().requests(),
            circuit: self.sync.masternodes().circuit(),
            wasm_heap_bytes: 0.0,
            storage_bytes: None,
            compute_workers: 0,
            reconnects: self.peers.reconnects(),
        }
    }

    fn state(&mut self, now: Now) -> SyncState {
        let (progress, eta_ms) = self.sync.overall(now.mono_ms);
        let peers = self.peers.ready().count();
        let target = self.peers.ready().map(|peer| peer.claimed_height()).max().unwrap_or(0);
        let tip = self.sync.tip();
        let alone = peers < 2 || self.peers.bridges_in_use() < 2;
        let current = self.sync.current();
        let mut degraded = self.sync.degraded(now);
        degraded.extend(alone.then_some(Degraded::Peers));
        SyncState {
            phase: current.to_api(),
            network: if self.paused { NetworkStatus::Offline } else { self.peers.status() },
            target_height: target.max(tip.height),
            tip,
            chainlocked: self.sync.finality().chainlocked(),
            peers: peers as u32,
            progress,
            eta_ms: if current == SyncPhase::Idle { None } else { eta_ms },
            phases: self.sync.phase_progress(now.mono_ms),
            degraded,
            persistent: self.persistent,
        }
    }
}

/// `locked` is the height that a verified ChainLock makes final; the header is of the best chain, which has that block.
fn api_header(height: u32, header: &Header, hash: BlockHash, locked: Option<u32>) -> ApiHeader {
    ApiHeader {
        height,
        hash: hash.to_string(),
        raw: header.to_bytes().to_vec(),
        time: f64::from(header.time) * 1000.0,
        chainlocked: locked.is_some_and(|locked| height <= locked),
    }
}

fn first_of(run: &crate::store::HeaderRun, locked: Option<u32>) -> Option<ApiHeader> {
    let raw = run.raw.first_chunk::<{ Header::LEN }>()?;
    Some(api_header(run.first_height, &Header::from_bytes(raw), *run.hashes.first()?, locked))
}
