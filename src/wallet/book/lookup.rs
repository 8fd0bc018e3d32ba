//! Questions to the book: whose a script or an output is, what filters are matched against, which address is next.

use super::{BookError, Part, Scope, ScriptBook};
use crate::collections::SortedSet;
use crate::wallet::address::Address;
use crate::wallet::gap::{Branch, Script};
use crate::wallet::target::{Target, WatchId};
use dash_protocol::OutPoint;
use std::sync::Arc;

impl ScriptBook {
    /// Whether somebody watches the script.
    pub fn has_script(&self, script: &[u8]) -> bool {
        self.scripts.contains_key(script)
    }

    /// Whether somebody watches this very output.
    pub fn has_output(&self, out_point: &OutPoint) -> bool {
        self.outputs.contains_key(out_point)
    }

    /// Whether a script is watched whose spends do not show it.
    pub fn has_bare(&self) -> bool {
        self.bare > 0
    }

    /// Whether a script counts for the scope.
    pub fn counts_script(&self, scope: Scope, script: &[u8]) -> bool {
        match scope {
            Scope::All => self.has_script(script),
            Scope::Watch(id) => {
                self.scripts.get(script).is_some_and(|slots| slots.iter().any(|slot| slot.watch == id))
            }
        }
    }

    /// Whether an output counts for the scope by its own name.
    pub fn counts_output(&self, scope: Scope, out_point: &OutPoint) -> bool {
        match scope {
            Scope::All => self.has_output(out_point),
            Scope::Watch(id) => {
                self.outputs.get(out_point).is_some_and(|output| output.watches.contains(&id))
            }
        }
    }

    /// Adds the watches that a script counts for.
    pub(crate) fn watches_of_script(&self, script: &[u8], into: &mut SortedSet<WatchId>) {
        into.extend(self.scripts.get(script).into_iter().flatten().map(|slot| slot.watch));
    }

    /// Adds the watches that an output counts for by its own name.
    pub(in crate::wallet) fn watches_of_output(&self, out_point: &OutPoint, into: &mut SortedSet<WatchId>) {
        into.extend(
            self.outputs.get(out_point).into_iter().flat_map(|output| output.watches.iter().copied()),
        );
    }

    /// Everything that a filter is matched against.
    pub fn elements(&self) -> impl Iterator<Item = &Script> {
        self.scripts.keys().chain(
            self.outputs
                .values()
                .flat_map(|output| [Some(&output.wire), output.script.as_ref()].into_iter().flatten()),
        )
    }

    /// What a filter is matched against for one watch; nothing for an unknown one.
    pub fn elements_of(&self, id: WatchId) -> Vec<Script> {
        let mut elements = Vec::new();
        for part in self.watches.get(&id).into_iter().flatten() {
            match &part.target {
                Target::Script(script) => elements.push(Script::from(&script[..])),
                Target::OutPoint(out_point) => {
                    let output = self.outputs.get(out_point);
                    let both = output.map(|output| [Some(&output.wire), output.script.as_ref()]);
                    elements.extend(both.into_iter().flatten().flatten().cloned());
                }
                Target::Branches(_) => {
                    let scripts = part.branches.iter().flat_map(Branch::scripts);
                    elements.extend(scripts.map(|(_, script)| Arc::clone(script)));
                }
            }
        }
        elements
    }

    /// The watches.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = WatchId> {
        self.watches.keys().copied()
    }

    /// Whether there is such a watch.
    pub fn contains(&self, id: WatchId) -> bool {
        self.watches.contains_key(&id)
    }

    /// How many scripts are watched.
    pub fn script_count(&self) -> usize {
        self.scripts.len()
    }

    /// Whether nothing is watched.
    pub fn is_empty(&self) -> bool {
        self.watches.is_empty()
    }

    /// The address of a script, if it has one.
    pub fn address(&self, script: &[u8]) -> Option<String> {
        Address::of_script(script).map(|address| address.to_text(&self.params.address_prefixes))
    }

    /// The first unused receiving address of a watch, of its first target that has one; the only one where that has only
    /// one.
    ///
    /// # Errors
    /// [`BookError::NotFound`], [`BookError::NoAddress`].
    pub fn next_address(&self, id: WatchId) -> Result<String, BookError> {
        let script = |part: &Part| match &part.target {
            Target::Script(script) => Some(script.clone()),
            Target::OutPoint(_) => None,
            Target::Branches(_) => part.branches.first().and_then(Branch::first_unused),
        };
        let parts = self.watches.get(&id).ok_or(BookError::NotFound)?;
        parts.iter().find_map(|part| self.address(&script(part)?)).ok_or(BookError::NoAddress)
    }
}
