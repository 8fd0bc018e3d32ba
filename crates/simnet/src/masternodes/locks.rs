//! ChainLocks and InstantSend locks (protocol.md 11).

use super::ledger::{View, WORK_DEPTH};
use super::quorums::Quorum;
use dash_protocol::{
    BlockHash, BlsSignature, Encode, InstantLock, LLMQType, OutPoint, QuorumHash, Transaction,
    put_compact_size, sha256d,
};
use std::sync::Arc;

/// What a lock's quorum is chosen by.
fn chainlock_request(height: u32) -> [u8; 32] {
    sha256d(&[b"\x05clsig".as_slice(), &height.to_le_bytes()].concat())
}

/// What a quorum signs.
fn sign_hash(llmq_type: LLMQType, quorum: &QuorumHash, request: &[u8; 32], message: &[u8; 32]) -> [u8; 32] {
    sha256d(&[&[llmq_type.0], quorum.as_bytes().as_slice(), request, message].concat())
}

/// The quorum that signs the lock of the block at a height: of those as of eight blocks below, the one with the
/// smallest hash.
pub fn chainlock_quorum<'a>(view: &View<'a>, height: u32) -> Option<&'a Arc<Quorum>> {
    let request = chainlock_request(height);
    let llmq_type = view.params.llmq_types.chainlocks;
    let active = &view.block(height.checked_sub(WORK_DEPTH)?)?.active;
    active.of_type(llmq_type).iter().min_by_key(|quorum| {
        sha256d(&[&[llmq_type.0], quorum.hash().as_bytes().as_slice(), &request].concat())
    })
}

/// The signature of a lock of any block.
pub fn sign(view: &View<'_>, height: u32, hash: BlockHash) -> Option<BlsSignature> {
    let quorum = chainlock_quorum(view, height)?;
    let request = chainlock_request(height);
    Some(quorum.key.sign(&sign_hash(quorum.llmq_type(), &quorum.hash(), &request, hash.as_bytes())))
}

/// The lock of a transaction as of a tip: by the newest quorum in the place that its inputs choose.
pub fn lock_transaction(view: &View<'_>, tip: u32, transaction: &Transaction) -> Option<InstantLock> {
    let inputs: Vec<OutPoint> = transaction.inputs.iter().map(|input| input.previous).collect();
    let request = instant_request(&inputs);
    let llmq = view.params.llmq(view.params.llmq_types.instantsend)?;
    let index = quorum_index(&request, llmq.active);
    let active = &view.block(tip.checked_sub(WORK_DEPTH)?)?.active;
    let quorum = active.of_type(llmq.llmq_type).iter().find(|quorum| quorum.index == index)?;
    let txid = transaction.txid();
    let hash = sign_hash(llmq.llmq_type, &quorum.hash(), &request, txid.as_bytes());
    Some(InstantLock {
        version: 1,
        inputs,
        txid,
        cycle_hash: *view.hashes.get((quorum.height - quorum.index) as usize)?,
        signature: quorum.key.sign(&hash),
    })
}

fn instant_request(inputs: &[OutPoint]) -> [u8; 32] {
    let mut bytes = b"\x06islock".to_vec();
    put_compact_size(&mut bytes, inputs.len() as u64);
    for input in inputs {
        input.txid.encode(&mut bytes);
        bytes.extend(input.vout.to_le_bytes());
    }
    sha256d(&bytes)
}

/// The place of the quorum that signs: bits of the request below the highest.
fn quorum_index(request: &[u8; 32], quorums: u32) -> u32 {
    let bits = quorums.ilog2();
    let high = u64::from_le_bytes(*request.last_chunk().expect("32 bytes have 8"));
    (high >> (63 - bits)) as u32 & ((1 << bits) - 1)
}
