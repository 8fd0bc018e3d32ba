use super::*;
use crate::chain::testing::{Miner, NOW, fresh, offered, regtest, with_checkpoint};
use crate::chain::{Accepted, Entry, Severity};

/// Forty blocks, known, and a miner who left them after the thirtieth.
fn setup() -> (HeaderChain, Vec<Entry>, Miner) {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(40);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..]), NOW);
    (chain, all, miner.fork(30, 3))
}

fn refused(error: HeaderError) -> Accepted {
    Accepted { outcome: Outcome::Nothing, error: Some((0, error)) }
}

#[test]
fn no_branch_leaves_the_chain_below_a_locked_block_whatever_its_work() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(20);
    chain.accept(&offered(&other[31..=32]), NOW);
    assert_eq!(chain.lock(31, all[31].hash), LockOutcome::Pinned);
    assert_eq!((chain.branch_headers(), chain.final_height()), (0, 31));
    assert_eq!(chain.lock(5, all[5].hash), LockOutcome::Old);
    assert_eq!(chain.lock(31, all[31].hash), LockOutcome::Old);
    let error = HeaderError::BelowPin { fork: 30, pin: 31 };
    assert_eq!(error.severity(), Severity::Suspicious);
    assert_eq!(chain.accept(&offered(&other[31..]), NOW), refused(error));
    assert_eq!(chain.tip(), &all[40]);
}

#[cfg(feature = "switchable-checks")]
#[test]
fn without_its_check_a_reorganisation_below_a_locked_block_succeeds() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(20);
    chain.lock(40, all[40].hash);
    let _off = checks::Off::check(Check::ChainLockPin);
    let outcome = chain.accept(&offered(&other[31..]), NOW).outcome;
    assert!(matches!(outcome, Outcome::Reorganized { fork: 30, .. }));
}

#[test]
fn a_locked_side_branch_becomes_the_best_chain_at_once() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(5);
    chain.accept(&offered(&other[31..]), NOW);
    assert_eq!(chain.tip(), &all[40]);
    let moved = Outcome::Reorganized {
        fork: 30,
        disconnected: all[31..].to_vec(),
        connected: other[31..].len() as u32,
    };
    assert_eq!(chain.lock(33, other[33].hash), LockOutcome::Reorganized(moved));
    assert_eq!((chain.tip(), chain.final_height(), chain.branch_headers()), (&other[35], 33, 0));
    let error = HeaderError::BelowPin { fork: 30, pin: 33 };
    assert_eq!(chain.accept(&offered(&all[31..]), NOW), refused(error));
    assert_eq!(chain.lock(33, all[33].hash), LockOutcome::Refused);
}

#[test]
fn of_several_branches_with_the_locked_block_the_one_with_the_most_work_wins() {
    let (mut chain, _, mut other) = setup();
    other.mine(3);
    let mut short = other.fork(32, 8);
    let (short, long) = (short.mine(1), other.mine(3));
    chain.accept(&offered(&long[31..]), NOW);
    chain.accept(&offered(&short[33..]), NOW);
    let outcome = chain.lock(32, long[32].hash);
    assert!(matches!(outcome, LockOutcome::Reorganized(Outcome::Reorganized { connected: 6, .. })));
    assert_eq!((chain.tip(), chain.branch_headers()), (&long[36], 1), "the other one hangs from it");
}

#[test]
fn the_branch_with_an_awaited_block_wins_when_its_headers_come() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(5);
    assert_eq!(chain.lock(34, other[34].hash), LockOutcome::Awaited);
    assert!(chain.contradicts_lock());
    assert_eq!(chain.awaited_lock(), Some(LockedBlock { height: 34, hash: other[34].hash }));
    assert_eq!(chain.tip(), &all[40], "nothing better is known");
    let begun = chain.accept(&offered(&other[31..34]), NOW).outcome;
    assert!(matches!(begun, Outcome::SideBranch { fork: 30, .. }));
    let won = chain.accept(&offered(&other[34..]), NOW).outcome;
    assert!(matches!(won, Outcome::Reorganized { fork: 30, connected: 5, .. }));
    assert_eq!((chain.tip(), chain.final_height(), chain.awaited_lock()), (&other[35], 34, None));
    assert!(!chain.contradicts_lock());
}

#[test]
fn nothing_grows_on_a_chain_that_lacks_an_awaited_block() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(5);
    let params = regtest();
    let mut honest = Miner::new(&params);
    honest.mine(40);
    let (mut late, mut early) = (honest.fork(36, 5), honest.fork(20, 6));
    let (late, early) = (late.mine(1), early.mine(30));
    chain.accept(&offered(&late[37..]), NOW);
    chain.accept(&offered(&early[21..=36]), NOW);
    assert_eq!(chain.branch_headers(), 17);
    chain.lock(34, other[34].hash);
    assert_eq!(chain.branch_headers(), 13, "what has another block at height 34 is gone");
    let against = |found| HeaderError::AgainstLock { height: 34, locked: other[34].hash, found };
    let more = honest.mine(1);
    assert_eq!(chain.accept(&offered(&more[41..]), NOW), refused(against(all[34].hash)));
    assert_eq!(chain.accept(&offered(&late[37..]), NOW), refused(against(all[34].hash)));
    let stopped = chain.accept(&offered(&early[21..]), NOW);
    assert_eq!(stopped.error, Some((13, against(early[34].hash))));
    assert_eq!(against(BlockHash::ZERO).severity(), Severity::Suspicious);
    assert_eq!(chain.tip(), &all[40]);
}

#[test]
fn a_lock_ahead_of_the_tip_decides_which_header_may_come() {
    let (mut chain, all, mut other) = setup();
    let params = regtest();
    let mut honest = Miner::new(&params);
    let more = { honest.mine(45) };
    assert_eq!(chain.lock(43, more[43].hash), LockOutcome::Awaited);
    assert!(!chain.contradicts_lock());
    let other = other.mine(20);
    let accepted = chain.accept(&offered(&other[31..]), NOW);
    let found = other[43].hash;
    let error = HeaderError::AgainstLock { height: 43, locked: more[43].hash, found };
    assert_eq!(accepted.error, Some((12, error)));
    assert!(matches!(accepted.outcome, Outcome::Reorganized { fork: 30, .. }), "by work, up to there");
    let back = chain.accept(&offered(&more[41..]), NOW).outcome;
    assert!(matches!(back, Outcome::Reorganized { fork: 30, connected: 15, .. }));
    assert_eq!((chain.tip(), chain.final_height()), (&more[45], 43));
    assert_eq!(all[40], more[40]);
}

#[test]
fn two_locks_that_cannot_both_hold_change_nothing() {
    let (mut chain, all, mut other) = setup();
    let other = other.mine(15);
    assert_eq!(chain.lock(34, other[34].hash), LockOutcome::Awaited);
    assert_eq!(chain.lock(34, all[34].hash), LockOutcome::Refused);
    assert_eq!(chain.lock(36, all[36].hash), LockOutcome::Refused);
    assert_eq!(chain.lock(32, other[32].hash), LockOutcome::Old, "the higher one says as much");
    assert_eq!(chain.lock(38, other[38].hash), LockOutcome::Awaited);
    assert_eq!(chain.awaited_lock().unwrap().height, 38);
    // Below both is common ground.
    assert_eq!(chain.lock(30, all[30].hash), LockOutcome::Pinned);
    assert_eq!((chain.final_height(), chain.awaited_lock().unwrap().height), (30, 38));
}

#[test]
fn a_lock_below_memory_or_a_checkpoint_changes_nothing() {
    let params = regtest();
    let mut miner = Miner::new(&params);
    let all = miner.mine(9_000);
    let mut chain = fresh(&params);
    chain.accept(&offered(&all[1..]), NOW);
    chain.trim();
    assert_eq!(chain.lock(100, all[100].hash), LockOutcome::BelowMemory);
    let with = with_checkpoint(&params, &all[8_500], false);
    let mut chain = fresh(&with);
    chain.accept(&offered(&all[1..]), NOW);
    assert_eq!(chain.lock(8_400, all[8_400].hash), LockOutcome::Old);
    assert_eq!(chain.lock(8_400, all[8_399].hash), LockOutcome::Refused);
    assert_eq!(chain.final_height(), 8_500);
}

#[test]
fn a_chain_set_back_remembers_what_is_locked() {
    let (mut before, all, mut other) = setup();
    before.lock(35, all[35].hash);
    let mut chain = fresh(&regtest());
    chain.accept(&offered(&all[1..=32]), NOW);
    chain.keep_locks_of(&before);
    assert_eq!((chain.final_height(), chain.awaited_lock().unwrap().height), (0, 35));
    let other = other.mine(20);
    let error = chain.accept(&offered(&other[31..]), NOW).error;
    assert!(matches!(error, Some((4, HeaderError::AgainstLock { height: 35, .. }))));
    chain.accept(&offered(&all[33..]), NOW);
    assert_eq!((chain.tip(), chain.final_height()), (&all[40], 35));
}
