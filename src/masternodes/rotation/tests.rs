//! Rotation on made-up lists: what real data does not have.

use super::*;
use crate::masternodes::testing::{list, masternode, state};
use dash_protocol::{BitSet, NetworkKind, ProTxHash, SmlEntry};

fn regtest() -> (NetworkParams, LlmqParams) {
    let params = NetworkParams::regtest(&Default::default()).unwrap();
    let llmq = *params.llmq(params.llmq_types.instantsend).unwrap();
    (params, llmq)
}

fn unused(len: usize) -> QuorumSnapshot {
    QuorumSnapshot { skip_list_mode: 0, active_members: BitSet::with_len(len), skip_list: Vec::new() }
}

/// The lists of three cycles with the same masternodes, and one of other masternodes after them.
fn states(before: &[SmlEntry], now: &[SmlEntry]) -> [ListState; 4] {
    [state(952, now, true), state(928, before, true), state(904, before, true), state(880, before, true)]
}

fn compute(
    params: &NetworkParams,
    llmq: &LlmqParams,
    states: &[ListState; 4],
    snapshot: &QuorumSnapshot,
) -> (Newest, [ByQuorum; 3]) {
    let cycle = |at: usize, base_height| Cycle { base_height, state: &states[at], snapshot: Some(snapshot) };
    let (h, before) = (cycle(0, 960), [&cycle(1, 936), &cycle(2, 912), &cycle(3, 888)]);
    let older = quarters_before(params, llmq, &h, before).unwrap();
    (Newest::compute(params, llmq, &h, &older).unwrap(), older)
}

fn names(quorums: &ByQuorum) -> Vec<ProTxHash> {
    quorums.iter().flatten().map(|entry| *entry.pro_tx_hash()).collect()
}

#[test]
fn dealing_goes_round_and_skips_each_place_once() {
    let (_, mut llmq) = regtest();
    (llmq.size, llmq.active) = (12, 3);
    let order: Vec<_> = list((1..=4).map(masternode)).iter().cloned().collect();
    let places = |skips: &[i64]| -> Vec<usize> {
        let place = |entry| order.iter().position(|other| Arc::ptr_eq(other, entry)).unwrap();
        older::deal(&llmq, &order, skips).iter().flatten().map(place).collect()
    };
    assert_eq!(places(&[]), [0, 1, 2, 3, 0, 1, 2, 3, 0]);
    assert_eq!(places(&[1, 2, 1]), [0, 3, 0, 2, 3, 0, 1, 2, 3]);
    assert_eq!(places(&[9, 1]), places(&[]), "a place that is never met blocks those after it");
}

#[test]
fn masternodes_of_older_quarters_come_last_in_the_new_one() {
    let (params, llmq) = regtest();
    let all: Vec<_> = (1..=20).map(masternode).collect();
    let (newest, older) = compute(&params, &llmq, &states(&all, &all), &unused(20));
    let used: Vec<_> = older.iter().flat_map(names).collect();
    let new = names(&newest.quarters);
    assert_eq!(new.len(), 2);
    assert!(new.iter().all(|name| !used.contains(name)));
}

#[test]
fn masternodes_that_are_banned_or_gone_are_in_use_no_more() {
    let (mut params, llmq) = regtest();
    let all: Vec<_> = (1..=20).map(masternode).collect();
    let (_, older) = compute(&params, &llmq, &states(&all, &all), &unused(20));
    let (banned, gone) = (names(&older[0])[0], names(&older[1])[0]);
    assert_ne!(banned, gone);
    let mut now = all.clone();
    now.retain(|entry| entry.pro_tx_hash != gone);
    now.iter_mut().find(|entry| entry.pro_tx_hash == banned).unwrap().is_valid = false;
    let in_use = |params: &NetworkParams| compute(params, &llmq, &states(&all, &now), &unused(20)).0.in_use;
    let both = |params: &NetworkParams| [banned, gone].map(|name| in_use(params).contains_key(&name));
    assert_eq!(both(&params), [false, false]);
    // Before V19 those that had left the list stayed in use, but not on testnet.
    params.activation.v19 = 962;
    assert_eq!(both(&params), [false, true]);
    params.kind = NetworkKind::Testnet;
    assert_eq!(both(&params), [false, false]);
}

#[test]
fn a_member_in_use_keeps_the_key_that_it_was_chosen_with() {
    let (params, llmq) = regtest();
    let all: Vec<_> = (1..=3).map(masternode).collect();
    let now: Vec<_> = all
        .iter()
        .map(|entry| SmlEntry {
            operator_key: dash_protocol::BlsPublicKey::from_bytes([0xee; 48]),
            ..entry.clone()
        })
        .collect();
    let (newest, older) = compute(&params, &llmq, &states(&all, &now), &unused(3));
    for entry in newest.quarters.iter().flatten() {
        let used = names(&older[0]).contains(entry.pro_tx_hash())
            || names(&older[1]).contains(entry.pro_tx_hash())
            || names(&older[2]).contains(entry.pro_tx_hash());
        assert_eq!(entry.basic_key().as_bytes()[0] == 0xee, !used);
    }
    assert!(!newest.in_use.is_empty());
}

#[test]
fn too_few_masternodes_make_no_quarter() {
    let (params, mut llmq) = regtest();
    llmq.size = 16;
    let few: Vec<_> = (1..=3).map(masternode).collect();
    let states = states(&few, &few);
    let snapshot = unused(3);
    let cycle = |at: usize, base_height| Cycle { base_height, state: &states[at], snapshot: Some(&snapshot) };
    let (h, before) = (cycle(0, 960), [&cycle(1, 936), &cycle(2, 912), &cycle(3, 888)]);
    assert_eq!(new_snapshot(&params, &llmq, &h, before), Ok(None));
    let members = rotated_members(&params, &llmq, &h, before).unwrap();
    assert!(members.iter().all(|quorum| quorum.len() == 12), "three quarters, with repetitions");
}
