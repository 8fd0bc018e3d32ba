//! Lies about filters, blocks and payments: what a client says of a wallet, against the scenario's ledger.
//!
//! What is searched has to be as the ledger has it, and nothing else may count as searched: where everybody lies the
//! client may have less than there is, up to a lower height, and says so. Two exceptions: what is only `seen` is a peer's
//! word and may be made up, as long as nothing else changes for it ([`Lie::PaymentsMadeUp`]); and lies that take a witness
//! ([`Lie::needs_witness`]) hide what they leave out when all peers tell them, but make nothing up.

use super::{LIMIT_MS, Liars, Outcome, among_peers, outcome};
use crate::peer::{Fault, Lie, Profile};
use crate::wallet::{Horizon, Truth, WalletPlan};
use crate::world::{Failure, WalletView, World, regtest};
use dash_protocol::Txid;
use dash_spv_wasm::api::PhaseStatus;
use dash_spv_wasm::engine::Birthday;
use dash_spv_wasm::wallet::WatchId;

/// Virtual time for lies to take effect.
const WHILE_MS: u64 = 15_000;
/// Chains that worlds share.
const CHAINS: u64 = 4;
/// Blocks of a world: some of those with payments are lied about.
const BLOCKS: u32 = 240;
/// Blocks where it takes one that is a filter checkpoint, and deep enough to be compared as such; few have payments.
const BLOCKS_TO_CHECKPOINT: u32 = 1_015;

/// How long filters take of a peer that says more meanwhile.
const SLOW_FILTERS_MS: u64 = 4_000;

pub(super) fn run(seed: u64, lie: Lie, liars: Liars) -> Result<(World, Outcome), Failure> {
    let mut plan = WalletPlan::new(regtest(), seed % CHAINS, BLOCKS);
    if lie == Lie::FilterCheckpointForged {
        // One for all: it takes long to make.
        plan = WalletPlan { busy_percent: 5, ..WalletPlan::new(regtest(), 0, BLOCKS_TO_CHECKPOINT) };
    }
    let builder = World::builder(seed).wallet(plan);
    let mut world = among_peers(builder, peers(lie), seed, liars);
    let watches = world.watch_wallet(Some(Birthday::Genesis))?;
    if liars == Liars::One {
        // Whether it came to that is looked at in the end, also where checks are off.
        let _ = world.run_until(is_proven, LIMIT_MS);
        world.wallet_pays();
    }
    world.run_for(WHILE_MS);
    world.mine(1);
    world.run_for(WHILE_MS);
    let false_reports = falsehoods(&mut world, &watches, lie, liars)?;
    let proven = is_searched(&world);
    Ok(outcome(world, (seed, liars), false_reports, proven))
}

/// A liar and an honest peer, such that the lie comes before the truth.
fn peers(lie: Lie) -> [Profile; 2] {
    let (liar, honest) = (Profile::liar(lie), Profile::honest());
    match lie {
        // Heard first, it would be believed.
        _ if lie.needs_witness() => [liar, Profile::faulty(Fault::Latency)],
        // Unasked filters come while others are waited for.
        Lie::FiltersUnsolicited => [Profile { filters_cost_ms: SLOW_FILTERS_MS, ..liar }, honest],
        _ => [liar, honest],
    }
}

fn is_searched(world: &World) -> bool {
    world.try_state().is_some_and(|state| {
        let phases = [&state.phases.filter_headers, &state.phases.filters, &state.phases.blocks];
        phases.iter().all(|phase| phase.status == PhaseStatus::Done)
    })
}

fn is_proven(world: &World) -> bool {
    world.is_synced() && is_searched(world)
}

/// What the client says of its watches and is false, or leaves out of what it calls searched.
fn falsehoods(
    world: &mut World,
    watches: &[WatchId],
    lie: Lie,
    liars: Liars,
) -> Result<Vec<String>, Failure> {
    let mut views = world.wallet_views(watches)?;
    let (Some(state), Some(wallet)) = (world.try_state(), world.wallet()) else { return Ok(Vec::new()) };
    let truth = wallet.truth();
    if lie == Lie::PaymentsMadeUp {
        views.iter_mut().for_each(|view| view.leave_out_hearsay(|txid| place(truth, txid).is_some()));
    }
    if liars == Liars::All && lie.needs_witness() {
        return Ok(made_up(&views, truth));
    }
    // From the block after genesis on, so that their number is the last one's height.
    let searched = state.phases.filters.completed as u32;
    let horizon = Horizon { tip: state.tip.height, locked: None };
    let differences = |truth: &Truth| {
        let by_watch = views.iter().enumerate();
        by_watch.flat_map(|(scope, view)| view.differences(scope, truth, &horizon)).collect()
    };
    let is_all = searched >= world.chain().height();
    Ok(if is_all { differences(truth) } else { differences(&truth.up_to(searched)) })
}

/// Where a transaction is, if it is true: in a block of this height, or in none.
fn place(truth: &Truth, txid: &str) -> Option<Option<u32>> {
    let entry = truth.entry(&txid.parse::<Txid>().ok()?)?;
    Some(entry.place.map(|(height, _)| height))
}

/// Transactions that are told and are not where they are said to be, and coins of such.
fn made_up(views: &[WalletView], truth: &Truth) -> Vec<String> {
    let told = views.iter().flat_map(|view| {
        let history = view.history.iter();
        let records =
            history.map(|record| (&record.txid[..], record.block.as_ref().map(|block| block.height)));
        let coins =
            view.coins.iter().filter_map(|coin| Some((coin.outpoint.split(':').next()?, coin.height)));
        records.chain(coins)
    });
    told.filter(|(txid, height)| place(truth, txid) != Some(*height))
        .map(|(txid, height)| format!("transaction {txid} at {height:?} is told and not true"))
        .collect()
}
