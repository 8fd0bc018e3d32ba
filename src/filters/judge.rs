//! The block as the judge of filters: which of several for it cannot be true (BIP 157, "Client Operation").
//!
//! What a block creates is certain: every true filter holds it. What it spends is not in the block, but its inputs give
//! clues ([`super::clues`]). Since a miner could lay a false one, a clue counts only between filters: one that lacks
//! what a clue points to is convicted if another holds everything that all clues point to, and otherwise nobody is.
//! Where the block tells everything, as one without foreign spends does, the filter is computed, and all others are lies.
//!
//! When nobody is convicted the judge cannot tell: the block itself is searched in place of its filter, and nobody is
//! punished. That costs bandwidth, never funds.
//!
//! **Bounds.** Each filter is decoded once, within the bounds of [`super::gcs`]; the work is that of hashing every element
//! of the block for every filter. The caller bounds how many filters there are, one for each opinion.

use super::clues;
use super::contents::{self, Elements};
use super::gcs::{self, Filter, FilterError};
use crate::checks::{self, Check};
use crate::collections::Gather;
use dash_protocol::{Block, BlockHash};
use thiserror::Error;

/// Why a filter cannot be that of its block.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// It is no filter at all.
    #[error("malformed: {0}")]
    Malformed(#[from] FilterError),
    /// It is of fewer elements than the block creates, or of more than it can have.
    #[error("{found} elements where the block has {least} to {most}")]
    Count {
        /// Elements of the filter.
        found: usize,
        /// Those that are certain.
        least: usize,
        /// Those, and one for each input of which nothing is certain.
        most: usize,
    },
    /// It lacks something that is in the block, such as the script of an output.
    #[error("it lacks what the block has: {}", hex(.0))]
    Lacks(Vec<u8>),
    /// It lacks a script that an input points to, while another filter has all of them.
    #[error("it lacks what the block spends: {}", hex(.0))]
    LacksSpent(Vec<u8>),
    /// The block tells its whole filter, and this is another.
    #[error("it is not the filter that the block has")]
    Differs,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with each filter that is said to be the block's; nothing where that cannot be told. The block has to
/// be proven: its merkle root is the header's, and `hash` is that header's hash.
pub fn judge(hash: &BlockHash, block: &Block, filters: &[&[u8]]) -> Vec<Option<Fault>> {
    let evidence = Evidence::of(block);
    let decoded: Vec<Result<Filter, FilterError>> =
        filters.iter().map(|bytes| Filter::decode(hash, bytes)).gather();
    let mut faults: Vec<Option<Fault>> = filters
        .iter()
        .zip(&decoded)
        .map(|(bytes, filter)| match filter {
            Ok(filter) => evidence.certain_fault(hash, bytes, filter),
            Err(error) => Some(Fault::Malformed(error.clone())),
        })
        .gather();
    evidence.follow_clues(&decoded, &mut faults);
    faults
}

/// What a block says about its filter.
struct Evidence {
    /// What every true filter holds.
    certain: Elements,
    /// What inputs point to, and is not certain.
    clues: Elements,
    /// Inputs whose spent scripts are not certain.
    open: usize,
}

impl Evidence {
    fn of(block: &Block) -> Self {
        let mut evidence = Self { certain: Elements::new(), clues: Elements::new(), open: 0 };
        contents::add_created(block, &mut evidence.certain);
        let own = contents::outputs(block);
        for input in contents::spends(block) {
            match own.get(&input.previous) {
                Some(script) => contents::add_script(script, &mut evidence.certain),
                None => {
                    evidence.open += 1;
                    evidence.clues.extend(clues::spent_script(&input.script));
                }
            }
        }
        evidence
    }

    /// What is wrong with a filter whatever the block spends.
    fn certain_fault(&self, hash: &BlockHash, bytes: &[u8], filter: &Filter) -> Option<Fault> {
        if !checks::on(Check::FilterContents) {
            return None;
        }
        if let Some(element) = lacking(filter, &self.certain) {
            return Some(Fault::Lacks(element.clone()));
        }
        let (found, least) = (filter.len(), self.certain.len());
        let most = least + self.open;
        if !(least..=most).contains(&found) {
            return Some(Fault::Count { found, least, most });
        }
        (self.open == 0 && bytes != gcs::encode(hash, &self.certain)).then_some(Fault::Differs)
    }

    /// Convicts those that lack what clues point to, if another filter without fault holds it all.
    fn follow_clues(&self, filters: &[Result<Filter, FilterError>], faults: &mut [Option<Fault>]) {
        let lacking: Vec<Option<&Vec<u8>>> = filters
            .iter()
            .zip(&*faults)
            .map(|(filter, fault)| match (filter, fault) {
                (Ok(filter), None) => lacking(filter, &self.clues),
                _ => None,
            })
            .gather();
        let holds_all = lacking.iter().zip(&*faults).any(|(lacks, fault)| lacks.is_none() && fault.is_none());
        if !holds_all || !checks::on(Check::FilterSpends) {
            return;
        }
        for (fault, element) in faults.iter_mut().zip(lacking) {
            if let Some(element) = element {
                *fault = Some(Fault::LacksSpent(element.clone()));
            }
        }
    }
}

/// The first of these that a filter does not hold.
fn lacking<'e>(filter: &Filter, elements: &'e Elements) -> Option<&'e Vec<u8>> {
    elements.iter().find(|element| !filter.contains(element))
}
