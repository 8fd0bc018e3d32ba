//! How `mnlistdiff`, `qrinfo` and answers to `getdata` relate to what was asked.

use super::{Match, Request, RequestCorrelationManager, RequestId};
use crate::engine::{ConnId, Now};
use dash_protocol::{BlockHash, InventoryKind};

impl RequestCorrelationManager {
    /// Finds the request that a `mnlistdiff` answers: it carries both hashes exactly as asked, zeros included.
    pub fn mn_list_diff_reply(&mut self, peer: ConnId, base: BlockHash, block: BlockHash, now: Now) -> Match {
        self.reply(peer, &Request::MnListDiff { base, block }, now)
    }

    /// Finds the request that an object answers, sent whole or as `notfound`.
    pub fn object_reply(&mut self, peer: ConnId, kind: InventoryKind, hash: [u8; 32], now: Now) -> Match {
        self.reply(peer, &Request::Object { kind, hash }, now)
    }

    /// The QRInfo form.
    pub fn qrinfo(&mut self) -> QRInfoCorrelationManager<'_> {
        QRInfoCorrelationManager { requests: self }
    }
}

/// The correlation of QRInfo requests.
///
/// A `qrinfo` names neither the block nor the bases that it was asked for: its tip is always the node's own, and its
/// list of diffs can be empty. What it does tell is the cycle, by the block hash of `mnListDiffH`: the hash at the
/// base of the requested block's cycle less eight, the work block. Two requests of one cycle cannot be told apart, so
/// a peer has only one of them in flight.
#[derive(Debug)]
pub struct QRInfoCorrelationManager<'a> {
    requests: &'a mut RequestCorrelationManager,
}

impl QRInfoCorrelationManager<'_> {
    /// Registers a `getqrinfo` by the work block of its cycle; call it before the message leaves. None if the peer
    /// works on one of this cycle already.
    pub fn begin(
        &mut self,
        peer: ConnId,
        work_block: BlockHash,
        timeout_ms: u64,
        now: Now,
    ) -> Option<RequestId> {
        if self.asked(peer, work_block) {
            return None;
        }
        Some(self.requests.begin(peer, Request::QRInfo { work_block }, timeout_ms, now))
    }

    /// Whether a peer works on a request of the cycle with this work block.
    pub fn asked(&self, peer: ConnId, work_block: BlockHash) -> bool {
        self.requests.is_asked(peer, &Request::QRInfo { work_block })
    }

    /// Finds the request that a `qrinfo` answers by the block hash of its `mnListDiffH`.
    pub fn reply(&mut self, peer: ConnId, work_block: BlockHash, now: Now) -> Match {
        self.requests.reply(peer, &Request::QRInfo { work_block }, now)
    }
}
