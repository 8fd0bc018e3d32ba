//! What Dash's filters hold of special transactions: a masternode's owner, or anybody else, can look for it.

use crate::support::Network;
use dash_protocol::{Encode, SpecialPayload};
use dash_spv_wasm::filters::{Fault, Matcher, Query, contents, gcs, judge};

#[test]
fn a_masternodes_names_are_found_and_a_filter_without_them_is_convicted() {
    let name = "a_masternodes_names_are_found_and_a_filter_without_them_is_convicted";
    for network in Network::both(name) {
        let mut seen = 0;
        for (height, block) in network.blocks.iter().enumerate() {
            let (hash, truth) = (&network.hashes[height], &network.filters[height][..]);
            for transaction in &block.transactions {
                let names = match SpecialPayload::of(transaction).unwrap() {
                    Some(SpecialPayload::ProviderRegister(payload)) => vec![
                        payload.collateral.to_wire(),
                        payload.owner_key_id.to_vec(),
                        payload.voting_key_id.to_vec(),
                        payload.payout_script.clone(),
                    ],
                    Some(SpecialPayload::ProviderUpdateService(payload)) => {
                        vec![payload.pro_tx_hash.to_wire()]
                    }
                    _ => continue,
                };
                for element in names {
                    assert_eq!(Matcher::new(&Query::new([&element])).matches(hash, truth), Ok(true));
                    seen += 1;
                }
                // A filter as releases before this rule make it.
                let mut plain = block.clone();
                plain.transactions.iter_mut().for_each(|transaction| transaction.tx_type = 0);
                let mut elements = contents::Elements::new();
                contents::add_created(&plain, &mut elements);
                let spends = contents::spends(block);
                spends.for_each(|input| {
                    contents::add_script(network.script(&input.previous).unwrap(), &mut elements);
                });
                let faults = judge(hash, block, &[truth, &gcs::encode(hash, &elements)]);
                assert!(matches!(faults[..], [None, Some(Fault::Lacks(_))]), "{faults:?}");
            }
        }
        assert!(seen >= 20, "{seen}");
    }
}
