//! Masternodes and quorums as `masternodes()` and `quorums.list()` answer them.

use serde::Serialize;

/// `Masternode.type` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiMasternodeType {
    /// 1,000 DASH.
    Regular,
    /// 4,000 DASH; serves Platform, too.
    Evo,
}

/// `Masternode` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiMasternode {
    /// Its name, display order.
    pub pro_tx_hash: String,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: ApiMasternodeType,
    /// False while it is banned for bad service.
    pub valid: bool,
    /// `host:port`; empty for none.
    pub service: String,
    /// 48 bytes in the encoding that the list has them in.
    pub operator_key: String,
    /// An address of the network.
    pub voting_address: String,
    /// The port of Platform's HTTP interface; Evo nodes only.
    pub platform_port: Option<u16>,
}

/// `Quorum` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiQuorum {
    /// Its type's number.
    #[serde(rename = "type")]
    pub llmq_type: u8,
    /// Its name, display order.
    pub hash: String,
    /// Height of its base block; `None` where that lies before the client's start.
    pub height: Option<u32>,
    /// Its place in the cycle; rotated types only.
    pub index: Option<u32>,
    /// 48 bytes, basic encoding.
    #[serde(with = "serde_bytes")]
    pub public_key: Vec<u8>,
    /// Whether its members were computed and both signatures of its commitment hold.
    pub verified: bool,
    /// Names of its members in their order, display order; empty where they were not computed.
    pub members: Vec<String>,
}
