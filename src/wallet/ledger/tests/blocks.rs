//! Blocks: what they pay and spend, their order, and their end.

use super::*;
use dash_protocol::Encode;
use dash_protocol::special::AssetLock;

#[test]
fn a_transaction_that_pays_a_script_twice_counts_both_outputs() {
    let mut wallet = Wallet::watching(&[MINE]);
    let twice = from_afar(1, vec![pay(MINE, 5), pay(OTHER, 7), pay(MINE, 5)]);
    let outcome = wallet.connect(10, std::slice::from_ref(&twice));
    assert_eq!((outcome.changes.len(), outcome.changes[0].after), (1, MINED));
    assert_eq!((wallet.total(), wallet.deltas()), (10, vec![10]));
    assert_eq!(wallet.ledger.utxos(&wallet.book, Scope::All).len(), 2);
    assert_eq!(wallet.record(&twice).unwrap().block, Some(at(10, 0)));
    // Again it is nothing new.
    assert!(wallet.connect(10, &[twice]).changes.is_empty());
    assert_eq!(wallet.total(), 10);
}

#[test]
fn a_coin_made_and_spent_in_one_block_is_gone_and_both_are_in_the_history() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let first = from_afar(1, vec![pay(MINE, 100)]);
    let second = transaction(vec![spend(output_of(&first, 0), MINE)], vec![pay(OTHER, 60), pay(CHANGE, 39)]);
    wallet.connect(10, &[first, second.clone()]);
    assert_eq!((wallet.total(), wallet.deltas()), (39, vec![-61, 100]));
    let utxos = wallet.ledger.utxos(&wallet.book, Scope::All);
    assert_eq!(utxos.iter().map(|utxo| utxo.out_point).collect::<Vec<_>>(), [output_of(&second, 1)]);
}

#[test]
fn a_spend_found_before_its_coin_counts_once_the_coin_is_found() {
    let mut wallet = Wallet::watching(&[MINE]);
    let first = from_afar(1, vec![pay(MINE, 100)]);
    let second = transaction(vec![spend(output_of(&first, 0), MINE)], vec![pay(OTHER, 99)]);
    assert!(wallet.connect(20, std::slice::from_ref(&second)).changes.is_empty());
    assert!(wallet.history().is_empty());
    let outcome = wallet.reloaded_then(|wallet| wallet.connect(10, std::slice::from_ref(&first)));
    assert_eq!(outcome.changes.len(), 2);
    wallet.connect(10, &[first]);
    assert_eq!((wallet.total(), wallet.deltas()), (0, vec![-100, 100]));
}

#[test]
fn a_spend_that_shows_nothing_is_kept_while_such_a_script_is_watched() {
    let bare = vec![0x51];
    let first = from_afar(1, vec![TxOut { value: 100, script: bare.clone() }]);
    let mut second = transaction(vec![spend(output_of(&first, 0), MINE)], vec![pay(OTHER, 99)]);
    second.inputs[0].script.clear();
    let mut wallet = Wallet::watching(&[]);
    wallet.connect(20, std::slice::from_ref(&second));
    assert!(wallet.ledger.is_empty());
    wallet.watch(&bare);
    wallet.connect(20, &[second, from_afar(7, vec![pay(OTHER, 1)])]);
    assert_eq!((wallet.ledger.len(), wallet.ledger.strays), (1, 1));
    wallet.connect(10, &[first]);
    assert_eq!((wallet.total(), wallet.deltas()), (0, vec![-100, 100]));
    // It is the wallet's now, and stays when its block is undone.
    wallet.disconnect(20);
    assert_eq!((wallet.total(), wallet.ledger.pool_len()), (0, 1));
}

#[test]
fn strays_are_bounded_and_go_with_their_block() {
    let mut wallet = Wallet::watching(&[]);
    wallet.watch(&[0x51]);
    let stray = |number: u32| {
        let mut transaction = from_afar(number, vec![pay(OTHER, 1)]);
        transaction.inputs[0].script.clear();
        transaction
    };
    let many: Vec<Transaction> = (0..MAX_STRAYS as u32 + 5).map(stray).collect();
    wallet.connect(10, &many);
    assert_eq!((wallet.ledger.len(), wallet.ledger.strays), (MAX_STRAYS, MAX_STRAYS));
    wallet.disconnect(10);
    assert_eq!((wallet.ledger.len(), wallet.ledger.strays, wallet.ledger.pool_len()), (0, 0, 0));
}

#[test]
fn a_coinbase_matures_with_its_hundredth_confirmation() {
    let mut wallet = Wallet::watching(&[MINE]);
    wallet.connect(10, &[coinbase(10, vec![pay(MINE, 50)]), from_afar(1, vec![pay(MINE, 3)])]);
    let balance = |immature, mined| Balance { immature, mined, ..Balance::default() };
    assert_eq!(wallet.balance(10), balance(50, 3));
    assert_eq!(wallet.balance(108), balance(50, 3));
    assert_eq!(wallet.balance(109), balance(0, 53));
    assert_eq!(wallet.balance(109).total(), 53);
    wallet.chainlock(10);
    assert_eq!(wallet.balance(50), Balance { immature: 50, chainlocked: 3, ..Balance::default() });
    assert_eq!(wallet.balance(5).immature, 50);
    let utxos = wallet.ledger.utxos(&wallet.book, Scope::All);
    assert_eq!(utxos.iter().map(|utxo| utxo.coinbase).filter(|coinbase| *coinbase).count(), 1);
}

#[test]
fn an_undone_block_gives_its_payments_back_and_takes_its_coinbase_with_all_that_spends_it() {
    let mut wallet = Wallet::watching(&[MINE, CHANGE]);
    let reward = coinbase(10, vec![pay(MINE, 50)]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    wallet.connect(10, &[reward.clone(), payment.clone()]);
    let spends = transaction(vec![spend(output_of(&reward, 0), MINE)], vec![pay(CHANGE, 49)]);
    let further = transaction(vec![spend(output_of(&spends, 0), CHANGE)], vec![pay(MINE, 48)]);
    wallet.connect(120, std::slice::from_ref(&spends));
    wallet.seen(&further);
    assert_eq!(wallet.total(), 55);
    wallet.disconnect(120);
    assert_eq!((wallet.total(), wallet.status(&spends)), (55, SEEN));
    wallet.connect(120, std::slice::from_ref(&spends));
    let outcome = wallet.disconnect(10);
    assert_eq!(outcome.changes.len(), 4);
    assert_eq!((wallet.total(), wallet.deltas()), (7, vec![7]));
    assert_eq!(wallet.status(&payment), SEEN);
    assert!([&reward, &spends, &further].iter().all(|gone| wallet.record(gone).is_none()));
    // Redone in another block.
    wallet.ledger.connect(&mut wallet.book, &at(11, 1), std::slice::from_ref(&payment)).unwrap();
    assert_eq!((wallet.status(&payment), wallet.ledger.pool_len()), (MINED, 0));
    assert_eq!(wallet.record(&payment).unwrap().block, Some(at(11, 1)));
}

#[test]
fn another_block_of_a_height_is_refused_until_the_first_is_undone() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payment = from_afar(1, vec![pay(MINE, 7)]);
    wallet.connect(10, std::slice::from_ref(&payment));
    let rival = wallet.ledger.connect(&mut wallet.book, &at(10, 1), &[]);
    assert!(matches!(rival, Err(LedgerError::OtherBlock { height: 10, .. })), "{rival:?}");
    wallet.disconnect(10);
    assert!(wallet.ledger.connect(&mut wallet.book, &at(10, 1), &[]).is_ok());
}

#[test]
fn an_amount_that_is_none_refuses_the_whole_block() {
    let mut wallet = Wallet::watching(&[MINE]);
    for value in [-1, i64::MIN, MAX_MONEY + 1, i64::MAX] {
        let bad = [from_afar(1, vec![pay(MINE, 7)]), from_afar(2, vec![pay(OTHER, 0), pay(OTHER, value)])];
        let error = wallet.ledger.connect(&mut wallet.book, &at(10, 0), &bad).unwrap_err();
        assert_eq!(error, LedgerError::Value { txid: bad[1].txid(), vout: 1, value });
        assert!(wallet.ledger.is_empty());
    }
    wallet.connect(10, &[from_afar(1, vec![pay(MINE, MAX_MONEY), pay(MINE, 0)])]);
    assert_eq!(wallet.total(), MAX_MONEY as u128);
}

#[test]
fn the_gap_limit_is_followed_within_a_block() {
    let key = "xpub6CYEjsU6zPM3sADS2ubu2aZeGxCm3C5KabkCpo4rkNbXGAH9M7rRUJ4E5CKiyUddmRzrSCopPzisTBrXkfCD4o577XKM9mzyZtP1Xdbizyk";
    let what = WatchTarget::Xpub { xpub: key.into(), path: Some("0/*".into()), gap: None };
    let (target, _) = Target::parse(&what, &NetworkParams::mainnet()).unwrap();
    let Target::Branches(branches) = target else { panic!() };
    let to = |index, value| TxOut { value, script: branches[0].script(index).unwrap() };
    let mut wallet = Wallet::watching(&[]);
    wallet.watch_target(&what);
    // The later ones stand first.
    let block =
        [from_afar(1, vec![to(45, 100)]), from_afar(2, vec![to(38, 10)]), from_afar(3, vec![to(19, 1)])];
    let outcome = wallet.connect(10, &block);
    assert_eq!((outcome.fresh.len(), wallet.book.script_count()), (46, 66));
    assert_eq!(wallet.deltas(), [1, 10, 100]);
    assert_eq!(wallet.total(), 111);
}

#[test]
fn a_watched_output_is_one_coin_of_its_script() {
    let mut wallet = Wallet::watching(&[]);
    let made = from_afar(1, vec![pay(OTHER, 5), pay(OTHER, 8)]);
    let id = wallet.watch_target(&WatchTarget::Outpoint { outpoint: format!("{}:1", made.txid()) });
    let outcome = wallet.connect(10, std::slice::from_ref(&made));
    assert_eq!(
        outcome.fresh.iter().map(|fresh| &fresh.element[..]).collect::<Vec<_>>(),
        [&script(OTHER)[..]]
    );
    assert_eq!((wallet.total(), wallet.deltas()), (8, vec![8]));
    wallet.connect(11, &[from_afar(2, vec![pay(OTHER, 100)])]);
    assert_eq!(wallet.ledger.balance(&wallet.book, Scope::Watch(id), 11).total(), 8);
    let spent = transaction(vec![spend(output_of(&made, 1), OTHER)], vec![pay(OTHER, 7)]);
    wallet.connect(12, &[spent]);
    assert_eq!((wallet.total(), wallet.deltas()), (0, vec![-8, 8]));
}

#[test]
fn each_watch_sees_its_own_part_and_all_together_each_coin_once() {
    let mut wallet = Wallet::watching(&[]);
    let (mine, change) = (wallet.watch(&script(MINE)), wallet.watch(&script(CHANGE)));
    let same = wallet.watch(&script(MINE));
    assert_eq!(mine, same);
    let output = from_afar(1, vec![pay(MINE, 10), pay(CHANGE, 5)]);
    let by_name = wallet.watch_target(&WatchTarget::Outpoint { outpoint: format!("{}:0", output.txid()) });
    let outcome = wallet.connect(10, std::slice::from_ref(&output));
    let mut watches = vec![mine, change, by_name];
    watches.sort_unstable();
    assert_eq!(outcome.changes[0].watches, watches);
    let moved = transaction(vec![spend(output_of(&output, 0), MINE)], vec![pay(CHANGE, 9)]);
    wallet.connect(11, std::slice::from_ref(&moved));
    let delta =
        |scope| wallet.ledger.transaction(&wallet.book, scope, &moved.txid()).map(|record| record.delta);
    assert_eq!(delta(Scope::Watch(mine)), Some(-10));
    assert_eq!(delta(Scope::Watch(change)), Some(9));
    assert_eq!(delta(Scope::Watch(by_name)), Some(-10));
    assert_eq!(delta(Scope::All), Some(-1));
    assert_eq!(delta(Scope::Watch(WatchId::from_bytes([0; 16]))), None);
    assert_eq!(wallet.total(), 14);
}

#[test]
fn a_special_transaction_that_names_a_script_is_in_the_history_without_an_amount() {
    let mut wallet = Wallet::watching(&[MINE]);
    let payload = AssetLock { version: 1, credit_outputs: vec![pay(MINE, 40)] };
    let mut lock = from_afar(1, vec![TxOut { value: 40, script: vec![0x6a, 0] }]);
    (lock.version, lock.tx_type, lock.payload) = (3, 8, payload.to_wire());
    let mut malformed = lock.clone();
    malformed.payload.pop();
    let mut classical = lock.clone();
    classical.version = 2;
    wallet.connect(10, &[malformed, classical, lock.clone()]);
    assert_eq!((wallet.total(), wallet.deltas()), (0, vec![0]));
    assert_eq!(wallet.history()[0].txid, lock.txid());
}

#[test]
fn a_withdrawal_from_platform_is_a_payment_without_inputs() {
    let mut wallet = Wallet::watching(&[MINE]);
    let mut unlock = transaction(Vec::new(), vec![pay(MINE, 30)]);
    (unlock.version, unlock.tx_type, unlock.payload) = (3, 9, vec![1; 145]);
    wallet.seen(&unlock);
    assert_eq!(wallet.balance(1).pending, 30);
    wallet.connect(10, std::slice::from_ref(&unlock));
    assert_eq!((wallet.balance(10).mined, wallet.ledger.pool_len()), (30, 0));
    wallet.disconnect(10);
    assert_eq!(wallet.status(&unlock), SEEN);
}

#[test]
fn damaged_records_are_refused() {
    let mut wallet = Wallet::watching(&[MINE]);
    wallet.connect(10, &[from_afar(1, vec![pay(MINE, 1)]), from_afar(2, vec![pay(MINE, 2)])]);
    wallet.seen(&from_afar(3, vec![pay(MINE, 4)]));
    let records: Vec<Vec<u8>> =
        wallet.ledger.take_records().into_iter().map(|(_, record)| record.unwrap()).collect();
    let restore =
        |records: &[(u64, &[u8])]| Ledger::restore(records.iter().copied()).map(|ledger| ledger.len());
    let all: Vec<(u64, &[u8])> = (0..).zip(records.iter().map(|record| &record[..])).collect();
    assert_eq!(restore(&all), Ok(3));
    for record in &records {
        for len in 0..record.len() {
            assert!(restore(&[(0, &record[..len])]).is_err());
        }
        assert!(restore(&[(1 << 52, record)]).is_err());
        assert!(restore(&[(0, record), (1, record)]).is_err());
        for (at, byte) in [(0, 2), (1, 0xff), (1, 64)] {
            let mut damaged = record.clone();
            damaged[at] = byte;
            assert!(restore(&[(0, &damaged)]).is_err(), "{at} {byte}");
        }
    }
    let mut moved = records[1].clone();
    moved[14] = records[0][14];
    assert_eq!(restore(&[(0, &records[0]), (1, &moved)]), Err(RecordError::Block(10)));
    let mut other_block = records[1].clone();
    other_block[20] ^= 1;
    assert_eq!(restore(&[(0, &records[0]), (1, &other_block)]), Err(RecordError::Block(10)));
}

impl Wallet {
    /// Does something to the wallet as it is after a reload.
    fn reloaded_then<T>(&self, act: impl FnOnce(&mut Self) -> T) -> T {
        let mut again = self.reloaded();
        assert_eq!(again.answers(500), self.answers(500));
        act(&mut again)
    }
}
