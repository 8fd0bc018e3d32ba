//! What a wallet's watches have in the chain, found through compact filters: filter headers that peers agree on, filters
//! that those prove, the blocks that match, taken in by height.
//!
//! - `frontier.rs`: how far filter headers are agreed on; `voice.rs` what one peer says, `stretch.rs` the unit,
//!   `trial.rs` the block as judge.
//! - `search.rs`: what has yet to be looked for where; `lane.rs` one search through filters.
//! - `blocks.rs`: what headers say of the blocks at hand.
//! - `requests.rs`: all of it as requests, which go through the one pipeline; `replies.rs` what they bring,
//!   `assembly.rs` filters that come one by one.
//! - `matching.rs`: filters on their way to the workers and back. `records.rs`: what is kept over a restart.
//!
//! Level-triggered: [`FilterSync::step`] works out what is wanted from what is agreed on, searched and stored. A peer
//! can make it ask elsewhere and fetch blocks for nothing; it cannot hide a payment from it while another one is honest.

mod assembly;
mod blocks;
mod frontier;
mod lane;
mod matching;
mod records;
mod replies;
mod requests;
mod search;
mod stretch;
#[cfg(test)]
mod tests;
mod trial;
mod voice;

use crate::api::{LogLevel, PhaseStatus, Reply};
use crate::chain::{HeaderChain, checkpoints};
use crate::collections::SortedMap;
use crate::engine::{Birthday, CallId, CommitId, Config, ConnId, Effect, Now, Outbox, ReadId, WalletCommand};
use crate::filters::FilterHeaderChain;
use crate::store::{ReadReply, ReadRequest, StoreError, Table};
use crate::sync::headers::Ctx;
use crate::sync::pipeline::RequestPipeline;
use crate::sync::sequential::{Failure, SyncPhase};
use crate::sync::wallet::{Place, Wallet};
use crate::wallet::BlockRef;
use crate::wallet::gap::Script;
use assembly::Assembly;
use blocks::KnownBlocks;
use dash_protocol::{BlockHash, Inventory, NetworkParams, OutPoint, Transaction, Txid};
use frontier::{Finding, Frontier};
use lane::Turn;
use matching::Matching;
use records::{Kept, Trail};
use requests::FilterWork;
use search::{Searches, Which};
use std::collections::HashSet;
use std::sync::Arc;

/// Filters, and the wallet that they are searched for: see the module.
#[derive(Debug)]
pub(crate) struct FilterSync {
    params: Arc<NetworkParams>,
    on: bool,
    birthday: Option<Birthday>,
    wallet: Wallet,
    frontier: Frontier,
    searches: Searches,
    /// The lowest height that is searched; none before the store and the chain are known.
    floor: Option<u32>,
    pipeline: RequestPipeline<FilterWork>,
    known: KnownBlocks,
    assembly: Assembly,
    matching: Matching,
    /// The chain's end as of the last step, by which a reorganisation shows.
    trail: Trail,
    /// What the store held of the search, until the chain is there to hold it against.
    restored: Option<SortedMap<u64, Vec<u8>>>,
    reading: Option<ReadId>,
    /// Filter headers as the store held them.
    kept: Kept,
    /// The filter hashes of stretches that are searched just now.
    lists: SortedMap<u32, FilterHeaderChain>,
    /// The height that a verified ChainLock made final, as told to the wallet.
    locked: Option<u32>,
    /// Calls that are answered when everything is searched.
    searching: Vec<CallId>,
    /// What came to nothing since something was new.
    failures: u32,
    blocks_taken: u64,
    retry_at_ms: u64,
    was_complete: bool,
}

impl FilterSync {
    /// A sync that has not looked at its store yet.
    pub fn new(config: &Config) -> Self {
        Self {
            params: Arc::clone(&config.params),
            on: config.filters,
            birthday: config.birthday,
            wallet: Wallet::new(config),
            frontier: Frontier::new(1),
            searches: Searches::default(),
            floor: None,
            pipeline: RequestPipeline::new(requests::settings(config.seed)),
            known: KnownBlocks::default(),
            assembly: Assembly::default(),
            matching: Matching::default(),
            trail: Trail::default(),
            restored: None,
            reading: None,
            kept: Kept::default(),
            lists: SortedMap::new(),
            locked: None,
            searching: Vec::new(),
            failures: 0,
            blocks_taken: 0,
            retry_at_ms: 0,
            was_complete: false,
        }
    }

    /// Whether the phases are on.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Asks for what the store holds; once, when the headers are there to hold it against.
    pub fn open(&mut self, headers_open: bool, ctx: &mut Ctx<'_>) {
        if !self.on || !headers_open {
            return;
        }
        self.wallet.open(ctx);
        if self.reading.is_none() && !self.kept.is_read() {
            let read = ctx.ids.read();
            self.reading = Some(read);
            ctx.out.push(Effect::Read { read, request: ReadRequest::Records { table: Table::Filters } });
        }
    }

    /// Whether a read is one of ours.
    pub fn owns_read(&self, read: ReadId) -> bool {
        self.reading == Some(read) || self.wallet.owns_read(read) || self.known.owns(read)
    }

    /// Takes what a read brought.
    pub fn on_read(&mut self, read: ReadId, result: Result<ReadReply, StoreError>) {
        if self.wallet.owns_read(read) {
            self.restored = Some(self.wallet.on_read(result));
        } else if self.reading == Some(read) {
            self.reading = None;
            self.kept = match result {
                Ok(ReadReply::Records(records)) => Kept::read(records),
                _ => Kept::read(Vec::new()),
            };
        } else {
            self.known.on_read(read, result);
        }
    }

    /// A call about the wallet.
    pub fn command(
        &mut self,
        call: CallId,
        command: WalletCommand,
        chain: Option<&HeaderChain>,
        now: Now,
        out: &mut Outbox,
    ) {
        let place = chain.and_then(|chain| self.place(chain, command.birthday(), now));
        if self.wallet.command(call, command, place, now, out) {
            self.searching.push(call);
        }
    }

    /// Nobody waits for this call any more.
    pub fn cancel(&mut self, call: CallId) {
        self.wallet.cancel(call);
        self.searching.retain(|waiting| *waiting != call);
    }

    /// Where the chain is and where a birthday lies; none before both are known.
    fn place(&self, chain: &HeaderChain, birthday: Option<Birthday>, now: Now) -> Option<Place> {
        let (floor, tip) = (self.floor?, chain.tip().height);
        // A store that was begun 'now' has all of its chain to offer.
        let birthday = birthday.or(self.birthday.filter(|birthday| *birthday != Birthday::Now));
        let birth = birthday.map_or(floor, |birthday| self.height_of(&birthday, chain, now));
        Some(Place { tip, birth })
    }

    /// The height at which what begins at a birthday can be at the earliest.
    fn height_of(&self, birthday: &Birthday, chain: &HeaderChain, now: Now) -> u32 {
        /// Block times are up to two hours wrong.
        const TOLERANCE_S: u64 = 2 * 3_600;
        match birthday {
            Birthday::Now => chain.tip().height,
            Birthday::Genesis => 0,
            Birthday::Height(height) => *height,
            Birthday::Time(time) => {
                let early = time.saturating_sub(TOLERANCE_S);
                let is_before = |height: &u32| {
                    chain.at(*height).is_some_and(|entry| u64::from(entry.header.time) < early)
                };
                let in_memory = (chain.base_height()..=chain.tip().height).rev().find(is_before);
                in_memory
                    .unwrap_or_else(|| checkpoints::start_for(&self.params, birthday, now.unix_secs()).height)
            }
        }
    }

    /// One step. `start` is the lowest height whose header is stored, `locked` the height that a verified ChainLock
    /// makes final.
    pub fn step(&mut self, chain: Option<&HeaderChain>, start: u32, locked: Option<u32>, ctx: &mut Ctx<'_>) {
        let Some(chain) = chain.filter(|_| self.on) else { return };
        if !self.begin(chain, start, ctx) {
            return;
        }
        for (call, command) in self.wallet.take_early() {
            self.command(call, command, Some(chain), ctx.now, ctx.out);
        }
        self.follow(chain, ctx);
        self.expire(ctx);
        if locked > self.locked
            && let Some(height) = locked
        {
            self.locked = locked;
            self.wallet.chainlocked(height, ctx);
        }
        // In every phase: what is watched is stored together with what it leaves to be searched.
        self.take_wishes();
        if ctx.phase > SyncPhase::DownloadingMnList {
            self.work(chain, ctx);
        }
        self.wallet.relay(chain.tip().hash, ctx);
        self.keep(chain, ctx.now);
        self.wallet.commit(ctx);
    }

    fn work(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        let asks = self.listen(chain, ctx);
        self.go_on(ctx);
        if ctx.phase > SyncPhase::DownloadingCFHeaders {
            self.search(chain, ctx);
        }
        self.ask(&asks, chain, ctx);
        self.pipeline.log_notes("filters", ctx.now, ctx.out);
        self.was_complete |= self.is_searched(chain.tip().height);
        if self.searches.has_caught_up() && self.searches.main.is_done() && self.reaches_below().is_none() {
            for call in std::mem::take(&mut self.searching) {
                ctx.out.push(Effect::Reply { call, result: Ok(Reply::Done) });
            }
        }
    }

    /// Goes on from what the store held, once all of it and the chain are there; and again from a lower start, should
    /// the chain have one.
    fn begin(&mut self, chain: &HeaderChain, start: u32, ctx: &mut Ctx<'_>) -> bool {
        // Genesis pays nobody.
        let floor = start.max(1);
        if self.floor.is_some_and(|known| known <= floor) {
            return true;
        }
        if !self.wallet.is_open() || !self.kept.is_read() {
            return false;
        }
        let mut before = floor;
        if let Some(records) = self.restored.take() {
            let search = records::restore(&records, floor, chain);
            before = search.floor;
            let mut elements: Vec<Script> = self.wallet.book().elements().cloned().collect();
            elements.extend(self.wallet.spent_in_pool());
            self.searches = Searches::restored(elements, search.next, search.left);
            if search.undone {
                self.wallet.disconnect(search.next, ctx);
            }
            ctx.out.log(
                ctx.now,
                LogLevel::Info,
                "filters",
                "going on from the store",
                [("searched", search.next.into()), ("watches", self.wallet.book().ids().len().into())],
            );
        }
        let before = self.floor.replace(floor).unwrap_or(before);
        for (elements, birth) in self.wallet.watched_from() {
            self.searches.catch_up(&elements, birth.max(floor)..before);
        }
        let (known, undecided) = self.kept.frontier(floor);
        self.frontier = Frontier::restored(floor, known, undecided);
        self.trail = Trail::of(chain);
        true
    }

    /// The height from which headers are needed for what is watched, if they begin above it.
    pub fn reaches_below(&self) -> Option<u32> {
        // Below every other start there is that at genesis.
        let floor = self.floor.filter(|floor| *floor > 1)?;
        self.wallet.birth().filter(|birth| *birth < floor)
    }

    /// Undoes what a reorganisation left behind.
    fn follow(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        if let Some(fork) = self.trail.fork(chain) {
            self.known.clear();
            self.lists.clear();
            self.frontier.rewind(fork);
            if self.searches.main.next > fork + 1 {
                self.wallet.disconnect(fork + 1, ctx);
            }
            self.searches.rewind(fork + 1);
        }
        self.trail.follow(chain);
    }

    /// Takes what the wallet wants looked for.
    fn take_wishes(&mut self) {
        for (elements, birth) in self.wallet.take_found() {
            self.searches.add(&elements, birth.max(self.floor.unwrap_or(0)));
        }
        if self.wallet.take_forgot() {
            let book = self.wallet.book();
            let pending = self.wallet.spent_in_pool();
            let watched: HashSet<&Script> = book.elements().chain(&pending).collect();
            self.searches.forget(|element| watched.contains(element));
        }
    }

    /// Lets the searches go on as far as filter headers are agreed on.
    fn go_on(&mut self, ctx: &Ctx<'_>) {
        let Some(agreed) = self.frontier.agreed() else { return };
        self.searches.follow(agreed);
        if self.searches.main.is_idle() && ctx.phase > SyncPhase::DownloadingCFHeaders {
            self.searches.main.skip_to(agreed + 1);
        } else if let Some(birth) = self.wallet.birth() {
            self.searches.main.skip_to(birth.min(agreed + 1));
        }
        if ctx.phase > SyncPhase::DownloadingCFHeaders {
            self.searches.turn();
        }
    }

    /// Searches on: begins parts, has them matched, takes in what has its turn.
    fn search(&mut self, chain: &HeaderChain, ctx: &mut Ctx<'_>) {
        for which in [Which::Main, Which::Late] {
            self.begin_parts(which, chain, ctx);
            while let Some(turn) = self.searches.lane(which).and_then(lane::Lane::take_turn) {
                self.take_turn(which, turn, ctx);
            }
        }
        if ctx.now.mono_ms >= self.retry_at_ms {
            self.matching.send(&mut self.searches, ctx);
        }
    }

    fn take_turn(&mut self, which: Which, turn: Turn, ctx: &mut Ctx<'_>) {
        self.failures = 0;
        let Turn::Block { height, info, block } = turn else { return };
        self.blocks_taken += 1;
        let at = BlockRef { height, hash: info.hash, time: info.time };
        let found = match self.wallet.connect(&at, &block.transactions, ctx) {
            Ok(found) => found,
            Err(error) => {
                // A proven block with amounts that none has: nothing in it is believed.
                ctx.out.log(
                    ctx.now,
                    LogLevel::Error,
                    "filters",
                    "a block is passed over",
                    [("height", height.into()), ("reason", error.to_string().into())],
                );
                return;
            }
        };
        for (elements, birth) in found {
            let from = birth.max(self.floor.unwrap_or(0));
            match which {
                Which::Main => self.searches.add(&elements, from),
                Which::Late => self.searches.found_late(&elements, from, height),
            }
        }
    }

    /// Deals with what was found about peers' words.
    fn settle(&mut self, findings: Vec<Finding>, ctx: &mut Ctx<'_>) {
        for finding in findings {
            match finding {
                Finding::Lie { conn, why } => {
                    ctx.peers.punish(conn, &crate::network::Offence::InvalidFilter(why), ctx.now, ctx.out);
                }
                Finding::Doubted { height } => {
                    self.lists.clear();
                    self.searches.rewind(height);
                }
            }
        }
    }

    /// A peer announced a transaction: whether it is to be fetched.
    pub fn announced(&mut self, conn: ConnId, txid: &Txid) -> bool {
        self.on && self.wallet.announced(conn, txid)
    }

    /// A relayed transaction, of which `tip` is the height of the last block before it. The inputs that it spends, if it
    /// is one of the wallet's and was not known: there may be locks on them.
    pub fn relayed(
        &mut self,
        transaction: &Transaction,
        tip: u32,
        ctx: &mut Ctx<'_>,
    ) -> Option<Vec<OutPoint>> {
        let taken = self.on && self.wallet.relayed(transaction, tip, ctx);
        taken.then(|| transaction.inputs.iter().map(|input| input.previous).collect())
    }

    /// Transactions that the user sends since the last call, with what they spend.
    pub fn take_sent(&mut self) -> Vec<(Txid, Vec<OutPoint>)> {
        let sent = self.wallet.take_sent();
        sent.into_iter().map(|txid| (txid, self.wallet.inputs_of(&txid))).collect()
    }

    /// A peer asks for what was announced to it.
    pub fn on_get_data(&mut self, conn: ConnId, items: &[Inventory], ctx: &mut Ctx<'_>) {
        self.wallet.on_get_data(conn, items, ctx);
    }

    /// A verified InstantSend lock.
    pub fn instantlocked(&mut self, txid: Txid, inputs: &[OutPoint], ctx: &mut Ctx<'_>) {
        if self.on {
            self.wallet.instantlocked(txid, inputs, ctx);
        }
    }

    fn is_agreed(&self, tip: u32) -> bool {
        let is_whole = self.floor.is_some() && self.reaches_below().is_none();
        is_whole && self.frontier.agreed().is_some_and(|agreed| agreed >= tip)
    }

    /// Whether filters were matched with everything that is watched, up to the tip.
    fn is_matched(&self, tip: u32) -> bool {
        self.is_agreed(tip) && self.searches.has_caught_up() && self.searches.main.matched_to() > tip
    }

    fn is_searched(&self, tip: u32) -> bool {
        self.is_matched(tip) && self.searches.main.next > tip
    }

    /// How a phase stands. One that is stalled, and not for want of time, counts as failed and is passed over.
    pub fn standing(&self, phase: SyncPhase, tip: u32, stalled: bool) -> PhaseStatus {
        let done = match phase {
            SyncPhase::DownloadingCFHeaders => self.is_agreed(tip),
            SyncPhase::DownloadingFilters => self.is_matched(tip),
            _ => self.is_searched(tip),
        };
        match (done, stalled) {
            (true, _) => PhaseStatus::Done,
            (false, true) => PhaseStatus::Failed,
            (false, false) => PhaseStatus::Running,
        }
    }

    /// Whether something was added for which filters already passed have to be searched.
    pub fn has_to_go_back(&self) -> bool {
        self.on && self.floor.is_some() && !self.searches.has_caught_up()
    }

    /// Whether more than one voice vouches for filter headers.
    pub fn has_witnesses(&self) -> bool {
        self.frontier.has_witnesses()
    }

    /// What is completed and what there is in all, of a phase.
    pub fn progress(&self, phase: SyncPhase, tip: u32) -> (u64, u64) {
        let floor = self.floor.unwrap_or(0);
        match phase {
            SyncPhase::DownloadingCFHeaders => {
                let agreed = self.frontier.agreed().map_or(0, |agreed| (agreed + 1).saturating_sub(floor));
                (u64::from(agreed), u64::from((tip + 1).saturating_sub(floor)))
            }
            SyncPhase::DownloadingFilters => self.searches.progress(floor),
            _ => {
                let late = self.searches.late.as_ref().map_or(0, lane::Lane::open_blocks);
                let open = (self.searches.main.open_blocks() + late) as u64;
                (self.blocks_taken, self.blocks_taken + open)
            }
        }
    }

    /// Filters a second that were looked into of late.
    pub fn per_second(&self, now_ms: u64) -> f64 {
        self.matching.per_second(now_ms)
    }

    /// A peer is gone, and so is what it was asked.
    pub fn peer_gone(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        self.pipeline.peer_gone(conn, &mut ctx.shared());
        self.assembly.forget(conn);
        self.wallet.peer_gone(conn);
    }

    /// Lets a peer go that serves no filters, or else the one that was there longest.
    pub fn switch_peer(ctx: &mut Ctx<'_>) {
        let ready: Vec<(ConnId, bool)> =
            ctx.peers.ready().map(|peer| (peer.conn, requests::serves_filters(peer))).collect();
        let useless = ready.iter().find(|(_, serves)| !serves).or(ready.first());
        if let Some((conn, _)) = useless.copied() {
            ctx.peers.hang_up(conn, "does not bring the filters that are missing", ctx.now, ctx.out);
        }
    }

    /// Whether a commit is one of ours.
    pub fn owns_commit(&self, commit: CommitId) -> bool {
        self.wallet.owns_commit(commit)
    }

    /// Takes what became of a commit; returns why it failed.
    pub fn on_stored(&mut self, result: Result<(), StoreError>, ctx: &mut Ctx<'_>) -> Option<StoreError> {
        let phase = SyncPhase::DownloadingFilters;
        let wait_ms = match &result {
            Ok(()) => {
                ctx.recovery.worked(phase, Failure::Store);
                0
            }
            Err(_) => ctx.recovery.failed(phase, Failure::Store),
        };
        self.wallet.on_stored(&result, wait_ms, ctx);
        result.err()
    }

    /// Whether nothing waits for the store.
    pub fn is_flushed(&self) -> bool {
        !self.on || self.wallet.is_flushed()
    }

    /// Stores at once what waits.
    pub fn flush(&mut self) {
        self.wallet.flush();
    }

    /// Goes on after a pause, or when the store has room again.
    pub fn resume(&mut self) {
        self.wallet.flush();
        self.retry_at_ms = 0;
    }

    /// When something here has to be looked at again.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let retry = Some(self.retry_at_ms).filter(|at| *at > now.mono_ms);
        [retry, self.wallet.next_deadline_ms(), self.pipeline.next_deadline_ms(now)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Writes down what is searched and agreed on, if that changed.
    fn keep(&mut self, chain: &HeaderChain, now: Now) {
        let Some(floor) = self.floor else { return };
        let changes = records::changes(&mut self.kept, floor, &mut self.searches, &self.frontier, chain);
        for (table, key, value) in changes {
            self.wallet.put(table, key, value, now);
        }
    }

    /// The hash of a block, if its header is at hand; what is not is asked for.
    fn hash_at(&mut self, height: u32, chain: &HeaderChain, ctx: &mut Ctx<'_>) -> Option<BlockHash> {
        self.known.at(height, chain, ctx).map(|info| info.hash)
    }
}
