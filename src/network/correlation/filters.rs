//! How answers about filters, and blocks, relate to what was asked.
//!
//! All but `cfilter` are known by the hash of the last block that they reach. Filters come one message a block: whoever
//! puts them together asks here when a range is whole.

use super::{Match, Request, RequestCorrelationManager};
use crate::engine::{ConnId, Now};
use dash_protocol::BlockHash;

impl RequestCorrelationManager {
    /// Finds the request that a `cfcheckpt` up to this block answers.
    pub fn filter_checkpoints_reply(&mut self, peer: ConnId, stop: BlockHash, now: Now) -> Match {
        self.reply(peer, &Request::FilterCheckpoints { stop }, now)
    }

    /// Finds the request that `cfheaders` of so many filter hashes up to this block answer.
    pub fn filter_headers_reply(&mut self, peer: ConnId, stop: BlockHash, count: usize, now: Now) -> Match {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.reply(peer, &Request::FilterHeaders { stop, count }, now)
    }

    /// Finds the request that so many filters up to this block answer.
    pub fn filters_reply(&mut self, peer: ConnId, stop: BlockHash, count: u32, now: Now) -> Match {
        self.reply(peer, &Request::Filters { stop, count }, now)
    }

    /// Some of so many filters up to this block came: the others are waited for until this time at least.
    pub fn extend_filters(&mut self, peer: ConnId, stop: BlockHash, count: u32, deadline_ms: u64) {
        let wanted = Request::Filters { stop, count };
        let asked = self.in_flight.values().find(|asked| asked.peer == peer && asked.request == wanted);
        if let Some(id) = asked.map(|asked| asked.id) {
            self.extend(id, deadline_ms);
        }
    }

    /// Finds the request that a block answers.
    pub fn block_reply(&mut self, peer: ConnId, hash: BlockHash, now: Now) -> Match {
        self.reply(peer, &Request::Block(hash), now)
    }
}
