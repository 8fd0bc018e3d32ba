//! Random wallets among peers of which one lies: what the client says of them against the scenario's ledger.
//!
//! A seed decides on everything: the wallet and its payments, who lies and how, when each watch is added, what is mined,
//! paid and undone meanwhile, and when the page is reloaded. In the end all must be as the ledger has it.

use crate::masternodes::MasternodePlan;
use crate::peer::{Lie, Profile};
use crate::rng::Rng;
use crate::wallet::{MAX_DEPTH, WalletPlan};
use crate::world::{Failure, World, regtest, regtest_with_masternodes};
use dash_spv_wasm::api::Event;
use dash_spv_wasm::engine::Birthday;
use dash_spv_wasm::wallet::WatchId;

/// Virtual time until the client has caught up.
const LIMIT_MS: u64 = 30 * 60 * 1_000;
/// Virtual time for the last announcements to arrive.
const SETTLE_MS: u64 = 20_000;
/// Blocks after which nobody is owed anything any more.
const OWED: u32 = 8;
/// Peers of a world.
const PEERS: u64 = 3;

/// What a run had.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The lie that one peer told.
    pub lie: Option<Lie>,
    /// Height of the tip in the end.
    pub height: u32,
    /// How often the page was reloaded, and how often blocks were undone.
    pub reloads: u32,
    /// Reorganisations.
    pub reorgs: u32,
    /// Transactions of the wallet in the end.
    pub transactions: usize,
    /// Virtual milliseconds in all.
    pub ms: u64,
    /// How many peers were banned.
    pub bans: usize,
}

/// One run.
///
/// # Errors
/// When the client does not catch up, or says anything else than the ledger.
pub fn run(seed: u64) -> Result<Run, Failure> {
    let mut rng = Rng::split(seed, 61);
    let mut run = Run::default();
    let mut world = world(seed, &mut rng, &mut run);
    let count = world.wallet().map_or(0, |wallet| wallet.watches().len());
    let mut watched: Vec<Option<WatchId>> = vec![None; count];
    for round in 0..rng.between(4, 12) {
        match rng.below(7) {
            0 => {
                world.run_for(rng.between(0, 4_000));
                world.reload();
                run.reloads += 1;
            }
            1 => world.mine(rng.between(1, 6) as u32),
            2 if round > 0 => {
                let depth = rng.between(1, u64::from(MAX_DEPTH)) as u32;
                world.reorg(depth, depth + rng.between(1, 2) as u32);
                run.reorgs += 1;
            }
            3 | 4 => watch_next(&mut world, &mut watched, &mut rng)?,
            5 if watched.iter().all(Option::is_some) => {
                world.wallet_pays();
            }
            _ => {
                world.run_for(rng.between(0, 8_000));
            }
        }
    }
    while watched.iter().any(Option::is_none) {
        watch_next(&mut world, &mut watched, &mut rng)?;
    }
    // What was paid while nobody watched is in nobody's memory but the network's until it is mined.
    while world.wallet().is_some_and(|wallet| !wallet.truth().pending().is_empty()) {
        world.mine(1);
    }
    // Whom undone coinbases paid the next ones pay again: before that, what was paid after them lies beyond the gap limit.
    world.mine(OWED);
    world.run_for(SETTLE_MS);
    let height = world.chain().height();
    world.run_until(|world| world.is_synced() && world.state().tip.height == height, LIMIT_MS)?;
    world.run_for(SETTLE_MS);
    let watches: Vec<WatchId> = watched.into_iter().flatten().collect();
    let differences = world.wallet_differences(&watches)?;
    if !differences.is_empty() {
        let told = timeline(&world, &differences);
        return Err(world.failure(&[differences, told].concat().join("\n")));
    }
    run.height = height;
    run.transactions =
        world.wallet().map_or(0, |wallet| wallet.truth().history(None, &world.horizon()).len());
    run.ms = world.now_ms();
    run.bans = world.bans().len();
    Ok(run)
}

/// What the client told when of the transactions that are named, and of those that conflict with them.
fn timeline(world: &World, differences: &[String]) -> Vec<String> {
    let named = |txid: &str| differences.iter().any(|line| line.contains(txid));
    let lines = world.events().iter().filter_map(|(at, event)| match event {
        Event::Tx { tx, .. } if named(&tx.txid) || tx.conflicts_with.iter().any(|other| named(other)) => {
            let height = tx.block.as_ref().map(|block| block.height);
            Some(format!("{at} ms: {} {:?} {height:?} against {:?}", tx.txid, tx.finality, tx.conflicts_with))
        }
        Event::Reorg { from, to, depth } => {
            Some(format!("{at} ms: {depth} blocks undone from {} to {}", from.height, to.height))
        }
        _ => None,
    });
    lines.collect()
}

fn world(seed: u64, rng: &mut Rng, run: &mut Run) -> World {
    let lies: Vec<Lie> = Lie::of_filters().filter(|lie| *lie != Lie::PaymentsMadeUp).collect();
    let lie = lies[rng.below(lies.len() as u64) as usize];
    run.lie = Some(lie);
    let height = rng.between(250, 700) as u32;
    // Masternodes cost much to simulate.
    let plan = if rng.percent(20) {
        WalletPlan {
            masternodes: Some(MasternodePlan::new(16)),
            ..WalletPlan::new(regtest_with_masternodes(), seed, height)
        }
    } else {
        WalletPlan::new(regtest(), seed, height)
    };
    let liar = rng.below(PEERS);
    let profile = |peer| if peer == liar { Profile::liar(lie) } else { Profile::honest() };
    let builder = World::builder(seed).wallet(plan).bridges(PEERS as usize);
    (0..PEERS).fold(builder, |builder, peer| builder.peer(profile(peer))).build()
}

/// Adds one of the watches that are not there yet.
fn watch_next(world: &mut World, watched: &mut [Option<WatchId>], rng: &mut Rng) -> Result<(), Failure> {
    let open: Vec<usize> = (0..watched.len()).filter(|watch| watched[*watch].is_none()).collect();
    if open.is_empty() {
        return Ok(());
    }
    let watch = open[rng.below(open.len() as u64) as usize];
    let birthday = rng.percent(50).then_some(Birthday::Genesis);
    watched[watch] = Some(world.watch_one(watch, birthday)?);
    Ok(())
}
