//! What the page asks of the wallet.

use super::Birthday;
use crate::wallet::{WatchId, WatchTarget};
use dash_protocol::Txid;

/// A call about watches, transactions and broadcasts.
#[derive(Clone, Debug, PartialEq)]
pub enum WalletCommand {
    /// Watch targets; the same ones are the same watch. Answered once that is stored, not once it is searched.
    Watch {
        /// At least one.
        targets: Vec<WatchTarget>,
        /// Where their history can begin at the earliest; `None`: wherever the client's does.
        birthday: Option<Birthday>,
    },
    /// The watches there are.
    Watches,
    /// What a watch holds.
    Balance(WatchId),
    /// Its coins.
    Utxos(WatchId),
    /// Its transactions, the newest first.
    History {
        /// The watch.
        watch: WatchId,
        /// The transaction to go on after; `None`: from the newest.
        before: Option<Txid>,
        /// The most that are wanted.
        limit: Option<usize>,
    },
    /// The first unused receiving address.
    NextAddress(WatchId),
    /// Search again; answered when all is searched up to the tip.
    Rescan {
        /// The watch.
        watch: WatchId,
        /// From where.
        from: Birthday,
    },
    /// End a watch.
    Remove(WatchId),
    /// Send a transaction, and again until it is mined or cannot be. Answered once that is stored.
    Broadcast(Vec<u8>),
    /// The broadcasts that are kept.
    Broadcasts,
    /// Send it no longer.
    StopBroadcast(Txid),
    /// A transaction of the wallet.
    Transaction(Txid),
}
