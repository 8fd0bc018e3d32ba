//! The recorded chain connected and disconnected at random, which is to leave what connecting it once does.

use crate::support::Wallet;
use dash_spv_wasm::wallet::Scope;
use simnet::rng::Rng;

#[test]
fn blocks_undone_and_redone_at_random_leave_what_the_last_chain_gives() {
    let recording = need_recording!("blocks_undone_and_redone_at_random_leave_what_the_last_chain_gives");
    let mut undone = 0;
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let mut wallet = Wallet::new(&recording.params);
        recording.descriptors().iter().for_each(|what| drop(wallet.watch(what)));
        let mut next = 0;
        while next <= recording.tip() {
            if next > 0 && rng.percent(8) {
                let depth = rng.between(1, 12).min(next.into()) as u32;
                next -= depth;
                let balance = wallet.ledger.balance(&wallet.book, Scope::All, next);
                let outcome = wallet.ledger.disconnect(&wallet.book, next, 1_000);
                undone += outcome.changes.len();
                // A transaction that is unconfirmed again still counts.
                let after = wallet.ledger.balance(&wallet.book, Scope::All, next);
                assert_eq!(after.total(), balance.total(), "seed {seed}");
            } else {
                wallet.connect(&recording, next);
                next += 1;
            }
        }
        assert_eq!(wallet.ledger.pool_len(), 0);
        let mut fresh = Wallet::new(&recording.params);
        recording.descriptors().iter().for_each(|what| drop(fresh.watch(what)));
        (0..=recording.tip()).for_each(|height| drop(fresh.connect(&recording, height)));
        assert_eq!(wallet.answers(recording.tip()), fresh.answers(recording.tip()), "seed {seed}");
    }
    assert!(undone > 1_000, "{undone}");
}
