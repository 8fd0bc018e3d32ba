//! Peers that answer one request at a time, for tests of the pipeline: how long does it take, what happens on the way?

use super::*;
use crate::collections::SortedMap;
use crate::network::correlation::RequestCorrelationManager;
use crate::sync::parallel::ExecutorMode;
use crate::sync::scheduler::NetworkConditionMonitor;
use crate::sync::scheduler::SchedulePriority;
use crate::sync::sequential::{RequestClass, RequestController, SyncPhase};
use dash_protocol::BlockHash;

/// What the pipelines of a client share, owned.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub now_ms: u64,
    pub requests: RequestCorrelationManager,
    pub monitor: NetworkConditionMonitor,
    pub controller: RequestController,
    pub retry_at_ms: Option<u64>,
}

impl Client {
    pub fn shared(&mut self) -> Shared<'_> {
        Shared {
            now: Now { mono_ms: self.now_ms, unix_ms: 0 },
            phase: SyncPhase::DownloadingMnList,
            requests: &mut self.requests,
            monitor: &mut self.monitor,
            controller: &mut self.controller,
            retry_at_ms: &mut self.retry_at_ms,
        }
    }
}

/// Keys of tests: a number that is height and content as well.
pub(crate) fn wish(key: u32) -> Want<u32> {
    let hash = BlockHash::from_bytes([key as u8; 32]);
    Want {
        key,
        priority: SchedulePriority::Normal,
        height: key,
        class: RequestClass::MnListDiff,
        tied: None,
        preferred: None,
        content: Some(Request::MnListDiff { base: BlockHash::ZERO, block: hash }),
    }
}

pub(crate) fn peers(count: u64) -> Vec<PeerView> {
    (1..=count).map(|conn| PeerView { conn: ConnId(conn), rtt_ms: Some(50.0), height: 1_000 }).collect()
}

/// A run against simulated peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bench {
    pub seed: u64,
    pub peers: u64,
    pub items: u32,
    pub class: RequestClass,
    /// One way, in milliseconds.
    pub latency_ms: u64,
    /// What an answer costs a peer, in milliseconds.
    pub cost_ms: u64,
    /// The percentage of requests that get no answer and cost the peer nothing.
    pub lost: u32,
    /// A peer that answers nothing at all.
    pub dead: Option<u64>,
    pub mode: ExecutorMode,
    pub concurrency: usize,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            seed: 1,
            peers: 3,
            items: 24,
            class: RequestClass::MnListDiff,
            latency_ms: 50,
            cost_ms: 40,
            lost: 0,
            dead: None,
            mode: ExecutorMode::Parallel,
            concurrency: 3,
        }
    }
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub ms: u64,
    pub sent: u32,
    pub to: SortedMap<ConnId, u32>,
    pub processed: Vec<u32>,
    pub notes: Vec<PipelineNote>,
    pub most_at_once: usize,
    pub most_with_one: usize,
}

impl Outcome {
    pub fn saw(&self, wanted: impl Fn(&PipelineNote) -> bool) -> bool {
        self.notes.iter().any(wanted)
    }
}

impl Bench {
    /// Runs until all is processed, ten simulated minutes at the most.
    pub fn run(self) -> Outcome {
        let mut client = Client::default();
        let mut pipeline =
            RequestPipeline::<u32, u32>::new(PipelineSettings::lists(self.concurrency, self.mode, self.seed));
        let mut rng = fastrand::Rng::with_seed(self.seed);
        let mut outcome = Outcome::default();
        let mut arriving: SortedMap<(u64, u64), (ConnId, Request)> = SortedMap::new();
        let mut busy_until: SortedMap<ConnId, u64> = SortedMap::new();
        let views = peers(self.peers);
        let mut serial = 0;
        while outcome.processed.len() < self.items as usize && client.now_ms < 600_000 {
            pipeline.expire(&mut client.shared());
            while let Some(((_, _), (peer, request))) = pop_due(&mut arriving, client.now_ms) {
                self.receive(&mut pipeline, &mut client, peer, &request);
            }
            while let Some(ready) = pipeline.take_ready() {
                outcome.processed.push(ready.key);
                pipeline.processed(&ready.key);
            }
            let left = (0..self.items).filter(|key| !outcome.processed.contains(key));
            pipeline.want(left.map(|key| Want { class: self.class, ..wish(key) }), &mut client.shared());
            while let Some(dispatch) = pipeline.next(&views, &mut client.shared()) {
                let (peer, key) = (dispatch.peer, dispatch.key);
                let request = wish(key).content.expect("wishes of tests know their content");
                pipeline.begin(dispatch, None, &mut client.shared());
                outcome.sent += 1;
                *outcome.to.entry(peer).or_default() += 1;
                let lost = rng.u32(0..100) < self.lost || self.dead == Some(peer.0);
                let free = busy_until.entry(peer).or_default();
                if !lost {
                    *free = (*free).max(client.now_ms + self.latency_ms) + self.cost_ms;
                    serial += 1;
                    arriving.insert((*free + self.latency_ms, serial), (peer, request));
                }
            }
            outcome.notes.extend(pipeline.take_notes());
            outcome.most_at_once = outcome.most_at_once.max(pipeline.in_flight());
            let with = |peer: &PeerView| client.requests.in_flight_with(peer.conn);
            let most = views.iter().map(with).max().unwrap_or(0);
            outcome.most_with_one = outcome.most_with_one.max(most);
            let now = Now { mono_ms: client.now_ms, unix_ms: 0 };
            let wakes = [
                arriving.keys().next().map(|(at, _)| *at),
                client.requests.next_deadline_ms(),
                pipeline.next_deadline_ms(now),
                client.monitor.next_deadline_ms(now),
            ];
            outcome.ms = client.now_ms;
            let wake = wakes.into_iter().flatten().min();
            client.now_ms = wake.map_or(u64::MAX, |at| at.max(client.now_ms + 1));
        }
        outcome
    }

    fn receive(
        &self,
        pipeline: &mut RequestPipeline<u32, u32>,
        client: &mut Client,
        peer: ConnId,
        request: &Request,
    ) {
        use crate::network::correlation::Match;
        let Request::MnListDiff { base, block } = *request else { return };
        let now = client.shared().now;
        match client.requests.mn_list_diff_reply(peer, base, block, now) {
            Match::Request(found) => drop(pipeline.answered(&found, 0, 1_000, &mut client.shared())),
            Match::Late(found) => drop(pipeline.late(&found, 0, 1_000, &mut client.shared())),
            Match::Ignores(_) | Match::Unsolicited => panic!("{request:?} was asked"),
        }
    }
}

fn pop_due<T>(arriving: &mut SortedMap<(u64, u64), T>, now_ms: u64) -> Option<((u64, u64), T)> {
    let key = *arriving.keys().next().filter(|(at, _)| *at <= now_ms)?;
    arriving.remove(&key).map(|value| (key, value))
}
