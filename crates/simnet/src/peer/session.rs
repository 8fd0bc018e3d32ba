//! One connection of a peer: its state, the handshake, and the line that everything leaves by.
//!
//! Messages are served one after the other, each at the profile's cost, and leave over one line of the profile's
//! bandwidth. At most 64 requests wait; a client that sends more gets no answer to the rest. A liar keeps the last 16
//! things that it offered by `inv`.

use super::filters::is_filter_request;
use super::forge::{Forged, Offer};
use super::interest::{Interest, is_about_bloom};
use super::{Action, Clock, Fault, Lie, Output, Profile, View};
use crate::chain::SimChain;
use crate::rng::Rng;
use dash_protocol::{
    BlockHash, Command, CompressedHeaders, FilterHeader, FrameDecoder, GetHeaders, Header, Inventory,
    Message, NetAddress, NetworkParams, ServiceFlags, Transaction, VersionMessage, encode_frame,
};
use dash_spv_wasm::chain::pow::x11;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many requests may wait.
pub(super) const MAX_WAITING: usize = 64;
/// How many of a liar's offers are kept.
const MAX_OFFERS: usize = 16;
/// How many of the client's newest blocks are remembered.
const KNOWN: usize = 64;
const PING_EVERY_MS: u64 = 120_000;
/// How long after the handshake a liar speaks up unasked.
const FIRST_PUSH_MS: u64 = 1_500;

/// How the client wants new blocks announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Announce {
    Inv,
    Headers,
    Headers2,
}

/// One connection of a simulated peer.
#[derive(Debug)]
pub struct SimPeer {
    pub(super) params: Arc<NetworkParams>,
    pub(super) profile: Profile,
    pub(super) rng: Rng,
    decoder: FrameDecoder,
    outputs: Vec<Output>,
    /// When the requests taken so far are served.
    busy_until: u64,
    /// When each of them is.
    pub(super) waiting: VecDeque<u64>,
    /// When the line's last byte arrives.
    pub(super) line_until: u64,
    greeted: bool,
    ready: bool,
    pub(super) client_version: i32,
    client_services: ServiceFlags,
    /// Which payments the client wants to hear of.
    pub(super) interest: Interest,
    pub(super) announce: Announce,
    pub(super) known: VecDeque<BlockHash>,
    pub(super) answers: u32,
    /// The last ChainLock announced.
    pub(super) told_lock: Option<[u8; 32]>,
    /// How many payments were announced.
    pub(super) told_payments: usize,
    /// Transactions to be announced, each at its time.
    pub(super) held_back: Vec<(u64, Inventory)>,
    /// Transactions that the client announced, each with the time at which it is asked for.
    pub(super) wanted: Vec<(u64, Inventory)>,
    /// Names of transactions that the client told.
    pub(super) from_client: VecDeque<Inventory>,
    /// Transactions that the client sent since [`SimPeer::submitted`] was looked at.
    pub(super) submitted: Vec<Transaction>,
    /// By height: the chain of filter headers that a liar about filters has, with the blocks.
    pub(super) own_filter_headers: Vec<(BlockHash, FilterHeader)>,
    /// What a liar announced, ready to be asked for.
    pub(super) offers: VecDeque<Offer>,
    next_ping: u64,
    next_push: Option<u64>,
    finished: bool,
    trickling: bool,
    /// What the client sent since [`SimPeer::asked`] was looked at.
    asked: Vec<Command>,
}

impl SimPeer {
    /// A connection that has just been made.
    pub fn new(params: Arc<NetworkParams>, profile: Profile, seed: u64, clock: Clock) -> Self {
        let magic = if profile.lie == Some(Lie::OtherNetwork) { Self::FOREIGN_MAGIC } else { params.magic };
        Self {
            // A liar of another network still reads our side: its lie is in what it sends.
            decoder: FrameDecoder::new(params.magic),
            params: Arc::new(NetworkParams { magic, ..(*params).clone() }),
            profile,
            rng: Rng::new(seed),
            outputs: Vec::new(),
            busy_until: clock.ms,
            waiting: VecDeque::new(),
            line_until: clock.ms,
            greeted: false,
            ready: false,
            client_version: 0,
            client_services: ServiceFlags::NONE,
            interest: Interest::default(),
            announce: Announce::Inv,
            known: VecDeque::new(),
            answers: 0,
            told_lock: None,
            told_payments: 0,
            held_back: Vec::new(),
            wanted: Vec::new(),
            from_client: VecDeque::new(),
            submitted: Vec::new(),
            own_filter_headers: Vec::new(),
            offers: VecDeque::new(),
            next_ping: clock.ms + PING_EVERY_MS,
            next_push: None,
            finished: false,
            trickling: false,
            asked: Vec::new(),
        }
    }

    /// Mainnet's magic, under which the liar of another network speaks.
    const FOREIGN_MAGIC: [u8; 4] = [0xbf, 0x0c, 0x6b, 0xbd];

    /// Takes bytes from the client.
    pub fn receive(&mut self, bytes: &[u8], clock: Clock, view: View<'_>) {
        if self.finished || self.profile.has(Fault::Silent) {
            return;
        }
        self.decoder.push(bytes);
        loop {
            match self.decoder.next_frame() {
                Ok(Some(frame)) => {
                    self.asked.push(frame.command);
                    match Message::decode(frame.command, &frame.payload) {
                        Ok(message) => self.take(message, clock, view),
                        Err(_) if is_filter_request(frame.command) || is_about_bloom(frame.command) => {
                            return self.close(clock.ms);
                        }
                        Err(_) => {}
                    }
                }
                Ok(None) => return,
                Err(error) if error.is_fatal() => return self.close(clock.ms),
                Err(_) => {}
            }
        }
    }

    /// Does what time demands: pings, announcements held back, and what liars send unasked.
    pub fn tick(&mut self, clock: Clock, view: View<'_>) {
        if self.is_closed_to_news() {
            return;
        }
        if clock.ms >= self.next_ping {
            self.next_ping = clock.ms + PING_EVERY_MS;
            let nonce = self.rng.next_u64();
            self.send(clock.ms, Message::Ping(nonce));
        }
        self.announce_held_back(clock, view);
        self.ask_for_wanted(clock);
        if self.next_push.is_some_and(|at| clock.ms >= at) {
            self.push(clock, view);
        }
    }

    /// Says what a liar says unasked.
    fn push(&mut self, clock: Clock, view: View<'_>) {
        self.next_push = None;
        let Some(lie) = self.profile.lie else { return };
        let (forged, again_ms) = self.forger(clock, view).push(lie);
        self.next_push = again_ms.map(|wait| clock.ms + wait);
        if let Some(forged) = forged {
            self.send_forged(clock.ms, forged);
        }
        let offers = self.forger(clock, view).offers(lie);
        if offers.is_empty() {
            return;
        }
        self.send(clock.ms, Message::Inv(offers.iter().map(|offer| offer.name).collect()));
        self.offers.extend(offers);
        self.offers.drain(..self.offers.len().saturating_sub(MAX_OFFERS));
    }

    /// When [`SimPeer::tick`] wants to be called next.
    pub fn next_tick(&self) -> Option<u64> {
        if self.is_closed_to_news() {
            return None;
        }
        let held_back = self.held_back.iter().chain(&self.wanted).map(|(at, _)| *at);
        held_back.chain(self.next_push).chain([self.next_ping]).min()
    }

    /// What the peer did since the last call.
    pub fn outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// The commands of the messages that came since the last call.
    pub fn asked(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.asked)
    }

    /// Whether nothing can be said unasked: not yet, or not any more.
    pub(super) fn is_closed_to_news(&self) -> bool {
        !self.ready || self.finished || self.is_mute()
    }

    /// Whether the peer has fallen silent for good.
    fn is_mute(&self) -> bool {
        self.trickling || (self.profile.has(Fault::Stall) && self.answers > 0)
    }

    fn take(&mut self, message: Message, clock: Clock, view: View<'_>) {
        if self.is_mute() {
            return;
        }
        match message {
            Message::Version(version) if !self.greeted => self.greet(&version, clock, view),
            Message::Verack if self.greeted && !self.ready => self.welcome(clock, view),
            Message::SendHeaders => self.announce = self.announce.max(Announce::Headers),
            Message::SendHeaders2 if !self.profile.has(Fault::PlainHeaders) => {
                self.announce = Announce::Headers2;
            }
            _ if !self.ready => {}
            Message::Ping(nonce) if !self.profile.has(Fault::NoPong) => {
                let at = self.serve(clock.ms, 0);
                self.send(at, Message::Pong(nonce));
            }
            Message::GetHeaders(request) => self.get_headers(&request, false, clock, view),
            Message::GetHeaders2(request) if !self.profile.has(Fault::PlainHeaders) => {
                self.get_headers(&request, true, clock, view);
            }
            Message::GetMnListDiff(request) => self.get_list_diff(&request, clock, view),
            Message::GetQRInfo(request) => self.get_qrinfo(&request, clock, view),
            Message::Inv(names) => self.hear_inv(&names, clock, view),
            Message::Tx(transaction) => self.hear_tx(transaction),
            Message::GetCFilters(request) => self.get_filters(&request, clock, view),
            Message::GetCFHeaders(request) => self.get_filter_headers(&request, clock, view),
            Message::GetCFCheckpt(request) => self.get_filter_checkpoints(&request, clock, view),
            Message::GetData(names) => self.get_data(&names, clock, view),
            Message::FilterLoad(filter) => self.load_filter(filter, clock),
            Message::FilterAdd(element) => self.add_to_filter(&element, clock),
            Message::FilterClear => self.clear_filter(clock),
            Message::Mempool => self.tell_pool(clock, view),
            _ => {}
        }
    }

    fn greet(&mut self, theirs: &VersionMessage, clock: Clock, view: View<'_>) {
        self.greeted = true;
        self.client_version = theirs.version;
        self.client_services = theirs.services;
        self.interest = Interest::new(theirs.relay);
        let start_height = if self.profile.has(Fault::AbsurdHeight) {
            2_000_000_000
        } else if self.profile.has(Fault::NegativeHeight) {
            -5
        } else {
            i32::try_from(view.chain.height()).unwrap_or(i32::MAX)
        };
        let compressed = !self.profile.has(Fault::PlainHeaders);
        let suffix =
            self.params.user_agent_suffix.as_ref().map_or_else(String::new, |suffix| format!("({suffix})"));
        let version = VersionMessage {
            version: self.profile.protocol,
            services: self.services(view, compressed),
            time: i64::from(clock.unix_secs),
            receiver: NetAddress::NONE,
            sender: NetAddress::NONE,
            nonce: self.rng.next_u64(),
            user_agent: format!("/Dash Core:23.1.2{suffix}/"),
            start_height,
            relay: true,
            mnauth_challenge: self.rng.bytes32(),
            masternode: false,
        };
        let at = self.serve(clock.ms, 0);
        let mut greeting = Message::Version(version).to_frame(self.params.magic);
        if self.profile.lie == Some(Lie::MalformedVersion) {
            let payload = &greeting[24..24 + 40];
            greeting = encode_frame(self.params.magic, Command::VERSION, payload);
        }
        // One segment, as a node's first answer often is: streams join messages.
        greeting.extend(Message::SendAddrV2.to_frame(self.params.magic));
        greeting.extend(Message::Verack.to_frame(self.params.magic));
        self.send_at(at, greeting);
    }

    /// What Core says after the handshake, messages that no light client knows among it.
    fn welcome(&mut self, clock: Clock, view: View<'_>) {
        self.ready = true;
        // Core announces to a new connection what is new from then on.
        self.told_payments = view.pool.count();
        self.told_lock = view.chain.best_chainlock().map(|lock| lock.hash());
        self.next_push = self.profile.lie.map(|_| clock.ms + FIRST_PUSH_MS);
        let magic = self.params.magic;
        let compressed = self.client_services.has(ServiceFlags::HEADERS_COMPRESSED)
            && !self.profile.has(Fault::PlainHeaders);
        let mut bytes = if compressed { Message::SendHeaders2 } else { Message::SendHeaders }.to_frame(magic);
        bytes.extend(encode_frame(magic, command(b"sendcmpct"), &[0, 1, 0, 0, 0, 0, 0, 0, 0]));
        bytes.extend(encode_frame(magic, command(b"senddsq"), &[1]));
        bytes.extend(Message::Ping(self.rng.next_u64()).to_frame(magic));
        let locator = GetHeaders {
            version: self.profile.protocol,
            locator: vec![view.chain.tip_hash(), self.params.genesis_hash],
            stop: BlockHash::ZERO,
        };
        bytes.extend(
            if compressed { Message::GetHeaders2(locator) } else { Message::GetHeaders(locator) }
                .to_frame(magic),
        );
        bytes.extend(encode_frame(magic, command(b"getsporks"), &[]));
        let at = self.serve(clock.ms, 0);
        self.send_at(at, bytes);
    }

    pub(super) fn headers_frame(&self, headers: &[Header], compressed: bool, chain: &SimChain) -> Vec<u8> {
        if compressed {
            let hash = |raw: &[u8; 80]| {
                let header = Header::from_bytes(raw);
                chain.known_hash(&header).unwrap_or_else(|| x11(raw))
            };
            Message::Headers2(CompressedHeaders::compress(headers, hash)).to_frame(self.params.magic)
        } else {
            Message::Headers(headers.to_vec()).to_frame(self.params.magic)
        }
    }

    pub(super) fn remember(&mut self, hashes: &[BlockHash]) {
        self.known.extend(&hashes[hashes.len().saturating_sub(KNOWN)..]);
        self.known.drain(..self.known.len().saturating_sub(KNOWN));
    }

    /// Takes the peer's one thread for `cost` milliseconds; returns when it is done.
    pub(super) fn serve(&mut self, now: u64, cost: u64) -> u64 {
        self.busy_until = self.busy_until.max(now) + cost;
        self.busy_until
    }

    pub(super) fn send(&mut self, at: u64, message: Message) {
        let frame = message.to_frame(self.params.magic);
        self.send_at(at, frame);
    }

    /// Puts bytes on the line at `at`; they arrive in order, unless reordering is the fault.
    pub(super) fn send_at(&mut self, at: u64, bytes: Vec<u8>) {
        let latency = self.rng.between(self.profile.latency_ms.0, self.profile.latency_ms.1);
        let transfer = bytes.len() as u64 / self.profile.bandwidth.max(1);
        if self.profile.has(Fault::Reorder) {
            let at = at + latency + transfer + self.rng.below(400);
            self.outputs.push(Output { at, action: Action::Send(bytes) });
            return;
        }
        let arrives = (at + latency).max(self.line_until) + transfer;
        self.line_until = arrives;
        if self.profile.has(Fault::Fragments) {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                let size = (self.rng.between(1, 199) as usize).min(rest.len());
                let (piece, after) = rest.split_at(size);
                self.outputs.push(Output { at: arrives, action: Action::Send(piece.to_vec()) });
                rest = after;
            }
            return;
        }
        self.outputs.push(Output { at: arrives, action: Action::Send(bytes) });
    }

    pub(super) fn send_forged(&mut self, at: u64, forged: Forged) {
        self.trickling = forged.trickle;
        let mut wait = 0;
        for (bytes, after_ms) in forged.sends {
            wait += after_ms;
            self.send_at(at + wait, bytes);
        }
    }

    pub(super) fn close(&mut self, at: u64) {
        self.finished = true;
        self.outputs.push(Output { at, action: Action::Close });
    }
}

/// The command of a name that the protocol crate does not list.
fn command(name: &[u8]) -> Command {
    let mut bytes = [0; 12];
    bytes[..name.len()].copy_from_slice(name);
    Command::from_bytes(bytes).expect("the name is lower-case text of at most twelve bytes")
}
