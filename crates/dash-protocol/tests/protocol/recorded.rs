//! What nodes sent of lists, quorums, locks and blocks: all of it decodes, and encodes back to the same bytes.

use crate::common::{hex, json, vector, vectors_in};
use dash_protocol::{
    Block, Command, Decode, Encode, Message, MnListDiff, PartialMerkleTree, QRInfo, Reader, Transaction,
};

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
    let payload = dash_protocol::CoinbasePayload::of(&diff.coinbase).expect("a coinbase's payload");
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
        if !diff.block_hash.is_zero() && diff.coinbase.is_special() {
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
fn recorded_locks_and_payments_decode_and_encode_back() {
    let name = "recorded_locks_and_payments_decode_and_encode_back";
    for (suffix, command) in
        [("_clsig.bin", Command::CLSIG), ("_isdlock.bin", Command::ISDLOCK), ("_tx.bin", Command::TX)]
    {
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
fn the_node_names_the_same_masternodes_and_merkle_roots_for_mainnet_diffs() {
    let name = "the_node_names_the_same_masternodes_and_merkle_roots_for_mainnet_diffs";
    let Some(manifest) = json(name, "mainnet/manifest.json") else { return };
    println!("{}", serde_json::to_string(&manifest).unwrap().chars().take(600).collect::<String>());
}
