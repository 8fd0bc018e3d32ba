//! A node that serves what was recorded of one.

use crate::recording;
use dash_protocol::{
    Block, BlockHash, CFCheckpt, CFHeaders, CFilter, ChainOverrides, Decode, FilterHash, FilterHeader,
    FilterType, GetCFCheckpt, GetCFHeaders, GetCFilters, Header, InventoryKind, Message, NetAddress,
    NetworkParams, PROTOCOL_VERSION, Reader, ServiceFlags, VersionMessage,
};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// Its blocks with their filters, and what it says of its wallet.
pub struct Node {
    pub params: Arc<NetworkParams>,
    pub wallet: Value,
    hashes: Vec<BlockHash>,
    blocks: Vec<Vec<u8>>,
    headers: Vec<Header>,
    filters: Vec<Vec<u8>>,
    filter_headers: Vec<FilterHeader>,
}

impl Node {
    pub fn read(folder: &Path) -> Self {
        let json = |file: &str| recording::json(folder, file);
        let blocks = recording::raw_blocks(folder);
        let hashes = json("hashes.json");
        let filters = json("filters.json");
        let rows = filters.as_array().unwrap();
        Self {
            params: Arc::new(NetworkParams::regtest(&ChainOverrides::default()).unwrap()),
            wallet: json("wallet.json"),
            hashes: hashes
                .as_array()
                .unwrap()
                .iter()
                .map(|hash| hash.as_str().unwrap().parse().unwrap())
                .collect(),
            headers: blocks.iter().map(|raw| Header::decode(&mut Reader::new(raw)).unwrap()).collect(),
            filters: rows.iter().map(|row| unhex(row["filter"].as_str().unwrap())).collect(),
            filter_headers: rows.iter().map(|row| row["header"].as_str().unwrap().parse().unwrap()).collect(),
            blocks,
        }
    }

    pub fn tip(&self) -> usize {
        self.blocks.len() - 1
    }

    /// The time of its last block, in seconds since 1970.
    pub fn time(&self) -> u32 {
        self.headers[self.tip()].time
    }

    fn height(&self, hash: &BlockHash) -> Option<usize> {
        self.hashes.iter().position(|known| known == hash)
    }

    /// What it answers.
    pub fn answer(&self, message: Message) -> Vec<Message> {
        match message {
            Message::Version(_) => vec![Message::Version(self.version()), Message::Verack],
            Message::Ping(nonce) => vec![Message::Pong(nonce)],
            Message::GetHeaders(get) | Message::GetHeaders2(get) => {
                let after = get.locator.iter().find_map(|hash| self.height(hash)).unwrap_or(0);
                let end = (after + 2_001).min(self.headers.len());
                vec![Message::Headers(self.headers[after + 1..end].to_vec())]
            }
            Message::GetCFCheckpt(GetCFCheckpt { stop_hash, .. }) => {
                let stop = self.height(&stop_hash).unwrap();
                let headers =
                    (1_000..=stop).step_by(1_000).map(|height| self.filter_headers[height]).collect();
                vec![Message::CFCheckpt(CFCheckpt { filter_type: FilterType::Basic, stop_hash, headers })]
            }
            Message::GetCFHeaders(GetCFHeaders { start_height, stop_hash, .. }) => {
                let (start, stop) = (start_height as usize, self.height(&stop_hash).unwrap());
                let before = start.checked_sub(1).map(|before| self.filter_headers[before]);
                vec![Message::CFHeaders(CFHeaders {
                    filter_type: FilterType::Basic,
                    stop_hash,
                    previous_header: before.unwrap_or(FilterHeader::ZERO),
                    filter_hashes: self.filters[start..=stop]
                        .iter()
                        .map(|filter| FilterHash::of(filter))
                        .collect(),
                })]
            }
            Message::GetCFilters(GetCFilters { start_height, stop_hash, .. }) => {
                let (start, stop) = (start_height as usize, self.height(&stop_hash).unwrap());
                let filter = |height: usize| {
                    let (block_hash, filter) = (self.hashes[height], self.filters[height].clone());
                    Message::CFilter(CFilter { filter_type: FilterType::Basic, block_hash, filter })
                };
                (start..=stop).map(filter).collect()
            }
            Message::GetData(items) => items
                .iter()
                .filter(|item| item.kind == InventoryKind::Block)
                .filter_map(|item| self.height(&BlockHash::from_bytes(item.hash)))
                .map(|height| Message::Block(Box::new(Block::from_wire(&self.blocks[height]).unwrap())))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn version(&self) -> VersionMessage {
        VersionMessage {
            version: PROTOCOL_VERSION,
            services: ServiceFlags::from_bits(
                ServiceFlags::NETWORK.bits() | ServiceFlags::COMPACT_FILTERS.bits(),
            ),
            time: i64::from(self.time()),
            receiver: NetAddress::NONE,
            sender: NetAddress::NONE,
            nonce: 77,
            user_agent: "/recorded/".to_owned(),
            start_height: self.tip() as i32,
            relay: true,
            mnauth_challenge: [0; 32],
            masternode: false,
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
