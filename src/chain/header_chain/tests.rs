use super::*;
use crate::chain::MAX_BRANCH_HEADERS;
use crate::chain::testing::{Miner, NOW, Random, devnet, fresh, offered, regtest, with_checkpoint};

fn extended(from: u32, count: u32) -> Accepted {
    Accepted { outcome: Outcome::Extended { from, count }, error: None }
}

#[test]
fn headers_that_follow_the_tip_extend_the_chain() {
    let params = devnet();
    let all = Miner::new(&params).mine(100);
    let mut chain = fresh(&params);
    assert_eq!(chain.accept(&offered(&all[1..60]), NOW), extended(1, 59));
    assert_eq!(chain.accept(&offered(&all[60..]), NOW), extended(60, 42));
    assert_eq!(chain.tip(), all.last().unwrap());
    assert!((0..=101).all(|height| chain.at(height) == Some(&all[height as usize])));
    assert_eq!(chain.at(102), None);
    assert!(all.iter().all(|entry| chain.is_best(&entry.hash) && chain.find(&entry.hash) == Some(entry)));
}

#[test]
fn known_headers_are_passed_over() {
    let params = regtest();
    let all = Miner::new(&params).mine(50);
    let mut chain = fresh(&params);
    assert_eq!(chain.accept(&[], NOW).outcome, Outcome::Nothing);
    assert_eq!(chain.accept(&offered(&all[1..=20]), NOW), extended(1, 20));
    assert_eq!(chain.accept(&offered(&all[..=20]), NOW), Accepted { outcome: Outcome::Nothing, error: None });
    assert_eq!(chain.accept(&offered(&all[5..]), NOW), extended(21, 30));
    // Known headers are not checked again: a clock that went back does not make them invalid.
    assert_eq!(chain.accept(&offered(&all[5..]), 0), Accepted { outcome: Outcome::Nothing, error: None });
}

#[test]
fn headers_whose_parent_is_not_in_memory_are_unknown() {
    let params = regtest();
    let all = Miner::new(&params).mine(50);
    let mut chain = fresh(&params);
    assert_eq!(chain.accept(&offered(&all[10..]), NOW).outcome, Outcome::Unknown);
    assert_eq!(chain.tip().height, 0);
}

#[test]
fn what_precedes_an_invalid_header_is_kept() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(10);
    let (header, hash) = miner.candidate(|header| header.version = 3);
    miner.add(header, hash);
    let all = miner.mine(5);
    let mut chain = fresh(&params);
    let accepted = chain.accept(&offered(&all[1..]), NOW);
    assert_eq!(accepted.outcome, Outcome::Extended { from: 1, count: 10 });
    assert!(matches!(accepted.error, Some((10, HeaderError::BadVersion { height: 11, .. }))));
    let again = chain.accept(&offered(&all[1..]), NOW);
    assert_eq!(again.outcome, Outcome::Nothing);
    assert!(matches!(again.error, Some((10, HeaderError::BadVersion { .. }))));
}

#[test]
fn headers_of_one_message_must_follow_each_other() {
    let params = regtest();
    let all = Miner::new(&params).mine(30);
    for known in [0, 1, 5, 12] {
        let mut chain = fresh(&params);
        chain.accept(&offered(&all[1..=known]), NOW);
        let mut message = offered(&all[1..]);
        message.remove(8);
        let accepted = chain.accept(&message, NOW);
        let (index, error) = accepted.error.unwrap();
        assert!(matches!(error, HeaderError::NotLinked { .. }), "{error:?}");
        assert_eq!(index, 8);
        assert_eq!(chain.tip().height as usize, known.max(8));
    }
}

#[test]
fn the_branch_with_strictly_more_work_wins_and_the_first_seen_among_equals() {
    let params = regtest();
    let mut ours = Miner::new(&params);
    ours.mine(40);
    let mut theirs = ours.fork(30, 7);
    let theirs = theirs.mine(13);
    let mut chain = fresh(&params);
    chain.accept(&offered(&ours.chain[1..]), NOW);

    let side = chain.accept(&offered(&theirs[31..=35]), NOW);
    assert_eq!(side, Accepted { outcome: Outcome::SideBranch { fork: 30, tip: theirs[35] }, error: None });
    assert_eq!(chain.find(&theirs[33].hash), Some(&theirs[33]));
    assert!(!chain.is_best(&theirs[33].hash));
    assert_eq!(chain.accept(&offered(&theirs[31..=35]), NOW).outcome, Outcome::Nothing);

    let tie = chain.accept(&offered(&theirs[31..=40]), NOW).outcome;
    assert_eq!(tie, Outcome::SideBranch { fork: 30, tip: theirs[40] });
    assert_eq!(chain.tip(), &ours.chain[40]);

    let won = chain.accept(&offered(&theirs[41..]), NOW);
    let disconnected = ours.chain[31..].to_vec();
    assert_eq!(won.outcome, Outcome::Reorganized { fork: 30, disconnected, connected: 13 });
    assert_eq!(chain.tip(), &theirs[43]);
    assert!(theirs.iter().all(|entry| chain.is_best(&entry.hash)));
    assert!(!chain.is_best(&ours.chain[31].hash) && chain.find(&ours.chain[31].hash).is_some());

    // And back again, from what was kept of the first.
    ours.mine(5);
    let back = chain.accept(&offered(&ours.chain[41..]), NOW).outcome;
    assert!(
        matches!(back, Outcome::Reorganized { fork: 30, ref disconnected, connected: 15 } if disconnected[..] == theirs[31..])
    );
    assert_eq!(chain.tip(), ours.tip());
    assert_eq!(chain.branch_headers(), 13);
}

#[test]
fn more_work_beats_more_headers() {
    let params = devnet();
    let mut miner = Miner::new(&params);
    miner.mine(60);
    let (mut slow, mut fast) = (miner.fork(61, 1), miner.fork(61, 2));
    (slow.spacing, fast.spacing) = (590, 15);
    let slow = slow.mine(80);
    let fast = fast.mine(60);
    assert!(fast.len() < slow.len() && fast.last().unwrap().work > slow.last().unwrap().work);
    let mut chain = fresh(&params);
    chain.accept(&offered(&slow[1..]), NOW);
    let outcome = chain.accept(&offered(&fast[1..]), NOW).outcome;
    assert!(matches!(outcome, Outcome::Reorganized { fork: 61, connected: 60, .. }));
    assert_eq!(chain.tip(), fast.last().unwrap());
}

#[test]
fn a_branch_on_a_branch_is_followed_too() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(40);
    let mut first = miner.fork(30, 1);
    first.mine(8);
    let mut second = first.fork(34, 2);
    second.mine(8);
    let mut chain = fresh(&params);
    chain.accept(&offered(&miner.chain[1..]), NOW);
    chain.accept(&offered(&first.chain[31..]), NOW);
    let outcome = chain.accept(&offered(&second.chain[35..]), NOW).outcome;
    assert!(matches!(outcome, Outcome::Reorganized { fork: 30, connected: 12, .. }), "{outcome:?}");
    // The first branch hangs from the new best chain now.
    first.mine(1);
    let outcome = chain.accept(&offered(&first.chain[39..]), NOW).outcome;
    assert_eq!(outcome, Outcome::SideBranch { fork: 34, tip: *first.tip() });
    first.mine(5);
    let outcome = chain.accept(&offered(&first.chain[40..]), NOW).outcome;
    assert!(matches!(outcome, Outcome::Reorganized { fork: 34, connected: 10, .. }), "{outcome:?}");
}

#[test]
fn no_branch_forks_off_below_the_last_checkpoint_passed() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(60);
    let with = with_checkpoint(&params, &all[40], false);
    let mut chain = fresh(&with);
    chain.accept(&offered(&all[1..=39]), NOW);
    let mut late = miner.fork(38, 3);
    let late = late.mine(50);
    assert_eq!(
        chain.accept(&offered(&late[1..40]), NOW).outcome,
        Outcome::SideBranch { fork: 38, tip: late[39] }
    );
    chain.accept(&offered(&all[40..]), NOW);
    assert_eq!(chain.branch_headers(), 0, "branches from below are lost with the checkpoint");
    assert_eq!(chain.final_height(), 40);
    let refused = chain.accept(&offered(&late[39..]), NOW);
    let error = HeaderError::BelowCheckpoint { fork: 38, checkpoint: 40 };
    assert_eq!(refused, Accepted { outcome: Outcome::Nothing, error: Some((0, error)) });
    let mut above = miner.fork(40, 4);
    let above = above.mine(30);
    assert!(matches!(
        chain.accept(&offered(&above[41..]), NOW).outcome,
        Outcome::Reorganized { fork: 40, connected: 30, .. }
    ));
}

#[test]
fn memory_keeps_its_window_and_what_the_last_call_connected() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(9_000);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..=8_000]), NOW);
    chain.accept(&offered(&all[8_001..]), NOW);
    let run = chain.run(8_001, 9_000).unwrap();
    assert_eq!((run.first_height, run.hashes.len(), run.raw.len()), (8_001, 1_000, 80_000));
    assert_eq!(run.raw[79_920..], all[9_000].header.to_bytes());
    chain.trim();
    assert_eq!(chain.best.entries().len(), MEMORY_WINDOW);
    assert!(all[chain.base_height() as usize..].iter().all(|entry| chain.is_best(&entry.hash)));
    let base = chain.base_height();
    assert_eq!(base, 9_001 - MEMORY_WINDOW as u32);
    assert_eq!(chain.run(base - 1, base + 5), None);
    assert_eq!(chain.run(base, 9_001), None);
    assert!(chain.find(&all[base as usize - 1].hash).is_none());
    // Too low for the rules to see 24 headers: not decided here.
    let mut low = miner.fork(base + 22, 1);
    assert_eq!(chain.accept(&offered(&low.mine(1)[base as usize + 23..]), NOW).outcome, Outcome::Unknown);
    let mut enough = miner.fork(base + 23, 1);
    let outcome = chain.accept(&offered(&enough.mine(1)[base as usize + 24..]), NOW).outcome;
    assert!(matches!(outcome, Outcome::SideBranch { .. }));
    // Headers from below memory that lead into it are known, as what they lead to is.
    assert_eq!(chain.accept(&offered(&all[100..]), NOW).outcome, Outcome::Nothing);
    let next = miner.mine(10);
    assert_eq!(chain.accept(&offered(&next[100..]), NOW), extended(9_001, 10));
}

#[test]
fn a_flood_of_low_work_branches_grows_nothing_and_displaces_nothing_better() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    miner.mine(6_000);
    let mut chain = fresh(&params);
    chain.accept(&offered(&miner.chain[1..]), NOW);
    let mut good = miner.fork(5_990, 200);
    let good = good.mine(10);
    chain.accept(&offered(&good[5_991..]), NOW);
    assert_eq!(chain.branch_headers(), 10);
    let mut refused = 0;
    for salt in 1..=9 {
        let fork = 100 * u32::from(salt);
        let flood = miner.fork(fork, salt).mine(2_500);
        let accepted = chain.accept(&offered(&flood[fork as usize + 1..]), NOW);
        refused += u32::from(matches!(accepted.error, Some((0, HeaderError::NoRoom { .. }))));
        assert!(chain.branch_headers() <= MAX_BRANCH_HEADERS);
    }
    assert_eq!(refused, 0, "each was a little better than the ones before and displaced the weakest");
    let weak = miner.fork(50, 100).mine(2_500);
    let accepted = chain.accept(&offered(&weak[51..]), NOW);
    assert!(matches!(accepted.error, Some((0, HeaderError::NoRoom { fork: 50, .. }))));
    assert_eq!(accepted.outcome, Outcome::Nothing);
    assert!(chain.branch_headers() > MAX_BRANCH_HEADERS - 2_500);
    assert_eq!(chain.tip(), miner.tip());
    assert!(good[5_991..].iter().all(|entry| chain.find(&entry.hash).is_some()));
    // A branch that wins needs no room.
    let mut winner = miner.fork(5_000, 101);
    let winner = winner.mine(1_001);
    assert!(matches!(
        chain.accept(&offered(&winner[5_001..]), NOW).outcome,
        Outcome::Reorganized { fork: 5_000, connected: 1_001, .. }
    ));
    assert!(chain.branch_headers() <= MAX_BRANCH_HEADERS);
    assert!(winner[chain.base_height() as usize..].iter().all(|entry| chain.is_best(&entry.hash)));
    assert!(!good[5_991..].iter().any(|entry| chain.is_best(&entry.hash)));
}

#[test]
fn offered_in_any_order_the_most_work_ends_up_best_and_all_books_agree() {
    let params = regtest();
    for seed in 0..20 {
        let mut random = Random::new(seed);
        let mut trunk = Miner::new(&params);
        trunk.mine(30);
        let mut miners = vec![trunk];
        for salt in 1..6 {
            let parent = random.below(miners.len() as u64) as usize;
            let height = 1 + random.below(u64::from(miners[parent].tip().height)) as u32;
            let mut miner = miners[parent].fork(height, salt);
            miner.mine(1 + random.below(25) as u32);
            miners.push(miner);
        }
        let mut chain = fresh(&params);
        for _ in 0..60 {
            let miner = &miners[random.below(miners.len() as u64) as usize];
            let from = 1 + random.below(u64::from(miner.tip().height)) as usize;
            let to = (from + random.below(20) as usize).min(miner.chain.len() - 1);
            let before = *chain.tip();
            let accepted = chain.accept(&offered(&miner.chain[from..=to]), NOW);
            assert_eq!(accepted.error, None, "seed {seed}");
            let changed = matches!(accepted.outcome, Outcome::Extended { .. } | Outcome::Reorganized { .. });
            assert_eq!(chain.tip().work > before.work, changed, "seed {seed}");
            assert_eq!(chain.tip() != &before, changed, "seed {seed}");
        }
        for miner in &miners {
            chain.accept(&offered(&miner.chain[1..]), NOW);
        }
        let most = miners.iter().map(|miner| miner.tip().work).max();
        assert_eq!(Some(chain.tip().work), most, "seed {seed}");
        let best: Vec<Entry> = chain.best.entries().iter().copied().collect();
        for pair in best.windows(2) {
            assert_eq!((pair[1].header.prev_block_hash, pair[1].height), (pair[0].hash, pair[0].height + 1));
        }
        for entry in miners.iter().flat_map(|miner| &miner.chain) {
            assert_eq!(chain.is_best(&entry.hash), best.contains(entry), "seed {seed}");
        }
        let again = Context::new(&chain.rules, chain.tip().height, best.iter().map(|entry| &entry.header));
        assert_eq!(format!("{:?}", again.unwrap()), format!("{:?}", chain.context));
    }
}

#[test]
fn a_chain_goes_on_from_what_a_store_kept() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(201);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..]), NOW);
    let tip = *chain.tip();
    let segment = Segment { context: 0, start: 0, tip: tip.height, tip_hash: tip.hash, tip_work: tip.work };
    let tail = chain.run(120, tip.height).unwrap();
    let mut resumed = HeaderChain::from_tail(params.clone(), &segment, &tail).unwrap();
    assert_eq!((resumed.tip(), resumed.base_height()), (&tip, 120));
    assert_eq!(resumed.at(120), Some(&all[120]), "work is worked out backwards");
    let more = miner.mine(10);
    assert_eq!(resumed.accept(&offered(&more[202..]), NOW), extended(202, 10));
    let whole = chain.run(0, tip.height).unwrap();
    assert_eq!(HeaderChain::from_tail(params.clone(), &segment, &whole).unwrap().base_height(), 0);

    let damage = |change: &dyn Fn(&mut HeaderRun)| {
        let mut tail = tail.clone();
        change(&mut tail);
        HeaderChain::from_tail(params.clone(), &segment, &tail).unwrap_err()
    };
    let at = |height| HeaderError::Damaged { height };
    assert_eq!(damage(&|run| *run = HeaderRun::default()), at(201));
    assert_eq!(damage(&|run| run.first_height += 1), at(201));
    assert_eq!(damage(&|run| run.first_height = u32::MAX), at(201));
    assert_eq!(damage(&|run| run.raw.truncate(run.raw.len() - 1)), at(201));
    assert_eq!(damage(&|run| *run.raw.last_mut().unwrap() ^= 1), at(201));
    assert_eq!(damage(&|run| run.hashes[5] = BlockHash::ZERO), at(125));
    assert_eq!(damage(&|run| run.raw[80 * 11 + 4] ^= 1), at(130));
    let short = chain.run(190, tip.height).unwrap();
    let error = HeaderChain::from_tail(params, &segment, &short).unwrap_err();
    assert_eq!(error, HeaderError::MissingContext { height: 201, have: 12, need: 24 });
}

#[test]
fn a_stored_chain_remembers_what_is_final() {
    let params = regtest();
    let all = Miner::new(&params).mine(100);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..]), NOW);
    let tip = all[100];
    let segment = Segment { context: 0, start: 20, tip: 100, tip_hash: tip.hash, tip_work: tip.work };
    let tail = chain.run(0, 100).unwrap();
    assert_eq!(HeaderChain::from_tail(params.clone(), &segment, &tail).unwrap().final_height(), 20);
    let with = with_checkpoint(&params, &all[70], false);
    assert_eq!(HeaderChain::from_tail(with, &segment, &tail).unwrap().final_height(), 70);
}

#[test]
fn ancestors_must_lead_to_the_start() {
    let params = regtest();
    let all = Miner::new(&params).mine(100);
    let headers: Vec<_> = all[50..80].iter().map(|entry| entry.header).collect();
    assert!(HeaderChain::from_start(params.clone(), all[80], &headers).is_ok());
    let gap = HeaderChain::from_start(params.clone(), all[81], &headers);
    assert!(matches!(gap, Err(HeaderError::NotLinked { .. })));
    let mut altered = headers.clone();
    altered[3].time += 1;
    let altered = HeaderChain::from_start(params.clone(), all[80], &altered);
    assert!(matches!(altered, Err(HeaderError::NotLinked { .. })));
    let other_hash = Entry { hash: all[81].hash, ..all[80] };
    let wrong = HeaderChain::from_start(params.clone(), other_hash, &headers);
    assert!(matches!(wrong, Err(HeaderError::WrongHash { .. })));
    let few = HeaderChain::from_start(params, all[80], &headers[20..]);
    assert!(matches!(few, Err(HeaderError::MissingContext { height: 80, have: 11, need: 24 })));
}

#[test]
fn a_locator_reaches_from_the_tip_over_anchors_and_checkpoints_to_genesis() {
    let params = regtest();
    let all = Miner::new(&params).mine(9_000);
    let with = with_checkpoint(&params, &all[200], false);
    let mut chain = fresh(&with);
    chain.accept(&offered(&all[1..8_000]), NOW);
    chain.accept(&offered(&all[8_000..]), NOW);
    chain.trim();
    chain.set_anchors((0..700).map(|height| (height, all[height as usize].hash)).collect());
    assert_eq!(chain.anchors.len(), 256);
    let locator = chain.locator();
    assert_eq!(locator[..10], all[8_991..].iter().rev().map(|entry| entry.hash).collect::<Vec<_>>());
    let below: Vec<_> = locator.iter().filter(|hash| !chain.is_best(hash)).copied().collect();
    assert!(below.contains(&all[200].hash) || below.contains(&all[699].hash));
    assert_eq!(locator.last(), Some(&params.genesis_hash));
    assert!(locator.len() <= locator::MAX_LOCATOR);
}
