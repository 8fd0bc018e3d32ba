//! Lies about filters, blocks and payments: that they are told, and that they are the lies they are meant to be.

use super::filters::link;
use super::*;
use crate::wallet::{WalletPlan, WalletScenario};
use dash_protocol::{Block, FilterHash, Inventory, InventoryKind, MerkleError};
use dash_spv_wasm::filters::Filter;

const HEIGHT: u32 = 1_100;

fn listener(profile: Profile) -> Listener {
    let (chain, _) = WalletScenario::shared(&WalletPlan::new(regtest(), 1, HEIGHT));
    let mut listener = Listener::on(chain, profile);
    listener.shake_hands();
    listener.wait(500);
    listener
}

/// Asks for everything that there is about some blocks.
fn hear(profile: Profile) -> Listener {
    let mut peer = listener(profile);
    peer.ask_filter_headers(1, HEIGHT);
    peer.ask_filter_checkpoints(HEIGHT);
    peer.ask_filters(500, HEIGHT);
    let names = peer.chain.hashes()[500..540].iter().map(|hash| Inventory::block(*hash)).collect();
    peer.say(Message::GetData(names));
    peer.wait(10_000);
    peer
}

/// A peer's filters of one run, as the hashes that it tells and those of what it serves, from height 500 on.
fn hashes(peer: &Listener) -> (Vec<FilterHash>, Vec<FilterHash>) {
    let told = peer.filter_headers().remove(0).filter_hashes.split_off(499);
    (told, peer.filters().iter().map(|filter| FilterHash::of(&filter.filter)).collect())
}

#[test]
fn every_lie_is_told_and_all_else_is_honest() {
    let honest = hear(Profile::honest());
    for lie in Lie::of_filters() {
        let liar = hear(Profile::liar(lie));
        assert_ne!(honest.heard, liar.heard, "{lie} is not told");
        assert!(liar.messages().iter().all(Result::is_ok), "{lie} is malformed");
        assert!(!liar.closed);
        let same = |differs: bool| !differs;
        let (is_block, is_payment) = (lie.name().starts_with("block"), lie == Lie::PaymentsMadeUp);
        assert!(same(liar.blocks() != honest.blocks()) || is_block, "{lie}");
        if is_block || is_payment {
            assert_eq!(liar.filter_headers(), honest.filter_headers(), "{lie}");
            assert_eq!(liar.filters(), honest.filters(), "{lie}");
            assert_eq!(liar.filter_checkpoints(), honest.filter_checkpoints(), "{lie}");
        }
    }
}

#[test]
fn chains_of_filter_headers_of_their_own_are_told_without_contradiction() {
    let honest = hear(Profile::honest());
    let (true_hashes, _) = hashes(&honest);
    for lie in [Lie::FilterHeadersForged, Lie::FilterOmitsOutputChained, Lie::FilterOmitsSpentChained] {
        let liar = hear(Profile::liar(lie));
        let told = liar.filter_headers().remove(0);
        assert_eq!(told.previous_header, honest.filter_headers()[0].previous_header);
        let headers = link(told.previous_header, &told.filter_hashes);
        assert_eq!(liar.filter_checkpoints()[0].headers, [headers[999]], "{lie}");
        assert_ne!(liar.filter_checkpoints(), honest.filter_checkpoints(), "{lie}");
        let mut again = listener(Profile::liar(lie));
        again.ask_filter_headers(900, 950);
        again.wait(2_000);
        assert_eq!(again.filter_headers()[0].previous_header, headers[898], "{lie}");
        let (told, served) = hashes(&liar);
        let differing = told.iter().zip(&true_hashes).filter(|(own, honest)| own != honest).count();
        assert!((5..300).contains(&differing), "{lie}: {differing} filters");
        assert_eq!(told == served, lie != Lie::FilterHeadersForged, "{lie}");
    }
}

#[test]
fn an_unlinked_range_and_a_forged_checkpoint_differ_in_one_header() {
    let honest = hear(Profile::honest());
    let unlinked = hear(Profile::liar(Lie::FilterHeadersUnlinked)).filter_headers().remove(0);
    assert_ne!(unlinked.previous_header, honest.filter_headers()[0].previous_header);
    assert_eq!(unlinked.filter_hashes, honest.filter_headers()[0].filter_hashes);
    let forged = hear(Profile::liar(Lie::FilterCheckpointForged));
    assert_ne!(forged.filter_checkpoints(), honest.filter_checkpoints());
    assert_eq!(forged.filter_headers(), honest.filter_headers());
}

#[test]
fn a_filter_that_hides_a_payment_has_all_but_one_script() {
    let (honest, liar) = (hear(Profile::honest()), hear(Profile::liar(Lie::FilterOmitsOutput)));
    assert_eq!(liar.filter_headers(), honest.filter_headers());
    let mut hidden = 0;
    for (honest, told) in honest.filters().iter().zip(liar.filters()) {
        if *honest == told {
            continue;
        }
        hidden += 1;
        let block = liar.chain.known_block(&told.block_hash).unwrap();
        let filter = Filter::decode(&told.block_hash, &told.filter).unwrap();
        let elements = block.elements(crate::chain::FilterKind::Full);
        let missing = elements.iter().filter(|element| !filter.contains(element));
        assert_eq!((missing.count(), filter.len() + 1), (1, elements.len()));
    }
    assert!(hidden > 5, "{hidden} filters");
}

#[test]
fn filters_are_withheld_left_out_and_sent_unasked() {
    assert!(hear(Profile::liar(Lie::FiltersWithheld)).filters().is_empty());
    let count = hear(Profile::liar(Lie::FiltersIncomplete)).filters().len();
    assert!((300..595).contains(&count), "{count} of 601 filters");
    let mut liar = listener(Profile::liar(Lie::FiltersUnsolicited));
    liar.wait(3_000);
    let filters = liar.filters();
    assert_eq!(filters.len(), 20);
    let honest = liar.chain.known_block(&filters[0].block_hash).unwrap();
    assert_eq!(filters[0].filter, honest.filter(crate::chain::FilterKind::Full));
    assert!(honest.height > 0 || filters[0].filter.len() == 4);
}

#[test]
fn blocks_are_forged_in_what_their_names_say() {
    let honest = hear(Profile::honest()).blocks();
    let forged = |lie| -> Vec<(Block, Block)> {
        let told = hear(Profile::liar(lie)).blocks();
        let pairs = honest.iter().cloned().zip(told);
        pairs.filter(|(honest, told)| honest != told).collect()
    };
    for (honest, told) in forged(Lie::BlockChanged) {
        assert_eq!(told.header, honest.header);
        assert!(told.merkle_root().is_ok_and(|root| root != honest.header.merkle_root));
    }
    for (honest, told) in forged(Lie::BlockShortened) {
        assert_eq!(told.transactions[..], honest.transactions[..honest.transactions.len() - 1]);
    }
    let doubled = forged(Lie::BlockDuplicatedTail);
    assert!(!doubled.is_empty());
    for (honest, told) in doubled {
        assert!(told.transactions.len() > honest.transactions.len());
        let txids: Vec<[u8; 32]> = told.transactions.iter().map(|one| one.txid().to_bytes()).collect();
        assert_eq!(dash_protocol::merkle::root(&txids), honest.header.merkle_root.to_bytes());
        assert!(matches!(told.merkle_root(), Err(error) if error != MerkleError::Empty));
    }
    for (honest, told) in forged(Lie::BlockMadeUp) {
        assert_eq!(told.merkle_root(), Ok(told.header.merkle_root));
        assert_ne!(told.header, honest.header);
    }
}

#[test]
fn payments_that_nobody_made_go_to_scripts_that_are_watched() {
    let (_, scenario) = WalletScenario::shared(&WalletPlan::new(regtest(), 1, HEIGHT));
    let mut liar = listener(Profile::liar(Lie::PaymentsMadeUp));
    liar.wait(3_000);
    let names = liar.messages().into_iter().flatten().filter_map(|message| match message {
        Message::Inv(names) => Some(names),
        _ => None,
    });
    let names: Vec<Inventory> =
        names.flatten().filter(|name| name.kind == InventoryKind::Transaction).collect();
    assert_eq!(names.len(), 2);
    liar.say(Message::GetData(names));
    liar.wait(1_000);
    let made_up: Vec<_> = liar
        .messages()
        .into_iter()
        .flatten()
        .filter_map(|message| match message {
            Message::Tx(transaction) => Some(transaction),
            _ => None,
        })
        .collect();
    assert_eq!(made_up.len(), 2);
    let horizon = WalletScenario::horizon(&liar.chain);
    let coins = scenario.truth().coins(None, &horizon);
    let pays = made_up[0].outputs.iter().any(|output| coins.iter().any(|coin| coin.script == output.script));
    assert!(pays, "some of what it pays is the wallet's");
    assert!(scenario.truth().entry(&made_up[1].inputs[0].previous.txid).is_some());
    assert!(made_up.iter().all(|made_up| scenario.truth().entry(&made_up.txid()).is_none()));
}

#[test]
fn a_liar_on_a_chain_without_bodies_has_nothing_to_lie_about() {
    let mut liar = Listener::new(Profile::liar(Lie::FilterHeadersForged));
    liar.shake_hands();
    liar.wait(500);
    liar.ask_filter_checkpoints(100);
    liar.wait(500);
    assert!(liar.closed && liar.filter_checkpoints().is_empty());
}
