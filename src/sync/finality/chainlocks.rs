//! ChainLocks on their way from a peer, or from a proven coinbase, to the chain.

use super::verify::Subject;
use super::{FinalitySync, candidate, tip_at};
use crate::api::{ApiError, ErrorCode, Event, LogLevel};
use crate::chain::{HeaderChain, LockOutcome};
use crate::collections::Gather;
use crate::engine::ConnId;
use crate::finality::chainlock::{self, quorum_height};
use crate::finality::{Candidate, Judgement, Missing, chainlock_book::Locked};
use crate::network::Offence;
use crate::sync::headers::{Ctx, HeaderSync};
use crate::sync::masternodes::MasternodeSync;
use dash_protocol::{ChainLock, Inventory, InventoryKind, Txid};

impl FinalitySync {
    /// Takes announcements of locks.
    pub(crate) fn on_inventory(
        &mut self,
        conn: ConnId,
        items: &[Inventory],
        ready: bool,
        mut wants_payment: impl FnMut(&Txid) -> bool,
    ) {
        for item in items {
            let wanted = match item.kind {
                InventoryKind::ChainLock => !self.chainlocks.contains(&item.hash),
                InventoryKind::InstantSendLock => {
                    self.watch && ready && !self.instantlocks.is_waiting(&item.hash)
                }
                // A node hands out a CoinJoin transaction as any other, too.
                InventoryKind::Transaction | InventoryKind::CoinJoinTransaction => {
                    wants_payment(&Txid::from_bytes(item.hash))
                }
                _ => false,
            };
            let kind = match item.kind {
                InventoryKind::CoinJoinTransaction => InventoryKind::Transaction,
                kind => kind,
            };
            if wanted {
                self.objects.announced(conn, kind, item.hash);
            }
        }
    }

    pub(super) fn on_chainlock(&mut self, conn: ConnId, lock: ChainLock, ctx: &mut Ctx<'_>) {
        let asked = self.objects.arrived(conn, InventoryKind::ChainLock, lock.hash(), ChainLock::LEN, ctx);
        if !asked && !ctx.peers.idle_talk(conn, "clsig", ctx.now, ctx.out) {
            return;
        }
        if lock.height < 0 {
            let offence = Offence::InvalidLock(format!("ChainLock of height {}", lock.height));
            ctx.peers.punish(conn, &offence, ctx.now, ctx.out);
            return;
        }
        self.chainlocks.offer(lock, conn);
    }

    /// Sends the waiting locks to the workers whose quorums are known and verified, and asks for the lists that others
    /// wait for.
    pub(super) fn judge_chainlocks(
        &mut self,
        chain: &HeaderChain,
        lists: &mut MasternodeSync,
        ctx: &mut Ctx<'_>,
    ) {
        let waiting: Vec<([u8; 32], ChainLock)> =
            self.chainlocks.waiting().map(|(hash, lock)| (hash, *lock)).gather();
        for (hash, lock) in waiting {
            if !self.verifying.has_room() {
                return;
            }
            match self.judge_chainlock(&lock, chain, lists) {
                Judgement::Verify(checks) => {
                    self.chainlocks.set_verifying(&hash, true);
                    self.verifying.push(Subject::Chain { lock, waits: true }, checks);
                }
                Judgement::Accept => self.chainlock_checked(lock, true, Some(vec![true]), ctx),
                Judgement::Wait(missing) => ask_for(missing, &lock, chain, lists),
            }
        }
    }

    /// The lock in the coinbase of the highest proven list: its block is on the chain that the coinbase is on.
    pub(super) fn judge_coinbase(
        &mut self,
        chain: &HeaderChain,
        lists: &mut MasternodeSync,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(lock) = lists.book().top().and_then(|top| top.chainlock()) else { return };
        let best = self.chainlocks.best().map_or(0, |best| best.height);
        let (Some(block), Ok(height)) = (chain.at(lock.height), i32::try_from(lock.height)) else { return };
        let lock = ChainLock { height, block_hash: block.hash, signature: lock.signature };
        if height <= best || self.refused_coinbase == Some(lock) || self.verifying.has_coinbase() {
            return;
        }
        match self.judge_chainlock(&lock, chain, lists) {
            Judgement::Verify(checks) => self.verifying.push(Subject::Chain { lock, waits: false }, checks),
            Judgement::Accept => self.chainlock_checked(lock, false, Some(vec![true]), ctx),
            Judgement::Wait(missing) => ask_for(missing, &lock, chain, lists),
        }
    }

    fn judge_chainlock(&self, lock: &ChainLock, chain: &HeaderChain, lists: &MasternodeSync) -> Judgement {
        let llmq_type = self.params.llmq_types.chainlocks;
        let signed_as_of = u32::try_from(lock.height).map_or(u32::MAX, quorum_height);
        let active: Option<Vec<Candidate>> =
            self.params.llmq(llmq_type).filter(|_| signed_as_of <= chain.tip().height).and_then(|llmq| {
                let names = lists.book().active_at(llmq, signed_as_of)?;
                names.into_iter().map(|(_, hash)| candidate(lists, llmq, hash)).gather()
            });
        chainlock::judge(llmq_type, lock, active.as_deref())
    }

    /// Takes what was found about a lock: which signatures hold, or nothing if the worker broke.
    pub(super) fn chainlock_checked(
        &mut self,
        lock: ChainLock,
        waits: bool,
        found: Option<Vec<bool>>,
        ctx: &mut Ctx<'_>,
    ) {
        let hash = lock.hash();
        let Some(found) = found else { return self.chainlocks.set_verifying(&hash, false) };
        if !chainlock::holds(&found) {
            let offence =
                Offence::InvalidLock(format!("the signature of ChainLock {} does not hold", lock.height));
            for sender in self.chainlocks.refused(&hash) {
                ctx.peers.punish(sender, &offence, ctx.now, ctx.out);
            }
            if !waits {
                self.refused_coinbase = Some(lock);
            }
            return;
        }
        if self.chainlocks.verified(lock) == Locked::Conflict {
            let message = format!("two verified ChainLocks of height {} for different blocks", lock.height);
            ctx.out.emit(Event::Warning { error: ApiError::new(ErrorCode::Disagreement, message) });
        }
    }

    /// Tells the chain of a new best lock, keeps it, and shows it once its block is on the best chain.
    pub(super) fn settle(&mut self, headers: &mut HeaderSync, lists: &mut MasternodeSync, ctx: &mut Ctx<'_>) {
        let Some(best) = self.chainlocks.best().copied() else { return };
        let Ok(height) = u32::try_from(best.height) else { return };
        if self.told != Some(best) {
            self.told = Some(best);
            lists.keep_lock(best);
            if headers.lock(height, best.block_hash, ctx) == LockOutcome::Refused {
                let message = format!("ChainLock {height} contradicts what is final here");
                ctx.out.emit(Event::Warning { error: ApiError::new(ErrorCode::Disagreement, message) });
            }
        }
        let Some(chain) = headers.chain() else { return };
        // A reorganisation can only take away what was shown without being below the lock.
        self.shown.take_if(|shown| {
            chain.at(shown.height).is_some_and(|entry| entry.hash.to_string() != shown.hash)
        });
        if self.shown.as_ref().is_some_and(|shown| shown.height >= height) {
            return;
        }
        if let Some(tip) = tip_at(chain, &best) {
            let values = [("height", height.into()), ("hash", tip.hash.as_str().into())];
            ctx.out.log(ctx.now, LogLevel::Info, "finality", "ChainLock", values);
            self.shown = Some(tip.clone());
            ctx.out.emit(Event::Chainlock { tip });
        }
    }
}

/// Asks for the list that a lock waits for, if its block is there.
fn ask_for(missing: Missing, lock: &ChainLock, chain: &HeaderChain, lists: &mut MasternodeSync) {
    let height = u32::try_from(lock.height).map_or(0, quorum_height);
    if missing == Missing::Quorums && height > 0 && height <= chain.tip().height {
        lists.ask_for_lock(height);
    }
}
