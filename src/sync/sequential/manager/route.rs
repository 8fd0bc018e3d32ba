//! What comes is handed to whom it belongs: messages of peers, results of jobs, commits and reads.

use super::{SequentialSyncManager, Surroundings};
use crate::engine::{CommitId, ComputeReply, ConnId, JobId, ReadId};
use crate::network::PeerMessage;
use crate::store::{ReadReply, StoreError};
use crate::sync::headers::{Computed, TipChange};
use dash_protocol::{Message, OutPoint, Transaction, Txid};

impl SequentialSyncManager {
    /// Hands messages of peers to the phase that they belong to.
    pub(crate) fn on_messages(&mut self, messages: Vec<PeerMessage>, around: &mut Surroundings<'_>) {
        for PeerMessage { conn, message } in messages {
            match message {
                Message::MnListDiff(diff) => {
                    self.with_masternodes(around, |lists, _, ctx| lists.on_diff(conn, diff, ctx));
                }
                Message::QRInfo(info) => {
                    self.with_masternodes(around, |lists, _, ctx| lists.on_qrinfo(conn, info, ctx));
                }
                Message::ClSig(_) | Message::IsdLock(_) | Message::NotFound(_) => {
                    self.with_finality(around, |locks, _, _, ctx| locks.on_message(conn, message, ctx));
                }
                Message::CFCheckpt(_) | Message::CFHeaders(_) | Message::CFilter(_) | Message::Block(_) => {
                    self.with_filters(around, |filters, _, ctx| filters.on_message(conn, message, ctx));
                }
                Message::Inv(items) => {
                    let ready = self.masternodes.has_lists();
                    let filters = &mut self.filters;
                    self.finality.on_inventory(conn, &items, ready, |txid| filters.announced(conn, txid));
                    self.with_headers(around, |headers, ctx| {
                        headers.on_message(conn, Message::Inv(items), ctx);
                    });
                }
                Message::Tx(transaction) => self.on_payment(conn, &transaction, around),
                Message::GetData(items) => {
                    self.with_filters(around, |filters, _, ctx| filters.on_get_data(conn, &items, ctx));
                }
                message => self.with_headers(around, |headers, ctx| headers.on_message(conn, message, ctx)),
            }
        }
    }

    /// A relayed transaction, with the locks that are known of it.
    pub(super) fn on_payment(
        &mut self,
        conn: ConnId,
        transaction: &Transaction,
        around: &mut Surroundings<'_>,
    ) {
        let asked = self.with_finality(around, |locks, _, _, ctx| locks.payment_came(conn, transaction, ctx));
        if !asked && !around.peers.idle_talk(conn, "tx", around.now, around.out) {
            return;
        }
        let tip = self.headers.tip().height;
        let spends = self.with_filters(around, |filters, _, ctx| filters.relayed(transaction, tip, ctx));
        if let Some(spends) = spends {
            self.tell_locks(&transaction.txid(), &spends, around);
        }
    }

    /// Hands the wallet the locks that are known of a transaction and of what it spends.
    pub(super) fn tell_locks(&mut self, txid: &Txid, spends: &[OutPoint], around: &mut Surroundings<'_>) {
        for (txid, inputs) in self.finality.locks_on(txid, spends) {
            self.with_filters(around, |filters, _, ctx| filters.instantlocked(txid, &inputs, ctx));
        }
    }

    /// Takes what became of a job.
    pub(crate) fn on_computed(
        &mut self,
        job: JobId,
        result: ComputeReply,
        around: &mut Surroundings<'_>,
    ) -> Computed {
        if self.masternodes.owns_job(job) {
            self.with_masternodes(around, |lists, _, ctx| lists.on_computed(job, result, ctx));
        } else if self.filters.owns_job(job) {
            self.with_filters(around, |filters, _, ctx| filters.on_computed(job, result, ctx));
        } else if self.finality.owns_job(job) {
            let tip = self.headers.tip().height;
            self.with_finality(around, |locks, _, _, ctx| locks.on_computed(job, result, tip, ctx));
        } else {
            return self.with_headers(around, |headers, ctx| headers.on_computed(job, result, ctx));
        }
        Computed::Counts
    }

    /// Takes what became of a commit, and tells whether the tip moved.
    pub(crate) fn on_stored(
        &mut self,
        commit: CommitId,
        result: Result<(), StoreError>,
        around: &mut Surroundings<'_>,
    ) -> Option<TipChange> {
        if self.masternodes.owns_commit(commit) {
            let refused = self.with_masternodes(around, |lists, _, ctx| lists.on_stored(result, ctx));
            if let Some(error) = refused {
                self.with_headers(around, |headers, ctx| headers.store_failed(&error, ctx));
            }
            return None;
        }
        if self.filters.owns_commit(commit) {
            let refused = self.with_filters(around, |filters, _, ctx| filters.on_stored(result, ctx));
            if let Some(error) = refused {
                self.with_headers(around, |headers, ctx| headers.store_failed(&error, ctx));
            }
            return None;
        }
        self.with_headers(around, |headers, ctx| headers.on_stored(commit, result, ctx))
    }

    /// Takes what a read brought; false if it was not asked for here.
    pub(crate) fn on_read(
        &mut self,
        read: ReadId,
        result: Result<ReadReply, StoreError>,
        around: &mut Surroundings<'_>,
    ) -> bool {
        if self.masternodes.owns_read(read) {
            let lock = self.with_masternodes(around, |lists, chain, ctx| lists.on_read(result, chain, ctx));
            self.finality.restore(lock);
            return true;
        }
        if self.filters.owns_read(read) {
            self.filters.on_read(read, result);
            return true;
        }
        self.with_headers(around, |headers, ctx| headers.on_read(read, result, ctx))
    }
}
