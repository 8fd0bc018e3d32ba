//! What calls answer, against what Dash Core says of the same masternodes.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dash_protocol::{ChainOverrides, Decode, MnListDiff, NetworkParams, Reader};
use dash_spv_wasm::api::{ApiMasternode, ApiMasternodeType};
use serde_json::Value;
use std::path::PathBuf;

/// The folder of a recorded network. Without it a test is skipped, which counts as a failure where `CI` is set.
fn vectors(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("DASH_VECTORS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"), PathBuf::from);
    let folder = root.join("regtest-llmq");
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var_os("CI").is_none(), "{test}: no vectors");
    println!("skipped: {test}: no vectors");
    None
}

#[test]
fn masternodes_are_shown_as_dash_core_shows_them() {
    let Some(folder) = vectors("masternodes_are_shown_as_dash_core_shows_them") else { return };
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
