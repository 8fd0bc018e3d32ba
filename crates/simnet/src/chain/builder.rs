//! How a chain is asked for, and the chains that tests of one process share.

use super::{Contents, EPOCH, SimChain, mining};
use crate::masternodes::MasternodePlan;
use crate::masternodes::ledger::Ledger;
use dash_protocol::{NetworkKind, NetworkParams};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Builds a [`SimChain`].
#[derive(Clone, Debug)]
pub struct ChainBuilder {
    params: Arc<NetworkParams>,
    seed: u64,
    height: u32,
    ends_at: u32,
    masternodes: Option<MasternodePlan>,
    bodies: bool,
}

impl ChainBuilder {
    /// A chain of these rules; seed 0, 100 blocks, ending at [`EPOCH`].
    ///
    /// # Panics
    /// For mainnet and testnet, whose proof of work cannot be simulated.
    pub fn new(params: Arc<NetworkParams>) -> Self {
        let simulated = matches!(params.kind, NetworkKind::Devnet | NetworkKind::Regtest);
        assert!(simulated, "only regtest and devnets are cheap enough to mine");
        Self { params, seed: 0, height: 100, ends_at: EPOCH, masternodes: None, bodies: false }
    }

    /// Chains of different seeds share nothing but their first blocks, which the network fixes.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Height of the tip.
    pub fn height(mut self, height: u32) -> Self {
        self.height = height;
        self
    }

    /// No header is later than this, in seconds since 1970; on regtest the tip is at most minutes earlier, on a
    /// devnet some per cent of the chain's span.
    pub fn ends_at(mut self, unix_secs: u32) -> Self {
        self.ends_at = unix_secs;
        self
    }

    /// Gives it masternodes, as far as the network's rules allow for them at its heights. Without, its merkle roots are
    /// chance.
    pub fn masternodes(mut self, plan: MasternodePlan) -> Self {
        self.masternodes = Some(plan);
        self
    }

    /// Gives its blocks transactions that can be asked for, and filters; without more ado, a coinbase each. Without,
    /// nobody knows what its merkle roots are of.
    pub fn bodies(mut self) -> Self {
        self.bodies = true;
        self
    }

    /// Mines it.
    ///
    /// # Panics
    /// When so many blocks do not fit between genesis and the end.
    pub fn build(self) -> SimChain {
        self.build_with(|_| Contents::default())
    }

    /// Mines it; each block after those that the network fixes holds what is said of the chain below it.
    ///
    /// # Panics
    /// When so many blocks do not fit between genesis and the end.
    pub fn build_with(self, mut contents: impl FnMut(&SimChain) -> Contents) -> SimChain {
        let ledger = self.masternodes.map(|plan| Ledger::new(plan, self.seed));
        let mut chain = SimChain::genesis(Arc::clone(&self.params), self.seed, ledger, self.bodies);
        let times = mining::History::new(&self.params, self.height, self.ends_at);
        while chain.height() < self.height {
            let time = times.next(&mut chain);
            let contents = contents(&chain);
            chain.push_mined(time, contents);
        }
        chain
    }
}

impl SimChain {
    /// A chain of `height` blocks that ends at [`EPOCH`].
    pub fn build(params: Arc<NetworkParams>, seed: u64, height: u32) -> Self {
        ChainBuilder::new(params).seed(seed).height(height).build()
    }

    /// [`SimChain::build`], mined once in a process for each network, seed and height: tests share chains, since mining
    /// is what costs.
    pub fn shared(params: &Arc<NetworkParams>, seed: u64, height: u32) -> Arc<Self> {
        Self::cached(params, seed, height, None)
    }

    /// [`SimChain::shared`] with masternodes.
    pub fn shared_with(
        params: &Arc<NetworkParams>,
        seed: u64,
        height: u32,
        plan: &MasternodePlan,
    ) -> Arc<Self> {
        Self::cached(params, seed, height, Some(plan))
    }

    fn cached(
        params: &Arc<NetworkParams>,
        seed: u64,
        height: u32,
        plan: Option<&MasternodePlan>,
    ) -> Arc<Self> {
        type Key = (String, u64, u32, Option<MasternodePlan>);
        type Cache = Mutex<BTreeMap<Key, Arc<OnceLock<Arc<SimChain>>>>>;
        static CACHE: OnceLock<Cache> = OnceLock::new();
        // A plain chain does not depend on the rules of masternodes.
        let rules =
            plan.map(|_| format!("{:?} {:?} {:?}", params.activation, params.llmqs, params.llmq_types));
        let rules =
            format!("{} {} {}", params.name, params.minimum_difficulty_blocks, rules.unwrap_or_default());
        let slot = {
            let mut cache = CACHE.get_or_init(Cache::default).lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cache.entry((rules, seed, height, plan.cloned())).or_default())
        };
        let build = || {
            let mut builder = ChainBuilder::new(Arc::clone(params)).seed(seed).height(height);
            builder.masternodes = plan.cloned();
            Arc::new(builder.build())
        };
        Arc::clone(slot.get_or_init(build))
    }
}
