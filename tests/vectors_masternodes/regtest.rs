//! Two regtest networks of Dash Core nodes, against the nodes' own words: all members of all quorums, with and without
//! skip lists.

use crate::recording::json;
use crate::support::{Members, Network, number, text};
use crate::vectors;
use dash_protocol::{BlockHash, BlsSignature, QuorumHash};
use dash_spv_wasm::masternodes::bls::{Verdict, verify_commitments};
use dash_spv_wasm::masternodes::plans::cycle_base;
use dash_spv_wasm::masternodes::{list_height, new_snapshot, work_block};
use serde_json::Value;

/// A recorded quorum: its members' names and keys as the node has them are those computed.
fn assert_members(recorded: &Value, members: &Members) {
    let recorded = recorded["members"].as_array().unwrap();
    let names: Vec<String> = members.iter().map(|entry| entry.pro_tx_hash().to_string()).collect();
    assert_eq!(names, recorded.iter().map(|member| text(member, "proTxHash")).collect::<Vec<_>>());
    let keys: Vec<String> = members.iter().map(|entry| entry.basic_key().to_string()).collect();
    assert_eq!(keys, recorded.iter().map(|member| text(member, "pubKeyOperator")).collect::<Vec<_>>());
}

fn recorded(folder: &str, llmq: &str) -> Vec<Value> {
    let quorums = json(&vectors::folder("", folder).unwrap(), "quorums.json");
    quorums["info"][llmq].as_array().unwrap().clone()
}

/// Plain quorums; also those before V20, whose members come from the list of their base block.
fn assert_plain_members(network: &Network, quorums: &[Value]) {
    let llmq = network.llmq(100);
    for quorum in quorums {
        let base = number(quorum, "height");
        assert_eq!(network.heights[&text(quorum, "quorumHash").parse::<BlockHash>().unwrap()], base);
        let list = network.state_at(list_height(&network.params, base));
        assert_members(quorum, &network.plain(llmq, base, &list, &network.state_at(work_block(base))));
    }
}

/// Rotated quorums from the cycle on whose quarters are recorded.
fn assert_rotated_members(network: &Network, quorums: &[Value]) -> usize {
    let llmq = network.llmq(103);
    let quorums = quorums.iter().filter(|quorum| number(quorum, "height") >= 480);
    quorums
        .map(|quorum| {
            let (base, index) = (number(quorum, "height"), number(quorum, "quorumIndex"));
            let members = network.rotated(llmq, cycle_base(base, llmq.interval)).unwrap();
            assert_eq!(base % llmq.interval, index);
            assert_members(quorum, &members[index as usize]);
        })
        .count()
}

/// Loading proves whatever was recorded: here it is counted. The list at the tip is the node's own.
fn assert_lists(network: &Network, folder: &str, tip: u32) {
    let diffs = network.diffs.iter().filter(|(name, _)| name.starts_with("mnlistdiff_")).count();
    let files = std::fs::read_dir(vectors::folder("", folder).unwrap().join("wire")).unwrap();
    let (mut lists, mut rotations) = (0, 0);
    for name in files.map(|file| file.unwrap().file_name().into_string().unwrap()) {
        lists += usize::from(name.starts_with("mnlistdiff_"));
        rotations += usize::from(name.starts_with("qrinfo_"));
    }
    assert_eq!((diffs, network.rotations.len()), (lists, rotations));
    assert!(lists >= 25 && rotations >= 10);

    let list = network.states[&tip].list();
    let nodes = json(&vectors::folder("", folder).unwrap(), "protx.json");
    let nodes = nodes.as_array().unwrap();
    assert_eq!(list.len(), nodes.len());
    for node in nodes {
        let entry = list.get(&text(node, "proTxHash").parse().unwrap()).unwrap();
        assert_eq!(entry.basic_key().to_string(), text(&node["state"], "pubKeyOperator"));
        assert_eq!(entry.is_valid(), node["state"]["PoSeBanHeight"].as_i64() == Some(-1));
        assert_eq!(entry.is_evo(), text(node, "type") == "Evo");
    }
}

#[test]
fn every_recorded_diff_and_rotation_info_is_proven_and_the_last_list_is_the_nodes() {
    let network = need_network!(
        "every_recorded_diff_and_rotation_info_is_proven_and_the_last_list_is_the_nodes",
        "regtest-llmq"
    );
    assert_lists(&network, "regtest-llmq", 646);
    let network = need_network!(
        "every_recorded_diff_and_rotation_info_is_proven_and_the_last_list_is_the_nodes",
        "regtest-few"
    );
    assert_lists(&network, "regtest-few", 697);
}

#[test]
fn plain_quorums_have_the_members_that_nodes_give_them() {
    let network = need_network!("plain_quorums_have_the_members_that_nodes_give_them", "regtest-llmq");
    let quorums = recorded("regtest-llmq", "llmq_test");
    assert_eq!(quorums.len(), 8);
    assert_plain_members(&network, &quorums);
}

#[test]
fn plain_quorums_among_few_masternodes_have_the_members_that_nodes_give_them() {
    let network = need_network!(
        "plain_quorums_among_few_masternodes_have_the_members_that_nodes_give_them",
        "regtest-few"
    );
    let quorums = recorded("regtest-few", "llmq_test");
    assert_eq!(quorums.len(), 9);
    assert_plain_members(&network, &quorums);
}

#[test]
fn rotated_quorums_have_the_members_that_nodes_give_them() {
    let network = need_network!("rotated_quorums_have_the_members_that_nodes_give_them", "regtest-llmq");
    let quorums = recorded("regtest-llmq", "llmq_test_dip0024");
    assert_eq!(assert_rotated_members(&network, &quorums), 8);
}

#[test]
fn rotated_quorums_with_skip_lists_have_the_members_that_nodes_give_them() {
    let network =
        need_network!("rotated_quorums_with_skip_lists_have_the_members_that_nodes_give_them", "regtest-few");
    assert!(network.snapshots.values().any(|snapshot| snapshot.skip_list_mode == 1));
    let quorums = recorded("regtest-few", "llmq_test_dip0024");
    assert_eq!(assert_rotated_members(&network, &quorums), 10);
}

/// Where a cycle and the three before it are recorded, its snapshot follows from them.
fn assert_snapshots(network: &Network) -> usize {
    let llmq = network.llmq(103);
    let mut compared = 0;
    for (base, served) in &network.snapshots {
        let Some([h, c1, c2, c3]) = network.cycles(llmq, *base) else { continue };
        let computed = new_snapshot(&network.params, llmq, &h, [&c1, &c2, &c3]).unwrap();
        assert_eq!(computed.as_ref(), Some(served), "cycle {base}");
        compared += 1;
    }
    compared
}

#[test]
fn snapshots_are_computed_as_nodes_serve_them() {
    let network = need_network!("snapshots_are_computed_as_nodes_serve_them", "regtest-llmq");
    assert!(assert_snapshots(&network) >= 5);
    let network = need_network!("snapshots_are_computed_as_nodes_serve_them", "regtest-few");
    assert!(assert_snapshots(&network) >= 8);
}

/// Every commitment whose members can be computed; both signatures hold.
fn assert_signatures(network: &Network) -> usize {
    let mut checks = Vec::new();
    for commitment in network.commitments() {
        if let Some(members) = network.members(&commitment) {
            checks.push(network.check(&commitment, &members));
        }
    }
    for (check, verdict) in checks.iter().zip(verify_commitments(&checks)) {
        assert_eq!(verdict, Verdict::Valid, "commitment {:02x?}", check.message);
    }
    checks.len()
}

#[test]
fn commitments_of_regtest_are_signed_by_the_computed_members() {
    let network = need_network!("commitments_of_regtest_are_signed_by_the_computed_members", "regtest-llmq");
    assert!(assert_signatures(&network) >= 10);
    let network = need_network!("commitments_of_regtest_are_signed_by_the_computed_members", "regtest-few");
    assert!(assert_signatures(&network) >= 10);
}

/// What a peer says is a quorum's ChainLock signature is that of the proven coinbase of its work block.
fn assert_lock_signatures(network: &Network) -> usize {
    let mut compared = 0;
    for (name, diff) in &network.diffs {
        for (signature, places) in &diff.quorum_signatures {
            for place in places {
                let quorum = &diff.new_quorums[usize::from(*place)];
                let base = network.heights[&BlockHash::from(quorum.quorum_hash)];
                let cycle = cycle_base(base, network.params.llmq(quorum.llmq_type).unwrap().interval);
                let Some(work) = network.states.get(&work_block(cycle)) else { continue };
                let lock = work.chainlock().map_or(BlsSignature::NULL, |lock| lock.signature);
                assert_eq!(lock, *signature, "{name}: quorum {}", QuorumHash::from(*work.hash()));
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn the_signature_sent_with_a_quorum_is_that_of_its_work_block() {
    let network = need_network!("the_signature_sent_with_a_quorum_is_that_of_its_work_block", "regtest-llmq");
    assert!(assert_lock_signatures(&network) >= 10);
    let network = need_network!("the_signature_sent_with_a_quorum_is_that_of_its_work_block", "regtest-few");
    assert!(assert_lock_signatures(&network) >= 10);
}
