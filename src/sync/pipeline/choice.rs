//! What the scheduler may choose from: what is not under way, within the caps, in the rights of the phase.

use super::Shared;
use crate::collections::SortedSet;
use crate::engine::ConnId;
use crate::network::correlation::RequestOwner;
use crate::sync::parallel::ParallelExecutor;
use crate::sync::scheduler::{NetworkConditionMonitor, RequestScheduler, Room, Want};
use crate::sync::sequential::{Refusal, RequestClass};

/// Whether something lower of the same priority or a more urgent one is wanted and not answered yet.
pub(super) fn awaits<K: Ord + Clone>(
    scheduler: &RequestScheduler<K>,
    executor: &ParallelExecutor<K>,
    than: &Want<K>,
) -> bool {
    scheduler.iter().any(|want| {
        want.height < than.height
            && want.priority <= than.priority
            && executor.get(&want.key).is_none_or(|running| !running.answered)
    })
}

/// What the scheduler may choose from.
pub(super) struct Choice<'a, 's, K> {
    /// Keys that must not be asked although they are wanted and not under way.
    pub blocked: SortedSet<K>,
    /// Whether a second peer is looked for, for what is under way.
    pub second: bool,
    pub owner: RequestOwner,
    pub per_peer: usize,
    pub executor: &'a ParallelExecutor<K>,
    pub shared: &'a mut Shared<'s>,
}

impl<K: Ord + Clone> Room<K> for Choice<'_, '_, K> {
    fn is_open(&self, want: &Want<K>) -> bool {
        if self.second {
            let second_at_ms = self.executor.second_at_ms(&want.key).filter(|_| want.content.is_some());
            return second_at_ms.is_some_and(|at| self.shared.now.mono_ms >= at);
        }
        self.executor.get(&want.key).is_none() && !self.blocked.contains(&want.key)
    }

    fn monitor(&self) -> &NetworkConditionMonitor {
        self.shared.monitor
    }

    fn suits(&self, want: &Want<K>, peer: ConnId) -> bool {
        !want.content.as_ref().is_some_and(|content| self.shared.requests.is_asked(peer, content))
    }

    fn load(&self, want: &Want<K>, peer: ConnId) -> Option<usize> {
        let requests = &self.shared.requests;
        let allowed = self.shared.monitor.concurrency(peer, self.owner, self.per_peer);
        let free = self.suits(want, peer) && requests.in_flight_of(self.owner, peer) < allowed;
        free.then(|| requests.in_flight_with(peer))
    }

    fn admit(&mut self, class: RequestClass, peer: ConnId) -> Result<(), Refusal> {
        let (in_all, with_peer) = self.executor.in_flight_of(class, peer);
        let Shared { controller, retry_at_ms, phase, now, .. } = self.shared;
        let verdict = controller.admit(class, *phase, in_all, with_peer, now.mono_ms);
        if let Err(Refusal::Rate { until_ms }) = verdict {
            **retry_at_ms = Some(retry_at_ms.map_or(until_ms, |at| at.min(until_ms)));
        }
        verdict
    }
}
