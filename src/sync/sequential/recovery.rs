//! What to do when a phase as a whole gets no further.
//!
//! A request that comes to nothing is the pipeline's affair ([`crate::sync::recovery`]). Here is what asking again cannot
//! mend:
//!
//! - A worker or the store breaks. It is tried again after a wait that doubles up to [`MAX_WAIT_MS`]; a commit is then
//!   worked out anew from the last good watermark.
//! - Nobody is there: the phase waits for the network, and that time does not count against it.
//! - Whoever is there brings nothing. After [`PATIENCE_MS`] the phase is stalled, and another peer takes the place of one;
//!   again after twice as long, up to [`MAX_PATIENCE_MS`].
//!
//! Holds a few numbers for each phase. Peers that bring nothing can have themselves replaced, and no more.

use super::phases::SyncPhase;
use crate::checks::{self, Part};
use crate::collections::SortedMap;
use crate::engine::Now;

/// First wait after a failure.
const FIRST_WAIT_MS: u64 = 250;
/// The longest wait.
const MAX_WAIT_MS: u64 = 30_000;
/// Without anything new for this long a phase is stalled.
const PATIENCE_MS: u64 = 45_000;
/// The longest time between two peers that are let go.
const MAX_PATIENCE_MS: u64 = 30 * 60 * 1_000;
/// Past this many doublings nothing grows any more.
const MAX_DOUBLINGS: u32 = 16;

/// What failed on our own side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// A worker broke.
    Compute,
    /// The store did not take what it was given.
    Store,
}

/// What to do about a phase that is not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Nothing yet: it had something new not long ago.
    GoOn,
    /// Nobody is there: go on when a peer comes.
    WaitForNetwork,
    /// Ask others than those who are there, from what is proven on.
    SwitchPeer,
}

/// A phase on its way.
#[derive(Clone, Copy, Debug)]
struct Watch {
    /// Since when there was nothing new, although somebody was there (monotonic milliseconds).
    since_ms: u64,
    /// When the next peer is let go.
    switch_at_ms: u64,
    /// Peers let go since there was something new.
    switches: u32,
    online: bool,
}

impl Watch {
    fn begin(now: Now) -> Self {
        let since_ms = now.mono_ms;
        Self { since_ms, switch_at_ms: since_ms + PATIENCE_MS, switches: 0, online: true }
    }

    fn patience_ms(&self) -> u64 {
        (PATIENCE_MS << self.switches.min(MAX_DOUBLINGS)).min(MAX_PATIENCE_MS)
    }
}

/// Watches phases and chooses what to do: see the module.
#[derive(Debug, Default)]
pub struct RecoveryManager {
    watched: SortedMap<SyncPhase, Watch>,
    /// Failures in a row.
    failures: SortedMap<(SyncPhase, Failure), u32>,
}

impl RecoveryManager {
    /// Notes a failure on our own side; after so many milliseconds it is to be tried again.
    pub fn failed(&mut self, phase: SyncPhase, failure: Failure) -> u64 {
        let count = self.failures.entry((phase, failure)).or_default();
        let wait_ms = (FIRST_WAIT_MS << (*count).min(MAX_DOUBLINGS)).min(MAX_WAIT_MS);
        *count += 1;
        if checks::part(Part::PhaseRecovery) { wait_ms } else { 0 }
    }

    /// What failed works again.
    pub fn worked(&mut self, phase: SyncPhase, failure: Failure) {
        self.failures.remove(&(phase, failure));
    }

    /// Looks after a phase that is not complete; to be called at each step. `online` says whether anybody can be asked.
    pub fn watch(&mut self, phase: SyncPhase, online: bool, now: Now) -> Recovery {
        let watch = self.watched.entry(phase).or_insert_with(|| Watch::begin(now));
        if !checks::part(Part::PhaseRecovery) {
            return Recovery::GoOn;
        }
        if !online {
            watch.online = false;
            return Recovery::WaitForNetwork;
        }
        if !watch.online {
            watch.online = true;
            watch.since_ms = now.mono_ms;
            watch.switch_at_ms = now.mono_ms + watch.patience_ms();
        }
        if now.mono_ms < watch.switch_at_ms {
            return Recovery::GoOn;
        }
        watch.switches += 1;
        watch.switch_at_ms = now.mono_ms + watch.patience_ms();
        Recovery::SwitchPeer
    }

    /// The phase is complete, or off, or not begun.
    pub fn rest(&mut self, phase: SyncPhase) {
        self.watched.remove(&phase);
    }

    /// The phase has something new.
    pub fn progressed(&mut self, phase: SyncPhase, now: Now) {
        if let Some(watch) = self.watched.get_mut(&phase) {
            *watch = Watch::begin(now);
        }
    }

    /// Whether there was nothing new for long, with somebody there to bring it.
    pub fn is_stalled(&self, phase: SyncPhase, now: Now) -> bool {
        self.watched
            .get(&phase)
            .is_some_and(|watch| watch.online && now.mono_ms >= watch.since_ms + PATIENCE_MS)
    }

    /// When a phase has to be looked at again.
    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        let online = self.watched.values().filter(|watch| watch.online);
        online
            .flat_map(|watch| [watch.since_ms + PATIENCE_MS, watch.switch_at_ms])
            .filter(|at| *at > now.mono_ms)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASE: SyncPhase = SyncPhase::DownloadingHeaders;

    fn now(mono_ms: u64) -> Now {
        Now { mono_ms, unix_ms: 0 }
    }

    #[test]
    fn waits_double_up_to_a_limit_and_begin_anew_once_it_works() {
        let mut manager = RecoveryManager::default();
        let waits: Vec<u64> = (0..30).map(|_| manager.failed(PHASE, Failure::Compute)).collect();
        assert_eq!(waits[..3], [250, 500, 1_000]);
        assert_eq!(waits.last(), Some(&MAX_WAIT_MS));
        assert_eq!(manager.failed(PHASE, Failure::Store), 250, "a worker says nothing about the store");
        manager.worked(PHASE, Failure::Compute);
        assert_eq!(manager.failed(PHASE, Failure::Compute), 250);
    }

    #[cfg(feature = "switchable-checks")]
    #[test]
    fn without_it_what_broke_is_tried_again_and_again_without_a_pause() {
        let _off = checks::Off::part(Part::PhaseRecovery);
        assert_eq!(RecoveryManager::default().failed(PHASE, Failure::Compute), 0);
    }

    #[test]
    fn peers_are_switched_after_longer_and_longer_times() {
        let mut manager = RecoveryManager::default();
        let mut switched = Vec::new();
        for ms in (0..10 * MAX_PATIENCE_MS).step_by(5_000) {
            if manager.watch(PHASE, true, now(ms)) == Recovery::SwitchPeer {
                switched.push(ms);
            }
        }
        assert_eq!(switched[..3], [45_000, 135_000, 315_000]);
        let longest = switched.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert_eq!(longest, Some(MAX_PATIENCE_MS));
    }

    #[test]
    fn something_new_and_time_without_the_network_begin_the_wait_anew() {
        let mut manager = RecoveryManager::default();
        manager.watch(PHASE, true, now(0));
        manager.progressed(PHASE, now(40_000));
        assert_eq!(manager.watch(PHASE, true, now(50_000)), Recovery::GoOn);
        assert_eq!(manager.watch(PHASE, false, now(60_000)), Recovery::WaitForNetwork);
        assert!(!manager.is_stalled(PHASE, now(600_000)));
        assert_eq!(manager.next_deadline_ms(now(60_000)), None);
        assert_eq!(manager.watch(PHASE, true, now(600_000)), Recovery::GoOn);
        assert_eq!(manager.next_deadline_ms(now(600_000)), Some(645_000));
        assert!(manager.is_stalled(PHASE, now(645_000)));
        manager.rest(PHASE);
        assert!(!manager.is_stalled(PHASE, now(645_000)));
    }
}
