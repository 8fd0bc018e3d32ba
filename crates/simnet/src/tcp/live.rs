//! A chain that many peers serve while it changes, with the payments that it does not hold yet.
//!
//! Payments come from a [`Faucet`] and from clients. What waits is mined with the next block, all of it, and goes back
//! when that block is undone. Masternodes lock payments when they are told to: [`LiveChain::lock_waiting`].
//!
//! Bounded: the pool keeps the newest payments (see [`Pool`]), and the last [`MAX_SUBMISSIONS`] fates of what clients
//! sent are remembered. Locks are taken in the order of the fields.

use super::Faucet;
use super::faucet::Dry;
use crate::chain::{Contents, SimChain, Spending};
use crate::peer::{Payment, Pool, Refusal, View};
use dash_protocol::{Command, OutPoint, Transaction, Txid};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::sync::watch;

/// How many transactions of clients are remembered.
pub const MAX_SUBMISSIONS: usize = 1_000;

/// What new blocks hold beside their coinbase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// All payments that wait.
    Payments,
    /// Nothing.
    Nothing,
}

/// What became of a transaction that a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its name.
    pub txid: Txid,
    /// Whether nodes took it.
    pub outcome: Result<(), Refusal>,
}

/// Why nobody pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotPay {
    /// There is no faucet, or nothing ripe in it.
    #[error(transparent)]
    Dry(#[from] Dry),
    /// Nodes do not take what it pays.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No quorum could lock it.
    #[error("there is no quorum that locks payments")]
    NoQuorum,
}

/// A chain that many peers serve and that may change meanwhile, with the payments that it does not hold.
#[derive(Debug)]
pub struct LiveChain {
    chain: RwLock<SimChain>,
    pool: RwLock<Pool>,
    faucet: Mutex<Option<Faucet>>,
    /// What clients sent, as often as it came.
    submissions: Mutex<VecDeque<Submission>>,
    /// Messages that its peers got, by command.
    served: Mutex<BTreeMap<String, u64>>,
    changes: watch::Sender<u64>,
}

impl LiveChain {
    /// Shares a chain on which nobody pays.
    pub fn new(chain: SimChain) -> Arc<Self> {
        Self::sharing(chain, None)
    }

    /// Shares a chain whose blocks have bodies and whose coinbases pay this faucet, as do those to come.
    pub fn with_faucet(chain: SimChain, faucet: Faucet) -> Arc<Self> {
        Self::sharing(chain, Some(faucet))
    }

    fn sharing(chain: SimChain, faucet: Option<Faucet>) -> Arc<Self> {
        Arc::new(Self {
            chain: RwLock::new(chain),
            pool: RwLock::default(),
            faucet: Mutex::new(faucet),
            submissions: Mutex::default(),
            served: Mutex::default(),
            changes: watch::Sender::new(0),
        })
    }

    /// The chain as it is. Peers wait to change it while this is held.
    pub fn read(&self) -> RwLockReadGuard<'_, SimChain> {
        self.chain.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool(&self) -> RwLockReadGuard<'_, Pool> {
        self.pool.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn pool_mut(&self) -> RwLockWriteGuard<'_, Pool> {
        self.pool.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears of every change from now on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Changes the chain; its peers announce what is new. What it holds is not this type's to know any more: for
    /// whether masternodes lock and the like.
    pub fn change(&self, change: impl FnOnce(&mut SimChain)) {
        change(&mut self.chain.write().unwrap_or_else(PoisonError::into_inner));
        self.changed();
    }

    /// Mines blocks, none later than `now` (seconds since 1970) unless median time past demands it; its peers announce
    /// them. A block with payments is locked if masternodes lock anything.
    pub fn mine(&self, blocks: u32, fill: Fill, now: u32) {
        self.reorganize(0, blocks, fill, now);
    }

    /// Replaces the last `depth` blocks by `blocks` others. The payments in them wait, or are mined again with what
    /// else waits; those that spent what is there no longer are lost.
    pub fn reorganize(&self, depth: u32, blocks: u32, fill: Fill, now: u32) {
        let mut chain = self.chain.write().unwrap_or_else(PoisonError::into_inner);
        let mut pool = self.pool_mut();
        undo(&mut chain, &mut pool, depth);
        for _ in 0..blocks {
            let transactions = match fill {
                Fill::Payments => ready(&chain, &pool),
                Fill::Nothing => Vec::new(),
            };
            let txids: Vec<Txid> = transactions.iter().map(|one| one.transaction.txid()).collect();
            let faucet = self.faucet.lock().unwrap_or_else(PoisonError::into_inner);
            let reward = faucet.as_ref().map(|faucet| faucet.reward(&chain)).unwrap_or_default();
            drop(faucet);
            chain.mine_block(Contents { reward, locked: !transactions.is_empty(), transactions }, now);
            txids.iter().for_each(|txid| pool.set_mined(txid, true));
        }
        drop((chain, pool));
        self.changed();
    }

    /// Pays a script so many duffs from the faucet; its peers announce it.
    ///
    /// # Errors
    /// [`CannotPay`].
    pub fn pay(&self, script: &[u8], duffs: i64) -> Result<Txid, CannotPay> {
        let chain = self.read();
        let transaction = self.draw(&chain, script, duffs)?;
        let txid = self.pool_mut().accept(transaction, &chain)?;
        drop(chain);
        self.changed();
        Ok(txid)
    }

    /// Has somebody pay somebody, and the masternodes lock it at once.
    ///
    /// # Errors
    /// [`CannotPay`].
    pub fn pay_locked(&self) -> Result<Txid, CannotPay> {
        let chain = self.read();
        let to = Faucet::stranger(&chain, chain.height());
        let transaction = self.draw(&chain, &to, 1_000_000)?;
        let lock = chain.lock_transaction(&transaction).ok_or(CannotPay::NoQuorum)?;
        let mut pool = self.pool_mut();
        let txid = pool.accept(transaction, &chain)?;
        pool.lock_payment(&txid, lock);
        drop((pool, chain));
        self.changed();
        Ok(txid)
    }

    fn draw(&self, chain: &SimChain, script: &[u8], duffs: i64) -> Result<Transaction, Dry> {
        let mut faucet = self.faucet.lock().unwrap_or_else(PoisonError::into_inner);
        faucet.as_mut().ok_or(Dry)?.draw(chain, script, duffs)
    }

    /// Takes a payment that a client sent, unless nodes would refuse it; its peers announce it to everybody else.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn submit(&self, transaction: Transaction) -> Result<Txid, Refusal> {
        let txid = transaction.txid();
        let chain = self.read();
        let taken = self.pool_mut().accept(transaction, &chain);
        drop(chain);
        let mut submissions = self.submissions.lock().unwrap_or_else(PoisonError::into_inner);
        if submissions.len() == MAX_SUBMISSIONS {
            submissions.pop_front();
        }
        submissions.push_back(Submission { txid, outcome: taken.map(|_| ()) });
        drop(submissions);
        if taken.is_ok() {
            self.changed();
        }
        taken
    }

    /// What clients sent so far, each transaction as often as it came.
    pub fn submissions(&self) -> Vec<Submission> {
        self.submissions.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Whether masternodes locked a payment, as far as it is remembered.
    pub fn is_payment_locked(&self, txid: &Txid) -> bool {
        self.pool().payment(txid).is_some_and(|payment| payment.lock.is_some())
    }

    /// The masternodes lock the payments that wait without a lock and spend nothing but what is in a block or locked;
    /// nothing while they lock no blocks either.
    pub fn lock_waiting(&self) {
        let chain = self.read();
        if !chain.is_locking() {
            return;
        }
        let mut pool = self.pool_mut();
        let mut any = false;
        // What spends from one that is locked now can be locked, too.
        loop {
            let open = pool.waiting().filter(|payment| payment.lock.is_none());
            let open = open.filter(|payment| spends_what_is_final(payment, &chain, &pool));
            let locks: Vec<_> = open
                .filter_map(|payment| {
                    Some((payment.transaction.txid(), chain.lock_transaction(&payment.transaction)?))
                })
                .collect();
            if locks.is_empty() {
                break;
            }
            any = true;
            for (txid, lock) in locks {
                pool.lock_payment(&txid, lock);
            }
        }
        drop((pool, chain));
        if any {
            self.changed();
        }
    }

    /// How many messages of each command its peers got.
    pub fn served(&self) -> BTreeMap<String, u64> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn count(&self, commands: Vec<Command>) {
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        for command in commands {
            *served.entry(command.to_string()).or_default() += 1;
        }
    }

    /// Lets a peer act on what there is.
    pub(super) fn show(&self, act: impl FnOnce(View<'_>)) {
        let chain = self.read();
        let pool = self.pool();
        act(View { chain: &chain, pool: &pool });
    }
}

fn spends_what_is_final(payment: &Payment, chain: &SimChain, pool: &Pool) -> bool {
    let mut inputs = payment.transaction.inputs.iter();
    inputs.all(|input| {
        let maker = &input.previous.txid;
        chain.find_transaction(maker).is_some()
            || pool.payment(maker).is_some_and(|maker| maker.lock.is_some())
    })
}

/// Takes blocks off the chain; their payments wait again, unless what they spend is gone with them.
fn undo(chain: &mut SimChain, pool: &mut Pool, depth: u32) {
    let tip = chain.height();
    let bodies = (tip.saturating_sub(depth) + 1..=tip).filter_map(|height| chain.body(height));
    let held = bodies.flat_map(|body| &body.transactions()[1..]);
    let undone: Vec<Arc<Transaction>> = held.map(|one| Arc::clone(&one.transaction)).collect();
    chain.undo(depth);
    for transaction in &undone {
        let txid = transaction.txid();
        if pool.payment(&txid).is_some() {
            pool.set_mined(&txid, false);
        } else {
            pool.add(Payment { transaction: transaction.as_ref().clone(), lock: None });
        }
    }
    if undone.is_empty() {
        return;
    }
    loop {
        let exists = |at: &OutPoint| chain.output(at).is_some() || pool.contains(&at.txid);
        let lost = pool
            .waiting()
            .map(|payment| &payment.transaction)
            .filter(|transaction| !transaction.inputs.iter().all(|input| exists(&input.previous)));
        let lost: Vec<Txid> = lost.map(Transaction::txid).collect();
        if lost.is_empty() {
            return;
        }
        lost.iter().for_each(|txid| pool.remove(txid));
    }
}

/// What of the pool can stand in the next block, each after what it spends from.
fn ready(chain: &SimChain, pool: &Pool) -> Vec<Spending> {
    let mut waiting: Vec<&Transaction> = pool.waiting().map(|payment| &payment.transaction).collect();
    let mut made: HashMap<OutPoint, &[u8]> = HashMap::new();
    let mut ready = Vec::new();
    loop {
        let before = waiting.len();
        waiting.retain(|transaction| {
            let script = |at: &OutPoint| match made.get(at) {
                Some(script) => Some(script.to_vec()),
                None => chain.output(at).map(|output| output.script.clone()),
            };
            let spent = transaction.inputs.iter().map(|input| script(&input.previous));
            let Some(spent) = spent.collect::<Option<Vec<_>>>() else { return true };
            let txid = transaction.txid();
            for (vout, output) in (0..).zip(&transaction.outputs) {
                made.insert(OutPoint { txid, vout }, &output.script);
            }
            ready.push(Spending { transaction: Arc::new((*transaction).clone()), spent });
            false
        });
        if waiting.len() == before {
            return ready;
        }
    }
}
