//! What has yet to be asked for, worked out from heights and from what is proven.
//!
//! Two sources, joined: *exact*, from the quorums that stand in proven lists and are not verified; and *predicted*, from
//! the heights at which quorums must have been formed of which no proven list tells yet, so that a fresh start asks
//! for everything at once instead of first for the set and then for what proves it. Nothing here is remembered: the
//! plan is made anew at each step, so nothing can be lost, and what is proven is never asked for again.

use super::book::{Book, QuorumStatus};
use super::snapshots::Snapshots;
use crate::collections::{Gather, SortedSet};
use crate::finality::chainlock::quorum_height;
use crate::masternodes::{list_height, plans};
use dash_protocol::{LLMQType, LlmqParams, NetworkParams, QuorumName};

/// Cycles of the rotated type whose quarters a quorum is made of, its own included.
const QUARTERS: u32 = 4;

/// What is to be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Heights of blocks whose lists are wanted.
    pub states: SortedSet<u32>,
    /// Cycles (by base height) of which a `qrinfo` is wanted, each with whether the extra share is.
    pub qrinfos: Vec<(u32, bool)>,
    /// Quorums that are to be verified.
    pub quorums: Vec<QuorumName>,
}

/// What the plan is made from.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub params: &'a NetworkParams,
    pub book: &'a Book,
    pub snapshots: &'a Snapshots,
    /// Height of the tip.
    pub tip: u32,
    /// The lowest height whose header is at hand: nothing below it can be proven.
    pub floor: u32,
    /// Cycles before the newest one whose quorums are wanted, too.
    pub history: u32,
    /// Whether `qrinfo` is given up for plain diffs.
    pub diffs_only: bool,
}

/// The types whose signatures this client checks or hands out keys of.
pub fn signing_types(params: &NetworkParams) -> SortedSet<LLMQType> {
    let types = params.llmq_types;
    [types.chainlocks, types.instantsend, types.platform].into_iter().collect()
}

impl Situation<'_> {
    fn rotated(&self) -> Option<&LlmqParams> {
        self.params.llmq(self.params.llmq_types.instantsend).filter(|llmq| llmq.rotated)
    }

    /// The base of the newest cycle of the rotated type whose quorums are all mined.
    pub fn newest_cycle(&self) -> u32 {
        self.rotated().and_then(|llmq| newest_mined_base(llmq, self.tip)).unwrap_or(0)
    }

    /// Lists below this have nothing to do with quorums that are wanted.
    pub fn scope_floor(&self, llmq_type: LLMQType) -> u32 {
        if llmq_type == self.params.llmq_types.platform {
            self.book.top().map_or(self.tip, |top| top.height())
        } else {
            plans::work_block(self.newest_cycle())
        }
    }

    /// The base of the oldest cycle whose quorums are wanted as history.
    fn oldest_cycle(&self) -> u32 {
        let interval = self.rotated().map_or(0, |llmq| llmq.interval);
        self.newest_cycle().saturating_sub(self.history * interval)
    }

    /// What is to be had.
    pub fn plan(&self) -> Plan {
        let mut plan = Plan::default();
        if self.tip < self.params.activation.dip3.max(self.floor) {
            return plan;
        }
        let mut bases = SortedSet::new();
        self.exact(&mut plan, &mut bases);
        self.predicted(&mut bases);
        let mut snapshots = SortedSet::new();
        for (llmq_type, base) in bases {
            let Some(llmq) = self.params.llmq(llmq_type) else { continue };
            if !llmq.rotated {
                plan.states.insert(list_height(self.params, base));
                continue;
            }
            for back in 0..QUARTERS {
                let Some(cycle) = base.checked_sub(back * llmq.interval) else { continue };
                plan.states.insert(plans::work_block(cycle));
                if back > 0 && self.snapshots.get(cycle).is_none() {
                    snapshots.insert(cycle);
                }
            }
        }
        if self.book.top().is_none_or(|top| top.height() < self.tip) {
            plan.states.insert(self.tip);
        }
        plan.states.extend(self.for_the_next_lock());
        plan.states.retain(|height| self.book.at(*height).is_none());
        if !self.diffs_only {
            plan.qrinfos = self.cover(&snapshots);
        }
        plan
    }

    /// The height as of which quorums lock the tip's parent, whose lock the tip's coinbase has as a rule: its list is
    /// wanted where neither the tip's nor another one tells who they are.
    fn for_the_next_lock(&self) -> Option<u32> {
        let llmq = self.params.llmq(self.params.llmq_types.chainlocks)?;
        let height = quorum_height(self.tip.checked_sub(1)?);
        let told = plans::quorum_set_constant_between(llmq, height, self.tip)
            || self.book.active_at(llmq, height).is_some();
        (!told && height >= self.floor.max(self.params.activation.dip3)).then_some(height)
    }

    /// The bases of quorums that stand in proven lists, are in scope and not verified.
    fn exact(&self, plan: &mut Plan, bases: &mut SortedSet<(LLMQType, u32)>) {
        let types = signing_types(self.params);
        for (name, record) in self.book.quorums() {
            let open = matches!(record.status, QuorumStatus::Anchored | QuorumStatus::Checking);
            let Some(base) = record.base_height().filter(|base| self.reachable(name.0, *base)) else {
                continue;
            };
            let in_scope = record.last_seen >= self.scope_floor(name.0)
                || (self.history > 0 && base >= self.oldest_cycle());
            if open && in_scope && types.contains(&name.0) {
                plan.quorums.push(*name);
                bases.insert((name.0, base));
            }
        }
    }

    /// Whether everything that members of a quorum with this base are computed from lies above the floor.
    fn reachable(&self, llmq_type: LLMQType, base: u32) -> bool {
        let Some(llmq) = self.params.llmq(llmq_type) else { return false };
        let back = if llmq.rotated { (QUARTERS - 1) * llmq.interval } else { 0 };
        base.checked_sub(back).is_some_and(|base| plans::work_block(base) >= self.floor.max(1))
    }

    /// The bases of quorums that must have been mined where no proven list shows whether they were.
    fn predicted(&self, bases: &mut SortedSet<(LLMQType, u32)>) {
        let oldest = self.oldest_cycle();
        for llmq_type in signing_types(self.params) {
            let Some(llmq) = self.params.llmq(llmq_type) else { continue };
            let Some(newest) = newest_mined_base(llmq, self.tip) else { continue };
            // The cycle before the newest signs on while the change-over is fresh.
            let cycles = if llmq.rotated { 2 } else { llmq.active };
            let mut base = newest;
            for round in 0u32.. {
                let wanted = round < cycles || (self.history > 0 && base >= oldest);
                let formed = base >= formed_from(self.params, llmq);
                if !wanted || !formed || base == 0 || !self.reachable(llmq_type, base) {
                    break;
                }
                let in_use = llmq.rotated || self.history > 0 || self.tip < shown_until(llmq, base);
                if in_use && !self.is_shown(llmq, base) {
                    bases.insert((llmq_type, base));
                }
                let Some(before) = base.checked_sub(llmq.interval) else { break };
                base = before;
            }
        }
    }

    /// Whether a proven list shows which quorums with this base were mined: one from between the end of their mining
    /// window and the beginning of the first one in which others take their place.
    fn is_shown(&self, llmq: &LlmqParams, base: u32) -> bool {
        self.book.has_between(base + llmq.mining_end, shown_until(llmq, base))
    }

    /// The fewest `qrinfo`s that bring these snapshots: each brings the three or, with the extra share, four cycles before
    /// its own.
    fn cover(&self, snapshots: &SortedSet<u32>) -> Vec<(u32, bool)> {
        let Some(llmq) = self.rotated() else { return Vec::new() };
        let mut rest = snapshots.clone();
        let mut qrinfos = Vec::new();
        while let Some(highest) = rest.pop_last() {
            let cycle = highest + llmq.interval;
            let lowest = cycle.saturating_sub(QUARTERS * llmq.interval);
            let extra = rest.contains(&lowest);
            rest.retain(|snapshot| *snapshot < lowest);
            qrinfos.push((cycle, extra));
        }
        qrinfos
    }
}

/// The base of the newest cycle whose mining window has closed at or below a height.
fn newest_mined_base(llmq: &LlmqParams, height: u32) -> Option<u32> {
    plans::last_window_end(llmq, height).map(|end| end - llmq.mining_end)
}

/// The height from which the quorums with this base may have given way to newer ones.
fn shown_until(llmq: &LlmqParams, base: u32) -> u32 {
    let cycles = if llmq.rotated { 1 } else { llmq.active };
    base + cycles * llmq.interval + llmq.mining_start
}

/// The height from which quorums of a type are formed.
fn formed_from(params: &NetworkParams, llmq: &LlmqParams) -> u32 {
    let activation = &params.activation;
    let rule = if llmq.rotated { activation.dip24 } else { activation.dip3 };
    rule.max(activation.dip3)
}

/// The heights whose lists a `qrinfo` brings, lowest first, the tip's left out.
pub(super) fn states_of_qrinfo(llmq: &LlmqParams, cycle: u32, extra: bool) -> Vec<u32> {
    let cycles = if extra { QUARTERS + 1 } else { QUARTERS };
    (0..cycles)
        .rev()
        .filter_map(|back| cycle.checked_sub(back * llmq.interval))
        .map(plans::work_block)
        .gather()
}
