//! The end of the chain, compared hash by hash.

use super::{Ask, Finding, Frontier, Link, Work, grouped, lie, said};
use crate::checks::{self, Check};
use crate::collections::{Gather, SortedMap};
use crate::engine::ConnId;
use crate::sync::filters::stretch;
use crate::sync::filters::voice::Voice;
use dash_protocol::{FilterHash, FilterHeader, MAX_CFHEADERS};

impl Frontier {
    /// Takes from the tail what has become a whole stretch.
    pub(super) fn fit_tail(&mut self, work: &mut Work) {
        let Some(open) = self.open() else { return };
        let first = stretch::first(open);
        self.voices.values_mut().for_each(|voice| voice.trim(first));
        let gone = first.saturating_sub(self.tail_from) as usize;
        let Some(last) = gone.checked_sub(1) else { return };
        let end = self.tail.get(last).map(|link| link.header);
        if end.is_some_and(|end| self.known.get(&open) != Some(&end)) {
            let height = self.tail_from.max(self.floor);
            self.tail.clear();
            work.findings.push(Finding::Doubted { height });
        }
        self.tail.drain(..gone.min(self.tail.len()));
        self.tail_from = first;
    }

    /// Asks for what follows each peer's tail.
    pub(super) fn ask_tails(&self, tip: u32, reach: &impl Fn(ConnId) -> u32, work: &mut Work) {
        if self.open().is_none() {
            return;
        }
        for (conn, voice) in &self.voices {
            let start = voice.tail_end().map_or(self.tail_from, |end| end + 1);
            if self.is_cleared(*conn) && start <= tip && reach(*conn) >= tip {
                let stop = tip.min(start.saturating_add(MAX_CFHEADERS as u32 - 1));
                work.asks.insert(Ask::Hashes { conn: *conn, start, stop });
            }
        }
    }

    /// Holds what peers say against what is agreed on already.
    pub(super) fn compare_tails(&mut self, work: &mut Work) {
        for at in 0..self.tail.len() {
            let height = self.tail_from + at as u32;
            let Some(ours) = self.tail[at].hash.filter(|_| height >= self.floor) else { continue };
            let groups = self.words_at(height);
            let speaks = groups.get(&ours).and_then(|conns| conns.first()).copied();
            let differs = |word: &FilterHash| *word != ours && checks::on(Check::FilterAgreement);
            let Some((_, others)) = groups.iter().find(|(word, _)| differs(word)) else { continue };
            if let Some(speaks) = speaks {
                let other = others[0];
                self.try_at(height, [speaks, other]);
            } else if self.distinct(others.iter()) >= self.enough() {
                // Nobody stands by it any more.
                self.doubt(height, work);
            }
            return;
        }
    }

    /// Agrees on one block after the other.
    pub(super) fn extend_tail(&mut self, tip: u32) {
        let Some(before) = self.open().and_then(|open| self.known.get(&open)).copied() else { return };
        loop {
            let height = self.tail_from + self.tail.len() as u32;
            let groups = self.words_at(height);
            let enough = self.distinct(groups.values().flatten()) >= self.enough().max(1);
            if height > tip || !enough {
                return;
            }
            let before = self.tail.back().map_or(before, |link| link.header);
            let mut words = groups.iter();
            let link = match (words.next(), words.next()) {
                (Some((hash, conns)), other) if other.is_none() || !checks::on(Check::FilterAgreement) => {
                    let header = self.followed(conns, height, &before);
                    header.map(|header| Link { header, hash: Some(*hash) })
                }
                _ if self.is_undecided(height) || height < self.floor => {
                    let conns: Vec<ConnId> = groups.values().flatten().copied().gather();
                    self.followed(&conns, height, &before).map(|header| Link { header, hash: None })
                }
                (Some((_, one)), Some((_, two))) => {
                    self.try_at(height, [one[0], two[0]]);
                    None
                }
                _ => None,
            };
            let Some(link) = link else { return };
            self.tail.push_back(link);
        }
    }

    /// What cleared peers say of the filter at a height of the tail.
    fn words_at(&self, height: u32) -> SortedMap<FilterHash, Vec<ConnId>> {
        let said = |(conn, voice): (&ConnId, &Voice)| Some((*conn, voice.hash_at(height)?));
        grouped(self.voices.iter().filter(|(conn, _)| self.is_cleared(**conn)).filter_map(said))
    }

    /// The header of a height by one of these peers: of one whose headers are ours up to there, if there is one.
    fn followed(&self, conns: &[ConnId], height: u32, before: &FilterHeader) -> Option<FilterHeader> {
        let tails = || conns.iter().filter_map(|conn| self.voices.get(conn)?.tail.as_ref());
        let ours = tails()
            .find(|tail| height.checked_sub(1).is_none_or(|below| tail.header_at(below) == Some(*before)));
        ours.or_else(|| tails().next())?.header_at(height)
    }

    /// Comes to the end of a trial, if everything is there.
    pub(super) fn conclude(&mut self, work: &mut Work) {
        let Some(trial) = &self.trial else { return };
        let Some(faults) = trial.verdict() else {
            work.asks.extend(trial.asks());
            return;
        };
        let height = trial.height();
        let mut convicted = false;
        for (conn, fault) in faults {
            let Some(fault) = fault else { continue };
            convicted = true;
            let word = self.voices.get(&conn).and_then(|voice| said(voice, height));
            // Whoever says the same lies as well.
            let agrees = |voice: &Voice| word.is_some() && said(voice, height) == word;
            let same = self.voices.iter().filter(|(other, voice)| **other == conn || agrees(voice));
            let why = format!("the filter of block {height}: {fault}");
            work.findings.extend(same.map(|(other, _)| lie(*other, &why)));
        }
        self.trial = None;
        if !convicted {
            self.undecided.insert(height);
            self.generation += 1;
        }
    }
}
