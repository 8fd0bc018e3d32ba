//! What a test does to a world: blocks, reorganisations, failures, reloads.

use super::queue::Happening;
use super::{Failure, Link, Report, World};
use crate::masternodes::BogusCommitment;
use crate::peer::{Payment, Profile};
use dash_protocol::Txid;
use dash_spv_wasm::engine::{ConnId, Engine, Input};
use dash_spv_wasm::store::StoreError;
use std::sync::Arc;

impl World {
    /// Mines blocks on the honest chain; its peers hear of them within half a second, and tell the client. On a chain
    /// with masternodes the lock of the best block follows within three seconds, unless locking is off.
    pub fn mine(&mut self, blocks: u32) {
        let now = self.unix_secs();
        let chain = Arc::make_mut(&mut self.chain);
        match &mut self.wallet {
            Some(wallet) => wallet.mine(chain, Arc::make_mut(&mut self.pool), blocks, now),
            None => chain.mine(blocks, now),
        }
        self.spread();
    }

    /// Replaces the last `depth` blocks of the honest chain by `blocks` others, be they fewer. Masternodes lock a height
    /// once: what is to be replaced must have been mined while locking was off. In a world with a wallet at most twelve
    /// blocks are undone, and none that is locked.
    pub fn reorg(&mut self, depth: u32, blocks: u32) {
        let now = self.unix_secs();
        let chain = Arc::make_mut(&mut self.chain);
        match &mut self.wallet {
            Some(wallet) => {
                wallet.reorganize(chain, Arc::make_mut(&mut self.pool), depth, blocks, now);
            }
            None => chain.reorganize(depth, blocks, now),
        }
        self.spread();
    }

    fn spread(&mut self) {
        if self.wallet.is_some() {
            // What was mined waits no longer, and what was undone does again.
            self.spread_pool();
        }
        self.hashes.learn(Arc::clone(&self.chain));
        for host in 0..self.hosts.len() {
            if self.hosts[host].honest_chain {
                let at = self.now_ms + self.rng.between(0, 500);
                self.queue.push(at, Happening::Heard { host });
                if self.chain.plan().is_some() {
                    let later = at + self.rng.between(300, 2_500);
                    self.queue.push(later, Happening::Locked { host });
                }
            }
        }
    }

    /// Whether the masternodes lock blocks that are mined from now on.
    pub fn set_locking(&mut self, on: bool) {
        Arc::make_mut(&mut self.chain).set_locking(on);
    }

    /// Has a commitment to come be false, as if its miner colluded.
    pub fn plant(&mut self, commitment: BogusCommitment) {
        Arc::make_mut(&mut self.chain).plant(commitment);
    }

    /// Somebody pays, and the masternodes lock it: honest peers hear of both within half a second. Gives the
    /// transaction's name; none on a chain without quorums that lock.
    pub fn pay(&mut self) -> Option<Txid> {
        let (transaction, lock) = self.chain.instant_lock(self.rng.next_u64())?;
        self.locked_payments.insert(transaction.txid().to_string());
        Some(self.relay(Payment { transaction, lock: Some(lock) }))
    }

    /// Somebody pays, and nobody locks it.
    pub fn pay_without_lock(&mut self) -> Option<Txid> {
        let (transaction, _) = self.chain.instant_lock(self.rng.next_u64())?;
        Some(self.relay(Payment { transaction, lock: None }))
    }

    fn relay(&mut self, payment: Payment) -> Txid {
        let txid = payment.transaction.txid();
        Arc::make_mut(&mut self.pool).add(payment);
        self.spread_pool();
        txid
    }

    /// Takes a peer down, its connections with it, or up again.
    pub fn set_peer_up(&mut self, peer: usize, up: bool) {
        self.hosts[peer].up = up;
        if !up {
            self.cut("the peer went down", |link| link.host == peer);
        }
    }

    /// Changes how a peer behaves towards connections made from now on.
    pub fn set_profile(&mut self, peer: usize, profile: Profile) {
        self.hosts[peer].profile = profile;
    }

    /// Takes a bridge down, the connections through it too, or up again.
    pub fn set_bridge_up(&mut self, bridge: usize, up: bool) {
        self.bridges_up[bridge] = up;
        if !up {
            self.cut("the bridge went down", |link| link.bridge == bridge);
        }
    }

    fn cut(&mut self, reason: &str, which: impl Fn(&Link) -> bool) {
        let ends: Vec<ConnId> =
            self.links.iter().filter(|(_, link)| which(link)).map(|(conn, _)| *conn).collect();
        for conn in ends {
            // The engine may have closed it itself on hearing of another's end.
            if self.links.remove(&conn).is_some() {
                self.input(Input::Disconnected { conn, reason: reason.to_owned() });
            }
        }
    }

    /// Makes the next commits fail, one with each of these errors.
    pub fn fail_commits(&mut self, errors: impl IntoIterator<Item = StoreError>) {
        self.store_failures.extend(errors);
    }

    /// Makes the next so many computations fail as if their worker broke.
    pub fn fail_computations(&mut self, count: u32) {
        self.compute_failures += count;
    }

    /// Closes the page and opens it again: a new engine on what the store holds. Of the commits in flight a seeded
    /// number of the first ones is durable, the rest is lost.
    pub fn reload(&mut self) {
        let mut durable = true;
        for happening in self.queue.drain_in_order() {
            match happening {
                Happening::Stored { batch, .. } => {
                    durable = durable && self.rng.percent(50);
                    if durable {
                        // A failure loses the commit, which is what happens to the rest anyway.
                        durable = self.store.commit_now(&batch).is_ok();
                    }
                }
                Happening::Heard { host } => self.hosts[host].view = Arc::clone(&self.chain),
                Happening::Paid { host } => self.hosts[host].pool = Arc::clone(&self.pool),
                _ => {}
            }
        }
        self.links.clear();
        self.attempts.clear();
        self.wake_at = None;
        self.state = None;
        self.store_free_at = self.now_ms;
        self.workers_free_at_us.fill(self.now_ms * 1_000);
        self.config.seed = self.rng.next_u64();
        self.engine = Engine::new(self.config.clone());
        self.pump();
    }

    /// Lets time pass until a commit is in flight, and reloads then and there.
    ///
    /// # Errors
    /// When the client commits nothing within `limit_ms`.
    pub fn kill_during_commit(&mut self, limit_ms: u64) -> Result<Report, Failure> {
        let report = self.run_until(|world| world.commits_in_flight() > 0, limit_ms)?;
        self.reload();
        Ok(report)
    }

    /// Lets the wall clock jump, as when a user sets it.
    pub fn shift_wall_clock(&mut self, by_ms: i64) {
        self.started_unix_ms = self.started_unix_ms.saturating_add_signed(by_ms);
    }
}
