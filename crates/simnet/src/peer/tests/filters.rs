//! Filters, their headers and blocks: what honest peers serve, within which limits.

use super::*;
use crate::chain::{ChainBuilder, Contents, FilterKind, Spending};
use dash_protocol::{
    Block, CFCheckpt, CFHeaders, CFilter, FilterHash, FilterHeader, FilterType, GetCFCheckpt, GetCFHeaders,
    GetCFilters, Inventory, OutPoint, Transaction, TxIn, TxOut, Txid,
};
use dash_spv_wasm::filters::Filter;
use std::sync::OnceLock;

const HEIGHT: u32 = 2_100;
/// The block that has more than a coinbase, an asset lock.
const SPECIAL: u32 = 1_500;
const CREDITED: [u8; 25] = *b"\x76\xa9\x14credited.to.platform\x88\xac";
const SPENT: [u8; 25] = *b"\x76\xa9\x14the.script.it.spends\x88\xac";

/// An asset lock of somebody's, as bytes of the protocol: one output burnt, one credit output.
fn asset_lock() -> Spending {
    let previous = OutPoint { txid: Txid::from_bytes([3; 32]), vout: 1 };
    let payload = [&[1, 1][..], &7_000_i64.to_le_bytes(), &[25], &CREDITED].concat();
    let transaction = Transaction {
        version: 3,
        tx_type: 8,
        inputs: vec![TxIn { previous, script: vec![1, 1], sequence: u32::MAX }],
        outputs: vec![TxOut { value: 7_000, script: vec![0x6a, 0] }],
        lock_time: 0,
        payload,
    };
    Spending { transaction: Arc::new(transaction), spent: vec![SPENT.to_vec()] }
}

fn chain() -> Arc<SimChain> {
    static CHAIN: OnceLock<Arc<SimChain>> = OnceLock::new();
    let build = || {
        let builder = ChainBuilder::new(regtest()).seed(8).height(HEIGHT).bodies();
        Arc::new(builder.build_with(|below| {
            let transactions = if below.height() + 1 == SPECIAL { vec![asset_lock()] } else { Vec::new() };
            Contents { transactions, ..Contents::default() }
        }))
    };
    Arc::clone(CHAIN.get_or_init(build))
}

fn listener(profile: Profile) -> Listener {
    let mut listener = Listener::on(chain(), profile);
    listener.shake_hands();
    listener.wait(500);
    listener
}

impl Listener {
    pub(super) fn ask_filters(&mut self, start_height: u32, stop: u32) {
        let stop_hash = self.chain.hash_at(stop).unwrap();
        self.say(Message::GetCFilters(GetCFilters {
            filter_type: FilterType::Basic,
            start_height,
            stop_hash,
        }));
    }

    pub(super) fn ask_filter_headers(&mut self, start_height: u32, stop: u32) {
        let stop_hash = self.chain.hash_at(stop).unwrap();
        self.say(Message::GetCFHeaders(GetCFHeaders {
            filter_type: FilterType::Basic,
            start_height,
            stop_hash,
        }));
    }

    pub(super) fn ask_filter_checkpoints(&mut self, stop: u32) {
        let stop_hash = self.chain.hash_at(stop).unwrap();
        self.say(Message::GetCFCheckpt(GetCFCheckpt { filter_type: FilterType::Basic, stop_hash }));
    }

    fn told<T>(&self, pick: impl FnMut(Message) -> Option<T>) -> Vec<T> {
        self.messages().into_iter().flatten().filter_map(pick).collect()
    }

    pub(super) fn filters(&self) -> Vec<CFilter> {
        self.told(|message| match message {
            Message::CFilter(filter) => Some(filter),
            _ => None,
        })
    }

    pub(super) fn filter_headers(&self) -> Vec<CFHeaders> {
        self.told(|message| match message {
            Message::CFHeaders(headers) => Some(headers),
            _ => None,
        })
    }

    pub(super) fn filter_checkpoints(&self) -> Vec<CFCheckpt> {
        self.told(|message| match message {
            Message::CFCheckpt(headers) => Some(headers),
            _ => None,
        })
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        self.told(|message| match message {
            Message::Block(block) => Some(*block),
            _ => None,
        })
    }

    fn services(&self) -> ServiceFlags {
        let versions = self.told(|message| match message {
            Message::Version(version) => Some(version.services),
            _ => None,
        });
        versions[0]
    }
}

/// The headers that follow one by these hashes, by protocol and nothing else.
pub(super) fn link(mut header: FilterHeader, hashes: &[FilterHash]) -> Vec<FilterHeader> {
    let next = |hash: &FilterHash| {
        let both = [&hash.to_bytes()[..], &header.to_bytes()].concat();
        header = FilterHeader::from_bytes(dash_protocol::sha256d(&both));
        header
    };
    hashes.iter().map(next).collect()
}

#[test]
fn the_first_filter_is_that_of_the_protocol_reference() {
    for params in [regtest(), devnet()] {
        let chain = ChainBuilder::new(params).height(3).bodies().build();
        for height in 0..=3 {
            let block = chain.full_block(&chain.hash_at(height).unwrap()).unwrap();
            assert_eq!(block.merkle_root(), Ok(chain.header_at(height).unwrap().merkle_root), "at {height}");
        }
        let genesis = chain.known_block(&chain.hash_at(0).unwrap()).unwrap();
        assert_eq!(genesis.filter(FilterKind::Full), [0x01, 0x6a, 0x05, 0xc0]);
        assert_eq!(
            chain.filter_header(&genesis.hash, FilterKind::Full).unwrap().to_string(),
            "895d102bb7f526d54f9beb7825af2869e4c285f8a99a8d92698552e07aa612d1"
        );
    }
}

#[test]
fn headers_checkpoints_and_filters_fit_together() {
    let mut peer = listener(Profile::honest());
    assert!(peer.services().has(ServiceFlags::COMPACT_FILTERS));
    peer.ask_filter_headers(0, 1_999);
    peer.ask_filter_headers(2_000, HEIGHT);
    peer.ask_filter_checkpoints(HEIGHT);
    peer.ask_filters(SPECIAL - 500, SPECIAL + 499);
    peer.wait(5_000);
    let told = peer.filter_headers();
    let mut headers = link(told[0].previous_header, &told[0].filter_hashes);
    assert_eq!((told[0].previous_header, headers.len()), (FilterHeader::ZERO, 2_000));
    assert_eq!(told[1].previous_header, headers[1_999]);
    headers.extend(link(told[1].previous_header, &told[1].filter_hashes));
    assert_eq!(headers.len(), HEIGHT as usize + 1);
    assert_eq!(peer.filter_checkpoints()[0].headers, [headers[1_000], headers[2_000]]);
    let filters = peer.filters();
    assert_eq!(filters.len(), 1_000);
    for (height, filter) in (SPECIAL - 500..).zip(&filters) {
        assert_eq!(filter.block_hash, peer.chain.hash_at(height).unwrap(), "ascending");
        assert_eq!(FilterHash::of(&filter.filter), told[0].filter_hashes[height as usize]);
    }
    let special = &filters[500];
    let special = Filter::decode(&special.block_hash, &special.filter).unwrap();
    assert!(special.contains(&CREDITED) && special.contains(&SPENT));
}

#[test]
fn requests_that_core_does_not_take_end_the_connection() {
    let closes = |profile: Profile, ask: &dyn Fn(&mut Listener)| {
        let mut peer = listener(profile);
        ask(&mut peer);
        peer.wait(2_000);
        peer.closed
    };
    let asks: [&dyn Fn(&mut Listener); 3] =
        [&|peer| peer.ask_filters(10, 1_010), &|peer| peer.ask_filter_headers(0, 2_000), &|peer| {
            peer.ask_filters(11, 10);
        }];
    for ask in asks {
        assert!(closes(Profile::honest(), ask));
    }
    let allowed: [&dyn Fn(&mut Listener); 3] =
        [&|peer| peer.ask_filters(11, 1_010), &|peer| peer.ask_filter_headers(1, 2_000), &|peer| {
            peer.ask_filter_checkpoints(999);
        }];
    for ask in allowed {
        assert!(!closes(Profile::honest(), ask));
        assert!(closes(Profile::without_filters(), ask));
    }
    let unknown = GetCFCheckpt { filter_type: FilterType::Basic, stop_hash: BlockHash::from_bytes([5; 32]) };
    assert!(closes(Profile::honest(), &|peer| peer.say(Message::GetCFCheckpt(unknown))));
}

#[test]
fn peers_without_filters_say_so() {
    assert!(!listener(Profile::without_filters()).services().has(ServiceFlags::COMPACT_FILTERS));
    let mut bare = Listener::new(Profile::honest());
    bare.shake_hands();
    bare.wait(500);
    assert!(!bare.services().has(ServiceFlags::COMPACT_FILTERS));
}

#[test]
fn filters_of_old_leave_special_transactions_out_and_have_another_chain_from_there() {
    let ask = |protocol| {
        let mut peer = listener(Profile { protocol, ..Profile::honest() });
        peer.ask_filter_headers(SPECIAL - 10, SPECIAL + 10);
        peer.ask_filters(SPECIAL, SPECIAL);
        peer.wait(2_000);
        let filter = peer.filters().remove(0);
        let filter = Filter::decode(&filter.block_hash, &filter.filter).unwrap();
        assert!(filter.contains(&SPENT));
        (peer.filter_headers().remove(0), filter.contains(&CREDITED))
    };
    let (new, old) = (ask(70_238), ask(70_237));
    assert_eq!((new.1, old.1), (true, false));
    assert_eq!(new.0.previous_header, old.0.previous_header);
    let differing = (0..21).filter(|&place| new.0.filter_hashes[place] != old.0.filter_hashes[place]);
    assert_eq!(differing.collect::<Vec<_>>(), [10]);
}

#[test]
fn blocks_are_served_also_when_they_are_off_the_chain() {
    let mut peer = listener(Profile::honest());
    let lost: Vec<BlockHash> = peer.chain.hashes()[HEIGHT as usize - 2..].to_vec();
    let ask: Vec<Inventory> = [lost[1], peer.chain.hash_at(SPECIAL).unwrap(), BlockHash::from_bytes([9; 32])]
        .map(Inventory::block)
        .into();
    let lost_header = peer.chain.filter_header(&lost[2], FilterKind::Full).unwrap();
    Arc::make_mut(&mut peer.chain).reorganize(3, 4, EPOCH);
    peer.say(Message::GetData(ask));
    let request =
        GetCFHeaders { filter_type: FilterType::Basic, start_height: HEIGHT - 4, stop_hash: lost[2] };
    peer.say(Message::GetCFHeaders(request));
    peer.ask_filter_checkpoints(HEIGHT + 1);
    peer.wait(2_000);
    let blocks = peer.blocks();
    assert_eq!(blocks.len(), 2, "of a block that nobody has nothing is said");
    for (block, hash) in blocks.iter().zip([lost[1], peer.chain.hash_at(SPECIAL).unwrap()]) {
        assert_eq!(x11(&block.header.to_bytes()), hash);
        assert_eq!(block.merkle_root(), Ok(block.header.merkle_root));
    }
    assert_eq!(blocks[1].transactions.len(), 2);
    let told = peer.filter_headers().remove(0);
    assert_eq!(link(told.previous_header, &told.filter_hashes).last(), Some(&lost_header));
    assert!(!peer.closed && peer.filter_checkpoints()[0].headers.len() == 2);
}

#[test]
fn filters_and_blocks_are_served_one_after_the_other_at_their_costs() {
    let profile =
        Profile { filters_cost_ms: 100, block_cost_ms: 50, latency_ms: (0, 0), ..Profile::honest() };
    let mut peer = listener(profile);
    peer.ask_filters(1, 10);
    peer.say(Message::GetData(vec![Inventory::block(peer.chain.hash_at(9).unwrap())]));
    peer.ask_filter_headers(1, 10);
    peer.wait(120);
    assert_eq!((peer.filters().len(), peer.blocks().len()), (10, 0));
    peer.wait(60);
    assert_eq!((peer.blocks().len(), peer.filter_headers().len()), (1, 0));
    peer.wait(100);
    assert_eq!(peer.filter_headers().len(), 1);
}

#[test]
fn forks_share_the_filters_of_what_they_share() {
    let chain = chain();
    let fork = chain.fork(HEIGHT - 5, 3, 4);
    assert!(Arc::ptr_eq(chain.body(SPECIAL).unwrap(), fork.body(SPECIAL).unwrap()));
    assert!(fork.filter_header(&fork.tip_hash(), FilterKind::Full).is_some());
    assert_ne!(fork.body(HEIGHT - 3).unwrap().txids(), chain.body(HEIGHT - 3).unwrap().txids());
}
