//! All rules for one header, in one place.
//!
//! What Dash Core's `CheckBlockHeader` and `ContextualCheckBlockHeader` demand, and that every checkpoint is met. Takes
//! a header with its hash and its past, and returns an error with the values that show what was wrong. Allocates
//! nothing; a header costs a peer its proof of work before anything else is computed for it.

use crate::chain::Entry;
use crate::chain::checkpoints;
use crate::chain::context::{Context, Past};
use crate::chain::difficulty::Required;
use crate::chain::target::Target;
use crate::chain::time;
use crate::chain::work::WorkCache;
use dash_num::Arith256;
use dash_protocol::{BlockHash, Checkpoint, Header, NetworkParams};
use std::sync::Arc;

/// The rules of one network.
#[derive(Clone, Debug)]
pub struct Rules {
    params: Arc<NetworkParams>,
    limit: Target,
    limit_bits: u32,
}

impl Rules {
    /// The rules of the network with these parameters.
    pub fn new(params: Arc<NetworkParams>) -> Self {
        let limit = Target::from_arith(&params.pow_limit);
        let limit_bits = limit.to_bits();
        Self { params, limit, limit_bits }
    }

    /// The parameters of the network.
    pub fn params(&self) -> &Arc<NetworkParams> {
        &self.params
    }

    /// The easiest target.
    pub fn limit(&self) -> &Target {
        &self.limit
    }

    /// The easiest target in compact form.
    pub fn limit_bits(&self) -> u32 {
        self.limit_bits
    }

    /// Checks the header that follows `context` by all rules except its link: that `prev_block_hash` is the hash of
    /// the context's last header is the caller's to know, and that `hash` is its X11 hash. `now` is our clock, in
    /// seconds since 1970.
    ///
    /// # Errors
    /// The first rule broken, in the order of Dash Core.
    pub fn check(
        &self,
        context: &Context,
        header: &Header,
        hash: &BlockHash,
        now: u64,
    ) -> Result<(), HeaderError> {
        self.verify(context, header, hash, now).map(|_| ())
    }

    /// [`Rules::check`], with what the header is to those after it and the checkpoint that it is at.
    pub(crate) fn verify(
        &self,
        context: &Context,
        header: &Header,
        hash: &BlockHash,
        now: u64,
    ) -> Result<(Past, Option<&Checkpoint>), HeaderError> {
        let height = context.height() + 1;
        let bits = header.bits.to_bits();
        // Bits often stay from one header to the next, always where nothing is retargeted.
        let last = context.last();
        let target = if bits == last.bits { Some(last.target) } else { Target::from_bits(bits) };
        let target = target
            .filter(|target| bits == self.limit_bits || *target <= self.limit)
            .ok_or(HeaderError::BadTarget { height, bits })?;
        if !target.is_met_by(hash) {
            return Err(HeaderError::BadProofOfWork { height, hash: *hash, bits });
        }
        let required = self.required_bits(context, header.time);
        if !required.allows(bits) {
            return Err(HeaderError::WrongBits { height, required, found: bits });
        }
        let checkpoint = checkpoints::verify_hash(&self.params, height, hash)?;
        if !context.median_time_past_is_below(header.time) {
            let median = context.median_time_past();
            return Err(HeaderError::TimeTooOld { height, time: header.time, median });
        }
        let latest = time::latest(now);
        if u64::from(header.time) > latest {
            return Err(HeaderError::TimeTooNew { height, time: header.time, latest });
        }
        let least = self.least_version(height);
        if header.version < least {
            return Err(HeaderError::BadVersion { height, version: header.version, least });
        }
        Ok((Past { time: header.time, bits, target }, checkpoint))
    }

    /// The least version of a header at this height: 2 from BIP34 on, 3 from BIP66, 4 from BIP65.
    pub fn least_version(&self, height: u32) -> i32 {
        let activation = &self.params.activation;
        if height >= activation.bip65 {
            4
        } else if height >= activation.bip66 {
            3
        } else if height >= activation.bip34 {
            2
        } else {
            i32::MIN
        }
    }
}

/// Checks a header that is to follow `parent`, the context's last header, by all rules, its link and the work of a
/// checkpoint included, and moves the context on to it.
pub(crate) fn follow(
    rules: &Rules,
    context: &mut Context,
    works: &mut WorkCache,
    parent: &Entry,
    header: &Header,
    hash: &BlockHash,
    now: u64,
) -> Result<Entry, HeaderError> {
    if header.prev_block_hash != parent.hash {
        return Err(HeaderError::NotLinked { expected: parent.hash, found: header.prev_block_hash });
    }
    let (past, checkpoint) = rules.verify(context, header, hash, now)?;
    let height = parent.height + 1;
    let work = parent.work.wrapping_add(works.work_of(past.bits));
    if let Some(checkpoint) = checkpoint {
        checkpoints::verify_work(checkpoint, &work)?;
    }
    context.push_past(rules, past);
    Ok(Entry { header: *header, hash: *hash, height, work })
}

/// What is wrong with a header, or with where it wants to go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// `nBits` is negative, zero, too large for 256 bits or easier than the network's limit.
    #[error("target {bits:08x} of the header at height {height} is out of range")]
    BadTarget {
        /// Where.
        height: u32,
        /// Its bits.
        bits: u32,
    },
    /// The hash is above the target.
    #[error("hash {hash} of the header at height {height} does not meet its target {bits:08x}")]
    BadProofOfWork {
        /// Where.
        height: u32,
        /// Its hash.
        hash: BlockHash,
        /// The target claimed.
        bits: u32,
    },
    /// `nBits` is not what difficulty demands.
    #[error("the header at height {height} has bits {found:08x}, required are {required:08x?}")]
    WrongBits {
        /// Where.
        height: u32,
        /// What was computed.
        required: Required,
        /// What it has.
        found: u32,
    },
    /// The time is not above the median of the eleven before.
    #[error("time {time} of the header at height {height} is not above the median {median} before it")]
    TimeTooOld {
        /// Where.
        height: u32,
        /// Its time.
        time: u32,
        /// The median.
        median: u32,
    },
    /// The time is too far ahead of our clock; the clock may be what is wrong.
    #[error("time {time} of the header at height {height} is too far ahead, latest is {latest}")]
    TimeTooNew {
        /// Where.
        height: u32,
        /// Its time.
        time: u32,
        /// The latest time allowed now.
        latest: u64,
    },
    /// The version is no longer allowed.
    #[error("version {version} of the header at height {height} is below {least}")]
    BadVersion {
        /// Where.
        height: u32,
        /// Its version.
        version: i32,
        /// The least allowed.
        least: i32,
    },
    /// The hash is not the checkpoint's.
    #[error("the header at checkpoint {height} has hash {found}, not {expected}")]
    CheckpointMismatch {
        /// Where.
        height: u32,
        /// The checkpoint's hash.
        expected: BlockHash,
        /// Its hash.
        found: BlockHash,
    },
    /// The hash is the checkpoint's, but not the work: what lies below was wrong, or our start was.
    #[error("the chain has work {found} at checkpoint {height}, not {expected}")]
    CheckpointWork {
        /// Where.
        height: u32,
        /// The checkpoint's total work.
        expected: Arith256,
        /// The total work computed.
        found: Arith256,
    },
    /// A header does not follow the one before it in its message.
    #[error("a header follows {found}, not {expected} before it")]
    NotLinked {
        /// The hash before it.
        expected: BlockHash,
        /// The previous hash it has.
        found: BlockHash,
    },
    /// A branch leaves the best chain below the start or the last checkpoint passed.
    #[error("a branch forks off at height {fork}, below the checkpoint at {checkpoint}")]
    BelowCheckpoint {
        /// Height of the last common header.
        fork: u32,
        /// The checkpoint or start.
        checkpoint: u32,
    },
    /// A branch leaves the best chain below a block that a verified ChainLock names.
    #[error("a branch forks off at height {fork}, below the locked block at {pin}")]
    BelowPin {
        /// Height of the last common header.
        fork: u32,
        /// The locked height.
        pin: u32,
    },
    /// A header has the place of a block that a verified ChainLock names, or follows one that has.
    #[error("the block at height {height} is {found}, but {locked} is locked there")]
    AgainstLock {
        /// The locked height.
        height: u32,
        /// The locked block's hash.
        locked: BlockHash,
        /// The hash there.
        found: BlockHash,
    },
    /// There is no room for a side branch with so little work: those kept have more.
    #[error("no room for the branch that forks off at height {fork} with work {work}")]
    NoRoom {
        /// Height of the last common header.
        fork: u32,
        /// Total work of the branch.
        work: Arith256,
    },
    /// Fewer headers before one than the rules look at.
    #[error("{have} headers up to height {height} are known, {need} are needed")]
    MissingContext {
        /// Height of the last header known.
        height: u32,
        /// How many are known.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A header that was asked for by hash has another one.
    #[error("a header has hash {found}, asked for was {expected}")]
    WrongHash {
        /// The hash asked for.
        expected: BlockHash,
        /// The hash it has.
        found: BlockHash,
    },
    /// What a store gave back does not fit together.
    #[error("stored headers do not fit together at height {height}")]
    Damaged {
        /// Where.
        height: u32,
    },
}

/// What a [`HeaderError`] says about the peer that sent the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// No honest peer sends this.
    Malicious,
    /// Not as it should be, but an honest peer can be late, on a losing branch, or ahead of our clock.
    Suspicious,
    /// Nothing to do with a peer.
    Ours,
}

impl HeaderError {
    /// What this says about the peer.
    pub fn severity(&self) -> Severity {
        match self {
            Self::BadTarget { .. }
            | Self::BadProofOfWork { .. }
            | Self::WrongBits { .. }
            | Self::TimeTooOld { .. }
            | Self::BadVersion { .. }
            | Self::CheckpointMismatch { .. }
            | Self::CheckpointWork { .. }
            | Self::NotLinked { .. }
            | Self::BelowCheckpoint { .. }
            | Self::WrongHash { .. } => Severity::Malicious,
            Self::TimeTooNew { .. }
            | Self::BelowPin { .. }
            | Self::AgainstLock { .. }
            | Self::NoRoom { .. } => Severity::Suspicious,
            Self::MissingContext { .. } | Self::Damaged { .. } => Severity::Ours,
        }
    }

    /// Whether no honest peer sends this.
    pub fn is_malicious(&self) -> bool {
        self.severity() == Severity::Malicious
    }
}

#[cfg(test)]
mod tests;
