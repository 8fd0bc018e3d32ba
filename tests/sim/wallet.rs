//! What a wallet's watches have, against the ledger of a scenario.

use dash_spv_wasm::api::PhaseStatus;
use simnet::wallet::WalletPlan;
use simnet::world::{World, regtest};

/// Virtual time until a wallet is complete.
pub const LIMIT_MS: u64 = 30 * 60 * 1000;

fn plan(seed: u64, height: u32) -> WalletPlan {
    WalletPlan::new(regtest(), seed, height)
}

#[test]
fn a_wallet_watched_from_the_start_has_what_the_ledger_has() {
    for seed in 0..2 {
        let mut world = World::builder(seed).wallet(plan(1, 600)).build();
        let watches = world.watch_wallet(None).unwrap();
        world.run_until_synced(LIMIT_MS).unwrap();
        assert_eq!(world.state().phases.blocks.status, PhaseStatus::Done);
        let differences = world.wallet_differences(&watches).unwrap();
        assert!(differences.is_empty(), "seed {seed}: {}", differences.join("\n"));
    }
}
