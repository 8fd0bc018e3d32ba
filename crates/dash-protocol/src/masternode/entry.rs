//! Entries of the simplified masternode list (DIP-4; Dash Core `evo/simplifiedmns.h`).

use crate::bls::BlsPublicKey;
use crate::hash::{ConfirmedHash, ProTxHash};

/// What kind of masternode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MasternodeType {
    /// 1,000 DASH.
    Regular,
    /// 4,000 DASH; serves Platform, too.
    Evo,
}

/// Where a masternode is reached, as serialized: the form depends on the version of what holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum NetInfo {
    /// Versions 1 and 2: 16 bytes of IPv6 and a port; all zero for none.
    Service {
        /// IPv4 as `::ffff:a.b.c.d`.
        ip: [u8; 16],
        /// The port.
        port: u16,
    },
    /// Version 3: the extended form's bytes as they came; checked for its structure.
    Extended(Vec<u8>),
}

/// A masternode as lists have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmlEntry {
    /// 1 legacy BLS, 2 basic BLS, 3 extended addresses. Not part of the hash.
    pub version: u16,
    /// Its name.
    pub pro_tx_hash: ProTxHash,
    /// Zero until it is confirmed.
    pub confirmed_hash: ConfirmedHash,
    /// Where it is reached.
    pub net_info: NetInfo,
    /// Its operator's key: legacy encoding in version 1, else basic.
    pub operator_key: BlsPublicKey,
    /// Hash160 of the voting key.
    pub voting_key_id: [u8; 20],
    /// False while it is banned for bad service.
    pub is_valid: bool,
    /// Its kind; version 1 is always regular.
    pub kind: MasternodeType,
    /// Evo nodes below version 3 only, else 0.
    pub platform_http_port: u16,
    /// Evo nodes only, else zero.
    pub platform_node_id: [u8; 20],
}
