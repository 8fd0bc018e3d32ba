//! Each check by itself: a lie that it alone refuses succeeds while it is switched off.

use crate::needed::assert_needed;
use crate::support::Network;
use dash_protocol::{
    BitSet, BlockHash, CoinbasePayload, Encode, MnListDiff, PartialMerkleTree, QuorumSnapshot,
};
use dash_spv_wasm::checks::Check;
use dash_spv_wasm::masternodes::{Cycle, ProvenBlock, commitment, rotated_members};

const FILE: &str = "mnlistdiff_480_504.bin";

/// Whether a diff is taken in once it was changed.
fn taken(network: &Network, change: impl FnOnce(&mut MnListDiff, &mut ProvenBlock)) -> bool {
    let mut diff = network.diff(FILE).clone();
    let (base, mut block) = (network.base_of(&diff), network.block_of(&diff));
    change(&mut diff, &mut block);
    base.apply(&network.params, &diff, block).is_ok()
}

/// A coinbase that says something else, in a block of its own where the path is not what is wrong.
fn with_payload(
    diff: &mut MnListDiff,
    block: &mut ProvenBlock,
    sealed: bool,
    change: impl FnOnce(&mut CoinbasePayload),
) {
    let mut payload = CoinbasePayload::of(&diff.coinbase).unwrap();
    change(&mut payload);
    diff.coinbase.payload = payload.to_wire();
    if sealed {
        diff.coinbase_tree = PartialMerkleTree::build(&[diff.coinbase.txid()], &[true]);
        block.merkle_root = diff.coinbase_tree.extract().unwrap().0;
    }
}

#[test]
fn every_check_of_a_diff_is_needed() {
    let network = need_network!("every_check_of_a_diff_is_needed", "regtest-few");
    let lie = |change: &dyn Fn(&mut MnListDiff, &mut ProvenBlock)| taken(&network, change);
    assert!(lie(&|_, _| ()));
    assert_needed(Check::DiffBase, || lie(&|diff, _| diff.base_block_hash = BlockHash::from_bytes([1; 32])));
    assert_needed(Check::CoinbasePath, || {
        lie(&|diff, block| with_payload(diff, block, false, |payload| payload.credit_pool_balance += 1))
    });
    assert_needed(Check::CoinbaseHeight, || {
        lie(&|diff, block| with_payload(diff, block, true, |payload| payload.height += 1))
    });
    let banned = |diff: &mut MnListDiff, _: &mut ProvenBlock| {
        let mut entry = network.base_of(diff).list().iter().next().unwrap().entry().clone();
        entry.is_valid = false;
        diff.entries.push(entry);
    };
    assert_needed(Check::ListRoot, || lie(&banned));
    assert_needed(Check::QuorumRoot, || lie(&|diff, _| diff.new_quorums[0].vvec_hash[0] ^= 1));
}

#[test]
fn every_check_of_a_commitment_is_needed() {
    let network = need_network!("every_check_of_a_commitment_is_needed", "regtest-few");
    let rotated = network.commitments().into_iter().filter(|commitment| commitment.quorum_index.is_some());
    let (real, members) = rotated
        .rev()
        .find_map(|commitment| network.members(&commitment).map(|members| (commitment, members)))
        .unwrap();
    let base = network.heights[&BlockHash::from(real.quorum_hash)];
    let checked = |commitment, members| commitment::check(&network.params, commitment, base, members).is_ok();
    assert!(checked(&real, &members));
    let mut version = real.clone();
    version.version = 2;
    assert_needed(Check::CommitmentForm, || checked(&version, &members));
    assert_needed(Check::Members, || checked(&real, &members[..3]));
}

#[test]
fn the_check_of_snapshots_is_needed() {
    let network = need_network!("the_check_of_snapshots_is_needed", "regtest-few");
    let llmq = network.llmq(103);
    let [h, c1, c2, c3] = network.cycles(llmq, 624).unwrap();
    let computed = |snapshot: &QuorumSnapshot| {
        let c1 = Cycle { snapshot: Some(snapshot), ..c1 };
        rotated_members(&network.params, llmq, &h, [&c1, &c2, &c3]).is_ok()
    };
    let real = c1.snapshot.unwrap();
    let longer = QuorumSnapshot { active_members: BitSet::with_len(500), ..real.clone() };
    assert_needed(Check::SnapshotRange, || computed(&longer));
    let beyond = QuorumSnapshot { skip_list_mode: 1, skip_list: vec![i32::MAX, i32::MAX], ..real.clone() };
    assert_needed(Check::SnapshotRange, || computed(&beyond));
}
