//! The chain of filter headers as the node sent it.

use crate::support::Network;
use dash_protocol::{CFCheckpt, CFHeaders, Decode};
use dash_spv_wasm::filters::header::{self, check_filter};
use dash_spv_wasm::filters::{FilterHeaderChain, FilterRange};

#[test]
fn the_recorded_filter_headers_chain_every_filter() {
    for network in Network::both("the_recorded_filter_headers_chain_every_filter") {
        let stop = network.tip();
        let file = network.folder.join(format!("wire/cfheaders_1_{stop}.bin"));
        let reply = CFHeaders::from_wire(&std::fs::read(file).unwrap()).unwrap();
        let asked = FilterRange { start: 1, stop, stop_hash: network.hashes[stop as usize] };
        let chain = FilterHeaderChain::of_reply(&asked, Some(&network.headers[0]), reply.clone()).unwrap();
        assert_eq!(chain.headers(), &network.headers[1..]);
        assert_eq!(chain.last(), network.headers[stop as usize]);
        assert_eq!(chain.check(stop, &network.headers[stop as usize]), Ok(()));
        for (height, filter) in network.filters.iter().enumerate().skip(1) {
            let agreed = chain.hash_at(height as u32).unwrap();
            assert_eq!(check_filter(&agreed, filter), Ok(()));
            assert!(check_filter(&agreed, &network.filters[height - 1]).is_err());
        }
        let unlinked = FilterHeaderChain::of_reply(&asked, Some(&network.headers[1]), reply);
        assert!(unlinked.is_err(), "it follows the header of the genesis block");
    }
}

#[test]
fn the_recorded_checkpoints_are_none_in_a_chain_below_a_thousand_blocks() {
    for network in Network::both("the_recorded_checkpoints_are_none_in_a_chain_below_a_thousand_blocks") {
        let stop = network.tip();
        let bytes = std::fs::read(network.folder.join("wire/cfcheckpt.bin")).unwrap();
        let reply = CFCheckpt::from_wire(&bytes).unwrap();
        assert_eq!(header::checkpoints(stop, &network.hashes[stop as usize], reply), Ok(vec![]));
    }
}
