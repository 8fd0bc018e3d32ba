//! Lies about filters, their headers and blocks, and payments that nobody made.
//!
//! A liar about filters picks some of the blocks in which somebody pays, and always the same ones, so that what it says
//! of one block fits what it says of others: [`is_picked`].

use super::{Forged, Forger, Offer};
use crate::chain::{FilterKind, KnownBlock};
use crate::peer::filters::cfilter;
use crate::peer::{Lie, Payment};
use dash_protocol::{
    Block, FilterHash, MerkleRoot, Message, OutPoint, Transaction, TxIn, TxOut, Txid, merkle,
};
use dash_spv_wasm::filters::gcs;
use std::collections::BTreeSet;

/// One of so many blocks with payments is lied about.
const PICKED: u8 = 6;
/// How many filters are sent unasked at a time.
const UNASKED: u32 = 20;
/// How many blocks are searched for scripts that somebody may watch.
const RECENT: u32 = 60;
/// How many of them a made-up payment pays.
const MOST_PAID: usize = 12;

/// Whether a liar about filters lies about this block.
pub fn is_picked(block: &KnownBlock) -> bool {
    block.body.transactions().len() > 1 && block.hash.as_bytes()[0].is_multiple_of(PICKED)
}

/// Whether a liar has a chain of filter headers of its own.
pub fn has_own_chain(lie: Lie) -> bool {
    matches!(lie, Lie::FilterHeadersForged | Lie::FilterOmitsOutputChained | Lie::FilterOmitsSpentChained)
}

/// The filter that a liar has of a block, where it is not the true one.
pub fn filter(lie: Lie, block: &KnownBlock, kind: FilterKind) -> Option<Vec<u8>> {
    let transactions = block.body.transactions();
    let omitted = match lie {
        _ if !is_picked(block) => return None,
        Lie::FilterOmitsOutput | Lie::FilterOmitsOutputChained => {
            let outputs = transactions[1..].iter().flat_map(|one| &one.transaction.outputs);
            outputs.map(|output| &output.script).find(|script| script.first() != Some(&0x6a))?
        }
        Lie::FilterOmitsSpentChained => transactions.iter().flat_map(|one| &one.spent).next()?,
        _ => return None,
    };
    let mut elements = block.elements(kind);
    elements.remove(omitted);
    Some(gcs::encode(&block.hash, &elements))
}

/// The hash that a liar's chain of filter headers has for a block, where it is not the true one.
pub fn filter_hash(lie: Lie, block: &KnownBlock, kind: FilterKind) -> Option<FilterHash> {
    match lie {
        // Of no filter: nobody finds one that has it.
        Lie::FilterHeadersForged => is_picked(block).then(|| FilterHash::of(block.hash.as_bytes())),
        lie if has_own_chain(lie) => filter(lie, block, kind).map(|filter| FilterHash::of(&filter)),
        _ => None,
    }
}

/// What a liar sends in place of a block.
pub fn block(lie: Lie, honest: &Block) -> Option<Block> {
    let mut block = honest.clone();
    match lie {
        Lie::BlockChanged => {
            let output = block.transactions.last_mut()?.outputs.first_mut()?;
            output.value += 1;
        }
        Lie::BlockShortened => {
            (block.transactions.len() > 1).then(|| block.transactions.pop())?;
        }
        Lie::BlockDuplicatedTail => {
            let tail = doubled(block.transactions.len())?;
            let tail = block.transactions[block.transactions.len() - tail..].to_vec();
            block.transactions.extend(tail);
        }
        Lie::BlockMadeUp => {
            let last = block.transactions.last_mut()?;
            last.lock_time ^= 1;
            let txids: Vec<Txid> = block.transactions.iter().map(Transaction::txid).collect();
            block.header.merkle_root = merkle::block_root(&txids).unwrap_or(MerkleRoot::ZERO);
        }
        _ => return None,
    }
    Some(block)
}

/// How many of a block's last transactions can stand twice without changing the merkle root: where a level has an odd
/// number of nodes, its last one is hashed with itself.
fn doubled(count: usize) -> Option<usize> {
    let even = count.trailing_zeros();
    let odd = count >> even;
    (odd > 1).then_some(1 << even)
}

impl Forger<'_> {
    /// What a liar about filters says unasked.
    pub(super) fn unasked_filters(&mut self, lie: Lie) -> Option<Forged> {
        if lie != Lie::FiltersUnsolicited {
            return None;
        }
        let top = self.chain.height();
        let from = self.rng.below(u64::from(top.saturating_sub(UNASKED)) + 1) as u32;
        let stop = self.chain.hash_at((from + UNASKED - 1).min(top))?;
        let blocks = self.chain.blocks_to(from, &stop)?;
        let magic = self.params.magic;
        let frames = blocks
            .iter()
            .map(|block| (cfilter(block, block.filter(FilterKind::Full).to_vec()).to_frame(magic), 5));
        Some(Forged { sends: frames.collect(), trickle: false })
    }

    /// Payments that nobody made: one to scripts that the chain shows in use, and one that spends somebody's coin with
    /// a key that is not theirs.
    pub(super) fn made_up_payments(&mut self) -> Vec<Offer> {
        let top = self.chain.height();
        let recent = (top.saturating_sub(RECENT)..=top).rev().filter_map(|height| self.chain.body(height));
        let paid: Vec<_> = recent.flat_map(|body| &body.transactions()[1..]).collect();
        let spent: BTreeSet<OutPoint> =
            paid.iter().flat_map(|one| one.transaction.inputs.iter().map(|input| input.previous)).collect();
        let mut found: Vec<(OutPoint, TxOut)> = paid
            .iter()
            .flat_map(|one| {
                let txid = one.transaction.txid();
                let outputs = (0..).zip(one.transaction.outputs.clone());
                outputs.map(move |(vout, output)| (OutPoint { txid, vout }, output))
            })
            .filter(|(at, output)| output.script.first() != Some(&0x6a) && !spent.contains(at))
            .collect();
        if found.is_empty() {
            return Vec::new();
        }
        while found.len() > MOST_PAID {
            found.swap_remove(self.rng.below(found.len() as u64) as usize);
        }
        let nobodys = OutPoint { txid: Txid::from_bytes(self.rng.bytes32()), vout: 0 };
        let outputs = found.iter().map(|(_, output)| TxOut { value: 100_000_000, ..output.clone() });
        let gift = self.made_up(nobodys, outputs.collect());
        let (stolen, coin) = found.swap_remove(0);
        let to = TxOut { value: coin.value - 1_000, script: vec![0x51] };
        let theft = self.made_up(stolen, vec![to]);
        [gift, theft].into_iter().map(offer).collect()
    }

    fn made_up(&mut self, previous: OutPoint, outputs: Vec<TxOut>) -> Transaction {
        let script = crate::wallet::Lock::random(self.rng).unlock(self.rng);
        let inputs = vec![TxIn { previous, script, sequence: u32::MAX }];
        Transaction { version: 2, tx_type: 0, inputs, outputs, lock_time: 0, payload: Vec::new() }
    }
}

fn offer(transaction: Transaction) -> Offer {
    let payment = Payment { transaction, lock: None };
    Offer { name: payment.name(), message: Message::Tx(payment.transaction) }
}
