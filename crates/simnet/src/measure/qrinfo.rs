//! How long it takes to prove the quorums of a network with a history: virtual time from the beginning of the
//! masternode phase until it is done.
//!
//! The network is a devnet, whose rotated quorums come every 48 blocks and the others every 24, so that lists are wanted
//! between those that rotation info brings, as on mainnet.
//!
//! Peers serve one request after the other, each at its cost, so that asking several at once gains what there is to
//! gain and no more. Both ways of asking make the same requests.

use crate::masternodes::MasternodePlan;
use crate::peer::{Fault, Profile};
use crate::world::{Failure, World, devnet};
use dash_spv_wasm::api::{Event, LogValue, Phase, PhaseStatus, Reply};
use dash_spv_wasm::engine::{Command, QrInfoConfig, QrInfoMode};
use std::collections::BTreeSet;

/// What a worker computes, in the simulation's unit: a commitment's two signatures take 6 ms.
const HASHES_PER_SECOND: u64 = 80_000;
/// Virtual time that a run may take.
const LIMIT_MS: u64 = 60 * 60 * 1_000;

/// The network.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    /// From a request to its answer besides serving it, in milliseconds.
    pub latency_ms: u64,
    /// What a list diff costs a peer, in milliseconds.
    pub list_cost_ms: u64,
    /// What rotation info costs a peer, in milliseconds.
    pub qrinfo_cost_ms: u64,
    /// Peers.
    pub peers: usize,
    /// Cycles before the newest one whose quorums are proven, too.
    pub history: u32,
    /// Height of the chain.
    pub height: u32,
    /// Workers that check signatures.
    pub workers: usize,
}

impl Default for Setup {
    /// Three peers 100 ms away, 5 ms a list diff, 20 ms rotation info, 20 cycles of history, 8 workers.
    fn default() -> Self {
        Self {
            latency_ms: 100,
            list_cost_ms: 5,
            qrinfo_cost_ms: 20,
            peers: 3,
            history: 20,
            height: 1_280,
            workers: 8,
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Run {
    /// From the beginning of the masternode phase until it was done, in virtual milliseconds.
    pub ms: u64,
    /// How many requests for rotation info the peers had.
    pub qrinfos: u64,
    /// How many requests for list diffs.
    pub diffs: u64,
    /// Verified quorums, by type and name.
    pub verified: BTreeSet<(u8, String)>,
    /// How often the log says that another way of asking was taken.
    pub fallbacks: usize,
    /// How often it says that the circuit breaker moved.
    pub breaker: usize,
}

/// One run. `failing`: how many of 100 requests for lists are never answered.
///
/// # Errors
/// When the client does not come to an end, or reports something false.
pub fn run(seed: u64, setup: Setup, mode: QrInfoMode, failing: u32) -> Result<Run, Failure> {
    let mut profile = Profile {
        latency_ms: (setup.latency_ms, setup.latency_ms),
        list_cost_ms: setup.list_cost_ms,
        qrinfo_cost_ms: setup.qrinfo_cost_ms,
        ..Profile::honest()
    };
    if failing > 0 {
        profile = profile.with_fault(Fault::FailingLists);
        profile.failing_lists = failing;
    }
    let mut builder = World::builder(seed)
        .masternodes(MasternodePlan::new(16))
        .params(devnet())
        .height(setup.height)
        .compute(setup.workers, HASHES_PER_SECOND)
        .config(move |config| {
            config.qrinfo = QrInfoConfig { mode, history: setup.history, ..QrInfoConfig::default() }
        });
    for _ in 0..setup.peers {
        builder = builder.peer(profile.clone());
    }
    let mut world = builder.build();
    let is_done = |world: &World| {
        world.try_state().is_some_and(|state| state.phases.masternodes.status == PhaseStatus::Done)
    };
    world.run_until(is_done, LIMIT_MS)?;
    let ended = world.now_ms();
    let began = world.events().iter().find_map(|(at, event)| match event {
        Event::Phase { transition } if transition.to == Phase::Masternodes => Some(*at),
        _ => None,
    });
    let began = began.ok_or_else(|| world.failure("the masternode phase never began"))?;
    let (qrinfos, diffs) = (world.asked("getqrinfo"), world.asked("getmnlistd"));
    let said = |what: &str| {
        let of_lists = LogValue::from("masternodes");
        let told = world.logs().iter().filter(|line| line.target == "requests" && line.message == what);
        told.filter(|line| line.fields.get("of") == Some(&of_lists)).count()
    };
    let (fallbacks, breaker) = (said("requests go another way"), said("the circuit breaker changed"));
    let verified = verified(&mut world)?;
    let found = world.falsehoods()?;
    if !found.is_empty() {
        return Err(world.failure(&found.join("; ")));
    }
    Ok(Run { ms: ended - began, qrinfos, diffs, verified, fallbacks, breaker })
}

fn verified(world: &mut World) -> Result<BTreeSet<(u8, String)>, Failure> {
    match world.ask(Command::Quorums)? {
        Ok(Reply::Quorums(quorums)) => {
            let verified = quorums.into_iter().filter(|quorum| quorum.verified);
            Ok(verified.map(|quorum| (quorum.llmq_type, quorum.hash)).collect())
        }
        _ => Err(world.failure("no quorums are told")),
    }
}

/// The middle one of some times.
///
/// # Panics
/// If there are none.
pub fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times[times.len() / 2]
}
