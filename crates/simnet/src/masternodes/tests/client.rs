//! The client's rules against the simulator's, which were written apart: what is true here must hold there.

use super::*;
use crate::masternodes::facts::QuorumFacts;
use crate::masternodes::{Bogus, BogusCommitment};
use dash_protocol::{BlockHash, QuorumSnapshot};
use dash_spv_wasm::finality::{chainlock, instantlock, sign_hash};
use dash_spv_wasm::masternodes::bls::{SignatureCheck, Verdict, verify_commitments, verify_signatures};
use dash_spv_wasm::masternodes::{
    self, Cycle, ListState, MasternodeEntry, ProvenBlock, commitment, work_block,
};

/// A regtest whose quorums have other sizes than usual.
fn resized() -> Arc<NetworkParams> {
    let llmq = [(100, (5, 3)), (103, (8, 6)), (106, (4, 2))].into();
    let activation =
        [("dip3", 2), ("v20", 2), ("mn_rr", 2)].map(|(name, height)| (String::from(name), height)).into();
    Arc::new(
        NetworkParams::regtest(&ChainOverrides { llmq, activation, ..ChainOverrides::default() }).unwrap(),
    )
}

fn proven(chain: &SimChain, height: u32) -> ProvenBlock {
    let header = chain.header_at(height).unwrap();
    ProvenBlock { height, hash: chain.hash_at(height).unwrap(), merkle_root: header.merkle_root }
}

/// The state at a height, by one diff from nothing.
fn state(chain: &SimChain, height: u32) -> ListState {
    let block = proven(chain, height);
    let diff = chain.list_diff(&BlockHash::ZERO, &block.hash).unwrap();
    ListState::genesis(chain.params()).apply(chain.params(), &diff, block).unwrap()
}

/// The snapshot that nodes keep of a cycle.
fn snapshot(chain: &SimChain, cycle: u32) -> QuorumSnapshot {
    let block = &chain.ledger.as_ref().unwrap().blocks[cycle as usize];
    block.cycles[&chain.params().llmq_types.instantsend].snapshot.clone().unwrap()
}

/// The members of a quorum as the client computes them.
fn members(chain: &SimChain, quorum: &QuorumFacts) -> Vec<Arc<MasternodeEntry>> {
    let params = chain.params();
    let llmq = params.llmq(quorum.llmq_type).unwrap();
    let cycle = quorum.height - quorum.index;
    if !llmq.rotated {
        let modifier = masternodes::modifier(
            params,
            llmq,
            (cycle, chain.hash_at(cycle).unwrap()),
            &state(chain, work_block(cycle)),
        );
        let list = state(chain, masternodes::list_height(params, cycle));
        return masternodes::plain_members(
            llmq,
            list.list(),
            &modifier,
            masternodes::evo_only(params, llmq, cycle),
        );
    }
    let cycles = [0, 1, 2, 3].map(|back| cycle - back * llmq.interval);
    let states = cycles.map(|cycle| state(chain, work_block(cycle)));
    let snapshots = [1, 2, 3].map(|back| snapshot(chain, cycles[back]));
    let at = |back: usize| Cycle {
        base_height: cycles[back],
        state: &states[back],
        snapshot: back.checked_sub(1).map(|back| &snapshots[back]),
    };
    let before = [&at(1), &at(2), &at(3)];
    let mut quorums = masternodes::rotated_members(params, llmq, &at(0), before).unwrap();
    let expected = masternodes::new_snapshot(params, llmq, &at(0), before).unwrap();
    assert_eq!(expected, Some(snapshot(chain, cycle)));
    quorums.swap_remove(quorum.index as usize)
}

/// The client's verdict about a quorum whose members it agrees on.
fn verdict(chain: &SimChain, quorum: &QuorumFacts) -> Verdict {
    let members = members(chain, quorum);
    assert_eq!(members.iter().map(|member| *member.pro_tx_hash()).collect::<Vec<_>>(), quorum.members);
    assert_eq!(members.iter().map(|member| *member.basic_key()).collect::<Vec<_>>(), quorum.member_keys);
    let check = commitment::check(chain.params(), &quorum.commitment, quorum.height, &members).unwrap();
    verify_commitments(&[check])[0]
}

#[test]
fn the_client_proves_every_state() {
    let chain = small();
    let mut client = ListState::genesis(chain.params());
    for height in 2..=chain.height() {
        let block = proven(&chain, height);
        let diff = chain.list_diff(client.hash(), &block.hash).unwrap();
        client = client.apply(chain.params(), &diff, block).unwrap();
    }
    let facts = chain.facts().unwrap();
    assert!(
        client.list().iter().map(|entry| entry.entry()).eq(facts.masternodes.iter().map(|node| &node.entry))
    );
    assert_eq!(client.quorums().len(), facts.quorums.len());
    assert_eq!(client, state(&chain, chain.height()));
}

#[test]
fn the_client_computes_the_same_members_and_verifies_their_commitments() {
    // Masternodes change hands so often that some members count with the keys of an earlier list.
    let lively = SimChain::shared_with(&regtest(), 5, 400, &MasternodePlan::new(9).churn(90));
    let resized =
        SimChain::shared_with(&resized(), 6, 400, &MasternodePlan::new(40).churn(30).failed_dkgs(20));
    for chain in [small(), large(), lively, resized] {
        let mut verified = 0;
        for height in [60, 120, 187, 230, 260, 301, 350, 400] {
            for quorum in chain.facts_at(height).unwrap().quorums {
                assert_eq!(
                    verdict(&chain, &quorum),
                    Verdict::Valid,
                    "{:?} {}",
                    quorum.llmq_type,
                    quorum.height
                );
                verified += 1;
            }
        }
        assert!(verified > 25, "{verified}");
    }
}

#[test]
fn the_client_refuses_each_bogus_commitment() {
    for (llmq_type, index) in [(LLMQType(101), 0), (LLMQType(107), 0), (LLMQType(105), 1)] {
        for kind in [Bogus::QuorumSignature, Bogus::MembersSignature, Bogus::Members] {
            let plan = MasternodePlan::calm(60).bogus(BogusCommitment { llmq_type, cycle: 240, index, kind });
            let chain = SimChain::shared_with(&devnet(), 4, 263, &plan);
            let quorum =
                chain.facts().unwrap().quorums.into_iter().find(|quorum| quorum.bogus.is_some()).unwrap();
            let expected = match kind {
                Bogus::QuorumSignature => Verdict::QuorumSignature,
                Bogus::MembersSignature | Bogus::Members => Verdict::MembersSignature,
            };
            assert_eq!(verdict(&chain, &quorum), expected);
        }
    }
}

#[test]
fn the_client_verifies_locks_by_the_quorums_that_it_selects() {
    for chain in [small(), large()] {
        let types = chain.params().llmq_types;
        let mut checks = Vec::new();
        for lock in (300..=chain.height()).filter_map(|height| chain.chainlock(height)) {
            let height = u32::try_from(lock.height).unwrap();
            let request = chainlock::request_id(height);
            let quorums = chain.facts_at(height - 8).unwrap().quorums;
            let quorums: Vec<_> =
                quorums.iter().filter(|quorum| quorum.llmq_type == types.chainlocks).collect();
            let hashes = quorums.iter().map(|quorum| quorum.quorum_hash);
            let selected = chainlock::select(types.chainlocks, hashes, &request).unwrap();
            let quorum = quorums.iter().find(|quorum| quorum.quorum_hash == selected).unwrap();
            let message = sign_hash(types.chainlocks, &selected, &request, lock.block_hash.as_bytes());
            checks.push(SignatureCheck { key: quorum.public_key, message, signature: lock.signature });
        }
        let llmq = chain.params().llmq(types.instantsend).unwrap();
        for (transaction, lock) in (0..20).filter_map(|seed| chain.instant_lock(seed)) {
            assert!(instantlock::is_of(&lock, &transaction));
            let base =
                instantlock::base_height(llmq, &lock, chain.height_of(&lock.cycle_hash).unwrap()).unwrap();
            let mut quorums = chain.facts_at(chain.height() - 8).unwrap().quorums.into_iter();
            let signs = |quorum: &QuorumFacts| quorum.llmq_type == llmq.llmq_type && quorum.height == base;
            let quorum = quorums.find(signs).unwrap();
            let request = instantlock::request_id(&lock.inputs);
            let message = sign_hash(llmq.llmq_type, &quorum.quorum_hash, &request, lock.txid.as_bytes());
            checks.push(SignatureCheck { key: quorum.public_key, message, signature: lock.signature });
        }
        assert!(checks.len() > 100);
        assert!(verify_signatures(&checks).into_iter().all(|holds| holds));
    }
}
