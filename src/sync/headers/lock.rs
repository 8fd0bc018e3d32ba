//! A verified ChainLock says which block the chain has at its height.
//!
//! A lock that moves the chain to another branch is a reorganisation like any other: what to write is worked out from
//! the chain, so the store and the page hear of it with the next commit.

use super::{Ctx, HeaderSync};
use crate::api::LogLevel;
use crate::chain::{LockOutcome, Outcome};
use dash_protocol::BlockHash;

impl HeaderSync {
    /// Takes a block that a verified ChainLock names: the chain is pinned to it, or moves to the branch that has it, or
    /// waits for that branch. [`LockOutcome::BelowMemory`] also stands for a chain that has not begun.
    pub(crate) fn lock(&mut self, height: u32, hash: BlockHash, ctx: &mut Ctx<'_>) -> LockOutcome {
        let Some(chain) = self.main.chain.as_mut() else { return LockOutcome::BelowMemory };
        let outcome = chain.lock(height, hash);
        if matches!(outcome, LockOutcome::Pinned | LockOutcome::Reorganized(_) | LockOutcome::Awaited) {
            // The proof of a branch that began before the lock does not know of it; the peer's next answer begins anew.
            self.deep_fork.take_if(|fork| fork.peer().is_some());
        }
        let log = |level, text, ctx: &mut Ctx<'_>| {
            let values = [("height", height.into()), ("hash", hash.to_string().into())];
            ctx.out.log(ctx.now, level, "chain", text, values);
        };
        match &outcome {
            LockOutcome::Reorganized(Outcome::Reorganized { fork, .. }) => {
                let known = self.main.unstored_fork;
                self.main.unstored_fork = Some(known.map_or(*fork, |known| known.min(*fork)));
                for peer in self.tips.values_mut() {
                    peer.forget_branch();
                }
                log(LogLevel::Warn, "a ChainLock moves the chain to another branch", ctx);
                self.progressed(ctx);
            }
            LockOutcome::Awaited => {
                // Whoever has the locked branch is asked again for what follows the common part.
                self.resume_tips();
                log(LogLevel::Info, "a ChainLock names a block that is not known yet", ctx);
            }
            LockOutcome::Refused => log(LogLevel::Error, "a ChainLock contradicts what is final", ctx),
            _ => {}
        }
        outcome
    }

    fn resume_tips(&mut self) {
        for peer in self.tips.values_mut() {
            peer.nothing_more = None;
            peer.last_asked_ms = None;
        }
    }
}
