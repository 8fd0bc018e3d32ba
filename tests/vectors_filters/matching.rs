//! The search in recorded filters: every element is found in every block that has it, and nowhere else.

use crate::support::Network;
use dash_protocol::BlockHash;
use dash_spv_wasm::filters::contents::{self, Elements};
use dash_spv_wasm::filters::{Matcher, Query};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

fn batch(network: &Network) -> impl Iterator<Item = (BlockHash, &[u8])> {
    network.hashes.iter().copied().zip(network.filters.iter().map(|filter| &filter[..]))
}

#[test]
fn every_element_is_found_in_every_block_that_has_it_and_in_no_other() {
    for network in Network::both("every_element_is_found_in_every_block_that_has_it_and_in_no_other") {
        let mut heights: BTreeMap<Vec<u8>, BTreeSet<u32>> = BTreeMap::new();
        for (height, block) in (0..).zip(&network.blocks) {
            let mut elements = Elements::new();
            contents::add_created(block, &mut elements);
            for input in contents::spends(block) {
                contents::add_script(network.script(&input.previous).unwrap(), &mut elements);
            }
            elements.into_iter().for_each(|element| {
                heights.entry(element).or_default().insert(height);
            });
        }
        assert!(heights.len() > 50, "{}", heights.len());
        let mut false_matches = 0;
        for (element, expected) in &heights {
            let query = Query::new([element]);
            let found = Matcher::new(&query).batch(batch(&network));
            assert!(found.malformed.is_empty());
            let matched: BTreeSet<u32> = found.matched.into_iter().collect();
            assert!(expected.is_subset(&matched));
            false_matches += matched.difference(expected).count();
        }
        assert!(false_matches < 3, "{false_matches}");
    }
}

#[test]
fn thousands_of_scripts_match_what_one_of_them_does_and_little_else() {
    let name = "thousands_of_scripts_match_what_one_of_them_does_and_little_else";
    let Some(network) = Network::load(name, "regtest-llmq") else { return };
    let mut rng = Rng::with_seed(1);
    let mut watched: Vec<Vec<u8>> =
        (0..3_000).map(|_| [vec![0x76, 0xa9, 20], (0..22).map(|_| rng.u8(..)).collect()].concat()).collect();
    let strangers = Query::new(&watched);
    let alone = Matcher::new(&strangers).batch(batch(&network)).matched;
    assert!(alone.len() < 15, "one in 262 by chance: {alone:?}");
    let tip = network.blocks.last().unwrap();
    watched.insert(1_234, tip.transactions[0].outputs[0].script.clone());
    let found = Matcher::new(&Query::new(&watched)).batch(batch(&network)).matched;
    assert!(found.contains(&network.tip()));
    assert!(alone.iter().all(|height| found.contains(height)));
}
