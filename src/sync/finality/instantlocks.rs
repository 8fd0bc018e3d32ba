//! InstantSend locks on their way from a peer to the page.

use super::verify::Subject;
use super::{FinalitySync, candidate};
use crate::api::{ApiError, ErrorCode, Event};
use crate::chain::HeaderChain;
use crate::collections::Gather;
use crate::engine::ConnId;
use crate::finality::instantlock::{self, InstantLockError};
use crate::finality::{InstantLockBook, Judgement, Offered, instantlock_book::Locked};
use crate::network::Offence;
use crate::sync::headers::Ctx;
use crate::sync::masternodes::MasternodeSync;
use dash_protocol::{InstantLock, InventoryKind, OutPoint};

impl FinalitySync {
    /// The verified locks, and those that wait.
    pub fn instantlocks(&self) -> &InstantLockBook {
        &self.instantlocks
    }

    pub(super) fn on_instantlock(&mut self, conn: ConnId, lock: InstantLock, ctx: &mut Ctx<'_>) {
        let hash = lock.hash();
        let bytes = 200 + lock.inputs.len() * OutPoint::LEN;
        let asked = self.objects.arrived(conn, InventoryKind::InstantSendLock, hash, bytes, ctx);
        if !asked && !ctx.peers.idle_talk(conn, "isdlock", ctx.now, ctx.out) {
            return;
        }
        if self.watch && self.instantlocks.offer(lock, conn, ctx.now.mono_ms) == Offered::Kept {
            self.fresh.insert(hash);
        }
    }

    /// Sends the waiting locks to the workers whose quorums are known and verified. All of them are looked at when lists or
    /// chain moved on, else only those that came since.
    pub(super) fn judge_instantlocks(
        &mut self,
        chain: &HeaderChain,
        lists: &MasternodeSync,
        ctx: &mut Ctx<'_>,
    ) {
        let situation = (lists.generation(), chain.tip().hash);
        let all = self.judged != Some(situation);
        if !all && self.fresh.is_empty() {
            return;
        }
        let waiting: Vec<([u8; 32], InstantLock)> = self
            .instantlocks
            .waiting()
            .filter(|(hash, _)| all || self.fresh.contains(hash))
            .map(|(hash, lock)| (hash, lock.clone()))
            .gather();
        for (hash, lock) in waiting {
            if !self.verifying.has_room() {
                // What is left is looked at again in the next step.
                self.judged = None;
                return;
            }
            self.fresh.remove(&hash);
            match self.judge_instantlock(&lock, chain, lists) {
                Ok(Judgement::Verify(checks)) => {
                    self.instantlocks.set_verifying(&hash, true);
                    self.verifying.push(Subject::Instant(hash), checks);
                }
                Ok(Judgement::Accept) => {
                    self.instantlock_checked(hash, Some(vec![true]), chain.tip().height, ctx);
                }
                Ok(Judgement::Wait(_)) => {}
                Err(error) => self.refuse_instantlock(&hash, &error.to_string(), ctx),
            }
        }
        self.fresh.clear();
        self.judged = Some(situation);
    }

    fn judge_instantlock(
        &self,
        lock: &InstantLock,
        chain: &HeaderChain,
        lists: &MasternodeSync,
    ) -> Result<Judgement, InstantLockError> {
        let Some(llmq) = self.params.llmq(self.params.llmq_types.instantsend) else {
            return Ok(Judgement::Wait(crate::finality::Missing::Quorums));
        };
        let on_chain = chain.is_best(&lock.cycle_hash);
        let cycle = chain.find(&lock.cycle_hash).filter(|_| on_chain).map(|entry| entry.height);
        instantlock::judge(llmq, lock, cycle, |height| candidate(lists, llmq, chain.at(height)?.hash.into()))
    }

    /// Takes what was found about a lock: which signatures hold, or nothing if the worker broke.
    pub(super) fn instantlock_checked(
        &mut self,
        hash: [u8; 32],
        found: Option<Vec<bool>>,
        tip: u32,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(found) = found else {
            self.fresh.insert(hash);
            return self.instantlocks.set_verifying(&hash, false);
        };
        if !instantlock::holds(&found) {
            return self.refuse_instantlock(&hash, "the signature of an InstantSend lock does not hold", ctx);
        }
        let txid = self.instantlocks.lock_with(&hash).map(|lock| lock.txid);
        let (Some(locked), Some(txid)) = (self.instantlocks.verified(&hash, tip), txid) else { return };
        match locked {
            Locked::New => {
                let inputs = self.instantlocks.lock_of(&txid).map(|lock| lock.inputs.clone());
                self.locked.push((txid, inputs.unwrap_or_default()));
                ctx.out.emit(Event::Instantlock { txid: txid.to_string() });
            }
            Locked::Known => {}
            Locked::Conflict(others) => {
                let others: Vec<String> = others.iter().map(ToString::to_string).gather();
                let message =
                    format!("verified InstantSend locks of {txid} and of {} conflict", others.join(", "));
                let error = ApiError {
                    details: Some(txid.to_string()),
                    ..ApiError::new(ErrorCode::Disagreement, message)
                };
                ctx.out.emit(Event::Warning { error });
            }
        }
    }

    fn refuse_instantlock(&mut self, hash: &[u8; 32], reason: &str, ctx: &mut Ctx<'_>) {
        let offence = Offence::InvalidLock(reason.to_owned());
        for sender in self.instantlocks.refused(hash) {
            ctx.peers.punish(sender, &offence, ctx.now, ctx.out);
        }
    }
}
