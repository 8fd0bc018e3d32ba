//! What nodes sent of lists, quorums, locks and blocks: all of it decodes, and encodes back to the same bytes.

use crate::common::{hex, json, vector, vectors_in};
use dash_protocol::{
    Block, CoinbasePayload, Command, Decode, Encode, FinalCommitment, Message, MnListDiff, PartialMerkleTree,
    QRInfo, Reader, SmlEntry, SpecialPayload, Transaction, TxType, merkle,
};
use std::collections::BTreeSet;

/// The payloads of `folder` whose names begin with `prefix`, with their names.
fn payloads(name: &str, folder: &str, prefix: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let files = vectors_in(name, folder)?;
    let files = files.into_iter().filter(|file| file.starts_with(prefix) && file.ends_with(".bin"));
    files.map(|file| vector(name, &format!("{folder}/{file}")).map(|bytes| (file, bytes))).collect()
}

/// Every payload decodes as `command` and encodes back.
fn check_payloads(name: &str, command: Command, places: &[(&str, &str)], least: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    for (folder, prefix) in places {
        let Some(files) = payloads(name, folder, prefix) else { return vec![] };
        for (file, bytes) in files {
            let message = Message::decode(command, &bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(message.payload() == bytes, "{folder}/{file} encodes to something else");
            assert!(bytes.len() <= command.max_payload(), "{folder}/{file}");
            messages.push(message);
        }
    }
    assert!(messages.len() >= least, "only {} payloads", messages.len());
    messages
}

/// The coinbase's path leads to the coinbase, and its payload can be read.
fn check_coinbase(diff: &MnListDiff) {
    let (_, matched) = diff.coinbase_tree.extract().expect("a whole tree");
    assert_eq!(matched, [(0, diff.coinbase.txid())]);
    let payload = CoinbasePayload::of(&diff.coinbase).expect("a coinbase's payload");
    assert_eq!(payload.to_wire(), diff.coinbase.payload);
}

#[test]
fn recorded_diffs_decode_and_encode_back() {
    let name = "recorded_diffs_decode_and_encode_back";
    let places = [
        ("mainnet", "mnlistdiff_"),
        ("regtest-llmq/wire", "mnlistdiff_"),
        ("regtest-few/wire", "mnlistdiff_"),
    ];
    for message in check_payloads(name, Command::MNLISTDIFF, &places, 40) {
        let Message::MnListDiff(diff) = message else { panic!("not a diff") };
        if diff.coinbase.is_special() {
            check_coinbase(&diff);
        }
    }
}

#[test]
fn recorded_rotation_infos_decode_and_encode_back() {
    let name = "recorded_rotation_infos_decode_and_encode_back";
    let places = [("mainnet", "qrinfo_"), ("regtest-llmq/wire", "qrinfo_"), ("regtest-few/wire", "qrinfo_")];
    for message in check_payloads(name, Command::QRINFO, &places, 10) {
        let Message::QRInfo(info) = message else { panic!("not a rotation info") };
        let QRInfo { diff_tip, diff_h, diff_h_minus_c, .. } = &*info;
        [diff_tip, diff_h, diff_h_minus_c].into_iter().for_each(check_coinbase);
    }
}

#[test]
fn recorded_locks_payments_and_blocks_decode_and_encode_back() {
    let name = "recorded_locks_payments_and_blocks_decode_and_encode_back";
    for (suffix, command) in [
        ("_clsig.bin", Command::CLSIG),
        ("_isdlock.bin", Command::ISDLOCK),
        ("_tx.bin", Command::TX),
        ("_block.bin", Command::BLOCK),
    ] {
        let mut found = 0;
        for folder in ["regtest-llmq/live", "regtest-few/live"] {
            let Some(files) = payloads(name, folder, "") else { return };
            for (file, bytes) in files.iter().filter(|(file, _)| file.ends_with(suffix)) {
                let message =
                    Message::decode(command, bytes).unwrap_or_else(|error| panic!("{file}: {error}"));
                assert_eq!(message.payload(), *bytes, "{file}");
                found += 1;
            }
        }
        assert!(found > 0, "no file *{suffix}");
    }
}

/// The blocks of a recording by height.
pub fn blocks(name: &str, recording: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = vector(name, &format!("{recording}/blocks.bin"))?;
    let mut r = Reader::new(&bytes);
    let mut blocks = Vec::new();
    while !r.is_empty() {
        let len = r.u32().expect("a length");
        blocks.push(r.bytes(len as usize).expect("a block").to_vec());
    }
    Some(blocks)
}

/// Every block of the vectors: both recordings, and the two of mainnet.
pub fn all_blocks(name: &str) -> Option<Vec<Vec<u8>>> {
    let mut all = blocks(name, "regtest-llmq")?;
    all.extend(blocks(name, "regtest-few")?);
    for height in [2_045_354, 2_282_696] {
        let text = vector(name, &format!("blocks/mainnet_{height}.hex"))?;
        all.push(hex(str::from_utf8(&text).expect("text")));
    }
    Some(all)
}

#[test]
fn recorded_blocks_decode_encode_back_and_have_their_headers_merkle_root() {
    let name = "recorded_blocks_decode_encode_back_and_have_their_headers_merkle_root";
    let Some(blocks) = all_blocks(name) else { return };
    assert!(blocks.len() > 1_300);
    for bytes in blocks {
        let block = Block::from_wire(&bytes).expect("a valid block");
        assert!(block.to_wire() == bytes);
        assert_eq!(block.merkle_root(), Ok(block.header.merkle_root));
        assert!(block.transactions[0].is_coinbase());
        assert!(!block.transactions[1..].iter().any(Transaction::is_coinbase));

        let txids: Vec<_> = block.transactions.iter().map(Transaction::txid).collect();
        let last = txids.len() - 1;
        let matched: Vec<bool> = (0..=last).map(|at| at == 0 || at == last).collect();
        let (root, found) = PartialMerkleTree::build(&txids, &matched).extract().expect("a tree");
        assert_eq!(root, block.header.merkle_root);
        assert_eq!(found.first(), Some(&(0, txids[0])));
        assert_eq!(found.last(), Some(&(last as u32, txids[last])));
    }
}

#[test]
fn recorded_special_payloads_decode_and_encode_back() {
    let name = "recorded_special_payloads_decode_and_encode_back";
    let Some(blocks) = all_blocks(name) else { return };
    let mut kinds = BTreeSet::new();
    for bytes in blocks {
        for transaction in Block::from_wire(&bytes).expect("a valid block").transactions {
            let payload = SpecialPayload::of(&transaction)
                .unwrap_or_else(|error| panic!("{}: {error}", transaction.txid()));
            let kind = payload.as_ref().map_or(TxType::Classical, SpecialPayload::kind);
            assert_eq!(Some(kind), transaction.kind());
            assert_eq!(payload.map_or(vec![], |payload| payload.to_wire()), transaction.payload);
            kinds.insert(kind);
        }
    }
    let expected = [
        TxType::Classical,
        TxType::ProviderRegister,
        TxType::ProviderUpdateService,
        TxType::Coinbase,
        TxType::QuorumCommitment,
        TxType::HardForkSignal,
    ];
    assert!(kinds.iter().eq(&expected), "{kinds:?}");
}

#[test]
fn mainnet_diffs_hold_the_roots_that_the_manifest_names() {
    let name = "mainnet_diffs_hold_the_roots_that_the_manifest_names";
    let Some(manifest) = json(name, "mainnet/manifest.json") else { return };
    for expected in manifest.as_array().expect("a list") {
        let text = |key: &str| expected[key].as_str().expect("a text");
        if text("message") != "mnlistdiff payload" {
            continue;
        }
        let Some(bytes) = vector(name, &format!("mainnet/{}", text("file"))) else { return };
        let diff = MnListDiff::from_wire(&bytes).expect("a valid diff");
        assert_eq!(diff.block_hash.to_string(), text("block"));
        let (root, _) = diff.coinbase_tree.extract().expect("a whole tree");
        assert_eq!(root.to_string(), text("tx_merkle_root"));
        let payload = CoinbasePayload::of(&diff.coinbase).expect("a coinbase's payload");
        assert_eq!(u64::from(payload.height), expected["height"].as_u64().expect("a number"));
        assert_eq!(payload.merkle_root_mn_list.to_string(), text("mnroot"));
        assert_eq!(payload.merkle_root_quorums.to_string(), text("qroot"));
        if expected["base"].as_u64() == Some(0) {
            check_whole_list(&diff, &payload);
        }
    }
}

/// A diff from nothing is the whole list: sorted by name, its leaves give the root; so do all quorums, sorted by leaf.
fn check_whole_list(diff: &MnListDiff, payload: &CoinbasePayload) {
    let mut entries: Vec<_> = diff.entries.iter().collect();
    entries.sort_by_key(|entry| entry.pro_tx_hash);
    let leaves: Vec<[u8; 32]> = entries.into_iter().map(SmlEntry::leaf_hash).collect();
    assert_eq!(merkle::root(&leaves), payload.merkle_root_mn_list.to_bytes());
    let mut leaves: Vec<[u8; 32]> = diff.new_quorums.iter().map(FinalCommitment::leaf_hash).collect();
    leaves.sort_unstable();
    assert_eq!(merkle::root(&leaves), payload.merkle_root_quorums.to_bytes());
}
