//! What the page is told of masternodes and quorums.
//!
//! Everything here comes from proven lists; a key is given out only of a verified quorum.

use super::MasternodeSync;
use super::book::{QuorumRecord, QuorumStatus};
use crate::api::{ApiError, ApiMasternode, ApiMasternodeType, ApiQuorum, ErrorCode};
use crate::masternodes::MasternodeEntry;
use dash_protocol::{
    AddrV2, AddressPrefixes, LLMQType, MasternodeType, NetAddressEntry, NetInfo, NetPurpose, QuorumHash,
    QuorumName, SmlEntry,
};

impl MasternodeSync {
    /// The masternodes as of the highest proven block.
    ///
    /// # Errors
    /// `unsupported` where the phase is off, `not-found` until a list is proven.
    pub fn list(&self) -> Result<Vec<ApiMasternode>, ApiError> {
        self.must_be_on()?;
        let top = self.book.top().ok_or_else(|| not_yet("no masternode list is proven yet"))?;
        let prefixes = &self.params.address_prefixes;
        Ok(top.list().iter().map(|entry| api_masternode(entry, prefixes)).collect())
    }

    /// The quorums in use, and those kept beyond.
    ///
    /// # Errors
    /// As [`Self::list`].
    pub fn quorum_list(&self) -> Result<Vec<ApiQuorum>, ApiError> {
        self.must_be_on()?;
        self.book.top().ok_or_else(|| not_yet("no quorum is proven yet"))?;
        let mut quorums: Vec<ApiQuorum> =
            self.book.quorums().map(|(name, record)| api_quorum(name, record)).collect();
        quorums.sort_by_key(|quorum| (quorum.llmq_type, std::cmp::Reverse(quorum.height), quorum.index));
        Ok(quorums)
    }

    /// The key of a quorum, if it is proven and was formed at or below a height: what Dash Platform's proofs ask with the
    /// height of a ChainLocked block.
    ///
    /// # Errors
    /// `unsupported` where the phase is off, `proof-invalid` for a quorum whose commitment does not hold, `not-found` for
    /// one that is not proven: to be tried again while lists move on.
    pub fn key(&self, llmq_type: LLMQType, hash: QuorumHash, height: u32) -> Result<Vec<u8>, ApiError> {
        self.must_be_on()?;
        let found =
            self.book.quorum(&(llmq_type, hash)).filter(|record| record.height.is_none_or(|at| at <= height));
        let Some(record) = found else {
            return Err(not_yet(&format!(
                "no quorum {hash} of type {} is known at height {height}",
                llmq_type.0
            )));
        };
        match record.status {
            QuorumStatus::Verified => Ok(record.basic_key().as_bytes().to_vec()),
            QuorumStatus::Refused => Err(ApiError::new(
                ErrorCode::ProofInvalid,
                format!("the commitment of quorum {hash} does not hold"),
            )),
            QuorumStatus::Anchored | QuorumStatus::Checking => {
                Err(not_yet(&format!("quorum {hash} is not verified yet")))
            }
        }
    }

    fn must_be_on(&self) -> Result<(), ApiError> {
        if self.on {
            return Ok(());
        }
        Err(ApiError::new(ErrorCode::Unsupported, "the masternode phase is switched off"))
    }
}

/// What is not there now can be there later.
fn not_yet(message: &str) -> ApiError {
    ApiError { retryable: true, ..ApiError::new(ErrorCode::NotFound, message) }
}

fn api_masternode(entry: &MasternodeEntry, prefixes: &AddressPrefixes) -> ApiMasternode {
    let raw = entry.entry();
    let evo = raw.kind == MasternodeType::Evo;
    ApiMasternode {
        pro_tx_hash: raw.pro_tx_hash.to_string(),
        kind: if evo { ApiMasternodeType::Evo } else { ApiMasternodeType::Regular },
        valid: raw.is_valid,
        service: address(&raw.net_info, NetPurpose::CoreP2p).map_or_else(String::new, |(host, port)| {
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
        }),
        operator_key: raw.operator_key.to_string(),
        voting_address: key_address(prefixes, &raw.voting_key_id),
        platform_port: if evo { platform_port(raw) } else { None },
    }
}

/// The port of Platform's interface: a field of its own below version 3, then one of the addresses.
fn platform_port(raw: &SmlEntry) -> Option<u16> {
    match raw.platform_http_port {
        0 => address(&raw.net_info, NetPurpose::PlatformHttps).map(|(_, port)| port),
        port => Some(port),
    }
}

/// The first usable address of a purpose, as host and port.
fn address(info: &NetInfo, purpose: NetPurpose) -> Option<(String, u16)> {
    info.entries().into_iter().filter(|(other, _)| *other == purpose).find_map(|(_, entry)| match entry {
        NetAddressEntry::Address(AddrV2::Ipv4(ip), port) => Some((ip.to_string(), port)),
        NetAddressEntry::Address(AddrV2::Ipv6(ip), port) => Some((ip.to_string(), port)),
        NetAddressEntry::Domain(name, port) => Some((name, port)),
        NetAddressEntry::Address(..) | NetAddressEntry::Invalid => None,
    })
}

/// The address of a key's hash.
fn key_address(prefixes: &AddressPrefixes, key_id: &[u8; 20]) -> String {
    let mut bytes = [prefixes.p2pkh; 21];
    bytes[1..].copy_from_slice(key_id);
    base58ck::Base58CkString::encode_unbounded(&bytes).to_string()
}

fn api_quorum(name: &QuorumName, record: &QuorumRecord) -> ApiQuorum {
    let index = record.entry.commitment().quorum_index;
    ApiQuorum {
        llmq_type: name.0.0,
        hash: name.1.to_string(),
        height: record.height,
        index: index.and_then(|index| u32::try_from(index).ok()),
        public_key: record.basic_key().as_bytes().to_vec(),
        verified: record.status == QuorumStatus::Verified,
        members: record.members.iter().map(ToString::to_string).collect(),
    }
}
