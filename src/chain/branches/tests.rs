use super::*;
use dash_protocol::{CompactTarget, Header, MerkleRoot};

/// A header that is its number: no proof of work is looked at here.
fn entry(number: u32, parent: u32, height: u32, work: u64) -> Entry {
    Entry {
        header: Header {
            version: 4,
            prev_block_hash: hash(parent),
            merkle_root: MerkleRoot::ZERO,
            time: 0,
            bits: CompactTarget::from_bits(0),
            nonce: number,
        },
        hash: hash(number),
        height,
        work: Arith256::from_u64(work),
    }
}

fn hash(number: u32) -> BlockHash {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    BlockHash::from_bytes(bytes)
}

/// Single-header branches with rising work, as many as there is room for.
fn full() -> Branches {
    let mut branches = Branches::default();
    for i in 0..MAX_BRANCH_HEADERS as u32 {
        branches.insert(entry(1_000_000 + i, 1, 2, 100 + u64::from(i)), 1);
    }
    branches
}

#[test]
fn the_weakest_branch_makes_room_for_a_stronger_one() {
    let mut branches = full();
    assert!(branches.make_room(10, Arith256::from_u64(1_000), &hash(1)));
    assert_eq!(branches.len(), MAX_BRANCH_HEADERS - 10);
    assert!(branches.get(&hash(1_000_009)).is_none());
    assert!(branches.get(&hash(1_000_010)).is_some());
}

#[test]
fn a_branch_weaker_than_all_others_finds_no_room() {
    let mut branches = full();
    assert!(!branches.make_room(1, Arith256::from_u64(100), &hash(1)), "a tie goes to the one seen first");
    assert_eq!(branches.len(), MAX_BRANCH_HEADERS);
    assert!(branches.get(&hash(1_000_000)).is_some());
}

#[test]
fn more_headers_than_there_is_room_for_at_all_are_refused() {
    let mut branches = Branches::default();
    assert!(branches.make_room(MAX_BRANCH_HEADERS, Arith256::ONE, &hash(1)));
    assert!(!branches.make_room(MAX_BRANCH_HEADERS + 1, Arith256::MAX, &hash(1)));
}

#[test]
fn a_growing_branch_is_not_dropped_for_its_own_sake() {
    let mut branches = full();
    assert!(branches.make_room(3, Arith256::from_u64(105), &hash(1_000_000)));
    assert!(branches.get(&hash(1_000_000)).is_some());
    assert!(branches.get(&hash(1_000_003)).is_none());
}

#[test]
fn only_the_part_that_no_other_branch_shares_is_dropped() {
    let mut branches = Branches::default();
    branches.insert(entry(10, 1, 2, 20), 1);
    branches.insert(entry(11, 10, 3, 30), 1);
    branches.insert(entry(12, 10, 3, 31), 1);
    branches.insert(entry(13, 12, 4, 41), 1);
    assert!(branches.drop_weakest(None, |_| true));
    assert!(branches.get(&hash(11)).is_none());
    assert_eq!(branches.len(), 3);
    assert!(branches.drop_weakest(None, |_| true));
    assert_eq!(branches.len(), 0, "what is left is one branch");
    assert!(!branches.drop_weakest(None, |_| true));
}

#[test]
fn a_kept_end_becomes_an_end_again_when_what_follows_is_dropped() {
    let mut branches = Branches::default();
    branches.insert(entry(10, 1, 2, 20), 1);
    branches.insert(entry(11, 10, 3, 30), 1);
    assert!(branches.drop_weakest(Some(&hash(10)), |_| true));
    assert_eq!(branches.len(), 1);
    assert!(branches.drop_weakest(None, |_| true));
    assert_eq!(branches.len(), 0);
}

#[test]
fn branches_that_fork_below_a_height_go_as_a_whole() {
    let mut branches = Branches::default();
    branches.insert(entry(10, 1, 2, 20), 1);
    branches.insert(entry(11, 10, 3, 30), 1);
    branches.insert(entry(20, 5, 6, 60), 5);
    branches.drop_forks_below(5);
    assert_eq!(branches.len(), 1);
    assert_eq!(branches.get(&hash(20)).map(|(entry, fork)| (entry.height, fork)), Some((6, 5)));
    assert!(branches.drop_weakest(None, |_| true));
    assert!(!branches.drop_weakest(None, |_| true));
}

#[test]
fn after_a_change_of_the_best_chain_forks_and_ends_are_right_again() {
    // Best: 1..=4 at heights 1..=4. Branch 10-11 on 2, and 21 on 3; then 10-11-12 wins.
    let mut branches = Branches::default();
    branches.insert(entry(10, 2, 3, 30), 2);
    branches.insert(entry(11, 10, 4, 40), 2);
    branches.insert(entry(15, 10, 4, 39), 2);
    branches.insert(entry(21, 3, 4, 38), 3);
    let path = branches.take_path(&hash(11));
    assert_eq!(path.iter().map(|entry| entry.header.nonce).collect::<Vec<_>>(), [10, 11]);
    let best = |wanted: &BlockHash| {
        [(1, 1), (2, 2), (10, 3), (11, 4), (12, 5)]
            .iter()
            .find(|(number, _)| hash(*number) == *wanted)
            .map(|(_, height)| *height)
    };
    branches.rebuild(&[entry(3, 2, 3, 30), entry(4, 3, 4, 40)], best);
    let forks: Vec<_> = [3, 4, 21, 15].map(|number| branches.get(&hash(number)).unwrap().1).into();
    assert_eq!(forks, [2, 2, 2, 3]);
    let ends: Vec<_> = branches.leaves.iter().map(|(_, end)| *end).collect();
    assert_eq!(ends, [hash(21), hash(15), hash(4)]);
}
