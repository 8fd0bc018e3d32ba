//! What the real locks of `tests/vectors_finality.rs` do not show.

use super::*;
use crate::finality::instantlock::{InstantLockError, base_height, quorum_index, request_id};
use dash_protocol::{ChainOverrides, LlmqParams, NetworkParams, Transaction, TxIn};

fn rotated() -> LlmqParams {
    *NetworkParams::mainnet().llmq(LLMQType(5)).unwrap()
}

fn quorum(n: u8, verified: bool) -> Candidate {
    Candidate { hash: QuorumHash::from_bytes([n; 32]), key: BlsPublicKey::from_bytes([n; 48]), verified }
}

#[test]
fn the_quorum_index_is_below_the_number_of_quorums_whatever_the_id() {
    for last in [0, 1, 0x7f, 0x80, 0xf8, 0xff] {
        let id: [u8; 32] = std::array::from_fn(|at| if at == 31 { last } else { 0xff });
        for active in [0, 1, 2, 3, 4, 31, 32, 33, 1 << 31, u32::MAX] {
            assert!(quorum_index(&id, active) < active.max(1), "{last} {active}");
        }
    }
}

#[test]
fn the_topmost_bit_of_an_id_does_not_choose_the_quorum() {
    let id = |last: u8| {
        let mut id = [0; 32];
        id[31] = last;
        id
    };
    assert_eq!(quorum_index(&id(0x80), 32), 0);
    assert_eq!(quorum_index(&id(0x7c), 32), 31);
    assert_eq!(quorum_index(&id(0x04), 32), 1);
    assert_eq!(quorum_index(&id(0x03), 32), 0);
    // Two quorums: bit 62 alone.
    assert_eq!(quorum_index(&id(0x40), 2), 1);
    assert_eq!(quorum_index(&id(0xbf), 2), 0);
}

#[test]
fn a_cycle_begins_where_the_interval_says_and_the_index_counts_from_there() {
    let (llmq, lock) = (rotated(), instantlock(1, [1, 2]));
    let index = quorum_index(&request_id(&lock.inputs), llmq.active);
    assert_eq!(base_height(&llmq, &lock, 288 * 9), Ok(288 * 9 + index));
    let error = InstantLockError::Cycle { height: 288 * 9 + 1, interval: 288 };
    assert_eq!(base_height(&llmq, &lock, 288 * 9 + 1), Err(error));
    let plain = LlmqParams { rotated: false, ..llmq };
    assert_eq!(base_height(&plain, &lock, 288 * 9), Ok(288 * 9));
    // No panic at either end.
    assert!(base_height(&llmq, &lock, u32::MAX - u32::MAX % 288).is_ok());
    assert!(base_height(&LlmqParams { interval: 0, ..llmq }, &lock, 0).is_err());
}

#[test]
fn an_instantsend_lock_waits_for_its_cycle_its_quorum_and_its_verification() {
    let (llmq, lock) = (rotated(), instantlock(1, [1]));
    let base = base_height(&llmq, &lock, 288).unwrap();
    let judge = |cycle, known: Option<Candidate>| {
        instantlock::judge(&llmq, &lock, cycle, |height| known.filter(|_| height == base)).unwrap()
    };
    assert_eq!(judge(None, None), Judgement::Wait(Missing::Quorums));
    assert_eq!(judge(Some(288), None), Judgement::Wait(Missing::Quorum { base_height: base }));
    let anchored = quorum(3, false);
    let missing = Missing::Verification(anchored.hash);
    assert_eq!(judge(Some(288), Some(anchored)), Judgement::Wait(missing));
    let message = sign_hash(LLMQType(5), &anchored.hash, &request_id(&lock.inputs), lock.txid.as_bytes());
    let check = SignatureCheck { key: anchored.key, message, signature: lock.signature };
    assert_eq!(judge(Some(288), Some(quorum(3, true))), Judgement::Verify(vec![check]));
}

#[test]
fn the_smallest_score_selects_whatever_the_order() {
    let id = chainlock::request_id(5);
    let names: Vec<QuorumHash> = (0..9).map(|n| quorum(n, true).hash).collect();
    let selected = chainlock::select(LLMQType(2), names.iter().copied(), &id);
    assert!(selected.is_some());
    assert_eq!(chainlock::select(LLMQType(2), names.iter().rev().copied(), &id), selected);
    assert_eq!(chainlock::select(LLMQType(2), [], &id), None);
    assert_eq!((chainlock::quorum_height(20), chainlock::quorum_height(3)), (12, 0));
}

#[test]
fn an_instantsend_lock_is_of_the_transaction_with_its_id_and_inputs() {
    let input = |n| TxIn { previous: output(n), script: Vec::new(), sequence: 0 };
    let transaction = Transaction {
        version: 2,
        tx_type: 0,
        inputs: vec![input(1), input(2)],
        outputs: Vec::new(),
        lock_time: 0,
        payload: Vec::new(),
    };
    let lock = InstantLock { txid: transaction.txid(), ..instantlock(1, [1, 2]) };
    assert!(instantlock::is_of(&lock, &transaction));
    assert!(!instantlock::is_of(&instantlock(1, [1, 2]), &transaction));
    for inputs in [vec![2, 1], vec![1], vec![1, 2, 3], vec![1, 3]] {
        let other = InstantLock { inputs: inputs.into_iter().map(output).collect(), ..lock.clone() };
        assert!(!instantlock::is_of(&other, &transaction));
    }
}

#[test]
fn regtests_instantsend_quorums_take_one_bit() {
    let params = NetworkParams::regtest(&ChainOverrides::default()).unwrap();
    let llmq = params.llmq(params.llmq_types.instantsend).unwrap();
    assert_eq!((llmq.active, llmq.active.ilog2()), (2, 1));
}

/// Each check that the rules make can be switched off, and then lets the lie through that it is there for.
#[cfg(feature = "switchable-checks")]
mod switched_off {
    use super::*;
    use crate::checks::Off;

    #[test]
    fn without_the_check_of_what_is_known_a_lock_is_taken_as_it_is() {
        let _off = Off::check(Check::LockKnown);
        assert_eq!(chainlock::judge(LLMQType(2), &chainlock(9, 1, 1), None), Judgement::Accept);
        let judged = instantlock::judge(&rotated(), &instantlock(1, [1]), None, |_| None);
        assert_eq!(judged, Ok(Judgement::Accept));
    }

    #[test]
    fn without_the_check_of_quorums_an_unverified_one_signs() {
        let _off = Off::check(Check::QuorumVerified);
        let active = [quorum(1, false)];
        let judged = chainlock::judge(LLMQType(2), &chainlock(9, 1, 1), Some(&active));
        assert!(matches!(judged, Judgement::Verify(checks) if checks.len() == 1));
    }

    #[test]
    fn without_the_selection_any_active_quorum_signs() {
        let active: Vec<Candidate> = (0..4).map(|n| quorum(n, true)).collect();
        let asked =
            |active: &[Candidate]| match chainlock::judge(LLMQType(2), &chainlock(9, 1, 1), Some(active)) {
                Judgement::Verify(checks) => checks.len(),
                other => panic!("{other:?}"),
            };
        assert_eq!(asked(&active), 1);
        let _off = Off::check(Check::QuorumSelection);
        assert_eq!(asked(&active), 4);
    }

    #[test]
    fn without_the_index_any_quorum_of_the_cycle_signs() {
        let asked = || match instantlock::judge(&rotated(), &instantlock(1, [1]), Some(288), |height| {
            (288..288 + 32).contains(&height).then(|| quorum(height as u8, true))
        }) {
            Ok(Judgement::Verify(checks)) => checks.len(),
            other => panic!("{other:?}"),
        };
        assert_eq!(asked(), 1);
        let _off = Off::check(Check::InstantLockIndex);
        assert_eq!(asked(), 32);
    }

    #[test]
    fn without_the_signature_every_lock_holds() {
        assert!(!chainlock::holds(&[false]) && !instantlock::holds(&[]) && chainlock::holds(&[false, true]));
        let _off = (Off::check(Check::ChainLockSignature), Off::check(Check::InstantLockSignature));
        assert!(chainlock::holds(&[false]) && instantlock::holds(&[]));
    }

    #[test]
    fn without_the_cycle_any_block_begins_one() {
        let _off = Off::check(Check::InstantLockCycle);
        assert!(base_height(&rotated(), &instantlock(1, [1]), 289).is_ok());
    }
}
