//! What payments there are in blocks.

use super::WalletScenario;
use super::draft::{Draft, LEAST, Payee};
use super::truth::Coin;
use crate::chain::Spending;
use dash_protocol::{OutPoint, Txid};

/// How many payments of one block may spend each other.
const LONGEST_CHAIN: u64 = 4;
/// Coins of the wallet that are looked at for one transaction.
const CANDIDATES: usize = 16;
/// Coins of the wallet that one transaction spends, at most.
const MOST_INPUTS: u64 = 3;

impl WalletScenario {
    /// Puts something that happens into the block at a height.
    pub(super) fn something_happens(&mut self, height: u32, block: &mut Vec<Spending>) {
        match self.rng.below(100) {
            0..44 => {
                let draft = self.incoming(height);
                self.put(draft, height, block);
            }
            44..66 => {
                let draft = self.own_spend(height, false);
                self.put(draft, height, block);
            }
            66..76 => self.chain_of_payments(height, block),
            76..88 => {
                let draft = self.special(height, true);
                self.put(draft, height, block);
            }
            _ => {
                let draft = self.business(height);
                self.put(draft, height, block);
            }
        }
    }

    /// Signs a draft and puts it into the block.
    pub(super) fn put(
        &mut self,
        draft: Option<Draft>,
        height: u32,
        block: &mut Vec<Spending>,
    ) -> Option<Txid> {
        let txid = self.publish(draft?);
        self.put_known(txid, height, block);
        Some(txid)
    }

    /// Puts a transaction that is in no block into this one.
    pub(super) fn put_known(&mut self, txid: Txid, height: u32, block: &mut Vec<Spending>) {
        self.mined(txid, height);
        let entry = self.truth.entry(&txid).expect("it was just mined");
        block.push(entry.spending.clone());
    }

    /// A coin of a stranger that can be spent in the block at a height.
    pub(super) fn strangers_coin(&mut self, height: u32) -> Option<(OutPoint, Coin)> {
        // Coinbases that are not ripe go back; a look at some coins is enough.
        for _ in 0..8 {
            if self.purse.is_empty() {
                return None;
            }
            let at = self.rng.below(self.purse.len() as u64) as usize;
            let out_point = self.purse.swap_remove(at);
            if self.truth.is_spendable(&out_point, height, false) {
                return Some((out_point, self.truth.coin(&out_point)?.clone()));
            }
            if self.truth.coin(&out_point).is_some() {
                self.purse.push(out_point);
            }
        }
        None
    }

    /// A name of chance, to begin to look at.
    pub(super) fn some_name(&mut self) -> OutPoint {
        OutPoint { txid: Txid::from_bytes(self.rng.bytes32()), vout: 0 }
    }

    /// Some coins of the wallet.
    fn own_coins(&mut self, height: u32, from_pool: bool) -> Vec<(OutPoint, Coin)> {
        let from = self.some_name();
        let ripe = self.truth.own_from(from).filter(|at| self.truth.is_spendable(at, height, from_pool));
        let mut ripe: Vec<OutPoint> = ripe.take(CANDIDATES).copied().collect();
        let count = self.rng.between(1, MOST_INPUTS);
        let mut coins = Vec::new();
        while (coins.len() as u64) < count && !ripe.is_empty() {
            let out_point = ripe.swap_remove(self.rng.below(ripe.len() as u64) as usize);
            coins.extend(self.truth.coin(&out_point).map(|coin| (out_point, coin.clone())));
        }
        coins
    }

    /// A stranger pays the wallet, at times two of its scripts.
    pub(super) fn incoming(&mut self, height: u32) -> Option<Draft> {
        let mut draft = Draft::spending(vec![self.strangers_coin(height)?]);
        let payees = if self.rng.percent(15) { 2 } else { 1 };
        for _ in 0..payees {
            let payee = self.receive_anywhere();
            draft = draft.pay_part(payee, &mut self.rng);
        }
        let rest = self.stranger();
        draft.pay_rest(rest, &mut self.rng)
    }

    /// The wallet pays somebody, or itself, and has change; now and then it spends everything without.
    pub(super) fn own_spend(&mut self, height: u32, from_pool: bool) -> Option<Draft> {
        let spends = self.own_coins(height, from_pool);
        if spends.is_empty() {
            return None;
        }
        self.spend(Draft::spending(spends))
    }

    fn spend(&mut self, mut draft: Draft) -> Option<Draft> {
        let payee = if self.rng.percent(20) { self.receive_anywhere() } else { self.stranger() };
        if self.rng.percent(15) || draft.left() < 4 * LEAST {
            return draft.pay_rest(payee, &mut self.rng);
        }
        draft = draft.pay_part(payee, &mut self.rng);
        let change = self.change();
        draft.pay_rest(change, &mut self.rng)
    }

    /// Strangers pay each other; now and then they say something that is nobody's.
    fn business(&mut self, height: u32) -> Option<Draft> {
        let mut draft = Draft::spending(vec![self.strangers_coin(height)?]);
        for _ in 0..self.rng.below(3) {
            let payee = self.stranger();
            draft = draft.pay_part(payee, &mut self.rng);
        }
        if self.rng.percent(30) {
            draft = draft.burn(0, &self.rng.bytes32());
        }
        let rest = self.stranger();
        draft.pay_rest(rest, &mut self.rng)
    }

    /// Payments of which each spends an output of the one before, in one block.
    fn chain_of_payments(&mut self, height: u32, block: &mut Vec<Spending>) {
        let first = self.incoming(height);
        let mut last = self.put(first, height, block);
        for _ in 1..self.rng.between(2, LONGEST_CHAIN) {
            let Some(draft) = last.and_then(|txid| self.onward(txid)) else { return };
            last = self.put(Some(draft), height, block);
        }
    }

    /// Whoever got coins by a transaction spends one of them.
    pub(super) fn onward(&mut self, txid: Txid) -> Option<Draft> {
        let makes = &self.truth.entry(&txid)?.makes;
        let mut coins = makes.iter().map(|(vout, coin)| (OutPoint { txid, vout: *vout }, coin.clone()));
        let (out_point, coin) = coins.find(|(at, _)| self.truth.coin(at).is_some())?;
        let from_wallet = coin.owner.is_some();
        let draft = Draft::spending(vec![(out_point, coin)]);
        if from_wallet {
            return self.spend(draft);
        }
        let (payee, rest): (Payee, Payee) = (self.receive_anywhere(), self.stranger());
        let draft = draft.pay_part(payee, &mut self.rng);
        draft.pay_rest(rest, &mut self.rng)
    }
}
