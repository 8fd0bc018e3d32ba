//! Every block fed in order, for the node's descriptors and for its list of addresses.

use crate::support::{Wallet, duffs, expected_deltas, text};
use dash_spv_wasm::wallet::{Balance, Finality, Scope};
use std::collections::BTreeMap;

fn total(wallet: &Wallet, tip: u32) -> u128 {
    wallet.ledger.balance(&wallet.book, Scope::All, tip).total()
}

#[test]
fn the_descriptors_give_the_transactions_coins_and_balance_of_the_node() {
    let recording = need_recording!("the_descriptors_give_the_transactions_coins_and_balance_of_the_node");
    let mut wallet = Wallet::new(&recording.params);
    recording.descriptors().iter().for_each(|what| drop(wallet.watch(what)));
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(&recording, height)));

    assert_eq!(total(&wallet, recording.tip()), 5_294_999_628);
    let trusted = duffs(text(&recording.wallet["balance"]["mine"], "trusted"));
    assert_eq!(i128::try_from(total(&wallet, recording.tip())), Ok(trusted));

    let mut expected: Vec<_> = recording
        .confirmed("utxos")
        .map(|utxo| {
            let height = recording.tip() + 1 - utxo["confirmations"].as_u64().unwrap() as u32;
            let out_point = format!("{}:{}", text(utxo, "txid"), utxo["vout"]);
            (out_point, duffs(text(utxo, "amount")), text(utxo, "scriptPubKey").to_owned(), height)
        })
        .collect();
    expected.sort();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let utxos = wallet.ledger.utxos(&wallet.book, Scope::All);
    let mut found: Vec<_> = utxos
        .iter()
        .map(|utxo| {
            let out_point = format!("{}:{}", utxo.out_point.txid, utxo.out_point.vout);
            (out_point, i128::from(utxo.value), hex(&utxo.script), utxo.height.unwrap())
        })
        .collect();
    found.sort();
    assert_eq!(found, expected);
    for (utxo, node) in utxos.iter().filter_map(|utxo| {
        let of = |node: &&serde_json::Value| {
            text(node, "txid") == utxo.out_point.txid.to_string()
                && node["vout"].as_u64() == Some(utxo.out_point.vout.into())
        };
        Some((utxo, recording.confirmed("utxos").find(of)?))
    }) {
        assert_eq!(wallet.book.address(&utxo.script).as_deref(), node["address"].as_str());
    }
}

#[test]
fn the_history_is_that_of_the_node_newest_first() {
    let recording = need_recording!("the_history_is_that_of_the_node_newest_first");
    let mut wallet = Wallet::new(&recording.params);
    recording.descriptors().iter().for_each(|what| drop(wallet.watch(what)));
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(&recording, height)));
    let history = wallet.history();
    let found: BTreeMap<String, i128> =
        history.iter().map(|record| (record.txid.to_string(), record.delta)).collect();
    assert_eq!(found.len(), history.len());
    assert_eq!(found, expected_deltas(&recording));
    let heights: Vec<u32> = history.iter().map(|record| record.block.unwrap().height).collect();
    assert!(heights.is_sorted_by(|a, b| a >= b), "{heights:?}");
    for entry in recording.confirmed("transactions") {
        let record = history.iter().find(|record| record.txid.to_string() == text(entry, "txid")).unwrap();
        let block = record.block.unwrap();
        assert_eq!(block.hash.to_string(), text(entry, "blockhash"));
        assert_eq!(Some(u64::from(block.height)), entry["blockheight"].as_u64());
        assert_eq!(Some(u64::from(block.time)), entry["blocktime"].as_u64());
        assert_eq!((record.finality, &record.conflicts[..]), (Finality::Mined, &[][..]));
    }
    // In pages of seven, each going on from the last.
    let mut pages = Vec::new();
    while pages.len() < history.len() {
        let before = pages.last().map(|record: &dash_spv_wasm::wallet::TxRecord| record.txid);
        let page = wallet.ledger.history(&wallet.book, Scope::All, before.as_ref(), 7).unwrap();
        assert!(!page.is_empty() && page.len() <= 7);
        pages.extend(page);
    }
    assert_eq!(pages, history);
}

#[test]
fn the_addresses_alone_hold_less() {
    let recording = need_recording!("the_addresses_alone_hold_less");
    let mut wallet = Wallet::new(&recording.params);
    let ids: Vec<_> = recording.addresses().iter().map(|what| wallet.watch(what).0).collect();
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(&recording, height)));
    assert_eq!(total(&wallet, recording.tip()), 5_178_000_000);
    let of = |id| wallet.ledger.balance(&wallet.book, Scope::Watch(id), recording.tip()).total();
    assert_eq!(ids.into_iter().map(of).sum::<u128>(), 5_178_000_000);
}

#[test]
fn a_chainlock_moves_the_balance_and_the_history() {
    let recording = need_recording!("a_chainlock_moves_the_balance_and_the_history");
    let mut wallet = Wallet::new(&recording.params);
    recording.descriptors().iter().for_each(|what| drop(wallet.watch(what)));
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(&recording, height)));
    let outcome = wallet.ledger.chainlocked(&wallet.book, 500);
    assert!(!outcome.changes.is_empty() && outcome.fresh.is_empty());
    let below: u128 = wallet
        .ledger
        .utxos(&wallet.book, Scope::All)
        .iter()
        .filter(|utxo| utxo.height <= Some(500))
        .map(|utxo| u128::from(utxo.value.unsigned_abs()))
        .sum();
    let balance = wallet.ledger.balance(&wallet.book, Scope::All, recording.tip());
    let expected = Balance { chainlocked: below, mined: 5_294_999_628 - below, ..Balance::default() };
    assert_eq!(balance, expected);
    let is_final = |height| if height <= 500 { Finality::ChainLocked } else { Finality::Mined };
    assert!(wallet.history().iter().all(|record| record.finality == is_final(record.block.unwrap().height)));
    assert!(wallet.ledger.chainlocked(&wallet.book, 400).changes.is_empty());
}

#[test]
fn every_payment_of_the_chain_adds_up_over_its_scripts() {
    let recording = need_recording!("every_payment_of_the_chain_adds_up_over_its_scripts");
    // Every script of the chain is watched: what is left is what was ever made.
    let mut wallet = Wallet::new(&recording.params);
    let mut made = 0_i128;
    for block in &recording.blocks {
        for transaction in &block.transactions {
            for output in transaction.outputs.iter().filter(|output| !output.script.starts_with(&[0x6a])) {
                let hex: String = output.script.iter().map(|byte| format!("{byte:02x}")).collect();
                wallet.watch(&crate::support::script_target(&hex));
            }
        }
    }
    (0..=recording.tip()).for_each(|height| drop(wallet.connect(&recording, height)));
    for record in wallet.history() {
        made += record.delta;
    }
    let utxos = wallet.ledger.utxos(&wallet.book, Scope::All);
    assert_eq!(utxos.iter().map(|utxo| i128::from(utxo.value)).sum::<i128>(), made);
    let balance = wallet.ledger.balance(&wallet.book, Scope::All, recording.tip());
    assert_eq!(i128::try_from(balance.total()), Ok(made));
    let young: u128 = utxos
        .iter()
        .filter(|utxo| utxo.coinbase && utxo.height.unwrap() > recording.tip() - 99)
        .map(|utxo| u128::from(utxo.value.unsigned_abs()))
        .sum();
    assert!(young > 0);
    assert_eq!(balance.immature, young);
}
