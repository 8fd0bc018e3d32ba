//! What finds what.

use super::*;

const PEER: ConnId = ConnId(1);

fn now(mono_ms: u64) -> Now {
    Now { mono_ms, unix_ms: 0 }
}

fn hash(byte: u8) -> BlockHash {
    BlockHash::from_bytes([byte; 32])
}

fn after(byte: u8) -> Request {
    Request::HeadersAfter { locator: vec![hash(byte)] }
}

fn reply(prev: Option<u8>) -> HeadersReply<'static> {
    HeadersReply {
        count: usize::from(prev.is_some()),
        first_prev: prev.map(hash),
        only_hash: &|| None,
        passes: &|_| false,
    }
}

#[test]
fn replies_out_of_order_find_their_requests_by_content() {
    let mut manager = RequestCorrelationManager::default();
    let first = manager.begin(PEER, after(1), 100, now(0));
    let second = manager.begin(PEER, after(2), 100, now(0));
    let Match::Request(found) = manager.headers_reply(PEER, reply(Some(2)), now(1)) else { panic!() };
    assert_eq!(found.id, second);
    let Match::Request(found) = manager.headers_reply(PEER, reply(Some(1)), now(1)) else { panic!() };
    assert_eq!(found.id, first);
}

#[test]
fn a_reply_from_somebody_else_is_unsolicited() {
    let mut manager = RequestCorrelationManager::default();
    manager.begin(PEER, after(1), 100, now(0));
    assert!(matches!(manager.headers_reply(ConnId(2), reply(Some(1)), now(1)), Match::Unsolicited));
    assert_eq!(manager.in_flight(RequestOwner::Headers), 1);
}

#[test]
fn a_late_reply_is_nobodys_fault_but_only_once() {
    let mut manager = RequestCorrelationManager::default();
    manager.begin(PEER, after(1), 100, now(0));
    assert_eq!(manager.expire(RequestOwner::Headers, now(100)).len(), 1);
    assert!(matches!(manager.headers_reply(PEER, reply(Some(1)), now(200)), Match::Late(_)));
    assert!(matches!(manager.headers_reply(PEER, reply(Some(1)), now(300)), Match::Unsolicited));
}

#[test]
fn an_answer_that_passes_a_hash_of_the_locator_ignores_it_unless_an_older_request_explains_it() {
    let mut manager = RequestCorrelationManager::default();
    let ask = |manager: &mut RequestCorrelationManager, locator: &[u8]| {
        let locator = locator.iter().map(|byte| hash(*byte)).collect();
        manager.begin(PEER, Request::HeadersAfter { locator }, 100, now(0))
    };
    let reply = HeadersReply {
        count: 9,
        first_prev: Some(hash(1)),
        only_hash: &|| None,
        passes: &|passed| *passed == hash(3),
    };
    let older = ask(&mut manager, &[1]);
    manager.cancel(older);
    ask(&mut manager, &[3, 1]);
    assert!(matches!(manager.headers_reply(PEER, reply, now(1)), Match::Late(_)));
    let announced = HeadersReply { count: MAX_ANNOUNCED, ..reply };
    assert!(matches!(manager.headers_reply(PEER, announced, now(1)), Match::Unsolicited));
    assert!(matches!(manager.headers_reply(PEER, reply, now(1)), Match::Ignores(_)));
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut manager = RequestCorrelationManager::default();
    for round in 0..MAX_REMEMBERED as u64 * 2 {
        manager.begin(PEER, after(1), 1, now(round));
        manager.expire(RequestOwner::Headers, now(round + 1));
    }
    assert_eq!(manager.given_up.len(), MAX_REMEMBERED);
}

#[test]
fn a_header_asked_by_hash_is_known_by_its_hash() {
    let mut manager = RequestCorrelationManager::default();
    manager.begin(PEER, Request::HeaderByHash(hash(7)), 100, now(0));
    let wrong = HeadersReply {
        count: 1,
        first_prev: Some(hash(6)),
        only_hash: &|| Some(hash(8)),
        passes: &|_| false,
    };
    assert!(matches!(manager.headers_reply(PEER, wrong, now(1)), Match::Unsolicited));
    let right = HeadersReply {
        count: 1,
        first_prev: Some(hash(6)),
        only_hash: &|| Some(hash(7)),
        passes: &|_| false,
    };
    assert!(matches!(manager.headers_reply(PEER, right, now(1)), Match::Request(_)));
}

fn diff(base: u8, block: u8) -> Request {
    Request::MnListDiff { base: hash(base), block: hash(block) }
}

#[test]
fn a_list_diff_is_known_by_both_hashes_zeros_included() {
    let mut manager = RequestCorrelationManager::default();
    let whole = manager.begin(PEER, diff(0, 9), 100, now(0));
    let part = manager.begin(PEER, diff(5, 9), 100, now(0));
    let mut reply = |base: u8, block: u8| manager.mn_list_diff_reply(PEER, hash(base), hash(block), now(1));
    assert!(matches!(reply(5, 8), Match::Unsolicited));
    assert!(matches!(reply(5, 9), Match::Request(found) if found.id == part));
    assert!(matches!(reply(0, 9), Match::Request(found) if found.id == whole));
    assert!(matches!(reply(0, 9), Match::Unsolicited));
}

#[test]
fn a_qrinfo_is_known_by_its_work_block_and_a_peer_has_one_of_a_cycle_at_a_time() {
    let mut manager = RequestCorrelationManager::default();
    let mut qrinfos = manager.qrinfo();
    let first = qrinfos.begin(PEER, hash(1), 100, now(0)).unwrap();
    assert_eq!(qrinfos.begin(PEER, hash(1), 100, now(0)), None);
    assert!(qrinfos.begin(ConnId(2), hash(1), 100, now(0)).is_some());
    let second = qrinfos.begin(PEER, hash(2), 100, now(0)).unwrap();
    assert!(matches!(qrinfos.reply(PEER, hash(2), now(1)), Match::Request(found) if found.id == second));
    assert!(matches!(qrinfos.reply(PEER, hash(1), now(1)), Match::Request(found) if found.id == first));
    assert!(!qrinfos.asked(PEER, hash(1)));
}

#[test]
fn expired_and_forgotten_requests_are_handed_out_by_owner() {
    let mut manager = RequestCorrelationManager::default();
    manager.begin(PEER, after(1), 100, now(0));
    manager.begin(PEER, diff(1, 2), 100, now(0));
    let expired = manager.expire(RequestOwner::Masternodes, now(100));
    assert_eq!(expired.iter().map(|request| request.request.clone()).collect::<Vec<_>>(), [diff(1, 2)]);
    assert_eq!(manager.forget_peer(PEER, RequestOwner::Masternodes).len(), 0);
    assert_eq!(manager.forget_peer(PEER, RequestOwner::Headers).len(), 1);
}

#[test]
fn a_late_reply_is_known_for_ten_minutes_from_the_deadline() {
    let mut manager = RequestCorrelationManager::default();
    manager.begin(PEER, diff(1, 2), 100, now(0));
    manager.begin(PEER, diff(1, 3), 100, now(0));
    manager.expire(RequestOwner::Masternodes, now(100));
    let last = 100 + REMEMBERED_MS;
    assert!(matches!(manager.mn_list_diff_reply(PEER, hash(1), hash(2), now(last - 1)), Match::Late(_)));
    assert!(matches!(manager.mn_list_diff_reply(PEER, hash(1), hash(3), now(last)), Match::Unsolicited));
}

#[test]
fn a_qrinfo_asked_twice_over_time_is_answered_twice_without_blame() {
    let mut manager = RequestCorrelationManager::default();
    let mut qrinfos = manager.qrinfo();
    qrinfos.begin(PEER, hash(1), 100, now(0));
    drop(manager.expire(RequestOwner::Masternodes, now(100)));
    let mut qrinfos = manager.qrinfo();
    qrinfos.begin(PEER, hash(1), 100, now(200)).unwrap();
    assert!(matches!(qrinfos.reply(PEER, hash(1), now(201)), Match::Request(_)));
    assert!(matches!(qrinfos.reply(PEER, hash(1), now(202)), Match::Late(_)));
}
