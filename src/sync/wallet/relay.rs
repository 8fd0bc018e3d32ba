//! Payments that no block has yet: as peers relay them, as the user sends them, and their locks.
//!
//! Peers announce every transaction; all are fetched, and looked at here, so that nobody learns which of them concern
//! us. **Bounds.** [`MOST_JUDGED`] names of transactions that were looked at.

use super::{Found, Wallet};
use crate::api::{ApiError, ErrorCode, Reply};
use crate::collections::{Gather, SortedSet};
use crate::engine::{ConnId, Now, Outbox};
use crate::filters::clues;
use crate::sync::headers::Ctx;
use crate::wallet::gap::Script;
use crate::wallet::scripts::is_data;
use crate::wallet::{Origin, Refused, Target, WatchId};
use dash_protocol::{BlockHash, Decode, Inventory, Transaction, Txid};
use std::collections::{HashSet, VecDeque};

/// Transactions that were looked at and are not fetched again.
pub(super) const MOST_JUDGED: usize = 20_000;

/// The last names that were added.
#[derive(Debug, Default)]
pub(super) struct Judged {
    order: VecDeque<Txid>,
    names: HashSet<Txid>,
}

impl Judged {
    pub(super) fn add(&mut self, txid: Txid) {
        if self.names.insert(txid) {
            self.order.push_back(txid);
        }
        if self.order.len() > MOST_JUDGED
            && let Some(oldest) = self.order.pop_front()
        {
            self.names.remove(&oldest);
        }
    }

    pub(super) fn has(&self, txid: &Txid) -> bool {
        self.names.contains(txid)
    }
}

impl Wallet {
    /// A peer announced a transaction. Whether it is to be fetched.
    pub fn announced(&mut self, conn: ConnId, txid: &Txid) -> bool {
        self.broadcasts.announced(conn, txid);
        self.listens && !self.book.is_empty() && !self.judged.has(txid) && self.ledger.status(txid).is_none()
    }

    /// A relayed transaction. True if it concerns what is watched and was not known.
    pub fn relayed(&mut self, transaction: &Transaction, tip: u32, ctx: &mut Ctx<'_>) -> bool {
        self.take_relayed(transaction, tip, ctx.now, ctx.out)
    }

    pub(super) fn take_relayed(
        &mut self,
        transaction: &Transaction,
        tip: u32,
        now: Now,
        out: &mut Outbox,
    ) -> bool {
        let txid = transaction.txid();
        if self.ledger.status(&txid).is_some() || self.judged.has(&txid) {
            return false;
        }
        let taken = self.ledger.unconfirmed(&mut self.book, transaction, now.unix_ms, Origin::Peer);
        match taken {
            Ok(outcome) => {
                let found = self.settle(outcome, now, out);
                self.look_out(transaction, tip);
                self.found.extend(found);
                true
            }
            Err(_) => {
                self.judged.add(txid);
                false
            }
        }
    }

    /// A block can hold another transaction that spends the same and has nothing else to do with the wallet: what the
    /// inputs show to be spent is looked for from now on.
    fn look_out(&mut self, transaction: &Transaction, tip: u32) {
        let spent = transaction.inputs.iter().filter_map(|input| clues::spent_script(&input.script));
        let spent: Vec<Script> = spent.map(Script::from).gather();
        if !spent.is_empty() {
            self.found.push((spent, tip + 1));
        }
    }

    /// What is looked for on behalf of transactions that no block has.
    pub fn spent_in_pool(&self) -> Vec<Script> {
        let inputs = self.ledger.pool().flat_map(|(_, transaction)| &transaction.inputs);
        inputs.filter_map(|input| clues::spent_script(&input.script)).map(Script::from).gather()
    }

    /// The user sends a transaction.
    pub(super) fn broadcast(
        &mut self,
        raw: &[u8],
        tip: u32,
        now: Now,
        out: &mut Outbox,
    ) -> Result<Reply, ApiError> {
        let bad = |why: String| ApiError {
            details: Some("rawTx".to_owned()),
            ..ApiError::new(ErrorCode::BadInput, format!("`rawTx` {why}"))
        };
        let transaction =
            Transaction::from_wire(raw).map_err(|error| bad(format!("is no transaction: {error}")))?;
        let txid = transaction.txid();
        self.broadcasts.check_room(&txid)?;
        let mut watch = None;
        let mut taken = self.ledger.unconfirmed(&mut self.book, &transaction, now.unix_ms, Origin::Own);
        if taken == Err(Refused::Unrelated) {
            watch = Some(self.watch_outputs(&transaction, tip).ok_or_else(|| {
                bad("pays nobody, and spends nothing that is watched: nobody could tell what becomes of it".into())
            })?);
            taken = self.ledger.unconfirmed(&mut self.book, &transaction, now.unix_ms, Origin::Own);
        }
        let outcome = match taken {
            Ok(outcome) => outcome,
            Err(refused) => {
                if let Some(watch) = watch {
                    self.unwatch(watch);
                }
                return Err(match refused {
                    Refused::Conflict(_) => ApiError::new(ErrorCode::Rejected, refused.to_string()),
                    _ => bad(format!("cannot be mined: {refused}")),
                });
            }
        };
        self.look_out(&transaction, tip);
        // What others have watched for their sake is kept for this one, too.
        let watch = watch.or_else(|| self.hidden_payee(&transaction));
        let shown = self.broadcasts.add(transaction, watch);
        // From now on it is known what is watched for its sake alone, of which the page is not told.
        let found: Vec<Found> = self.settle(outcome, now, out);
        self.found.extend(found);
        self.sent.push(txid);
        self.note_records(now);
        Ok(Reply::Broadcast(shown))
    }

    /// Watches what a transaction pays to, so that its fate shows; none if it pays to nothing that can be watched.
    fn watch_outputs(&mut self, transaction: &Transaction, tip: u32) -> Option<WatchId> {
        let payee = |script: &&Vec<u8>| !script.is_empty() && !is_data(script);
        let script = transaction.outputs.iter().map(|output| &output.script).find(payee)?;
        let added = self.book.add(vec![(Target::Script(script.clone()), 1)]).ok()?;
        if !added.known {
            self.births.insert(added.id, tip + 1);
        }
        self.found.push((vec![Script::from(&script[..])], tip + 1));
        (!added.known).then_some(added.id)
    }

    /// What a transaction pays to and is watched for the sake of broadcasts alone.
    fn hidden_payee(&self, transaction: &Transaction) -> Option<WatchId> {
        let mut paid = SortedSet::new();
        transaction.outputs.iter().for_each(|output| self.book.watches_of_script(&output.script, &mut paid));
        self.broadcasts.watches().find(|hidden| paid.contains(hidden))
    }

    pub(super) fn unwatch(&mut self, watch: WatchId) {
        if self.book.remove(watch).is_ok() {
            self.births.remove(&watch);
            self.ledger.forget_unwatched(&self.book);
            self.forgot = true;
        }
    }

    /// The user gives up a transaction.
    pub(super) fn stop_broadcast(&mut self, txid: &Txid, now: Now) -> Reply {
        if self.broadcasts.has(txid) {
            self.ledger.disown(txid);
            if let Some(watch) = self.broadcasts.stop(txid) {
                self.unwatch(watch);
            }
            self.note_records(now);
        }
        Reply::Done
    }

    /// Transactions that the user sends since the last call: their locks may be known already.
    pub fn take_sent(&mut self) -> Vec<Txid> {
        std::mem::take(&mut self.sent)
    }

    /// A peer asks for what was announced to it.
    pub fn on_get_data(&mut self, conn: ConnId, items: &[Inventory], ctx: &mut Ctx<'_>) {
        self.broadcasts.on_get_data(conn, items, ctx);
    }

    /// A peer is gone.
    pub fn peer_gone(&mut self, conn: ConnId) {
        self.broadcasts.forget(conn);
    }

    /// Tells peers and the page of what is being sent, and lets go of what nodes have forgotten.
    pub fn relay(&mut self, tip: BlockHash, ctx: &mut Ctx<'_>) {
        for watch in self.broadcasts.step(tip, &self.ledger, ctx) {
            self.unwatch(watch);
        }
        if self.ledger.next_expiry().is_some_and(|at| ctx.now.unix_ms >= at) {
            let outcome = self.ledger.expire(&self.book, ctx.now.unix_ms);
            self.settle(outcome, ctx.now, ctx.out);
        }
        self.note_records(ctx.now);
    }

    /// The inputs of a transaction that is known.
    pub fn inputs_of(&self, txid: &Txid) -> Vec<dash_protocol::OutPoint> {
        let known = self.ledger.transaction_of(txid);
        known.map_or_else(Vec::new, |known| known.inputs.iter().map(|input| input.previous).gather())
    }
}
