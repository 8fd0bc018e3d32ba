//! Entries of the simplified masternode list (DIP-4; Dash Core `evo/simplifiedmns.h`).

use super::NetInfo;
use crate::bls::{BlsPublicKey, BlsScheme};
use crate::encode::{Decode, DecodeError, Encode, Reader};
use crate::hash::{ConfirmedHash, ProTxHash, sha256d};

/// What kind of masternode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MasternodeType {
    /// 1,000 DASH.
    Regular = 0,
    /// 4,000 DASH; serves Platform, too.
    Evo = 1,
}

impl Encode for MasternodeType {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(*self as u16).to_le_bytes());
    }
}

impl Decode for MasternodeType {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u16()? {
            0 => Ok(Self::Regular),
            1 => Ok(Self::Evo),
            value => Err(DecodeError::Invalid { what: "type of a masternode", value: value.into() }),
        }
    }
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

impl SmlEntry {
    /// Bytes of the shortest encoding: version 3 without an address, as a regular masternode.
    pub const MIN_LEN: usize = 2 + 32 + 32 + 1 + 48 + 20 + 1 + 2;

    /// The encoding of the operator's key.
    #[must_use]
    pub const fn scheme(&self) -> BlsScheme {
        if self.version == 1 { BlsScheme::Legacy } else { BlsScheme::Basic }
    }

    /// Its leaf in the merkle tree over the list: the hash of all but the version.
    #[must_use]
    pub fn leaf_hash(&self) -> [u8; 32] {
        let mut preimage = Vec::with_capacity(200);
        self.encode_hashed(&mut preimage);
        sha256d(&preimage)
    }

    fn encode_hashed(&self, out: &mut Vec<u8>) {
        self.pro_tx_hash.encode(out);
        self.confirmed_hash.encode(out);
        self.net_info.encode(out);
        self.operator_key.encode(out);
        out.extend_from_slice(&self.voting_key_id);
        out.push(u8::from(self.is_valid));
        if self.version >= 2 {
            self.kind.encode(out);
            if self.kind == MasternodeType::Evo {
                if self.version < 3 {
                    out.extend_from_slice(&self.platform_http_port.to_le_bytes());
                }
                out.extend_from_slice(&self.platform_node_id);
            }
        }
    }
}

impl Encode for SmlEntry {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.encode_hashed(out);
    }
}

impl Decode for SmlEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = r.u16()?;
        if !(1..=3).contains(&version) {
            return Err(DecodeError::Invalid { what: "version of a masternode", value: version.into() });
        }
        let mut entry = Self {
            version,
            pro_tx_hash: ProTxHash::decode(r)?,
            confirmed_hash: ConfirmedHash::decode(r)?,
            net_info: NetInfo::decode(r, version)?,
            operator_key: BlsPublicKey::decode(r)?,
            voting_key_id: *r.array()?,
            is_valid: r.flag("validity of a masternode")?,
            kind: if version >= 2 { MasternodeType::decode(r)? } else { MasternodeType::Regular },
            platform_http_port: 0,
            platform_node_id: [0; 20],
        };
        if entry.kind == MasternodeType::Evo {
            if version < 3 {
                entry.platform_http_port = r.u16()?;
            }
            entry.platform_node_id = *r.array()?;
        }
        Ok(entry)
    }
}
