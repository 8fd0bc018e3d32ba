//! What of the client's reports is false, held against the honest chain.
//!
//! A lock is true if the honest masternodes signed it by a quorum that formed, a list or a quorum if the chain had it at
//! its tip or shortly before.

use super::{Failure, World};
use crate::masternodes::{Facts, QuorumFacts};
use crate::peer::locking_quorum;
use dash_spv_wasm::api::{ApiMasternode, ApiQuorum, Reply};
use dash_spv_wasm::engine::Command;
use std::collections::BTreeSet;

/// A client's list may be so many blocks old: it learns of masternodes as their blocks come.
const LAG: u32 = 60;

impl World {
    /// Everything false that the client has told so far, and what of its lists and quorums is false now; empty if it is
    /// to be believed.
    ///
    /// # Errors
    /// When the client does not answer.
    pub fn falsehoods(&mut self) -> Result<Vec<String>, Failure> {
        let mut found = self.false_locks();
        if let Ok(Reply::Masternodes(list)) = self.ask(Command::Masternodes)? {
            found.extend(self.false_list(&list));
        }
        if let Ok(Reply::Quorums(quorums)) = self.ask(Command::Quorums)? {
            found.extend(self.false_quorums(&quorums));
        }
        Ok(found)
    }

    /// Locks that the client reported, in events or in its state, and that are none.
    pub fn false_locks(&self) -> Vec<String> {
        let locked = self.state.as_ref().and_then(|state| state.chainlocked.as_ref());
        let tips = self.chainlocks().map(|(_, tip)| tip).chain(locked);
        let blocks = tips
            .filter(|tip| !self.is_locked(tip.height, &tip.hash))
            .map(|tip| format!("block {} at height {} is not locked", tip.hash, tip.height));
        let payments = self
            .instantlocks()
            .filter(|(_, txid)| !self.locked_payments.contains(*txid))
            .map(|(_, txid)| format!("transaction {txid} is not locked"));
        let found: BTreeSet<String> = blocks.chain(payments).collect();
        found.into_iter().collect()
    }

    /// Whether the honest masternodes locked this block, or one that follows it.
    fn is_locked(&self, height: u32, hash: &str) -> bool {
        let on_chain = self.chain.hash_at(height).is_some_and(|own| own.to_string() == hash);
        let by_quorum = |height| {
            self.chain.chainlock(height).is_some()
                && locking_quorum(&self.chain, height).is_some_and(|quorum| quorum.bogus.is_none())
        };
        on_chain && by_quorum(height)
    }

    /// Facts of the tip and of the blocks before it.
    fn recent_facts(&self) -> impl Iterator<Item = Facts> {
        let tip = self.chain.height();
        (tip.saturating_sub(LAG)..=tip).rev().filter_map(|height| self.chain.facts_at(height))
    }

    fn false_list(&self, told: &[ApiMasternode]) -> Option<String> {
        let told: BTreeSet<_> = told.iter().map(line_of).collect();
        let fits = |facts: Facts| {
            let known = facts.masternodes.iter().map(|node| node.entry.pro_tx_hash.to_string());
            let names: BTreeSet<String> = known.collect();
            let valid = facts.masternodes.iter().filter(|node| node.entry.is_valid).count();
            names == told.iter().map(|(name, ..)| name.clone()).collect()
                && valid == told.iter().filter(|(_, valid, _)| *valid).count()
                && facts.masternodes.iter().all(|node| {
                    let key = node.entry.operator_key.to_string();
                    told.contains(&(node.entry.pro_tx_hash.to_string(), node.entry.is_valid, key))
                })
        };
        let is_true = told.is_empty() || self.recent_facts().any(fits);
        (!is_true).then(|| format!("no recent block has this list of {} masternodes", told.len()))
    }

    fn false_quorums(&self, told: &[ApiQuorum]) -> Vec<String> {
        let interval = self.chain.params().llmq(self.chain.params().llmq_types.chainlocks);
        let step = interval.map_or(24, |llmq| llmq.interval) as usize / 2;
        let tip = self.chain.height();
        let ever: Vec<QuorumFacts> = (0..=tip)
            .rev()
            .step_by(step.max(1))
            .filter_map(|height| self.chain.facts_at(height))
            .flat_map(|facts| facts.quorums)
            .collect();
        told.iter().filter_map(|quorum| false_quorum(quorum, &ever)).collect()
    }
}

fn line_of(masternode: &ApiMasternode) -> (String, bool, String) {
    (masternode.pro_tx_hash.clone(), masternode.valid, masternode.operator_key.clone())
}

fn false_quorum(told: &ApiQuorum, ever: &[QuorumFacts]) -> Option<String> {
    let name = format!("quorum {} of type {}", told.hash, told.llmq_type);
    let Some(fact) = ever
        .iter()
        .find(|fact| fact.llmq_type.0 == told.llmq_type && fact.quorum_hash.to_string() == told.hash)
    else {
        return Some(format!("{name} never was"));
    };
    // A members' signature says who signed, not in which order, and nothing of those who did not.
    let signers = |members: &[String]| -> BTreeSet<String> {
        let signed = members.iter().zip(fact.commitment.signers.iter()).filter(|(_, signed)| *signed);
        signed.map(|(name, _)| name.clone()).collect()
    };
    let members: Vec<String> = fact.members.iter().map(ToString::to_string).collect();
    if told.public_key != fact.public_key.as_bytes() {
        Some(format!("{name} has another key"))
    } else if told.verified && fact.bogus.is_some() {
        Some(format!("{name} counts as verified and was made up"))
    } else if told.verified && !told.members.is_empty() && signers(&told.members) != signers(&members) {
        Some(format!("{name} has other members"))
    } else {
        None
    }
}
