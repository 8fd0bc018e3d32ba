//! Sets of bits, final commitments, snapshots and rotation infos.

use crate::common::hex;
use crate::generate;
use dash_protocol::{
    BitSet, BlockHash, BlsPublicKey, BlsScheme, BlsSignature, Decode, DecodeError, Encode, FinalCommitment,
    GetQRInfo, LLMQType, MAX_QRINFO_BASES, MerkleRoot, QRInfo, QuorumSnapshot,
};
use fastrand::Rng;

/// A commitment of mainnet: type 5, version 4, index 7.
const COMMITMENT: &str = "040005f5434c8308d182e65bafd2cdb2463756ad2bab2bc028d0d01c0000000000000007003cfffffff7ffffff0f\
    3cffffffffffffff0f8d123fd9cf0971a2e5ecc4bc2e92fe65c5a8591976e0d47867ecd623a234c5d45a18afecd4824408afcd42efb767fd18\
    203d03d7aad49679e2d3a808f22e1e6de279db4477704a733853e92e38fe510fb92fa87c69d023354970b7acccf03d708f07a33543bbe429c9\
    bfae54779af5a4880e8ef86b6856569e968299cf0420f60d306a42c3e61586e792605e32c1a54d9b91d12090137f57531a3f5b7893498b8af7\
    a682c475630a5c4f148161316ba2867c599cbf0110f05eaca601bb681f8df923a2e83197173c31d60b0cd09bb5334f1533a6c2a6c3b81ca7c1\
    292955552805ba2af36de422b05f0e257a41bbbef0267e6547c644207ef78ae6a471e8fba3dc0b81493642b8e7d5db4841447852d7";

fn commitment() -> FinalCommitment {
    FinalCommitment::from_wire(&hex(COMMITMENT)).expect("a valid commitment")
}

fn display(hash: [u8; 32]) -> String {
    MerkleRoot::from_bytes(hash).to_string()
}

#[test]
fn a_commitment_of_mainnet_has_its_fields_and_hashes() {
    let commitment = commitment();
    assert_eq!(commitment.to_wire(), hex(COMMITMENT));
    assert_eq!(hex(COMMITMENT).len(), 327);
    assert_eq!((commitment.version, commitment.llmq_type), (4, LLMQType(5)));
    assert_eq!(
        commitment.quorum_hash.to_string(),
        "000000000000001cd0d028c02bab2bad563746b2cdd2af5be682d108834c43f5"
    );
    assert_eq!(commitment.quorum_index, Some(7));
    assert_eq!((commitment.signers.len(), commitment.signers.count()), (60, 59));
    assert_eq!((commitment.valid_members.len(), commitment.valid_members.count()), (60, 60));
    assert!(!commitment.signers.get(27));
    assert_eq!(commitment.scheme(), BlsScheme::Basic);
    assert!(!commitment.is_null());
    assert_eq!(
        display(commitment.leaf_hash()),
        "2b54f6677dcbd7dd39d73a7f270f844657442b105f149b801a5d04ccfc9e8f5e"
    );
    assert_eq!(
        display(commitment.commitment_hash()),
        "05f2dbe551538a8246c75a87b018d61d19ab9a72eb554786fd1883e37e2928eb"
    );
}

#[test]
fn the_commitment_hash_leaves_out_version_index_signers_and_signatures() {
    let hash = commitment().commitment_hash();
    let mut changed = commitment();
    changed.version = 3;
    changed.quorum_index = None;
    changed.signers = BitSet::with_len(60);
    changed.quorum_sig = BlsSignature::NULL;
    changed.members_sig = BlsSignature::NULL;
    assert_eq!(changed.commitment_hash(), hash);
    assert_ne!(changed.leaf_hash(), commitment().leaf_hash());
    changed.valid_members.set(0, false);
    assert_ne!(changed.commitment_hash(), hash);
}

#[test]
fn versions_tell_the_encoding_and_whether_there_is_an_index() {
    for (version, scheme, indexed) in [
        (1, BlsScheme::Legacy, false),
        (2, BlsScheme::Legacy, true),
        (3, BlsScheme::Basic, false),
        (4, BlsScheme::Basic, true),
    ] {
        let commitment = FinalCommitment { version, quorum_index: indexed.then_some(-7), ..commitment() };
        let bytes = commitment.to_wire();
        assert_eq!(bytes.len(), if indexed { 327 } else { 325 });
        assert_eq!(commitment.scheme(), scheme);
        assert_eq!(FinalCommitment::from_wire(&bytes), Ok(commitment));
    }
    for version in [0, 5] {
        let bytes = FinalCommitment { version, ..commitment() }.to_wire();
        let error = DecodeError::Invalid { what: "version of a commitment", value: version.into() };
        assert_eq!(FinalCommitment::from_wire(&bytes), Err(error));
    }
}

#[test]
fn a_commitment_is_null_if_nothing_of_it_is_set() {
    let null = FinalCommitment {
        signers: BitSet::with_len(60),
        valid_members: BitSet::with_len(60),
        public_key: BlsPublicKey::NULL,
        vvec_hash: [0; 32],
        quorum_sig: BlsSignature::NULL,
        members_sig: BlsSignature::NULL,
        ..commitment()
    };
    assert!(null.is_null());
    assert!(!FinalCommitment { vvec_hash: [1; 32], ..null.clone() }.is_null());
    assert!(!FinalCommitment { signers: commitment().signers, ..null.clone() }.is_null());
    assert!(!FinalCommitment { quorum_sig: commitment().quorum_sig, ..null }.is_null());
}

#[test]
fn bits_are_counted_from_the_least_significant_of_the_first_byte() {
    let bools: Vec<bool> = (0..11).map(|at| at % 3 == 0).collect();
    let mut bits = BitSet::from_bools(&bools);
    assert_eq!(bits.to_wire(), hex("0b 4902"));
    assert_eq!(BitSet::from_wire(&hex("0b 4902")), Ok(bits.clone()));
    assert!(bits.iter().eq(bools.iter().copied()));
    assert!(bits.ones().eq([0, 3, 6, 9]));
    assert_eq!((bits.len(), bits.count(), bits.bytes()), (11, 4, &[0x49, 2][..]));
    bits.set(10, true);
    bits.set(0, false);
    assert!(bits.get(10) && !bits.get(0) && !bits.get(11) && !bits.get(usize::MAX));
    assert_eq!(bools.into_iter().collect::<BitSet>().len(), 11);
    assert_eq!(BitSet::with_len(0), BitSet::default());
    assert!(BitSet::default().is_empty());
    assert_eq!(BitSet::default().to_wire(), [0]);
    assert_eq!(BitSet::with_len(17).bytes(), [0; 3]);
}

#[test]
#[should_panic(expected = "bit 8 of 8")]
fn a_bit_beyond_the_last_cannot_be_set() {
    BitSet::with_len(8).set(8, true);
}

#[test]
fn bits_after_the_last_are_refused() {
    let what = "bits after the last of a set";
    assert_eq!(BitSet::from_wire(&hex("0b 4908")), Err(DecodeError::Invalid { what, value: 1 }));
    assert_eq!(BitSet::from_wire(&hex("01 02")), Err(DecodeError::Invalid { what, value: 1 }));
    assert!(BitSet::from_wire(&hex("08 ff")).is_ok());
    let snapshot = [&hex("00000000 0b 4908")[..], &[0]].concat();
    assert_eq!(QuorumSnapshot::from_wire(&snapshot), Err(DecodeError::Invalid { what, value: 1 }));
    // 32 Mi bits are the most that any size can say; they would be 4 MiB.
    let huge = hex("fe00000002");
    assert_eq!(BitSet::from_wire(&huge), Err(DecodeError::Truncated { needed: 1 << 22, remaining: 0 }));
}

#[test]
fn a_snapshot_has_its_fields_in_order() {
    let snapshot = QuorumSnapshot {
        skip_list_mode: 1,
        active_members: BitSet::from_bools([true, false, true]),
        skip_list: vec![5, -1],
    };
    assert_eq!(snapshot.to_wire(), hex("01000000 03 05 02 05000000 ffffffff"));
    assert_eq!(QuorumSnapshot::from_wire(&snapshot.to_wire()), Ok(snapshot));
    let million = hex("00000000 00 fe40420f00");
    assert_eq!(
        QuorumSnapshot::from_wire(&million),
        Err(DecodeError::Truncated { needed: 4_000_000, remaining: 0 })
    );
}

#[test]
fn a_request_for_a_rotation_info_is_held_to_its_bases() {
    let request = |bases| GetQRInfo {
        base_block_hashes: vec![BlockHash::from_bytes([1; 32]); bases],
        block_hash: BlockHash::from_bytes([2; 32]),
        extra_share: true,
    };
    assert_eq!(request(1).to_wire(), [&[1][..], &[1; 32], &[2; 32], &[1]].concat());
    let most = request(MAX_QRINFO_BASES).to_wire();
    assert_eq!(most.len(), dash_protocol::Command::GETQRINFO.max_payload());
    assert_eq!(GetQRInfo::from_wire(&most), Ok(request(MAX_QRINFO_BASES)));
    assert!(matches!(
        GetQRInfo::from_wire(&request(MAX_QRINFO_BASES + 1).to_wire()),
        Err(DecodeError::TooMany { .. })
    ));
    let mut odd = request(0).to_wire();
    odd[33] = 2;
    let error = DecodeError::Invalid { what: "extra share", value: 2 };
    assert_eq!(GetQRInfo::from_wire(&odd), Err(error));
}

#[test]
fn older_cycles_of_a_rotation_info_come_in_pairs_and_three_for_each_commitment_at_most() {
    let mut rng = Rng::with_seed(1);
    let mut info = generate::qr_info(&mut rng);
    info.last_commitments = vec![generate::commitment(&mut rng)];
    let mut with = |older: usize| {
        info.older = (0..older).map(|_| (generate::snapshot(&mut rng), generate::diff(&mut rng))).collect();
        (info.clone(), info.to_wire())
    };
    for older in 0..=3 {
        let (info, bytes) = with(older);
        assert_eq!(QRInfo::from_wire(&bytes), Ok(info));
    }
    let (_, bytes) = with(4);
    assert_eq!(QRInfo::from_wire(&bytes), Err(DecodeError::TooMany { what: "snapshots", count: 4, max: 3 }));

    let (info, bytes) = with(0);
    let snapshot = info.snapshot_h_minus_c.to_wire();
    let lone = [&bytes[..bytes.len() - 2], &[1], &snapshot, &[0]].concat();
    assert_eq!(QRInfo::from_wire(&lone), Err(DecodeError::Missing { what: "diff for each snapshot" }));
    let diff = info.diff_h.to_wire();
    let lone = [&bytes[..bytes.len() - 1], &[1], &diff].concat();
    assert_eq!(
        QRInfo::from_wire(&lone),
        Err(DecodeError::TooMany { what: "diffs of older cycles", count: 1, max: 0 })
    );
}
