//! How `headers` and `headers2` relate to what was asked.

use super::Request;
use dash_protocol::BlockHash;

/// Core announces at most eight new blocks by headers.
pub const MAX_ANNOUNCED: usize = 8;

/// What a `headers` or `headers2` message shows of itself before anything in it is proven.
#[derive(Clone, Copy)]
pub struct HeadersReply<'a> {
    /// How many headers it holds.
    pub count: usize,
    /// The previous hash of the first header.
    pub first_prev: Option<BlockHash>,
    /// The hash of the only header, computed when somebody asks for it.
    pub only_hash: &'a dyn Fn() -> Option<BlockHash>,
    /// Whether a header after the first names this hash as previous.
    pub passes: &'a dyn Fn(&BlockHash) -> bool,
}

/// How a reply relates to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It can be the answer.
    Answer,
    /// It begins where the request allows, but a node would have begun later: it takes the first hash of the locator
    /// that is on its chain, and one that stands before is in the reply itself. Not so for what is short enough to be
    /// an announcement: it was on its way before the peer saw the request.
    Ignores,
    /// It has nothing to do with it.
    No,
}

/// An empty reply says «nothing» to whatever is oldest: a node works its requests off in order.
pub(super) fn fit(request: &Request, reply: &HeadersReply<'_>) -> Fit {
    match (request, reply.first_prev) {
        (Request::HeadersAfter { .. } | Request::HeaderByHash(_), None) => Fit::Answer,
        (Request::HeadersAfter { locator }, Some(prev)) => {
            match locator.iter().position(|hash| *hash == prev) {
                Some(begin) if locator[..begin].iter().any(|hash| (reply.passes)(hash)) => {
                    if reply.count > MAX_ANNOUNCED { Fit::Ignores } else { Fit::No }
                }
                Some(_) => Fit::Answer,
                None => Fit::No,
            }
        }
        (Request::HeaderByHash(hash), Some(_)) if reply.count == 1 && (reply.only_hash)() == Some(*hash) => {
            Fit::Answer
        }
        _ => Fit::No,
    }
}
