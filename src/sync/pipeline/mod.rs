//! The way that every request takes, whatever its phase.
//!
//! [`RequestPipeline`] is the front of four parts: the scheduler (what next, of whom), the executor (side by side,
//! within caps, with deadlines), the processor (answers in the order of heights) and the recovery (what after a
//! failure). A phase has one pipeline; what all pipelines of a client share comes in with each call (`Shared`):
//! correlation, measurements of peers, permits.
//!
//! # How a phase uses it
//!
//! All of it is level-triggered. In each step the phase
//!
//! 1. takes what failed by time, `RequestPipeline::expire`, and peers that went, `RequestPipeline::peer_gone`:
//!    both are back in the queue already and are told only for the log, or to let a peer go;
//! 2. says all that it wants just now, `RequestPipeline::want`, what is under way or waits to be processed included:
//!    what stays wanted keeps its history, what is not named any more vanishes, also from what is under way;
//! 3. asks, until there is nothing to ask: `RequestPipeline::next`, then `RequestPipeline::begin`, and only then
//!    sends the message, so that no answer is early;
//! 4. processes what has its turn, [`RequestPipeline::take_ready`]; each key stays taken until the phase says
//!    [`RequestPipeline::processed`] or `RequestPipeline::failed`, which may be many steps later.
//!
//! When a reply comes, correlation finds its request, and the phase hands both to `RequestPipeline::answered`. A late
//! one goes there just the same (`RequestPipeline::late`): it is used if it is still wanted.
//!
//! ```text
//! for lost in self.lists.expire(&mut ctx.shared()) { /* log */ }
//! self.lists.want(self.wanted_now(), &mut ctx.shared());
//! let peers: Vec<PeerView> = ctx.peers.ready().map(PeerView::from).gather();
//! while let Some(dispatch) = self.lists.next(&peers, &mut ctx.shared()) {
//!     let (peer, message) = (dispatch.peer, dispatch.key.message());
//!     self.lists.begin(dispatch, None, &mut ctx.shared());
//!     ctx.peers.send(peer, &message, ctx.out);
//! }
//! // A `mnlistdiff` came:
//! match ctx.requests.mn_list_diff_reply(conn, diff.base_block_hash, diff.block_hash, ctx.now) {
//!     Match::Request(request) => self.lists.answered(&request, ListAnswer::Diff(diff), bytes, &mut ctx.shared()),
//!     Match::Late(request) => self.lists.late(&request, ListAnswer::Diff(diff), bytes, &mut ctx.shared()),
//!     Match::Ignores(_) | Match::Unsolicited => { /* score the peer */ }
//! }
//! // Then, and in every step:
//! while let Some(ready) = self.lists.take_ready() {
//!     match self.prove(&ready) {
//!         Ok(()) => self.lists.processed(&ready.key, &mut ctx.shared()),
//!         Err(_) => drop(self.lists.failed(&ready.key, ErrorKind::Invalid, &mut ctx.shared())),
//!     }
//! }
//! ```
//!
//! Bounds: as much as its owner wants, within the executor's caps and the processor's limits.

#[cfg(test)]
mod bench;
mod choice;
mod lists;
#[cfg(all(test, feature = "switchable-checks"))]
mod parts;
#[cfg(test)]
mod tests;
mod types;

pub use lists::{ListAnswer, ListPipeline, ListRequest};
pub(crate) use types::Shared;
pub use types::{Dispatch, Lost, PipelineNote, PipelineSettings};

use crate::api::{Circuit, LogLevel};
use crate::checks::{self, Part};
use crate::collections::SortedSet;
use crate::engine::{ConnId, Now, Outbox};
use crate::network::correlation::{InFlight, Request, RequestId, RequestOwner};
use crate::sync::parallel::{ParallelExecutor, QRInfoProcessor, QRInfoSyncProgress, Ready, Running};
use crate::sync::recovery::{ErrorKind, ErrorStatistics, Fallback, Gate, RequestRecoveryManager, Retry};
use crate::sync::scheduler::{Answer, PeerView, RequestScheduler, Want};
use choice::{Choice, awaits};

/// Scheduler, executor, processor and recovery of one kind of work: see the module.
#[derive(Debug)]
pub struct RequestPipeline<K, A = ()> {
    owner: RequestOwner,
    scheduler: RequestScheduler<K>,
    executor: ParallelExecutor<K>,
    processor: QRInfoProcessor<K, A>,
    recovery: RequestRecoveryManager,
    /// Peers that could be asked at the last look.
    usable: usize,
    processed: u32,
    failed: u32,
}

impl<K: Ord + Clone, A> RequestPipeline<K, A> {
    /// A pipeline with nothing to do.
    pub fn new(settings: PipelineSettings) -> Self {
        Self {
            owner: settings.owner,
            scheduler: RequestScheduler::default(),
            executor: ParallelExecutor::new(settings.limits),
            processor: QRInfoProcessor::new(settings.most_held, settings.most_held_bytes),
            recovery: RequestRecoveryManager::new(settings.breaker_rate, settings.seed),
            usable: 0,
            processed: 0,
            failed: 0,
        }
    }

    /// Takes the set of all that is wanted now.
    pub(crate) fn want(&mut self, wants: impl IntoIterator<Item = Want<K>>, shared: &mut Shared<'_>) {
        for key in self.scheduler.want(wants, shared.now) {
            self.cancel(&key, shared);
        }
    }

    /// The next thing to ask, and of whom. Hands out the same again until [`Self::begin`].
    pub(crate) fn next(&mut self, peers: &[PeerView], shared: &mut Shared<'_>) -> Option<Dispatch<K>> {
        self.usable = peers.len();
        for peer in peers {
            shared.monitor.ping(peer.conn, peer.rtt_ms);
        }
        self.recovery.tick(shared.now);
        let (mut open, mut probed) = (Vec::new(), SortedSet::new());
        for peer in peers {
            match self.recovery.gate(peer.conn, shared.now) {
                Gate::Pass => open.push(*peer),
                Gate::Probe => {
                    open.push(*peer);
                    probed.insert(peer.conn);
                }
                Gate::Stop { .. } => {}
            }
        }
        if !self.executor.has_room() {
            return None;
        }
        let full = self.processor.is_full(self.executor.in_flight());
        let awaits_before = |want: &Want<K>| awaits(&self.scheduler, &self.executor, want);
        let blocked = self.scheduler.iter().filter(|want| full && awaits_before(want));
        let blocked: SortedSet<K> = blocked.map(|want| want.key.clone()).collect();
        let per_peer = self.per_peer();
        let executor = &self.executor;
        let now = shared.now;
        let mut room = Choice { blocked, second: false, owner: self.owner, per_peer, executor, shared };
        let first = self.scheduler.next(&open, now, &mut room);
        // With nothing else to ask, somebody else may be faster with what is under way.
        room.second = checks::part(Part::Recovery);
        let found = match first {
            None if room.second => self.scheduler.next(&open, now, &mut room),
            found => found,
        };
        let (key, peer) = found?;
        let want = self.scheduler.wanted(&key)?;
        Some(Dispatch {
            peer,
            class: want.class,
            patience_ms: shared.monitor.patience_ms(peer, want.class),
            expected_ms: shared.monitor.expected_ms(peer, want.class),
            batch_permille: shared.monitor.batch(peer, 1_000) as u32,
            probe: probed.contains(&peer),
            content: want.content.clone(),
            unmeasured: !shared.monitor.is_measured(want.class),
            key,
        })
    }

    /// The most requests that a peer may work on just now.
    fn per_peer(&self) -> usize {
        match self.recovery.fallback() {
            Fallback::None => self.executor.per_peer(),
            Fallback::OneAtATime | Fallback::PlainDiffs => 1,
        }
    }

    /// Whom the scheduler would ask for something now.
    pub(crate) fn choose(
        &self,
        want: Want<K>,
        peers: &[PeerView],
        shared: &mut Shared<'_>,
    ) -> Option<ConnId> {
        let (now, executor) = (shared.now, &self.executor);
        let (blocked, per_peer) = (SortedSet::new(), self.per_peer());
        let room = Choice { blocked, second: false, owner: self.owner, per_peer, executor, shared };
        self.scheduler.choose(want, peers, now, &room)
    }

    /// Registers a request; call it before the message leaves. `content` says what its answer will be known by, unless
    /// the wish said so.
    pub(crate) fn begin(
        &mut self,
        dispatch: Dispatch<K>,
        content: Option<Request>,
        shared: &mut Shared<'_>,
    ) -> Option<RequestId> {
        let Dispatch { key, peer, class, patience_ms, expected_ms, probe, unmeasured, .. } = dispatch;
        let content = content.or(dispatch.content)?;
        let id = shared.requests.begin(peer, content, patience_ms, shared.now);
        if probe {
            self.recovery.probing(peer, shared.now.mono_ms + patience_ms);
        }
        let sent_ms = shared.now.mono_ms;
        let tries = self.scheduler.failures(&key);
        let answered = false;
        let running = Running {
            id,
            peer,
            class,
            sent_ms,
            patience_ms,
            expected_ms,
            tries,
            probe,
            unmeasured,
            answered,
        };
        self.executor.began(key, running);
        Some(id)
    }

    /// Takes the answer to a request: the key that it is for, unless that is wanted no longer. It is held until its
    /// turn ([`Self::take_ready`]).
    pub(crate) fn answered(
        &mut self,
        request: &InFlight,
        answer: A,
        bytes: usize,
        shared: &mut Shared<'_>,
    ) -> Option<K> {
        let Some(key) = self.executor.key_of(request.id).cloned() else {
            // A second peer was asked since.
            return self.late(request, answer, bytes, shared);
        };
        let running = self.executor.answered(&key)?;
        let elapsed_ms = elapsed_ms(request, shared);
        let sample = Answer { class: running.class, elapsed_ms, bytes };
        shared.monitor.answered(request.peer, sample);
        self.executor.tighten(shared.monitor, shared.requests);
        if self.owner == RequestOwner::Masternodes {
            shared.requests.overtaken(request, shared.now);
        }
        self.recovery.answered(running.class, running.asked(), shared.now);
        self.hold(key.clone(), request.peer, bytes, answer);
        Some(key)
    }

    /// Takes an answer that came after its request was given up: of use if its key is still wanted and unanswered.
    pub(crate) fn late(
        &mut self,
        request: &InFlight,
        answer: A,
        bytes: usize,
        shared: &mut Shared<'_>,
    ) -> Option<K> {
        let (key, running) = self.executor.take_given_up(request.id)?;
        let Running { class, peer, .. } = running;
        let elapsed_ms = elapsed_ms(request, shared);
        shared.monitor.late(peer, Answer { class, elapsed_ms, bytes });
        let answered = self.executor.get(&key).is_some_and(|other| other.answered);
        if answered || self.scheduler.wanted(&key).is_none() {
            self.recovery.heard(running.asked(), shared.now);
            return None;
        }
        self.cancel(&key, shared);
        self.executor
            .began(key.clone(), Running { probe: false, unmeasured: false, answered: true, ..running });
        self.recovery.answered(class, running.asked(), shared.now);
        self.hold(key.clone(), peer, bytes, answer);
        Some(key)
    }

    fn hold(&mut self, key: K, peer: ConnId, bytes: usize, answer: A) {
        let height = self.scheduler.wanted(&key).map_or(0, |want| want.height);
        self.processor.hold(key, height, peer, bytes, answer);
    }

    /// The next answer whose turn it is: nothing lower of its priority, or a more urgent one, is still awaited.
    pub fn take_ready(&mut self) -> Option<Ready<K, A>> {
        let (scheduler, executor) = (&self.scheduler, &self.executor);
        self.processor
            .next(|key, _| scheduler.wanted(key).is_some_and(|want| awaits(scheduler, executor, want)))
    }

    /// An answer was processed, and what it brought is safe: only now its key is free again.
    pub fn processed(&mut self, key: &K) {
        if self.executor.get(key).is_none_or(|running| !running.answered) {
            return;
        }
        self.executor.remove(key);
        self.processor.drop_answer(key);
        self.scheduler.done(key);
        self.processed += 1;
    }

    /// An answer did not hold: its key is asked for again, elsewhere.
    pub(crate) fn failed(&mut self, key: &K, kind: ErrorKind, shared: &mut Shared<'_>) -> Option<Lost<K>> {
        let running = *self.executor.get(key).filter(|running| running.answered)?;
        self.executor.remove(key);
        self.processor.drop_answer(key);
        let (failures, others) = (self.scheduler.failures(key), self.usable.saturating_sub(1));
        let retry = self.recovery.rejected((running.class, kind), failures, others, running.peer, shared.now);
        Some(self.lose(key.clone(), running, kind, retry, shared))
    }

    /// Gives up what was not answered in time.
    pub(crate) fn expire(&mut self, shared: &mut Shared<'_>) -> Vec<Lost<K>> {
        let (lost, superseded) = self.executor.expire(self.owner, shared);
        for running in superseded {
            shared.monitor.unanswered(running.peer, running.class, shared.now);
            self.recovery.superseded(running.class, running.asked(), shared.now);
        }
        lost.into_iter()
            .map(|(key, running)| self.unanswered(key, running, ErrorKind::Timeout, shared))
            .collect()
    }

    /// Gives up what a peer that is gone was asked; answers that it gave stay.
    pub(crate) fn peer_gone(&mut self, peer: ConnId, shared: &mut Shared<'_>) -> Vec<Lost<K>> {
        self.usable = self.usable.saturating_sub(1);
        let lost = self.executor.forget_peer(peer, self.owner, shared.requests);
        let lost = lost
            .into_iter()
            .map(|(key, running)| self.unanswered(key, running, ErrorKind::PeerGone, shared))
            .collect();
        self.scheduler.forget_peer(peer);
        self.recovery.forget_peer(peer);
        shared.monitor.forget(peer);
        lost
    }

    /// Notes that a request in flight will not be answered as asked, as when the reply is none.
    pub(crate) fn lost(
        &mut self,
        request: &InFlight,
        kind: ErrorKind,
        shared: &mut Shared<'_>,
    ) -> Option<Lost<K>> {
        let (key, running) = self.executor.take_lost(request.id)?;
        Some(self.unanswered(key, running, kind, shared))
    }

    fn unanswered(&mut self, key: K, running: Running, kind: ErrorKind, shared: &mut Shared<'_>) -> Lost<K> {
        if kind == ErrorKind::Timeout {
            shared.monitor.unanswered(running.peer, running.class, shared.now);
        }
        let others = match kind {
            ErrorKind::PeerGone => self.usable,
            _ => self.usable.saturating_sub(1),
        };
        let failures = self.scheduler.failures(&key);
        let report = (running.class, kind);
        let retry = self.recovery.unanswered(report, failures, others, running.asked(), shared.now);
        self.lose(key, running, kind, retry, shared)
    }

    fn lose(
        &mut self,
        key: K,
        running: Running,
        kind: ErrorKind,
        retry: Retry,
        shared: &mut Shared<'_>,
    ) -> Lost<K> {
        self.failed += 1;
        shared.requests.count_retry();
        self.scheduler.failed(&key, running.peer, retry.wait_ms, retry.elsewhere, shared.now);
        let failures = self.scheduler.failures(&key);
        let unanswered = shared.monitor.unanswered_in_a_row(running.peer, self.owner);
        Lost { key, peer: running.peer, kind, failures, unanswered, retry }
    }

    /// Drops what is under way for a key, answers included. It stays wanted, with its history.
    pub(crate) fn cancel(&mut self, key: &K, shared: &mut Shared<'_>) {
        self.processor.drop_answer(key);
        let Some(running) = self.executor.remove(key) else { return };
        if !running.answered {
            shared.requests.cancel(running.id);
            if running.probe {
                self.recovery.probe_dropped(running.peer);
            }
        }
    }

    /// Drops everything under way, answers included.
    pub(crate) fn cancel_all(&mut self, shared: &mut Shared<'_>) {
        let keys: Vec<K> = self.scheduler.iter().map(|want| want.key.clone()).collect();
        for key in keys {
            self.cancel(&key, shared);
        }
    }

    /// What is under way for a key: in flight, or answered and not processed.
    pub fn running(&self, key: &K) -> Option<&Running> {
        self.executor.get(key)
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.executor.in_flight()
    }

    /// How far it is.
    pub fn progress(&self) -> QRInfoSyncProgress {
        if !checks::part(Part::Progress) {
            return QRInfoSyncProgress::default();
        }
        let idle = self.scheduler.iter().filter(|want| self.executor.get(&want.key).is_none());
        QRInfoSyncProgress {
            waiting: idle.count() as u32,
            in_flight: self.executor.in_flight() as u32,
            received: self.executor.answered_count() as u32,
            processed: self.processed,
            failed: self.failed,
        }
    }

    /// Where the breaker stands.
    pub fn circuit(&self) -> Circuit {
        self.recovery.circuit()
    }

    /// The way in which things are to be asked for.
    pub fn fallback(&self) -> Fallback {
        self.recovery.fallback()
    }

    /// What went wrong lately.
    pub fn statistics(&self) -> &ErrorStatistics {
        self.recovery.statistics()
    }

    /// Changes since the last call, for the log.
    pub fn take_notes(&mut self) -> Vec<PipelineNote> {
        self.recovery.take_notes()
    }

    /// Writes the changes since the last call to the log; `what` names the pipeline.
    pub(crate) fn log_notes(&mut self, what: &str, now: Now, out: &mut Outbox) {
        for note in self.take_notes() {
            let (message, from, to) = match note {
                PipelineNote::Fallback { from, to } => {
                    ("requests go another way", format!("{from:?}"), format!("{to:?}"))
                }
                PipelineNote::Breaker { from, to, .. } => {
                    ("the circuit breaker changed", format!("{from:?}"), format!("{to:?}"))
                }
            };
            let fields = [("of", what.into()), ("from", from.into()), ("to", to.into())];
            out.log(now, LogLevel::Warn, "requests", message, fields);
        }
    }

    /// When there is something to do that no input tells of. Deadlines of requests are the correlation's to tell.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let own = [
            self.scheduler.next_deadline_ms(now),
            self.recovery.next_deadline_ms(now),
            self.executor.next_second_ms(now),
        ];
        own.into_iter().flatten().min()
    }
}

/// How long an answer took, where it can be told which asking it answers.
fn elapsed_ms(request: &InFlight, shared: &Shared<'_>) -> Option<u64> {
    let known = !shared.requests.was_asked_before(request);
    known.then(|| shared.now.mono_ms.saturating_sub(request.sent_ms))
}
