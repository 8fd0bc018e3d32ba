//! Announcements and requests by hash: `inv`, `getdata`, `notfound`.

use crate::encode::{Decode, DecodeError, Encode, Reader};

/// The most entries of one message (Dash Core `net_processing.cpp`, `MAX_INV_SZ`).
pub const MAX_INV: usize = 50_000;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// What an inventory entry's hash names (Dash Core `protocol.h`, `GetDataMsg`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum InventoryKind {
            $($(#[$doc])* $name,)*
            /// A kind that this crate does not know. [`InventoryKind::from_u32`] never makes one of a known number.
            Other(u32),
        }

        impl InventoryKind {
            /// From the number on the wire.
            #[must_use]
            pub const fn from_u32(number: u32) -> Self {
                match number {
                    $($number => Self::$name,)*
                    other => Self::Other(other),
                }
            }

            /// The number on the wire.
            #[must_use]
            pub const fn to_u32(self) -> u32 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Other(number) => number,
                }
            }
        }
    };
}

kinds! {
    /// A transaction, by its txid.
    Transaction = 1,
    /// A block, by its header's hash.
    Block = 2,
    /// A block filtered by the peer's bloom filter; in `getdata` only.
    FilteredBlock = 3,
    /// A spork.
    Spork = 6,
    /// A CoinJoin transaction, by its txid.
    CoinJoinTransaction = 16,
    /// A governance object.
    GovernanceObject = 17,
    /// A governance vote.
    GovernanceVote = 18,
    /// A compact block.
    CompactBlock = 20,
    /// A quorum's final commitment.
    QuorumFinalCommitment = 21,
    /// A contribution to a distributed key generation.
    QuorumContribution = 23,
    /// A complaint in a distributed key generation.
    QuorumComplaint = 24,
    /// A justification in a distributed key generation.
    QuorumJustification = 25,
    /// A premature commitment in a distributed key generation.
    QuorumPrematureCommitment = 26,
    /// A recovered threshold signature.
    QuorumRecoveredSignature = 28,
    /// A ChainLock.
    ChainLock = 29,
    /// An InstantSend lock.
    InstantSendLock = 31,
    /// A CoinJoin queue entry.
    CoinJoinQueue = 32,
    /// A ban of a masternode by Platform.
    PlatformBan = 33,
}

/// One entry of `inv`, `getdata` or `notfound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inventory {
    /// What the hash names.
    pub kind: InventoryKind,
    /// The hash in internal order.
    pub hash: [u8; 32],
}

impl Inventory {
    /// Bytes of an entry.
    pub const LEN: usize = 36;

    /// A block.
    #[must_use]
    pub const fn block(hash: crate::BlockHash) -> Self {
        Self { kind: InventoryKind::Block, hash: hash.to_bytes() }
    }

    /// A transaction.
    #[must_use]
    pub const fn transaction(txid: crate::Txid) -> Self {
        Self { kind: InventoryKind::Transaction, hash: txid.to_bytes() }
    }
}

impl Encode for Inventory {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.kind.to_u32().to_le_bytes());
        out.extend_from_slice(&self.hash);
    }
}

impl Decode for Inventory {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kind: InventoryKind::from_u32(r.u32()?), hash: *r.array()? })
    }
}
