//! Scripts added after the fact, and blocks fed in any order.

use crate::support::{Recording, Wallet};
use dash_spv_wasm::wallet::{Ledger, Scope};
use simnet::rng::Rng;

fn shuffled<T>(mut items: Vec<T>, rng: &mut Rng) -> Vec<T> {
    for end in (1..items.len()).rev() {
        items.swap(end, rng.below(end as u64 + 1) as usize);
    }
    items
}

/// All blocks in order, with every watch there from the start.
fn reference(recording: &Recording, targets: &[dash_spv_wasm::wallet::WatchTarget]) -> Wallet {
    let mut wallet = Wallet::new(&recording.params);
    targets.iter().for_each(|what| drop(wallet.watch(what)));
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(recording, height)));
    wallet
}

#[test]
fn addresses_added_one_by_one_in_any_order_after_the_sync_give_the_same() {
    let recording = need_recording!("addresses_added_one_by_one_in_any_order_after_the_sync_give_the_same");
    let expected = reference(&recording, &recording.addresses()).answers(recording.tip());
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let mut wallet = Wallet::new(&recording.params);
        for what in shuffled(recording.addresses(), &mut rng) {
            let (_, fresh) = wallet.watch(&what);
            let heights = shuffled(Vec::from_iter(0..=recording.tip()), &mut rng);
            wallet.search(&recording, &heights, fresh);
        }
        assert_eq!(wallet.answers(recording.tip()), expected, "seed {seed}");
    }
}

#[test]
fn descriptors_added_in_any_order_and_searched_in_any_order_give_the_same() {
    let recording = need_recording!("descriptors_added_in_any_order_and_searched_in_any_order_give_the_same");
    let all = reference(&recording, &recording.descriptors());
    let expected = all.answers(recording.tip());
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let mut wallet = Wallet::new(&recording.params);
        for what in shuffled(recording.descriptors(), &mut rng) {
            let (_, fresh) = wallet.watch(&what);
            let heights = shuffled(Vec::from_iter(0..=recording.tip()), &mut rng);
            wallet.search(&recording, &heights, fresh);
        }
        assert_eq!(wallet.answers(recording.tip()), expected, "seed {seed}");
        for id in wallet.book.ids() {
            assert_eq!(wallet.book.next_address(id), all.book.next_address(id), "seed {seed}");
        }
    }
}

#[test]
fn a_gap_limit_of_one_finds_everything_that_is_used_in_order() {
    let recording = need_recording!("a_gap_limit_of_one_finds_everything_that_is_used_in_order");
    let expected = reference(&recording, &recording.descriptors()).answers(recording.tip());
    let heights = Vec::from_iter(0..=recording.tip());
    let mut wallet = Wallet::new(&recording.params);
    for what in recording.descriptors() {
        let dash_spv_wasm::wallet::WatchTarget::Descriptor { descriptor, .. } = what else { panic!() };
        // Every new script reopens blocks that were passed.
        let what = dash_spv_wasm::wallet::WatchTarget::Descriptor { descriptor, gap: Some(1) };
        let (_, fresh) = wallet.watch(&what);
        wallet.search(&recording, &heights, fresh);
    }
    assert_eq!(wallet.answers(recording.tip()), expected);
}

#[test]
fn a_wallet_is_read_back_from_its_records_at_any_moment() {
    let recording = need_recording!("a_wallet_is_read_back_from_its_records_at_any_moment");
    let expected = reference(&recording, &recording.descriptors()).answers(recording.tip());
    for seed in 0..10 {
        let mut rng = Rng::new(seed);
        let mut wallet = Wallet::new(&recording.params);
        let mut stored = std::collections::BTreeMap::new();
        recording.descriptors().iter().for_each(|what| drop(wallet.watch(what)));
        for height in shuffled(Vec::from_iter(0..=recording.tip()), &mut rng) {
            wallet.connect(&recording, height);
            if !rng.percent(2) {
                continue;
            }
            for (key, record) in wallet.ledger.take_records() {
                match record {
                    Some(record) => drop(stored.insert(key, record)),
                    None => drop(stored.remove(&key)),
                }
            }
            let mut again = Wallet::new(&recording.params);
            for id in wallet.book.ids() {
                let record = wallet.book.encode_watch(id).unwrap();
                assert_eq!(again.book.restore_watch(&record), Ok(id));
                assert_eq!(again.book.encode_watch(id), Some(record));
            }
            assert!(again.book.take_changed().is_empty());
            let records = stored.iter().map(|(key, record)| (*key, &record[..]));
            again.ledger = Ledger::restore(records).unwrap();
            assert!(again.ledger.take_records().is_empty());
            assert_eq!(again.answers(height), wallet.answers(height), "seed {seed}");
            wallet = again;
        }
        assert_eq!(wallet.answers(recording.tip()), expected, "seed {seed}");
    }
}

#[test]
fn a_removed_watch_leaves_nothing_behind() {
    let recording = need_recording!("a_removed_watch_leaves_nothing_behind");
    let addresses = recording.addresses();
    let mut wallet = reference(&recording, &addresses);
    let kept = reference(&recording, &addresses[..4]);
    for what in &addresses[4..] {
        let (id, fresh) = wallet.watch(what);
        assert!(fresh.is_empty());
        wallet.book.remove(id).unwrap();
        assert!(wallet.book.remove(id).is_err());
        wallet.ledger.forget_unwatched(&wallet.book);
    }
    assert_eq!(wallet.answers(recording.tip()), kept.answers(recording.tip()));
    let ids: Vec<_> = wallet.book.ids().collect();
    ids.into_iter().for_each(|id| wallet.book.remove(id).unwrap());
    wallet.ledger.forget_unwatched(&wallet.book);
    assert!(wallet.ledger.is_empty() && wallet.book.is_empty());
    assert_eq!(wallet.ledger.balance(&wallet.book, Scope::All, recording.tip()).total(), 0);
}
