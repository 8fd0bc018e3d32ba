//! The driver's side of the engine: events become inputs, effects become later events.

use super::queue::Happening;
use super::{Link, World, hashes};
use crate::peer::{Action, Clock, Fault, SimPeer, View};
use dash_spv_wasm::engine::{ComputeReply, ConnId, ConnectFailure, Effect, Input};
use std::sync::Arc;

/// Effects that one input may cause before the world calls it a loop.
const MAX_EFFECTS: usize = 100_000;
/// The most bytes of one piece of a stream, as bridges cut them.
const PIECE: usize = 64 * 1_024;

impl World {
    /// Hands an input to the engine and carries out what it wants.
    pub(super) fn input(&mut self, input: Input) {
        self.digest.input(self.now_ms, &input);
        self.handled += 1;
        let now = self.now();
        self.engine.handle(input, now);
        self.pump();
    }

    pub(super) fn pump(&mut self) {
        let now = self.now();
        for _ in 0..MAX_EFFECTS {
            match self.engine.poll(now) {
                Some(effect) => self.carry_out(effect),
                None => return,
            }
        }
        panic!("seed {}: the engine has no end of effects at {} ms", self.seed, self.now_ms);
    }

    fn carry_out(&mut self, effect: Effect) {
        self.digest.effect(&effect);
        match effect {
            Effect::Connect { conn, bridge, address, .. } => self.connect(conn, bridge, address.as_deref()),
            Effect::Disconnect { conn } => {
                self.attempts.remove(&conn);
                self.links.remove(&conn);
            }
            Effect::Send { conn, bytes } => {
                self.with_peer(conn, |peer, clock, view| peer.receive(&bytes, clock, view));
            }
            Effect::Commit { commit, batch } => {
                let headers: u64 = batch.runs.iter().map(|run| u64::from(run.len())).sum();
                let at = self.store_busy(self.store_ms + headers / 400);
                self.queue.push(at, Happening::Stored { commit, batch: Box::new(batch) });
            }
            Effect::Read { read, request } => {
                let at = self.store_busy(1);
                self.queue.push(at, Happening::Read { read, request });
            }
            Effect::Compute { job, work } => {
                let free = self.workers_free_at_us.iter_mut().min().expect("there is always one worker");
                *free = (*free).max(self.now_ms * 1_000) + hashes::cost(&work) * 1_000_000 / self.hash_rate;
                let at = free.div_ceil(1_000);
                self.queue.push(at, Happening::Computed { job, work });
            }
            Effect::Emit(event) => self.note(event),
            Effect::Log(record) => self.logs.push(record),
            Effect::Reply { call, result } => {
                let earlier = self.replies.insert(call, result);
                assert!(earlier.is_none(), "seed {}: call {call:?} was answered twice", self.seed);
            }
            Effect::WakeAt(at) => self.wake_at = Some(at.max(self.now_ms + 1)),
        }
    }

    /// The store does one thing after the other.
    fn store_busy(&mut self, ms: u64) -> u64 {
        self.store_free_at = self.store_free_at.max(self.now_ms) + ms;
        self.store_free_at
    }

    fn connect(&mut self, conn: ConnId, bridge: usize, address: Option<&str>) {
        self.connects += 1;
        self.attempts.insert(conn);
        let plain = self.config.bridges.get(bridge).is_some_and(|bridge| bridge.plain);
        let host = match address {
            _ if plain => (bridge < self.hosts.len()).then_some(bridge),
            Some(address) => self.hosts.iter().position(|host| host.address == address),
            None if self.hosts.is_empty() => None,
            None => {
                self.next_host = (self.next_host + 1) % self.hosts.len();
                Some(self.next_host)
            }
        };
        let at = self.now_ms + self.rng.between(40, 120);
        self.queue.push(at, Happening::Connected { conn, bridge, host });
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Connected { conn, bridge, host } => self.connected(conn, bridge, host),
            Happening::FromPeer { conn, action } => self.deliver(conn, action),
            Happening::PeerTick { conn } => {
                if let Some(link) = self.links.get_mut(&conn) {
                    link.tick_at = None;
                }
                self.with_peer(conn, SimPeer::tick);
            }
            Happening::Heard { host } => {
                self.hosts[host].view = Arc::clone(&self.chain);
                self.with_peers_of(host, SimPeer::announce);
            }
            Happening::Locked { host } => self.with_peers_of(host, SimPeer::announce_lock),
            Happening::Paid { host } => {
                self.hosts[host].pool = Arc::clone(&self.pool);
                self.with_peers_of(host, SimPeer::announce_payments);
            }
            Happening::Stored { commit, batch } => {
                let result = match self.store_failures.pop_front() {
                    Some(error) => Err(error),
                    None => self.store.commit_now(&batch),
                };
                self.input(Input::Stored { commit, result });
            }
            Happening::Read { read, request } => {
                let result = self.store.read_now(&request);
                self.input(Input::Read { read, result });
            }
            Happening::Computed { job, work } => {
                let result = if self.compute_failures > 0 {
                    self.compute_failures -= 1;
                    ComputeReply::Failed("the worker broke".to_owned())
                } else {
                    self.hashes.run(work)
                };
                self.input(Input::Computed { job, result });
            }
        }
    }

    /// Lets the peer at the end of a connection act.
    fn with_peer(&mut self, conn: ConnId, act: impl FnOnce(&mut SimPeer, Clock, View<'_>)) {
        let clock = self.clock();
        if let Some(link) = self.links.get_mut(&conn) {
            let host = &self.hosts[link.host];
            act(&mut link.peer, clock, View { chain: &host.view, pool: &host.pool });
            self.collect(conn);
        }
    }

    /// Lets a peer act on each of its connections.
    fn with_peers_of(&mut self, host: usize, act: impl Fn(&mut SimPeer, Clock, View<'_>)) {
        let conns: Vec<ConnId> =
            self.links.iter().filter(|(_, link)| link.host == host).map(|(conn, _)| *conn).collect();
        for conn in conns {
            self.with_peer(conn, &act);
        }
    }

    fn connected(&mut self, conn: ConnId, bridge: usize, host: Option<usize>) {
        if !self.attempts.remove(&conn) {
            return;
        }
        let failure = match host {
            _ if !self.bridges_up.get(bridge).copied().unwrap_or(false) => {
                ConnectFailure::Bridge("the bridge is down".to_owned())
            }
            None => ConnectFailure::Peer("no such peer".to_owned()),
            Some(host) if !self.hosts[host].up || self.hosts[host].profile.has(Fault::Refuse) => {
                ConnectFailure::Peer("connection refused".to_owned())
            }
            Some(host) => return self.link(conn, bridge, host),
        };
        self.input(Input::ConnectFailed { conn, failure });
    }

    fn link(&mut self, conn: ConnId, bridge: usize, host: usize) {
        let params = Arc::clone(self.chain.params());
        let seed = self.rng.next_u64();
        let peer = SimPeer::new(params, self.hosts[host].profile.clone(), seed, self.clock());
        self.links.insert(conn, Link { host, bridge, peer, tick_at: None });
        let bridge = self.config.bridges.get(bridge).filter(|bridge| bridge.plain);
        let address = bridge.map_or_else(|| self.hosts[host].address.clone(), |bridge| bridge.url.clone());
        self.input(Input::Connected { conn, address });
    }

    fn deliver(&mut self, conn: ConnId, action: Action) {
        if !self.links.contains_key(&conn) {
            return;
        }
        match action {
            Action::Send(bytes) => self.input(Input::Received { conn, bytes }),
            Action::Close => {
                self.links.remove(&conn);
                self.input(Input::Disconnected { conn, reason: "closed by the peer".to_owned() });
            }
        }
    }

    /// Puts what a peer did into the queue, its bytes cut into pieces as streams are.
    fn collect(&mut self, conn: ConnId) {
        let Some(link) = self.links.get_mut(&conn) else { return };
        for command in link.peer.asked() {
            *self.asked.entry(command.to_string()).or_default() += 1;
        }
        let (host, submitted) = (link.host, link.peer.submitted());
        for output in link.peer.outputs() {
            let at = output.at.max(self.now_ms);
            match output.action {
                Action::Send(mut bytes) => {
                    while !bytes.is_empty() {
                        let mut size = bytes.len().min(PIECE);
                        if self.rng.percent(20) {
                            size = self.rng.between(1, size as u64) as usize;
                        }
                        let rest = bytes.split_off(size);
                        self.queue.push(at, Happening::FromPeer { conn, action: Action::Send(bytes) });
                        bytes = rest;
                    }
                }
                Action::Close => self.queue.push(at, Happening::FromPeer { conn, action: Action::Close }),
            }
        }
        if let Some(at) = link.peer.next_tick()
            && link.tick_at.is_none_or(|queued| at < queued)
        {
            link.tick_at = Some(at);
            self.queue.push(at.max(self.now_ms), Happening::PeerTick { conn });
        }
        for transaction in submitted {
            self.submit(host, transaction);
        }
    }
}
