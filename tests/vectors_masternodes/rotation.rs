//! Rotation with snapshots that are wrong, absurd or made up: typed errors, other members, and no panic.

use crate::support::Network;
use dash_protocol::{BitSet, LLMQType, QuorumSnapshot};
use dash_spv_wasm::masternodes::{Cycle, ListState, RotationError, new_snapshot, rotated_members};

const BASE: u32 = 624;

/// The members of the cycle at [`BASE`] by their names, with a changed snapshot of the cycle before.
fn with_snapshot(
    network: &Network,
    change: impl FnOnce(&mut QuorumSnapshot),
) -> Result<Vec<Vec<String>>, RotationError> {
    let llmq = network.llmq(103);
    let [h, c1, c2, c3] = network.cycles(llmq, BASE).unwrap();
    let mut snapshot = c1.snapshot.unwrap().clone();
    change(&mut snapshot);
    let c1 = Cycle { snapshot: Some(&snapshot), ..c1 };
    let members = rotated_members(&network.params, llmq, &h, [&c1, &c2, &c3])?;
    let names = |quorum: Vec<std::sync::Arc<dash_spv_wasm::masternodes::MasternodeEntry>>| {
        quorum.iter().map(|entry| entry.pro_tx_hash().to_string()).collect()
    };
    Ok(members.into_iter().map(names).collect())
}

#[test]
fn cycles_that_are_not_the_four_in_a_row_are_refused() {
    let network = need_network!("cycles_that_are_not_the_four_in_a_row_are_refused", "regtest-few");
    let (params, llmq) = (&network.params, network.llmq(103));
    let [h, c1, c2, c3] = network.cycles(llmq, BASE).unwrap();
    let members =
        |h: Cycle<'_>, c1: Cycle<'_>| rotated_members(params, llmq, &h, [&c1, &c2, &c3]).map(|_| ());
    assert_eq!(members(h, c1), Ok(()));
    assert_eq!(members(h, c2), Err(RotationError::CycleHeight { expected: 600, found: 576 }));
    let early = Cycle { base_height: 48, ..h };
    assert_eq!(members(early, c1), Err(RotationError::NoCycle { height: 48 }));
    let between = Cycle { base_height: 625, ..h };
    assert_eq!(members(between, c1), Err(RotationError::NoCycle { height: 625 }));
    let other = Cycle { state: c2.state, ..c1 };
    assert_eq!(members(h, other), Err(RotationError::WorkBlock { expected: 592, found: 568 }));
    let without = Cycle { snapshot: None, ..c1 };
    assert_eq!(members(h, without), Err(RotationError::MissingSnapshot { cycle: 600 }));
    let plain = rotated_members(params, network.llmq(100), &h, [&c1, &c2, &c3]).unwrap_err();
    assert_eq!(plain, RotationError::NotRotated(LLMQType(100)));
    assert_eq!(new_snapshot(params, network.llmq(100), &h, [&c1, &c2, &c3]), Err(plain));
}

#[test]
fn a_snapshot_that_reaches_beyond_the_list_is_refused() {
    let network = need_network!("a_snapshot_that_reaches_beyond_the_list_is_refused", "regtest-few");
    let bits = |found: usize| with_snapshot(&network, |s| s.active_members = BitSet::with_len(found));
    for found in [0, 4, 6, 100_000] {
        assert_eq!(bits(found), Err(RotationError::Bits { cycle: 600, expected: 5, found }));
    }
    let skips = |list: &[i32]| {
        with_snapshot(&network, |s| (s.skip_list_mode, s.skip_list) = (1, list.to_vec())).map(|_| ())
    };
    let beyond = |position| Err(RotationError::SkipPosition { cycle: 600, position, count: 5 });
    assert_eq!(skips(&[4, 0, -4]), Ok(()));
    assert_eq!(skips(&[5]), beyond(5));
    assert_eq!(skips(&[-1]), beyond(-1));
    assert_eq!(skips(&[0, 0, 3, 2]), beyond(5));
    assert_eq!(skips(&[3, -4]), beyond(-1));
    assert_eq!(skips(&[3, i32::MAX]), beyond(3 + i64::from(i32::MAX)));
    assert_eq!(skips(&[i32::MIN, i32::MIN]), beyond(i64::from(i32::MIN)));
}

#[test]
fn modes_that_nodes_never_produce_give_no_members_and_others_are_refused() {
    let network =
        need_network!("modes_that_nodes_never_produce_give_no_members_and_others_are_refused", "regtest-few");
    for mode in [2, 3] {
        let members = with_snapshot(&network, |s| s.skip_list_mode = mode).unwrap();
        assert!(members.iter().all(|quorum| quorum.len() == 3), "one quarter is missing");
    }
    for mode in [-1, 4, i32::MAX, i32::MIN] {
        let refused = with_snapshot(&network, |s| s.skip_list_mode = mode);
        assert_eq!(refused, Err(RotationError::Mode { cycle: 600, mode }));
    }
}

#[test]
fn a_long_skip_list_is_walked_once() {
    let network = need_network!("a_long_skip_list_is_walked_once", "regtest-few");
    // The first entry is taken as it is, all others mean the place after it, over and over.
    let list: Vec<i32> = (0..750_000).map(|at| if at == 0 { 1 } else { at % 5 - 1 }).collect();
    let members =
        with_snapshot(&network, |s| (s.skip_list_mode, s.skip_list) = (1, list)).map(|quorums| quorums.len());
    assert_eq!(members, Ok(2));
}

#[test]
fn another_snapshot_gives_other_members() {
    let network = need_network!("another_snapshot_gives_other_members", "regtest-few");
    let right = with_snapshot(&network, |_| ()).unwrap();
    let flipped = |at: usize| {
        with_snapshot(&network, |s| {
            let value = s.active_members.get(at);
            s.active_members.set(at, !value);
        })
    };
    assert!((0..5).any(|at| flipped(at).unwrap() != right));
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[test]
fn no_snapshot_makes_the_computation_panic() {
    let network = need_network!("no_snapshot_makes_the_computation_panic", "regtest-few");
    let mut seed = 24;
    let mut computed = 0;
    for _ in 0..5_000 {
        let mut small = |bound: u64| (splitmix(&mut seed) % bound) as i32;
        let bits: Vec<bool> = (0..4 + small(3)).map(|_| small(2) == 1).collect();
        let skip_list = (0..small(12)).map(|_| small(8) - 1).collect();
        let made_up =
            QuorumSnapshot { skip_list_mode: small(5), active_members: BitSet::from_bools(bits), skip_list };
        if let Ok(members) = with_snapshot(&network, |snapshot| *snapshot = made_up) {
            computed += 1;
            assert!(members.len() == 2 && members.iter().all(|quorum| quorum.len() <= 4));
        }
    }
    assert!(computed > 200, "{computed} of them could be computed");
}

#[test]
fn lists_without_masternodes_give_empty_quorums() {
    let network = need_network!("lists_without_masternodes_give_empty_quorums", "regtest-few");
    let (params, llmq) = (&network.params, network.llmq(103));
    let states: Vec<ListState> =
        [88, 64, 40, 16].into_iter().map(|height| network.state_at(height)).collect();
    let empty =
        QuorumSnapshot { skip_list_mode: 0, active_members: BitSet::default(), skip_list: Vec::new() };
    let cycle = |at: usize, base_height| Cycle { base_height, state: &states[at], snapshot: Some(&empty) };
    let (h, before) = (cycle(0, 96), [&cycle(1, 72), &cycle(2, 48), &cycle(3, 24)]);
    let members = rotated_members(params, llmq, &h, before).unwrap();
    assert_eq!(members, vec![Vec::new(); 2]);
    assert_eq!(new_snapshot(params, llmq, &h, before), Ok(None));
}
