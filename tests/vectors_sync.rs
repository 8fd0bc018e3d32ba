//! A whole client, engine and store, that syncs from a recorded regtest network: the node's own headers, filter headers,
//! filters and blocks, and in the end the node's own words on its wallet.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

#[path = "vectors_sync/client.rs"]
mod client;
#[path = "vectors_sync/node.rs"]
mod node;
#[path = "vectors/recording.rs"]
mod recording;

use client::Client;
use dash_spv_wasm::api::{ApiUtxo, Duffs, Reply};
use dash_spv_wasm::engine::WalletCommand;
use dash_spv_wasm::wallet::{WatchId, WatchTarget};
use node::Node;
use serde_json::Value;
use simnet::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// An amount in DASH as the node prints it, in duffs.
fn duffs(amount: &str) -> i128 {
    let (whole, part) = amount.split_once('.').unwrap();
    assert_eq!(part.len(), 8, "{amount}");
    let sign = if amount.starts_with('-') { -1 } else { 1 };
    whole.parse::<i128>().unwrap() * 100_000_000 + sign * part.parse::<i128>().unwrap()
}

fn addresses(wallet: &Value) -> Vec<WatchTarget> {
    let addresses = wallet["addresses"].as_array().unwrap().iter();
    addresses.map(|address| WatchTarget::Address { address: address.as_str().unwrap().into() }).collect()
}

fn descriptors(wallet: &Value) -> Vec<WatchTarget> {
    let all = wallet["descriptors"]["descriptors"].as_array().unwrap().iter();
    all.map(|one| WatchTarget::Descriptor { descriptor: text(one, "desc").into(), gap: None }).collect()
}

/// The confirmed entries of a list of the node's wallet.
fn confirmed<'a>(wallet: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    let list = wallet[list].as_array().unwrap().iter();
    list.filter(|entry| entry["confirmations"].as_i64().unwrap() > 0)
}

/// Net amounts of the node's confirmed transactions by id: one entry for each output, those sent with their fee.
fn expected_deltas(wallet: &Value) -> BTreeMap<String, i128> {
    let mut deltas = BTreeMap::new();
    for entry in confirmed(wallet, "transactions") {
        let fee = entry["fee"].as_str().map_or(0, duffs);
        *deltas.entry(text(entry, "txid").to_owned()).or_insert(0) += duffs(text(entry, "amount")) + fee;
    }
    deltas
}

fn watch(client: &mut Client, targets: Vec<WatchTarget>) -> WatchId {
    match client.ask(WalletCommand::Watch { targets, birthday: None }) {
        Reply::Watch(added) => WatchId::parse(&added.id).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn total(client: &mut Client, watch: WatchId) -> i128 {
    match client.ask(WalletCommand::Balance(watch)) {
        Reply::Balance(balance) => balance.total.0,
        other => panic!("{other:?}"),
    }
}

fn coins(client: &mut Client, watch: WatchId) -> BTreeSet<(String, i128, String)> {
    match client.ask(WalletCommand::Utxos(watch)) {
        Reply::Utxos(coins) => coins
            .into_iter()
            .map(|ApiUtxo { outpoint, value: Duffs(value), script, .. }| (outpoint, value, script))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn history(client: &mut Client, watch: WatchId) -> BTreeMap<String, i128> {
    match client.ask(WalletCommand::History { watch, before: None, limit: None }) {
        Reply::History(history) => history.into_iter().map(|tx| (tx.txid, tx.delta.0)).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sync_that_watches_the_nodes_descriptors_ends_with_the_nodes_wallet() {
    let node = Node::read(&need_vectors!(
        "a_sync_that_watches_the_nodes_descriptors_ends_with_the_nodes_wallet",
        "regtest-llmq"
    ));
    let mut client = Client::new(&node);
    let own = watch(&mut client, descriptors(&node.wallet));
    client.sync();
    assert_eq!(total(&mut client, own), 5_294_999_628);
    assert_eq!(total(&mut client, own), duffs(text(&node.wallet["balance"]["mine"], "trusted")));
    let expected: BTreeSet<_> = confirmed(&node.wallet, "utxos")
        .map(|utxo| {
            let out_point = format!("{}:{}", text(utxo, "txid"), utxo["vout"]);
            (out_point, duffs(text(utxo, "amount")), text(utxo, "scriptPubKey").to_owned())
        })
        .collect();
    assert_eq!(coins(&mut client, own), expected);
    assert_eq!(history(&mut client, own), expected_deltas(&node.wallet));
}

#[test]
fn a_sync_that_watches_the_nodes_addresses_has_what_they_hold() {
    let node = Node::read(&need_vectors!(
        "a_sync_that_watches_the_nodes_addresses_has_what_they_hold",
        "regtest-llmq"
    ));
    let mut client = Client::new(&node);
    let own = watch(&mut client, addresses(&node.wallet));
    client.sync();
    assert_eq!(total(&mut client, own), 5_178_000_000);
}

#[test]
fn addresses_added_one_by_one_after_the_sync_have_the_same() {
    let node =
        Node::read(&need_vectors!("addresses_added_one_by_one_after_the_sync_have_the_same", "regtest-llmq"));
    let mut client = Client::new(&node);
    let all = watch(&mut client, addresses(&node.wallet));
    client.sync();
    let expected = (total(&mut client, all), coins(&mut client, all));
    for seed in 0..50 {
        let mut rng = Rng::new(seed);
        let mut client = Client::new(&node);
        client.sync();
        let mut open = addresses(&node.wallet);
        let mut watches = Vec::new();
        while !open.is_empty() {
            let next = open.swap_remove(rng.below(open.len() as u64) as usize);
            watches.push(watch(&mut client, vec![next]));
            if rng.percent(30) {
                client.sync();
            }
        }
        client.sync();
        let found = watches.iter().map(|one| total(&mut client, *one)).sum::<i128>();
        let held: BTreeSet<_> = watches.iter().flat_map(|one| coins(&mut client, *one)).collect();
        assert_eq!((found, held), expected, "seed {seed}");
    }
}
