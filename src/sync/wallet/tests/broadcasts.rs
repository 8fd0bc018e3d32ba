//! What becomes of transactions that are sent.

use super::*;
use crate::api::{ApiBroadcast, BroadcastStage, ErrorCode};
use crate::engine::ConnId;
use crate::sync::wallet::broadcasts::{MOST_ENDED, MOST_SENDING};

const PEERS: [ConnId; 3] = [ConnId(1), ConnId(2), ConnId(3)];

/// A wallet that watches [`MINE`] and sends a payment to it.
fn sending() -> (Wallet, Transaction) {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let payment = payment(1, &[MINE, STRANGER]);
    send(&mut wallet, &payment).0.unwrap();
    (wallet, payment)
}

/// How far the only broadcast is.
fn progress(wallet: &mut Wallet) -> ApiBroadcast {
    let Wallet { broadcasts, ledger, .. } = wallet;
    broadcasts.review(ledger);
    broadcasts.list().pop().unwrap()
}

#[test]
fn all_but_one_are_told_until_it_is_echoed_or_a_block_comes() {
    let (mut wallet, payment) = sending();
    let txid = payment.txid();
    let broadcasts = &mut wallet.broadcasts;
    broadcasts.follow(block(100).hash);
    assert_eq!(broadcasts.tell_peers(&txid, &PEERS), PEERS[..2]);
    assert!(broadcasts.tell_peers(&txid, &PEERS).is_empty(), "once");
    broadcasts.follow(block(101).hash);
    assert_eq!(broadcasts.tell_peers(&txid, &PEERS), PEERS, "those who were told may be silent");

    let (mut wallet, payment) = sending();
    let txid = payment.txid();
    wallet.broadcasts.tell_peers(&txid, &PEERS);
    wallet.broadcasts.announced(PEERS[2], &txid);
    assert_eq!(progress(&mut wallet).stage, Some(BroadcastStage::Echoed));
    assert_eq!(wallet.broadcasts.tell_peers(&txid, &PEERS), PEERS[2..]);
}

#[test]
fn the_witness_is_one_who_was_not_told_in_whatever_order_peers_come() {
    for first in PEERS {
        let (mut wallet, payment) = sending();
        let txid = payment.txid();
        assert_eq!(wallet.broadcasts.tell_peers(&txid, &[first]), [first], "better than none");
        let told = wallet.broadcasts.tell_peers(&txid, &PEERS);
        assert_eq!(told.len(), 1, "{first:?}: {told:?}");
        assert!(wallet.broadcasts.tell_peers(&txid, &PEERS).is_empty());
    }
}

#[test]
fn stages_follow_the_ledger_and_go_back_when_a_block_is_undone() {
    let (mut wallet, payment) = sending();
    assert_eq!(progress(&mut wallet).stage, None);
    connect(&mut wallet, 101, std::slice::from_ref(&payment));
    assert_eq!(progress(&mut wallet).stage, Some(BroadcastStage::Mined));
    wallet.ledger.disconnect(&wallet.book, 101, NOW.unix_ms);
    assert_eq!(progress(&mut wallet).stage, None);
    let inputs: Vec<OutPoint> = payment.inputs.iter().map(|input| input.previous).collect();
    wallet.ledger.instantlocked(&wallet.book, payment.txid(), &inputs);
    assert_eq!(progress(&mut wallet).stage, Some(BroadcastStage::InstantLocked));
    connect(&mut wallet, 101, std::slice::from_ref(&payment));
    wallet.ledger.chainlocked(&wallet.book, 101);
    assert_eq!(progress(&mut wallet).stage, Some(BroadcastStage::ChainLocked));
}

#[test]
fn one_that_loses_is_rejected_and_no_more_once_its_rival_is_undone() {
    let (mut wallet, ours) = sending();
    let rival = Transaction { lock_time: 1, ..ours.clone() };
    connect(&mut wallet, 101, std::slice::from_ref(&rival));
    let rejected = progress(&mut wallet).rejected.unwrap();
    assert_eq!(rejected.code, ErrorCode::Rejected);
    assert!(rejected.message.contains(&rival.txid().to_string()), "{}", rejected.message);
    wallet.ledger.disconnect(&wallet.book, 101, NOW.unix_ms);
    connect(&mut wallet, 101, std::slice::from_ref(&ours));
    let after = progress(&mut wallet);
    assert_eq!((after.rejected, after.stage), (None, Some(BroadcastStage::Mined)));
}

#[test]
fn what_spends_the_same_as_something_final_is_refused_at_once() {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let rival = payment(1, &[MINE]);
    connect(&mut wallet, 90, std::slice::from_ref(&rival));
    wallet.ledger.chainlocked(&wallet.book, 90);
    let refused = send(&mut wallet, &Transaction { lock_time: 1, ..rival }).0.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Rejected);
    assert!(wallet.broadcasts.list().is_empty());
}

#[test]
fn there_is_room_for_so_many_and_those_that_ended_give_way() {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let mut numbered = (0..).map(|number| Transaction { lock_time: number, ..payment(1, &[MINE]) });
    let many: Vec<Transaction> = numbered.by_ref().take(MOST_SENDING).collect();
    many.iter().for_each(|one| drop(wallet.broadcasts.add(one.clone(), None)));
    let refused = send(&mut wallet, &numbered.next().unwrap()).0.unwrap_err();
    assert_eq!(refused.code, ErrorCode::BadInput);
    assert_eq!(wallet.ledger.len(), 0, "what is refused leaves nothing behind");
    assert!(wallet.broadcasts.check_room(&many[0].txid()).is_ok(), "what is sent already");
    // None of them is in the ledger, as after a conflict with something final.
    wallet.broadcasts.review(&wallet.ledger);
    wallet.broadcasts.forget_ended();
    assert_eq!(wallet.broadcasts.list().len(), MOST_ENDED);
    assert!(wallet.broadcasts.has(&many[MOST_SENDING - 1].txid()) && !wallet.broadcasts.has(&many[0].txid()));
}

#[test]
fn a_payment_of_strangers_is_watched_for_its_own_sake_and_the_page_is_not_told() {
    let mut wallet = wallet();
    let (reply, events) = send(&mut wallet, &payment(1, &[STRANGER]));
    reply.unwrap();
    assert!(events.iter().all(|event| !matches!(event, Event::Tx { .. })), "{events:?}");
    assert_eq!((watches(&mut wallet), wallet.book.ids().len()), (0, 1));
    call(&mut wallet, WalletCommand::StopBroadcast(payment(1, &[STRANGER]).txid())).0.unwrap();
    assert_eq!((wallet.book.ids().len(), wallet.ledger.len()), (0, 0));
}

#[test]
fn what_two_broadcasts_have_watched_is_watched_until_both_ended() {
    let mut wallet = wallet();
    let both = [payment(1, &[STRANGER]), payment(2, &[STRANGER])];
    both.iter().for_each(|one| drop(send(&mut wallet, one).0.unwrap()));
    call(&mut wallet, WalletCommand::StopBroadcast(both[0].txid())).0.unwrap();
    assert_eq!(wallet.book.ids().len(), 1);
    assert_eq!(progress(&mut wallet).rejected, None, "its fate still shows");
    call(&mut wallet, WalletCommand::StopBroadcast(both[1].txid())).0.unwrap();
    assert_eq!(wallet.book.ids().len(), 0);
}

#[test]
fn what_the_page_comes_to_watch_itself_stays_when_the_broadcast_ends() {
    let mut wallet = wallet();
    let payment = payment(1, &[STRANGER]);
    send(&mut wallet, &payment).0.unwrap();
    let id = watch(&mut wallet, STRANGER);
    assert_eq!(watches(&mut wallet), 1);
    call(&mut wallet, WalletCommand::StopBroadcast(payment.txid())).0.unwrap();
    assert!(wallet.book.contains(id));
}
