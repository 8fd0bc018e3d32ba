//! Objects that peers announce, fetched by `getdata`.
//!
//! Each is asked of one of the peers that announced it, of the next when that one does not answer, and forgotten when
//! none is left. Bounds: [`MAX_WANTED`] objects with [`MAX_SOURCES`] peers each; what is beyond is not asked for, which
//! costs nothing that cannot be learned otherwise.

use crate::collections::{Gather, SortedMap};
use crate::engine::{ConnId, Now};
use crate::network::correlation::{Match, Request, RequestOwner};
use crate::sync::headers::Ctx;
use crate::sync::parallel::{ExecutorLimits, ExecutorMode};
use crate::sync::pipeline::{PipelineSettings, RequestPipeline};
use crate::sync::recovery::ErrorKind;
use crate::sync::scheduler::{PeerView, SchedulePriority, Want};
use crate::sync::sequential::RequestClass;
use dash_protocol::{Inventory, InventoryKind, Message};

/// Objects wanted at the most.
const MAX_WANTED: usize = 4_096;
/// Peers remembered for each.
const MAX_SOURCES: usize = 4;

/// Kind and hash of an object.
type Key = (u32, [u8; 32]);

/// What is announced and not here yet.
#[derive(Debug)]
pub(super) struct Objects {
    wanted: SortedMap<Key, Vec<ConnId>>,
    pipeline: RequestPipeline<Key>,
}

impl Objects {
    pub fn new(seed: u64) -> Self {
        let settings = PipelineSettings {
            owner: RequestOwner::Objects,
            limits: ExecutorLimits { per_peer: 16, in_all: 64, mode: ExecutorMode::Parallel },
            most_held: MAX_WANTED,
            most_held_bytes: usize::MAX,
            // Each peer is asked only for what it announced: no other way of asking would be better.
            breaker_rate: 1.0,
            seed,
        };
        Self { wanted: SortedMap::new(), pipeline: RequestPipeline::new(settings) }
    }

    /// A peer announced an object that is not here.
    pub fn announced(&mut self, conn: ConnId, kind: InventoryKind, hash: [u8; 32]) {
        let key = (kind.to_u32(), hash);
        if self.wanted.len() >= MAX_WANTED && !self.wanted.contains_key(&key) {
            return;
        }
        let sources = self.wanted.entry(key).or_default();
        if sources.len() < MAX_SOURCES && !sources.contains(&conn) {
            sources.push(conn);
        }
    }

    /// Asks for what is wanted.
    pub fn step(&mut self, ctx: &mut Ctx<'_>) {
        for lost in self.pipeline.expire(&mut ctx.shared()) {
            self.give_up(lost.key, lost.peer);
        }
        let wants: Vec<Want<Key>> =
            self.wanted.iter().filter_map(|(key, sources)| want(*key, sources)).gather();
        self.pipeline.want(wants, &mut ctx.shared());
        if self.wanted.is_empty() {
            return;
        }
        let peers: Vec<PeerView> = ctx.peers.ready().map(PeerView::from).gather();
        while let Some(dispatch) = self.pipeline.next(&peers, &mut ctx.shared()) {
            let ((kind, hash), peer) = (dispatch.key, dispatch.peer);
            if self.pipeline.begin(dispatch, None, &mut ctx.shared()).is_none() {
                return;
            }
            let item = Inventory { kind: InventoryKind::from_u32(kind), hash };
            ctx.peers.send(peer, &Message::GetData(vec![item]), ctx.out);
        }
    }

    /// An object came. Tells whether it was asked for; one that came late is as good.
    pub fn arrived(
        &mut self,
        conn: ConnId,
        kind: InventoryKind,
        hash: [u8; 32],
        bytes: usize,
        ctx: &mut Ctx<'_>,
    ) -> bool {
        let key = match ctx.requests.object_reply(conn, kind, hash, ctx.now) {
            Match::Request(request) => self.pipeline.answered(&request, (), bytes, &mut ctx.shared()),
            Match::Late(request) => self.pipeline.late(&request, (), bytes, &mut ctx.shared()),
            Match::Ignores(_) | Match::Unsolicited => return false,
        };
        if let Some(key) = key {
            self.pipeline.processed(&key);
        }
        self.wanted.remove(&(kind.to_u32(), hash));
        true
    }

    /// A peer does not have what it announced.
    pub fn not_found(&mut self, conn: ConnId, items: &[Inventory], ctx: &mut Ctx<'_>) {
        for item in items {
            if let Match::Request(request) = ctx.requests.object_reply(conn, item.kind, item.hash, ctx.now) {
                self.pipeline.lost(&request, ErrorKind::Unproven, &mut ctx.shared());
                self.give_up((item.kind.to_u32(), item.hash), conn);
            }
        }
    }

    fn give_up(&mut self, key: Key, peer: ConnId) {
        let Some(sources) = self.wanted.get_mut(&key) else { return };
        sources.retain(|source| *source != peer);
        if sources.is_empty() {
            self.wanted.remove(&key);
        }
    }

    pub fn peer_gone(&mut self, conn: ConnId, ctx: &mut Ctx<'_>) {
        self.pipeline.peer_gone(conn, &mut ctx.shared());
        self.wanted.retain(|_, sources| {
            sources.retain(|source| *source != conn);
            !sources.is_empty()
        });
    }

    pub fn next_deadline_ms(&self, now: Now) -> Option<u64> {
        self.pipeline.next_deadline_ms(now)
    }
}

fn want((kind, hash): Key, sources: &[ConnId]) -> Option<Want<Key>> {
    let known = InventoryKind::from_u32(kind);
    Some(Want {
        key: (kind, hash),
        priority: if known == InventoryKind::ChainLock {
            SchedulePriority::Critical
        } else {
            SchedulePriority::Normal
        },
        height: 0,
        class: RequestClass::Object,
        tied: Some(*sources.first()?),
        preferred: None,
        content: Some(Request::Object { kind: known, hash }),
    })
}
