//! What honest peers do wrong: the table of faults.

/// A name that stands for no fault or no lie.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names none of them")]
pub struct UnknownName(pub(super) String);

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
        /// Half of all requests for list diffs and rotation info are never answered.
        FailingLists = "failing-lists",
        /// Requests for rotation info are never answered.
        NoQrInfo = "no-qrinfo",
        /// Of protocol 70,235: no diff of its rotation info builds on another one.
        OldQrInfo = "old-qrinfo",
    }
}

pub(super) use named;
