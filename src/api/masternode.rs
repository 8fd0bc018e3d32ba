//! Masternodes and quorums as `masternodes()` and `quorums.list()` answer them.

use crate::wallet::Address;
use dash_protocol::{AddrV2, MasternodeType, NetAddressEntry, NetPurpose, NetworkParams, SmlEntry};
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
    /// `host:port` of its first address that is an IP address or a name; empty where it has none.
    pub service: String,
    /// 48 bytes in the encoding that the list has them in.
    pub operator_key: String,
    /// An address of the network.
    pub voting_address: String,
    /// The port of Platform's HTTP interface; Evo nodes only.
    pub platform_port: Option<u16>,
}

impl ApiMasternode {
    /// An entry of a proven list.
    pub fn of(entry: &SmlEntry, params: &NetworkParams) -> Self {
        let addresses = entry.net_info.entries();
        let of = |wanted: NetPurpose| {
            addresses
                .iter()
                .filter(move |(purpose, _)| *purpose == wanted)
                .filter_map(|(_, entry)| reached(entry))
        };
        let is_evo = entry.kind == MasternodeType::Evo;
        let platform_port = match entry.platform_http_port {
            0 => of(NetPurpose::PlatformHttps).next().map(|(_, port)| port),
            port => Some(port),
        };
        Self {
            pro_tx_hash: entry.pro_tx_hash.to_string(),
            kind: if is_evo { ApiMasternodeType::Evo } else { ApiMasternodeType::Regular },
            valid: entry.is_valid,
            service: of(NetPurpose::CoreP2p)
                .next()
                .map_or_else(String::new, |(host, port)| format!("{host}:{port}")),
            operator_key: entry.operator_key.to_string(),
            voting_address: Address::KeyHash(entry.voting_key_id).to_text(&params.address_prefixes),
            platform_port: platform_port.filter(|_| is_evo),
        }
    }
}

/// The host and the port of an address that can be written as such.
fn reached(entry: &NetAddressEntry) -> Option<(String, u16)> {
    match entry {
        NetAddressEntry::Address(AddrV2::Ipv4(ip), port) => Some((ip.to_string(), *port)),
        NetAddressEntry::Address(AddrV2::Ipv6(ip), port) => Some((format!("[{ip}]"), *port)),
        NetAddressEntry::Domain(name, port) => Some((name.clone(), *port)),
        NetAddressEntry::Address(..) | NetAddressEntry::Invalid => None,
    }
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
    /// Names of its members, display order; empty where they were not computed. The quorum's signatures prove the set of
    /// members whose keys are in the aggregate, which are those that signed. They prove neither the order in which members
    /// stand here nor who the members are that did not sign: both are computed from lists and snapshots by the rules.
    pub members: Vec<String>,
}
