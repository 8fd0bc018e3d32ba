//! Mainnet: a list of 3,147 masternodes, a day of small diffs, and a rotation info.

use crate::recording::json;
use crate::support::{number, text};
use crate::vectors;
use dash_protocol::{LLMQType, MerkleRoot};
use dash_spv_wasm::masternodes::bls::{Verdict, verify_commitments};
use dash_spv_wasm::masternodes::new_snapshot;

#[test]
fn every_diff_of_mainnet_is_proven_and_has_the_roots_of_the_manifest() {
    let network =
        need_network!("every_diff_of_mainnet_is_proven_and_has_the_roots_of_the_manifest", "mainnet");
    let folder = vectors::folder("", "mainnet").unwrap();
    let mut seen = 0;
    for row in json(&folder, "manifest.json").as_array().unwrap() {
        if text(row, "file").starts_with("qrinfo") {
            continue;
        }
        let state = &network.states[&number(row, "height")];
        let root = |key| text(row, key).parse::<MerkleRoot>().unwrap().to_bytes();
        assert_eq!(*state.list().root(), root("mnroot"));
        assert_eq!(*state.quorums().root(), root("qroot"));
        assert_eq!(state.hash().to_string(), text(row, "block"));
        seen += 1;
    }
    assert_eq!(seen, 31);
    assert_eq!(network.states[&2_227_096].list().len(), 3_147);
}

#[test]
fn a_proven_coinbase_has_the_chainlock_of_a_block_below_it() {
    let network = need_network!("a_proven_coinbase_has_the_chainlock_of_a_block_below_it", "mainnet");
    for state in network.states.values().skip(1) {
        let lock = state.chainlock().unwrap();
        assert!(lock.height < state.height() && lock.height + 10 > state.height());
    }
}

#[test]
fn lists_of_one_day_share_their_entries() {
    let network = need_network!("lists_of_one_day_share_their_entries", "mainnet");
    let (first, last) = (&network.states[&2_240_344], &network.states[&2_240_464]);
    let shared = |name| {
        let (old, new) = (first.list().get(name).unwrap(), last.list().get(name));
        new.is_some_and(|new| std::sync::Arc::ptr_eq(old, new))
    };
    let shared = first.list().iter().filter(|entry| shared(entry.pro_tx_hash())).count();
    assert!(shared + 20 > first.list().len(), "{shared} shared");
}

#[test]
fn quorums_of_mainnet_have_members_whose_signatures_hold() {
    let network = need_network!("quorums_of_mainnet_have_members_whose_signatures_hold", "mainnet");
    let mut counts = std::collections::BTreeMap::new();
    let mut checks = Vec::new();
    for commitment in network.commitments() {
        let Some(members) = network.members(&commitment) else { continue };
        assert_eq!(members.len(), network.llmq(commitment.llmq_type.0).size as usize);
        checks.push(network.check(&commitment, &members));
        *counts.entry(commitment.llmq_type).or_insert(0) += 1;
    }
    println!("quorums with members: {counts:?}");
    assert_eq!(counts[&LLMQType(5)], 2 * 32, "both cycles whose quarters are recorded");
    assert!(counts[&LLMQType(2)] >= 4 && counts[&LLMQType(3)] >= 1 && counts[&LLMQType(4)] >= 24);
    for (check, verdict) in checks.iter().zip(verify_commitments(&checks)) {
        assert_eq!(verdict, Verdict::Valid, "commitment {:02x?}", check.message);
    }
}

#[test]
fn the_snapshot_of_a_new_quarter_is_the_one_that_a_node_serves() {
    let network = need_network!("the_snapshot_of_a_new_quarter_is_the_one_that_a_node_serves", "mainnet");
    let llmq = network.llmq(5);
    let [h, c1, c2, c3] = network.cycles(llmq, 2_240_064).unwrap();
    let snapshot = new_snapshot(&network.params, llmq, &h, [&c1, &c2, &c3]).unwrap();
    assert_eq!(snapshot.as_ref(), network.snapshots.get(&2_240_064));
}
