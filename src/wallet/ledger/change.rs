//! What an input changed: for events, and so that nobody has to compare whole histories.

use super::{Finality, Ledger};
use crate::collections::{Gather, SortedMap};
use crate::wallet::book::{Fresh, Scope, ScriptBook};
use crate::wallet::target::WatchId;
use dash_protocol::{OutPoint, Transaction, Txid};

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It counts, and is as final as this.
    Counts(Finality),
    /// It conflicts with one that counts, or spends from one that does.
    Out,
}

/// A transaction of the history that is new, gone, or not as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The transaction.
    pub txid: Txid,
    /// Whose history it is or was in.
    pub watches: Vec<WatchId>,
    /// Where it stood; none if it was not known to belong to the wallet.
    pub before: Option<Status>,
    /// Where it stands; none if it is forgotten.
    pub after: Option<Status>,
}

/// What an input did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By transaction id.
    pub changes: Vec<Change>,
    /// What filters already passed have to be matched against now.
    pub fresh: Vec<Fresh>,
}

/// A transaction as its record shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct View {
    status: Status,
    height: Option<u32>,
    delta: i128,
    conflicts: Vec<Txid>,
    watches: Vec<WatchId>,
}

/// How the transactions looked that an input may change.
#[derive(Debug, Default)]
pub(super) struct Before(SortedMap<Txid, Option<Box<View>>>);

impl Ledger {
    /// The views of all unconfirmed transactions: any of them may change with any other.
    pub(super) fn before(&self, book: &ScriptBook) -> Before {
        let mut before = Before::default();
        self.pool.values().for_each(|txid| self.note(book, &mut before, *txid));
        before
    }

    /// Notes how a transaction looks, if it was not noted yet.
    pub(super) fn note(&self, book: &ScriptBook, before: &mut Before, txid: Txid) {
        before.0.entry(txid).or_insert_with(|| self.view(book, txid));
    }

    /// Notes how a transaction looks, and all whose look hangs on it: who spends from it, and who spends the same.
    pub(super) fn note_around(
        &self,
        book: &ScriptBook,
        before: &mut Before,
        txid: Txid,
        transaction: &Transaction,
    ) {
        self.note(book, before, txid);
        for (vout, _) in (0..).zip(&transaction.outputs) {
            self.spenders(&OutPoint { txid, vout }).for_each(|other| self.note(book, before, *other));
        }
        for input in &transaction.inputs {
            self.spenders(&input.previous).for_each(|other| self.note(book, before, *other));
        }
    }

    fn view(&self, book: &ScriptBook, txid: Txid) -> Option<Box<View>> {
        let entry = self.entries.get(&txid)?;
        let watches: Vec<WatchId> = self.watches_of(book, txid, &entry.transaction).into_iter().gather();
        if watches.is_empty() {
            return None;
        }
        Some(Box::new(View {
            status: self.status(&txid)?,
            height: entry.mined.map(|place| place.height),
            delta: self.delta(book, Scope::All, txid, &entry.transaction),
            conflicts: self.conflicts(&txid),
            watches,
        }))
    }

    /// What looks otherwise than it did.
    pub(super) fn changes(&self, book: &ScriptBook, before: Before) -> Vec<Change> {
        let changed = before.0.into_iter().filter_map(|(txid, old)| {
            let new = self.view(book, txid);
            if old == new {
                return None;
            }
            let watches = new.as_ref().or(old.as_ref()).map(|view| view.watches.clone())?;
            let status = |view: Option<Box<View>>| view.map(|view| view.status);
            Some(Change { txid, watches, before: status(old), after: status(new) })
        });
        changed.gather()
    }
}
