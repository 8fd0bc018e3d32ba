use super::bls::{holds, key};
use super::*;
use crate::chain::EPOCH;
use crate::masternodes::facts::QuorumFacts;
use dash_protocol::{BlockHash, BlsSignature, Encode, InstantLock, sha256d};

fn lock_holds(
    quorum: &QuorumFacts,
    request: &[u8; 32],
    message: &[u8; 32],
    signature: &BlsSignature,
) -> bool {
    let hash = [&[quorum.llmq_type.0], quorum.quorum_hash.as_bytes().as_slice(), request, message].concat();
    holds(&key(&quorum.public_key), &sha256d(&hash), signature)
}

/// Whether a ChainLock is by the quorum that the rules choose.
fn chainlock_holds(chain: &SimChain, height: u32, hash: BlockHash, signature: &BlsSignature) -> bool {
    let request = sha256d(&[&[5], b"clsig".as_slice(), &height.to_le_bytes()].concat());
    let llmq_type = chain.params().llmq_types.chainlocks;
    let quorums = chain.facts_at(height - 8).unwrap().quorums;
    let chosen = quorums.iter().filter(|quorum| quorum.llmq_type == llmq_type).min_by_key(|quorum| {
        sha256d(&[&[llmq_type.0], quorum.quorum_hash.as_bytes().as_slice(), &request].concat())
    });
    lock_holds(chosen.unwrap(), &request, hash.as_bytes(), signature)
}

#[test]
fn coinbases_carry_true_locks_that_never_go_back() {
    let chain = small();
    let (mut newest, mut counted) = (0, 0);
    for height in 60..=chain.height() {
        let payload = CoinbasePayload::of(chain.coinbase(height).unwrap()).unwrap();
        assert_eq!(payload.version, 3);
        let Some(lock) = payload.best_chainlock else {
            assert_eq!(newest, 0);
            continue;
        };
        let locked = payload.chainlock_height().unwrap();
        assert!(locked >= newest && locked < height);
        if locked > newest {
            assert!(chainlock_holds(&chain, locked, chain.hash_at(locked).unwrap(), &lock.signature));
            counted += 1;
        }
        newest = locked;
    }
    assert!(counted > 250 && newest > chain.height() - 10, "{counted} locks up to {newest}");
}

#[test]
fn chainlocks_hold_and_some_blocks_have_none() {
    let chain = small();
    assert_eq!(chain.chainlock(20), None);
    let locked: Vec<_> = (300..=400).filter_map(|height| chain.chainlock(height)).collect();
    assert!(locked.len() > 75 && locked.len() < 101, "{} locks", locked.len());
    for lock in &locked {
        let height = u32::try_from(lock.height).unwrap();
        assert_eq!(Some(lock.block_hash), chain.hash_at(height));
        assert!(chainlock_holds(&chain, height, lock.block_hash, &lock.signature));
    }
    assert_eq!(chain.best_chainlock(), locked.last().copied());
    let other = BlockHash::from_bytes([7; 32]);
    let forged = chain.sign_chainlock(399, other).unwrap();
    assert!(chainlock_holds(&chain, 399, other, &forged.signature));
    assert!(chain.sign_chainlock(409, other).is_none() && chain.sign_chainlock(408, other).is_some());
}

#[test]
fn what_replaces_locked_blocks_is_not_locked() {
    let chain = small();
    let fork = chain.fork(300, 20, 1);
    assert!((301..=320).all(|height| fork.chainlock(height).is_none()));
    assert!(u32::try_from(fork.best_chainlock().unwrap().height).unwrap() <= 300);
    let mut other = SimChain::clone(&chain);
    other.set_locking(false);
    other.mine(30, EPOCH);
    let newest = other.best_chainlock().unwrap().height;
    assert!(newest <= 400);
    other.reorganize(20, 25, EPOCH);
    other.set_locking(true);
    other.mine(20, EPOCH);
    assert!(other.best_chainlock().unwrap().height > newest);
    let mut locked = chain.prefix(390);
    locked.reorganize(0, 10, EPOCH);
    assert!(locked.best_chainlock().unwrap().height > 390);
    locked.reorganize(10, 15, EPOCH);
    assert!(locked.best_chainlock().unwrap().height <= 390);
}

/// Checks an InstantSend lock by protocol.md 11.3, against quorums that were mined before the tip.
fn instant_lock_holds(chain: &SimChain, lock: &InstantLock) -> u32 {
    let mut bytes = b"\x06islock".to_vec();
    bytes.push(lock.inputs.len() as u8);
    for input in &lock.inputs {
        input.txid.encode(&mut bytes);
        bytes.extend(input.vout.to_le_bytes());
    }
    let request = sha256d(&bytes);
    // Both networks have two quorums: the bit below the highest.
    let index = u32::from(request[31] >> 6 & 1);
    let cycle = chain.height_of(&lock.cycle_hash).unwrap();
    let llmq = chain.params().llmq(chain.params().llmq_types.instantsend).unwrap();
    assert_eq!(cycle % llmq.interval, 0);
    let name: QuorumHash = chain.hash_at(cycle + index).unwrap().into();
    let quorums = chain.facts_at(chain.height() - 8).unwrap().quorums;
    let quorum =
        quorums.iter().find(|quorum| quorum.quorum_hash == name && quorum.llmq_type == llmq.llmq_type);
    assert!(lock_holds(quorum.unwrap(), &request, lock.txid.as_bytes(), &lock.signature));
    index
}

#[test]
fn instantsend_locks_hold_and_use_every_quorum() {
    for chain in [small(), large()] {
        let mut used = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let (transaction, lock) = chain.instant_lock(seed).unwrap();
            assert_eq!(lock.txid, transaction.txid());
            assert!(lock.inputs.iter().eq(transaction.inputs.iter().map(|input| &input.previous)));
            used.insert(instant_lock_holds(&chain, &lock));
        }
        assert_eq!(used.len(), 2);
    }
    assert_eq!(small().prefix(50).instant_lock(1), None);
}
