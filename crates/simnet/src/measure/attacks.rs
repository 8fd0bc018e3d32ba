//! Each lie about masternodes, quorums and locks, and about filters, blocks and payments, told by one of three peers and
//! by all of them.
//!
//! With all checks on nothing false may come of it, and where an honest peer is there the client gets to the honest tip
//! and proves what it is asked for. With the checks of a lie off ([`Lie::checks`]) the lie has to succeed: else the check
//! is not what stops it, and something else is wrong.
//!
//! - `masternodes.rs`: lists, quorums and locks. `filters.rs`: what a wallet has.

mod filters;
mod masternodes;

use crate::peer::{Lie, Profile};
use crate::world::{Failure, World, WorldBuilder};
use dash_spv_wasm::checks::Off;

/// Peers of a world.
const PEERS: usize = 3;
/// Virtual time until the client has proven what it can where an honest peer is there.
const LIMIT_MS: u64 = 20 * 60 * 1_000;

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
    /// Whether it says that what the lie is about is proven up to the tip: lists and quorums, or what the wallet has.
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
            return Err(wrong(&world, "what honest peers say is not proven"));
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

/// Which peer lies where one does.
fn liar(seed: u64) -> usize {
    (seed % PEERS as u64) as usize
}

/// The world with its peers: who lies, and who does not.
fn among_peers(builder: WorldBuilder, [liar, honest]: [Profile; 2], seed: u64, liars: Liars) -> World {
    let tells = |peer| liars == Liars::All || peer == self::liar(seed);
    let profile = |peer| if tells(peer) { liar.clone() } else { honest.clone() };
    (0..PEERS).fold(builder, |builder, peer| builder.peer(profile(peer))).build()
}

fn run(seed: u64, lie: Lie, liars: Liars) -> Result<(World, Outcome), Failure> {
    if lie.needs_filters() { filters::run(seed, lie, liars) } else { masternodes::run(seed, lie, liars) }
}

/// What came of a run in which the client says something false, or does not, and proves all, or does not.
fn outcome(
    world: World,
    (seed, liars): (u64, Liars),
    false_reports: Vec<String>,
    proven: bool,
) -> (World, Outcome) {
    let is_liar = |address: &str| {
        (0..PEERS).any(|peer| world.address(peer) == address && (liars == Liars::All || peer == liar(seed)))
    };
    let (banned, innocent): (Vec<_>, Vec<_>) =
        world.bans().iter().cloned().partition(|(address, _)| is_liar(address));
    let strayed =
        world.store().meta().is_some_and(|meta| world.chain().height_of(&meta.main.tip_hash).is_none());
    let locked = world.try_state().and_then(|state| state.chainlocked.as_ref()).map_or(0, |tip| tip.height);
    let (synced, bans) = (world.is_synced(), banned.len());
    (world, Outcome { false_reports, synced, strayed, proven, bans, innocent, locked })
}
