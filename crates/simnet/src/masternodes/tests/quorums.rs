use super::bls::{aggregate, holds, key};
use super::*;
use crate::chain::ChainBuilder;
use crate::masternodes::facts::{MasternodeFacts, QuorumFacts};
use crate::masternodes::{Bogus, BogusCommitment};
use dash_protocol::{BlsPublicKey, MasternodeType};

/// All quorums that a chain ever counted, with the height of the first block that counts each.
fn all(chain: &SimChain) -> Vec<(u32, QuorumFacts)> {
    let mut known: BTreeMap<(LLMQType, QuorumHash), (u32, QuorumFacts)> = BTreeMap::new();
    for height in 2..=chain.height() {
        for quorum in chain.facts_at(height).unwrap().quorums {
            known.entry((quorum.llmq_type, quorum.quorum_hash)).or_insert((height, quorum));
        }
    }
    known.into_values().collect()
}

/// The masternodes of the list that a quorum's newest members are from.
fn at_work(chain: &SimChain, quorum: &QuorumFacts) -> Vec<MasternodeFacts> {
    chain.facts_at(quorum.height - quorum.index - 8).unwrap().masternodes
}

/// Whether both signatures of a commitment hold.
fn verdict(quorum: &QuorumFacts) -> (bool, bool) {
    let commitment = &quorum.commitment;
    let signers = quorum.member_keys.iter().zip(commitment.signers.iter()).filter(|&(_, signs)| signs);
    let keys: Vec<BlsPublicKey> = signers.map(|(&key, _)| key).collect();
    let message = commitment.commitment_hash();
    let own = holds(&key(&commitment.public_key), &message, &commitment.quorum_sig);
    (own, holds(&aggregate(keys), &message, &commitment.members_sig))
}

#[test]
fn both_signatures_of_every_commitment_hold() {
    for chain in [small(), large()] {
        let quorums = all(&chain);
        assert!(quorums.len() > 40, "{}", quorums.len());
        for (_, quorum) in quorums {
            assert_eq!(verdict(&quorum), (true, true), "{:?} {}", quorum.llmq_type, quorum.height);
            assert_eq!(quorum.commitment.public_key, quorum.public_key);
        }
    }
}

#[test]
fn plain_members_have_the_keys_of_the_work_block() {
    let chain = small();
    for (_, quorum) in all(&chain) {
        let rotated = quorum.commitment.quorum_index.is_some();
        // Before the ChainLocks choose members the list of the base itself counts.
        let nodes = if quorum.height < 60 { chain.facts_at(quorum.height) } else { None };
        let nodes = nodes.map_or_else(|| at_work(&chain, &quorum), |facts| facts.masternodes);
        for (name, &key) in quorum.members.iter().zip(&quorum.member_keys).filter(|_| !rotated) {
            let node = nodes.iter().find(|node| node.entry.pro_tx_hash == *name).unwrap();
            assert_eq!(node.operator_key, key);
            assert!(node.entry.is_valid && !node.entry.confirmed_hash.is_zero());
        }
    }
}

#[test]
fn commitments_are_as_the_rules_of_their_types_want_them() {
    for chain in [small(), large()] {
        let mut absent = 0;
        for (height, quorum) in all(&chain) {
            let llmq = chain.params().llmq(quorum.llmq_type).unwrap();
            let commitment = &quorum.commitment;
            assert_eq!(height, quorum.mined_height);
            let offset = height % llmq.interval;
            assert!((llmq.mining_start..=llmq.mining_end).contains(&offset));
            assert_eq!(quorum.height % llmq.interval, quorum.index);
            assert_eq!(chain.hash_at(quorum.height).unwrap(), commitment.quorum_hash.into());
            assert_eq!(commitment.version, if llmq.rotated { 4 } else { 3 });
            assert_eq!(commitment.quorum_index.is_some(), llmq.rotated);
            for bits in [&commitment.signers, &commitment.valid_members] {
                assert_eq!(bits.len(), llmq.size as usize);
                assert!(bits.count() >= llmq.min_size as usize);
                assert!(bits.ones().all(|place| place < quorum.members.len()));
            }
            absent += bits_off(&quorum);
            assert_ne!(commitment.vvec_hash, [0; 32]);
            let names: std::collections::BTreeSet<_> = quorum.members.iter().collect();
            assert_eq!(names.len(), quorum.members.len());
        }
        assert!(chain.plan().unwrap().absent_percent == 0 || absent > 0 || chain.params().name == "regtest");
    }
}

fn bits_off(quorum: &QuorumFacts) -> usize {
    quorum.members.len() - quorum.commitment.signers.count()
}

#[test]
fn platform_quorums_have_evo_nodes_alone() {
    for chain in [small(), large()] {
        let platform = chain.params().llmq_types.platform;
        let quorums = all(&chain);
        let quorums: Vec<_> = quorums.iter().filter(|(_, quorum)| quorum.llmq_type == platform).collect();
        assert!(quorums.len() > 3);
        for (_, quorum) in quorums {
            let nodes = at_work(&chain, quorum);
            let is_evo = |name: &ProTxHash| {
                nodes
                    .iter()
                    .any(|node| node.entry.pro_tx_hash == *name && node.entry.kind == MasternodeType::Evo)
            };
            assert!(quorum.members.iter().all(is_evo));
        }
    }
}

#[test]
fn failed_key_generations_leave_gaps_and_a_rate_of_zero_leaves_none() {
    let count = |failed| {
        let chain = SimChain::shared_with(&devnet(), 2, 500, &MasternodePlan::new(60).failed_dkgs(failed));
        all(&chain).len()
    };
    // 20 cycles of one commitment each of types 101 and 107; rotated quorums begin with the fourth.
    let (whole, some) = (count(0), count(20));
    assert_eq!(whole, 2 * 20 + 2 * (500 / 48 - 3), "{some}");
    assert!(some < whole - 5 && some > whole / 2, "{some} of {whole}");
}

#[test]
fn a_thousand_blocks_of_a_devnet_take_seconds() {
    let started = std::time::Instant::now();
    let chain =
        ChainBuilder::new(devnet()).seed(9).height(1_000).masternodes(MasternodePlan::new(60)).build();
    assert!(chain.facts().unwrap().quorums.len() > 8);
    println!("1,000 blocks with 60 masternodes: {:?}", started.elapsed());
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn each_bogus_commitment_is_wrong_in_its_own_way_and_its_block_proves_it() {
    for kind in [Bogus::QuorumSignature, Bogus::MembersSignature, Bogus::Members] {
        let planted = BogusCommitment { llmq_type: LLMQType(101), cycle: 120, index: 0, kind };
        let plan = MasternodePlan::calm(30).bogus(planted);
        let chain = SimChain::shared_with(&devnet(), 4, 150, &plan);
        let quorum =
            chain.facts().unwrap().quorums.into_iter().find(|quorum| quorum.bogus.is_some()).unwrap();
        assert_eq!((quorum.bogus, quorum.height, quorum.llmq_type), (Some(kind), 120, LLMQType(101)));
        assert_eq!(verdict(&quorum), (kind != Bogus::QuorumSignature, kind == Bogus::QuorumSignature));
        let mut state = State::default();
        state.apply(&chain, &chain.list_diff(&dash_protocol::BlockHash::ZERO, &chain.tip_hash()).unwrap());

        let mut honest = SimChain::shared_with(&devnet(), 4, 119, &MasternodePlan::calm(30)).prefix(119);
        honest.plant(planted);
        honest.mine(30, u32::MAX);
        assert!(honest.facts().unwrap().quorums.iter().any(|quorum| quorum.bogus == Some(kind)));
    }
}
