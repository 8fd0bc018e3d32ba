//! Each check by itself: a lie that it alone refuses succeeds while it is switched off.

use crate::needed::assert_needed;
use crate::support::Network;
use dash_protocol::{CFHeaders, FilterHash, FilterHeader, FilterType};
use dash_spv_wasm::checks::Check;
use dash_spv_wasm::filters::contents::{self, Elements};
use dash_spv_wasm::filters::header::check_filter;
use dash_spv_wasm::filters::{FilterHeaderChain, FilterRange, clues, gcs, judge};

#[test]
fn every_check_of_one_peers_filter_headers_is_needed() {
    let name = "every_check_of_one_peers_filter_headers_is_needed";
    let Some(network) = Network::load(name, "regtest-few") else { return };
    let hashes: Vec<FilterHash> = network.filters.iter().map(|filter| FilterHash::of(filter)).collect();
    let stop_hash = network.hashes[20];
    let asked = FilterRange { start: 11, stop: 20, stop_hash };
    let reply = |previous_header, filter_hashes| CFHeaders {
        filter_type: FilterType::Basic,
        stop_hash,
        previous_header,
        filter_hashes,
    };
    let before = &network.headers[10];
    assert_needed(Check::FilterLink, || {
        let made_up = reply(FilterHeader::from_bytes([1; 32]), hashes[11..=20].to_vec());
        FilterHeaderChain::of_reply(&asked, Some(before), made_up).is_ok()
    });
    let mut forged = hashes[11..=20].to_vec();
    forged[4] = FilterHash::of(&[0]);
    let forged = FilterHeaderChain::of_reply(&asked, Some(before), reply(*before, forged)).unwrap();
    assert_needed(Check::FilterCheckpoint, || forged.check(20, &network.headers[20]).is_ok());
    assert_needed(Check::FilterHash, || check_filter(&hashes[11], &[0]).is_ok());
}

#[test]
fn every_check_of_a_dispute_is_needed() {
    let Some(network) = Network::load("every_check_of_a_dispute_is_needed", "regtest-few") else { return };
    let shows = |height: &usize| {
        let mut spends = contents::spends(&network.blocks[*height]);
        spends.any(|input| clues::spent_script(&input.script).is_some())
    };
    // A spend that its input shows, of a script that the block does not pay to.
    let (height, spent) = (0..network.blocks.len())
        .filter(shows)
        .find_map(|height| {
            let mut created = Elements::new();
            contents::add_created(&network.blocks[height], &mut created);
            let mut shown = contents::spends(&network.blocks[height])
                .filter_map(|input| clues::spent_script(&input.script));
            shown.find(|script| !created.contains(script)).map(|script| (height, script))
        })
        .unwrap();
    let (hash, block) = (&network.hashes[height], &network.blocks[height]);
    let paid = block.transactions[0].outputs[0].script.clone();
    let believed = |hidden: &Vec<u8>| {
        let mut elements = Elements::new();
        contents::add_created(block, &mut elements);
        contents::spends(block).for_each(|input| {
            contents::add_script(network.script(&input.previous).unwrap(), &mut elements);
        });
        assert!(elements.remove(hidden));
        judge(hash, block, &[&network.filters[height], &gcs::encode(hash, &elements)])[1].is_none()
    };
    assert_needed(Check::FilterContents, || believed(&paid));
    assert_needed(Check::FilterSpends, || believed(&spent));
}
