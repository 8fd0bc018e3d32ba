//! Other peers are asked where those that are there do not lead to a proof.
//!
//! A peer's doing only where a peer's word is needed: plain quorums, and rotated ones whose snapshots are proven, are
//! refused for good. What two peers' word refused is open again for a third. One peer is let go at a time, and only if
//! all that are there had their say.

use super::book::QuorumStatus;
use super::{Ctx, MasternodeSync};
use crate::collections::{Gather, SortedSet};
use crate::engine::ConnId;
use dash_protocol::QuorumName;

impl MasternodeSync {
    /// Goes on from what is proven with others than those who are there.
    pub(crate) fn switch_peer(&mut self, ctx: &mut Ctx<'_>) {
        self.reopen();
        let at_work = !self.proving.is_idle() || ctx.now.mono_ms < self.retry_at_ms;
        let nothing_to_ask = self.is_settled() && self.doubtful.is_empty();
        if at_work || nothing_to_ask {
            return;
        }
        let ready: Vec<ConnId> = ctx.peers.ready().map(|peer| peer.conn).gather();
        let doubted: SortedSet<ConnId> = self
            .doubtful
            .iter()
            .flat_map(|cycle| self.cycles_before(*cycle))
            .flat_map(|cycle| self.snapshots.doubted(cycle))
            .collect();
        let unheard = ready.iter().any(|conn| !doubted.contains(conn));
        if self.is_settled() && unheard {
            return;
        }
        let conn = ready.iter().find(|conn| doubted.contains(conn)).or(ready.first());
        if let Some(conn) = conn.copied() {
            ctx.peers.hang_up(conn, "does not lead to a proof", ctx.now, ctx.out);
        }
    }

    /// Opens what was refused for snapshots that are nothing but the word of two peers.
    fn reopen(&mut self) {
        let refused = |(name, record): (&QuorumName, &super::QuorumRecord)| {
            let rotated = self.params.llmq(name.0).is_some_and(|llmq| llmq.rotated);
            let base = record.base_height().filter(|_| rotated && record.status == QuorumStatus::Refused)?;
            let proven = self.cycles_before(base).iter().all(|cycle| self.snapshots.is_proven(*cycle));
            (!proven).then_some((*name, base))
        };
        let open: Vec<(QuorumName, u32)> = self.book.quorums().filter_map(refused).gather();
        for (name, base) in open {
            self.snapshots.reopen(self.cycles_before(base));
            if let Some(record) = self.book.quorum_mut(&name) {
                record.status = QuorumStatus::Anchored;
                record.members.clear();
            }
            self.doubtful.insert(base);
            self.changed = true;
        }
    }
}
