//! The client with everything around it: two connections to the recorded node, a store in memory, a clock that goes on
//! when nothing else does.

use crate::node::Node;
use dash_protocol::{FrameDecoder, Message};
use dash_spv_wasm::api::{ApiError, Event, LogLevel, Phase, Reply, SyncState};
use dash_spv_wasm::compute;
use dash_spv_wasm::engine::{
    Birthday, BridgeConfig, CallId, Command, Config, ConnId, Effect, Engine, Input, Now, QrInfoConfig,
    WalletCommand,
};
use dash_spv_wasm::store::MemoryStore;
use std::collections::BTreeMap;

/// Virtual milliseconds after which a sync has failed.
const LIMIT_MS: u64 = 10 * 60 * 1_000;

pub struct Client<'a> {
    node: &'a Node,
    engine: Engine,
    store: MemoryStore,
    links: BTreeMap<ConnId, FrameDecoder>,
    now_ms: u64,
    wake_at: Option<u64>,
    state: Option<SyncState>,
    next_call: u64,
    replies: BTreeMap<CallId, Result<Reply, ApiError>>,
}

impl<'a> Client<'a> {
    pub fn new(node: &'a Node) -> Self {
        let bridge = |name: &str| BridgeConfig { url: format!("wss://{name}.example"), plain: false };
        let config = Config {
            params: node.params.clone(),
            bridges: vec![bridge("one"), bridge("other")],
            birthday: Some(Birthday::Genesis),
            peers_target: 2,
            peers_only: Vec::new(),
            masternodes: false,
            filters: true,
            watch_mempool: true,
            qrinfo: QrInfoConfig::default(),
            log_level: LogLevel::Error,
            seed: 1,
            persistent: false,
        };
        let mut client = Self {
            node,
            engine: Engine::new(config),
            store: MemoryStore::for_network(node.params.network_id()),
            links: BTreeMap::new(),
            now_ms: 0,
            wake_at: None,
            state: None,
            next_call: 0,
            replies: BTreeMap::new(),
        };
        client.pump();
        client
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.now_ms, unix_ms: (u64::from(self.node.time()) + 60) * 1_000 + self.now_ms }
    }

    fn feed(&mut self, input: Input) {
        let now = self.now();
        self.engine.handle(input, now);
    }

    /// Carries out what the engine wants until that is nothing.
    fn pump(&mut self) {
        while let Some(effect) = self.engine.poll(self.now()) {
            match effect {
                Effect::Connect { conn, .. } => {
                    self.links.insert(conn, FrameDecoder::new(self.node.params.magic));
                    self.feed(Input::Connected { conn, address: format!("10.0.0.{}:19899", conn.0) });
                }
                Effect::Disconnect { conn } => drop(self.links.remove(&conn)),
                Effect::Send { conn, bytes } => self.serve(conn, &bytes),
                Effect::Commit { commit, batch } => {
                    let result = self.store.commit_now(&batch);
                    self.feed(Input::Stored { commit, result });
                }
                Effect::Read { read, request } => {
                    let result = self.store.read_now(&request);
                    self.feed(Input::Read { read, result });
                }
                Effect::Compute { job, work } => {
                    self.feed(Input::Computed { job, result: compute::run(work) });
                }
                Effect::Emit(Event::State { state }) => self.state = Some(*state),
                Effect::Emit(Event::Warning { error }) => panic!("{error}"),
                Effect::Emit(_) | Effect::Log(_) => {}
                Effect::Reply { call, result } => drop(self.replies.insert(call, result)),
                Effect::WakeAt(at) => self.wake_at = Some(at),
            }
        }
    }

    fn serve(&mut self, conn: ConnId, bytes: &[u8]) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        link.push(bytes);
        let mut answers = Vec::new();
        while let Some(frame) = link.next_frame().unwrap() {
            let message = Message::decode(frame.command, &frame.payload).unwrap();
            answers.extend(self.node.answer(message));
        }
        let bytes: Vec<u8> =
            answers.iter().flat_map(|answer| answer.to_frame(self.node.params.magic)).collect();
        if !bytes.is_empty() {
            self.feed(Input::Received { conn, bytes });
        }
    }

    fn tick(&mut self) {
        self.now_ms = self.wake_at.take().unwrap_or(0).max(self.now_ms + 10);
        self.feed(Input::Tick);
        self.pump();
    }

    /// Until everything is searched.
    pub fn sync(&mut self) {
        let end = self.now_ms + LIMIT_MS;
        loop {
            self.tick();
            let state = self.state.as_ref();
            if state.is_some_and(|state| {
                state.phase == Phase::Synced && state.tip.height as usize == self.node.tip()
            }) {
                return;
            }
            assert!(self.now_ms < end, "not synced: {state:?}");
        }
    }

    /// A call about the wallet, until it is answered.
    pub fn ask(&mut self, command: WalletCommand) -> Reply {
        self.next_call += 1;
        let call = CallId(self.next_call);
        self.feed(Input::Command { call, command: Command::Wallet(command) });
        self.pump();
        let end = self.now_ms + LIMIT_MS;
        loop {
            if let Some(result) = self.replies.remove(&call) {
                return result.unwrap();
            }
            assert!(self.now_ms < end, "no answer");
            self.tick();
        }
    }
}
