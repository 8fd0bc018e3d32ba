use super::*;
use crate::chain::testing::{Miner, NOW, devnet, fresh, offered, regtest, with_checkpoint};
use crate::chain::{LockOutcome, Outcome};
use dash_protocol::{CompactTarget, NetworkKind, NetworkParams};
use std::sync::Arc;

/// A long chain with little of it in memory, and a rival from far below.
fn setup() -> (Miner, HeaderChain) {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(9_500);
    let mut chain = fresh(&params);
    chain.accept(&offered(&miner.chain[1..8_000]), NOW);
    chain.accept(&offered(&miner.chain[8_000..]), NOW);
    chain.trim();
    (miner, chain)
}

fn rival_at(miner: &Miner, chain: &HeaderChain, fork: usize) -> RivalChain {
    let ancestors: Vec<_> = miner.chain[fork - 35..fork].iter().map(|entry| entry.header).collect();
    chain.rival(miner.chain[fork], &ancestors).unwrap()
}

#[test]
fn a_branch_from_below_memory_is_proven_in_constant_memory_and_takes_over() {
    let (miner, mut chain) = setup();
    let mut theirs = miner.fork(500, 5);
    theirs.mine(9_001);
    assert_eq!(chain.accept(&offered(&theirs.chain[501..600]), NOW).outcome, Outcome::Unknown);
    let mut rival = rival_at(&miner, &chain, 500);
    for message in offered(&theirs.chain[501..]).chunks(2_000) {
        let fed = rival.feed(message, NOW);
        assert_eq!(fed, Fed { taken: message.len() as u32, error: None });
        assert_eq!(rival.kept(), 36);
    }
    assert_eq!(rival.fork(), &miner.chain[500]);
    assert_eq!(rival.tip(), theirs.tip());
    assert!(rival.wins_over(&chain.tip().work));
    let mut chain = rival.into_chain().unwrap();
    assert_eq!((chain.tip(), chain.base_height()), (theirs.tip(), theirs.tip().height - 35));
    let more = theirs.mine(3);
    let outcome = chain.accept(&offered(&more[9_502..]), NOW).outcome;
    assert_eq!(outcome, Outcome::Extended { from: 9_502, count: 3 });
}

#[test]
fn an_equal_or_lesser_branch_has_not_more_work() {
    let (miner, chain) = setup();
    let mut theirs = miner.fork(500, 5);
    theirs.mine(9_000);
    let mut rival = rival_at(&miner, &chain, 500);
    rival.feed(&offered(&theirs.chain[501..]), NOW);
    assert_eq!(rival.work(), chain.tip().work);
    assert!(!rival.wins_over(&chain.tip().work));
}

#[test]
fn a_rival_is_held_to_every_rule() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(200);
    let mut chain = fresh(&params);
    chain.accept(&offered(&miner.chain[1..]), NOW);
    let mut theirs = miner.fork(100, 5);
    theirs.mine(10);
    let (header, hash) = theirs.candidate(|header| header.bits = CompactTarget::from_bits(0x2000_ffff));
    theirs.add(header, hash);
    let mut rival = rival_at(&miner, &chain, 100);
    let fed = rival.feed(&offered(&theirs.chain[101..]), NOW);
    assert_eq!(fed.taken, 10);
    assert!(matches!(fed.error, Some((10, HeaderError::WrongBits { height: 111, .. }))));
    assert_eq!(rival.tip(), &theirs.chain[110]);
    let repeated = rival.feed(&offered(&theirs.chain[105..=110]), NOW);
    assert_eq!(repeated, Fed { taken: 0, error: None });
    let gap = rival.feed(&offered(&miner.chain[150..160]), NOW);
    assert!(matches!(gap.error, Some((0, HeaderError::NotLinked { .. }))));
}

#[test]
fn no_rival_begins_below_what_is_final() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(200);
    let with = with_checkpoint(&params, &all[120], false);
    let mut chain = fresh(&with);
    chain.accept(&offered(&all[1..]), NOW);
    let ancestors: Vec<_> = all[50..100].iter().map(|entry| entry.header).collect();
    let refused = chain.rival(all[100], &ancestors);
    assert!(matches!(refused, Err(HeaderError::BelowCheckpoint { fork: 100, checkpoint: 120 })));
    chain.lock(150, all[150].hash);
    let ancestors: Vec<_> = all[80..130].iter().map(|entry| entry.header).collect();
    let refused = chain.rival(all[130], &ancestors);
    assert!(matches!(refused, Err(HeaderError::BelowPin { fork: 130, pin: 150 })));
    let mut fit =
        chain.rival(all[150], &all[100..150].iter().map(|entry| entry.header).collect::<Vec<_>>()).unwrap();
    let theirs = miner.fork(150, 1).mine(60);
    fit.feed(&offered(&theirs[151..]), NOW);
    assert_eq!(fit.into_chain().unwrap().final_height(), 150, "what was final stays final");
}

#[test]
fn where_the_daily_rule_holds_a_rival_keeps_what_that_needs() {
    let mut params = (*devnet()).clone();
    (params.kgw_height, params.dgw_height, params.minimum_difficulty_blocks) = (4_001, 4_001, 4_001);
    params.kind = NetworkKind::Testnet;
    let params: Arc<NetworkParams> = Arc::new(params);
    let mut miner = Miner::new(&params);
    let all = miner.mine(1_000);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..]), NOW);
    let headers: Vec<_> = all[..800].iter().map(|entry| entry.header).collect();
    let short = chain.rival(all[800], &headers[765..]);
    assert!(matches!(short, Err(HeaderError::MissingContext { have: 36, need: 576, .. })));
    let mut rival = chain.rival(all[800], &headers).unwrap();
    rival.feed(&offered(&miner.fork(800, 1).mine(100)[801..]), NOW);
    assert_eq!(rival.kept(), 576);
}

#[test]
fn a_rival_with_a_locked_block_wins_with_less_work_and_one_without_it_never() {
    let (miner, mut chain) = setup();
    let (mut theirs, mut others) = (miner.fork(500, 5), miner.fork(500, 6));
    theirs.mine(8_000);
    others.mine(9_001);
    assert_eq!(chain.lock(8_400, theirs.chain[8_400].hash), LockOutcome::Awaited);
    let mut rival = rival_at(&miner, &chain, 500);
    rival.feed(&offered(&theirs.chain[501..8_400]), NOW);
    assert!(!rival.wins_over(&chain.tip().work));
    rival.feed(&offered(&theirs.chain[8_400..]), NOW);
    assert!(rival.wins_over(&chain.tip().work));
    assert_eq!(rival.into_chain().unwrap().final_height(), 8_400);
    let mut rival = rival_at(&miner, &chain, 500);
    let fed = rival.feed(&offered(&others.chain[501..]), NOW);
    assert!(matches!(fed.error, Some((7_899, HeaderError::AgainstLock { height: 8_400, .. }))));
}
