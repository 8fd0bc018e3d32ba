//! The piece of chain being grown, and its watermark.
//!
//! There is the main lane, which ends at the tip. When a start moves down there is one below it, grown first, from
//! the new start up to the main lane's own start, whose hash it must meet; then both become one.

use super::stream::Place;
use crate::chain::{HeaderChain, Start, StartContext};
use crate::store::{Meta, STORE_VERSION, Segment};
use dash_num::Arith256;
use dash_protocol::{BlockHash, NetworkParams};
use std::sync::Arc;

/// What is stored, as far as the last commit that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Durable {
    pub place: Place,
    pub work: Arith256,
    pub time: u32,
}

/// A chain on its way from a start.
#[derive(Debug)]
pub(super) struct Lane {
    pub start: Start,
    /// Lowest height stored, or to be stored.
    pub context_height: u32,
    /// The chain, once the ancestors of its start are there.
    pub chain: Option<HeaderChain>,
    /// The ancestors while they are being fetched.
    pub context: Option<StartContext>,
    pub durable: Option<Durable>,
    /// The height of the last common header of a reorganisation that is not stored yet.
    pub unstored_fork: Option<u32>,
    /// The header that a lane below the main one must meet.
    pub end: Option<Place>,
}

impl Lane {
    /// A lane that begins with nothing but its start.
    pub fn fresh(params: &Arc<NetworkParams>, start: Start, end: Option<Place>) -> Self {
        let context = StartContext::new(params.clone(), start);
        let mut lane = Self {
            start,
            context_height: start.height + 1 - (context.remaining().max(1)).min(start.height + 1),
            chain: None,
            context: None,
            durable: None,
            unstored_fork: None,
            end,
        };
        lane.set_context(context);
        lane
    }

    /// A lane as it was stored.
    pub fn stored(start: Start, segment: &Segment, chain: HeaderChain, end: Option<Place>) -> Self {
        let tip = chain.tip();
        let durable = Durable {
            place: Place { height: tip.height, hash: tip.hash },
            work: tip.work,
            time: tip.header.time,
        };
        Self {
            start,
            context_height: segment.context,
            chain: Some(chain),
            context: None,
            durable: Some(durable),
            unstored_fork: None,
            end,
        }
    }

    /// Keeps the ancestors gathered so far, or turns them into a chain when they are all there.
    pub fn set_context(&mut self, context: StartContext) {
        if context.wanted().is_some() {
            self.context = Some(context);
            return;
        }
        // The parts were checked one by one against hashes that the start vouches for.
        match context.into_chain() {
            Ok(chain) => {
                self.context_height = chain.base_height();
                self.chain = Some(chain);
                self.context = None;
            }
            Err(_) => self.context = None,
        }
    }

    /// The last header proven, or the start.
    pub fn tip(&self) -> Place {
        match &self.chain {
            Some(chain) => Place { height: chain.tip().height, hash: chain.tip().hash },
            None => Place { height: self.start.height, hash: self.start.hash },
        }
    }

    /// Headers proven but not stored.
    pub fn unstored(&self) -> u32 {
        let Some(chain) = &self.chain else { return 0 };
        match self.durable {
            None => chain.tip().height + 1 - self.context_height,
            Some(durable) => {
                let from =
                    self.unstored_fork.map_or(durable.place.height, |fork| fork.min(durable.place.height));
                chain.tip().height.saturating_sub(from)
            }
        }
    }

    /// The watermark that holds once everything up to `tip` is stored.
    pub fn segment(&self, tip: Place, work: Arith256) -> Segment {
        Segment {
            context: self.context_height,
            start: self.start.height,
            tip: tip.height,
            tip_hash: tip.hash,
            tip_work: work,
        }
    }

    /// The watermark of what is stored already.
    pub fn stored_segment(&self) -> Option<Segment> {
        self.durable.map(|durable| self.segment(durable.place, durable.work))
    }
}

/// The watermarks of a store.
pub(super) fn meta(network_id: BlockHash, main: Segment, below: Option<Segment>) -> Meta {
    Meta { version: STORE_VERSION, network_id, main, below }
}
