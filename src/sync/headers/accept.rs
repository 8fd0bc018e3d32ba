//! Hashed replies meet the rules of `chain`, in height order.
//!
//! A piece is first checked for what can be said without its neighbours (links, proof of work), then taken into the
//! chain when everything before it is there. Whoever sent what breaks a rule is punished, and only what follows it is
//! dropped.

use super::download::MAX_UNSTORED;
use super::stream::{Piece, Place, StreamId};
use super::{Ctx, HeaderSync, HeaderWork};
use crate::api::LogLevel;
use crate::chain::target::Target;
use crate::chain::{Accepted, HeaderError, Outcome, Severity};
use crate::engine::ConnId;
use crate::network::Offence;
use dash_protocol::MAX_HEADERS;

/// A peer whose complete branch left ours more than this many blocks ago is let go: it has nothing to tell.
const STALE_FORK: u32 = 12;
/// Full answers in a row without anything new that a peer far behind can have reason for.
const MAX_FRUITLESS: u32 = 30;
/// A side branch may not grow longer than this without gaining the most work.
const MAX_SIDE_HEADERS: u32 = 16_000;

impl HeaderSync {
    /// Takes into the chain whatever is ready.
    pub(super) fn accept(&mut self, ctx: &mut Ctx<'_>) {
        while self.accept_range(ctx) {}
        if self.ranges.is_empty() {
            let peers: Vec<ConnId> = self.tips.keys().copied().collect();
            for peer in peers {
                while self.accept_tip(peer, ctx) {}
            }
        }
    }

    /// One step for the first range; true when there may be another.
    fn accept_range(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let store_full = self.lane().unstored() > MAX_UNSTORED;
        let Some(end) = self.ranges.front().map(|range| range.end) else { return false };
        let tip = self.lane().tip();
        if self.lane().chain.is_none() {
            return false;
        }
        if tip.height >= end.height {
            self.ranges.pop_front();
            return true;
        }
        if store_full || self.doubted_range.is_some() || self.deep_fork.is_some() || !self.front_is_checked()
        {
            return false;
        }
        let Some(piece) = self.ranges.front_mut().and_then(|range| range.stream.pieces.pop_front()) else {
            return false;
        };
        let source = piece.source;
        match self.take(&piece, ctx) {
            Accepted { error: Some((_, error)), .. } => {
                self.reset_front(ctx);
                self.doubt(&error);
                self.blame(source, &error, ctx);
            }
            Accepted { outcome: Outcome::Extended { .. } | Outcome::Nothing, .. } => {}
            // Another version of the range than the one on the chain: the checkpoint will judge.
            Accepted { .. } => {
                self.reset_front(ctx);
                self.doubted_range = self.ranges.front().map(|range| range.origin);
            }
        }
        true
    }

    /// A range that does not lead to its checkpoint was wrong from some header on, and nobody can say from which.
    fn doubt(&mut self, error: &HeaderError) {
        let wrong =
            matches!(error, HeaderError::CheckpointMismatch { .. } | HeaderError::CheckpointWork { .. });
        if wrong && let Some(range) = self.ranges.front() {
            self.doubted_range = Some(range.origin);
        }
    }

    fn front_is_checked(&self) -> bool {
        self.ranges.front().and_then(|range| range.stream.pieces.front()).is_some_and(|piece| piece.checked)
    }

    /// Drops what the first range holds and goes on from the tip of the chain.
    fn reset_front(&mut self, ctx: &mut Ctx<'_>) {
        let tip = self.lane().tip();
        let Some(front) = self.ranges.front().map(|range| range.origin.height) else { return };
        self.reset_stream(StreamId::Range(front), ctx);
        if let Some(range) = self.ranges.front_mut()
            && tip.height > range.origin.height
        {
            range.start = tip;
        }
    }

    /// Checks the pieces of a stream that have just got their last hash, whether or not their turn has come: a liar is
    /// found at once, and the reply that completes a range must end in its checkpoint.
    pub(super) fn settle(&mut self, id: StreamId, ctx: &mut Ctx<'_>) {
        let limit = *self.rules.limit();
        let end = self.range_end(id);
        let Some(stream) = self.stream_mut(id) else { return };
        let mut fault = None;
        for piece in stream.pieces.iter_mut().filter(|piece| piece.is_hashed() && !piece.checked) {
            let result = check_piece(piece, &limit).and_then(|()| check_end(piece, end));
            piece.checked = true;
            if let Err(error) = result {
                fault = Some((piece.source, error));
                break;
            }
        }
        if let Some((source, error)) = fault {
            self.reset_stream(id, ctx);
            if self.ranges.front().is_some_and(|range| id == StreamId::Range(range.origin.height)) {
                self.reset_front(ctx);
                self.doubt(&error);
            }
            self.blame(source, &error, ctx);
        }
    }

    fn range_end(&self, id: StreamId) -> Option<Place> {
        let StreamId::Range(start) = id else { return None };
        self.ranges.iter().find(|range| range.origin.height == start).map(|range| range.end)
    }

    fn take(&mut self, piece: &Piece, ctx: &mut Ctx<'_>) -> Accepted {
        let secs = ctx.now.unix_secs();
        let lane = self.lane_mut();
        let Some(chain) = lane.chain.as_mut() else {
            return Accepted { outcome: Outcome::Unknown, error: None };
        };
        let before = chain.tip().height;
        let accepted = chain.accept(&piece.headers, secs);
        let after = chain.tip().height;
        if let Outcome::Reorganized { fork, .. } = &accepted.outcome {
            lane.unstored_fork = Some(lane.unstored_fork.map_or(*fork, |known| known.min(*fork)));
        }
        if after != before || matches!(accepted.outcome, Outcome::Reorganized { .. }) {
            self.progressed(ctx);
        }
        accepted
    }

    /// One step for what a peer says of the tip.
    fn accept_tip(&mut self, peer: ConnId, ctx: &mut Ctx<'_>) -> bool {
        if self.lane().unstored() > MAX_UNSTORED {
            return false;
        }
        let Some(entry) = self.tips.get_mut(&peer) else { return false };
        if !entry.stream.pieces.front().is_some_and(|piece| piece.checked) {
            self.judge_branch(peer, ctx);
            return false;
        }
        let Some(piece) = entry.stream.pieces.pop_front() else { return false };
        let Accepted { outcome, error } = self.take(&piece, ctx);
        let error = error.map(|(_, error)| error);
        if let Some(end) = piece.end() {
            ctx.peers.reached(peer, end.height);
        }
        self.note_outcome(peer, &piece, &outcome, ctx);
        if let Some(error) = error {
            self.reset_stream(StreamId::Tip(peer), ctx);
            if let Some(entry) = self.tips.get_mut(&peer) {
                entry.more = false;
                entry.nothing_more = None;
                entry.stream.retry_at_ms = ctx.now.mono_ms + 10_000;
            }
            self.blame(peer, &error, ctx);
            return false;
        }
        true
    }

    fn note_outcome(&mut self, peer: ConnId, piece: &Piece, outcome: &Outcome, ctx: &mut Ctx<'_>) {
        let tip = self.lane().tip();
        let Some(entry) = self.tips.get_mut(&peer) else { return };
        match outcome {
            Outcome::Extended { .. } => entry.forget_branch(),
            Outcome::Reorganized { fork, disconnected, .. } => {
                entry.forget_branch();
                ctx.out.log(
                    ctx.now,
                    LogLevel::Info,
                    "chain",
                    "a branch with more work replaces ours",
                    [
                        ("fork", (*fork).into()),
                        ("dropped", disconnected.len().into()),
                        ("tip", tip.height.into()),
                    ],
                );
            }
            Outcome::SideBranch { fork, tip } => {
                entry.side_headers += piece.len() as u32;
                entry.side_fork = Some(*fork);
                let continues = entry.side_tip.is_none_or(|before| before == piece.base.hash);
                entry.side_tip = Some(tip.hash);
                if !continues {
                    ctx.peers.punish(peer, &Offence::ManyBranches(*fork), ctx.now, ctx.out);
                }
            }
            // The parent was in memory when the reply came and is not any more: ask anew.
            Outcome::Unknown => self.reset_stream(StreamId::Tip(peer), ctx),
            // Another peer was faster, or this one's chain ends below our tip.
            Outcome::Nothing if piece.len() < MAX_HEADERS => {
                entry.more = false;
                entry.nothing_more = entry.asked;
            }
            Outcome::Nothing => {
                entry.fruitless += 1;
                if entry.fruitless > MAX_FRUITLESS {
                    ctx.peers.punish(peer, &Offence::Flood("headers".to_owned()), ctx.now, ctx.out);
                }
            }
        }
    }

    /// A peer whose branch is endless and weak is banned; one whose branch is complete and weak is merely of no use.
    fn judge_branch(&self, peer: ConnId, ctx: &mut Ctx<'_>) {
        let tip = self.lane().tip();
        let Some(entry) = self.tips.get(&peer) else { return };
        let Some(fork) = entry.side_fork else { return };
        let asked = self.work.running(&HeaderWork::Stream(StreamId::Tip(peer))).is_some();
        let complete = !entry.more && !asked && entry.stream.pieces.is_empty();
        let depth = tip.height.saturating_sub(fork);
        if entry.side_headers > MAX_SIDE_HEADERS {
            let offence = Offence::LowWorkFlood(entry.side_headers);
            ctx.peers.punish(peer, &offence, ctx.now, ctx.out);
        } else if complete && depth > STALE_FORK {
            ctx.peers.hang_up(peer, "is on a branch with less work", ctx.now, ctx.out);
        }
    }

    /// Holds whoever sent a header to account for what is wrong with it.
    pub(super) fn blame(&self, source: ConnId, error: &HeaderError, ctx: &mut Ctx<'_>) {
        let offence = match error {
            HeaderError::CheckpointMismatch { .. } | HeaderError::CheckpointWork { .. } => {
                Offence::Checkpoint(error.to_string())
            }
            HeaderError::NotLinked { .. } => Offence::Unconnected(error.to_string()),
            HeaderError::BelowPin { .. } | HeaderError::AgainstLock { .. } => {
                Offence::AgainstLock(error.to_string())
            }
            HeaderError::TimeTooNew { .. } => Offence::FutureHeader(error.to_string()),
            HeaderError::NoRoom { .. } => Offence::LowWorkFlood(MAX_SIDE_HEADERS),
            other if other.severity() == Severity::Ours => {
                ctx.out.log(
                    ctx.now,
                    LogLevel::Error,
                    "chain",
                    "cannot verify",
                    [("reason", error.to_string().into())],
                );
                return;
            }
            other => Offence::InvalidHeader(other.to_string()),
        };
        ctx.peers.punish(source, &offence, ctx.now, ctx.out);
    }
}

/// The header at a range's end must be the checkpoint there.
fn check_end(piece: &Piece, end: Option<Place>) -> Result<(), HeaderError> {
    match (end, piece.end()) {
        (Some(wanted), Some(found)) if found.height == wanted.height && found.hash != wanted.hash => {
            Err(HeaderError::CheckpointMismatch {
                height: wanted.height,
                expected: wanted.hash,
                found: found.hash,
            })
        }
        _ => Ok(()),
    }
}

/// What can be said of a piece by itself: it follows its base, its headers follow one another, and each meets the
/// target that it claims, within the network's limit.
fn check_piece(piece: &Piece, limit: &Target) -> Result<(), HeaderError> {
    let mut expected = piece.base.hash;
    for (offset, (header, hash)) in piece.headers.iter().enumerate() {
        if header.prev_block_hash != expected {
            return Err(HeaderError::NotLinked { expected, found: header.prev_block_hash });
        }
        let height = piece.base.height + 1 + offset as u32;
        let bits = header.bits.to_bits();
        let target = Target::from_bits(bits).filter(|target| target <= limit);
        let Some(target) = target else { return Err(HeaderError::BadTarget { height, bits }) };
        if !target.is_met_by(hash) {
            return Err(HeaderError::BadProofOfWork { height, hash: *hash, bits });
        }
        expected = *hash;
    }
    Ok(())
}
