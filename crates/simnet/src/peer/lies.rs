//! How peers lie: the table of lies, and the checks that each one meets.

use super::UnknownName;
use super::behaviour::named;
use crate::chain::Flaw;
use dash_spv_wasm::checks::Check;

named! {
    /// How a peer lies. Each can be told from honest behaviour by what was sent, and none may be believed; all but
    /// those that [`Lie::is_deniable`] must get the peer banned.
    Lie {
        /// A header whose hash is above its target.
        ProofOfWork = "proof-of-work",
        /// A header with a target above the network's limit.
        TargetAboveLimit = "target-above-limit",
        /// A header whose bits encode a negative target.
        NegativeTarget = "negative-target",
        /// A header whose bits encode zero.
        ZeroTarget = "zero-target",
        /// A header with other bits than required, off by one.
        WrongBits = "wrong-bits",
        /// A header not later than the median of its eleven ancestors.
        TimeTooOld = "time-too-old",
        /// A header a day ahead of the clock.
        TimeTooNew = "time-too-new",
        /// A header of version 3.
        VersionTooLow = "version-too-low",
        /// A header in the middle of an answer that does not link to the one before.
        Unlinked = "unlinked",
        /// A valid chain that leaves the honest one right before a checkpoint.
        CheckpointMismatch = "checkpoint-mismatch",
        /// A valid chain with more work than the honest one that goes around a checkpoint.
        CheckpointFork = "checkpoint-fork",
        /// Another valid fork with less work in every answer, and more of them unasked, to fill memory.
        LowWorkForks = "low-work-forks",
        /// Headers with proof of work whose first has a parent that nobody knows.
        ForeignChain = "foreign-chain",
        /// Every answer starts at height 1 again, whatever the locator said.
        RepeatedHeaders = "repeated-headers",
        /// Long runs of headers that nobody asked for.
        UnrequestedHeaders = "unrequested-headers",
        /// Answers a request time and again.
        EndlessAnswers = "endless-answers",
        /// 2,001 headers in one message.
        TooManyHeaders = "too-many-headers",
        /// 8,001 compressed headers in one message.
        TooManyHeaders2 = "too-many-headers2",
        /// 50,001 inventory entries in one message.
        TooManyInv = "too-many-inv",
        /// 1,001 addresses in one message.
        TooManyAddr = "too-many-addr",
        /// Answers under a magic of no network.
        WrongMagic = "wrong-magic",
        /// Speaks as a peer of mainnet from its first message on.
        OtherNetwork = "other-network",
        /// Answers whose checksum is wrong.
        BadChecksum = "bad-checksum",
        /// Answers whose command is not text.
        BadCommand = "bad-command",
        /// Declares a payload above 3 MiB.
        Oversized = "oversized",
        /// A count in more bytes than it needs.
        NonMinimalCount = "non-minimal-count",
        /// A payload that ends in the middle of a header, in a sound frame.
        Truncated = "truncated",
        /// A payload with more behind its last header.
        TrailingBytes = "trailing-bytes",
        /// Half an answer at once and the rest at a byte a second.
        Trickle = "trickle",
        /// Random bytes in place of an answer.
        Garbage = "garbage",
        /// A `version` message that ends too early.
        MalformedVersion = "malformed-version",
        /// Compressed headers whose first entry leaves fields out.
        Headers2FirstEntry = "headers2-first-entry",
        /// Compressed headers that refer to a version that the list does not have.
        Headers2BadOffset = "headers2-bad-offset",
        /// Compressed headers that end in the middle of an entry.
        Headers2Truncated = "headers2-truncated",
        /// Compressed headers with an entry that names a parent other than the entry before.
        Headers2Unlinked = "headers2-unlinked",
        /// A masternode with another voting key than it has.
        ListEntryChanged = "list-entry-changed",
        /// A masternode that does not exist.
        ListEntryAdded = "list-entry-added",
        /// A masternode left out.
        ListEntryRemoved = "list-entry-removed",
        /// A quorum left out.
        QuorumHidden = "quorum-hidden",
        /// A quorum that signs no longer, as if it still did.
        QuorumStale = "quorum-stale",
        /// A quorum with another's key and that one's signature.
        QuorumForged = "quorum-forged",
        /// A commitment whose quorum signature has one bit changed.
        CommitmentSignature = "commitment-signature",
        /// A commitment with a bit for a member too many.
        CommitmentCount = "commitment-count",
        /// A commitment of a type that the network does not have.
        CommitmentType = "commitment-type",
        /// A changed list, and a coinbase made to fit it.
        CoinbaseForged = "coinbase-forged",
        /// The lists and the coinbase of an earlier block, as if they were those of the block asked for.
        CoinbaseOfAnotherBlock = "coinbase-of-another-block",
        /// A true diff from another block than the one asked from.
        OtherBase = "other-base",
        /// Rotation info with one snapshot turned around.
        SnapshotForged = "snapshot-forged",
        /// Rotation info with places to skip beyond the end of the list.
        SkipListRange = "skip-list-range",
        /// Rotation info whose last commitments are not those of the diffs.
        LastCommitmentForged = "last-commitment-forged",
        /// True list diffs that nobody asked for.
        UnsolicitedDiff = "unsolicited-diff",
        /// True rotation info that nobody asked for.
        UnsolicitedQrInfo = "unsolicited-qrinfo",
        /// A list of a million masternodes, of which the message ends long before.
        MillionEntries = "million-entries",
        /// A commitment with bits behind the last of its set.
        StrayBits = "stray-bits",
        /// A ChainLock for a height that the chain will not reach for long.
        LockFarFuture = "lock-far-future",
        /// A ChainLock for the tip with the signature of another block's.
        LockBadSignature = "lock-bad-signature",
        /// A ChainLock for the tip by a quorum that is not the one selected.
        LockWrongQuorum = "lock-wrong-quorum",
        /// A ChainLock by the selected quorum, whose commitment a miner made up.
        LockUnprovenQuorum = "lock-unproven-quorum",
        /// Another chain from below the last ChainLocks, with more work.
        LockedReorg = "locked-reorg",
        /// An InstantSend lock with the signature of another transaction's.
        InstantBadSignature = "instant-bad-signature",
        /// An InstantSend lock by another quorum of the cycle.
        InstantWrongQuorum = "instant-wrong-quorum",
        /// An InstantSend lock of a cycle that has no quorum at the index.
        InstantIndexRange = "instant-index-range",
        /// An InstantSend lock whose cycle begins at a block that begins none, so that another quorum is named.
        InstantNoCycle = "instant-no-cycle",
        /// An InstantSend lock for other inputs than the transaction's.
        InstantOtherInputs = "instant-other-inputs",
        /// Filter headers on top of another one than the one before them.
        FilterHeadersUnlinked = "filter-headers-unlinked",
        /// A chain of filter headers of its own, from a block on of which nobody has such a filter.
        FilterHeadersForged = "filter-headers-forged",
        /// A `cfcheckpt` that is not of any chain of filter headers.
        FilterCheckpointForged = "filter-checkpoint-forged",
        /// A filter without a script that its block pays; all headers are true.
        FilterOmitsOutput = "filter-omits-output",
        /// A filter without a script that its block pays, with a chain of filter headers to fit it.
        FilterOmitsOutputChained = "filter-omits-output-chained",
        /// A filter without a script that its block spends from, with a chain of filter headers to fit it.
        FilterOmitsSpentChained = "filter-omits-spent-chained",
        /// Says that it has filters, and never sends one.
        FiltersWithheld = "filters-withheld",
        /// Leaves the filters of some blocks out of its answers.
        FiltersIncomplete = "filters-incomplete",
        /// True filters that nobody asked for.
        FiltersUnsolicited = "filters-unsolicited",
        /// A block with an output of another value.
        BlockChanged = "block-changed",
        /// A block without its last transaction.
        BlockShortened = "block-shortened",
        /// A block whose last transactions stand twice, which leaves its merkle root as it is.
        BlockDuplicatedTail = "block-duplicated-tail",
        /// A block with a changed transaction and a header made to fit it, which has no proof of work.
        BlockMadeUp = "block-made-up",
        /// Payments that nobody made: to scripts that the chain shows in use, and from them with a stranger's key.
        PaymentsMadeUp = "payments-made-up",
    }
}

impl Lie {
    /// The rule that this lie's header breaks, for lies of one header.
    pub const fn flaw(self) -> Option<Flaw> {
        Some(match self {
            Self::ProofOfWork => Flaw::ProofOfWork,
            Self::TargetAboveLimit => Flaw::TargetAboveLimit,
            Self::NegativeTarget => Flaw::NegativeTarget,
            Self::ZeroTarget => Flaw::ZeroTarget,
            Self::WrongBits => Flaw::WrongBits,
            Self::TimeTooOld => Flaw::TimeTooOld,
            Self::TimeTooNew => Flaw::TimeTooNew,
            Self::VersionTooLow => Flaw::VersionTooLow,
            Self::Unlinked => Flaw::Unlinked,
            _ => return None,
        })
    }

    /// Whether the lie needs a client that knows a checkpoint of the chain.
    pub const fn needs_checkpoint(self) -> bool {
        matches!(self, Self::CheckpointMismatch | Self::CheckpointFork)
    }

    /// The lies about headers, messages and peers.
    pub fn of_headers() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|lie| !lie.needs_masternodes() && !lie.needs_filters())
    }

    /// The lies about masternodes, quorums and locks that a client without a wallet can tell: it does not look at
    /// transactions, so [`Lie::InstantOtherInputs`], which takes a whole quorum to tell, is not among them.
    pub fn of_masternodes() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|lie| lie.needs_masternodes() && *lie != Self::InstantOtherInputs)
    }

    /// The lies about filters, blocks and payments.
    pub fn of_filters() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|lie| lie.needs_filters())
    }

    /// Whether the lie is about masternodes, quorums or locks, and needs a chain that has them.
    pub fn needs_masternodes(self) -> bool {
        (Self::ListEntryChanged..=Self::InstantOtherInputs).contains(&self)
    }

    /// Whether the lie is about filters, blocks or payments, and needs a chain whose blocks hold some.
    pub fn needs_filters(self) -> bool {
        self >= Self::FilterHeadersUnlinked
    }

    /// Whether the lie is a lock that is announced unasked.
    pub const fn is_offered(self) -> bool {
        matches!(
            self,
            Self::LockFarFuture
                | Self::LockBadSignature
                | Self::LockWrongQuorum
                | Self::LockUnprovenQuorum
                | Self::InstantBadSignature
                | Self::InstantWrongQuorum
                | Self::InstantIndexRange
                | Self::InstantNoCycle
                | Self::InstantOtherInputs
        )
    }

    /// The checks that refuse the lie, in the order in which it meets them: with all of them switched off it is
    /// believed. None for lies that the decoder refuses, and for those about headers.
    pub const fn checks(self) -> &'static [Check] {
        match self {
            Self::ListEntryChanged | Self::ListEntryAdded | Self::ListEntryRemoved => &[Check::ListRoot],
            Self::QuorumHidden | Self::QuorumStale => &[Check::QuorumRoot],
            Self::QuorumForged => &[Check::QuorumRoot, Check::CommitmentSignatures, Check::Members],
            Self::CommitmentSignature => &[Check::QuorumRoot, Check::CommitmentSignatures],
            Self::CommitmentCount => &[Check::CommitmentForm, Check::QuorumRoot, Check::Members],
            Self::CommitmentType => &[Check::CommitmentForm, Check::QuorumRoot],
            Self::CoinbaseForged => &[Check::CoinbasePath],
            Self::CoinbaseOfAnotherBlock => &[Check::CoinbasePath, Check::CoinbaseHeight],
            // In rotation info the base is looked at; a diff by itself is not what was asked for.
            Self::OtherBase => &[Check::DiffBase, Check::Unsolicited],
            Self::SnapshotForged => &[Check::CommitmentSignatures, Check::Members],
            Self::SkipListRange => &[Check::SnapshotRange],
            Self::LastCommitmentForged => &[Check::QuorumAnchored],
            Self::UnsolicitedDiff | Self::UnsolicitedQrInfo => &[Check::Unsolicited],
            Self::LockFarFuture => &[Check::LockKnown],
            Self::LockBadSignature => &[Check::ChainLockSignature],
            Self::LockWrongQuorum => &[Check::QuorumSelection],
            Self::LockUnprovenQuorum => &[Check::QuorumVerified],
            Self::LockedReorg => &[Check::ChainLockPin, Check::LockedBranch],
            Self::InstantBadSignature | Self::InstantWrongQuorum => &[Check::InstantLockSignature],
            Self::InstantIndexRange => &[Check::InstantLockIndex, Check::LockKnown],
            Self::InstantNoCycle => &[Check::InstantLockCycle],
            Self::InstantOtherInputs => &[Check::InstantLockInputs],
            Self::FilterHeadersUnlinked => &[Check::FilterLink],
            // No filter fits its hash: with nothing but agreement switched off the phase ends in a dead end.
            Self::FilterHeadersForged => &[Check::FilterAgreement, Check::FilterHash],
            Self::FilterCheckpointForged => &[Check::FilterCheckpoint],
            Self::FilterOmitsOutput => &[Check::FilterHash],
            Self::FilterOmitsOutputChained => &[Check::FilterAgreement, Check::FilterContents],
            Self::FilterOmitsSpentChained => &[Check::FilterAgreement, Check::FilterSpends],
            // Taken for one that was asked for, it is not the filter of that block.
            Self::FiltersUnsolicited => &[Check::Unsolicited, Check::FilterHash],
            Self::BlockChanged | Self::BlockShortened => &[Check::BlockMerkle],
            Self::BlockDuplicatedTail => &[Check::BlockDuplicates],
            Self::BlockMadeUp => &[Check::BlockHash],
            Self::PaymentsMadeUp => &[Check::SpendShown],
            _ => &[],
        }
    }

    /// The first of [`Lie::checks`].
    pub const fn check(self) -> Option<Check> {
        match self.checks() {
            [first, ..] => Some(*first),
            [] => None,
        }
    }

    /// Whether it takes another voice to find the lie out. Nothing in a block proves its filter, and a block that no
    /// filter points to is never looked at: when all peers leave the same out of the same filters, what those blocks
    /// have is not found, be it a payment or the spend of a coin that goes on to be told. Nothing is made up thereby.
    pub const fn needs_witness(self) -> bool {
        matches!(self, Self::FilterOmitsOutputChained | Self::FilterOmitsSpentChained)
    }

    /// Whether an honest peer could have been deceived into the same, so that nobody need be banned for it: what cannot
    /// be verified yet, what it takes masternodes or miners to forge, what is left unsaid, what is true and comes late,
    /// and payments that nobody signed.
    pub const fn is_deniable(self) -> bool {
        matches!(
            self,
            Self::LockFarFuture
                | Self::LockUnprovenQuorum
                | Self::InstantIndexRange
                | Self::InstantOtherInputs
                | Self::SkipListRange
                | Self::FiltersWithheld
                | Self::FiltersIncomplete
                | Self::FiltersUnsolicited
                | Self::PaymentsMadeUp
        )
    }
}
