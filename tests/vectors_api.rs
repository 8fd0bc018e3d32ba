//! What calls answer, against what Dash Core says of the same masternodes.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

use dash_protocol::{ChainOverrides, Decode, MnListDiff, NetworkParams, Reader};
use dash_spv_wasm::api::{ApiMasternode, ApiMasternodeType};
use serde_json::Value;

#[test]
fn masternodes_are_shown_as_dash_core_shows_them() {
    let folder = need_vectors!("masternodes_are_shown_as_dash_core_shows_them", "regtest-llmq");
    let params = NetworkParams::regtest(&ChainOverrides::default()).unwrap();
    let raw = std::fs::read(folder.join("wire/mnlistdiff_0_646.bin")).unwrap();
    let diff = MnListDiff::decode(&mut Reader::new(&raw)).unwrap();
    let mut ours: Vec<_> = diff.entries.iter().map(|entry| ApiMasternode::of(entry, &params)).collect();
    ours.sort_by(|a, b| a.pro_tx_hash.cmp(&b.pro_tx_hash));

    let theirs = std::fs::read(folder.join("protx.json")).unwrap();
    let Value::Array(theirs) = serde_json::from_slice(&theirs).unwrap() else { panic!("no list") };
    let mut theirs: Vec<_> = theirs.iter().map(as_ours).collect();
    theirs.sort_by(|a, b| a.pro_tx_hash.cmp(&b.pro_tx_hash));
    assert_eq!(ours, theirs);
}

fn as_ours(theirs: &Value) -> ApiMasternode {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let state = &theirs["state"];
    assert_eq!(theirs["type"], "Regular");
    ApiMasternode {
        pro_tx_hash: text(&theirs["proTxHash"]),
        kind: ApiMasternodeType::Regular,
        valid: state["PoSeBanHeight"] == -1,
        service: text(&state["addresses"]["core_p2p"][0]),
        operator_key: text(&state["pubKeyOperator"]),
        voting_address: text(&state["votingAddress"]),
        platform_port: None,
    }
}
