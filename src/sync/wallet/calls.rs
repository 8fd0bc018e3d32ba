//! What the page asks of the wallet.

use super::{MOST_CALLS, Wallet};
use crate::api::{ApiBalance, ApiError, ApiTxRecord, ApiUtxo, ApiWatch, ErrorCode, Reply};
use crate::collections::Gather;
use crate::engine::{Birthday, CallId, Effect, Now, Outbox, WalletCommand};
use crate::wallet::ledger::MAX_HISTORY;
use crate::wallet::{BookError, Scope, Target, WatchId, WatchTarget};
use dash_protocol::Txid;

/// Where the chain is, as far as birthdays and balances go by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The height of the tip.
    pub tip: u32,
    /// The height at which what has this birthday can be at the earliest: the store may begin above it.
    pub birth: u32,
}

/// When a call is answered.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Now(Reply),
    /// Once everything is stored that is known by now.
    Stored(Reply),
    /// Once everything was searched that is to be searched by now.
    Searched,
}

impl Wallet {
    /// Answers a call, now or when what it asks for is stored. `place` is missing until the chain is known: what comes
    /// before waits. True if the call is to be answered when everything was searched that is to be searched by now.
    pub fn command(
        &mut self,
        call: CallId,
        command: WalletCommand,
        place: Option<Place>,
        now: Now,
        out: &mut Outbox,
    ) -> bool {
        let answer = match place.filter(|_| self.opened) {
            Some(place) => self.carry_out(command, place, now, out),
            None if self.early.len() < MOST_CALLS => {
                self.early.push((call, command));
                return false;
            }
            None => Err(ApiError::new(ErrorCode::Storage, "too many calls wait for the store")),
        };
        match answer {
            Ok(Answer::Now(reply)) => out.push(Effect::Reply { call, result: Ok(reply) }),
            Ok(Answer::Stored(reply)) => {
                self.answers.push((call, reply));
                self.commit_within(0, now);
            }
            Ok(Answer::Searched) => return true,
            Err(error) => out.push(Effect::Reply { call, result: Err(error) }),
        }
        false
    }

    /// The calls that waited for the store and the chain.
    pub fn take_early(&mut self) -> Vec<(CallId, WalletCommand)> {
        if self.opened { std::mem::take(&mut self.early) } else { Vec::new() }
    }

    /// Nobody waits for this call any more. What it asked for is done nevertheless.
    pub fn cancel(&mut self, call: CallId) {
        self.early.retain(|(waiting, _)| *waiting != call);
        self.answers.retain(|(waiting, _)| *waiting != call);
    }

    fn carry_out(
        &mut self,
        command: WalletCommand,
        place: Place,
        now: Now,
        out: &mut Outbox,
    ) -> Result<Answer, ApiError> {
        let reply = match command {
            WalletCommand::Watch { targets, .. } => return self.watch(&targets, place.birth, now),
            WalletCommand::Remove(id) => return self.remove(id, now),
            WalletCommand::Rescan { watch, .. } => {
                self.known(watch)?;
                if let Some(birth) = self.births.get_mut(&watch) {
                    *birth = (*birth).min(place.birth);
                }
                self.found.push((self.book.elements_of(watch), place.birth));
                return Ok(Answer::Searched);
            }
            WalletCommand::Watches => {
                let hidden: Vec<WatchId> = self.broadcasts.watches().gather();
                let ids = self.book.ids().filter(|id| !hidden.contains(id));
                Reply::Watches(ids.map(|id| ApiWatch { id: id.to_string() }).gather())
            }
            WalletCommand::Balance(id) => {
                let scope = self.known(id)?;
                Reply::Balance(ApiBalance::from(&self.ledger.balance(&self.book, scope, place.tip)))
            }
            WalletCommand::Utxos(id) => {
                let coins = self.ledger.utxos(&self.book, self.known(id)?);
                Reply::Utxos(coins.iter().map(|coin| ApiUtxo::of(coin, &self.book)).gather())
            }
            WalletCommand::History { watch, before, limit } => self.history(watch, before, limit)?,
            WalletCommand::NextAddress(id) => Reply::Address(self.book.next_address(id)?),
            WalletCommand::Transaction(txid) => {
                let found = self.ledger.transaction(&self.book, Scope::All, &txid);
                Reply::Transaction(found.as_ref().map(ApiTxRecord::from))
            }
            WalletCommand::Broadcast(raw) => {
                return self.broadcast(&raw, place.tip, now, out).map(Answer::Stored);
            }
            WalletCommand::Broadcasts => Reply::Broadcasts(self.broadcasts.list()),
            WalletCommand::StopBroadcast(txid) => return Ok(Answer::Stored(self.stop_broadcast(&txid, now))),
        };
        Ok(Answer::Now(reply))
    }

    fn known(&self, id: WatchId) -> Result<Scope, BookError> {
        if self.book.contains(id) { Ok(Scope::Watch(id)) } else { Err(BookError::NotFound) }
    }

    fn watch(&mut self, targets: &[WatchTarget], birth: u32, now: Now) -> Result<Answer, ApiError> {
        let targets: Vec<(Target, u32)> =
            targets.iter().map(|target| Target::parse(target, &self.params)).gather::<Result<_, _>>()?;
        let added = self.book.add(targets)?;
        self.broadcasts.let_go(added.id);
        let known = self.births.get(&added.id).copied();
        self.births.insert(added.id, known.map_or(birth, |known| known.min(birth)));
        // An earlier birthday than before asks for all of it again.
        let earlier = known.is_some_and(|known| birth < known);
        let elements = if earlier {
            self.book.elements_of(added.id)
        } else {
            added.fresh.into_iter().map(|fresh| fresh.element).gather()
        };
        if !elements.is_empty() {
            self.found.push((elements, birth));
        }
        if earlier {
            self.book.touch(added.id);
        }
        self.note_records(now);
        Ok(Answer::Stored(Reply::Watch(ApiWatch { id: added.id.to_string() })))
    }

    fn remove(&mut self, id: WatchId, now: Now) -> Result<Answer, ApiError> {
        self.book.remove(id)?;
        self.births.remove(&id);
        self.ledger.forget_unwatched(&self.book);
        self.forgot = true;
        self.note_records(now);
        Ok(Answer::Stored(Reply::Done))
    }

    fn history(&self, watch: WatchId, before: Option<Txid>, limit: Option<usize>) -> Result<Reply, ApiError> {
        let (scope, limit) = (self.known(watch)?, limit.unwrap_or(MAX_HISTORY));
        let found = self.ledger.history(&self.book, scope, before.as_ref(), limit);
        let found = found.map_err(|error| ApiError::new(ErrorCode::NotFound, error.to_string()))?;
        Ok(Reply::History(found.iter().map(ApiTxRecord::from).gather()))
    }
}

impl WalletCommand {
    /// The birthday that the call names.
    pub(crate) fn birthday(&self) -> Option<Birthday> {
        match self {
            Self::Watch { birthday, .. } => *birthday,
            Self::Rescan { from, .. } => Some(*from),
            _ => None,
        }
    }
}
