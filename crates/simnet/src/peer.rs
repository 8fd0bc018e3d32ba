//! A peer of a simulated chain, without sockets or clock: bytes in, bytes out at given times.
//!
//! `session.rs` is one connection of a peer: handshake as Core does it, one line of the [`Profile`]'s bandwidth.
//! `serve.rs` answers requests, one at a time and each at its cost, and `filters.rs` those for filters; `news.rs`
//! announces blocks, locks and payments, those that `interest.rs` says the client wants to hear of; `relay.rs` hears of
//! the client's own; `pool.rs` keeps payments. `behaviour.rs` lists the [`Fault`]s that a client must survive, `lies.rs`
//! the [`Lie`]s that a client must not believe; `forge.rs` makes what a liar sends in place of an honest answer.
//!
//! The chain and the pool belong to the driver and are passed in as a [`View`], so that many peers share them. A peer
//! with a chain of its own, as a laggard or a checkpoint liar has, gets it from [`Profile::own_chain`].

mod behaviour;
mod filters;
mod forge;
mod interest;
mod lies;
mod news;
mod pool;
mod relay;
mod serve;
mod session;

pub use behaviour::{Fault, UnknownName};
pub(crate) use forge::locking_quorum;
pub use lies::Lie;
pub use pool::{Payment, Pool, Refusal};
pub use session::SimPeer;

use crate::chain::SimChain;
use crate::rng::Rng;
use dash_protocol::{Checkpoint, PROTOCOL_VERSION};

/// The time as a peer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock {
    /// Milliseconds of the driver's clock, real or virtual.
    pub ms: u64,
    /// Seconds since 1970.
    pub unix_secs: u32,
}

/// What a peer knows of the network.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Its blocks, masternodes and locks.
    pub chain: &'a SimChain,
    /// Payments that are in no block.
    pub pool: &'a Pool,
}

/// What a peer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// When, in milliseconds of [`Clock::ms`]. Outputs do not come in the order of their times.
    pub at: u64,
    /// What.
    pub action: Action,
}

/// What a peer does with its connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send bytes.
    Send(Vec<u8>),
    /// Close it. Whatever would follow is void.
    Close,
}

/// How a peer behaves.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Time from a request's sending to its answer's arrival besides serving it: least and most, in milliseconds.
    pub latency_ms: (u64, u64),
    /// What it takes to look a request up, in milliseconds. Requests wait for each other.
    pub cost_ms: u64,
    /// What it takes to work out a list diff, in milliseconds.
    pub list_cost_ms: u64,
    /// What it takes to work out rotation info, in milliseconds.
    pub qrinfo_cost_ms: u64,
    /// What it takes to read the filters of a range, or their headers, in milliseconds.
    pub filters_cost_ms: u64,
    /// What it takes to read a block, in milliseconds.
    pub block_cost_ms: u64,
    /// Whether it serves compact filters, as far as the chain has them: below protocol 70238 without what special
    /// transactions say.
    pub filters: bool,
    /// Whether it takes bloom filters and tells what its pool has; else it hangs up on who asks for that.
    pub bloom: bool,
    /// How many of 100 requests for list diffs and rotation info are never answered.
    pub failing_lists: u32,
    /// Bytes a millisecond.
    pub bandwidth: u64,
    /// Protocol version in its `version` message.
    pub protocol: i32,
    /// What it does wrong without lying.
    pub faults: Vec<Fault>,
    /// How it lies.
    pub lie: Option<Lie>,
}

impl Default for Profile {
    /// A well-connected honest peer: 30 to 60 ms away, 2 ms a request, 20 ms a list diff, 100 ms rotation info, 20 ms a
    /// range of filters, 4 ms a block, 4 MB/s.
    fn default() -> Self {
        Self {
            latency_ms: (30, 60),
            cost_ms: 2,
            list_cost_ms: 20,
            qrinfo_cost_ms: 100,
            filters_cost_ms: 20,
            block_cost_ms: 4,
            filters: true,
            bloom: true,
            failing_lists: 0,
            bandwidth: 4_000,
            protocol: PROTOCOL_VERSION,
            faults: Vec::new(),
            lie: None,
        }
    }
}

impl Profile {
    /// An honest peer.
    pub fn honest() -> Self {
        Self::default()
    }

    /// An honest peer that keeps no filters.
    pub fn without_filters() -> Self {
        Self { filters: false, ..Self::default() }
    }

    /// An honest peer that takes no bloom filters.
    pub fn without_bloom() -> Self {
        Self { bloom: false, ..Self::default() }
    }

    /// A peer with one fault, whose figures follow from it.
    pub fn faulty(fault: Fault) -> Self {
        Self::default().with_fault(fault)
    }

    /// A peer that lies in one way.
    pub fn liar(lie: Lie) -> Self {
        Self { lie: Some(lie), ..Self::default() }
    }

    /// Adds a fault.
    pub fn with_fault(mut self, fault: Fault) -> Self {
        match fault {
            Fault::Latency => self.latency_ms = (400, 1_500),
            Fault::Slow => self.bandwidth = 64,
            Fault::FailingLists => self.failing_lists = 50,
            Fault::OldQrInfo => self.protocol = 70_235,
            Fault::OldProtocol => self.protocol = dash_protocol::MIN_PEER_PROTOCOL_VERSION - 1,
            _ => {}
        }
        self.faults.push(fault);
        self
    }

    /// Whether the peer has this fault.
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// The chain that this peer serves in place of `honest`, if it has one of its own.
    ///
    /// `checkpoints` are those that the client knows; a checkpoint liar needs one above height 1.
    ///
    /// # Panics
    /// For a checkpoint liar without one.
    pub fn own_chain(&self, honest: &SimChain, checkpoints: &[Checkpoint], seed: u64) -> Option<SimChain> {
        let mut rng = Rng::split(seed, 77);
        let tip = honest.height();
        if self.has(Fault::Withhold) {
            return Some(honest.prefix(tip.saturating_sub(rng.between(10, 60) as u32).max(1)));
        }
        if self.has(Fault::StaleFork) {
            let depth = rng.between(10, 60).min(u64::from(tip / 2)) as u32;
            return Some(honest.fork(tip - depth, depth / 2, rng.next_u64()));
        }
        if self.lie == Some(Lie::LockedReorg) {
            // More work than the honest chain, and none of its locks above the fork.
            let mut fork = honest.prefix(tip.saturating_sub(6).max(1));
            fork.set_locking(false);
            fork.mine(tip - fork.height() + 4, honest.tip().time + 3_600);
            return Some(fork);
        }
        let lie = self.lie.filter(|lie| matches!(lie, Lie::CheckpointMismatch | Lie::CheckpointFork))?;
        let checkpoint = checkpoints
            .iter()
            .map(|checkpoint| checkpoint.height)
            .rfind(|&height| height > 2 && height <= tip)
            .expect("a checkpoint liar needs a checkpoint above height 2 to contradict");
        let (fork, above) = match lie {
            Lie::CheckpointMismatch => (checkpoint - 1, 20),
            _ => (checkpoint.saturating_sub(60).max(1), tip.saturating_sub(checkpoint) + 10),
        };
        Some(honest.fork(fork, checkpoint - fork + above, rng.next_u64()))
    }
}

#[cfg(test)]
mod tests;
