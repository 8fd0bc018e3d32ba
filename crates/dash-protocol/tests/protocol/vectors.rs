//! Recorded payloads of Dash Core nodes.

use crate::common::{hex, json, vector, x11};
use dash_protocol::{
    BlockHash, ChainOverrides, Command, CompressedHeaders, Header, InventoryKind, Message, NetworkParams,
    PROTOCOL_VERSION, ServiceFlags,
};

/// Both forms of a recording's headers decode to the same headers, whose hashes the node names, and encode back.
fn check_headers(name: &str, recording: &str) {
    let Some(full) = vector(name, &format!("{recording}/wire/headers.bin")) else { return };
    let Some(short) = vector(name, &format!("{recording}/wire/headers2.bin")) else { return };
    let Some(hashes) = json(name, &format!("{recording}/hashes.json")) else { return };
    let hashes: Vec<BlockHash> = hashes
        .as_array()
        .expect("a list")
        .iter()
        .map(|hash| hash.as_str().expect("a text").parse().expect("a hash"))
        .collect();

    let message = Message::decode(Command::HEADERS, &full).expect("valid headers");
    assert_eq!(message.payload(), full);
    let Message::Headers(headers) = message else { panic!("not headers") };
    assert!(headers.len() > 600);

    let message = Message::decode(Command::HEADERS2, &short).expect("valid headers2");
    assert_eq!(message.payload(), short);
    let Message::Headers2(compressed) = message else { panic!("not headers2") };
    let expanded = compressed.expand(x11).expect("checked when it was made");
    assert_eq!(expanded.len(), headers.len());
    for (at, ((header, hash), expected)) in expanded.iter().zip(&headers).enumerate() {
        assert_eq!(header, expected, "header {at}");
        assert_eq!(*hash, hashes[at + 1], "the hash at height {}", at + 1);
        assert_eq!(header.prev_block_hash, hashes[at]);
    }
    assert_eq!(CompressedHeaders::compress(&headers, x11).into_payload(), short);
    let regtest = NetworkParams::regtest(&ChainOverrides::default()).expect("no overrides");
    assert_eq!(hashes[0], regtest.genesis_hash);
}

#[test]
fn headers_and_headers2_of_regtest_llmq_are_the_same_and_encode_back() {
    check_headers("headers_and_headers2_of_regtest_llmq_are_the_same_and_encode_back", "regtest-llmq");
}

#[test]
fn headers_and_headers2_of_regtest_few_are_the_same_and_encode_back() {
    check_headers("headers_and_headers2_of_regtest_few_are_the_same_and_encode_back", "regtest-few");
}

#[test]
fn an_empty_answer_decodes_to_no_headers() {
    let name = "an_empty_answer_decodes_to_no_headers";
    for recording in ["regtest-llmq", "regtest-few"] {
        let Some(bytes) = vector(name, &format!("{recording}/wire/headers_empty.bin")) else { return };
        assert_eq!(Message::decode(Command::HEADERS, &bytes), Ok(Message::Headers(vec![])));
        assert!(CompressedHeaders::from_payload(bytes).unwrap().is_empty());
    }
}

#[test]
fn the_recorded_version_messages_decode_and_encode_back() {
    let name = "the_recorded_version_messages_decode_and_encode_back";
    for (recording, height) in [("regtest-llmq", 646), ("regtest-few", 697)] {
        let Some(bytes) = vector(name, &format!("{recording}/wire/version.bin")) else { return };
        let message = Message::decode(Command::VERSION, &bytes).unwrap();
        assert_eq!(message.payload(), bytes);
        let Message::Version(version) = message else { panic!("not a version") };
        assert_eq!(version.version, PROTOCOL_VERSION);
        let services =
            ServiceFlags::NETWORK | ServiceFlags::HEADERS_COMPRESSED | ServiceFlags::COMPACT_FILTERS;
        assert!(version.services.has(services), "{:?}", version.services);
        assert!(version.user_agent.starts_with("/Dash Core:23.1.2("), "{}", version.user_agent);
        assert_eq!(version.start_height, height);
        assert!(version.relay && !version.masternode);
        assert_ne!(version.mnauth_challenge, [0; 32]);
    }
}

#[test]
fn the_recorded_inventories_decode_and_encode_back() {
    let name = "the_recorded_inventories_decode_and_encode_back";
    let expected = [
        ("0000_in_inv", Command::INV, InventoryKind::Transaction),
        ("0001_in_inv", Command::INV, InventoryKind::InstantSendLock),
        ("0002_out_getdata", Command::GETDATA, InventoryKind::Transaction),
        ("0006_in_inv", Command::INV, InventoryKind::Block),
        ("0007_in_inv", Command::INV, InventoryKind::ChainLock),
    ];
    for (file, command, kind) in expected {
        let Some(bytes) = vector(name, &format!("regtest-llmq/live/{file}.bin")) else { return };
        let message = Message::decode(command, &bytes).unwrap();
        assert_eq!(message.payload(), bytes);
        let (Message::Inv(items) | Message::GetData(items)) = message else { panic!("not an inventory") };
        assert_eq!(items.len(), 1);
        assert_eq!(items[0].kind, kind, "{file}");
    }
}

#[test]
fn single_headers_decode_hash_and_encode_back() {
    let name = "single_headers_decode_hash_and_encode_back";
    let Some(singles) = json(name, "headers/singles.json") else { return };
    for single in singles.as_array().unwrap() {
        let bytes: [u8; 80] = hex(single["header"].as_str().unwrap()).try_into().unwrap();
        let header = Header::from_bytes(&bytes);
        assert_eq!(header.to_bytes(), bytes);
        assert_eq!(x11(&bytes).to_string(), single["hash"].as_str().unwrap());
        let params = match single["network"].as_str().unwrap() {
            "mainnet" => NetworkParams::mainnet(),
            "testnet" => NetworkParams::testnet(),
            _ => continue,
        };
        if single["height"].as_u64() == Some(0) {
            assert_eq!(header, params.genesis);
        }
    }
}

#[test]
fn five_thousand_headers_survive_compression() {
    let name = "five_thousand_headers_survive_compression";
    let Some(raw) = vector(name, "headers/mainnet_1886799_1891798.bin") else { return };
    let headers: Vec<Header> = raw.as_chunks().0.iter().map(Header::from_bytes).collect();
    let compressed = CompressedHeaders::compress(&headers, x11);
    assert!(compressed.payload().len() < raw.len() * 6 / 10, "{} bytes", compressed.payload().len());
    let expanded = CompressedHeaders::from_payload(compressed.into_payload()).unwrap().expand(x11).unwrap();
    assert!(expanded.iter().map(|(header, _)| header).eq(&headers));
}
