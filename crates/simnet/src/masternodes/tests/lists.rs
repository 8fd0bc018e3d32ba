use super::*;
use crate::chain::{ChainBuilder, EPOCH};
use crate::masternodes::facts::MasternodeFacts;
use dash_protocol::{BlockHash, BlsScheme, Decode, Encode, MasternodeType};

#[test]
fn the_client_accepts_the_headers() {
    use dash_spv_wasm::chain::{Entry, HeaderChain};
    let chain = small();
    let start =
        Entry { header: chain.headers()[0], hash: chain.hashes()[0], height: 0, work: chain.work_at(0) };
    let mut client = HeaderChain::from_start(regtest(), start, &[]).unwrap();
    let headers = chain.headers().iter().copied().zip(chain.hashes().iter().copied());
    let accepted = client.accept(&headers.skip(1).collect::<Vec<_>>(), u64::from(EPOCH));
    assert_eq!(accepted.error, None);
    assert_eq!(client.tip().hash, chain.tip_hash());
}

#[test]
fn every_block_proves_the_diff_to_it() {
    for chain in [small(), large()] {
        let mut state = State::default();
        let mut base = BlockHash::ZERO;
        for height in 2..=chain.height() {
            let block = chain.hash_at(height).unwrap();
            let diff = chain.list_diff(&base, &block).unwrap();
            assert_eq!((diff.base_block_hash, diff.block_hash), (base, block));
            state.apply(&chain, &diff);
            assert_eq!(diff, MnListDiff::from_wire(&diff.to_wire()).unwrap());
            base = block;
        }
        let facts = chain.facts().unwrap();
        let entries: Vec<_> = state.entries.into_values().collect();
        assert_eq!(entries, facts.masternodes.into_iter().map(|node| node.entry).collect::<Vec<_>>());
        assert_eq!(state.quorums.len(), facts.quorums.len());
    }
}

#[test]
fn a_diff_over_many_blocks_proves_the_same_list() {
    let chain = large();
    let hash = |height| chain.hash_at(height).unwrap();
    for (base, block) in [(0, 500), (0, 2), (2, 500), (137, 462), (462, 463), (463, 463)] {
        let mut state = State::default();
        if base > 0 {
            state.apply(&chain, &chain.list_diff(&BlockHash::ZERO, &hash(base)).unwrap());
        }
        state.apply(&chain, &chain.list_diff(&hash(base), &hash(block)).unwrap());
    }
}

#[test]
fn a_node_that_cannot_answer_does_not() {
    let chain = small();
    let hash = |height| chain.hash_at(height).unwrap();
    assert_eq!(chain.list_diff(&hash(11), &hash(10)), None);
    assert_eq!(chain.list_diff(&BlockHash::from_bytes([1; 32]), &hash(10)), None);
    assert_eq!(chain.list_diff(&hash(11), &BlockHash::from_bytes([1; 32])), None);
    assert_eq!(chain.list_diff(&hash(0), &hash(0)), None);
    let plain = SimChain::shared(&regtest(), 1, 10);
    assert_eq!(plain.list_diff(&BlockHash::ZERO, &plain.tip_hash()), None);
    assert!(plain.facts().is_none() && plain.chainlock(9).is_none());
}

#[test]
fn everything_that_can_happen_to_a_masternode_happens() {
    let chain = SimChain::shared_with(&regtest(), 3, 600, &MasternodePlan::new(30).churn(90));
    let list = |height| chain.facts_at(height).unwrap().masternodes;
    let mut seen = BTreeMap::new();
    let mut note = |what: &'static str, so: bool| *seen.entry(what).or_insert(0) += usize::from(so);
    for height in 3..=chain.height() {
        let (old, new) = (list(height - 1), list(height));
        let find = |list: &[MasternodeFacts], node: &MasternodeFacts| {
            list.iter().find(|other| other.entry.pro_tx_hash == node.entry.pro_tx_hash).cloned()
        };
        note("left", old.iter().any(|node| find(&new, node).is_none()));
        assert!(new.len() >= 20 && new.len() <= 40, "{} masternodes", new.len());
        for node in &new {
            let scheme = if node.entry.version == 1 { BlsScheme::Legacy } else { BlsScheme::Basic };
            assert_eq!(node.entry.operator_key.to_basic(scheme), node.operator_key);
            let Some(before) = find(&old, node) else {
                note("joined", true);
                assert!(node.entry.confirmed_hash.is_zero());
                continue;
            };
            let (was, is) = (&before.entry, &node.entry);
            note("confirmed", was.confirmed_hash.is_zero() && !is.confirmed_hash.is_zero());
            note("moved", was.is_valid && is.is_valid && was.net_info != is.net_info);
            note("banned", was.is_valid && !is.is_valid && was.net_info == is.net_info);
            note("handed over", !is.operator_key.is_null() && was.operator_key != is.operator_key);
            note("revoked", !was.operator_key.is_null() && is.operator_key.is_null());
            note("revived", !was.is_valid && is.is_valid);
            note("upgraded", was.version < is.version);
            note("evo", is.kind == MasternodeType::Evo);
            note("legacy", is.version == 1 && is.is_valid);
        }
    }
    assert!(seen.len() == 11 && seen.values().all(|&times| times > 2), "{seen:?}");
}

#[test]
fn the_same_seed_gives_the_same_masternodes_and_another_seed_others() {
    let build = |seed| {
        let plan = MasternodePlan::new(8).churn(50);
        ChainBuilder::new(regtest()).seed(seed).height(120).masternodes(plan).build()
    };
    let chain = build(7);
    assert_eq!(chain.tip_hash(), build(7).tip_hash());
    assert_eq!(chain.coinbase(120), build(7).coinbase(120));
    assert_ne!(chain.facts().unwrap().masternodes, build(8).facts().unwrap().masternodes);
}

#[test]
fn forks_have_a_state_of_their_own_and_leave_that_of_the_chain() {
    let chain = small();
    let fork = chain.fork(300, 60, 5);
    let hash = |chain: &SimChain, height| chain.hash_at(height).unwrap();
    for chain in [&fork, &*chain] {
        let mut state = State::default();
        state.apply(chain, &chain.list_diff(&BlockHash::ZERO, &hash(chain, 290)).unwrap());
        state.apply(chain, &chain.list_diff(&hash(chain, 290), &hash(chain, 360)).unwrap());
    }
    assert_eq!(fork.facts_at(300).unwrap().masternodes, chain.facts_at(300).unwrap().masternodes);
    assert_ne!(fork.facts_at(360).unwrap().masternodes, chain.facts_at(360).unwrap().masternodes);
    let mut other = SimChain::clone(&chain);
    other.reorganize(40, 50, EPOCH);
    let mut state = State::default();
    state.apply(&other, &other.list_diff(&BlockHash::ZERO, &other.tip_hash()).unwrap());
    assert_eq!(chain.list_diff(&BlockHash::ZERO, &other.tip_hash()), None);
    let branch = chain.branch(300, 3, EPOCH, &mut crate::rng::Rng::new(3));
    assert_eq!(branch.len(), 3);
    assert_eq!(branch[0].prev_block_hash, hash(&chain, 300));
}

#[test]
fn the_masternodes_of_two_plans_are_on_two_chains() {
    let calm = SimChain::shared_with(&regtest(), 1, 60, &MasternodePlan::calm(5));
    let same = SimChain::shared_with(&regtest(), 1, 60, &MasternodePlan::calm(5));
    assert!(Arc::ptr_eq(&calm, &same));
    let other = SimChain::shared_with(&regtest(), 1, 60, &MasternodePlan::calm(6));
    assert_ne!(calm.tip_hash(), other.tip_hash());
    assert_eq!(calm.facts().unwrap().masternodes.len(), 5);
    assert_eq!(calm.plan(), Some(&MasternodePlan::calm(5)));
}
