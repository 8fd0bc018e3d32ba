//! Lies about ChainLocks and InstantSend locks.
//!
//! The hashes that quorums sign are computed here apart from the client, by protocol and nothing else. Where a lie needs
//! something that the chain does not have just now, it is not told until later.

use super::{Forger, Offer};
use crate::chain::SimChain;
use crate::masternodes::QuorumFacts;
use crate::peer::{Lie, Payment};
use dash_protocol::{
    BlockHash, ChainLock, Encode, InstantLock, Inventory, InventoryKind, LLMQType, LlmqParams, Message,
    OutPoint, QuorumHash, Transaction, Txid, put_compact_size, sha256d,
};

/// How far ahead of the tip a lock for a far height is.
const FAR: i32 = 1_000;
/// How many payments are tried for one that fits a lie.
const TRIES: u64 = 64;

impl Forger<'_> {
    /// What the liar offers unasked.
    pub fn offers(&mut self, lie: Lie) -> Vec<Offer> {
        if lie == Lie::PaymentsMadeUp {
            return self.made_up_payments();
        }
        if let Some(lock) = self.chainlock(lie) {
            let name = Inventory { kind: InventoryKind::ChainLock, hash: lock.hash() };
            return vec![Offer { name, message: Message::ClSig(lock) }];
        }
        let Some((transaction, lock)) = self.instant_lock(lie) else { return Vec::new() };
        let payment = Payment { transaction, lock: Some(lock.clone()) };
        let of_lock = Inventory { kind: InventoryKind::InstantSendLock, hash: lock.hash() };
        vec![
            Offer { name: payment.name(), message: Message::Tx(payment.transaction) },
            Offer { name: of_lock, message: Message::IsdLock(lock) },
        ]
    }

    fn chainlock(&mut self, lie: Lie) -> Option<ChainLock> {
        let tip = self.chain.height();
        let height = i32::try_from(tip).ok()?;
        let hash = self.chain.tip_hash();
        match lie {
            Lie::LockFarFuture => {
                let block_hash = BlockHash::from_bytes(self.rng.bytes32());
                let far = ChainLock { height: height + FAR, ..self.chain.sign_chainlock(tip, block_hash)? };
                Some(far)
            }
            Lie::LockBadSignature => {
                let other = BlockHash::from_bytes(self.rng.bytes32());
                Some(ChainLock { block_hash: hash, ..self.chain.sign_chainlock(tip, other)? })
            }
            Lie::LockWrongQuorum => {
                let selected = locking_quorum(self.chain, tip)?.quorum_hash;
                let candidates = [signing_quorums(self.chain, tip)?, signing_quorums(self.chain, tip + 8)?];
                let mut others = candidates.iter().flatten().filter(|quorum| quorum.quorum_hash != selected);
                others.find_map(|other| self.lock_by(other, height, hash))
            }
            Lie::LockUnprovenQuorum => {
                locking_quorum(self.chain, tip)?.bogus?;
                self.chain.sign_chainlock(tip, hash)
            }
            _ => None,
        }
    }

    fn lock_by(&self, quorum: &QuorumFacts, height: i32, block_hash: BlockHash) -> Option<ChainLock> {
        let request = chainlock_request(height);
        let message = sign_hash(quorum.llmq_type, &quorum.quorum_hash, &request, block_hash.as_bytes());
        let signature = self.chain.sign_by(quorum.llmq_type, &quorum.quorum_hash, &message)?;
        Some(ChainLock { height, block_hash, signature })
    }

    fn instant_lock(&mut self, lie: Lie) -> Option<(Transaction, InstantLock)> {
        if !matches!(
            lie,
            Lie::InstantBadSignature
                | Lie::InstantWrongQuorum
                | Lie::InstantIndexRange
                | Lie::InstantNoCycle
                | Lie::InstantOtherInputs
        ) {
            return None;
        }
        let params = *self.params.llmq(self.params.llmq_types.instantsend)?;
        let seed = self.rng.next_u64();
        let payments = (0..TRIES).map_while(|n| self.chain.instant_lock(seed.wrapping_add(n)));
        // The first of the cycle's quorums signs it: there is another one after it.
        let (transaction, mut lock) =
            payments.into_iter().find(|(_, lock)| index_of(&params, &lock.inputs) == Some(0))?;
        let cycle = self.chain.height_of(&lock.cycle_hash)?;
        match lie {
            Lie::InstantBadSignature => {
                let other = Txid::from_bytes(self.rng.bytes32());
                lock.signature = self.sign_instant(&params, cycle, &lock.inputs, &other)?;
            }
            Lie::InstantWrongQuorum => {
                lock.signature = self.sign_instant(&params, cycle + 1, &lock.inputs, &lock.txid)?;
            }
            Lie::InstantIndexRange => lock.cycle_hash = self.params.genesis_hash,
            Lie::InstantNoCycle => {
                lock.cycle_hash = self.chain.hash_at(cycle + 1)?;
                lock.signature = self.sign_instant(&params, cycle + 1, &lock.inputs, &lock.txid)?;
            }
            _ => {
                lock.inputs = vec![OutPoint { txid: Txid::from_bytes(self.rng.bytes32()), vout: 0 }];
                let index = index_of(&params, &lock.inputs)?;
                lock.signature = self.sign_instant(&params, cycle + index, &lock.inputs, &lock.txid)?;
            }
        }
        Some((transaction, lock))
    }

    /// The signature of the rotated quorum that is named after the block at a height.
    fn sign_instant(
        &self,
        params: &LlmqParams,
        height: u32,
        inputs: &[OutPoint],
        txid: &Txid,
    ) -> Option<dash_protocol::BlsSignature> {
        let quorum = QuorumHash::from(self.chain.hash_at(height)?);
        let request = instant_request(inputs);
        let message = sign_hash(params.llmq_type, &quorum, &request, txid.as_bytes());
        self.chain.sign_by(params.llmq_type, &quorum, &message)
    }
}

/// The quorums of which one locks the block at a height: those as of eight blocks below.
fn signing_quorums(chain: &SimChain, height: u32) -> Option<Vec<QuorumFacts>> {
    let wanted = chain.params().llmq_types.chainlocks;
    let quorums = chain.facts_at(height.checked_sub(8)?)?.quorums;
    Some(quorums.into_iter().filter(|quorum| quorum.llmq_type == wanted).collect())
}

/// The quorum that locks the block at a height.
pub(crate) fn locking_quorum(chain: &SimChain, height: u32) -> Option<QuorumFacts> {
    let request = chainlock_request(i32::try_from(height).ok()?);
    signing_quorums(chain, height)?.into_iter().min_by_key(|quorum| {
        let mut bytes = vec![quorum.llmq_type.0];
        bytes.extend_from_slice(quorum.quorum_hash.as_bytes());
        bytes.extend_from_slice(&request);
        sha256d(&bytes)
    })
}

fn chainlock_request(height: i32) -> [u8; 32] {
    let mut bytes = b"\x05clsig".to_vec();
    bytes.extend_from_slice(&height.to_le_bytes());
    sha256d(&bytes)
}

fn instant_request(inputs: &[OutPoint]) -> [u8; 32] {
    let mut bytes = b"\x06islock".to_vec();
    put_compact_size(&mut bytes, inputs.len() as u64);
    inputs.iter().for_each(|input| input.encode(&mut bytes));
    sha256d(&bytes)
}

/// The place in the cycle of the quorum that locks these inputs.
fn index_of(params: &LlmqParams, inputs: &[OutPoint]) -> Option<u32> {
    let bits = params.active.checked_ilog2()?;
    let request = instant_request(inputs);
    let last = u64::from_le_bytes(*request.last_chunk::<8>()?);
    Some((last >> (63 - bits)) as u32 & ((1 << bits) - 1))
}

fn sign_hash(llmq_type: LLMQType, quorum: &QuorumHash, request: &[u8; 32], message: &[u8; 32]) -> [u8; 32] {
    let mut bytes = vec![llmq_type.0];
    bytes.extend_from_slice(quorum.as_bytes());
    bytes.extend_from_slice(request);
    bytes.extend_from_slice(message);
    sha256d(&bytes)
}
