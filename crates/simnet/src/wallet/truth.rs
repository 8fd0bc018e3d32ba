//! What is true of a scenario's transactions: the ledger that a client's wallet is held against.
//!
//! It is written by whoever makes the payments, who knows whose every output is: no script, block or transaction is
//! ever read for it. A transaction that lost to a conflict is gone from here, with everything that spent from it.

use super::keys::Lock;
use super::watches::Owner;
use crate::chain::Spending;
use dash_protocol::{OutPoint, Txid};
use std::collections::{BTreeMap, BTreeSet};

/// Confirmations from which a coinbase can be spent.
pub const MATURITY: u32 = 100;

/// A coin, and how to spend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coin {
    /// Duffs.
    pub value: i64,
    /// What it is locked with.
    pub lock: Lock,
    /// Whose it is; none: a stranger's.
    pub owner: Option<Owner>,
}

/// A transaction that counts.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The transaction.
    pub spending: Spending,
    /// The coins that it spends.
    pub spends: Vec<(OutPoint, Coin)>,
    /// The coins that it makes, by output.
    pub makes: Vec<(u32, Coin)>,
    /// Those whose scripts its payload names.
    pub mentions: Vec<Owner>,
    /// The order in which transactions came to be.
    pub number: u64,
    /// Height and place in the block, if it is in one.
    pub place: Option<(u32, u32)>,
    /// Whether masternodes locked it.
    pub locked: bool,
    /// Whether it can stand in blocks only, and so is mined again when its block is undone.
    pub blocks_only: bool,
}

impl Entry {
    /// Whether it makes new coins.
    pub fn is_coinbase(&self) -> bool {
        self.spends.is_empty() && self.spending.transaction.is_coinbase()
    }

    /// All whose scripts it shows in outputs and payload.
    pub fn shows(&self) -> impl Iterator<Item = &Owner> {
        self.makes.iter().filter_map(|(_, coin)| coin.owner.as_ref()).chain(&self.mentions)
    }

    /// Whether it is in the history of a watch.
    pub fn concerns(&self, watch: usize) -> bool {
        self.delta(Some(watch)).is_some()
    }

    fn delta(&self, scope: Option<usize>) -> Option<i128> {
        let is_of =
            |owner: &Option<Owner>| owner.is_some_and(|owner| scope.is_none_or(|one| owner.watch == one));
        let amounts = |coins: &mut dyn Iterator<Item = &Coin>| {
            let own: Vec<i128> =
                coins.filter(|coin| is_of(&coin.owner)).map(|coin| coin.value.into()).collect();
            (!own.is_empty()).then(|| own.iter().sum::<i128>())
        };
        let made = amounts(&mut self.makes.iter().map(|(_, coin)| coin));
        let spent = amounts(&mut self.spends.iter().map(|(_, coin)| coin));
        let named = self.mentions.iter().any(|owner| is_of(&Some(*owner)));
        let concerns = made.is_some() || spent.is_some() || named;
        concerns.then(|| made.unwrap_or_default() - spent.unwrap_or_default())
    }
}

/// How final something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrueFinality {
    /// In the pool.
    Seen,
    /// In the pool, and locked by masternodes.
    InstantLocked,
    /// In a block.
    Mined,
    /// In a block that masternodes locked, or below one.
    ChainLocked,
}

/// Duffs by finality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrueBalance {
    /// Below or in a locked block.
    pub chainlocked: i128,
    /// In the pool and locked.
    pub instantlocked: i128,
    /// In a block that is not locked.
    pub mined: i128,
    /// In the pool.
    pub pending: i128,
    /// Of coinbases with fewer than [`MATURITY`] confirmations.
    pub immature: i128,
}

impl TrueBalance {
    /// All of it.
    pub fn total(&self) -> i128 {
        self.chainlocked + self.instantlocked + self.mined + self.pending + self.immature
    }
}

/// A coin that a wallet should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueCoin {
    /// The output.
    pub out_point: OutPoint,
    /// Duffs.
    pub value: i64,
    /// Its script.
    pub script: Vec<u8>,
    /// How final it is.
    pub finality: TrueFinality,
    /// Where it was mined.
    pub height: Option<u32>,
    /// Whether a coinbase made it.
    pub coinbase: bool,
}

/// A transaction that a wallet's history should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueRecord {
    /// Its name.
    pub txid: Txid,
    /// What it adds to the coins of the scope, in duffs; 0 if it only names a script of it.
    pub delta: i128,
    /// How final it is.
    pub finality: TrueFinality,
    /// Height and place in the block.
    pub place: Option<(u32, u32)>,
    /// Its special type.
    pub tx_type: u16,
}

/// Up to where the chain goes, and up to where it is locked.
#[derive(Clone, Copy, Debug)]
pub struct Horizon {
    /// Height of the tip.
    pub tip: u32,
    /// Height of the highest block that masternodes locked.
    pub locked: Option<u32>,
}

impl Horizon {
    fn finality(&self, entry: &Entry) -> TrueFinality {
        match entry.place {
            Some((height, _)) if Some(height) <= self.locked => TrueFinality::ChainLocked,
            Some(_) => TrueFinality::Mined,
            None if entry.locked => TrueFinality::InstantLocked,
            None => TrueFinality::Seen,
        }
    }

    fn is_immature(&self, entry: &Entry) -> bool {
        let height = entry.place.map_or(0, |(height, _)| height);
        entry.is_coinbase() && self.tip + 1 - height < MATURITY
    }
}

/// The ledger.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    entries: BTreeMap<Txid, Entry>,
    unspent: BTreeMap<OutPoint, Coin>,
    /// Those of them that are somebody's whom the client watches.
    own: BTreeSet<OutPoint>,
    spenders: BTreeMap<OutPoint, Txid>,
    /// What each block holds, in order.
    blocks: BTreeMap<u32, Vec<Txid>>,
    /// What is in no block, by number.
    pending: BTreeMap<u64, Txid>,
    made: u64,
}

impl Truth {
    /// Takes a transaction that is in no block. What it spends must be there.
    pub fn add(&mut self, txid: Txid, mut entry: Entry) {
        entry.number = self.made;
        self.made += 1;
        for (out_point, _) in &entry.spends {
            let coin = self.unspent.remove(out_point);
            assert!(coin.is_some(), "a scenario spends what there is");
            self.own.remove(out_point);
            self.spenders.insert(*out_point, txid);
        }
        for (vout, coin) in &entry.makes {
            self.give(OutPoint { txid, vout: *vout }, coin.clone());
        }
        self.pending.insert(entry.number, txid);
        self.entries.insert(txid, entry);
    }

    fn give(&mut self, out_point: OutPoint, coin: Coin) {
        if coin.owner.is_some() {
            self.own.insert(out_point);
        }
        self.unspent.insert(out_point, coin);
    }

    /// Puts a transaction into a block.
    pub fn mine(&mut self, txid: Txid, height: u32) {
        let block = self.blocks.entry(height).or_default();
        let entry = self.entries.get_mut(&txid).expect("only what is known is mined");
        // The coinbase is noted last and stands first.
        let place = if entry.is_coinbase() { 0 } else { block.len() as u32 + 1 };
        entry.place = Some((height, place));
        self.pending.remove(&entry.number);
        if place > 0 {
            block.push(txid);
        } else {
            block.insert(0, txid);
        }
    }

    /// Takes the blocks above a height apart; returns what they held, in order, coinbases too.
    pub fn undo_above(&mut self, height: u32) -> Vec<Txid> {
        let undone: Vec<Txid> = self.blocks.split_off(&(height + 1)).into_values().flatten().collect();
        for txid in &undone {
            let entry = self.entries.get_mut(txid).expect("what is in a block is known");
            entry.place = None;
            self.pending.insert(entry.number, *txid);
        }
        undone
    }

    /// The ledger as the blocks up to and with a height make it, and nothing else.
    pub fn up_to(&self, height: u32) -> Self {
        let mut early = self.clone();
        early.undo_above(height);
        for txid in early.pending() {
            early.drop(txid);
        }
        early
    }

    /// Forgets a transaction and everything that spends from it; returns the names of all that.
    pub fn drop(&mut self, txid: Txid) -> Vec<Txid> {
        let mut dropped = Vec::new();
        let mut waiting = vec![txid];
        while let Some(txid) = waiting.pop() {
            // By another way it may be gone already.
            let Some(entry) = self.entries.get(&txid) else { continue };
            let outputs = entry.makes.iter().map(|(vout, _)| OutPoint { txid, vout: *vout });
            let spenders: Vec<Txid> =
                outputs.filter_map(|out_point| self.spenders.get(&out_point).copied()).collect();
            if spenders.is_empty() {
                self.remove(txid);
                dropped.push(txid);
            } else {
                waiting.push(txid);
                waiting.extend(spenders);
            }
        }
        dropped
    }

    fn remove(&mut self, txid: Txid) {
        let Some(entry) = self.entries.remove(&txid) else { return };
        self.pending.remove(&entry.number);
        for (vout, _) in &entry.makes {
            let out_point = OutPoint { txid, vout: *vout };
            self.unspent.remove(&out_point);
            self.own.remove(&out_point);
        }
        for (out_point, coin) in entry.spends {
            self.spenders.remove(&out_point);
            self.give(out_point, coin);
        }
    }

    /// Notes that masternodes locked a transaction.
    pub fn lock(&mut self, txid: &Txid) {
        if let Some(entry) = self.entries.get_mut(txid) {
            entry.locked = true;
        }
    }

    /// A transaction that counts.
    pub fn entry(&self, txid: &Txid) -> Option<&Entry> {
        self.entries.get(txid)
    }

    /// A coin that nothing spends.
    pub fn coin(&self, out_point: &OutPoint) -> Option<&Coin> {
        self.unspent.get(out_point)
    }

    /// The coins of those who are watched, all of them, from this place on in the order of their names.
    pub fn own_from(&self, from: OutPoint) -> impl Iterator<Item = &OutPoint> {
        self.own.range(from..).chain(self.own.range(..from))
    }

    /// What is in no block, in the order in which it came to be.
    pub fn pending(&self) -> Vec<Txid> {
        self.pending.values().copied().collect()
    }

    /// The transactions that spend from one, and those that spend from them.
    pub fn descendants(&self, txid: Txid) -> BTreeSet<Txid> {
        let mut found = BTreeSet::new();
        let mut waiting = vec![txid];
        while let Some(txid) = waiting.pop() {
            let Some(entry) = self.entries.get(&txid) else { continue };
            let outputs = entry.makes.iter().map(|(vout, _)| OutPoint { txid, vout: *vout });
            let new = outputs.filter_map(|out_point| self.spenders.get(&out_point).copied());
            waiting.extend(new.filter(|spender| found.insert(*spender)));
        }
        found
    }

    /// Whether a coin can be spent in the block at a height, or in the pool below it.
    pub fn is_spendable(&self, out_point: &OutPoint, height: u32, from_pool: bool) -> bool {
        let maker = self.entries.get(&out_point.txid).filter(|_| self.unspent.contains_key(out_point));
        maker.is_some_and(|maker| match maker.place {
            None => from_pool,
            Some((made, _)) => !maker.is_coinbase() || height >= made + MATURITY,
        })
    }

    /// The coins of a watch, or of all, by height, those in the pool last.
    pub fn coins(&self, scope: Option<usize>, horizon: &Horizon) -> Vec<TrueCoin> {
        let mut coins: Vec<TrueCoin> = self
            .own_of(scope)
            .map(|(at, coin, entry)| TrueCoin {
                out_point: at,
                value: coin.value,
                script: coin.lock.script(),
                finality: horizon.finality(entry),
                height: entry.place.map(|(height, _)| height),
                coinbase: entry.is_coinbase(),
            })
            .collect();
        coins.sort_by_key(|coin| (coin.height.is_none(), coin.height, coin.out_point));
        coins
    }

    fn own_of(&self, scope: Option<usize>) -> impl Iterator<Item = (OutPoint, &Coin, &Entry)> {
        let coins =
            self.own.iter().filter_map(|at| Some((*at, self.unspent.get(at)?, self.entries.get(&at.txid)?)));
        coins.filter(move |(_, coin, _)| {
            coin.owner.is_some_and(|owner| scope.is_none_or(|one| owner.watch == one))
        })
    }

    /// What a watch, or all of them, have.
    pub fn balance(&self, scope: Option<usize>, horizon: &Horizon) -> TrueBalance {
        let mut balance = TrueBalance::default();
        for (_, coin, entry) in self.own_of(scope) {
            let field = match horizon.finality(entry) {
                _ if horizon.is_immature(entry) => &mut balance.immature,
                TrueFinality::Seen => &mut balance.pending,
                TrueFinality::InstantLocked => &mut balance.instantlocked,
                TrueFinality::Mined => &mut balance.mined,
                TrueFinality::ChainLocked => &mut balance.chainlocked,
            };
            *field += i128::from(coin.value);
        }
        balance
    }

    /// What concerns a watch, or any of them: the pool's by name, then what was mined, newest first.
    pub fn history(&self, scope: Option<usize>, horizon: &Horizon) -> Vec<TrueRecord> {
        let records = self.entries.iter().filter_map(|(txid, entry)| {
            Some(TrueRecord {
                txid: *txid,
                delta: entry.delta(scope)?,
                finality: horizon.finality(entry),
                place: entry.place,
                tx_type: entry.spending.transaction.tx_type,
            })
        });
        let mut records: Vec<TrueRecord> = records.collect();
        records.sort_by_key(|record| (record.place.is_some(), std::cmp::Reverse(record.place), record.txid));
        records
    }
}
