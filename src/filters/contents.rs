//! What a basic filter holds of its block (BIP 158 with Dash's additions; Dash Core `blockfilter.cpp`,
//! `evo/specialtx_filter.cpp`): the scripts of its outputs, those of the outputs it spends, and names and scripts in its
//! special transactions.
//!
//! The set has at most one element for each ten bytes of the block, the limit that [`super::gcs`] holds filters to.

use super::gcs;
use dash_protocol::special::{ProviderRegister, ProviderUpdateRegistrar, ProviderUpdateService};
use dash_protocol::{Block, BlockHash, Encode, OutPoint, SpecialPayload, Transaction, TxIn, TxOut, Txid};
use std::collections::{BTreeSet, HashMap};
use thiserror::Error;

/// The first byte of a script that nobody can spend, and that no filter holds if it is an output's.
const OP_RETURN: u8 = 0x6a;

/// The elements of a filter; none is empty.
pub type Elements = BTreeSet<Vec<u8>>;

/// A block spends an output whose script is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the script of output {} of {} is not known", .0.vout, .0.txid)]
pub struct MissingPrevout(pub OutPoint);

/// Adds what a block itself says: the scripts of its outputs, and what its special transactions name. The filter holds
/// all of it, whatever the block spends.
pub fn add_created(block: &Block, elements: &mut Elements) {
    for transaction in &block.transactions {
        transaction.outputs.iter().for_each(|output| add_output(output, elements));
        add_special(transaction, elements);
    }
}

/// The inputs of a block that spend something, in their order.
pub fn spends(block: &Block) -> impl Iterator<Item = &TxIn> {
    let spending = block.transactions.iter().filter(|transaction| !transaction.is_coinbase());
    spending.flat_map(|transaction| &transaction.inputs)
}

/// The scripts of a block's outputs, by their places: some of them may be spent in the block itself.
pub fn outputs(block: &Block) -> HashMap<OutPoint, &[u8]> {
    let mut outputs = HashMap::new();
    for transaction in &block.transactions {
        let txid: Txid = transaction.txid();
        for (vout, output) in (0..).zip(&transaction.outputs) {
            outputs.insert(OutPoint { txid, vout }, &output.script[..]);
        }
    }
    outputs
}

/// The filter of a block, given the scripts of the outputs that it spends; those of its own are known.
///
/// # Errors
/// [`MissingPrevout`] if `prevout` knows no script for an output.
pub fn build<'a>(
    hash: &BlockHash,
    block: &Block,
    prevout: impl Fn(&OutPoint) -> Option<&'a [u8]>,
) -> Result<Vec<u8>, MissingPrevout> {
    let mut elements = Elements::new();
    add_created(block, &mut elements);
    let own = outputs(block);
    for input in spends(block) {
        let known = own.get(&input.previous).copied().or_else(|| prevout(&input.previous));
        add_script(known.ok_or(MissingPrevout(input.previous))?, &mut elements);
    }
    Ok(gcs::encode(hash, &elements))
}

/// Adds a script, unless it is empty.
pub fn add_script(script: &[u8], elements: &mut Elements) {
    if !script.is_empty() {
        elements.insert(script.to_vec());
    }
}

fn add_output(output: &TxOut, elements: &mut Elements) {
    if output.script.first() != Some(&OP_RETURN) {
        add_script(&output.script, elements);
    }
}

/// Adds what a special transaction names; nothing if its payload is not one of its type.
fn add_special(transaction: &Transaction, elements: &mut Elements) {
    match SpecialPayload::of(transaction) {
        Ok(Some(SpecialPayload::ProviderRegister(payload))) => {
            let ProviderRegister { collateral, owner_key_id, voting_key_id, payout_script, .. } = &*payload;
            elements.insert(collateral.to_wire());
            elements.insert(owner_key_id.to_vec());
            elements.insert(voting_key_id.to_vec());
            add_script(payout_script, elements);
        }
        Ok(Some(SpecialPayload::ProviderUpdateService(payload))) => {
            let ProviderUpdateService { pro_tx_hash, payout_script, .. } = &*payload;
            elements.insert(pro_tx_hash.to_wire());
            add_script(payout_script, elements);
        }
        Ok(Some(SpecialPayload::ProviderUpdateRegistrar(payload))) => {
            let ProviderUpdateRegistrar { pro_tx_hash, voting_key_id, payout_script, .. } = &payload;
            elements.insert(pro_tx_hash.to_wire());
            elements.insert(voting_key_id.to_vec());
            add_script(payout_script, elements);
        }
        Ok(Some(SpecialPayload::ProviderUpdateRevoke(payload))) => {
            elements.insert(payload.pro_tx_hash.to_wire());
        }
        Ok(Some(SpecialPayload::AssetLock(payload))) => {
            payload.credit_outputs.iter().for_each(|output| add_output(output, elements));
        }
        Ok(_) | Err(_) => {}
    }
}
