//! Each lie about masternodes, quorums and locks, told by one of three peers and by all of them.
//!
//! With all checks on nothing false may come of it, and where an honest peer is there the client gets to the honest tip
//! and proves its lists. With the checks of a lie off ([`Lie::checks`]) the lie has to succeed: else the check is not
//! what stops it, and something else is wrong.

use crate::peer::{Lie, Profile};
use crate::world::{Failure, World};
use dash_spv_wasm::api::{PhaseStatus, Reply};
use dash_spv_wasm::checks::Off;
use dash_spv_wasm::engine::Command;

/// Peers of a world.
const PEERS: usize = 3;
/// Virtual time until the client has proven what it can where an honest peer is there.
const LIMIT_MS: u64 = 20 * 60 * 1_000;
/// Virtual time for lies to take effect.
const WHILE_MS: u64 = 40_000;

/// Who lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liars {
    /// One of three.
    One,
    /// All three.
    All,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the client reports and is false, or leaves out of what it calls proven.
    pub false_reports: Vec<String>,
    /// Whether it is at the honest tip.
    pub synced: bool,
    /// Whether its chain is another one than the honest one.
    pub strayed: bool,
    /// Whether it says that lists and quorums are proven.
    pub proven: bool,
    /// How many liars were banned.
    pub bans: usize,
    /// Honest peers that were banned, with the reasons.
    pub innocent: Vec<(String, String)>,
    /// The height up to which it counts blocks as locked.
    pub locked: u32,
}

/// Runs a lie against a client with all its checks.
///
/// # Errors
/// When the lie had any effect; the text says which.
pub fn refused(seed: u64, lie: Lie, liars: Liars) -> Result<Outcome, String> {
    let (world, outcome) = run(seed, lie, liars).map_err(|failure| format!("{lie}: {failure}"))?;
    let wrong = |world: &World, what: &str| format!("{lie} by {liars:?}: {}", world.failure(what));
    if !outcome.false_reports.is_empty() {
        return Err(wrong(&world, &outcome.false_reports.join("; ")));
    }
    if liars == Liars::One {
        // What a miner made up cannot be proven by anybody.
        if !outcome.synced || (!outcome.proven && lie != Lie::LockUnprovenQuorum) {
            return Err(wrong(&world, "the honest chain is not proven"));
        }
        if let Some((address, reason)) = outcome.innocent.first() {
            return Err(wrong(&world, &format!("banned {address}, which is honest: {reason}")));
        }
    }
    Ok(outcome)
}

/// Runs a lie against a client without the checks that stop it, and says what the client then believes. `usual` is what
/// came of the same runs, by all peers and by one, with all checks.
///
/// # Errors
/// When the client stays unmoved; the text says how it went.
pub fn believed(seed: u64, lie: Lie, usual: [&Outcome; 2]) -> Result<String, String> {
    let _off: Vec<Off> = lie.checks().iter().map(|check| Off::check(*check)).collect();
    let mut unmoved = String::new();
    for (liars, usual) in [Liars::All, Liars::One].into_iter().zip(usual) {
        let (world, outcome) = run(seed, lie, liars).map_err(|failure| format!("{lie}: {failure}"))?;
        if let Some(how) = outcome.differs(usual, liars) {
            return Ok(how);
        }
        unmoved = world
            .failure(&format!("{lie} by {liars:?} is stopped by something else: {outcome:?}"))
            .to_string();
    }
    Err(unmoved)
}

impl Outcome {
    /// What a client believes here that it does not believe with all its checks.
    fn differs(&self, usual: &Self, liars: Liars) -> Option<String> {
        if let Some(first) = self.false_reports.first() {
            return Some(first.clone());
        }
        if liars == Liars::One && self.strayed {
            return Some("it left the honest chain".to_owned());
        }
        if let Some((_, reason)) = self.innocent.first() {
            return Some(format!("honest peers are banned: {reason}"));
        }
        if liars == Liars::One && self.locked + 1 < usual.locked {
            return Some("true locks are hidden".to_owned());
        }
        if usual.proven && !self.proven {
            return Some("the truth can no longer be proven".to_owned());
        }
        if self.proven && !usual.proven {
            return Some("it counts as proven".to_owned());
        }
        (self.bans < usual.bans).then(|| "nobody is blamed for it".to_owned())
    }
}

fn liar(seed: u64) -> usize {
    (seed % PEERS as u64) as usize
}

fn run(seed: u64, lie: Lie, liars: Liars) -> Result<(World, Outcome), Failure> {
    let mut builder = World::builder(seed);
    for peer in 0..PEERS {
        let lies = liars == Liars::All || peer == liar(seed);
        builder = builder.peer(if lies { Profile::liar(lie) } else { Profile::honest() });
    }
    let mut world = builder.build();
    if liars == Liars::One {
        // Whether it came to that is looked at in the end, also where checks are off.
        let _ = world.run_until(is_proven, LIMIT_MS);
    }
    world.run_for(WHILE_MS);
    world.mine(1);
    world.run_for(WHILE_MS);
    let mut false_reports = world.falsehoods()?;
    let proven = is_listed(&world);
    if proven {
        false_reports.extend(hidden(&mut world)?);
    }
    let is_liar = |address: &str| {
        (0..PEERS).any(|peer| world.address(peer) == address && (liars == Liars::All || peer == liar(seed)))
    };
    let (banned, innocent): (Vec<_>, Vec<_>) =
        world.bans().iter().cloned().partition(|(address, _)| is_liar(address));
    let strayed =
        world.store().meta().is_some_and(|meta| world.chain().height_of(&meta.main.tip_hash).is_none());
    let locked = world.try_state().and_then(|state| state.chainlocked.as_ref()).map_or(0, |tip| tip.height);
    let (synced, bans) = (world.is_synced(), banned.len());
    Ok((world, Outcome { false_reports, synced, strayed, proven, bans, innocent, locked }))
}

fn is_listed(world: &World) -> bool {
    world.try_state().is_some_and(|state| state.phases.masternodes.status == PhaseStatus::Done)
}

fn is_proven(world: &World) -> bool {
    world.is_synced() && is_listed(world)
}

/// Quorums of the tip that the client does not tell of.
fn hidden(world: &mut World) -> Result<Vec<String>, Failure> {
    let Ok(Reply::Quorums(told)) = world.ask(Command::Quorums)? else { return Ok(Vec::new()) };
    let Some(facts) = world.chain().facts() else { return Ok(Vec::new()) };
    let missing = facts.quorums.iter().filter(|fact| {
        let name = fact.quorum_hash.to_string();
        // What was mined just now may be told a little later.
        fact.mined_height + 2 < facts.height
            && !told.iter().any(|quorum| quorum.llmq_type == fact.llmq_type.0 && quorum.hash == name)
    });
    Ok(missing
        .map(|fact| format!("quorum {} of type {} is not told", fact.quorum_hash, fact.llmq_type.0))
        .collect())
}
