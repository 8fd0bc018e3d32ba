//! The registration of a masternode (DIP-3, DIP-28; Dash Core `evo/providertx.h`).

use crate::bls::{BlsPublicKey, BlsScheme};
use crate::encode::{Decode, DecodeError, Encode, Reader, put_var_bytes};
use crate::masternode::{MasternodeType, NetInfo};
use crate::transaction::{MAX_EXTRA_PAYLOAD, OutPoint, script};

/// Reads the version that every provider payload begins with: 1 legacy BLS, 2 basic BLS, 3 extended addresses.
pub(super) fn version(r: &mut Reader<'_>) -> Result<u16, DecodeError> {
    match r.u16()? {
        known @ 1..=3 => Ok(known),
        value => Err(DecodeError::Invalid { what: "version of a provider payload", value: value.into() }),
    }
}

/// The encoding of keys and signatures in a provider payload of this version.
pub(super) const fn scheme(version: u16) -> BlsScheme {
    if version == 1 { BlsScheme::Legacy } else { BlsScheme::Basic }
}

/// What an evo node says of its place in Platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PlatformFields {
    /// Its name in Platform's network.
    pub node_id: [u8; 20],
    /// The port of Platform's network; there below version 3, else 0.
    pub p2p_port: u16,
    /// The port of Platform's interface for clients; there below version 3, else 0.
    pub http_port: u16,
}

impl PlatformFields {
    /// Appends the form that a payload of `version` has.
    pub(super) fn encode(&self, version: u16, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.node_id);
        if version < 3 {
            out.extend_from_slice(&self.p2p_port.to_le_bytes());
            out.extend_from_slice(&self.http_port.to_le_bytes());
        }
    }

    /// Reads the form that a payload of `version` has, if the masternode is of a kind that has it.
    pub(super) fn decode(
        r: &mut Reader<'_>,
        version: u16,
        kind: MasternodeType,
    ) -> Result<Option<Self>, DecodeError> {
        if kind != MasternodeType::Evo {
            return Ok(None);
        }
        let node_id = *r.array()?;
        let (p2p_port, http_port) = if version < 3 { (r.u16()?, r.u16()?) } else { (0, 0) };
        Ok(Some(Self { node_id, p2p_port, http_port }))
    }
}

/// Type 1: registers a masternode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRegister {
    /// 1 legacy BLS, 2 basic BLS, 3 extended addresses.
    pub version: u16,
    /// The kind of masternode.
    pub kind: MasternodeType,
    /// 0.
    pub mode: u16,
    /// The output that is its collateral; with a zero txid an output of this transaction.
    pub collateral: OutPoint,
    /// Where it is reached.
    pub net_info: NetInfo,
    /// Hash160 of the owner's key.
    pub owner_key_id: [u8; 20],
    /// The operator's key, in the encoding that the version says.
    pub operator_key: BlsPublicKey,
    /// Hash160 of the voting key.
    pub voting_key_id: [u8; 20],
    /// The operator's share of the reward, in hundredths of a percent.
    pub operator_reward: u16,
    /// The script that the owner is paid to.
    pub payout_script: Vec<u8>,
    /// Hash of the transaction's inputs.
    pub inputs_hash: [u8; 32],
    /// There for evo nodes only.
    pub platform: Option<PlatformFields>,
    /// By the collateral's key; empty if the collateral is an output of this transaction.
    pub signature: Vec<u8>,
}

impl ProviderRegister {
    /// The encoding of the operator's key.
    #[must_use]
    pub const fn scheme(&self) -> BlsScheme {
        scheme(self.version)
    }
}

impl Encode for ProviderRegister {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.version.to_le_bytes());
        self.kind.encode(out);
        out.extend_from_slice(&self.mode.to_le_bytes());
        self.collateral.encode(out);
        self.net_info.encode(out);
        out.extend_from_slice(&self.owner_key_id);
        self.operator_key.encode(out);
        out.extend_from_slice(&self.voting_key_id);
        out.extend_from_slice(&self.operator_reward.to_le_bytes());
        put_var_bytes(out, &self.payout_script);
        out.extend_from_slice(&self.inputs_hash);
        if let Some(platform) = self.platform.filter(|_| self.kind == MasternodeType::Evo) {
            platform.encode(self.version, out);
        }
        put_var_bytes(out, &self.signature);
    }
}

impl Decode for ProviderRegister {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let version = version(r)?;
        let kind = MasternodeType::decode(r)?;
        Ok(Self {
            version,
            kind,
            mode: r.u16()?,
            collateral: OutPoint::decode(r)?,
            net_info: NetInfo::decode(r, version)?,
            owner_key_id: *r.array()?,
            operator_key: BlsPublicKey::decode(r)?,
            voting_key_id: *r.array()?,
            operator_reward: r.u16()?,
            payout_script: script(r)?,
            inputs_hash: *r.array()?,
            platform: PlatformFields::decode(r, version, kind)?,
            signature: signature(r)?,
        })
    }
}

/// A signature by a classical key, as long as its payload allows.
pub(super) fn signature(r: &mut Reader<'_>) -> Result<Vec<u8>, DecodeError> {
    r.var_bytes("bytes of a signature", MAX_EXTRA_PAYLOAD).map(<[u8]>::to_vec)
}
