//! Special transactions (DIP-2): the types, and their payloads.
//!
//! `coinbase.rs` has what a block's coinbase commits to.

mod coinbase;

pub use coinbase::{BestChainLock, CoinbasePayload};

use core::fmt;

macro_rules! types {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $text:literal;)*) => {
        /// What a transaction is for (Dash Core `primitives/transaction.h`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum TxType {
            $($(#[$doc])* $name = $number,)*
        }

        impl TxType {
            /// From the number on the wire.
            #[must_use]
            pub const fn from_u16(number: u16) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn to_u16(self) -> u16 {
                self as u16
            }

            /// Its name in plain words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

types! {
    /// A payment: no special type.
    Classical = 0, "classical";
    /// Registers a masternode (DIP-3).
    ProviderRegister = 1, "provider register";
    /// Changes where a masternode is reached (DIP-3).
    ProviderUpdateService = 2, "provider update service";
    /// Changes a masternode's keys and payout (DIP-3).
    ProviderUpdateRegistrar = 3, "provider update registrar";
    /// Ends an operator's service (DIP-3).
    ProviderUpdateRevoke = 4, "provider update revoke";
    /// A block's coinbase (DIP-4).
    Coinbase = 5, "coinbase";
    /// A quorum's final commitment (DIP-6).
    QuorumCommitment = 6, "quorum commitment";
    /// A quorum's vote for a hard fork (DIP-23).
    HardForkSignal = 7, "hard fork signal";
    /// Moves coins to Platform (DIP-27).
    AssetLock = 8, "asset lock";
    /// Moves coins back from Platform (DIP-27).
    AssetUnlock = 9, "asset unlock";
}

impl fmt::Display for TxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
