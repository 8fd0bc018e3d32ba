//! A peer of a simulated chain, without sockets or clock: bytes in, bytes out at given times.
//!
//! `session.rs` is one connection of a peer: handshake as Core does it, one request served at a time at the cost and
//! bandwidth of the [`Profile`], announcements. `behaviour.rs` lists the [`Fault`]s that a client must survive and the
//! [`Lie`]s that must get a peer banned; `forge.rs` makes what a liar sends in place of an honest answer.
//!
//! The chain belongs to the driver and is passed in, so that many peers share one. A peer with a chain of its own, as
//! a laggard or a checkpoint liar has, gets it from [`Profile::own_chain`].

mod behaviour;
mod forge;
mod session;

pub use behaviour::{Fault, Lie, UnknownName};
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
    /// A well-connected honest peer: 30 to 60 ms away, 2 ms a request, 4 MB/s.
    fn default() -> Self {
        Self {
            latency_ms: (30, 60),
            cost_ms: 2,
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
