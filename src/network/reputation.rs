//! What each offence costs, and who is banned.
//!
//! A ban names the bridge *and* the address: bytes that one bridge spoils must not cost us the same peer at another
//! bridge. Faults that do not ban are remembered for an hour, or a peer could wipe them out by connecting anew. Both
//! lists hold at most [`MAX_ENTRIES`] entries; the oldest goes first.

use dash_protocol::{DecodeError, FrameError};
use std::collections::VecDeque;
use thiserror::Error;

/// The score at which a peer is banned.
pub const BAN_SCORE: u32 = 100;
/// How long a ban lasts.
const BAN_MS: u64 = 24 * 60 * 60 * 1000;
/// How long lesser faults are remembered.
const FAULTS_MS: u64 = 60 * 60 * 1000;
/// The longest each list becomes.
const MAX_ENTRIES: usize = 1_000;

/// What a peer did wrong. The message is the reason in the log and in the `peer` event.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Offence {
    /// The byte stream is not made of frames of this network. The transport is reliable, so a wrong checksum is the
    /// sender's doing, too.
    #[error("broken frame: {0}")]
    Frame(FrameError),
    /// A message of a known kind does not decode.
    #[error("malformed `{command}`: {error}")]
    Malformed {
        /// The message's command.
        command: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A message that the handshake does not allow at that point.
    #[error("`{0}` out of order in the handshake")]
    Handshake(String),
    /// A header that breaks a consensus rule.
    #[error("invalid header: {0}")]
    InvalidHeader(String),
    /// A header from beyond our clock's two hours: a lie, or our clock is slow.
    #[error("header from the future: {0}")]
    FutureHeader(String),
    /// Headers of a branch that a verified ChainLock rules out. A peer may not have heard of the lock yet.
    #[error("headers against a ChainLock: {0}")]
    AgainstLock(String),
    /// Headers that do not link to one another or to what was asked for.
    #[error("headers do not connect: {0}")]
    Unconnected(String),
    /// The chain at a checkpoint's height is another one.
    #[error("checkpoint mismatch: {0}")]
    Checkpoint(String),
    /// An answer that nothing was asked for: longer than any announcement.
    #[error("unrequested {0}")]
    Unrequested(String),
    /// An answer that begins below a hash of the locator that it holds itself.
    #[error("the answer ignores the locator")]
    IgnoresLocator,
    /// One weak side branch after another: a node has one chain.
    #[error("another side branch, from height {0}")]
    ManyBranches(u32),
    /// A side branch without end that never gets the work of the best chain.
    #[error("side branch of {0} headers with too little work")]
    LowWorkFlood(u32),
    /// A masternode list or its proof that breaks a rule.
    #[error("invalid masternode list: {0}")]
    InvalidList(String),
    /// A snapshot of rotation that leads nowhere, or another one than the proven one.
    #[error("invalid rotation snapshot: {0}")]
    Snapshot(String),
    /// A lock whose signature or form does not hold.
    #[error("invalid lock: {0}")]
    InvalidLock(String),
    /// Filter headers or a filter that another proof speaks against.
    #[error("invalid filter: {0}")]
    InvalidFilter(String),
    /// A block whose transactions are not those of its header.
    #[error("invalid block: {0}")]
    InvalidBlock(String),
    /// A message begun and not ended in time.
    #[error("a message was left half sent")]
    HalfMessage,
    /// More messages than an honest peer has reason to send.
    #[error("too many messages of kind `{0}`")]
    Flood(String),
}

impl Offence {
    /// What the offence adds to the score. What no honest peer can do by accident bans at once; what a slow clock on
    /// our side, a race or a stale peer can cause has to add up.
    pub fn score(&self) -> u32 {
        match self {
            Self::FutureHeader(_) | Self::AgainstLock(_) | Self::ManyBranches(_) | Self::HalfMessage => 34,
            Self::Flood(_) => 20,
            Self::Frame(_)
            | Self::Malformed { .. }
            | Self::Handshake(_)
            | Self::Unrequested(_)
            | Self::IgnoresLocator
            | Self::InvalidHeader(_)
            | Self::Unconnected(_)
            | Self::Checkpoint(_)
            | Self::InvalidList(_)
            | Self::Snapshot(_)
            | Self::InvalidLock(_)
            | Self::InvalidFilter(_)
            | Self::InvalidBlock(_)
            | Self::LowWorkFlood(_) => BAN_SCORE,
        }
    }
}

/// What is remembered of peers that are gone.
#[derive(Debug, Default)]
pub(super) struct Record {
    bans: VecDeque<Entry>,
    faults: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    bridge: usize,
    address: String,
    until_ms: u64,
    score: u32,
}

impl Entry {
    fn is(&self, bridge: usize, address: &str) -> bool {
        self.bridge == bridge && self.address == address
    }
}

impl Record {
    /// Bans a peer for a day.
    pub(super) fn ban(&mut self, bridge: usize, address: &str, now_ms: u64) {
        put(&mut self.bans, bridge, address, BAN_SCORE, now_ms + BAN_MS);
    }

    /// Remembers the score of a peer that goes.
    pub(super) fn remember(&mut self, bridge: usize, address: &str, score: u32, now_ms: u64) {
        if score > 0 {
            put(&mut self.faults, bridge, address, score, now_ms + FAULTS_MS);
        }
    }

    pub(super) fn is_banned(&self, bridge: usize, address: &str, now_ms: u64) -> bool {
        self.bans.iter().any(|ban| ban.is(bridge, address) && ban.until_ms > now_ms)
    }

    /// The score that a peer left with.
    pub(super) fn score(&self, bridge: usize, address: &str, now_ms: u64) -> u32 {
        let fault = self.faults.iter().find(|fault| fault.is(bridge, address) && fault.until_ms > now_ms);
        fault.map_or(0, |fault| fault.score)
    }
}

fn put(list: &mut VecDeque<Entry>, bridge: usize, address: &str, score: u32, until_ms: u64) {
    list.retain(|entry| !entry.is(bridge, address));
    if list.len() == MAX_ENTRIES {
        list.pop_front();
    }
    list.push_back(Entry { bridge, address: address.to_owned(), until_ms, score });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_bans_is_bounded_and_forgets_the_oldest() {
        let mut record = Record::default();
        for n in 0..MAX_ENTRIES + 10 {
            record.ban(0, &format!("10.0.0.{n}:9999"), n as u64);
        }
        assert_eq!(record.bans.len(), MAX_ENTRIES);
        assert!(!record.is_banned(0, "10.0.0.0:9999", 20));
        assert!(record.is_banned(0, "10.0.0.1009:9999", 20));
    }

    #[test]
    fn a_ban_holds_for_one_bridge_and_one_day() {
        let mut record = Record::default();
        record.ban(1, "a:1", 5);
        assert!(record.is_banned(1, "a:1", BAN_MS));
        assert!(!record.is_banned(0, "a:1", BAN_MS));
        assert!(!record.is_banned(1, "a:1", BAN_MS + 5));
    }

    #[test]
    fn a_score_outlives_the_connection_but_not_the_hour() {
        let mut record = Record::default();
        record.remember(0, "a:1", 34, 0);
        assert_eq!(record.score(0, "a:1", FAULTS_MS - 1), 34);
        assert_eq!(record.score(0, "a:1", FAULTS_MS), 0);
        assert_eq!(record.score(1, "a:1", 0), 0);
    }
}
