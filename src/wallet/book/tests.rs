use super::*;
use crate::wallet::target::{ScriptText, WatchTarget};
use dash_protocol::Txid;

const KEY: &str = "xpub6CYEjsU6zPM3sADS2ubu2aZeGxCm3C5KabkCpo4rkNbXGAH9M7rRUJ4E5CKiyUddmRzrSCopPzisTBrXkfCD4o577XKM9mzyZtP1Xdbizyk";

fn book() -> ScriptBook {
    ScriptBook::new(Arc::new(NetworkParams::mainnet()))
}

fn add(book: &mut ScriptBook, what: &WatchTarget) -> Added {
    let (target, gap) = Target::parse(what, book.params()).unwrap();
    book.add(vec![(target, gap)]).unwrap()
}

fn xpub(gap: u32) -> WatchTarget {
    WatchTarget::Xpub { xpub: KEY.into(), path: None, gap: Some(gap) }
}

fn fixed(bytes: &[u8]) -> WatchTarget {
    WatchTarget::Script { script: ScriptText::Bytes(bytes.to_vec()) }
}

#[test]
fn a_use_at_the_edge_asks_to_search_for_new_scripts_of_that_branch_alone() {
    let mut book = book();
    let added = add(&mut book, &xpub(20));
    assert_eq!((added.known, added.fresh.len(), book.script_count()), (false, 40, 40));
    assert_eq!(book.next_address(added.id).as_deref(), Ok("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"));
    let last = Arc::clone(&added.fresh[19].element);
    assert_eq!(book.address(&last).as_deref(), Some("XtihhPgpgpzJxzx6KzW9Zc2MtHxppto7VZ"));
    let fresh = book.mark_used(&last);
    assert_eq!((fresh.len(), book.script_count()), (20, 60));
    assert!(fresh.iter().all(|fresh| fresh.watch == added.id && book.has_script(&fresh.element)));
    assert!(book.mark_used(&last).is_empty());
    // Change does not move what is received to.
    assert_eq!(book.mark_used(&added.fresh[20].element).len(), 1);
    assert_eq!(book.next_address(added.id).as_deref(), Ok("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"));
    book.mark_used(&added.fresh[0].element);
    assert_eq!(book.next_address(added.id).as_deref(), Ok("XbctnEsgWTn5j1co3emZynemxSFPqkLRKZ"));
}

#[test]
fn the_same_target_again_is_the_same_watch_with_the_larger_gap() {
    let mut book = book();
    let first = add(&mut book, &xpub(5));
    let again = add(&mut book, &xpub(5));
    assert_eq!((again.id, again.known, again.fresh.len()), (first.id, true, 0));
    assert_eq!(add(&mut book, &xpub(7)).fresh.len(), 4);
    assert_eq!(add(&mut book, &xpub(6)).fresh.len(), 0);
    assert_eq!(book.ids().len(), 1);
}

#[test]
fn a_script_of_two_watches_counts_for_both_until_both_are_gone() {
    let mut book = book();
    let all = add(&mut book, &xpub(3));
    let script = Arc::clone(&all.fresh[1].element);
    let one = add(&mut book, &fixed(&script));
    assert_eq!(one.fresh, [Fresh { watch: one.id, element: Arc::clone(&script) }]);
    assert!([all.id, one.id].iter().all(|id| book.counts_script(Scope::Watch(*id), &script)));
    assert_eq!(book.elements().count(), 6);
    book.remove(all.id).unwrap();
    assert!(!book.counts_script(Scope::Watch(all.id), &script) && book.has_script(&script));
    assert_eq!(book.remove(all.id), Err(BookError::NotFound));
    book.remove(one.id).unwrap();
    assert!(book.is_empty() && book.script_count() == 0 && book.elements().count() == 0);
    assert_eq!(book.take_changed(), SortedSet::from([all.id, one.id]));
    assert!(book.take_changed().is_empty());
}

#[test]
fn an_outpoint_is_matched_by_its_own_bytes_and_by_its_script_once_that_is_known() {
    let mut book = book();
    let out_point = OutPoint { txid: Txid::from_bytes([3; 32]), vout: 1 };
    let what = WatchTarget::Outpoint { outpoint: format!("{}:1", out_point.txid) };
    let added = add(&mut book, &what);
    assert_eq!(&*added.fresh[0].element, &out_point.to_wire()[..]);
    assert_eq!(book.next_address(added.id), Err(BookError::NoAddress));
    assert!(book.has_output(&out_point) && book.counts_output(Scope::Watch(added.id), &out_point));
    let script = [0x51, 0x52];
    assert!(book.learn(&OutPoint { vout: 0, ..out_point }, &script).is_empty());
    assert_eq!(book.learn(&out_point, &script)[0].element[..], script);
    assert!(book.learn(&out_point, &script).is_empty());
    assert_eq!((book.elements().count(), book.elements_of(added.id).len()), (2, 2));
    // Other payments to the script are not the watch's.
    assert!(!book.has_script(&script));
    let record = book.encode_watch(added.id).unwrap();
    let mut again = self::book();
    assert_eq!(again.restore_watch(&record), Ok(added.id));
    assert_eq!(again.elements_of(added.id), book.elements_of(added.id));
    book.remove(added.id).unwrap();
    assert_eq!(book.elements().count(), 0);
}

#[test]
fn scripts_that_their_spends_do_not_show_are_counted() {
    let mut book = book();
    assert!(!book.has_bare());
    let bare = add(&mut book, &fixed(&[0x51]));
    assert!(book.has_bare());
    book.remove(bare.id).unwrap();
    assert!(!book.has_bare());
}

#[test]
fn several_targets_can_be_one_watch() {
    let mut book = book();
    let target = |book: &ScriptBook, what: &WatchTarget| Target::parse(what, book.params()).unwrap();
    let output = WatchTarget::Outpoint { outpoint: format!("{}:1", Txid::from_bytes([3; 32])) };
    let parts = vec![target(&book, &output), target(&book, &xpub(4)), target(&book, &fixed(&[0x51]))];
    let added = book.add(parts.clone()).unwrap();
    assert_eq!((added.fresh.len(), book.ids().len()), (10, 1));
    assert_eq!(book.elements_of(added.id).len(), 10);
    assert_eq!(book.next_address(added.id).as_deref(), Ok("XoJA8qE3N2Y3jMLEtZ3vcN42qseZ8LvFf5"));
    assert!(book.counts_script(Scope::Watch(added.id), &[0x51]));
    // In another order and with one of them twice it is the same; its second target has a larger gap now.
    let again = vec![target(&book, &xpub(6)), parts[2].clone(), parts[2].clone(), parts[0].clone()];
    let again = book.add(again).unwrap();
    assert_eq!((again.id, again.known, again.fresh.len()), (added.id, true, 4));
    let one = add(&mut book, &xpub(4));
    assert!(one.id != added.id && !one.known && one.fresh.len() == 8);
    let record = book.encode_watch(added.id).unwrap();
    let mut restored = self::book();
    assert_eq!(restored.restore_watch(&record), Ok(added.id));
    assert_eq!(restored.encode_watch(added.id), Some(record));
    book.remove(added.id).unwrap();
    assert_eq!((book.script_count(), book.elements().count()), (8, 8));
    assert_eq!(book.add(Vec::new()), Err(BookError::NoTarget));
    let many = (0..=MAX_TARGETS as u32).map(|n| (Target::Script(n.to_le_bytes().to_vec()), 20)).collect();
    assert_eq!(book.add(many), Err(BookError::Full));
}

#[test]
fn a_full_book_refuses_new_watches_and_keeps_known_ones() {
    let mut book = book();
    let number = |at: u32| fixed(&[&[4][..], &at.to_le_bytes()].concat());
    for at in 0..MAX_WATCHES as u32 {
        add(&mut book, &number(at));
    }
    let (target, gap) = Target::parse(&number(u32::MAX), book.params()).unwrap();
    assert_eq!(book.add(vec![(target, gap)]), Err(BookError::Full));
    assert!(add(&mut book, &number(7)).known);
}

#[test]
fn a_watch_is_read_back_from_its_record_and_no_damaged_one_is() {
    let mut book = book();
    let added = add(&mut book, &xpub(20));
    for at in [0, 3, 19, 25] {
        book.mark_used(&Arc::clone(&added.fresh[at].element));
    }
    let record = book.encode_watch(added.id).unwrap();
    let mut again = self::book();
    assert_eq!(again.restore_watch(&record), Ok(added.id));
    assert_eq!(again.elements_of(added.id), book.elements_of(added.id));
    assert_eq!(again.next_address(added.id), book.next_address(added.id));
    assert!(again.take_changed().is_empty());
    assert!(again.restore_watch(&record).is_err());
    for len in 0..record.len() {
        assert!(self::book().restore_watch(&record[..len]).is_err(), "{len}");
    }
    assert!(self::book().restore_watch(&[&record[..], &[0]].concat()).is_err());
    for (at, byte) in [(0, 2), (1, 2), (2, 0), (5, 1)] {
        let mut damaged = record.clone();
        damaged[at] = byte;
        assert!(self::book().restore_watch(&damaged).is_err(), "byte {at}");
    }
    assert_eq!(book.encode_watch(WatchId::from_bytes([0; 16])), None);
}
