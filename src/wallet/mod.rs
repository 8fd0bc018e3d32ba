//! The wallet's view: what is watched, which transactions concern it, and what follows from them.
//!
//! Everything here is pure: targets, proven blocks, verified locks, relayed transactions and the time go in; balances,
//! coins, history and what filters are to be matched against come out. No peer, clock or store is known.
//!
//! - [`target`] reads what the page asks to watch, and gives each thing one id; [`address`] and [`keys`] read addresses
//!   and derive public keys (BIP 32), [`scripts`] makes scripts of them.
//! - [`gap`] derives a branch's scripts as far as its gap limit asks; [`book`] has all scripts and outputs that are
//!   watched, and for whom.
//! - [`ledger`] takes blocks and unconfirmed transactions and answers.
//! - [`codec`] writes watches down for the store; the ledger writes its transactions itself.
//!
//! One client's wallet is a [`ScriptBook`] and a [`Ledger`]; the ledger is handed the book at every step.

pub mod address;
mod base58;
pub mod book;
pub mod codec;
pub mod gap;
pub mod keys;
pub mod ledger;
pub mod scripts;
pub mod target;

pub use address::Address;
pub use book::{Added, BookError, Fresh, Scope, ScriptBook};
pub use ledger::{
    Balance, BlockRef, Change, Finality, Ledger, LedgerError, Origin, Outcome, Refused, Status, TxRecord,
    Utxo,
};
pub use target::{BadTarget, ScriptText, Target, WatchId, WatchTarget};
