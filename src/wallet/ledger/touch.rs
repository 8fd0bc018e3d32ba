//! What a transaction has to do with what is watched: it pays, it spends, it names.
//!
//! A spend shows whose it is even when the coin is not known yet: the last thing that its input pushes is the key or
//! the script whose hash the coin is locked to (P2PKH, P2SH). So a spend that is fed before the block that made its coin
//! is kept, counts for nothing as yet, and counts once the coin is found. Coins of other forms do not show in their
//! spends; while such are watched, every input that could be one is kept.

use super::Ledger;
use crate::checks::{self, Check};
use crate::collections::{Gather, SortedSet};
use crate::wallet::address::Address;
use crate::wallet::book::{Scope, ScriptBook};
use crate::wallet::keys::hash160;
use crate::wallet::scripts::MAX_REDEEM_SCRIPT;
use crate::wallet::target::WatchId;
use dash_protocol::{OutPoint, SpecialPayload, Transaction, TxType, Txid};

/// Why a transaction is kept, the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Touch {
    /// It pays, spends or names something watched, or shows that it spends.
    Own,
    /// It spends what a transaction that is kept spends, too.
    Rival,
    /// It may spend a watched coin that nothing is known of.
    Stray,
}

/// What an input shows of the coin that it spends.
enum Shown<'a> {
    /// The key, or the script, that its hash is the coin's.
    Locked(&'a [u8]),
    /// Nothing.
    Nothing,
}

/// The data that a script pushes, in order; none if it does anything else.
fn pushes(script: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = script;
    let mut found = Vec::new();
    while let Some((&op, after)) = rest.split_first() {
        let (len, after) = match op {
            0..=75 => (usize::from(op), after),
            76 => after.split_first().map(|(n, after)| (usize::from(*n), after))?,
            77 => after.split_first_chunk().map(|(n, after)| (usize::from(u16::from_le_bytes(*n)), after))?,
            // OP_1NEGATE and OP_1 to OP_16 push a number.
            79 | 81..=96 => (0, after),
            _ => return None,
        };
        let (data, after) = after.split_at_checked(len)?;
        found.push(data);
        rest = after;
    }
    Some(found)
}

fn shown(script_sig: &[u8]) -> Shown<'_> {
    match pushes(script_sig).as_deref() {
        Some([.., last]) if (1..=MAX_REDEEM_SCRIPT).contains(&last.len()) => Shown::Locked(last),
        _ => Shown::Nothing,
    }
}

/// The scripts of coins that an input can spend, as far as it shows.
fn shown_scripts(script_sig: &[u8]) -> Option<[Vec<u8>; 2]> {
    let Shown::Locked(bytes) = shown(script_sig) else { return None };
    let hash = hash160(bytes);
    Some([Address::KeyHash(hash).script(), Address::ScriptHash(hash).script()])
}

/// Whether an input is that of a P2PKH coin and of none else: a signature, then a key.
fn is_key_hash_spend(script_sig: &[u8]) -> bool {
    matches!(pushes(script_sig).as_deref(), Some([signature, key])
        if signature.len() > 8
            && matches!((key.first(), key.len()), (Some(2 | 3), 33) | (Some(4), 65)))
}

/// Whether an input can spend a coin with this script, as far as can be told without its signature.
pub(super) fn fits(script_sig: &[u8], script: &[u8]) -> bool {
    match Address::of_script(script) {
        None => true,
        Some(_) if !checks::on(Check::SpendShown) => true,
        Some(_) => {
            shown_scripts(script_sig).is_some_and(|scripts| scripts.iter().any(|shown| shown == script))
        }
    }
}

/// The scripts and outputs that a special transaction's payload names and filters hold (protocol reference §7.1). A
/// payload that does not parse names nothing.
fn mentioned(transaction: &Transaction) -> (Vec<Vec<u8>>, Option<OutPoint>) {
    let names = matches!(
        transaction.kind(),
        Some(
            TxType::ProviderRegister
                | TxType::ProviderUpdateService
                | TxType::ProviderUpdateRegistrar
                | TxType::AssetLock
        )
    );
    if !names {
        return Default::default();
    }
    match SpecialPayload::of(transaction) {
        Ok(Some(SpecialPayload::ProviderRegister(payload))) => {
            (vec![payload.payout_script], Some(payload.collateral))
        }
        Ok(Some(SpecialPayload::ProviderUpdateService(payload))) => (vec![payload.payout_script], None),
        Ok(Some(SpecialPayload::ProviderUpdateRegistrar(payload))) => (vec![payload.payout_script], None),
        Ok(Some(SpecialPayload::AssetLock(payload))) => {
            (payload.credit_outputs.into_iter().map(|output| output.script).gather(), None)
        }
        _ => Default::default(),
    }
}

impl Ledger {
    /// Why a transaction of a block is to be kept, if it is.
    pub(super) fn touch(&self, book: &ScriptBook, txid: Txid, transaction: &Transaction) -> Option<Touch> {
        if self.involves(book, Scope::All, txid, transaction) || self.shows_watched(book, transaction) {
            return Some(Touch::Own);
        }
        let inputs = || transaction.inputs.iter().filter(|_| !transaction.is_coinbase());
        if inputs().any(|input| self.spenders(&input.previous).any(|other| *other != txid)) {
            return Some(Touch::Rival);
        }
        let hidden = book.has_bare() && inputs().any(|input| !is_key_hash_spend(&input.script));
        hidden.then_some(Touch::Stray)
    }

    /// Whether an input shows that it spends a watched coin.
    fn shows_watched(&self, book: &ScriptBook, transaction: &Transaction) -> bool {
        !transaction.is_coinbase()
            && transaction.inputs.iter().any(|input| {
                shown_scripts(&input.script)
                    .is_some_and(|scripts| scripts.iter().any(|script| book.has_script(script)))
            })
    }

    /// Whether a transaction belongs into the history of a scope: it pays it, spends a coin of it that is known, or
    /// names it.
    pub(super) fn involves(
        &self,
        book: &ScriptBook,
        scope: Scope,
        txid: Txid,
        transaction: &Transaction,
    ) -> bool {
        let pays = |(vout, output): (u32, &dash_protocol::TxOut)| {
            book.counts_script(scope, &output.script) || book.counts_output(scope, &OutPoint { txid, vout })
        };
        let spends = |input: &dash_protocol::TxIn| {
            book.counts_output(scope, &input.previous)
                || self
                    .output(&input.previous)
                    .is_some_and(|output| book.counts_script(scope, &output.script))
        };
        if (0..).zip(&transaction.outputs).any(pays) || transaction.inputs.iter().any(spends) {
            return true;
        }
        let (scripts, output) = mentioned(transaction);
        scripts.iter().any(|script| book.counts_script(scope, script))
            || output.is_some_and(|output| book.counts_output(scope, &output))
    }

    /// The watches whose history a transaction belongs into.
    pub(super) fn watches_of(
        &self,
        book: &ScriptBook,
        txid: Txid,
        transaction: &Transaction,
    ) -> SortedSet<WatchId> {
        let mut watches = SortedSet::new();
        for (vout, output) in (0..).zip(&transaction.outputs) {
            book.watches_of_script(&output.script, &mut watches);
            book.watches_of_output(&OutPoint { txid, vout }, &mut watches);
        }
        for input in &transaction.inputs {
            book.watches_of_output(&input.previous, &mut watches);
            if let Some(output) = self.output(&input.previous) {
                book.watches_of_script(&output.script, &mut watches);
            }
        }
        let (scripts, output) = mentioned(transaction);
        scripts.iter().for_each(|script| book.watches_of_script(script, &mut watches));
        output.iter().for_each(|output| book.watches_of_output(output, &mut watches));
        watches
    }

    /// Every watched script that a transaction shows in use: in outputs, in inputs, in its payload.
    pub(super) fn scripts_used(transaction: &Transaction) -> Vec<Vec<u8>> {
        let mut scripts: Vec<Vec<u8>> =
            transaction.outputs.iter().map(|output| output.script.clone()).gather();
        if !transaction.is_coinbase() {
            scripts
                .extend(transaction.inputs.iter().filter_map(|input| shown_scripts(&input.script)).flatten());
        }
        scripts.extend(mentioned(transaction).0);
        scripts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_shows_the_last_thing_that_it_pushes() {
        let key = [[2].as_slice(), &[7; 32]].concat();
        let sig = [0x30; 71];
        let script = [&[71][..], &sig, &[33], &key].concat();
        assert!(is_key_hash_spend(&script));
        assert!(fits(&script, &Address::KeyHash(hash160(&key)).script()));
        assert!(!fits(&script, &Address::KeyHash([1; 20]).script()));
        let redeem = [0x51; 300];
        let script = [&[0, 71][..], &sig, &[77, 44, 1], &redeem].concat();
        assert!(!is_key_hash_spend(&script));
        assert!(fits(&script, &Address::ScriptHash(hash160(&redeem)).script()));
    }

    #[test]
    fn a_malformed_input_shows_nothing() {
        for script in [&[][..], &[5, 1], &[76], &[77, 1], &[0], &[0x61], &[78, 0, 0, 0, 0]] {
            assert!(shown_scripts(script).is_none(), "{script:?}");
            assert!(!is_key_hash_spend(script));
        }
    }
}
