//! Real commitments, changed: what is refused before any signature is looked at, and what its signatures find.

use crate::support::{Members, Network};
use dash_protocol::{
    BitSet, BlockHash, BlsPublicKey, BlsSignature, FinalCommitment, LLMQType, MasternodeType,
};
use dash_spv_wasm::masternodes::bls::{CommitmentCheck, Verdict, verify_commitments};
use dash_spv_wasm::masternodes::{CommitmentError, MasternodeEntry, commitment};
use std::sync::Arc;

/// A rotated quorum's commitment with its members.
struct Real {
    network: Network,
    commitment: FinalCommitment,
    base_height: u32,
    members: Members,
}

impl Real {
    /// The quorum of this base height and type.
    fn new(network: Network, llmq_type: u8, base_height: u32) -> Self {
        let hash = network.hash_at(base_height);
        let named = |commitment: &FinalCommitment| {
            commitment.llmq_type == LLMQType(llmq_type) && BlockHash::from(commitment.quorum_hash) == hash
        };
        let commitment = network.commitments().into_iter().find(named).unwrap();
        let members = network.members(&commitment).unwrap();
        let real = Self { network, commitment, base_height, members };
        real.check(|_| ()).unwrap();
        real
    }

    fn check(&self, change: impl FnOnce(&mut FinalCommitment)) -> Result<CommitmentCheck, CommitmentError> {
        let mut commitment = self.commitment.clone();
        change(&mut commitment);
        commitment::check(&self.network.params, &commitment, self.base_height, &self.members)
    }

    fn refused(&self, change: impl FnOnce(&mut FinalCommitment)) -> CommitmentError {
        self.check(change).unwrap_err()
    }

    fn at(&self, base_height: u32) -> CommitmentError {
        commitment::check(&self.network.params, &self.commitment, base_height, &self.members).unwrap_err()
    }

    fn with_members(&self, members: &[Arc<MasternodeEntry>]) -> Result<CommitmentCheck, CommitmentError> {
        commitment::check(&self.network.params, &self.commitment, self.base_height, members)
    }
}

macro_rules! need_quorum {
    ($test:literal, $llmq_type:literal, $base_height:literal) => {
        Real::new(need_network!($test, "regtest-few"), $llmq_type, $base_height)
    };
}

#[test]
fn a_commitment_of_another_type_version_or_place_is_refused() {
    let real = need_quorum!("a_commitment_of_another_type_version_or_place_is_refused", 103, 625);
    assert_eq!(real.refused(|c| c.llmq_type = LLMQType(5)), CommitmentError::Type(LLMQType(5)));
    for found in [0, 1, 2, 3, 5] {
        assert_eq!(real.refused(|c| c.version = found), CommitmentError::Version { expected: 4, found });
    }
    for found in [-1, 2, i16::MAX, i16::MIN] {
        assert_eq!(
            real.refused(|c| c.quorum_index = Some(found)),
            CommitmentError::Index { found, count: 2 }
        );
    }
    let place = CommitmentError::BaseHeight { base_height: 625, index: 0 };
    assert_eq!(real.refused(|c| c.quorum_index = Some(0)), place);
    assert_eq!(real.at(626), CommitmentError::BaseHeight { base_height: 626, index: 1 });
    assert_eq!(real.at(u32::MAX), CommitmentError::BaseHeight { base_height: u32::MAX, index: 1 });
}

#[test]
fn a_plain_commitment_has_its_base_block_at_the_start_of_an_interval() {
    let real = need_quorum!("a_plain_commitment_has_its_base_block_at_the_start_of_an_interval", 100, 624);
    assert_eq!(real.at(625), CommitmentError::BaseHeight { base_height: 625, index: 0 });
    assert_eq!(real.refused(|c| c.version = 4), CommitmentError::Version { expected: 3, found: 4 });
}

#[test]
fn the_version_follows_the_deployments() {
    let mut real = need_quorum!("the_version_follows_the_deployments", 103, 625);
    real.network.params.activation.v19 = 627;
    assert_eq!(real.refused(|_| ()), CommitmentError::Version { expected: 2, found: 4 });
    assert_eq!(real.refused(|c| c.version = 2), CommitmentError::Legacy { version: 2 });
    real.network.params.activation.v19 = 626;
    assert!(real.check(|_| ()).is_ok());
    real.network.params.activation.dip24 = 625;
    assert_eq!(real.refused(|_| ()), CommitmentError::Version { expected: 3, found: 4 });
    real.network.params.activation.dip24 = 624;
    assert!(real.check(|_| ()).is_ok());
}

#[test]
fn a_commitment_with_wrong_bits_is_refused() {
    let real = need_quorum!("a_commitment_with_wrong_bits_is_refused", 103, 625);
    for found in [0, 3, 5, 400] {
        let bits = || BitSet::from_bools(vec![true; found]);
        let error = |what| CommitmentError::Bits { what, expected: 4, found };
        assert_eq!(real.refused(|c| c.signers = bits()), error("signers"));
        assert_eq!(real.refused(|c| c.valid_members = bits()), error("valid members"));
    }
    // Four members, all of which are needed: this type's least size is its size.
    let few = || BitSet::from_bools([true, true, false, true]);
    let error = |what| CommitmentError::TooFew { what, least: 4, found: 3 };
    assert_eq!(real.refused(|c| c.signers = few()), error("signers"));
    assert_eq!(real.refused(|c| c.valid_members = few()), error("valid members"));
}

#[test]
fn a_commitment_without_key_hash_or_signatures_is_refused() {
    let mut real = need_quorum!("a_commitment_without_key_hash_or_signatures_is_refused", 103, 625);
    let null = |what| CommitmentError::Null { what };
    assert_eq!(real.refused(|c| c.public_key = BlsPublicKey::NULL), null("quorum key"));
    assert_eq!(real.refused(|c| c.vvec_hash = [0; 32]), null("verification vector's hash"));
    assert_eq!(real.refused(|c| c.quorum_sig = BlsSignature::NULL), null("quorum's signature"));
    assert_eq!(real.refused(|c| c.members_sig = BlsSignature::NULL), null("members' signature"));
    // A quorum of one has no verification vector.
    let llmq = real.network.params.llmqs.iter_mut().find(|llmq| llmq.llmq_type == LLMQType(103)).unwrap();
    (llmq.size, llmq.min_size, llmq.threshold) = (1, 1, 1);
    real.members.truncate(1);
    let one = || BitSet::from_bools([true]);
    let single = |c: &mut FinalCommitment| {
        (c.signers, c.valid_members, c.vvec_hash) = (one(), one(), [0; 32]);
    };
    assert_eq!(real.check(single).unwrap().member_keys.len(), 1);
}

#[test]
fn nobody_signs_who_is_no_member() {
    let real = need_quorum!("nobody_signs_who_is_no_member", 103, 625);
    let error = |members| CommitmentError::NoSuchMember { what: "signers", position: members, members };
    for members in 0..4 {
        assert_eq!(real.with_members(&real.members[..members]), Err(error(members)));
    }
    let five: Members = real.members.iter().chain(&real.members[..1]).cloned().collect();
    assert_eq!(real.with_members(&five), Err(CommitmentError::TooManyMembers { size: 4, found: 5 }));

    let mut without_key = real.members[2].entry().clone();
    without_key.operator_key = BlsPublicKey::NULL;
    let name = without_key.pro_tx_hash;
    let mut members = real.members.clone();
    members[2] = Arc::new(MasternodeEntry::new(without_key).unwrap());
    assert_eq!(real.with_members(&members), Err(CommitmentError::NoKey(name)));
}

#[test]
fn the_members_signature_holds_over_the_right_members_alone() {
    let real = need_quorum!("the_members_signature_holds_over_the_right_members_alone", 103, 625);
    let others = real.network.states[&616].list();
    let stranger = others.iter().find(|entry| !real.members.contains(entry)).unwrap();
    let mut members = real.members.clone();
    members[1] = stranger.clone();
    let checks = [real.with_members(&real.members).unwrap(), real.with_members(&members).unwrap()];
    assert_eq!(verify_commitments(&checks), [Verdict::Valid, Verdict::MembersSignature]);
}

#[test]
fn a_legacy_key_is_checked_in_the_basic_encoding() {
    let network = need_network!("a_legacy_key_is_checked_in_the_basic_encoding", "mainnet");
    let list = network.states[&2_240_344].list();
    let legacy: Vec<_> = list.iter().filter(|entry| entry.entry().version == 1).collect();
    assert!(legacy.len() > 1_000);
    assert!(legacy.iter().all(|entry| entry.entry().kind == MasternodeType::Regular));
    for entry in legacy.iter().filter(|entry| entry.is_valid()) {
        assert_eq!(entry.basic_key().as_bytes()[0] & 0xc0, 0x80);
    }
}
