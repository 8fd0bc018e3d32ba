//! What the client tells: announcements are followed up, transactions are handed on, and nothing is told back.

use super::*;
use crate::wallet::{WalletPlan, WalletScenario};
use dash_protocol::{Inventory, InventoryKind, Transaction};

fn listener() -> (Listener, Transaction) {
    let (chain, mut scenario) = WalletScenario::shared(&WalletPlan::new(regtest(), 2, 400));
    let own = scenario.draft(&chain).unwrap();
    let mut listener = Listener::on(chain, Profile::honest());
    listener.relay = true;
    listener.shake_hands();
    listener.wait(500);
    (listener, own)
}

fn name(transaction: &Transaction) -> Inventory {
    Inventory { kind: InventoryKind::Transaction, hash: transaction.txid().to_bytes() }
}

impl Listener {
    fn asked_for(&self) -> Vec<Inventory> {
        let messages = self.messages().into_iter().flatten();
        messages
            .filter_map(|message| match message {
                Message::GetData(names) => Some(names),
                _ => None,
            })
            .flatten()
            .collect()
    }

    fn told_of(&self, name: &Inventory) -> bool {
        let told = |message: &Message| matches!(message, Message::Inv(names) if names.contains(name));
        self.messages().iter().flatten().any(told)
    }
}

#[test]
fn an_announced_transaction_is_asked_for_after_two_seconds_and_handed_on() {
    let (mut peer, own) = listener();
    peer.say(Message::Inv(vec![name(&own)]));
    peer.say(Message::Inv(vec![name(&own)]));
    peer.wait(1_900);
    assert!(peer.asked_for().is_empty());
    peer.wait(500);
    assert_eq!(peer.asked_for(), [name(&own)]);
    assert!(peer.peer.submitted().is_empty());
    peer.say(Message::Tx(own.clone()));
    assert_eq!(peer.peer.submitted(), [own]);
    assert!(peer.peer.submitted().is_empty(), "each is handed on once");
}

#[test]
fn what_the_client_sent_is_told_to_others_and_not_to_itself() {
    let (mut peer, own) = listener();
    let (mut other, _) = listener();
    // Unasked, as nodes take it.
    peer.say(Message::Tx(own.clone()));
    for transaction in peer.peer.submitted() {
        let txid = peer.pool.accept(transaction, &peer.chain).unwrap();
        assert_eq!(txid, own.txid());
    }
    other.pool = peer.pool.clone();
    for peer in [&mut peer, &mut other] {
        peer.announce();
        peer.wait(10_000);
    }
    assert!(other.told_of(&name(&own)) && !peer.told_of(&name(&own)));
    other.say(Message::GetData(vec![name(&own)]));
    other.wait(500);
    assert!(other.messages().contains(&Ok(Message::Tx(own))));
}

#[test]
fn a_payment_that_is_locked_later_is_told_by_its_lock_alone() {
    let (mut peer, own) = listener();
    let txid = peer.pool.accept(own.clone(), &peer.chain).unwrap();
    peer.announce();
    peer.wait(10_000);
    let lock = dash_protocol::InstantLock {
        version: 1,
        inputs: own.inputs.iter().map(|input| input.previous).collect(),
        txid,
        cycle_hash: BlockHash::ZERO,
        signature: dash_protocol::BlsSignature::from_bytes([7; 96]),
    };
    assert!(peer.pool.lock_payment(&txid, lock.clone()) && !peer.pool.lock_payment(&txid, lock.clone()));
    let before = peer.heard.len();
    peer.announce();
    peer.wait(10_000);
    let lock = Inventory { kind: InventoryKind::InstantSendLock, hash: lock.hash() };
    let told: Vec<_> = peer.messages().split_off(before).into_iter().flatten().collect();
    assert!(told.contains(&Message::Inv(vec![lock])));
    let again = |message: &Message| matches!(message, Message::Inv(names) if names.contains(&name(&own)));
    assert!(!told.iter().any(again));
}

#[test]
fn a_flood_of_announcements_is_followed_up_to_a_bound() {
    let (mut peer, _) = listener();
    let names = (0..1_000_u32).map(|number| {
        let mut hash = [1; 32];
        hash[..4].copy_from_slice(&number.to_le_bytes());
        Inventory { kind: InventoryKind::Transaction, hash }
    });
    peer.say(Message::Inv(names.collect()));
    peer.wait(5_000);
    assert_eq!(peer.asked_for().len(), 100);
}
