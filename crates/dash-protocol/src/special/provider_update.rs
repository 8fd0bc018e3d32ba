//! What changes a registered masternode (DIP-3, DIP-28; Dash Core `evo/providertx.h`).

use super::provider::{PlatformFields, scheme, signature, version};
use crate::bls::{BlsPublicKey, BlsScheme, BlsSignature};
use crate::encode::{Decode, DecodeError, Encode, Reader, put_var_bytes};
use crate::hash::ProTxHash;
use crate::masternode::{MasternodeType, NetInfo};
use crate::transaction::script;

/// Type 2: the operator says where the masternode is reached, and unbans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUpdateService {
    /// 1 legacy BLS, 2 basic BLS, 3 extended addresses.
    pub version: u16,
    /// The kind of masternode; version 1 is always regular.
    pub kind: MasternodeType,
    /// The masternode.
    pub pro_tx_hash: ProTxHash,
    /// Where it is reached.
    pub net_info: NetInfo,
    /// The script that the operator's share is paid to; empty for none.
    pub payout_script: Vec<u8>,
    /// Hash of the transaction's inputs.
    pub inputs_hash: [u8; 32],
    /// There for evo nodes only.
    pub platform: Option<PlatformFields>,
    /// By the operator's key, in the encoding that the version says.
    pub signature: BlsSignature,
}

/// Type 3: the owner changes keys and payout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUpdateRegistrar {
    /// 1 legacy BLS, 2 and 3 basic BLS.
    pub version: u16,
    /// The masternode.
    pub pro_tx_hash: ProTxHash,
    /// 0.
    pub mode: u16,
    /// The operator's key, in the encoding that the version says.
    pub operator_key: BlsPublicKey,
    /// Hash160 of the voting key.
    pub voting_key_id: [u8; 20],
    /// The script that the owner is paid to.
    pub payout_script: Vec<u8>,
    /// Hash of the transaction's inputs.
    pub inputs_hash: [u8; 32],
    /// By the owner's key.
    pub signature: Vec<u8>,
}

/// Type 4: the operator gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderUpdateRevoke {
    /// 1 legacy BLS, 2 and 3 basic BLS.
    pub version: u16,
    /// The masternode.
    pub pro_tx_hash: ProTxHash,
    /// 0 not said, 1 end of service, 2 compromised keys, 3 change of keys.
    pub reason: u16,
    /// Hash of the transaction's inputs.
    pub inputs_hash: [u8; 32],
    /// By the operator's key, in the encoding that the version says.
    pub signature: BlsSignature,
}

macro_rules! schemes {
    ($($name:ident)*) => {
        $(impl $name {
            /// The encoding of BLS keys and signatures in it.
            #[must_use]
            pub const fn scheme(&self) -> BlsScheme {
                scheme(self.version)
            }
        })*
    };
}

schemes!(ProviderUpdateService ProviderUpdateRegistrar ProviderUpdateRevoke);

impl Encode for ProviderUpdateService {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        if self.version >= 2 {
            self.kind.encode(out);
        }
        self.pro_tx_hash.encode(out);
        self.net_info.encode(out);
        put_var_bytes(out, &self.payout_script);
        out.extend_from_slice(&self.inputs_hash);
        if let Some(platform) = self.platform.filter(|_| self.kind == MasternodeType::Evo) {
            platform.encode(self.version, out);
        }
        self.signature.encode(out);
    }
}

impl Decode for ProviderUpdateService {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = version(r)?;
        let kind = if version >= 2 { MasternodeType::decode(r)? } else { MasternodeType::Regular };
        Ok(Self {
            version,
            kind,
            pro_tx_hash: ProTxHash::decode(r)?,
            net_info: NetInfo::decode(r, version)?,
            payout_script: script(r)?,
            inputs_hash: *r.array()?,
            platform: PlatformFields::decode(r, version, kind)?,
            signature: BlsSignature::decode(r)?,
        })
    }
}

impl Encode for ProviderUpdateRegistrar {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.pro_tx_hash.encode(out);
        out.extend_from_slice(&self.mode.to_le_bytes());
        self.operator_key.encode(out);
        out.extend_from_slice(&self.voting_key_id);
        put_var_bytes(out, &self.payout_script);
        out.extend_from_slice(&self.inputs_hash);
        put_var_bytes(out, &self.signature);
    }
}

impl Decode for ProviderUpdateRegistrar {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: version(r)?,
            pro_tx_hash: ProTxHash::decode(r)?,
            mode: r.u16()?,
            operator_key: BlsPublicKey::decode(r)?,
            voting_key_id: *r.array()?,
            payout_script: script(r)?,
            inputs_hash: *r.array()?,
            signature: signature(r)?,
        })
    }
}

impl Encode for ProviderUpdateRevoke {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.pro_tx_hash.encode(out);
        out.extend_from_slice(&self.reason.to_le_bytes());
        out.extend_from_slice(&self.inputs_hash);
        self.signature.encode(out);
    }
}

impl Decode for ProviderUpdateRevoke {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            version: version(r)?,
            pro_tx_hash: ProTxHash::decode(r)?,
            reason: r.u16()?,
            inputs_hash: *r.array()?,
            signature: BlsSignature::decode(r)?,
        })
    }
}
