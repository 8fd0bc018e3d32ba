//! What has yet to be looked for where: the main search, which follows the chain with everything that is watched, and the
//! late one, for what was added when the main one had passed already.
//!
//! Scripts become known at any time: a watch is added, or a gap limit asks for more addresses. From then on the main
//! search looks for them; what it had passed by then is theirs alone ([`Span`]), and is searched when the main one has
//! come to its end, for all of them together. A span is done when its heights are, so that nothing is forgotten over a
//! restart.
//!
//! **Bounds.** What is watched, once or twice.

use super::lane::Lane;
use crate::collections::{Gather, SortedMap};
use crate::wallet::gap::Script;
use std::ops::Range;

/// Heights at which something is still to be looked for, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: u32,
    pub until: u32,
}

impl Span {
    fn joined(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), until: self.until.max(other.until) }
    }
}

/// Which search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Which {
    Main,
    Late,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Searches {
    pub main: Lane,
    pub late: Option<Lane>,
    /// What the late search does now, and what it will do the next time.
    running: SortedMap<Script, Span>,
    waiting: SortedMap<Script, Span>,
    /// What is kept of this has changed.
    changed: bool,
    /// Late searches so far.
    lates: u64,
}

impl Searches {
    /// The main search for these, from a height on, and what was left to do before a restart.
    pub fn restored(elements: Vec<Script>, next: u32, left: SortedMap<Script, Span>) -> Self {
        Self { main: Lane::new(elements, next, next.saturating_sub(1)), waiting: left, ..Self::default() }
    }

    /// Looks for these from a height on: from now on by the main search, and what it has passed later.
    pub fn add(&mut self, elements: &[Script], from: u32) {
        self.main.look_for(elements);
        let Some(last) = self.main.next.checked_sub(1).filter(|last| *last >= from) else { return };
        for element in elements {
            self.wait(element, Span { from, until: last });
        }
    }

    /// Looks for these at heights below all that was ever searched.
    pub fn catch_up(&mut self, elements: &[Script], heights: Range<u32>) {
        if heights.is_empty() {
            return;
        }
        for element in elements {
            self.wait(element, Span { from: heights.start, until: heights.end - 1 });
        }
    }

    fn wait(&mut self, element: &Script, span: Span) {
        let known = self.waiting.get(element).copied();
        self.waiting.insert(element.clone(), known.map_or(span, |known| known.joined(span)));
        self.changed = true;
    }

    /// A block at this height of the late search brought these to light: it takes them along for what lies ahead of it.
    pub fn found_late(&mut self, elements: &[Script], from: u32, height: u32) {
        let ahead = self.late.as_ref().is_some_and(|late| late.end + 1 >= self.main.next);
        if !ahead {
            return self.add(elements, from);
        }
        self.main.look_for(elements);
        let Some(late) = &mut self.late else { return };
        late.look_for(elements);
        let end = late.end;
        for element in elements {
            let span = Span { from: from.max(height + 1), until: end };
            let known = self.running.get(element).copied();
            self.running.insert(element.clone(), known.map_or(span, |known| known.joined(span)));
            if from <= height {
                self.wait(element, Span { from, until: height });
            }
        }
        self.changed = true;
    }

    /// Lets the main search follow up to a height.
    pub fn follow(&mut self, end: u32) {
        self.main.end = end;
    }

    /// Begins the late search if the main one has nothing to do, and ends it when it is done.
    pub fn turn(&mut self) {
        if self.late.as_ref().is_some_and(Lane::is_done) {
            self.late = None;
            self.running.clear();
            self.changed = true;
        }
        if self.late.is_none() && !self.waiting.is_empty() && self.main.is_done() {
            self.running = std::mem::take(&mut self.waiting);
            let from = self.running.values().map(|span| span.from).min().unwrap_or(0);
            let until = self.running.values().map(|span| span.until).max().unwrap_or(0);
            self.lates += 1;
            let elements = self.running.keys().cloned().gather();
            self.late = Some(Lane::new(elements, from, until).numbered_from(self.lates << 32));
        }
    }

    /// Everything at this height and above is to be searched again, by the main search.
    pub fn rewind(&mut self, height: u32) {
        self.main.rewind(height);
        let cut = |_: &Script, span: &mut Span| {
            span.until = span.until.min(height.saturating_sub(1));
            span.from < height
        };
        self.waiting.retain(cut);
        self.running.retain(cut);
        if let Some(late) = &mut self.late {
            late.rewind(height);
            late.end = late.end.min(height.saturating_sub(1));
        }
        self.changed = true;
    }

    /// Looks no longer for what nobody watches.
    pub fn forget(&mut self, wanted: impl Fn(&Script) -> bool) {
        self.waiting.retain(|element, _| wanted(element));
        self.running.retain(|element, _| wanted(element));
        self.main.forget(&wanted);
        if let Some(late) = &mut self.late {
            late.forget(&wanted);
        }
        self.changed = true;
    }

    /// Whether everything that was passed without being looked for was searched since.
    pub fn has_caught_up(&self) -> bool {
        self.late.is_none() && self.waiting.is_empty()
    }

    /// The lane of a search.
    pub fn lane(&mut self, which: Which) -> Option<&mut Lane> {
        match which {
            Which::Main => Some(&mut self.main),
            Which::Late => self.late.as_mut(),
        }
    }

    /// What the main search has passed and is still to be looked for.
    pub fn left(&self) -> SortedMap<Script, Span> {
        let mut left = self.waiting.clone();
        let next = self.late.as_ref().map_or(0, |late| late.next);
        for (element, span) in &self.running {
            let span = Span { from: span.from.max(next), until: span.until };
            if span.from <= span.until {
                let known = left.get(element).copied();
                left.insert(element.clone(), known.map_or(span, |known| known.joined(span)));
            }
        }
        left
    }

    /// Whether what is kept of this has changed since the last call.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Heights that were searched, and those in all: of both searches.
    pub fn progress(&self, floor: u32) -> (u64, u64) {
        let main = u64::from(self.main.next.saturating_sub(floor));
        let ahead = u64::from((self.main.end + 1).saturating_sub(self.main.next));
        let late = self.late.as_ref().map_or(0, |late| u64::from((late.end + 1).saturating_sub(late.next)));
        let waiting =
            self.waiting.values().map(|span| u64::from(span.until + 1 - span.from)).max().unwrap_or(0);
        (main, main + ahead + late + waiting)
    }
}
