//! Unconfirmed transactions: which count, what locks and blocks do to them, and their end.

use super::*;

#[test]
fn a_payment_is_seen_then_locked_then_mined_then_final() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let steps = |outcome: Outcome| (outcome.changes[0].before, outcome.changes[0].after);
    assert_eq!(steps(wallet.seen(&payment)), (None, SEEN));
    assert_eq!(wallet.balance(9), Balance { pending: 7, ..Balance::default() });
    assert!(wallet.seen(&payment).changes.is_empty());
    assert_eq!(steps(wallet.lock(&payment)), (SEEN, LOCKED));
    assert_eq!(wallet.balance(9), Balance { instantlocked: 7, ..Balance::default() });
    assert!(wallet.lock(&payment).changes.is_empty());
    assert_eq!(steps(wallet.connect(10, std::slice::from_ref(&payment))), (LOCKED, MINED));
    assert_eq!(wallet.balance(10), Balance { mined: 7, ..Balance::default() });
    assert_eq!(steps(wallet.chainlock(12)), (MINED, FINAL));
    assert_eq!(wallet.balance(12), Balance { chainlocked: 7, ..Balance::default() });
    assert_eq!(wallet.reloaded().answers(12), wallet.answers(12));
}

#[test]
fn a_lock_holds_for_exactly_the_inputs_of_its_transaction() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    wallet.seen(&payment);
    let other = from_afar(2, Vec::new());
    wallet.ledger.instantlocked(&wallet.book, payment.txid(), &inputs_of(&other));
    wallet.ledger.instantlocked(&wallet.book, payment.txid(), &[]);
    assert_eq!(wallet.status(&payment), SEEN);
}

#[test]
fn of_two_that_spend_the_same_the_first_counts_until_the_other_is_locked() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let first = from_afar(1, vec![pay(MINE, 7)]);
    let second = from_afar(1, vec![pay(MINE, 8)]);
    wallet.seen(&first);
    let outcome = wallet.seen(&second);
    // Both are told: the first has a conflict now.
    assert_eq!(outcome.changes.len(), 2);
    assert_eq!((wallet.status(&first), wallet.status(&second)), (SEEN, OUT));
    assert_eq!((wallet.total(), wallet.deltas()), (7, vec![7]));
    assert_eq!(wallet.record(&first).unwrap().conflicts, [second.txid()]);
    let record = wallet.record(&second).unwrap();
    assert_eq!((record.counts, record.conflicts), (false, vec![first.txid()]));
    let child = transaction(vec![spend(output_of(&second, 0), MINE)], vec![pay(CHANGE, 8)]);
    wallet.seen(&child);
    assert_eq!((wallet.status(&child), wallet.total()), (OUT, 7));
    wallet.lock(&second);
    assert_eq!((wallet.status(&first), wallet.status(&second), wallet.status(&child)), (OUT, LOCKED, SEEN));
    assert_eq!(wallet.balance(1), Balance { pending: 8, ..Balance::default() });
    assert_eq!(wallet.reloaded().answers(1), wallet.answers(1));
}

#[test]
fn a_lock_on_an_unknown_transaction_puts_its_rivals_out() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let elsewhere = from_afar(1, vec![pay(OTHER, 7)]);
    wallet.seen(&payment);
    wallet.lock(&elsewhere);
    assert_eq!((wallet.status(&payment), wallet.total()), (OUT, 0));
    assert_eq!(wallet.record(&payment).unwrap().conflicts, [elsewhere.txid()]);
    assert_eq!(wallet.reloaded().status(&payment), OUT);
    // The chain has the last word.
    wallet.connect(10, std::slice::from_ref(&payment));
    assert_eq!((wallet.status(&payment), wallet.total()), (MINED, 7));
}

#[test]
fn a_mined_transaction_puts_its_rivals_out_also_when_it_pays_somebody_else() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let child = transaction(vec![spend(output_of(&payment, 0), MINE)], vec![pay(CHANGE, 6)]);
    let elsewhere = from_afar(1, vec![pay(OTHER, 7)]);
    wallet.seen(&payment);
    wallet.seen(&child);
    wallet.lock(&payment);
    let outcome = wallet.connect(10, std::slice::from_ref(&elsewhere));
    assert_eq!(outcome.changes.iter().map(|change| change.after).collect::<Vec<_>>(), [OUT, OUT]);
    assert_eq!((wallet.total(), wallet.history().len()), (0, 0));
    assert_eq!(wallet.record(&payment).unwrap().conflicts, [elsewhere.txid()]);
    assert_eq!(wallet.reloaded().answers(10), wallet.answers(10));
    // Undone, the lock counts again; redone and final, the losers are forgotten and so is what beat them.
    wallet.disconnect(10);
    assert_eq!((wallet.status(&payment), wallet.total()), (LOCKED, 6));
    wallet.connect(10, &[elsewhere]);
    assert_eq!(wallet.total(), 0);
    let outcome = wallet.chainlock(10);
    assert_eq!(outcome.changes.iter().map(|change| change.after).collect::<Vec<_>>(), [None, None]);
    assert!(wallet.ledger.is_empty());
}

#[test]
fn what_conflicts_with_a_final_transaction_is_not_taken() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let rival = from_afar(1, vec![pay(MINE, 8)]);
    wallet.connect(10, std::slice::from_ref(&payment));
    wallet.seen(&rival);
    assert_eq!(wallet.status(&rival), OUT);
    // A lock of the rival's cannot undo the block, and once that is final it is void.
    wallet.lock(&rival);
    assert_eq!((wallet.status(&payment), wallet.status(&rival)), (MINED, OUT));
    wallet.chainlock(10);
    assert_eq!((wallet.status(&rival), wallet.total()), (None, 7));
    assert_eq!(wallet.try_seen(&rival), Err(Refused::Conflict(payment.txid())));
    assert!(wallet.lock(&rival).changes.is_empty());
}

#[test]
fn a_block_connected_below_a_chainlock_puts_an_end_to_its_rivals() {
    let mut wallet = Wallet::watching(&[MINE]);
    wallet.chainlock(50);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let rival = from_afar(1, vec![pay(MINE, 8)]);
    wallet.seen(&rival);
    wallet.connect(10, std::slice::from_ref(&payment));
    assert_eq!((wallet.status(&payment), wallet.status(&rival)), (FINAL, None));
}

#[test]
fn a_spend_outside_of_blocks_takes_its_coin_and_brings_the_change() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let first = from_afar(1, vec![pay(MINE, 100)]);
    wallet.connect(10, std::slice::from_ref(&first));
    wallet.chainlock(10);
    let second = transaction(vec![spend(output_of(&first, 0), MINE)], vec![pay(OTHER, 60), pay(CHANGE, 39)]);
    wallet.seen(&second);
    assert_eq!(wallet.balance(10), Balance { pending: 39, ..Balance::default() });
    assert_eq!(wallet.deltas(), [-61, 100]);
    wallet.ledger.expire(&wallet.book, 1_000 + EXPIRY_MS);
    assert_eq!(wallet.balance(10), Balance { chainlocked: 100, ..Balance::default() });
}

#[test]
fn what_can_be_seen_to_be_wrong_is_refused() {
    let mut wallet = Wallet::watching(&[MINE]);
    let coin = from_afar(1, vec![pay(MINE, 100), pay(OTHER, 5)]);
    wallet.connect(10, std::slice::from_ref(&coin));
    let spends = |vout, number| vec![spend(output_of(&coin, vout), number)];
    let to_me = |value| vec![pay(MINE, value)];
    let mut committed = transaction(spends(0, MINE), to_me(1));
    (committed.version, committed.tx_type) = (3, 6);
    let mut unknown_type = committed.clone();
    unknown_type.tx_type = 77;
    for (bad, reason) in [
        (from_afar(2, vec![pay(OTHER, 1)]), Refused::Unrelated),
        (coinbase(11, to_me(1)), Refused::BlocksOnly),
        (committed, Refused::BlocksOnly),
        (unknown_type, Refused::Form("a type that is not known")),
        (transaction(Vec::new(), to_me(1)), Refused::Form("no inputs")),
        (transaction(spends(0, MINE), Vec::new()), Refused::Form("no outputs")),
        (
            transaction([spends(0, MINE), spends(0, MINE)].concat(), to_me(1)),
            Refused::Form("the same input twice"),
        ),
        (
            transaction([spends(0, MINE), vec![spend(OutPoint::NULL, 3)]].concat(), to_me(1)),
            Refused::Form("an input that spends nothing"),
        ),
        (from_afar(2, to_me(-1)), Refused::Value { vout: 0, value: -1 }),
        (from_afar(2, to_me(MAX_MONEY + 1)), Refused::Value { vout: 0, value: MAX_MONEY + 1 }),
        (transaction(spends(2, MINE), to_me(1)), Refused::NoOutput(0)),
        (transaction(spends(0, OTHER), to_me(1)), Refused::Input(0)),
        (transaction(spends(0, MINE), to_me(101)), Refused::Overspent),
    ] {
        assert_eq!(wallet.try_seen(&bad), Err(reason));
    }
    assert_eq!((wallet.total(), wallet.ledger.pool_len()), (100, 0));
}

#[test]
fn unconfirmed_transactions_expire_unless_something_vouches_for_them() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let mut payments: Vec<Transaction> =
        (0..4).map(|number| from_afar(number, vec![pay(MINE, 1 << number)])).collect();
    payments.push(transaction(vec![spend(output_of(&payments[0], 0), MINE)], vec![pay(CHANGE, 1)]));
    payments.iter().for_each(|payment| drop(wallet.seen(payment)));
    wallet.lock(&payments[1]);
    wallet.ledger.unconfirmed(&mut wallet.book, &payments[2], 0, Origin::Own).unwrap();
    assert_eq!(wallet.ledger.next_expiry(), Some(1_000 + EXPIRY_MS));
    assert!(wallet.ledger.expire(&wallet.book, 999 + EXPIRY_MS).changes.is_empty());
    let outcome = wallet.reloaded().ledger.expire(&wallet.book, 1_000 + EXPIRY_MS);
    assert_eq!(outcome.changes.len(), 3);
    wallet.ledger.expire(&wallet.book, 1_000 + EXPIRY_MS);
    assert_eq!((wallet.total(), wallet.ledger.pool_len()), (2 + 4, 2));
    assert_eq!(wallet.ledger.next_expiry(), None);
    wallet.ledger.disown(&payments[2].txid());
    wallet.ledger.expire(&wallet.book, u64::MAX);
    assert_eq!(wallet.total(), 2);
}

#[test]
fn the_pool_is_bounded_and_what_is_vouched_for_stays() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = |number: u32| from_afar(number, vec![pay(MINE, 1)]);
    let locked = payment(0);
    wallet.seen(&locked);
    wallet.lock(&locked);
    for number in 1..=MAX_POOL as u32 + 3 {
        // Only what the bound does to them is of interest here.
        wallet.ledger.insert_unconfirmed(&payment(number));
    }
    wallet.seen(&payment(u32::MAX));
    assert_eq!(wallet.ledger.pool_len(), MAX_POOL);
    assert_eq!(wallet.status(&locked), LOCKED);
    assert_eq!((wallet.status(&payment(1)), wallet.status(&payment(u32::MAX))), (None, SEEN));
    let large = |number: u32| {
        let mut transaction = payment(number);
        transaction.inputs[0].script = vec![0; 900_000];
        transaction
    };
    for number in 0..12 {
        wallet.seen(&large(1_000_000 + number));
    }
    assert!(wallet.ledger.pool_bytes <= MAX_POOL_BYTES, "{}", wallet.ledger.pool_bytes);
    assert_eq!(wallet.status(&locked), LOCKED);
}

impl Ledger {
    /// Enters a transaction as [`Ledger::unconfirmed`] does, without looking at the others.
    fn insert_unconfirmed(&mut self, transaction: &Transaction) {
        let txid = transaction.txid();
        self.insert(txid, transaction).seen_ms = 1;
        self.enter_pool(txid);
    }
}

#[test]
fn a_child_seen_before_its_parent_is_its_child_all_the_same() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let parent = from_afar(1, vec![pay(MINE, 100)]);
    let child = transaction(vec![spend(output_of(&parent, 0), MINE)], vec![pay(CHANGE, 99)]);
    let rival = from_afar(1, vec![pay(OTHER, 100)]);
    wallet.seen(&child);
    assert_eq!(wallet.deltas(), [99]);
    wallet.seen(&parent);
    assert_eq!((wallet.total(), wallet.deltas()), (99, vec![100, -1]));
    wallet.lock(&rival);
    assert_eq!((wallet.status(&parent), wallet.status(&child), wallet.total()), (OUT, OUT, 0));
    // A quorum locks only what spends locked coins: a lock on the child is one on the parent.
    wallet.lock(&child);
    assert_eq!((wallet.status(&parent), wallet.status(&child)), (SEEN, LOCKED));
}

#[test]
fn a_child_that_does_not_fit_its_parent_is_out_once_that_is_known() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let parent = from_afar(1, vec![pay(MINE, 100)]);
    let no_output = transaction(vec![spend(output_of(&parent, 1), MINE)], vec![pay(CHANGE, 1)]);
    let wrong_key = transaction(vec![spend(output_of(&parent, 0), OTHER)], vec![pay(CHANGE, 2)]);
    wallet.seen(&no_output);
    wallet.seen(&wrong_key);
    assert_eq!(wallet.total(), 3);
    wallet.seen(&parent);
    assert_eq!((wallet.status(&no_output), wallet.status(&wrong_key), wallet.total()), (OUT, OUT, 100));
}

#[test]
fn a_lock_against_a_mined_transaction_counts_again_when_its_block_is_undone_and_is_void_when_it_is_final() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    let elsewhere = from_afar(1, vec![pay(OTHER, 7)]);
    wallet.seen(&payment);
    wallet.lock(&elsewhere);
    wallet.connect(10, std::slice::from_ref(&payment));
    assert_eq!(wallet.reloaded().record(&payment).unwrap().conflicts, [elsewhere.txid()]);
    wallet.disconnect(10);
    assert_eq!((wallet.status(&payment), wallet.total()), (OUT, 0));
    wallet.connect(11, std::slice::from_ref(&payment));
    wallet.chainlock(11);
    assert_eq!((wallet.status(&payment), wallet.record(&payment).unwrap().conflicts.len()), (FINAL, 0));
}

#[test]
fn rivals_of_each_other_go_with_the_watch_that_kept_them() {
    let mut wallet = Wallet::watching(&[CHANGE]);
    let mine = wallet.watch(&script(MINE));
    wallet.seen(&from_afar(1, vec![pay(MINE, 7)]));
    wallet.connect(10, &[from_afar(1, vec![pay(OTHER, 7)])]);
    wallet.seen(&from_afar(2, vec![pay(CHANGE, 5)]));
    wallet.connect(11, &[from_afar(2, vec![pay(OTHER, 5)])]);
    assert_eq!(wallet.ledger.len(), 4);
    wallet.book.remove(mine).unwrap();
    wallet.ledger.forget_unwatched(&wallet.book);
    assert_eq!((wallet.ledger.len(), wallet.ledger.pool_len()), (2, 1));
}
