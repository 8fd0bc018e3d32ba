//! Lies about masternodes, quorums and locks.

use super::{LIMIT_MS, Liars, Outcome, among_peers, outcome};
use crate::peer::{Lie, Profile};
use crate::world::{Failure, World};
use dash_spv_wasm::api::{PhaseStatus, Reply};
use dash_spv_wasm::engine::Command;

/// Virtual time for lies to take effect.
const WHILE_MS: u64 = 40_000;

pub(super) fn run(seed: u64, lie: Lie, liars: Liars) -> Result<(World, Outcome), Failure> {
    let mut world = among_peers(World::builder(seed), [Profile::liar(lie), Profile::honest()], seed, liars);
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
    Ok(outcome(world, (seed, liars), false_reports, proven))
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
