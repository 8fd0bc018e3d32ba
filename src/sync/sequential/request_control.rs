//! No request outside its phase's rights, and none beyond its limits.
//!
//! For each kind of request: the phases in which it may be sent (its own, and earlier ones that allow it ahead),
//! how many may be in flight in all and with one peer, and a bucket of permits that refills with time, so that no
//! fault of ours floods a peer. Wanting is level-triggered: what is refused now is simply wanted again at the next
//! step, so there is nothing to lose and nothing to grow.

use super::phases::SyncPhase;
use crate::network::correlation::RequestOwner;

/// What kinds of requests there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestClass {
    /// A batch of headers between checkpoints or towards the tip.
    Headers,
    /// One ancestor of the start, by its hash.
    StartContext,
    /// Whether a peer has anything after our tip.
    TipCheck,
    /// What changed in the list from one block to another (`getmnlistd`).
    MnListDiff,
    /// What it takes to know the rotated quorums of a cycle (`getqrinfo`).
    QRInfo,
    /// Something that a peer announced (`getdata`).
    Object,
    /// A peer's filter headers at every thousandth height (`getcfcheckpt`).
    FilterCheckpoints,
    /// Filter hashes of a range of blocks (`getcfheaders`).
    FilterHeaders,
    /// Filters of a range of blocks (`getcfilters`).
    Filters,
    /// A block (`getdata`).
    Block,
}

/// Why a request may not be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The phase does not allow it.
    Phase,
    /// Enough of the kind are in flight.
    InFlight,
    /// Enough of the kind are in flight with this peer.
    Peer,
    /// The bucket is empty until this time (monotonic milliseconds).
    Rate {
        /// When the next permit is there.
        until_ms: u64,
    },
}

struct Rights {
    phases: &'static [SyncPhase],
    in_flight: usize,
    per_peer: usize,
    burst: f64,
    per_second: f64,
}

impl RequestClass {
    /// Every class, in the order of its numbers.
    pub const ALL: [Self; 10] = [
        Self::Headers,
        Self::StartContext,
        Self::TipCheck,
        Self::MnListDiff,
        Self::QRInfo,
        Self::Object,
        Self::FilterCheckpoints,
        Self::FilterHeaders,
        Self::Filters,
        Self::Block,
    ];

    /// Who waits for the answers.
    pub fn owner(self) -> RequestOwner {
        match self {
            Self::Headers | Self::StartContext | Self::TipCheck => RequestOwner::Headers,
            Self::MnListDiff | Self::QRInfo => RequestOwner::Masternodes,
            Self::Object => RequestOwner::Objects,
            Self::FilterCheckpoints | Self::FilterHeaders | Self::Filters | Self::Block => {
                RequestOwner::Filters
            }
        }
    }

    fn rights(self) -> Rights {
        use SyncPhase::*;
        /// Headers are followed in every phase, or new blocks would be missed while filters are fetched.
        const FOLLOWING: &[SyncPhase] = &[
            DownloadingHeaders,
            DownloadingMnList,
            DownloadingCFHeaders,
            DownloadingFilters,
            DownloadingBlocks,
            FullySynced,
        ];
        /// Lists beside filter headers and later phases: their quorums move on while filters are fetched.
        const LISTS: &[SyncPhase] =
            &[DownloadingMnList, DownloadingCFHeaders, DownloadingFilters, DownloadingBlocks, FullySynced];
        /// Filters and blocks beside filter headers, too: a dispute about those is settled by them.
        const FILTERS: &[SyncPhase] =
            &[DownloadingCFHeaders, DownloadingFilters, DownloadingBlocks, FullySynced];
        match self {
            Self::Headers => {
                Rights { phases: FOLLOWING, in_flight: 16, per_peer: 2, burst: 64.0, per_second: 200.0 }
            }
            Self::StartContext => Rights {
                phases: &[DownloadingHeaders],
                in_flight: 1,
                per_peer: 1,
                burst: 64.0,
                per_second: 100.0,
            },
            Self::TipCheck => {
                Rights { phases: FOLLOWING, in_flight: 16, per_peer: 1, burst: 32.0, per_second: 10.0 }
            }
            Self::MnListDiff => {
                Rights { phases: LISTS, in_flight: 32, per_peer: 8, burst: 256.0, per_second: 40.0 }
            }
            Self::QRInfo => {
                Rights { phases: LISTS, in_flight: 32, per_peer: 8, burst: 80.0, per_second: 2.0 }
            }
            Self::Object => {
                Rights { phases: FOLLOWING, in_flight: 64, per_peer: 16, burst: 256.0, per_second: 50.0 }
            }
            Self::FilterCheckpoints => {
                Rights { phases: FILTERS, in_flight: 16, per_peer: 1, burst: 32.0, per_second: 2.0 }
            }
            Self::FilterHeaders => {
                Rights { phases: FILTERS, in_flight: 32, per_peer: 4, burst: 128.0, per_second: 60.0 }
            }
            Self::Filters => {
                Rights { phases: FILTERS, in_flight: 32, per_peer: 4, burst: 256.0, per_second: 200.0 }
            }
            Self::Block => {
                Rights { phases: FILTERS, in_flight: 32, per_peer: 4, burst: 256.0, per_second: 100.0 }
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    permits: f64,
    at_ms: u64,
}

/// Admits requests or refuses them.
#[derive(Debug)]
pub struct RequestController {
    buckets: [Bucket; RequestClass::ALL.len()],
}

impl Default for RequestController {
    fn default() -> Self {
        let full = |class: RequestClass| Bucket { permits: class.rights().burst, at_ms: 0 };
        Self { buckets: RequestClass::ALL.map(full) }
    }
}

impl RequestController {
    /// Uses up a permit for a request of this class, or says why there is none. `in_flight` and `with_peer` count the
    /// requests of the class that are under way.
    pub fn admit(
        &mut self,
        class: RequestClass,
        phase: SyncPhase,
        in_flight: usize,
        with_peer: usize,
        now_ms: u64,
    ) -> Result<(), Refusal> {
        let rights = class.rights();
        if !rights.phases.contains(&phase) {
            return Err(Refusal::Phase);
        }
        if in_flight >= rights.in_flight {
            return Err(Refusal::InFlight);
        }
        if with_peer >= rights.per_peer {
            return Err(Refusal::Peer);
        }
        let bucket = &mut self.buckets[class as usize];
        let earned = now_ms.saturating_sub(bucket.at_ms) as f64 / 1000.0 * rights.per_second;
        bucket.permits = (bucket.permits + earned).min(rights.burst);
        bucket.at_ms = now_ms;
        if bucket.permits < 1.0 {
            let wait = ((1.0 - bucket.permits) / rights.per_second * 1000.0).ceil() as u64;
            return Err(Refusal::Rate { until_ms: now_ms + wait.max(1) });
        }
        bucket.permits -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_while_idle() {
        for class in RequestClass::ALL {
            let refused = RequestController::default().admit(class, SyncPhase::Idle, 0, 0, 0);
            assert_eq!(refused, Err(Refusal::Phase));
        }
    }

    #[test]
    fn start_context_belongs_to_the_header_phase() {
        let refused =
            RequestController::default().admit(RequestClass::StartContext, SyncPhase::FullySynced, 0, 0, 0);
        assert_eq!(refused, Err(Refusal::Phase));
    }

    #[test]
    fn an_empty_bucket_refills() {
        let mut controller = RequestController::default();
        let mut ask = |now_ms| controller.admit(RequestClass::TipCheck, SyncPhase::FullySynced, 0, 0, now_ms);
        let admitted = (0..1_000).take_while(|_| ask(0).is_ok()).count();
        assert_eq!(admitted, 32);
        let Err(Refusal::Rate { until_ms }) = ask(0) else { panic!("the bucket has no bottom") };
        assert!(ask(until_ms).is_ok());
        assert!(ask(until_ms).is_err());
    }

    #[test]
    fn one_peer_gets_no_more_than_its_share() {
        let refused =
            RequestController::default().admit(RequestClass::Headers, SyncPhase::DownloadingHeaders, 2, 2, 0);
        assert_eq!(refused, Err(Refusal::Peer));
    }
}
