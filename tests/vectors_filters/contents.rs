//! What filters hold: ours are the node's, byte for byte.

use crate::recording::json;
use crate::support::{Network, hex};
use dash_protocol::{
    Block, BlockHash, ChainOverrides, Decode, FilterHash, FilterHeader, NetworkParams, SpecialPayload, TxType,
};
use dash_spv_wasm::chain::pow;
use dash_spv_wasm::filters::{Filter, build};
use std::collections::{BTreeSet, HashMap};

#[test]
fn the_filter_of_every_recorded_block_is_the_nodes() {
    for network in Network::both("the_filter_of_every_recorded_block_is_the_nodes") {
        assert_eq!(network.filters.len(), network.blocks.len());
        let mut kinds = BTreeSet::new();
        let mut previous = FilterHeader::ZERO;
        for (height, block) in network.blocks.iter().enumerate() {
            let hash = &network.hashes[height];
            assert_eq!(pow::x11(&block.header.to_bytes()), *hash);
            let filter = build(hash, block, |place| network.script(place)).unwrap();
            assert_eq!(filter, network.filters[height], "height {height}");
            previous = FilterHash::of(&filter).header(&previous);
            assert_eq!(previous, network.headers[height], "height {height}");
            let payloads = block.transactions.iter().filter_map(|t| SpecialPayload::of(t).unwrap());
            kinds.extend(payloads.map(|payload| payload.kind()));
        }
        assert!(kinds.contains(&TxType::ProviderRegister), "the data has what only Dash's filters hold");
    }
}

#[test]
fn the_genesis_filters_of_all_networks_are_the_known_ones() {
    for (params, filter, header) in [
        (
            NetworkParams::mainnet(),
            "01822b18",
            "4751b6cfadeafe234cfc354cb51885e35b04080074efedf32f1dbd9dc35b677d",
        ),
        (
            NetworkParams::testnet(),
            "01962068",
            "467a7ec832e09f38daeb9793e2b89f559cc22c87d267b754d3042e7c59818cf5",
        ),
        (
            NetworkParams::regtest(&ChainOverrides::default()).unwrap(),
            "016a05c0",
            "895d102bb7f526d54f9beb7825af2869e4c285f8a99a8d92698552e07aa612d1",
        ),
    ] {
        // Protocol reference: the genesis coinbase pays to this key on every network.
        let key = "040184710fa689ad5023690c80f3a49c8f13f8d45b8c857fbcbc8bc4a8e4d3eb4b10f4d4604fa08dce601aaf0f470216\
                   fe1b51850b4acf21b179c45070ac7b03a9";
        let script = [&[65][..], &hex(key), &[0xac]].concat();
        let decoded = Filter::decode(&params.genesis_hash, &hex(filter)).unwrap();
        assert!(decoded.len() == 1 && decoded.contains(&script), "{}", params.genesis_hash);
        assert_eq!(FilterHash::of(&hex(filter)).header(&FilterHeader::ZERO).to_string(), header);
    }
}

/// Dash Core `test/data/blockfilters.json`: Bitcoin's blocks, hashed with X11.
#[test]
fn the_filters_of_the_nodes_own_tests_come_out() {
    let folder = need_vectors!("the_filters_of_the_nodes_own_tests_come_out", "filters");
    let rows = json(&folder, "blockfilters.json");
    let rows = &rows.as_array().unwrap()[1..];
    assert!(rows.len() >= 7);
    for row in rows {
        let text = |column: usize| row[column].as_str().unwrap();
        let hash: BlockHash = text(1).parse().unwrap();
        let block = Block::from_wire(&hex(text(2))).unwrap();
        assert_eq!(pow::x11(&block.header.to_bytes()), hash);
        assert_eq!(block.merkle_root().unwrap(), block.header.merkle_root);
        // The scripts of all spent outputs, in the order of the inputs.
        let scripts = row[3].as_array().unwrap().iter().map(|script| hex(script.as_str().unwrap()));
        let spends = dash_spv_wasm::filters::contents::spends(&block).map(|input| input.previous);
        let prevouts: HashMap<_, _> = spends.zip(scripts).collect();
        let filter = build(&hash, &block, |place| prevouts.get(place).map(|script| &script[..])).unwrap();
        assert_eq!(filter, hex(text(5)), "{}", text(7));
        let previous: FilterHeader = text(4).parse().unwrap();
        assert_eq!(FilterHash::of(&filter).header(&previous).to_string(), text(6));
        assert!(Filter::decode(&hash, &filter).is_ok());
    }
}
