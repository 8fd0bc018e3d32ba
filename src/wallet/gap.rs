//! One branch of derived scripts and its gap limit (BIP 44): after the last script that was used, so many more are
//! looked for, and no further.
//!
//! What was used stays used, also when the block that showed it is undone: an address that somebody has seen is not
//! offered again.
//!
//! **Bounds.** A branch has at most [`MAX_BRANCH`] scripts. It grows only when a script near its end is used, and of
//! those a stranger knows only the ones that were handed out.

use super::scripts::Pattern;
use crate::collections::{Gather, SortedSet};
use std::sync::Arc;

/// How many unused scripts in a row are looked for, unless said otherwise (BIP 44).
pub const DEFAULT_GAP: u32 = 20;

/// The largest gap limit.
pub const MAX_GAP: u32 = 1_000;

/// The most scripts of a branch.
pub const MAX_BRANCH: u32 = 100_000;

/// A script as it is shared: by the branch that derived it and by what looks it up.
pub type Script = Arc<[u8]>;

/// A branch of derived scripts.
#[derive(Clone, Debug)]
pub struct Branch {
    pattern: Pattern,
    /// By index, without a gap.
    scripts: Vec<Option<Script>>,
    used: SortedSet<u32>,
}

impl Branch {
    /// A branch of which nothing was used and nothing is derived yet.
    pub fn new(pattern: Pattern) -> Self {
        Self { pattern, scripts: Vec::new(), used: SortedSet::new() }
    }

    /// The scripts derived so far, with their indices.
    pub fn scripts(&self) -> impl Iterator<Item = (u32, &Script)> {
        (0..).zip(&self.scripts).filter_map(|(index, script)| Some((index, script.as_ref()?)))
    }

    /// The indices that were used.
    pub fn used(&self) -> impl ExactSizeIterator<Item = u32> {
        self.used.iter().copied()
    }

    /// Notes that a script was used; whether it was not before. Indices past [`MAX_BRANCH`] are not taken.
    pub fn mark_used(&mut self, index: u32) -> bool {
        index < MAX_BRANCH && self.used.insert(index)
    }

    /// Derives what the gap limit asks for, and returns what is new.
    pub fn extend(&mut self, gap: u32) -> Vec<(u32, Script)> {
        let after_last = self.used.last().map_or(0, |last| last + 1);
        let wanted = after_last.saturating_add(gap).min(MAX_BRANCH);
        let known = self.scripts.len() as u32;
        for index in known..wanted {
            self.scripts.push(self.pattern.script(index).map(Script::from));
        }
        self.scripts().skip_while(|(index, _)| *index < known).map(|(i, s)| (i, Arc::clone(s))).gather()
    }

    /// The first script that was not used.
    pub fn first_unused(&self) -> Option<Vec<u8>> {
        let mut used = self.used.iter().copied().peekable();
        (0..MAX_BRANCH)
            .filter(|index| used.next_if_eq(index).is_none())
            .find_map(|index| self.pattern.script(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wallet::target::{Target, WatchTarget};
    use dash_protocol::NetworkParams;

    fn branch() -> Branch {
        // BIP 32, test vector 1, chain m.
        let xpub = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";
        let what = WatchTarget::Xpub { xpub: xpub.into(), path: Some("0/*".into()), gap: None };
        let (target, gap) = Target::parse(&what, &NetworkParams::mainnet()).unwrap();
        assert_eq!(gap, DEFAULT_GAP);
        let Target::Branches(mut patterns) = target else { panic!("{target:?}") };
        Branch::new(patterns.remove(0))
    }

    fn indices(new: &[(u32, Script)]) -> Vec<u32> {
        new.iter().map(|(index, _)| *index).collect()
    }

    #[test]
    fn a_use_at_the_edge_brings_a_whole_gap_of_new_scripts() {
        let mut branch = branch();
        assert_eq!(indices(&branch.extend(20)), Vec::from_iter(0..20));
        assert!(branch.extend(20).is_empty());
        assert!(branch.mark_used(19) && !branch.mark_used(19));
        assert_eq!(indices(&branch.extend(20)), Vec::from_iter(20..40));
        assert!(branch.mark_used(3));
        assert!(branch.extend(20).is_empty());
        assert_eq!(indices(&branch.extend(21)), [40]);
    }

    #[test]
    fn the_first_unused_script_is_the_lowest_and_each_is_another() {
        let mut branch = branch();
        let scripts: Vec<Script> = branch.extend(30).into_iter().map(|(_, script)| script).collect();
        assert_eq!(branch.first_unused().as_deref(), Some(&*scripts[0]));
        for index in [0, 1, 3, 29] {
            branch.mark_used(index);
        }
        assert_eq!(branch.first_unused().as_deref(), Some(&*scripts[2]));
        assert_eq!(SortedSet::from_iter(scripts).len(), 30);
    }

    #[test]
    fn a_branch_ends_at_its_bound() {
        let mut branch = branch();
        assert!(!branch.mark_used(MAX_BRANCH) && !branch.mark_used(u32::MAX));
        assert_eq!(branch.extend(2).len(), 2);
    }
}
