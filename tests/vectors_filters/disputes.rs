//! Recorded blocks as judges: true filters are never convicted, and lies are where the block shows them.

use crate::support::Network;
use dash_protocol::Block;
use dash_spv_wasm::filters::contents::{self, Elements};
use dash_spv_wasm::filters::{Fault, clues, gcs, judge};

/// The elements of a block's true filter.
fn elements(network: &Network, block: &Block) -> Elements {
    let mut elements = Elements::new();
    contents::add_created(block, &mut elements);
    for input in contents::spends(block) {
        contents::add_script(network.script(&input.previous).unwrap(), &mut elements);
    }
    elements
}

#[test]
fn what_inputs_show_is_what_they_spend() {
    for network in Network::both("what_inputs_show_is_what_they_spend") {
        let mut shown = 0;
        for input in network.blocks.iter().flat_map(contents::spends) {
            if let Some(script) = clues::spent_script(&input.script) {
                assert_eq!(network.script(&input.previous), Some(&script[..]));
                shown += 1;
            }
        }
        assert!(shown > 100, "{shown}");
    }
}

#[test]
fn no_true_filter_is_convicted_and_every_hidden_element_is_but_for_silent_spends() {
    let name = "no_true_filter_is_convicted_and_every_hidden_element_is_but_for_silent_spends";
    for network in Network::both(name) {
        let (mut certain, mut by_clue, mut untold) = (0, 0, 0);
        for (height, block) in network.blocks.iter().enumerate() {
            let (hash, truth) = (&network.hashes[height], &network.filters[height][..]);
            let whole = elements(&network, block);
            for hidden in &whole {
                let mut rest = whole.clone();
                rest.remove(hidden);
                let lie = gcs::encode(hash, &rest);
                let faults = judge(hash, block, &[truth, &lie]);
                assert_eq!(faults[0], None, "height {height}");
                match &faults[1] {
                    Some(Fault::Lacks(element)) => {
                        assert_eq!(element, hidden);
                        certain += 1;
                    }
                    Some(Fault::LacksSpent(element)) => {
                        assert_eq!(element, hidden);
                        by_clue += 1;
                    }
                    Some(other) => panic!("height {height}: {other}"),
                    None => untold += 1,
                }
            }
        }
        assert!(certain > 500 && by_clue > 50, "{certain} certain, {by_clue} by clues, {untold} untold");
    }
}
