//! Whole stretches, compared by the header at their end.

use super::{Ask, DEPTH, Finding, Frontier, MAX_UNDECIDED, Work, grouped};
use crate::checks::{self, Check};
use crate::collections::Gather;
use crate::engine::ConnId;
use crate::sync::filters::stretch;
use crate::sync::filters::trial::Trial;
use crate::sync::filters::voice::Voice;

impl Frontier {
    pub(super) fn ask_checkpoints(&self, tip: u32, reach: &impl Fn(ConnId) -> u32, work: &mut Work) {
        let stretches = stretch::complete(tip.saturating_sub(DEPTH)).max(self.first);
        // The block has to be one that is known here, and be on everybody's chain; a start is a checkpoint.
        let Some(stop) = stretches.checked_sub(1).map(|last| stretch::last(last).max(self.floor)) else {
            return;
        };
        for (conn, voice) in &self.voices {
            if (voice.checkpoints.len() as u32) < stretches && reach(*conn) >= stop && tip >= stop {
                work.asks.insert(Ask::Checkpoints { conn: *conn, stop });
            }
        }
    }

    /// The header that everything else follows. Whoever differs below what matters cannot be judged, as those blocks
    /// are not known here; from there on hashes are compared.
    pub(super) fn begin(&mut self) {
        if !self.known.is_empty() {
            return;
        }
        let speaking =
            self.voices.iter().filter_map(|(conn, voice)| Some((*conn, voice.before(self.first)?)));
        let groups = grouped(speaking);
        if self.distinct(groups.values().flatten()) < self.enough().max(1) {
            return;
        }
        let lead = groups.iter().max_by_key(|(_, conns)| self.distinct(conns.iter()));
        if let Some((header, _)) = lead {
            let header = *header;
            self.known.insert(self.first, header);
            self.generation += 1;
        }
    }

    /// Compares peers with what is agreed on already.
    pub(super) fn clear_voices(&mut self, work: &mut Work) {
        let Some(open) = self.open() else { return };
        let conns: Vec<ConnId> = self.voices.keys().copied().gather();
        for conn in conns {
            while let Some(voice) = self.voices.get(&conn).filter(|voice| voice.cleared < open) {
                let own = voice.cleared;
                if voice.before(own + 1).is_none() || !self.is_settled(own, conn, work) {
                    break;
                }
                if let Some(voice) = self.voices.get_mut(&conn) {
                    voice.cleared += 1;
                }
            }
        }
    }

    /// Whether nothing is open between a peer and what is agreed on for a stretch.
    fn is_settled(&mut self, own: u32, conn: ConnId, work: &mut Work) -> bool {
        if self.supports(conn, own) || !checks::on(Check::FilterAgreement) {
            return true;
        }
        let supporter = self.voices.keys().copied().find(|other| self.supports(*other, own));
        if let Some(supporter) = supporter {
            return self.compare(own, supporter, conn, work);
        }
        // Nobody stands by it any more. What enough others say takes its place.
        let says = |other: &Voice| other.before(own + 1);
        let word = self.voices.get(&conn).and_then(says);
        let same: Vec<ConnId> =
            self.voices.iter().filter(|(_, other)| says(other) == word).map(|(conn, _)| *conn).gather();
        if self.distinct(same.iter()) >= self.enough() {
            self.doubt(stretch::first(own), work);
        }
        false
    }

    /// Believes nothing any longer from a height on.
    pub(super) fn doubt(&mut self, height: u32, work: &mut Work) {
        let own = stretch::of(height);
        self.generation += 1;
        self.known.retain(|stretch, _| *stretch <= own);
        self.cut_tail(height);
        self.undecided.retain(|undecided| *undecided < height);
        let Self { first, voices, .. } = self;
        voices.values_mut().for_each(|voice| voice.cleared = voice.cleared.min(own.max(*first)));
        work.findings.push(Finding::Doubted { height: height.max(self.floor) });
    }

    /// Compares two peers' hashes of a stretch. True if they differ nowhere but where the block cannot decide.
    fn compare(&mut self, own: u32, lead: ConnId, other: ConnId, work: &mut Work) -> bool {
        let mut lists = Vec::new();
        for conn in [lead, other] {
            match self.voices.get(&conn).and_then(|voice| voice.hashes_of(own)) {
                Some(chain) => lists.push(chain),
                None => {
                    let (start, stop) = (stretch::first(own), stretch::last(own));
                    work.asks.insert(Ask::Hashes { conn, start, stop });
                }
            }
        }
        let &[one, two] = &lists[..] else { return false };
        let heights = stretch::first(own)..=stretch::last(own);
        let parting = heights
            .filter(|height| *height >= self.floor && !self.undecided.contains(height))
            .find(|height| one.hash_at(*height) != two.hash_at(*height));
        match parting {
            None => true,
            Some(height) => {
                self.try_at(height, [lead, other]);
                false
            }
        }
    }

    pub(super) fn try_at(&mut self, height: u32, parties: [ConnId; 2]) {
        if self.trial.is_none() && self.undecided.len() < MAX_UNDECIDED {
            self.trial = Some(Trial::new(height, parties));
        }
    }

    /// Agrees on one stretch after the other.
    pub(super) fn extend_known(&mut self, tip: u32, work: &mut Work) {
        while let Some(open) = self.open() {
            if open >= stretch::complete(tip.saturating_sub(DEPTH)) {
                return;
            }
            let cleared = self.voices.iter().filter(|(_, voice)| voice.cleared >= open);
            let groups = grouped(cleared.filter_map(|(conn, voice)| Some((*conn, voice.before(open + 1)?))));
            if self.distinct(groups.values().flatten()) < self.enough().max(1) {
                return;
            }
            let stands_by = |conn: &ConnId| {
                let before = self.voices.get(conn).and_then(|voice| voice.before(open));
                before.is_some() && before.as_ref() == self.known.get(&open)
            };
            let rank = |conns: &[ConnId]| (conns.iter().any(stands_by), self.distinct(conns.iter()));
            let Some((header, lead)) = groups.iter().max_by_key(|(_, conns)| rank(conns)) else { return };
            let (header, lead) = (*header, lead[0]);
            let others: Vec<ConnId> = groups
                .iter()
                .filter(|(other, _)| **other != header && checks::on(Check::FilterAgreement))
                .flat_map(|(_, conns)| conns)
                .copied()
                .gather();
            for other in others {
                if !self.compare(open, lead, other, work) {
                    return;
                }
            }
            self.known.insert(open + 1, header);
            self.generation += 1;
            self.clear_voices(work);
        }
    }
}
