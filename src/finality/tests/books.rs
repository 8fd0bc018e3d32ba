//! What waits, what counts, and what nobody can push out.

use super::*;
use crate::finality::{chainlock_book, instantlock_book};

const HONEST: ConnId = ConnId(1);
const LIAR: ConnId = ConnId(2);

fn waiting(book: &ChainLockBook) -> Vec<i32> {
    book.waiting().map(|(_, lock)| lock.height).collect()
}

#[test]
fn the_best_verified_chainlock_counts_and_what_it_covers_is_dropped() {
    let mut book = ChainLockBook::new(None);
    for height in [10, 12, 11] {
        assert_eq!(book.offer(chainlock(height, 1, 1), HONEST), Offered::Kept);
    }
    assert_eq!(book.offer(chainlock(12, 1, 1), LIAR), Offered::Known);
    assert_eq!(book.best(), None);
    assert_eq!(book.wanted_heights().into_iter().collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(book.verified(chainlock(11, 1, 1)), chainlock_book::Locked::Best);
    assert_eq!((book.best(), waiting(&book)), (Some(&chainlock(11, 1, 1)), vec![12]));
    assert_eq!(book.offer(chainlock(11, 1, 1), HONEST), Offered::Known);
    for stale in [chainlock(11, 2, 1), chainlock(5, 1, 1), chainlock(-1, 1, 1), chainlock(0, 1, 1)] {
        assert_eq!(book.offer(stale, HONEST), Offered::Stale);
    }
    assert_eq!(book.verified(chainlock(10, 1, 1)), chainlock_book::Locked::Stale);
    assert_eq!(book.verified(chainlock(11, 2, 1)), chainlock_book::Locked::Conflict);
    assert_eq!(book.best(), Some(&chainlock(11, 1, 1)));
}

#[test]
fn a_clsig_for_a_far_height_is_kept_aside_and_hides_no_real_one() {
    let mut book = ChainLockBook::new(Some(chainlock(5, 1, 1)));
    assert_eq!(book.offer(chainlock(i32::MAX, 1, 1), LIAR), Offered::Kept);
    // For the same block as the real one, too.
    assert_eq!(book.offer(chainlock(6, 1, 7), LIAR), Offered::Kept);
    assert_eq!(book.best(), Some(&chainlock(5, 1, 1)));
    assert_eq!(book.offer(chainlock(6, 1, 1), HONEST), Offered::Kept);
    assert_eq!(book.refused(&chainlock(6, 1, 7).hash()), [LIAR]);
    assert_eq!(book.verified(chainlock(6, 1, 1)), chainlock_book::Locked::Best);
    assert_eq!((book.best(), waiting(&book)), (Some(&chainlock(6, 1, 1)), vec![i32::MAX]));
}

#[test]
fn a_flood_of_chainlocks_is_bounded_and_pushes_out_only_its_own() {
    let mut book = ChainLockBook::new(None);
    for height in 1..=3 {
        book.offer(chainlock(height, 1, 1), HONEST);
    }
    for height in 100..1000 {
        book.offer(chainlock(height, 1, 1), LIAR);
        assert!(book.waiting().count() <= chainlock_book::MAX_WAITING);
    }
    assert_eq!(waiting(&book)[..3], [1, 2, 3]);
    assert_eq!(waiting(&book).len(), chainlock_book::MAX_WAITING);
    assert_eq!(waiting(&book).last(), Some(&999));
    // There is always room for another peer's share.
    for height in 4..=20 {
        assert_eq!(book.offer(chainlock(height, 1, 1), HONEST), Offered::Kept);
    }
    assert_eq!(waiting(&book).iter().filter(|height| **height <= 20).count(), 20);
    // Many liars get no more than their shares.
    for liar in 3..11 {
        for height in 0..64 {
            book.offer(chainlock(2000 + height, 1, liar as u8), ConnId(liar));
        }
    }
    assert!(
        waiting(&book).iter().filter(|height| **height <= 20).count() >= chainlock_book::MAX_WAITING / 11
    );
}

#[test]
fn what_others_also_sent_stays_when_a_flooder_pays() {
    let mut book = ChainLockBook::new(None);
    book.offer(chainlock(1, 1, 1), LIAR);
    book.offer(chainlock(1, 1, 1), HONEST);
    for height in 100..1000 {
        book.offer(chainlock(height, 1, 1), LIAR);
    }
    assert!(book.contains(&chainlock(1, 1, 1).hash()));
}

#[test]
fn a_gone_peers_locks_stay_until_room_is_needed() {
    let mut book = ChainLockBook::new(None);
    book.offer(chainlock(1, 1, 1), LIAR);
    book.forget(LIAR);
    assert_eq!(waiting(&book), [1]);
    for height in 2..=64 {
        book.offer(chainlock(height, 1, 1), HONEST);
    }
    assert!(book.contains(&chainlock(1, 1, 1).hash()));
    book.offer(chainlock(65, 1, 1), HONEST);
    assert!(!book.contains(&chainlock(1, 1, 1).hash()));
    assert_eq!(book.waiting().count(), 64);
}

#[test]
fn a_lock_that_is_being_verified_is_asked_for_once_and_not_pushed_out() {
    let mut book = ChainLockBook::new(None);
    book.offer(chainlock(1, 1, 1), LIAR);
    let hash = chainlock(1, 1, 1).hash();
    book.set_verifying(&hash, true);
    assert!(waiting(&book).is_empty() && book.contains(&hash));
    for height in 2..200 {
        book.offer(chainlock(height, 1, 1), LIAR);
    }
    assert!(book.contains(&hash));
    book.set_verifying(&hash, false);
    assert_eq!(waiting(&book)[0], 1);
}

#[test]
fn a_verified_instantsend_lock_is_found_by_transaction_and_by_output() {
    let mut book = InstantLockBook::default();
    let lock = instantlock(1, [1, 2]);
    assert_eq!(book.offer(lock.clone(), HONEST, 0), Offered::Kept);
    assert!(book.lock_of(&txid(1)).is_none() && book.spender(&output(1)).is_none());
    assert_eq!(book.verified(&lock.hash(), 100), Some(instantlock_book::Locked::New));
    assert_eq!(book.lock_of(&txid(1)), Some(&lock));
    assert_eq!((book.spender(&output(2)), book.spender(&output(3))), (Some(txid(1)), None));
    assert_eq!(book.offer(lock.clone(), LIAR, 0), Offered::Stale);
    assert_eq!(book.verified(&lock.hash(), 100), None);
    assert!(book.settled(&txid(1)) && !book.settled(&txid(1)));
    assert!(book.is_empty() && book.spender(&output(1)).is_none());
}

#[test]
fn two_verified_locks_that_spend_one_output_conflict_and_the_first_stays() {
    let mut book = InstantLockBook::default();
    let locks = [instantlock(1, [1]), instantlock(2, [2]), instantlock(3, [1, 2, 3])];
    let found = locks.clone().map(|lock| {
        let hash = lock.hash();
        book.offer(lock, HONEST, 0);
        book.verified(&hash, 1).unwrap()
    });
    let [first, second, instantlock_book::Locked::Conflict(mut others)] = found else { panic!("{found:?}") };
    assert_eq!([first, second], [instantlock_book::Locked::New, instantlock_book::Locked::New]);
    others.sort();
    let mut expected = [txid(1), txid(2)];
    expected.sort();
    assert_eq!(others, expected);
    assert!(book.lock_of(&txid(3)).is_none() && book.spender(&output(3)).is_none());
    assert_eq!(book.spender(&output(1)), Some(txid(1)));
    // Another cycle's word on the same transaction changes nothing.
    let again = InstantLock { cycle_hash: BlockHash::ZERO, inputs: vec![output(9)], ..locks[0].clone() };
    let hash = again.hash();
    assert_eq!(book.offer(again, HONEST, 0), Offered::Kept);
    assert_eq!(book.verified(&hash, 1), Some(instantlock_book::Locked::Known));
}

#[test]
fn instantsend_locks_that_wait_are_bounded_by_weight_and_age() {
    let mut book = InstantLockBook::default();
    let real = instantlock(1, [1]);
    book.offer(real.clone(), HONEST, 1000);
    let wide = |n: u32| instantlock(n, n * 3000..n * 3000 + 2400);
    for n in 10..40 {
        book.offer(wide(n), LIAR, 1000);
    }
    let weight: usize = book.waiting().map(|(_, lock)| 1 + lock.inputs.len()).sum();
    assert!(weight <= instantlock_book::MAX_WAITING && book.is_waiting(&real.hash()));
    assert_eq!(book.refused(&wide(39).hash()), [LIAR]);
    book.expire(1000 + instantlock_book::MAX_WAIT_MS, 0);
    assert!(book.is_waiting(&real.hash()));
    book.set_verifying(&real.hash(), true);
    book.expire(1001 + instantlock_book::MAX_WAIT_MS, 0);
    assert_eq!(book.waiting_len(), 1);
    book.set_verifying(&real.hash(), false);
    book.expire(1001 + instantlock_book::MAX_WAIT_MS, 0);
    assert_eq!(book.waiting_len(), 0);
}

#[test]
fn verified_instantsend_locks_are_bounded_by_number_and_age() {
    let mut book = InstantLockBook::default();
    for n in 0..instantlock_book::MAX_LOCKS as u32 + 10 {
        let lock = instantlock(n, [n]);
        let hash = lock.hash();
        book.offer(lock, HONEST, 0);
        book.verified(&hash, 100 + n / 5000);
    }
    assert_eq!(book.len(), instantlock_book::MAX_LOCKS);
    assert!(book.lock_of(&txid(9)).is_none() && book.lock_of(&txid(10)).is_some());
    book.expire(0, 100 + instantlock_book::MAX_BLOCKS);
    assert_eq!(book.len(), instantlock_book::MAX_LOCKS);
    book.expire(0, 101 + instantlock_book::MAX_BLOCKS);
    assert_eq!(book.len(), 5010);
    book.expire(0, u32::MAX);
    assert!(book.is_empty() && book.spender(&output(9000)).is_none());
}

#[test]
fn a_lock_that_is_too_heavy_pushes_nothing_out() {
    let mut book = InstantLockBook::default();
    book.offer(instantlock(1, [1]), HONEST, 0);
    let heavy = instantlock(2, 0..instantlock_book::MAX_WAITING as u32);
    assert_eq!(book.offer(heavy, LIAR, 0), Offered::Full);
    assert_eq!(book.waiting_len(), 1);
}
