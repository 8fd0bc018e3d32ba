//! Several requests at once, and their answers in order.
//!
//! - [`ParallelExecutor`]: what is under way, within its caps.
//! - `processor.rs`: [`QRInfoProcessor`]: answers wait for their turn; [`QRInfoSyncProgress`] counts.
//!
//! Bounds: an entry for each key that is wanted and asked; at most `MAX_GIVEN_UP` names of requests that were given up.

mod processor;

pub use processor::{QRInfoProcessor, QRInfoSyncProgress, Ready};

use crate::checks::{self, Part};
use crate::collections::{Gather, SortedMap};
use crate::engine::{ConnId, Now};
use crate::network::correlation::{RequestCorrelationManager, RequestId, RequestOwner};
use crate::sync::pipeline::{ListRequest, Shared};
use crate::sync::recovery::Asked;
use crate::sync::scheduler::NetworkConditionMonitor;
use crate::sync::sequential::RequestClass;
use std::collections::VecDeque;

/// How many requests that were given up are remembered by their keys.
const MAX_GIVEN_UP: usize = 256;

/// The executor of list and QRInfo requests.
pub type ParallelQRInfoExecutor = ParallelExecutor<ListRequest>;

/// Whether requests run side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecutorMode {
    /// As many as the caps allow.
    Parallel,
    /// One at a time.
    Sequential,
}

/// How many requests may be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutorLimits {
    /// With each peer.
    pub per_peer: usize,
    /// In all.
    pub in_all: usize,
    /// Whether several run at once at all.
    pub mode: ExecutorMode,
}

/// One request from its sending until its answer is processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its name.
    pub id: RequestId,
    /// Who was asked, or answered.
    pub peer: ConnId,
    /// Its kind.
    pub class: RequestClass,
    /// When it was sent (monotonic milliseconds).
    pub sent_ms: u64,
    /// How long its answer is waited for.
    pub patience_ms: u64,
    /// Within which time an answer is usual.
    pub expected_ms: u64,
    /// How often its key had been asked then.
    pub tries: u32,
    /// Whether it tries out whether anything can be asked again.
    pub probe: bool,
    /// Whether its deadline was set before any answer of its kind was measured.
    pub unmeasured: bool,
    /// Whether the answer is there and waits to be processed.
    pub answered: bool,
}

impl Running {
    /// Who was asked.
    pub fn asked(&self) -> Asked {
        Asked { peer: self.peer, probe: self.probe }
    }

    /// The more often the key was asked for, the sooner.
    fn second_at_ms(&self) -> Option<u64> {
        let wait = match self.tries {
            0 => self.expected_ms,
            1 => self.expected_ms / 2,
            _ => 0,
        };
        (!self.answered).then(|| self.sent_ms + wait)
    }
}

/// Keeps what is under way.
#[derive(Debug)]
pub struct ParallelExecutor<K> {
    limits: ExecutorLimits,
    running: SortedMap<K, Running>,
    given_up: VecDeque<(K, Running)>,
}

impl<K: Ord + Clone> ParallelExecutor<K> {
    /// With nothing under way.
    pub fn new(limits: ExecutorLimits) -> Self {
        Self { limits, running: SortedMap::new(), given_up: VecDeque::new() }
    }

    /// Whether another request may be sent at all.
    pub fn has_room(&self) -> bool {
        let one = self.limits.mode == ExecutorMode::Sequential || !checks::part(Part::Executor);
        self.in_flight() < if one { 1 } else { self.limits.in_all }
    }

    /// The most requests that one peer may work on.
    pub fn per_peer(&self) -> usize {
        self.limits.per_peer.max(1)
    }

    /// Notes a request as sent. One that ran under the same key is superseded.
    pub fn began(&mut self, key: K, running: Running) {
        let before = self.running.get(&key).filter(|before| !before.answered).copied();
        let tries = before.map_or(0, |before| before.tries + 1).max(running.tries);
        self.running.insert(key.clone(), Running { tries, ..running });
        if let Some(before) = before {
            self.remember(key, before);
        }
    }

    /// What runs under a key.
    pub fn get(&self, key: &K) -> Option<&Running> {
        self.running.get(key)
    }

    /// The key of a request in flight.
    pub fn key_of(&self, id: RequestId) -> Option<&K> {
        self.running.iter().find(|(_, running)| running.id == id && !running.answered).map(|(key, _)| key)
    }

    /// The key of a request that was given up, and how it was sent; once.
    pub fn take_given_up(&mut self, id: RequestId) -> Option<(K, Running)> {
        let index = self.given_up.iter().position(|(_, running)| running.id == id)?;
        self.given_up.remove(index)
    }

    /// Notes that an answer is there; the key stays taken until it is processed.
    pub fn answered(&mut self, key: &K) -> Option<Running> {
        let running = self.running.get_mut(key)?;
        running.answered = true;
        Some(*running)
    }

    /// Takes a key out: it is processed, or failed, or wanted no longer.
    pub fn remove(&mut self, key: &K) -> Option<Running> {
        let running = self.running.remove(key)?;
        if !running.answered {
            self.remember(key.clone(), running);
        }
        Some(running)
    }

    fn remember(&mut self, key: K, running: Running) {
        if self.given_up.len() == MAX_GIVEN_UP {
            self.given_up.pop_front();
        }
        self.given_up.push_back((key, running));
    }

    /// Gives up what was not answered in time: what failed, each with its key, and what somebody else was asked since,
    /// which is no failure but tells of the peer.
    pub(crate) fn expire(
        &mut self,
        owner: RequestOwner,
        shared: &mut Shared<'_>,
    ) -> (Vec<(K, Running)>, Vec<Running>) {
        let (mut lost, mut superseded) = (Vec::new(), Vec::new());
        for request in shared.requests.expire(owner, shared.now) {
            superseded
                .extend(self.given_up.iter().find(|(_, run)| run.id == request.id).map(|(_, run)| *run));
            lost.extend(self.take_lost(request.id));
        }
        (lost, superseded)
    }

    /// Takes out what a peer that is gone was asked: each with its key. Its answers stay.
    pub(crate) fn forget_peer(
        &mut self,
        peer: ConnId,
        owner: RequestOwner,
        requests: &mut RequestCorrelationManager,
    ) -> Vec<(K, Running)> {
        let lost = requests.forget_peer(peer, owner);
        lost.into_iter().filter_map(|request| self.take_lost(request.id)).gather()
    }

    /// Takes out a request in flight that will not be answered in time.
    pub(crate) fn take_lost(&mut self, id: RequestId) -> Option<(K, Running)> {
        let key = self.key_of(id)?.clone();
        self.remove(&key).map(|running| (key, running))
    }

    /// Gives what was sent before anything was measured a deadline by what is known now.
    pub(crate) fn tighten(
        &mut self,
        monitor: &NetworkConditionMonitor,
        requests: &mut RequestCorrelationManager,
    ) {
        let unmeasured = self.running.values_mut().filter(|running| running.unmeasured && !running.answered);
        for running in unmeasured {
            running.expected_ms = monitor.expected_ms(running.peer, running.class).min(running.expected_ms);
            if !monitor.is_measured(running.class) {
                continue;
            }
            running.unmeasured = false;
            let patience = monitor.patience_ms(running.peer, running.class).min(running.patience_ms);
            running.patience_ms = patience;
            requests.tighten(running.id, running.sent_ms + patience);
        }
    }
    /// When another peer may be asked for a key beside the one that works on it, if nothing else is to be asked.
    pub fn second_at_ms(&self, key: &K) -> Option<u64> {
        self.running.get(key).and_then(Running::second_at_ms)
    }

    /// When another peer may next be asked for something that is under way.
    pub fn next_second_ms(&self, now: Now) -> Option<u64> {
        self.running.values().filter_map(Running::second_at_ms).filter(|at| *at > now.mono_ms).min()
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.running.values().filter(|running| !running.answered).count()
    }

    /// Requests of a class in flight: in all, and with a peer.
    pub fn in_flight_of(&self, class: RequestClass, peer: ConnId) -> (usize, usize) {
        let in_flight = self.running.values().filter(|running| running.class == class && !running.answered);
        in_flight.fold((0, 0), |(all, with_peer), running| {
            (all + 1, with_peer + usize::from(running.peer == peer))
        })
    }

    /// Answers that wait to be processed.
    pub fn answered_count(&self) -> usize {
        self.running.values().filter(|running| running.answered).count()
    }
}
