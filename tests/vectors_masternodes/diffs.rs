//! Diffs that are wrong in every way there is: real ones, changed.

use crate::support::Network;
use dash_protocol::{
    BitSet, BlockHash, BlsPublicKey, BlsSignature, CoinbasePayload, Decode, Encode, FinalCommitment,
    LLMQType, MerkleRoot, MnListDiff, PartialMerkleTree, ProTxHash, Transaction, Txid, sha256d,
};
use dash_spv_wasm::masternodes::{DiffError, ListState, ProvenBlock};

/// A diff with new and deleted quorums, to which an entry is added that its base has as well; proven as it is.
struct Real {
    network: Network,
    diff: MnListDiff,
}

impl Real {
    fn new(network: Network) -> Self {
        let mut diff = network.diff("mnlistdiff_310_697.bin").clone();
        assert!(!diff.new_quorums.is_empty() && !diff.deleted_quorums.is_empty());
        diff.entries.push(network.base_of(&diff).list().iter().next().unwrap().entry().clone());
        network.apply(&diff).unwrap();
        Self { network, diff }
    }

    fn base(&self) -> &ListState {
        self.network.base_of(&self.diff)
    }

    fn block(&self) -> ProvenBlock {
        self.network.block_of(&self.diff)
    }

    /// Why the diff is refused once changed; the base stays as it was.
    fn refused(&self, change: impl FnOnce(&mut MnListDiff)) -> DiffError {
        let mut diff = self.diff.clone();
        change(&mut diff);
        self.apply(&diff, self.block())
    }

    fn apply(&self, diff: &MnListDiff, block: ProvenBlock) -> DiffError {
        let before = self.base().clone();
        let error = self.base().apply(&self.network.params, diff, block).unwrap_err();
        assert_eq!(*self.base(), before);
        error
    }

    /// The same for a changed coinbase that a miner put into a block of its own.
    fn refused_in_own_block(&self, change: impl FnOnce(&mut Transaction)) -> DiffError {
        let mut diff = self.diff.clone();
        change(&mut diff.coinbase);
        let block = sealed(&mut diff, self.block());
        self.apply(&diff, block)
    }

    fn refused_payload(&self, change: impl FnOnce(&mut CoinbasePayload)) -> DiffError {
        self.refused_in_own_block(|coinbase| {
            let mut payload = CoinbasePayload::of(coinbase).unwrap();
            change(&mut payload);
            coinbase.payload = payload.to_wire();
        })
    }
}

/// Makes the diff's coinbase the only transaction of the block.
fn sealed(diff: &mut MnListDiff, block: ProvenBlock) -> ProvenBlock {
    diff.coinbase_tree = PartialMerkleTree::build(&[diff.coinbase.txid()], &[true]);
    ProvenBlock { merkle_root: diff.coinbase_tree.extract().unwrap().0, ..block }
}

#[test]
fn a_diff_between_other_blocks_is_refused() {
    let real = Real::new(need_network!("a_diff_between_other_blocks_is_refused", "regtest-few"));
    let other = BlockHash::from_bytes([7; 32]);
    let (expected, end) = (real.diff.base_block_hash, real.diff.block_hash);
    assert_eq!(real.refused(|diff| diff.base_block_hash = other), DiffError::Base { expected, found: other });
    assert_eq!(
        real.refused(|diff| diff.base_block_hash = BlockHash::ZERO),
        DiffError::Base { expected, found: BlockHash::ZERO }
    );
    assert_eq!(
        real.refused(|diff| diff.block_hash = other),
        DiffError::Block { expected: end, found: other }
    );
    let below = ProvenBlock { height: 309, ..real.block() };
    assert_eq!(real.apply(&real.diff, below), DiffError::Order { base: 310, height: 309 });
    let beside = ProvenBlock { height: 310, ..real.block() };
    assert_eq!(real.apply(&real.diff, beside), DiffError::Order { base: 310, height: 310 });
}

#[test]
fn genesis_and_zeroes_both_name_the_empty_list() {
    let network = need_network!("genesis_and_zeroes_both_name_the_empty_list", "regtest-few");
    let mut diff = network.diff("mnlistdiff_0_697.bin").clone();
    diff.base_block_hash = BlockHash::ZERO;
    let from_zeroes = network.apply(&diff).unwrap();
    diff.base_block_hash = network.params.genesis_hash;
    assert_eq!(from_zeroes, network.apply(&diff).unwrap());
}

#[test]
fn a_coinbase_that_does_not_lead_to_the_header_is_refused() {
    let real =
        Real::new(need_network!("a_coinbase_that_does_not_lead_to_the_header_is_refused", "regtest-few"));
    let tree = real.refused(|diff| diff.coinbase_tree.total = 0);
    assert!(matches!(tree, DiffError::CoinbaseTree(_)));

    let txids = [real.diff.coinbase.txid(), Txid::from_bytes([2; 32])];
    let built = |matched: &[bool]| {
        let tree = PartialMerkleTree::build(&txids, matched);
        real.refused(|diff| diff.coinbase_tree = tree)
    };
    assert_eq!(built(&[false, false]), DiffError::CoinbaseMatches { count: 0 });
    assert_eq!(built(&[true, true]), DiffError::CoinbaseMatches { count: 2 });
    assert_eq!(built(&[false, true]), DiffError::CoinbasePosition { position: 1 });
    assert!(
        matches!(built(&[true, false]), DiffError::MerkleRoot { expected, .. } if expected == real.block().merkle_root)
    );

    let expected = real.diff.coinbase.txid();
    let changed = real.refused(|diff| diff.coinbase.lock_time ^= 1);
    assert!(
        matches!(changed, DiffError::CoinbaseTxid { expected: leaf, found } if leaf == expected && found != leaf)
    );
}

#[test]
fn a_coinbase_that_says_something_else_is_refused_even_if_it_is_mined() {
    let real = Real::new(need_network!(
        "a_coinbase_that_says_something_else_is_refused_even_if_it_is_mined",
        "regtest-few"
    ));
    let version = real.refused_in_own_block(|coinbase| coinbase.version = 2);
    assert_eq!(version, DiffError::CoinbaseType { version: 2, tx_type: 5 });
    let kind = real.refused_in_own_block(|coinbase| coinbase.tx_type = 6);
    assert_eq!(kind, DiffError::CoinbaseType { version: 3, tx_type: 6 });
    let longer = real.refused_in_own_block(|coinbase| coinbase.payload.push(0));
    assert!(matches!(longer, DiffError::CoinbasePayload(_)));
    let height = real.refused_payload(|payload| payload.height += 1);
    assert_eq!(height, DiffError::CoinbaseHeight { expected: 697, found: 698 });
    let old = real.refused_payload(|payload| payload.version = 2);
    assert_eq!(old, DiffError::PayloadVersion { height: 697, found: 2 });
    let list = real.refused_payload(|payload| payload.merkle_root_mn_list = MerkleRoot::from_bytes([1; 32]));
    assert!(matches!(list, DiffError::ListRoot { .. }));
    let quorums = real.refused_payload(|payload| payload.merkle_root_quorums = MerkleRoot::ZERO);
    assert!(matches!(quorums, DiffError::QuorumRoot { .. }));
}

#[test]
fn the_coinbases_version_is_the_one_of_its_height() {
    let mut network = need_network!("the_coinbases_version_is_the_one_of_its_height", "regtest-few");
    let diff = network.diff("mnlistdiff_240_264.bin").clone();
    let version = |network: &Network| network.apply(&diff).map(|state| state.coinbase().unwrap().version);
    assert_eq!(version(&network), Ok(2));
    network.params.activation.v20 = 264;
    assert_eq!(version(&network), Err(DiffError::PayloadVersion { height: 264, found: 2 }));
    network.params.activation.v20 = 265;
    assert_eq!(version(&network), Ok(2));

    let mut old = diff.clone();
    let mut payload = CoinbasePayload::of(&old.coinbase).unwrap();
    payload.version = 1;
    old.coinbase.payload = payload.to_wire();
    let block = sealed(&mut old, network.block_of(&diff));
    let apply = |network: &Network| network.base_of(&old).apply(&network.params, &old, block).map(|_| ());
    assert_eq!(apply(&network), Err(DiffError::PayloadVersion { height: 264, found: 1 }));
    // Before DIP-8 coinbases did not commit to quorums.
    network.params.activation.dip8 = 265;
    assert_eq!(apply(&network), Ok(()));
}

#[test]
fn changes_to_masternodes_that_make_no_sense_are_refused() {
    let real =
        Real::new(need_network!("changes_to_masternodes_that_make_no_sense_are_refused", "regtest-few"));
    let known = *real.base().list().iter().next().unwrap().pro_tx_hash();
    let unknown = ProTxHash::from_bytes([9; 32]);
    let absent = real.refused(|diff| diff.deleted = vec![unknown]);
    assert_eq!(absent, DiffError::DeletedMasternode(unknown));
    let twice = real.refused(|diff| diff.deleted = vec![known, known]);
    assert_eq!(twice, DiffError::DeletedMasternode(known));
    let changed = real.diff.entries[0].pro_tx_hash;
    let both = real.refused(|diff| diff.deleted.push(changed));
    assert!(matches!(both, DiffError::DuplicateMasternode(name) if name == changed));
    let again = real.refused(|diff| diff.entries.push(diff.entries[0].clone()));
    assert_eq!(again, DiffError::DuplicateMasternode(changed));
    let version = real.refused(|diff| diff.entries[0].version = 4);
    assert_eq!(version, DiffError::EntryVersion { name: changed, version: 4 });
    let version = real.refused(|diff| diff.entries[0].version = 0);
    assert_eq!(version, DiffError::EntryVersion { name: changed, version: 0 });
    let banned = real.refused(|diff| diff.entries[0].is_valid ^= true);
    assert!(matches!(banned, DiffError::ListRoot { .. }));
    let gone = real.refused(|diff| {
        diff.entries.retain(|entry| entry.pro_tx_hash != known);
        diff.deleted = vec![known];
    });
    assert!(matches!(gone, DiffError::ListRoot { .. }));
}

#[test]
fn changes_to_quorums_that_make_no_sense_are_refused() {
    let real = Real::new(need_network!("changes_to_quorums_that_make_no_sense_are_refused", "regtest-few"));
    let unknown = (LLMQType(100), BlockHash::from_bytes([9; 32]).into());
    let absent = real.refused(|diff| diff.deleted_quorums.push(unknown));
    assert_eq!(absent, DiffError::DeletedQuorum { llmq_type: LLMQType(100), hash: unknown.1.into() });
    let (llmq_type, hash) = real.diff.deleted_quorums[0];
    let twice = real.refused(|diff| diff.deleted_quorums.push((llmq_type, hash)));
    assert_eq!(twice, DiffError::DeletedQuorum { llmq_type, hash: hash.into() });
    let known = real.base().quorums().get(llmq_type, &hash).unwrap().commitment().clone();
    let there = real.refused(|diff| {
        diff.deleted_quorums.clear();
        diff.new_quorums.push(known);
    });
    assert_eq!(there, DiffError::DuplicateQuorum { llmq_type, hash: hash.into() });

    let quorum = real.diff.new_quorums[0].clone();
    let (llmq_type, hash) = (quorum.llmq_type, BlockHash::from(quorum.quorum_hash));
    let changed =
        |change: &dyn Fn(&mut FinalCommitment)| real.refused(|diff| change(&mut diff.new_quorums[0]));
    let again = real.refused(|diff| diff.new_quorums.push(quorum.clone()));
    assert_eq!(again, DiffError::DuplicateQuorum { llmq_type, hash });
    let foreign = changed(&|quorum| quorum.llmq_type = LLMQType(5));
    assert_eq!(foreign, DiffError::QuorumType(LLMQType(5)));
    for found in [3, 5, 0, 400] {
        let expected = DiffError::QuorumBits { llmq_type, hash, expected: 4, found };
        assert_eq!(changed(&|quorum| quorum.signers = BitSet::with_len(found)), expected);
        assert_eq!(changed(&|quorum| quorum.valid_members = BitSet::with_len(found)), expected);
    }
    let null = changed(&|quorum| {
        (quorum.signers, quorum.valid_members) = (BitSet::with_len(4), BitSet::with_len(4));
        (quorum.public_key, quorum.vvec_hash) = (BlsPublicKey::NULL, [0; 32]);
        (quorum.quorum_sig, quorum.members_sig) = (BlsSignature::NULL, BlsSignature::NULL);
    });
    assert_eq!(null, DiffError::NullQuorum { llmq_type, hash });
    let key = changed(&|quorum| quorum.public_key = BlsPublicKey::from_bytes([1; 48]));
    assert!(matches!(key, DiffError::QuorumRoot { .. }));
    let missing = real.refused(|diff| drop(diff.new_quorums.pop()));
    assert!(matches!(missing, DiffError::QuorumRoot { .. }));
}

/// Where what no block vouches for lies in a diff's bytes: its version, the unused bits of the coinbase tree, and the
/// ChainLock signatures sent along with quorums.
fn unauthenticated(bytes: &[u8], diff: &MnListDiff) -> Vec<usize> {
    let mut flags = diff.coinbase_tree.to_wire().len();
    flags += 2 + 32 + 32;
    let signatures = MnListDiff { quorum_signatures: Vec::new(), ..diff.clone() }.to_wire().len() - 1;
    let version = 0..16;
    let tree = 8 * (flags - diff.coinbase_tree.flags.len())..8 * flags;
    version.chain(tree).chain(8 * signatures..8 * bytes.len()).collect()
}

/// Flips every bit of a diff: it is refused, or nothing but what no block vouches for was changed, and the same results.
fn flip_all(network: &Network, file: &str) -> usize {
    let diff = network.diff(file);
    let mut bytes = diff.to_wire();
    let open = unauthenticated(&bytes, diff);
    let expected = network.apply(diff).unwrap();
    let (base, block) = (network.base_of(diff), network.block_of(diff));
    let mut taken = 0;
    for bit in 0..8 * bytes.len() {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let result = MnListDiff::from_wire(&bytes).map(|diff| base.apply(&network.params, &diff, block));
        if let Ok(Ok(state)) = result {
            assert_eq!(state, expected, "{file}: bit {bit}");
            assert!(open.contains(&bit), "{file}: bit {bit} of byte {} is not proven", bit / 8);
            taken += 1;
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    taken
}

#[test]
fn every_changed_bit_of_a_diff_is_refused_or_changes_nothing() {
    let network = need_network!("every_changed_bit_of_a_diff_is_refused_or_changes_nothing", "regtest-few");
    for file in ["mnlistdiff_120_144.bin", "mnlistdiff_336_360.bin", "mnlistdiff_480_504.bin"] {
        let taken = flip_all(&network, file);
        println!("{file}: {taken} bits that no block vouches for");
        assert!(taken >= 16, "the version is not authenticated");
    }
}

#[test]
fn a_list_of_legacy_keys_hashes_to_the_references_root() {
    use dash_protocol::{ConfirmedHash, MasternodeType, NetInfo, SmlEntry, merkle};
    let operator: [u8; 48] = std::array::from_fn(|at| {
        let key = "81fc56c400756e2f053ea015d7a61606f668a10f5ee0808f86df9443778021b802174b1d9cdb0cde3c3a4fe5803d02b5";
        u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()
    });
    let mut one = [0; 32];
    one[0] = 1;
    let mut ip = [0; 16];
    ip[10..].copy_from_slice(&[0xff, 0xff, 0, 0, 0, 1]);
    let mut voting = [0; 20];
    voting[0] = 1;
    let entry = SmlEntry {
        version: 1,
        pro_tx_hash: ProTxHash::from_bytes(one),
        confirmed_hash: ConfirmedHash::from_bytes(one),
        net_info: NetInfo::Service { ip, port: 1 },
        operator_key: BlsPublicKey::from_bytes(operator),
        voting_key_id: voting,
        is_valid: true,
        kind: MasternodeType::Regular,
        platform_http_port: 0,
        platform_node_id: [0; 20],
    };
    let leaf = MerkleRoot::from_bytes(entry.leaf_hash()).to_string();
    assert_eq!(leaf, "3a1010e28226558560e5296bcee6bf0b9b963b73a1514f5aa2885e270f6b90c1");
    assert_eq!(merkle::root(&[entry.leaf_hash()]), entry.leaf_hash());
    assert_ne!(sha256d(&entry.to_wire()), entry.leaf_hash(), "the version is not part of the hash");
}
