//! The scripts and outputs that are watched, and for whom: what transactions and filters are held against.
//!
//! **What filters find** (protocol reference §7.1). A filter has the scripts of all outputs and of all outputs spent, so
//! a watched script finds every payment to it and every spend from it. It names outputs themselves in one place only:
//! the collateral of a masternode's registration. A watched outpoint therefore finds that by itself, and its creation
//! and its spend only once its script is known: [`ScriptBook::learn`] takes it from the transaction that made the
//! output, when a block or a peer shows it. From then on the script is matched as well, without counting other payments
//! to it. Until then a spend shows only if its block is fetched for another reason, or while it is relayed.
//!
//! The payout scripts of masternodes and the credit outputs of asset locks are in filters, too, and count as a mention
//! of the script. Key ids and names of masternodes are in filters but are no targets.
//!
//! `book/lookup.rs` answers what is watched and for whom; here it changes.
//!
//! **Bounds.** [`MAX_WATCHES`] watches with [`MAX_SCRIPTS`] scripts; each branch is bounded by its own limit.

mod lookup;

use super::address::Address;
use super::gap::{Branch, Script};
use super::scripts::{MAX_SCRIPT, is_data};
use super::target::{Target, WatchId};
use crate::api::{ApiError, ErrorCode};
use crate::collections::{Gather, SortedMap, SortedSet};
use dash_protocol::{Encode, NetworkParams, OutPoint};
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// The most watches.
pub const MAX_WATCHES: usize = 10_000;

/// The most targets of one watch.
pub const MAX_TARGETS: usize = 1_000;

/// No watch is added above this number of scripts.
pub const MAX_SCRIPTS: usize = 500_000;

/// Why a watch is not added or not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BookError {
    /// Full.
    #[error(
        "there is room for {MAX_WATCHES} watches of {MAX_TARGETS} targets each, and for {MAX_SCRIPTS} scripts"
    )]
    Full,
    /// No such watch, or not any more.
    #[error("there is no such watch")]
    NotFound,
    /// A watch has to be of something.
    #[error("nothing to watch")]
    NoTarget,
    /// Nothing of the watch has an address to be paid to.
    #[error("this watch has no receiving address")]
    NoAddress,
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> Self {
        let code = match error {
            BookError::NotFound => ErrorCode::NotFound,
            BookError::Full | BookError::NoTarget | BookError::NoAddress => ErrorCode::BadInput,
        };
        Self::new(code, error.to_string())
    }
}

/// Something that filters have to be matched against from now on, also those that were passed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fresh {
    /// For whom: its birthday says from where.
    pub watch: WatchId,
    /// A script, or an outpoint's 36 bytes.
    pub element: Script,
}

/// What adding a watch did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The watch.
    pub id: WatchId,
    /// Whether it was there before.
    pub known: bool,
    /// What is to be searched for that was not before.
    pub fresh: Vec<Fresh>,
}

/// Whose coins a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of any watch, each once.
    All,
    /// Those of one watch.
    Watch(WatchId),
}

/// One of the targets of a watch.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub target: Target,
    pub gap: u32,
    /// Empty but for [`Target::Branches`].
    pub branches: Vec<Branch>,
}

/// Where a script comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    watch: WatchId,
    /// Target of the watch, its branch, and index; none for a fixed script.
    place: Option<(usize, usize, u32)>,
}

#[derive(Clone, Debug)]
struct WatchedOutput {
    watches: SortedSet<WatchId>,
    wire: Script,
    script: Option<Script>,
}

/// What is watched.
#[derive(Clone, Debug)]
pub struct ScriptBook {
    params: Arc<NetworkParams>,
    /// Each has its targets in the order in which they were given first, and at least one.
    pub(super) watches: SortedMap<WatchId, Vec<Part>>,
    scripts: HashMap<Script, Vec<Slot>>,
    outputs: HashMap<OutPoint, WatchedOutput>,
    /// How many watched scripts are neither P2PKH nor P2SH: their spends do not show whose they are.
    bare: usize,
    changed: SortedSet<WatchId>,
}

impl ScriptBook {
    /// A book without watches.
    pub fn new(params: Arc<NetworkParams>) -> Self {
        Self {
            params,
            watches: SortedMap::new(),
            scripts: HashMap::new(),
            outputs: HashMap::new(),
            bare: 0,
            changed: SortedSet::new(),
        }
    }

    /// The network whose addresses these are.
    pub fn params(&self) -> &NetworkParams {
        &self.params
    }

    /// Adds a watch of targets with their gap limits. The same targets are the same watch: each keeps the larger of both
    /// limits.
    ///
    /// # Errors
    /// [`BookError::Full`], [`BookError::NoTarget`].
    pub fn add(&mut self, targets: Vec<(Target, u32)>) -> Result<Added, BookError> {
        let id = WatchId::of(targets.iter().map(|(target, _)| target), &self.params);
        let known = self.watches.contains_key(&id);
        if targets.is_empty() {
            return Err(BookError::NoTarget);
        }
        let is_full = self.watches.len() >= MAX_WATCHES || self.scripts.len() >= MAX_SCRIPTS;
        if targets.len() > MAX_TARGETS || (!known && is_full) {
            return Err(BookError::Full);
        }
        let mut fresh = Vec::new();
        for (target, gap) in targets {
            let part = self.watches.get_mut(&id).into_iter().flatten().find(|part| part.target == target);
            match part {
                Some(part) if part.gap >= gap => {}
                Some(part) => {
                    part.gap = gap;
                    self.changed.insert(id);
                }
                None => fresh.extend(self.insert(id, target, gap)),
            }
        }
        fresh.extend(self.extend(id));
        Ok(Added { id, known, fresh })
    }

    fn insert(&mut self, id: WatchId, target: Target, gap: u32) -> Option<Fresh> {
        let mut branches = Vec::new();
        let element = match &target {
            Target::Script(script) => {
                let script = Script::from(&script[..]);
                self.put(&script, Slot { watch: id, place: None });
                Some(script)
            }
            Target::OutPoint(out_point) => {
                let new = || WatchedOutput {
                    watches: SortedSet::new(),
                    wire: Script::from(out_point.to_wire()),
                    script: None,
                };
                let output = self.outputs.entry(*out_point).or_insert_with(new);
                output.watches.insert(id);
                Some(Arc::clone(&output.wire))
            }
            Target::Branches(patterns) => {
                branches.extend(patterns.iter().cloned().map(Branch::new));
                None
            }
        };
        self.watches.entry(id).or_default().push(Part { target, gap, branches });
        self.changed.insert(id);
        element.map(|element| Fresh { watch: id, element })
    }

    /// Derives what the gap limits of a watch ask for.
    pub(super) fn extend(&mut self, id: WatchId) -> Vec<Fresh> {
        let mut new = Vec::new();
        for (at, part) in self.watches.get_mut(&id).into_iter().flatten().enumerate() {
            for (branch, scripts) in part.branches.iter_mut().enumerate() {
                let scripts = scripts.extend(part.gap).into_iter();
                new.extend(scripts.map(|(index, script)| ((at, branch, index), script)));
            }
        }
        for (place, script) in &new {
            self.put(script, Slot { watch: id, place: Some(*place) });
        }
        new.into_iter().map(|(_, element)| Fresh { watch: id, element }).gather()
    }

    fn put(&mut self, script: &Script, slot: Slot) {
        let slots = self.scripts.entry(Arc::clone(script)).or_default();
        if slots.is_empty() && Address::of_script(script).is_none() {
            self.bare += 1;
        }
        slots.push(slot);
    }

    /// Ends a watch.
    ///
    /// # Errors
    /// [`BookError::NotFound`].
    pub fn remove(&mut self, id: WatchId) -> Result<(), BookError> {
        let parts = self.watches.remove(&id).ok_or(BookError::NotFound)?;
        self.changed.insert(id);
        for part in &parts {
            match &part.target {
                Target::Script(script) => self.take(script, id),
                Target::OutPoint(out_point) => {
                    if let Some(output) = self.outputs.get_mut(out_point) {
                        output.watches.remove(&id);
                        if output.watches.is_empty() {
                            self.outputs.remove(out_point);
                        }
                    }
                }
                Target::Branches(_) => {
                    for branch in &part.branches {
                        branch.scripts().for_each(|(_, script)| self.take(script, id));
                    }
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, script: &[u8], id: WatchId) {
        let Some(slots) = self.scripts.get_mut(script) else { return };
        slots.retain(|slot| slot.watch != id);
        if slots.is_empty() {
            self.scripts.remove(script);
            self.bare -= usize::from(Address::of_script(script).is_none());
        }
    }

    /// A script was seen in use. Returns what the gap limit then asks to search for.
    pub fn mark_used(&mut self, script: &[u8]) -> Vec<Fresh> {
        let Some(slots) = self.scripts.get(script) else { return Vec::new() };
        let mut grown = Vec::new();
        for slot in slots {
            let Some((part, branch, index)) = slot.place else { continue };
            let Some(parts) = self.watches.get_mut(&slot.watch) else { continue };
            if parts[part].branches[branch].mark_used(index) {
                self.changed.insert(slot.watch);
                grown.push(slot.watch);
            }
        }
        grown.into_iter().flat_map(|id| self.extend(id)).gather()
    }

    /// What was used is told from a record, for each branch of each target: nothing of it is to be written again.
    pub(super) fn restore_used(&mut self, id: WatchId, used: Vec<Vec<u32>>) {
        let parts = self.watches.get_mut(&id).into_iter().flatten();
        for (branch, used) in parts.flat_map(|part| &mut part.branches).zip(used) {
            used.into_iter().for_each(|index| {
                branch.mark_used(index);
            });
        }
        self.extend(id);
        self.changed.remove(&id);
    }

    /// The script of a watched output was found. Returns what is then to be searched for.
    pub fn learn(&mut self, out_point: &OutPoint, script: &[u8]) -> Vec<Fresh> {
        let Some(output) = self.outputs.get_mut(out_point) else { return Vec::new() };
        if output.script.is_some() || script.is_empty() || script.len() > MAX_SCRIPT || is_data(script) {
            return Vec::new();
        }
        let element = Script::from(script);
        output.script = Some(Arc::clone(&element));
        self.changed.extend(output.watches.iter().copied());
        output.watches.iter().map(|id| Fresh { watch: *id, element: Arc::clone(&element) }).gather()
    }

    /// The script of a watched output, if it was found.
    pub(super) fn learned(&self, out_point: &OutPoint) -> Option<&Script> {
        self.outputs.get(out_point)?.script.as_ref()
    }

    /// Something beside what the book knows has changed of a watch: its record is to be written again.
    pub fn touch(&mut self, id: WatchId) {
        self.changed.insert(id);
    }

    /// The watches whose record is to be written, or deleted if they are gone; each is named once.
    pub fn take_changed(&mut self) -> SortedSet<WatchId> {
        std::mem::take(&mut self.changed)
    }
}

#[cfg(test)]
mod tests;
