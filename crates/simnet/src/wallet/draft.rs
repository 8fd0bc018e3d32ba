//! A transaction before it is signed: what it spends, whom it pays, what its payload says.

use super::keys::Lock;
use super::truth::{Coin, Entry};
use super::watches::Owner;
use crate::chain::Spending;
use crate::rng::Rng;
use dash_protocol::{OutPoint, Transaction, TxIn, TxOut, Txid};
use std::sync::Arc;

/// Whom an output pays.
pub type Payee = (Lock, Option<Owner>);

/// The least amount that anybody pays.
pub const LEAST: i64 = 1_000;

enum Output {
    Coin(Coin),
    /// Burnt: a value and a script that nobody can spend.
    Data(i64, Vec<u8>),
}

/// A transaction in the making.
#[derive(Default)]
pub struct Draft {
    spends: Vec<(OutPoint, Coin)>,
    outputs: Vec<Output>,
    mentions: Vec<Owner>,
    special: Option<(u16, Vec<u8>)>,
}

impl Draft {
    /// A draft that spends some coins.
    pub fn spending(spends: Vec<(OutPoint, Coin)>) -> Self {
        Self { spends, ..Self::default() }
    }

    /// What its inputs have.
    pub fn total(&self) -> i64 {
        self.spends.iter().map(|(_, coin)| coin.value).sum()
    }

    /// What of that no output has yet.
    pub fn left(&self) -> i64 {
        let values = self.outputs.iter().map(|output| match output {
            Output::Coin(coin) => coin.value,
            Output::Data(value, _) => *value,
        });
        self.total() - values.sum::<i64>()
    }

    /// Pays somebody.
    pub fn pay(mut self, value: i64, (lock, owner): Payee) -> Self {
        self.outputs.push(Output::Coin(Coin { value, lock, owner }));
        self
    }

    /// Pays somebody a part of what is left.
    pub fn pay_part(self, payee: Payee, rng: &mut Rng) -> Self {
        let most = (self.left() / 3).max(LEAST);
        let value = rng.between(LEAST.unsigned_abs(), most.unsigned_abs());
        self.pay(value as i64, payee)
    }

    /// Pays somebody all that is left but a fee; none if that is too little.
    pub fn pay_rest(self, payee: Payee, rng: &mut Rng) -> Option<Self> {
        let value = self.left() - rng.between(200, 900) as i64;
        (value >= LEAST).then(|| self.pay(value, payee))
    }

    /// Burns coins.
    pub fn burn(mut self, value: i64, data: &[u8]) -> Self {
        let script = [&[0x6a, data.len() as u8], data].concat();
        self.outputs.push(Output::Data(value, script));
        self
    }

    /// Makes it special, with a payload that names scripts of these.
    pub fn special(
        mut self,
        tx_type: u16,
        payload: Vec<u8>,
        mentions: impl IntoIterator<Item = Owner>,
    ) -> Self {
        self.special = Some((tx_type, payload));
        self.mentions.extend(mentions);
        self
    }

    /// The transaction.
    pub fn sign(self, rng: &mut Rng) -> (Txid, Entry) {
        let inputs = self.spends.iter().map(|(previous, coin)| TxIn {
            previous: *previous,
            script: coin.lock.unlock(rng),
            sequence: 0xffff_fffe,
        });
        let inputs = inputs.collect();
        let outputs = self.outputs.iter().map(|output| match output {
            Output::Coin(coin) => TxOut { value: coin.value, script: coin.lock.script() },
            Output::Data(value, script) => TxOut { value: *value, script: script.clone() },
        });
        let outputs = outputs.collect();
        let blocks_only = self.special.is_some() && self.spends.is_empty();
        let (tx_type, payload) = self.special.unwrap_or_default();
        let version = if tx_type == 0 { 2 } else { 3 };
        let transaction = Transaction { version, tx_type, inputs, outputs, lock_time: 0, payload };
        let makes = (0..).zip(self.outputs).filter_map(|(vout, output)| match output {
            Output::Coin(coin) => Some((vout, coin)),
            Output::Data(..) => None,
        });
        let spent = self.spends.iter().map(|(_, coin)| coin.lock.script()).collect();
        let txid = transaction.txid();
        let entry = Entry {
            spending: Spending { transaction: Arc::new(transaction), spent },
            makes: makes.collect(),
            spends: self.spends,
            mentions: self.mentions,
            number: 0,
            place: None,
            locked: false,
            blocks_only,
        };
        (txid, entry)
    }
}
