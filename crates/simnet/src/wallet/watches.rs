//! What the client of a scenario watches, and which of its scripts somebody pays next.
//!
//! Nobody pays a script of a branch further than the gap limit behind the last one that the chain shows in use: such a
//! wallet could not find it, and whether it counted would depend on when it looked.

use super::keys::{ExtendedSecret, Lock};
use crate::rng::Rng;
use dash_protocol::NetworkParams;
use dash_spv_wasm::wallet::WatchTarget;
use std::collections::BTreeMap;

/// The gap limit of all branches.
pub const GAP: u32 = 20;

/// Whose a coin is: the place of its watch in [`super::WalletScenario::watches`], and of its script in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The watch.
    pub watch: usize,
    /// Branch and index, if it has branches.
    pub place: Option<(usize, u32)>,
}

/// One thing that the client watches.
#[derive(Clone, Debug)]
pub struct Watch {
    target: WatchTarget,
    forms: Form,
}

#[derive(Clone, Debug)]
enum Form {
    One(Lock),
    Branches(Vec<Branch>),
}

/// Scripts by index.
#[derive(Clone, Debug)]
struct Branch {
    /// One for a key each, several for scripts that each of them signs.
    parents: Vec<ExtendedSecret>,
    locks: Vec<Lock>,
    /// How many transactions of the chain pay each index.
    mined: BTreeMap<u32, u32>,
}

impl Branch {
    fn new(parents: Vec<ExtendedSecret>) -> Self {
        Self { parents, locks: Vec::new(), mined: BTreeMap::new() }
    }

    fn lock(&mut self, index: u32) -> Lock {
        while self.locks.len() <= index as usize {
            let next = self.locks.len() as u32;
            let mut keys: Vec<_> = self.parents.iter().map(|parent| parent.child(next).public()).collect();
            self.locks.push(match (keys.pop(), keys.is_empty()) {
                (Some(key), true) => Lock::Key(key),
                (last, _) => {
                    keys.extend(last);
                    Lock::Multi { needed: keys.len() as u8, keys }
                }
            });
        }
        self.locks[index as usize].clone()
    }

    /// The first index that nothing of the chain pays, nor any after it.
    fn next(&self) -> u32 {
        self.mined.last_key_value().map_or(0, |(last, _)| last + 1)
    }

    /// Whether something is paid further than the gap limit behind what is paid before it.
    fn has_hole(&self) -> bool {
        let mut next = 0;
        self.mined.keys().any(|index| {
            let is_hole = *index >= next + GAP;
            next = index + 1;
            is_hole
        })
    }

    /// An index to pay: mostly the next one, at times one within the gap, at its very edge, or one used before.
    fn pick(&self, rng: &mut Rng) -> u32 {
        let next = self.next();
        match rng.below(100) {
            0..50 => next,
            50..65 => next + rng.below(u64::from(GAP)) as u32,
            65..85 => next + GAP - 1,
            _ => rng.below(u64::from(next.max(1))) as u32,
        }
    }
}

impl Watch {
    /// The four watches of a scenario: an account, a key, two of three keys, and a descriptor of two accounts.
    pub(super) fn all(params: &NetworkParams, rng: &mut Rng) -> Vec<Self> {
        let prefixes = &params.address_prefixes;
        let account = ExtendedSecret::random(rng);
        let xpub = account.to_xpub(prefixes);
        let branches = [0, 1].map(|branch| Branch::new(vec![account.child(branch)]));
        let key = Lock::Key(ExtendedSecret::random(rng).public());
        let keys = (0..3).map(|_| ExtendedSecret::random(rng).public()).collect();
        let multi = Lock::Multi { needed: 2, keys };
        let both = [ExtendedSecret::random(rng), ExtendedSecret::random(rng)];
        let [one, other] = both.each_ref().map(|account| account.to_xpub(prefixes));
        let descriptor = format!("sh(multi(2,{one}/4/*,{other}/4/*))");
        let shared = Branch::new(both.iter().map(|account| account.child(4)).collect());
        let address = |lock: &Lock| WatchTarget::Address { address: lock.address(prefixes) };
        vec![
            Self {
                target: WatchTarget::Xpub { xpub, path: None, gap: None },
                forms: Form::Branches(branches.into()),
            },
            Self { target: address(&key), forms: Form::One(key) },
            Self { target: address(&multi), forms: Form::One(multi) },
            Self {
                target: WatchTarget::Descriptor { descriptor, gap: Some(GAP) },
                forms: Form::Branches(vec![shared]),
            },
        ]
    }

    /// What the client is asked to watch.
    pub fn target(&self) -> &WatchTarget {
        &self.target
    }

    /// A script of this watch for somebody to pay, in a branch (the last one, if there are fewer).
    pub(super) fn receive(&mut self, watch: usize, branch: usize, rng: &mut Rng) -> (Lock, Owner) {
        match &mut self.forms {
            Form::One(lock) => (lock.clone(), Owner { watch, place: None }),
            Form::Branches(branches) => {
                let at = branch.min(branches.len() - 1);
                let index = branches[at].pick(rng);
                (branches[at].lock(index), Owner { watch, place: Some((at, index)) })
            }
        }
    }

    /// Notes that a transaction that pays an index was mined, or that its block was undone.
    pub(super) fn note(&mut self, owner: &Owner, mined: bool) {
        let (Form::Branches(branches), Some((branch, index))) = (&mut self.forms, owner.place) else {
            return;
        };
        let counts = &mut branches[branch].mined;
        let count = counts.entry(index).or_default();
        *count = if mined { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            counts.remove(&index);
        }
    }

    /// The branches of which the chain alone does not show everything that is paid.
    pub(super) fn with_holes(&self) -> Vec<usize> {
        let Form::Branches(branches) = &self.forms else { return Vec::new() };
        (0..).zip(branches).filter(|(_, branch)| branch.has_hole()).map(|(place, _)| place).collect()
    }

    /// Whether a wallet that knows the chain alone looks for this script.
    pub(super) fn is_found(&self, owner: &Owner) -> bool {
        match (&self.forms, owner.place) {
            (Form::Branches(branches), Some((branch, index))) => index < branches[branch].next() + GAP,
            _ => true,
        }
    }

    /// All scripts that were derived so far.
    #[cfg(test)]
    pub(super) fn scripts(&self) -> Vec<Vec<u8>> {
        match &self.forms {
            Form::One(lock) => vec![lock.script()],
            Form::Branches(branches) => {
                branches.iter().flat_map(|branch| &branch.locks).map(Lock::script).collect()
            }
        }
    }

    /// The first scripts of each branch.
    #[cfg(test)]
    pub(super) fn first_scripts(&mut self, count: u32) -> Vec<Vec<u8>> {
        match &mut self.forms {
            Form::One(lock) => vec![lock.script()],
            Form::Branches(branches) => branches
                .iter_mut()
                .flat_map(|branch| (0..count).map(|index| branch.lock(index).script()).collect::<Vec<_>>())
                .collect(),
        }
    }
}
