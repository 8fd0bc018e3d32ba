//! What peers do wrong: the table of faults and the table of lies.

use crate::chain::Flaw;

/// A name that stands for no fault or no lie.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names none of them")]
pub struct UnknownName(String);

macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name on the command line and in test output.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<Self, UnknownName> {
                Self::ALL.iter().copied().find(|one| one.name() == name).ok_or_else(|| UnknownName(name.to_owned()))
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// What can be wrong with an honest peer. None of it proves ill will, so none of it must get the peer banned for
    /// that alone, and sync must go on beside it.
    Fault {
        /// Answers take up to one and a half seconds.
        Latency = "latency",
        /// 64 KB/s.
        Slow = "slow",
        /// Four of ten answers are never sent.
        Loss = "loss",
        /// Falls silent after its first answer, the connection stays.
        Stall = "stall",
        /// Takes connections and never says a word.
        Silent = "silent",
        /// Takes no connection at all.
        Refuse = "refuse",
        /// Closes the connection in the middle of an answer, again and again.
        Disconnect = "disconnect",
        /// Answers requests in another order than they came.
        Reorder = "reorder",
        /// Sends everything in pieces of a few bytes.
        Fragments = "fragments",
        /// Serves a chain that ends dozens of blocks below the tip, and says that this is all.
        Withhold = "withhold",
        /// Is on a valid fork with less work.
        StaleFork = "stale-fork",
        /// Answers every request with no headers, as a node does that is itself syncing.
        Empty = "empty",
        /// Claims a start height of two thousand million.
        AbsurdHeight = "absurd-height",
        /// Claims a start height below zero.
        NegativeHeight = "negative-height",
        /// Its protocol version is below the least that is spoken.
        OldProtocol = "old-protocol",
        /// Does not know compressed headers.
        PlainHeaders = "plain-headers",
        /// Announces blocks by `inv` alone.
        InvOnly = "inv-only",
        /// Never answers a ping.
        NoPong = "no-pong",
    }
}

named! {
    /// How a peer lies. Each can be told from honest behaviour by what was sent, and must get the peer banned.
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
}
