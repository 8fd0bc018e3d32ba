//! A branch that leaves the chain below what memory holds.
//!
//! That happens when the first peer asked had a long chain of its own and an honest one comes later. The branch is
//! proven from its fork on without being kept ([`RivalChain`]: 36 headers of memory, whatever its length), and only
//! once it has more work than ours is the store's watermark set back to the fork, so that the better chain is fetched
//! like any other. One such proof runs at a time; it ends when the peer stops, lies, goes away, or sends more headers
//! than a better branch could need ([`MORE_THAN_ENOUGH`]).
//!
//! The same way back is taken without a proof where a range turns out not to lead to its checkpoint.

use super::replies::Batch;
use super::stream::Place;
use super::{Ctx, HeaderSync};
use crate::api::LogLevel;
use crate::chain::work::work_of;
use crate::chain::{Context, Entry, HeaderChain, MEMORY_WINDOW, RivalChain, START_ANCESTORS, pow};
use crate::engine::{ConnId, Effect, ReadId};
use crate::network::Offence;
use crate::store::{HeaderRun, ReadReply, ReadRequest};
use dash_num::Arith256;
use dash_protocol::{BlockHash, Header};

/// A branch may need this many times the headers that ours has since the fork, and [`SLACK`] more.
const MORE_THAN_ENOUGH: u32 = 4;
const SLACK: u32 = 20_000;
/// Our headers read at once to sum up their work.
const READ_STEP: u32 = 2_000;

/// The proof of one branch.
#[derive(Debug)]
pub(super) struct DeepFork {
    /// Whose branch it is; nobody's when a range is begun anew.
    peer: Option<ConnId>,
    /// The last header known to be common.
    common: Place,
    /// Headers received after it that are not compared or fed yet; one reply at the most.
    headers: Vec<Header>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// Between two steps.
    Idle,
    /// Our own headers after `common` are being read, to be compared with theirs.
    Compare(ReadId),
    /// Everything so far is common: their next headers are awaited.
    AwaitCommon,
    /// The fork is found; our headers after it are being read to know our work at the fork.
    SumWork { read: ReadId, next: u32, work_after_fork: Arith256 },
    /// The headers before the fork are being read.
    ReadContext { read: ReadId, work_at_fork: Arith256 },
    /// Their headers are awaited, to be fed.
    Feed { rival: Box<RivalChain>, fed: u32 },
    /// Their branch has more work: the chain is being set back.
    SetBack { read: ReadId, work: Arith256 },
}

impl DeepFork {
    pub fn peer(&self) -> Option<ConnId> {
        self.peer
    }

    /// The hash after which its headers are awaited, if they are.
    pub fn awaited_after(&self) -> Option<BlockHash> {
        match &self.step {
            Step::AwaitCommon => Some(self.common.hash),
            Step::Feed { rival, .. } => Some(rival.tip().hash),
            Step::Idle
            | Step::Compare(_)
            | Step::SumWork { .. }
            | Step::ReadContext { .. }
            | Step::SetBack { .. } => None,
        }
    }
}

impl HeaderSync {
    /// Takes headers that begin after a hash that is not in memory.
    pub(super) fn begin_deep_fork(&mut self, conn: ConnId, prev: BlockHash, batch: Batch, ctx: &mut Ctx<'_>) {
        let Some(common) = self.place_of_anchor(&prev) else {
            // The locator held the hash when it was sent: the chain has moved on since.
            return;
        };
        if self.deep_fork.is_some() || !self.all_stored() {
            return;
        }
        let Some(headers) = plain(batch) else { return };
        let read = self.read_own(common.height + 1, headers.len() as u32, ctx);
        self.deep_fork = Some(DeepFork { peer: Some(conn), common, headers, step: Step::Compare(read) });
    }

    /// Begins the first range anew if what was taken of it is in doubt, as soon as all of that is stored.
    pub(super) fn begin_range_anew(&mut self, ctx: &mut Ctx<'_>) {
        let Some(origin) = self.doubted_range else { return };
        if self.deep_fork.is_some() || !self.all_stored() {
            return;
        }
        self.doubted_range = None;
        if self.lane().tip().height <= origin.height {
            return;
        }
        let next = origin.height + 1;
        let fork = DeepFork { peer: None, common: origin, headers: Vec::new(), step: Step::Idle };
        self.deep_fork = self.sum_work(fork, &HeaderRun::default(), next, Arith256::from_u64(0), ctx);
    }

    fn read_own(&self, from: u32, count: u32, ctx: &mut Ctx<'_>) -> ReadId {
        let read = ctx.ids.read();
        ctx.out.push(Effect::Read { read, request: ReadRequest::Headers { from, count } });
        read
    }

    /// Whether a read belongs to the proof under way.
    pub(super) fn is_deep_fork_read(&self, id: ReadId) -> bool {
        self.deep_fork.as_ref().is_some_and(|fork| match &fork.step {
            Step::Compare(read)
            | Step::SumWork { read, .. }
            | Step::ReadContext { read, .. }
            | Step::SetBack { read, .. } => *read == id,
            Step::Idle | Step::AwaitCommon | Step::Feed { .. } => false,
        })
    }

    /// Takes what was read for the proof.
    pub(super) fn on_deep_fork_read(&mut self, reply: Option<ReadReply>, ctx: &mut Ctx<'_>) {
        let Some(fork) = self.deep_fork.take() else { return };
        let Some(ReadReply::Headers(run)) = reply else { return };
        self.deep_fork = match fork.step {
            Step::Compare(_) => self.compare(fork, &run, ctx),
            Step::SumWork { next, work_after_fork, .. } => {
                self.sum_work(fork, &run, next, work_after_fork, ctx)
            }
            Step::ReadContext { work_at_fork, .. } => self.start_rival(fork, &run, work_at_fork, ctx),
            Step::SetBack { work, .. } => {
                self.set_back(fork.common, work, &run, ctx);
                None
            }
            step @ (Step::Idle | Step::AwaitCommon | Step::Feed { .. }) => Some(DeepFork { step, ..fork }),
        };
    }

    fn compare(&self, mut fork: DeepFork, run: &HeaderRun, ctx: &mut Ctx<'_>) -> Option<DeepFork> {
        let (ours, _) = run.raw.as_chunks::<{ Header::LEN }>();
        let same =
            fork.headers.iter().zip(ours).take_while(|(theirs, ours)| theirs.to_bytes() == **ours).count();
        if same > 0 {
            fork.common = Place { height: fork.common.height + same as u32, hash: run.hashes[same - 1] };
        }
        fork.headers.drain(..same);
        if fork.headers.is_empty() {
            return Some(DeepFork { step: Step::AwaitCommon, ..fork });
        }
        let next = fork.common.height + 1;
        let zero = Arith256::from_u64(0);
        self.sum_work(fork, &HeaderRun::default(), next, zero, ctx)
    }

    /// Adds up the work of our headers after the fork that are below memory.
    fn sum_work(
        &self,
        fork: DeepFork,
        run: &HeaderRun,
        next: u32,
        mut work_after_fork: Arith256,
        ctx: &mut Ctx<'_>,
    ) -> Option<DeepFork> {
        let chain = self.lane().chain.as_ref()?;
        // Below what memory holds, our work is what memory's first header has less that of those between.
        let base = chain.at(chain.base_height().max(fork.common.height))?;
        for raw in run.raw.as_chunks::<{ Header::LEN }>().0 {
            work_after_fork = work_after_fork.wrapping_add(work_of(Header::from_bytes(raw).bits.to_bits()));
        }
        let next = next + run.len();
        if next <= base.height {
            let read = self.read_own(next, READ_STEP.min(base.height + 1 - next), ctx);
            return Some(DeepFork { step: Step::SumWork { read, next, work_after_fork }, ..fork });
        }
        let work_at_fork = base.work.wrapping_sub(work_after_fork);
        if fork.peer.is_none() {
            return Some(self.read_tail(fork, work_at_fork, ctx));
        }
        let needed = (START_ANCESTORS + 1).max(Context::needed(&self.rules, fork.common.height) as u32);
        let from = (fork.common.height + 1).saturating_sub(needed);
        let read = self.read_own(from, fork.common.height + 1 - from, ctx);
        Some(DeepFork { step: Step::ReadContext { read, work_at_fork }, ..fork })
    }

    fn start_rival(
        &self,
        fork: DeepFork,
        run: &HeaderRun,
        work: Arith256,
        ctx: &mut Ctx<'_>,
    ) -> Option<DeepFork> {
        let headers: Vec<Header> =
            run.raw.as_chunks::<{ Header::LEN }>().0.iter().map(Header::from_bytes).collect();
        let (last, ancestors) = headers.split_last()?;
        let entry = Entry { header: *last, hash: fork.common.hash, height: fork.common.height, work };
        let peer = fork.peer?;
        match self.lane().chain.as_ref()?.rival(entry, ancestors) {
            Ok(rival) => self.feed(peer, rival, &fork.headers, 0, ctx),
            Err(error) => {
                self.blame(peer, &error, ctx);
                None
            }
        }
    }

    /// Reads what memory will hold once the chain is set back.
    fn read_tail(&self, fork: DeepFork, work: Arith256, ctx: &mut Ctx<'_>) -> DeepFork {
        let end = fork.common.height + 1;
        let from = end.saturating_sub(MEMORY_WINDOW as u32).max(self.lane().context_height);
        let read = self.read_own(from, end - from, ctx);
        DeepFork { headers: Vec::new(), step: Step::SetBack { read, work }, ..fork }
    }

    fn feed(
        &self,
        peer: ConnId,
        mut rival: RivalChain,
        headers: &[Header],
        fed: u32,
        ctx: &mut Ctx<'_>,
    ) -> Option<DeepFork> {
        let hashes = pow::x11_batch(&Header::join(headers.iter()));
        let pairs: Vec<_> = headers.iter().copied().zip(hashes).collect();
        let outcome = rival.feed(&pairs, ctx.now.unix_secs());
        if let Some((_, error)) = outcome.error {
            self.blame(peer, &error, ctx);
            return None;
        }
        let fed = fed + outcome.taken;
        let tip = *self.lane().chain.as_ref()?.tip();
        let fork = *rival.fork();
        let common = Place { height: fork.height, hash: fork.hash };
        let state = DeepFork { peer: Some(peer), common, headers: Vec::new(), step: Step::Idle };
        if rival.wins_over(&tip.work) {
            return Some(self.read_tail(state, fork.work, ctx));
        }
        let enough =
            tip.height.saturating_sub(fork.height).saturating_mul(MORE_THAN_ENOUGH).saturating_add(SLACK);
        if fed > enough {
            ctx.peers.punish(peer, &Offence::LowWorkFlood(fed), ctx.now, ctx.out);
            return None;
        }
        let step = Step::Feed { rival: Box::new(rival), fed };
        Some(DeepFork { step, ..state })
    }

    /// Takes the headers that the proof waits for.
    pub(super) fn deep_fork_answer(
        &mut self,
        conn: ConnId,
        after: BlockHash,
        batch: &Batch,
        ctx: &mut Ctx<'_>,
    ) {
        let awaits = |fork: &mut DeepFork| fork.peer == Some(conn) && fork.awaited_after() == Some(after);
        let Some(fork) = self.deep_fork.take_if(awaits) else { return };
        let headers = match batch {
            Batch::Plain(headers) => headers.clone(),
            Batch::Compressed(_) => Vec::new(),
        };
        self.deep_fork = match fork.step {
            Step::AwaitCommon if headers.is_empty() => None,
            Step::AwaitCommon => {
                let read = self.read_own(fork.common.height + 1, headers.len() as u32, ctx);
                Some(DeepFork { headers, step: Step::Compare(read), ..fork })
            }
            Step::Feed { rival, fed, .. } if headers.is_empty() => {
                // The whole branch is known, and it is worth less than ours.
                ctx.peers.punish(conn, &Offence::LowWorkFlood(fed), ctx.now, ctx.out);
                drop(rival);
                None
            }
            Step::Feed { rival, fed, .. } => self.feed(conn, *rival, &headers, fed, ctx),
            step => Some(DeepFork { step, ..fork }),
        };
    }

    /// Sets the chain back to a height from which it is fetched again.
    fn set_back(&mut self, place: Place, work: Arith256, run: &HeaderRun, ctx: &mut Ctx<'_>) {
        if !self.all_stored() {
            return;
        }
        let segment = self.lane().segment(place, work);
        match HeaderChain::from_tail(self.params.clone(), &segment, run) {
            Ok(mut chain) => {
                let from = self.lane().tip().height;
                let lane = self.lane_mut();
                if let Some(before) = &lane.chain {
                    chain.keep_locks_of(before);
                }
                lane.unstored_fork = Some(place.height);
                lane.chain = Some(chain);
                self.anchors.retain(|(height, _)| *height <= place.height);
                self.work.cancel_all(&mut ctx.shared());
                for tip in self.tips.values_mut() {
                    tip.stream.reset();
                    tip.nothing_more = None;
                    tip.more = false;
                }
                for range in &mut self.ranges {
                    range.stream.reset();
                }
                self.plan_ranges();
                self.fell_behind = true;
                ctx.out.log(
                    ctx.now,
                    LogLevel::Warn,
                    "chain",
                    "going back to where a better chain leaves ours",
                    [("fork", place.height.into()), ("tip", from.into())],
                );
            }
            Err(error) => ctx.out.log(
                ctx.now,
                LogLevel::Error,
                "store",
                "stored headers cannot be read back",
                [("reason", error.to_string().into())],
            ),
        }
    }

    /// The height of a hash that locators name below memory.
    fn place_of_anchor(&self, hash: &BlockHash) -> Option<Place> {
        let checkpoints =
            self.params.checkpoints.iter().map(|checkpoint| (checkpoint.height, checkpoint.hash));
        let genesis = std::iter::once((0, self.params.genesis_hash));
        let start = self.lane().context_height;
        self.anchors
            .iter()
            .copied()
            .chain(checkpoints)
            .chain(genesis)
            .find(|(height, anchor)| anchor == hash && *height >= start)
            .map(|(height, hash)| Place { height, hash })
    }

    /// Whether a hash is one from which a deep fork can be followed.
    pub(super) fn is_anchor(&self, hash: &BlockHash) -> bool {
        self.place_of_anchor(hash).is_some()
    }
}

/// Deep forks are fetched plain.
fn plain(batch: Batch) -> Option<Vec<Header>> {
    match batch {
        Batch::Plain(headers) => Some(headers),
        Batch::Compressed(headers) => {
            let all = headers.expand(pow::x11).ok()?;
            Some(all.into_iter().map(|(header, _)| header).collect())
        }
    }
}
