//! Merkle roots and the paths to them.

use crate::common::hex;
use crate::generate::array;
use dash_protocol::merkle::{self, MerkleError};
use dash_protocol::{Decode, DecodeError, Encode, MAX_BLOCK_TRANSACTIONS, PartialMerkleTree, Txid, sha256d};
use fastrand::Rng;

/// The path to the coinbase of mainnet's block 2,241,332.
const PATH: &str = "0c000000 05
    c502293f412ebac2620ed55e376cdfd82d20bf855a1fa4fbfbeb64f2d43285a9
    12b422357dad4cae799977ede3cb743ebd2950d15203decb352baf831a235ae5
    b5edaf8f52c911e0285ae350c8537d523e9a864089b1ab18175b7d3720cd25a9
    73928c69f7b404eb1fe68b84bec1a44fab08017cedb70bffdcd00422100a22d8
    fa20be8d1b166e0b87f6dfb5dc40b9c325fde06ff6e16ae424805a25a03f8b41
    02 1f00";

fn path() -> PartialMerkleTree {
    PartialMerkleTree::from_wire(&hex(PATH)).expect("well-formed")
}

fn txids(rng: &mut Rng, count: usize) -> Vec<Txid> {
    (0..count).map(|_| Txid::from_bytes(array(rng))).collect()
}

fn leaves(txids: &[Txid]) -> Vec<[u8; 32]> {
    txids.iter().map(|txid| txid.to_bytes()).collect()
}

#[test]
fn a_path_of_mainnet_leads_from_its_coinbase_to_its_root() {
    assert_eq!(path().to_wire(), hex(PATH));
    let (root, matched) = path().extract().unwrap();
    assert_eq!(root.to_string(), "a971e4c4085eb3c492f767cdc0898e6c6c7eeb45e24ed7acde61f843ede98058");
    let [(0, txid)] = matched[..] else { panic!("{matched:?}") };
    assert_eq!(txid.to_string(), "a98532d4f264ebfbfba41f5a85bf202dd8df6c375ed50e62c2ba2e413f2902c5");
}

#[test]
fn every_path_that_is_not_exactly_as_its_size_and_bits_demand_is_refused() {
    let broken = |change: fn(&mut PartialMerkleTree)| {
        let mut tree = path();
        change(&mut tree);
        tree.extract().expect_err("a broken tree")
    };
    assert_eq!(broken(|tree| tree.total = 0), MerkleError::Empty);
    let count = MAX_BLOCK_TRANSACTIONS + 1;
    assert_eq!(broken(|tree| tree.total = 33_334), MerkleError::TooManyLeaves { count });
    assert_eq!(broken(|tree| tree.total = u32::MAX), MerkleError::TooManyLeaves { count: u32::MAX as usize });
    assert_eq!(broken(|tree| tree.total = 4), MerkleError::TooManyHashes { hashes: 5, total: 4 });
    assert_eq!(broken(|tree| tree.flags = vec![]), MerkleError::TooFewBits { bits: 0 });
    assert_eq!(broken(|tree| tree.flags = vec![0x1f]), MerkleError::TooFewBits { bits: 8 });
    assert_eq!(broken(|tree| tree.hashes.truncate(4)), MerkleError::TooFewHashes { hashes: 4 });
    assert_eq!(broken(|tree| tree.hashes.push([0; 32])), MerkleError::UnusedHashes { count: 1 });
    assert_eq!(broken(|tree| tree.flags.push(0)), MerkleError::UnusedBits { count: 1 });
    assert_eq!(
        broken(|tree| tree.hashes[1] = tree.hashes[0]),
        MerkleError::EqualNodes { level: 0, position: 0 }
    );
    // Only the root's bit, cleared: the one hash is the root, and the rest is left over.
    assert_eq!(broken(|tree| tree.flags[0] = 0), MerkleError::UnusedHashes { count: 4 });
}

#[test]
fn a_path_that_was_built_proves_what_was_asked_for() {
    let mut rng = Rng::with_seed(1);
    for count in (1..=40).chain([63, 64, 65, 127, 333]) {
        let txids = txids(&mut rng, count);
        for share in [0, 1, 5, 10] {
            let matched: Vec<bool> = (0..count).map(|_| rng.u8(..10) < share).collect();
            let tree = PartialMerkleTree::build(&txids, &matched);
            let (root, found) = tree.extract().unwrap();
            assert_eq!(Ok(root), merkle::block_root(&txids));
            let expected: Vec<(u32, Txid)> =
                (0..count).filter(|at| matched[*at]).map(|at| (at as u32, txids[at])).collect();
            assert_eq!(found, expected);
            assert_eq!(PartialMerkleTree::from_wire(&tree.to_wire()), Ok(tree));
        }
    }
    assert_eq!(PartialMerkleTree::build(&[], &[]).extract(), Err(MerkleError::Empty));
}

#[test]
fn the_largest_block_has_a_path() {
    let txids: Vec<Txid> =
        (0..MAX_BLOCK_TRANSACTIONS as u32).map(|at| Txid::from_bytes(sha256d(&at.to_le_bytes()))).collect();
    let last = txids.len() - 1;
    let matched: Vec<bool> = (0..=last).map(|at| at == last).collect();
    let tree = PartialMerkleTree::build(&txids, &matched);
    assert_eq!(tree.extract().unwrap().1, [(last as u32, txids[last])]);
    assert!(tree.hashes.len() <= 17);
    let all = PartialMerkleTree::build(&txids, &vec![true; txids.len()]);
    assert_eq!(PartialMerkleTree::from_wire(&all.to_wire()).unwrap().extract().unwrap().1.len(), txids.len());
}

#[test]
fn a_root_pairs_the_last_of_an_odd_level_with_itself() {
    let mut rng = Rng::with_seed(2);
    let txids = txids(&mut rng, 3);
    let pair = |left: [u8; 32], right: [u8; 32]| sha256d(&[left, right].concat());
    let [a, b, c] = leaves(&txids)[..] else { unreachable!() };
    assert_eq!(merkle::root(&[a]), a);
    assert_eq!(merkle::root(&[a, b]), pair(a, b));
    assert_eq!(merkle::root(&[a, b, c]), pair(pair(a, b), pair(c, c)));
    assert_eq!(merkle::root(&[]), [0; 32]);
    assert_eq!(merkle::block_root(&txids).unwrap().to_bytes(), merkle::root(&[a, b, c]));
}

#[test]
fn a_block_whose_transactions_repeat_without_changing_the_root_is_refused() {
    let mut rng = Rng::with_seed(3);
    assert_eq!(merkle::block_root(&[]), Err(MerkleError::Empty));
    for (count, repeated, level) in [(3, 1, 0), (5, 1, 0), (6, 2, 1), (12, 4, 2)] {
        let mut txids = txids(&mut rng, count);
        let honest = merkle::block_root(&txids).unwrap();
        txids.extend_from_within(count - repeated..);
        assert_eq!(merkle::root(&leaves(&txids)), honest.to_bytes(), "the trick: one root, two lists");
        let position = (count >> level) - 1;
        assert_eq!(merkle::block_root(&txids), Err(MerkleError::EqualNodes { level, position }));
    }
    // Equal neighbours that are no pair do not help anybody.
    let [a, b, c] = txids(&mut rng, 3)[..] else { unreachable!() };
    assert!(merkle::block_root(&[a, b, b, c]).is_ok());
}

#[test]
fn a_path_that_declares_more_hashes_than_there_are_is_refused_before_it_is_allocated() {
    let hashes = |count: &str| PartialMerkleTree::from_wire(&hex(&format!("0c000000 {count}")));
    assert_eq!(hashes("fd3582"), Err(DecodeError::Truncated { needed: 33_333 * 32, remaining: 0 }));
    let error = DecodeError::TooMany {
        what: "hashes of a merkle tree",
        count: 1_000_000,
        max: MAX_BLOCK_TRANSACTIONS,
    };
    assert_eq!(hashes("fe40420f00"), Err(error));
    assert!(matches!(hashes("00 fe40420f00"), Err(DecodeError::TooMany { .. })));
}
