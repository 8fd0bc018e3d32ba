//! A simulated wallet and everything that happens to it: payments of every kind over thousands of blocks, and the ledger
//! of what a client that watches it should see.
//!
//! A [`WalletScenario`] owns the keys, decides what the blocks of a chain hold, and keeps the [`Truth`] while it does so.
//! It also has those who pay the wallet and are paid by it, whose coins come from the chain's coinbases: everything that
//! is spent was made in the chain. The same seed gives the same run.
//!
//! - `keys.rs`: keys, scripts, what inputs show. `watches.rs`: what is watched, and what of it is paid next.
//! - `draft.rs`: a transaction in the making. `traffic.rs`: what payments there are; `special.rs`: special transactions;
//!   `pool.rs`: payments in no block, their locks, and those that lose to a conflict; `reorg.rs`: what is undone and
//!   redone.
//! - `truth.rs`: what follows from it all.
//!
//! A scenario holds all its transactions in memory, some hundred bytes each, as its chain does.

mod draft;
mod keys;
mod pool;
mod reorg;
mod special;
mod traffic;
mod truth;
mod watches;

pub(crate) use keys::Lock;
pub use truth::{Horizon, MATURITY, TrueBalance, TrueCoin, TrueFinality, TrueRecord, Truth};
pub use watches::{GAP, Owner, Watch};

use crate::chain::{ChainBuilder, Contents, SimChain, Spending};
use crate::masternodes::MasternodePlan;
use crate::peer::Pool;
use crate::rng::Rng;
use dash_protocol::{NetworkParams, OutPoint, Transaction, TxOut, Txid};
use draft::{Draft, Payee};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use truth::{Coin, Entry};

/// The deepest reorganisation.
pub const MAX_DEPTH: u32 = 12;
/// What a block's coinbase pays.
const REWARD: i64 = 50_000_000_000;

/// What a scenario is like.
#[derive(Clone, Debug)]
pub struct WalletPlan {
    /// The network's rules.
    pub params: Arc<NetworkParams>,
    /// Of the chain and of all chance.
    pub seed: u64,
    /// How many blocks the chain begins with.
    pub height: u32,
    /// In how many of 100 blocks somebody pays.
    pub busy_percent: u32,
    /// How many of 100 payments that lose lose to one that has nothing to do with the wallet: neither filters nor blocks
    /// that it fetches for their sake show that, so that only a client which looks for what its pending transactions
    /// spend finds out.
    pub hidden_percent: u32,
    /// Masternodes of the chain, if it has any.
    pub masternodes: Option<MasternodePlan>,
}

impl WalletPlan {
    /// A chain of these rules in which every second block has payments, and nothing is lost that a wallet cannot see.
    pub fn new(params: Arc<NetworkParams>, seed: u64, height: u32) -> Self {
        Self { params, seed, height, busy_percent: 50, hidden_percent: 0, masternodes: None }
    }
}

/// A wallet and what happens to it. See the module.
#[derive(Clone, Debug)]
pub struct WalletScenario {
    rng: Rng,
    busy_percent: u32,
    hidden_percent: u32,
    watches: Vec<Watch>,
    truth: Truth,
    /// Coins of strangers; some of them may be spent already.
    purse: Vec<OutPoint>,
    /// Who is paid by the coinbase of the block that is being mined, by output.
    reward: Option<(u32, Vec<(u32, Coin)>)>,
    /// Whom undone coinbases paid in branches: the next ones pay them again, since what was paid after might be found
    /// for their sake alone.
    owed: VecDeque<Payee>,
    /// Transactions that lost to a conflict since the pool was told.
    lost: Vec<Txid>,
    /// Transactions that were in a block that was undone.
    once_mined: BTreeSet<Txid>,
    /// Those that won against one of them: always mined again. While neither of two is mined that both were once, it
    /// would depend on what a client saw which of them it counts.
    winners: BTreeSet<Txid>,
    /// Spends of the wallet that nobody knows of yet.
    drafts: BTreeMap<Txid, Entry>,
}

impl WalletScenario {
    /// A chain, and what happened to the wallet in it.
    pub fn build(plan: &WalletPlan) -> (SimChain, Self) {
        let mut rng = Rng::split(plan.seed, 21);
        let mut scenario = Self {
            watches: Watch::all(&plan.params, &mut rng),
            rng,
            busy_percent: plan.busy_percent,
            hidden_percent: plan.hidden_percent,
            truth: Truth::default(),
            purse: Vec::new(),
            reward: None,
            owed: VecDeque::new(),
            lost: Vec::new(),
            once_mined: BTreeSet::new(),
            winners: BTreeSet::new(),
            drafts: BTreeMap::new(),
        };
        let mut builder =
            ChainBuilder::new(Arc::clone(&plan.params)).seed(plan.seed).height(plan.height).bodies();
        if let Some(masternodes) = &plan.masternodes {
            builder = builder.masternodes(masternodes.clone());
        }
        let chain = builder.build_with(|below| scenario.next_block(below));
        scenario.settle(&chain);
        (chain, scenario)
    }

    /// [`WalletScenario::build`], once in a process for each plan: tests share chains, since mining is what costs.
    pub fn shared(plan: &WalletPlan) -> (Arc<SimChain>, Self) {
        type Slot = Arc<OnceLock<(Arc<SimChain>, WalletScenario)>>;
        static CACHE: OnceLock<Mutex<BTreeMap<String, Slot>>> = OnceLock::new();
        let slot = {
            let mut cache = CACHE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cache.entry(format!("{plan:?}")).or_default())
        };
        let build = || {
            let (chain, scenario) = Self::build(plan);
            (Arc::new(chain), scenario)
        };
        slot.get_or_init(build).clone()
    }

    /// What the client is to watch. Their places are the scopes of the truth.
    pub fn watches(&self) -> &[Watch] {
        &self.watches
    }

    /// The ledger.
    pub fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Up to where a client sees that follows this chain.
    pub fn horizon(chain: &SimChain) -> Horizon {
        let locked = chain.best_chainlock().and_then(|lock| u32::try_from(lock.height).ok());
        Horizon { tip: chain.height(), locked }
    }

    /// Mines blocks with whatever happens in them, payments of the pool among it.
    pub fn mine(&mut self, chain: &mut SimChain, pool: &mut Pool, blocks: u32, now: u32) {
        for _ in 0..blocks {
            let contents = self.next_block(chain);
            self.finish_block(contents, chain, pool, now);
        }
    }

    fn finish_block(&mut self, contents: Contents, chain: &mut SimChain, pool: &mut Pool, now: u32) {
        let mined: Vec<Txid> = contents.transactions.iter().map(|one| one.transaction.txid()).collect();
        chain.mine_block(contents, now);
        self.settle(chain);
        mined.iter().for_each(|txid| pool.set_mined(txid, true));
        self.lost.drain(..).for_each(|txid| pool.remove(&txid));
    }

    /// What the block on top of a chain holds.
    fn next_block(&mut self, below: &SimChain) -> Contents {
        self.settle(below);
        let height = below.height() + 1;
        let mut transactions = Vec::new();
        self.mine_pool(height, &mut transactions);
        if self.rng.percent(self.busy_percent) {
            for _ in 0..self.rng.between(1, 4) {
                self.something_happens(height, &mut transactions);
            }
        }
        Contents { reward: self.next_reward(height), transactions, locked: false }
    }

    /// The coinbase's outputs: the miner's, and a masternode's, one of which is the wallet now and then.
    fn next_reward(&mut self, height: u32) -> Vec<TxOut> {
        let mut payees = [self.stranger(), self.stranger()];
        match self.rng.below(100) {
            _ if !self.owed.is_empty() => {
                payees
                    .iter_mut()
                    .zip(self.owed.drain(..self.owed.len().min(2)))
                    .for_each(|(to, owed)| *to = owed);
            }
            0..3 => payees[0] = self.receive(0),
            3..10 => payees[1] = self.receive(0),
            10..12 => payees[1] = self.receive(1),
            _ => {}
        }
        let values = [REWARD - REWARD / 4, REWARD / 4];
        let coins = values.into_iter().zip(payees).map(|(value, (lock, owner))| Coin { value, lock, owner });
        let coins: Vec<(u32, Coin)> = (0..).zip(coins).collect();
        let outputs = coins.iter().map(|(_, coin)| TxOut { value: coin.value, script: coin.lock.script() });
        let outputs = outputs.collect();
        self.reward = Some((height, coins));
        outputs
    }

    /// Notes the coinbase of the block that was mined last: only now it has a name.
    fn settle(&mut self, chain: &SimChain) {
        let Some((height, makes)) = self.reward.take() else { return };
        let body = chain.body(height).expect("the scenario's chain has bodies, and the block was just mined");
        let spending: Spending = body.transactions()[0].clone();
        let entry = Entry {
            spends: Vec::new(),
            makes,
            mentions: Vec::new(),
            number: 0,
            place: None,
            locked: false,
            blocks_only: true,
            spending,
        };
        let txid = entry.spending.transaction.txid();
        self.know(txid, entry);
        self.mined(txid, height);
    }

    /// Takes a transaction into the ledger, and strangers' coins into their purse.
    fn know(&mut self, txid: Txid, entry: Entry) {
        let strangers = entry.makes.iter().filter(|(_, coin)| coin.owner.is_none());
        self.purse.extend(strangers.map(|(vout, _)| OutPoint { txid, vout: *vout }));
        self.truth.add(txid, entry);
    }

    fn mined(&mut self, txid: Txid, height: u32) {
        self.truth.mine(txid, height);
        self.note_shown(txid, true);
    }

    /// Tells the watches which of their scripts a transaction of the chain pays, or does not pay any more.
    fn note_shown(&mut self, txid: Txid, mined: bool) {
        let Some(entry) = self.truth.entry(&txid) else { return };
        for owner in entry.makes.iter().filter_map(|(_, coin)| coin.owner) {
            self.watches[owner.watch].note(&owner, mined);
        }
    }

    /// Forgets a transaction that lost, and all that spent from it; strangers have their coins back.
    fn lose(&mut self, txid: Txid) {
        let spent: Vec<OutPoint> = [txid]
            .into_iter()
            .chain(self.truth.descendants(txid))
            .filter_map(|txid| self.truth.entry(&txid))
            .flat_map(|entry| entry.spends.iter().map(|(out_point, _)| *out_point))
            .collect();
        self.lost.extend(self.truth.drop(txid));
        self.purse.extend(
            spent.into_iter().filter(|at| self.truth.coin(at).is_some_and(|coin| coin.owner.is_none())),
        );
    }

    /// Somebody whom nobody watches.
    fn stranger(&mut self) -> Payee {
        (Lock::random(&mut self.rng), None)
    }

    /// A script of a watch, to receive with.
    fn receive(&mut self, watch: usize) -> Payee {
        let (lock, owner) = self.watches[watch].receive(watch, 0, &mut self.rng);
        (lock, Some(owner))
    }

    /// A script of any watch; the account's most of the time.
    fn receive_anywhere(&mut self) -> Payee {
        let watch = match self.rng.below(10) {
            0..5 => 0,
            5 => 1,
            6 => 2,
            _ => 3,
        };
        self.receive(watch)
    }

    /// A script for change: of the account's internal branch.
    fn change(&mut self) -> Payee {
        let (lock, owner) = self.watches[0].receive(0, 1, &mut self.rng);
        (lock, Some(owner))
    }

    /// A transaction of the wallet that nobody has heard of: for the client to broadcast. None while the wallet has
    /// nothing to spend.
    pub fn draft(&mut self, chain: &SimChain) -> Option<Transaction> {
        let draft = self.own_spend(chain.height() + 1, true)?;
        let (txid, entry) = draft.sign(&mut self.rng);
        let transaction = Transaction::clone(&entry.spending.transaction);
        self.drafts.insert(txid, entry);
        Some(transaction)
    }

    /// Notes that nodes took a transaction into their pools that [`WalletScenario::draft`] gave; says whether it was
    /// one and counts from now on.
    pub fn heard(&mut self, txid: &Txid) -> bool {
        let Some(entry) = self.drafts.remove(txid) else { return false };
        let is_free = entry.spends.iter().all(|(out_point, _)| self.truth.coin(out_point).is_some());
        if is_free {
            self.know(*txid, entry);
        }
        is_free
    }

    /// Signs a draft and knows it.
    fn publish(&mut self, draft: Draft) -> Txid {
        let (txid, entry) = draft.sign(&mut self.rng);
        self.know(txid, entry);
        txid
    }
}

#[cfg(test)]
mod tests;
