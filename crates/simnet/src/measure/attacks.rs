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
    /// Whether it says that lists and quorums are proven.
    pub proven: bool,
    /// How many peers were banned.
    pub bans: usize,
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
        if !outcome.synced || !outcome.proven {
            return Err(wrong(&world, "the honest chain is not proven"));
        }
        let liar = world.address(liar(seed)).to_owned();
        if let Some((address, reason)) = world.bans().iter().find(|(address, _)| *address != liar) {
            let what = format!("banned {address}, which is honest: {reason}");
            return Err(wrong(&world, &what));
        }
    }
    Ok(outcome)
}

/// Runs a lie against a client without the checks that stop it, and says what the client then believes; none if it
/// stays unmoved. `usual` are what came of the same runs with all checks.
///
/// # Errors
/// When a run does not come to an end.
pub fn believed(seed: u64, lie: Lie, usual: [&Outcome; 2]) -> Result<Option<String>, Failure> {
    let _off: Vec<Off> = lie.checks().iter().map(|check| Off::check(*check)).collect();
    for (liars, usual) in [Liars::All, Liars::One].into_iter().zip(usual) {
        let (_, outcome) = run(seed, lie, liars)?;
        if let Some(first) = outcome.false_reports.first() {
            return Ok(Some(first.clone()));
        }
        if liars == Liars::One && !outcome.synced {
            return Ok(Some("the client left the honest chain".to_owned()));
        }
        if outcome.proven && !usual.proven {
            return Ok(Some("it counts as proven".to_owned()));
        }
        if outcome.bans < usual.bans {
            return Ok(Some("nobody is blamed".to_owned()));
        }
    }
    Ok(None)
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
    let (synced, bans) = (world.is_synced(), world.bans().len());
    Ok((world, Outcome { false_reports, synced, proven, bans }))
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
