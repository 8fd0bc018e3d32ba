//! What the control shows, in JSON. Hashes are in display order, keys in hex.

use crate::masternodes::{Facts, QuorumFacts};
use dash_protocol::MasternodeType;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TipInfo {
    /// Its height.
    pub height: u32,
    /// Its hash.
    pub hash: String,
    /// Its header's time, seconds since 1970.
    pub time: u32,
}

/// A peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerState {
    /// `host:port`.
    pub address: SocketAddr,
    /// Whether it takes connections.
    pub up: bool,
}

/// The filters of all blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiltersInfo {
    /// How many blocks there are, genesis included.
    pub blocks: u32,
    /// How long all their filters are together.
    pub bytes: usize,
    /// The filter header of the tip; none on a chain without filters.
    pub header: Option<String>,
}

/// A payment that is locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// The transaction.
    pub txid: String,
}

/// What became of a transaction that a client sent to a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionInfo {
    /// The transaction.
    pub txid: String,
    /// Why nodes did not take it, which they tell nobody; none if they did.
    pub refused: Option<String>,
    /// Whether masternodes locked it.
    pub locked: bool,
    /// The height of the block that has it, if one has.
    pub height: Option<u32>,
}

/// What is true of masternodes and quorums as of the tip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactsInfo {
    /// The tip's height.
    pub height: u32,
    /// The tip.
    pub hash: String,
    /// How many masternodes there are.
    pub masternodes: MasternodeCounts,
    /// The quorums that the tip's coinbase counts.
    pub quorums: Vec<QuorumInfo>,
}

/// Masternodes by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MasternodeCounts {
    /// All on the list.
    pub all: usize,
    /// Those that are not banned.
    pub valid: usize,
    /// Evo nodes, banned or not.
    pub evo: usize,
}

/// A quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QuorumInfo {
    /// Its type's number.
    #[serde(rename = "type")]
    pub llmq_type: u8,
    /// Its name.
    pub hash: String,
    /// Height of the block that it is named after.
    pub height: u32,
    /// Its place in the cycle; 0 for plain types.
    pub index: u32,
    /// 48 bytes, basic encoding.
    pub public_key: String,
    /// Names of its members in their order.
    pub members: Vec<String>,
}

impl From<&Facts> for FactsInfo {
    fn from(facts: &Facts) -> Self {
        let entries = || facts.masternodes.iter().map(|masternode| &masternode.entry);
        Self {
            height: facts.height,
            hash: facts.hash.to_string(),
            masternodes: MasternodeCounts {
                all: entries().count(),
                valid: entries().filter(|entry| entry.is_valid).count(),
                evo: entries().filter(|entry| entry.kind == MasternodeType::Evo).count(),
            },
            quorums: facts.quorums.iter().map(QuorumInfo::from).collect(),
        }
    }
}

impl From<&QuorumFacts> for QuorumInfo {
    fn from(quorum: &QuorumFacts) -> Self {
        Self {
            llmq_type: quorum.llmq_type.0,
            hash: quorum.quorum_hash.to_string(),
            height: quorum.height,
            index: quorum.index,
            public_key: quorum.public_key.to_string(),
            members: quorum.members.iter().map(ToString::to_string).collect(),
        }
    }
}
