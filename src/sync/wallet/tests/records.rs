//! What is written, and read back.

use super::*;
use crate::api::BroadcastStage;
use crate::sync::wallet::records::{LEDGER, SENT, WATCHES};

/// A wallet with a watch, a mined payment, one that is being sent, and a record of the search.
fn busy() -> (Wallet, [Transaction; 2]) {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let both = [payment(1, &[MINE]), payment(2, &[MINE])];
    connect(&mut wallet, 90, &both[..1]);
    send(&mut wallet, &both[1]).0.unwrap();
    wallet.put(Table::Wallet, 7, Some(vec![1, 2, 3]), NOW);
    (wallet, both)
}

#[test]
fn a_wallet_is_the_same_after_a_restart_and_hands_on_what_is_not_its_own() {
    let (mut wallet, both) = busy();
    let (again, others) = restored(records(&mut wallet));
    assert_eq!(others, SortedMap::from([(7, vec![1, 2, 3])]));
    assert!(again.book.ids().eq(wallet.book.ids()));
    assert_eq!((&again.births, &again.keys), (&wallet.births, &wallet.keys));
    for transaction in &both {
        assert_eq!(again.ledger.status(&transaction.txid()), wallet.ledger.status(&transaction.txid()));
        assert!(again.ledger.status(&transaction.txid()).is_some());
    }
    assert_eq!(again.broadcasts.list(), wallet.broadcasts.list());
    assert!(again.unsaved.is_empty(), "nothing is to be written again");
}

#[test]
fn keys_go_on_behind_those_that_were_given_out() {
    let (mut wallet, _) = busy();
    let before = records(&mut wallet);
    let (mut again, _) = restored(before.clone());
    watch(&mut again, STRANGER);
    send(&mut again, &payment(3, &[MINE])).0.unwrap();
    let added = records(&mut again);
    assert!(added.keys().all(|key| !before.contains_key(key)), "{added:?}");
    assert_eq!(added.keys().filter(|key| (WATCHES..SENT).contains(*key)).count(), 1);
    assert_eq!(added.keys().filter(|key| (SENT..LEDGER).contains(*key)).count(), 1);
    assert_eq!(added.keys().filter(|key| **key >= LEDGER).count(), 1);
}

#[test]
fn what_ends_is_deleted() {
    let (mut wallet, both) = busy();
    let kept: Vec<u64> = records(&mut wallet).into_keys().collect();
    let id = wallet.book.ids().next().unwrap();
    call(&mut wallet, WalletCommand::StopBroadcast(both[1].txid())).0.unwrap();
    call(&mut wallet, WalletCommand::Remove(id)).0.unwrap();
    assert_eq!(records(&mut wallet).into_keys().collect::<Vec<_>>(), [7]);
    assert!(kept.iter().all(|key| wallet.unsaved.contains_key(&(Table::Wallet, *key))));
}

#[test]
fn a_damaged_watch_or_broadcast_is_dropped_and_the_rest_stays() {
    let (mut wallet, _) = busy();
    for (from, until) in [(WATCHES, SENT), (SENT, LEDGER)] {
        let mut records = records(&mut wallet);
        let damaged: Vec<u64> = records.range(from..until).map(|(key, _)| *key).collect();
        assert_eq!(damaged.len(), 1);
        records.insert(damaged[0], vec![9, 9]);
        let (again, _) = restored(records);
        assert_eq!(again.unsaved, SortedMap::from([((Table::Wallet, damaged[0]), None)]));
        assert_eq!(again.book.ids().len() + again.broadcasts.list().len(), 1);
        assert_eq!(again.ledger.len(), 2);
    }
}

#[test]
fn nothing_of_a_damaged_ledger_is_believed_and_all_is_searched_again() {
    let (mut wallet, _) = busy();
    let mut records = records(&mut wallet);
    let of_ledger: Vec<u64> = records.range(LEDGER..).map(|(key, _)| *key).collect();
    records.insert(of_ledger[0], vec![0xff]);
    let (again, others) = restored(records);
    assert!(others.is_empty(), "not even how far was searched");
    assert!(again.ledger.is_empty());
    assert!(of_ledger.iter().all(|key| again.unsaved[&(Table::Wallet, *key)].is_none()));
    assert_eq!(again.book.ids().len(), 1);
}

#[test]
fn how_far_a_broadcast_was_is_known_after_a_restart() {
    let (mut wallet, both) = busy();
    connect(&mut wallet, 95, &both[1..]);
    wallet.broadcasts.review(&wallet.ledger);
    wallet.broadcasts.tell(&mut Outbox::new(LogLevel::Error));
    let (again, _) = restored(records(&mut wallet));
    assert_eq!(again.broadcasts.list()[0].stage, Some(BroadcastStage::Mined));
}
