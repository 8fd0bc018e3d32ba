//! Proven headers go to the store, and only what is stored is reported.
//!
//! One commit is under way at a time and takes what is proven by then, data and watermark together: all of it, or while
//! more is coming whole chunks, so that the store writes each of them once. What to write is worked out anew from the
//! chain and the last commit that succeeded, so a failed one is simply made again. Proven headers stay in memory until
//! they are stored.

use super::lane::{self, Durable};
use super::stream::Place;
use super::{Ctx, HeaderSync};
use crate::api::{ApiError, Event, LogLevel, Tip};
use crate::chain::{Entry, HeaderChain};
use crate::engine::{CommitId, Effect};
use crate::network::correlation::RequestOwner;
use crate::store::{CHUNK, CommitBatch, StoreError};
use crate::sync::sequential::{Failure, SyncPhase};

/// This many headers are worth a commit of their own while more are coming.
const WORTH_A_COMMIT: u32 = 4_000;
/// Fewer wait this long for company.
const COMMIT_AFTER_MS: u64 = 300;

/// A commit under way.
#[derive(Debug)]
pub(super) struct Committing {
    id: CommitId,
    /// What will be stored when it is done; none for one that only joins two segments.
    durable: Durable,
    /// The fork that it writes over, to be wanted again if it fails.
    fork: Option<u32>,
    /// Whether it joins the lower lane and the main one.
    joins: bool,
}

/// The tip moved, as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TipChange {
    /// Where it was.
    pub from: Tip,
    /// Where it is.
    pub to: Tip,
    /// How many headers of the old branch were dropped.
    pub depth: u32,
}

impl HeaderSync {
    /// Starts a commit if one is due.
    pub(super) fn commit(&mut self, ctx: &mut Ctx<'_>) {
        if self.committing.is_some() || self.store_paused || ctx.now.mono_ms < self.commit_retry_at_ms {
            return;
        }
        let unstored = self.lane().unstored();
        if unstored == 0 && self.lane().unstored_fork.is_none() {
            self.join_lanes(ctx);
            return;
        }
        let since = *self.unstored_since_ms.get_or_insert(ctx.now.mono_ms);
        let more_coming = self.buffered() > 0 || ctx.requests.in_flight(RequestOwner::Headers) > 0;
        let due = unstored >= WORTH_A_COMMIT || !more_coming || ctx.now.mono_ms >= since + COMMIT_AFTER_MS;
        // A first commit lays the ground for all others and must not wait.
        if !(due || self.lane().durable.is_none()) {
            return;
        }
        let Some(durable) = self.lane().chain.as_ref().map(|chain| self.commit_up_to(chain, more_coming))
        else {
            return;
        };
        let Some(batch) = self.batch(durable) else { return };
        let fork = self.lane_mut().unstored_fork.take();
        let id = ctx.ids.commit();
        self.unstored_since_ms = None;
        self.committing = Some(Committing { id, durable, fork, joins: false });
        ctx.out.push(Effect::Commit { commit: id, batch });
    }

    /// When [`Self::commit`] has something to do.
    pub(super) fn commit_deadline_ms(&self) -> Option<u64> {
        let waiting = self.unstored_since_ms.map(|since| since + COMMIT_AFTER_MS);
        waiting
            .map(|at| at.max(self.commit_retry_at_ms))
            .filter(|_| self.committing.is_none() && !self.store_paused)
    }

    /// Where a commit ends: at the tip, or with the last whole chunk while more is coming.
    fn commit_up_to(&self, chain: &HeaderChain, more_coming: bool) -> Durable {
        let whole = (chain.tip().height + 1) / CHUNK * CHUNK;
        let stored = self.lane().durable.map(|durable| durable.place.height);
        let grows = self.lane().unstored_fork.is_none() && stored.is_some_and(|stored| whole > stored + 1);
        let last = whole.checked_sub(1).filter(|_| more_coming && grows).and_then(|last| chain.at(last));
        durable_of(last.unwrap_or_else(|| chain.tip()))
    }

    /// Everything proven up to there that is not stored.
    fn batch(&self, tip: Durable) -> Option<CommitBatch> {
        let lane = self.lane();
        let chain = lane.chain.as_ref()?;
        let from = match lane.durable {
            None => lane.context_height,
            Some(durable) => {
                lane.unstored_fork.map_or(durable.place.height, |f| f.min(durable.place.height)) + 1
            }
        };
        let segment = lane.segment(tip.place, tip.work);
        let runs =
            if from <= tip.place.height { vec![chain.run(from, tip.place.height)?] } else { Vec::new() };
        let meta = if self.below.is_some() {
            lane::meta(self.network_id, self.main.stored_segment()?, Some(segment))
        } else {
            lane::meta(self.network_id, segment, None)
        };
        Some(CommitBatch { runs, meta: Some(meta), records: Vec::new() })
    }

    /// When the lower lane has met the main one, both become one.
    fn join_lanes(&mut self, ctx: &mut Ctx<'_>) {
        let Some(below) = &self.below else { return };
        let (Some(end), Some(durable)) = (below.end, below.durable) else { return };
        if durable.place != end {
            return;
        }
        let Some(mut segment) = self.main.stored_segment() else { return };
        segment.start = below.start.height;
        segment.context = below.context_height;
        let Some(durable) = self.main.durable else { return };
        let id = ctx.ids.commit();
        self.committing = Some(Committing { id, durable, fork: None, joins: true });
        let meta = Some(lane::meta(self.network_id, segment, None));
        ctx.out.push(Effect::Commit { commit: id, batch: CommitBatch { meta, ..CommitBatch::default() } });
    }

    /// Takes the outcome of a commit; the tip's change, if it moved.
    pub(crate) fn on_stored(
        &mut self,
        id: CommitId,
        result: Result<(), StoreError>,
        ctx: &mut Ctx<'_>,
    ) -> Option<TipChange> {
        let committing = self.committing.take_if(|committing| committing.id == id)?;
        match result {
            Ok(()) if committing.joins => {
                let below = self.below.take()?;
                self.main.start = below.start;
                self.main.context_height = below.context_height;
                self.plan_ranges();
                ctx.out.log(ctx.now, LogLevel::Info, "store", "the earlier start is joined", []);
                None
            }
            Ok(()) => {
                ctx.recovery.worked(SyncPhase::DownloadingHeaders, Failure::Store);
                self.stored(&committing)
            }
            Err(error) => {
                let lane = self.lane_mut();
                lane.unstored_fork = match (lane.unstored_fork, committing.fork) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                };
                let wait_ms = ctx.recovery.failed(SyncPhase::DownloadingHeaders, Failure::Store);
                self.commit_retry_at_ms = ctx.now.mono_ms + wait_ms;
                self.unstored_since_ms = Some(ctx.now.mono_ms);
                self.store_failed(&error, ctx);
                None
            }
        }
    }

    fn stored(&mut self, committing: &Committing) -> Option<TipChange> {
        let is_main = self.below.is_none();
        let lane = self.lane_mut();
        let before = lane.durable.replace(committing.durable);
        if !is_main {
            return None;
        }
        let start = Durable {
            place: Place { height: lane.start.height, hash: lane.start.hash },
            work: lane.start.chain_work,
            time: lane.start.time,
        };
        let before = before.unwrap_or(start);
        let depth = committing.fork.map_or(0, |fork| before.place.height.saturating_sub(fork));
        (before.place != committing.durable.place).then(|| TipChange {
            from: tip_of(&before),
            to: tip_of(&committing.durable),
            depth,
        })
    }

    /// Notes that the store did not take a commit, of headers or of anything else.
    pub(crate) fn store_failed(&mut self, error: &StoreError, ctx: &mut Ctx<'_>) {
        ctx.out.log(
            ctx.now,
            LogLevel::Error,
            "store",
            "a commit failed",
            [("reason", error.to_string().into())],
        );
        match error {
            StoreError::Quota(_) | StoreError::Superseded => {
                self.store_paused = true;
                ctx.out.emit(Event::Storage {
                    persistent: self.persistent,
                    cause: Some(ApiError::from(error.clone())),
                });
            }
            StoreError::Failed(_) | StoreError::Damaged(_) => {
                ctx.out.emit(Event::Warning { error: ApiError::from(error.clone()) });
            }
        }
    }

    /// The tip as stored; the start before anything is.
    pub fn tip(&self) -> Tip {
        let lane = &self.main;
        match &lane.durable {
            Some(durable) => tip_of(durable),
            None => Tip {
                height: lane.start.height,
                hash: lane.start.hash.to_string(),
                time: f64::from(lane.start.time) * 1000.0,
            },
        }
    }

    /// Whether everything proven is stored.
    pub(super) fn all_stored(&self) -> bool {
        self.committing.is_none() && self.lane().unstored() == 0 && self.lane().unstored_fork.is_none()
    }
}

fn durable_of(entry: &Entry) -> Durable {
    Durable {
        place: Place { height: entry.height, hash: entry.hash },
        work: entry.work,
        time: entry.header.time,
    }
}

fn tip_of(durable: &Durable) -> Tip {
    Tip {
        height: durable.place.height,
        hash: durable.place.hash.to_string(),
        time: f64::from(durable.time) * 1000.0,
    }
}
