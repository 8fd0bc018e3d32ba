//! The search in recorded filters: every script is found in every block that has it.

use crate::support::Network;
use dash_protocol::BlockHash;
use dash_spv_wasm::filters::{Matcher, Query, contents};
use fastrand::Rng;
use std::collections::{BTreeMap, BTreeSet};

fn batch(network: &Network) -> impl Iterator<Item = (BlockHash, &[u8])> {
    network.hashes.iter().copied().zip(network.filters.iter().map(|filter| &filter[..]))
}

#[test]
fn every_script_is_found_in_every_block_that_has_or_spends_it() {
    for network in Network::both("every_script_is_found_in_every_block_that_has_or_spends_it") {
        let mut heights: BTreeMap<&[u8], BTreeSet<u32>> = BTreeMap::new();
        for (height, block) in (0..).zip(&network.blocks) {
            let created = block.transactions.iter().flat_map(|transaction| &transaction.outputs);
            let spent = contents::spends(block).map(|input| network.script(&input.previous).unwrap());
            for script in created.map(|output| &output.script[..]).chain(spent) {
                if !matches!(script.first(), None | Some(0x6a)) {
                    heights.entry(script).or_default().insert(height);
                }
            }
        }
        assert!(heights.len() > 50, "{}", heights.len());
        let mut false_matches = 0;
        for (script, expected) in &heights {
            let query = Query::new([script]);
            let found = Matcher::new(&query).batch(batch(&network));
            assert!(found.malformed.is_empty());
            let matched: BTreeSet<u32> = found.matched.into_iter().collect();
            assert!(expected.is_subset(&matched));
            false_matches += matched.difference(expected).count();
        }
        assert!(false_matches < 10, "{false_matches}");
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
