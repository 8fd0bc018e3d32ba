//! Payments that peers relay.

use super::*;
use crate::engine::ConnId;
use crate::sync::wallet::relay::{Judged, MOST_JUDGED};
use crate::wallet::Status;

const PEER: ConnId = ConnId(1);

#[test]
fn nothing_is_fetched_while_nothing_is_watched_or_wanted() {
    let mut wallet = wallet();
    let txid = payment(1, &[MINE]).txid();
    assert!(!wallet.announced(PEER, &txid));
    watch(&mut wallet, MINE);
    assert!(wallet.announced(PEER, &txid));
    wallet.listens = false;
    assert!(!wallet.announced(PEER, &txid));
}

#[test]
fn a_payment_is_fetched_once_whether_it_concerns_the_wallet_or_not() {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let (ours, theirs) = (payment(1, &[MINE]), payment(2, &[STRANGER]));
    let mut out = Outbox::new(LogLevel::Error);
    assert!(wallet.take_relayed(&ours, 100, NOW, &mut out));
    assert!(!wallet.take_relayed(&theirs, 100, NOW, &mut out));
    assert!(!wallet.announced(PEER, &ours.txid()) && !wallet.announced(PEER, &theirs.txid()));
    assert!(!wallet.take_relayed(&ours, 100, NOW, &mut out), "it is known");
    assert!(matches!(wallet.ledger.status(&ours.txid()), Some(Status::Counts(_))));
    assert!(matches!(out.pop(), Some(Effect::Emit(Event::Tx { .. }))));
    assert!(out.is_empty());
}

#[test]
fn what_a_payment_spends_is_looked_for_so_that_a_hidden_rival_shows() {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    wallet.take_found();
    let key = [&[2][..], &[7; 32]].concat();
    let mut ours = payment(1, &[MINE]);
    let signature = [&[0x30, 0x44, 0x02, 0x20][..], &[1; 32], &[0x02, 0x20], &[1; 32], &[1]].concat();
    ours.inputs[0].script = [&[signature.len() as u8][..], &signature, &[33], &key].concat();
    wallet.take_relayed(&ours, 100, NOW, &mut Outbox::new(LogLevel::Error));
    let spent = crate::filters::clues::spent_script(&ours.inputs[0].script).unwrap();
    let found = wallet.take_found();
    assert!(found.iter().any(|(scripts, from)| *from == 101 && scripts.iter().any(|one| one[..] == spent)));
    assert_eq!(wallet.spent_in_pool(), [Script::from(spent)]);
}

#[test]
fn only_so_many_names_of_what_was_looked_at_are_kept() {
    let mut judged = Judged::default();
    let name = |number: usize| {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Txid::from_bytes(bytes)
    };
    (0..=MOST_JUDGED).for_each(|number| judged.add(name(number)));
    judged.add(name(MOST_JUDGED));
    assert!(!judged.has(&name(0)) && judged.has(&name(1)) && judged.has(&name(MOST_JUDGED)));
}

#[test]
fn a_call_that_cannot_be_understood_says_what_is_wrong_with_the_transaction() {
    let mut wallet = wallet();
    watch(&mut wallet, MINE);
    let none = send(&mut wallet, &payment(1, &[])).0.unwrap_err();
    assert_eq!(none.details.as_deref(), Some("rawTx"), "{none:?}");
    let (cut, _) = call(&mut wallet, WalletCommand::Broadcast(payment(1, &[MINE]).to_wire()[..20].to_vec()));
    assert!(cut.unwrap_err().message.contains("no transaction"));
    assert!(wallet.ledger.is_empty() && wallet.broadcasts.list().is_empty());
    assert_eq!(wallet.book.ids().len(), 1, "nothing is watched for it");
}
