//! What a peer answers: headers, list diffs, rotation info, blocks, locks and transactions. Filters are in `filters.rs`.
//!
//! One request at a time, each at its cost. As Core does it, a request for lists that cannot be answered gets no reply
//! at all, and what is not there to be had by `getdata` gets `notfound`.

use super::forge::{self, Forger};
use super::session::{MAX_WAITING, SimPeer};
use super::{Clock, Fault, View};
use dash_protocol::{
    BlockHash, ChainLock, GetHeaders, GetMnListDiff, GetQRInfo, Inventory, InventoryKind, MAX_HEADERS,
    MAX_HEADERS2, Message, MnListDiff, QRInfo,
};

/// Common protocol version from which 8,000 compressed headers fit in a message.
const LONG_HEADERS2: i32 = 70_235;
/// Common protocol version from which each diff of a `qrinfo` may build on those before it.
const EFFICIENT_QRINFO: i32 = 70_236;

impl SimPeer {
    pub(super) fn get_headers(
        &mut self,
        request: &GetHeaders,
        compressed: bool,
        clock: Clock,
        view: View<'_>,
    ) {
        if !self.has_room(clock) {
            return;
        }
        let chain = view.chain;
        let long = compressed && self.common_version() >= LONG_HEADERS2;
        let limit = if long { MAX_HEADERS2 } else { MAX_HEADERS };
        let mut range = chain.locate(&request.locator, &request.stop, limit);
        if self.profile.has(Fault::Empty) {
            range = range.start..range.start;
        }
        if let Some(lie) = self.profile.lie {
            let forged = self.forger(clock, view).answer(lie, request, range.clone(), compressed, limit);
            if let Some(forged) = forged {
                let at = self.serve(clock.ms, self.profile.cost_ms);
                return self.send_forged(at, forged);
            }
        }
        if let Some(hash) = request.locator.iter().find(|hash| chain.height_of(hash).is_some()) {
            self.remember(&[*hash]);
        }
        let at = self.work(clock, self.profile.cost_ms);
        let frame = self.headers_frame(&chain.headers()[range.clone()], compressed, chain);
        if self.answer(at, frame) {
            self.remember(&chain.hashes()[range]);
        }
    }

    pub(super) fn get_list_diff(&mut self, request: &GetMnListDiff, clock: Clock, view: View<'_>) {
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.list_cost_ms);
        if self.fails_this_list() {
            return;
        }
        let honest = view.chain.list_diff(&request.base_block_hash, &request.block_hash);
        let Some(diff) = honest else { return };
        if let Some(lie) = self.profile.lie {
            let forged = self.forger(clock, view).list_diff(lie, &diff);
            if let Some(forged) = forged {
                return self.send_forged(at, forged);
            }
        }
        self.answer_message(at, &Message::MnListDiff(Box::new(diff)));
    }

    pub(super) fn get_qrinfo(&mut self, request: &GetQRInfo, clock: Clock, view: View<'_>) {
        if !self.has_room(clock) {
            return;
        }
        let at = self.work(clock, self.profile.qrinfo_cost_ms);
        if self.fails_this_list() || self.profile.has(Fault::NoQrInfo) {
            return;
        }
        let Some(mut info) = view.chain.qrinfo(request) else { return };
        if self.common_version() < EFFICIENT_QRINFO {
            rebase(&mut info, &request.base_block_hashes, view);
        }
        if let Some(lie) = self.profile.lie {
            let forged = self.forger(clock, view).qrinfo(lie, &info);
            if let Some(forged) = forged {
                return self.send_forged(at, forged);
            }
        }
        self.answer_message(at, &Message::QRInfo(Box::new(info)));
    }

    pub(super) fn get_data(&mut self, names: &[Inventory], clock: Clock, view: View<'_>) {
        let mut missing = Vec::new();
        for name in names {
            if !self.has_room(clock) {
                return;
            }
            let offered = self.offers.iter().find(|offer| offer.name == *name);
            let mut message = match offered {
                Some(offer) => Some(offer.message.clone()),
                None => find(name, view),
            };
            if let (Some(Message::Block(block)), Some(lie)) = (&mut message, self.profile.lie)
                && let Some(forged) = forge::filters::block(lie, block)
            {
                **block = forged;
            }
            match message {
                Some(message) => {
                    let is_block = matches!(message, Message::Block(_));
                    let cost = if is_block { self.profile.block_cost_ms } else { self.profile.cost_ms };
                    let at = self.work(clock, cost);
                    self.answer_message(at, &message);
                }
                // Core says nothing of blocks that it does not have.
                None if matches!(name.kind, InventoryKind::Block | InventoryKind::Other(_)) => {}
                None => missing.push(*name),
            }
        }
        if !missing.is_empty() {
            let at = self.serve(clock.ms, 0);
            self.send(at, Message::NotFound(missing));
        }
    }

    pub(super) fn forger<'a>(&'a mut self, clock: Clock, view: View<'a>) -> Forger<'a> {
        Forger { params: &self.params, chain: view.chain, rng: &mut self.rng, now: clock.unix_secs }
    }

    fn common_version(&self) -> i32 {
        self.client_version.min(self.profile.protocol)
    }

    /// Whether one more request may wait.
    pub(super) fn has_room(&mut self, clock: Clock) -> bool {
        while self.waiting.front().is_some_and(|&done| done <= clock.ms) {
            self.waiting.pop_front();
        }
        self.waiting.len() < MAX_WAITING
    }

    /// Takes the peer's one thread for a request; returns when it is served.
    pub(super) fn work(&mut self, clock: Clock, cost_ms: u64) -> u64 {
        let at = self.serve(clock.ms, cost_ms);
        self.waiting.push_back(at);
        at
    }

    fn fails_this_list(&mut self) -> bool {
        self.profile.failing_lists > 0 && self.rng.percent(self.profile.failing_lists)
    }

    pub(super) fn answer_message(&mut self, at: u64, message: &Message) {
        let frame = message.to_frame(self.params.magic);
        self.answer(at, frame);
    }

    /// Sends an answer as far as the peer's faults let it; says whether all of it went out.
    pub(super) fn answer(&mut self, at: u64, frame: Vec<u8>) -> bool {
        self.answers += 1;
        if self.profile.has(Fault::Loss) && self.rng.percent(40) {
            return false;
        }
        if self.profile.has(Fault::Disconnect) && self.rng.percent(60) {
            let half = frame.len() / 2;
            self.send_at(at, frame[..half].to_vec());
            self.close(self.line_until);
            return false;
        }
        self.send_at(at, frame);
        true
    }
}

/// What of the network has this name. Of ChainLocks, nodes keep the best one only.
fn find(name: &Inventory, view: View<'_>) -> Option<Message> {
    match name.kind {
        InventoryKind::ChainLock => {
            let best = view.chain.best_chainlock();
            best.filter(|lock: &ChainLock| lock.hash() == name.hash).map(Message::ClSig)
        }
        InventoryKind::InstantSendLock => view.pool.lock(name).cloned().map(Message::IsdLock),
        InventoryKind::Transaction => {
            view.pool.transaction(name).map(|payment| Message::Tx(payment.transaction.clone()))
        }
        InventoryKind::Block => view
            .chain
            .full_block(&BlockHash::from_bytes(name.hash))
            .map(|block| Message::Block(Box::new(block))),
        _ => None,
    }
}

/// Has every diff start from the highest block that the client has, or from genesis, as nodes did before their diffs
/// built on one another.
fn rebase(info: &mut QRInfo, bases: &[BlockHash], view: View<'_>) {
    let chain = view.chain;
    let again = |diff: &mut MnListDiff| {
        let Some(end) = chain.height_of(&diff.block_hash) else { return };
        let heights = bases.iter().filter_map(|base| chain.height_of(base));
        let base = heights.filter(|height| *height <= end).max().unwrap_or(0);
        let base = chain.hashes()[base as usize];
        if let Some(rebased) = chain.list_diff(&base, &diff.block_hash) {
            *diff = rebased;
        }
    };
    info.older.iter_mut().for_each(|(_, diff)| again(diff));
    if let Some((_, diff)) = &mut info.h_minus_4c {
        again(diff);
    }
    for diff in [
        &mut info.diff_h_minus_3c,
        &mut info.diff_h_minus_2c,
        &mut info.diff_h_minus_c,
        &mut info.diff_h,
        &mut info.diff_tip,
    ] {
        again(diff);
    }
}
