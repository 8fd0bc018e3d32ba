//! Special transactions (DIP-2): the types, and their payloads.
//!
//! `coinbase.rs` has what a block's coinbase commits to, `provider.rs` a masternode's registration and
//! `provider_update.rs` what changes it, `quorum.rs` quorums' commitments and votes, `asset.rs` the way to Platform and
//! back. A payload is well-formed if it is all used up; nothing else of it is checked.

mod asset;
mod coinbase;
mod provider;
mod provider_update;
mod quorum;

pub use asset::{AssetLock, AssetUnlock};
pub use coinbase::{BestChainLock, CoinbasePayload};
pub use provider::{PlatformFields, ProviderRegister};
pub use provider_update::{ProviderUpdateRegistrar, ProviderUpdateRevoke, ProviderUpdateService};
pub use quorum::{HardForkSignal, QuorumCommitment};

use core::fmt;

use crate::encode::{Decode as _, DecodeError, Encode};
use crate::transaction::Transaction;

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

/// The payload of a special transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the payload of its own name")]
pub enum SpecialPayload {
    ProviderRegister(Box<ProviderRegister>),
    ProviderUpdateService(Box<ProviderUpdateService>),
    ProviderUpdateRegistrar(ProviderUpdateRegistrar),
    ProviderUpdateRevoke(ProviderUpdateRevoke),
    Coinbase(CoinbasePayload),
    QuorumCommitment(Box<QuorumCommitment>),
    HardForkSignal(HardForkSignal),
    AssetLock(AssetLock),
    AssetUnlock(AssetUnlock),
}

impl SpecialPayload {
    /// The payload of a transaction; `None` if that is classical.
    ///
    /// # Errors
    /// [`DecodeError`] if the type is not known, or if the payload is not exactly one of its type.
    pub fn of(transaction: &Transaction) -> Result<Option<Self>, DecodeError> {
        let bytes = &transaction.payload;
        let kind = transaction.kind().ok_or(DecodeError::Invalid {
            what: "type of a transaction",
            value: transaction.tx_type.into(),
        })?;
        Ok(Some(match kind {
            TxType::Classical => return Ok(None),
            TxType::ProviderRegister => Self::ProviderRegister(Box::new(ProviderRegister::from_wire(bytes)?)),
            TxType::ProviderUpdateService => {
                Self::ProviderUpdateService(Box::new(ProviderUpdateService::from_wire(bytes)?))
            }
            TxType::ProviderUpdateRegistrar => {
                Self::ProviderUpdateRegistrar(ProviderUpdateRegistrar::from_wire(bytes)?)
            }
            TxType::ProviderUpdateRevoke => {
                Self::ProviderUpdateRevoke(ProviderUpdateRevoke::from_wire(bytes)?)
            }
            TxType::Coinbase => Self::Coinbase(CoinbasePayload::from_wire(bytes)?),
            TxType::QuorumCommitment => Self::QuorumCommitment(Box::new(QuorumCommitment::from_wire(bytes)?)),
            TxType::HardForkSignal => Self::HardForkSignal(HardForkSignal::from_wire(bytes)?),
            TxType::AssetLock => Self::AssetLock(AssetLock::from_wire(bytes)?),
            TxType::AssetUnlock => Self::AssetUnlock(AssetUnlock::from_wire(bytes)?),
        }))
    }

    /// The type of its transaction.
    #[must_use]
    pub const fn kind(&self) -> TxType {
        match self {
            Self::ProviderRegister(_) => TxType::ProviderRegister,
            Self::ProviderUpdateService(_) => TxType::ProviderUpdateService,
            Self::ProviderUpdateRegistrar(_) => TxType::ProviderUpdateRegistrar,
            Self::ProviderUpdateRevoke(_) => TxType::ProviderUpdateRevoke,
            Self::Coinbase(_) => TxType::Coinbase,
            Self::QuorumCommitment(_) => TxType::QuorumCommitment,
            Self::HardForkSignal(_) => TxType::HardForkSignal,
            Self::AssetLock(_) => TxType::AssetLock,
            Self::AssetUnlock(_) => TxType::AssetUnlock,
        }
    }
}

impl Encode for SpecialPayload {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::ProviderRegister(payload) => payload.encode(out),
            Self::ProviderUpdateService(payload) => payload.encode(out),
            Self::ProviderUpdateRegistrar(payload) => payload.encode(out),
            Self::ProviderUpdateRevoke(payload) => payload.encode(out),
            Self::Coinbase(payload) => payload.encode(out),
            Self::QuorumCommitment(payload) => payload.encode(out),
            Self::HardForkSignal(payload) => payload.encode(out),
            Self::AssetLock(payload) => payload.encode(out),
            Self::AssetUnlock(payload) => payload.encode(out),
        }
    }
}
