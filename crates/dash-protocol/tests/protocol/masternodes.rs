//! Entries of masternode lists, their addresses, and diffs.

use crate::common::hex;
use crate::generate;
use dash_protocol::{
    AddrV2, BlsPublicKey, BlsScheme, ConfirmedHash, Decode, DecodeError, Encode, GetMnListDiff,
    MasternodeType, MerkleRoot, MnListDiff, NetAddressEntry, NetInfo, NetPurpose, ProTxHash, Reader,
    SmlEntry, merkle,
};
use fastrand::Rng;

/// The operator keys of Dash Core's `evo_simplifiedmns_tests`: 1 to 15 times 2^248, legacy encoding.
const KEYS: [&str; 15] = [
    "81fc56c400756e2f053ea015d7a61606f668a10f5ee0808f86df9443778021b802174b1d9cdb0cde3c3a4fe5803d02b5",
    "94d1b65f578d88762686be66526fb646c6633f3b0f94cf242b6f99ec1f4bd27dfbc8966865ec548642994f552f4ccf1f",
    "8e8e746c281e151f60e2242ac348ae2a8618bcb79e93f8599083626251f21395d52034ce863b4f4a563af55b7802cf3d",
    "92a966944c688559cfe3f28aca9aa626b442dc4bb507670a1ab02795d397ef6aa1c1f57dbc5b0b1e9dd733d3c2b8623b",
    "0af86a598d2d39412c1c35e458938dc965de475fe6ca5872c5533425d7602da45ca17c0e9ea6e74a00c50ae99fff1921",
    "0cde8c12693642604b23d14f8d300bca62783d054bd6e856037155046f57f7753ff9129bed5a85471de55011756f5381",
    "90a085450a88e359b47daa6fdd49daa7607d6315863db1b68fb6a7083de7d34753621c6ba949258e3afe492d054c91f5",
    "16f73d53f6a4f1239713e45716f347dba9566937430c21b849f5e1fa028e5d0bad2bd7b65719356ece764dad57fdabe4",
    "15922ebf2744e3fb8d0ebd71588b969f3a5dfda143cb89c5d1f654218e2a84a2f8fdda4dab80fb5510d66f34d3d323ab",
    "869526009cadd1fdc8dfb7d16078ac0c4f6e6d141dd60f6f9fcd22b312095c3f72601687e95c6923ef6898aecaeacb66",
    "1193b013818bcd2a8e6006397a1c15d9bd7ee0c8baf19d141350c100cb4271966d83669d3b162c0b261b9728ba442f28",
    "84fbee633abc17b103afcc60e83eeac93b6064f7ebf37be60783bada61312b6d54e9f3682073fdb7a1aba572533e05d2",
    "851db193bb7522485665abd5e9f8abc18939f3090e0b15caed82a1cc1d2baa9c752653f1e3fbfdda5d2f971878a69c4a",
    "943b0210854f46f8465668aa24a386e08cca47e35d8f37d2c3f564011c2c4b9c9678ccbe09c001c77b25ba6258aea2fa",
    "9249d8b28b5680e9f28f58df617a8ba229b5bebc294db8d9bab99e44694ee71cceff52d266f3babffc4da1c45b3c9354",
];

/// `number` as the first byte of 32.
fn numbered<const N: usize>(number: u8) -> [u8; N] {
    core::array::from_fn(|at| if at == 0 { number } else { 0 })
}

/// Dash Core's entry of this number, from 1 on.
fn core_entry(number: u8) -> SmlEntry {
    let key = hex(KEYS[usize::from(number) - 1]).try_into().expect("48 bytes");
    let mut ip = [0; 16];
    (ip[10], ip[11], ip[15]) = (0xff, 0xff, number);
    SmlEntry {
        version: 1,
        pro_tx_hash: ProTxHash::from_bytes(numbered(number)),
        confirmed_hash: ConfirmedHash::from_bytes(numbered(number)),
        net_info: NetInfo::Service { ip, port: number.into() },
        operator_key: BlsPublicKey::from_bytes(key),
        voting_key_id: numbered(number),
        is_valid: true,
        kind: MasternodeType::Regular,
        platform_http_port: 0,
        platform_node_id: [0; 20],
    }
}

fn display(hash: [u8; 32]) -> String {
    MerkleRoot::from_bytes(hash).to_string()
}

#[test]
fn the_list_of_dash_cores_own_test_has_its_leaves_and_root() {
    let leaves: Vec<[u8; 32]> = (1..=15).map(|number| core_entry(number).leaf_hash()).collect();
    assert_eq!(display(leaves[0]), "3a1010e28226558560e5296bcee6bf0b9b963b73a1514f5aa2885e270f6b90c1");
    assert_eq!(display(leaves[1]), "85d3d93b28689128daf3a41d706ae5002f447b9b6372776f0ca9d53b31146884");
    let root = merkle::root(&leaves);
    assert_eq!(display(root), "0bae2176078cf42fa3e1fda761d4255d1c1c54777c6a793d0ab2b07c85ed4022");
    let bytes = core_entry(1).to_wire();
    assert_eq!(bytes.len(), 2 + 151);
    assert_eq!(SmlEntry::from_wire(&bytes), Ok(core_entry(1)));
    assert_eq!(core_entry(1).scheme(), BlsScheme::Legacy);
}

#[test]
fn an_evo_node_of_mainnet_has_its_leaf_and_address() {
    let bytes = hex(
        "0200c1f4ee661c542d950cab29b4d1e6ad9b17e728b7874fec9a98d1f83df69e03fb1618b834516cb319cd770b46\
        fc6079f791d078515fc2b536130000000000000000000000000000000000ffffa747cd8c270f9837e44db6df192e71011a242f34a1\
        ff969758a428103eb1ed0d356a004aeed32d66fa4a9471668eb51e941720865a913e2793d0ce46aaec419d37272f6c4a0c0445b27d\
        010100bb01539422b5f7f26c1e55760d59d7e1f58586a8f502",
    );
    assert_eq!(bytes.len(), 177);
    let entry = SmlEntry::from_wire(&bytes).unwrap();
    assert_eq!(entry.to_wire(), bytes);
    assert_eq!(
        display(entry.leaf_hash()),
        "a17d16b20058cd8d743a035969540527ce09fb681350e8d64fcd7ca6928f1283"
    );
    assert_eq!((entry.version, entry.kind, entry.is_valid), (2, MasternodeType::Evo, true));
    assert_eq!(entry.scheme(), BlsScheme::Basic);
    assert_eq!(entry.platform_http_port, 443);
    let address = NetAddressEntry::Address(AddrV2::Ipv4([167, 71, 205, 140].into()), 9999);
    assert_eq!(entry.net_info.entries(), [(NetPurpose::CoreP2p, address)]);
}

#[test]
fn an_entry_says_what_its_version_and_kind_demand_and_its_hash_leaves_out_the_version() {
    let regular = SmlEntry { version: 2, ..core_entry(1) };
    let evo = SmlEntry {
        kind: MasternodeType::Evo,
        platform_http_port: 0x01bb,
        platform_node_id: [9; 20],
        ..regular.clone()
    };
    let extended = SmlEntry {
        version: 3,
        net_info: NetInfo::Extended(vec![1, 0]),
        platform_http_port: 0,
        ..evo.clone()
    };
    for (entry, hashed) in [(core_entry(1), 151), (regular, 153), (evo, 175), (extended, 157)] {
        let bytes = entry.to_wire();
        assert_eq!(bytes.len(), 2 + hashed);
        assert_eq!(entry.leaf_hash(), dash_protocol::sha256d(&bytes[2..]));
        assert_eq!(SmlEntry::from_wire(&bytes), Ok(entry));
    }
}

#[test]
fn an_entry_of_an_unknown_version_kind_or_validity_is_refused() {
    let refused = |at: usize, value: u8, what| {
        let mut bytes = SmlEntry { version: 2, ..core_entry(1) }.to_wire();
        bytes[at] = value;
        assert_eq!(SmlEntry::from_wire(&bytes), Err(DecodeError::Invalid { what, value: value.into() }));
    };
    refused(0, 0, "version of a masternode");
    refused(0, 4, "version of a masternode");
    refused(152, 2, "validity of a masternode");
    refused(153, 2, "type of a masternode");
}

fn extended(bytes: &str) -> Result<NetInfo, DecodeError> {
    let bytes = hex(bytes);
    let mut r = Reader::new(&bytes);
    let net_info = NetInfo::decode(&mut r, 3)?;
    r.finish()?;
    assert_eq!(net_info.to_wire(), bytes);
    Ok(net_info)
}

#[test]
fn extended_addresses_are_read_by_purpose() {
    let tor = "04 20 0101010101010101010101010101010101010101010101010101010101010101";
    let bytes = format!("01 03 00 03 01 01 04 01020304 270f 01 {tor} 270f ff 01 00 02 01 02 03 642e6e 01bb");
    let address = NetAddressEntry::Address;
    assert_eq!(
        extended(&bytes).unwrap().entries(),
        [
            (NetPurpose::CoreP2p, address(AddrV2::Ipv4([1, 2, 3, 4].into()), 9999)),
            (NetPurpose::CoreP2p, address(AddrV2::TorV3([1; 32]), 9999)),
            (NetPurpose::CoreP2p, NetAddressEntry::Invalid),
            (NetPurpose::PlatformHttps, NetAddressEntry::Domain("d.n".into(), 443)),
        ]
    );
    for none in ["00", "02", "01 00"] {
        assert_eq!(extended(none).unwrap().entries(), []);
    }
    assert_eq!(NetInfo::NONE.entries(), []);
    assert_eq!(
        NetInfo::Extended(hex("01 01 00 02 ff 07")).entries(),
        [(NetPurpose::CoreP2p, NetAddressEntry::Invalid)]
    );
}

#[test]
fn malformed_extended_addresses_are_refused() {
    let invalid = |what, value| Err(DecodeError::Invalid { what, value });
    assert_eq!(extended("01 01 00 01 07"), invalid("kind of address", 7));
    assert_eq!(extended("01 01 00 01 01 01 03 010203 270f"), invalid("length of an address", 3));
    assert_eq!(extended("01 01 02 01 02 02 61ff 01bb"), invalid("domain name", 1));
    let order = Err(DecodeError::Duplicate { what: "purpose of addresses, or one out of order" });
    assert_eq!(extended("01 02 00 00 00 00"), order);
    assert_eq!(extended("01 02 01 00 00 00"), order);
    let many = DecodeError::TooMany { what: "addresses of a purpose", count: 5, max: 4 };
    assert_eq!(extended("01 01 00 05 ff ff ff ff ff"), Err(many));
    assert!(matches!(extended("01 fd0001"), Err(DecodeError::Truncated { .. })));
}

#[test]
fn a_request_for_a_diff_is_two_hashes() {
    let request = GetMnListDiff {
        base_block_hash: dash_protocol::BlockHash::from_bytes([1; 32]),
        block_hash: dash_protocol::BlockHash::from_bytes([2; 32]),
    };
    assert_eq!(request.to_wire(), [[1; 32], [2; 32]].concat());
    assert_eq!(GetMnListDiff::from_wire(&request.to_wire()), Ok(request));
    assert_eq!(request.to_wire().len(), GetMnListDiff::LEN);
}

/// Each list of a diff in turn claims a million entries, and nothing follows.
#[test]
fn lists_of_a_diff_are_refused_before_they_are_allocated() {
    let mut diff = generate::diff(&mut Rng::with_seed(1));
    diff.deleted.clear();
    diff.entries.clear();
    diff.deleted_quorums.clear();
    diff.new_quorums.clear();
    diff.quorum_signatures.clear();
    let bytes = diff.to_wire();
    assert_eq!(bytes[bytes.len() - 5..], [0; 5]);
    let million = hex("fe40420f00");
    for (list, least) in [32, SmlEntry::MIN_LEN, 33, 309, 97].into_iter().enumerate() {
        let claim = [&bytes[..bytes.len() - 5 + list], &million].concat();
        assert_eq!(
            MnListDiff::from_wire(&claim),
            Err(DecodeError::Truncated { needed: 1_000_000 * least, remaining: 0 }),
            "list {list}"
        );
    }
}

#[test]
fn the_shortest_encodings_are_as_short_as_their_bounds_say() {
    let mut rng = Rng::with_seed(2);
    let entry = (0..200).map(|_| generate::entry(&mut rng).to_wire().len()).min();
    assert_eq!(entry, Some(SmlEntry::MIN_LEN));
    let diff = MnListDiff {
        coinbase_tree: dash_protocol::PartialMerkleTree { total: 0, hashes: vec![], flags: vec![] },
        coinbase: dash_protocol::Transaction {
            version: 0,
            tx_type: 0,
            inputs: vec![],
            outputs: vec![],
            lock_time: 0,
            payload: vec![],
        },
        deleted: vec![],
        entries: vec![],
        deleted_quorums: vec![],
        new_quorums: vec![],
        quorum_signatures: vec![],
        ..generate::diff(&mut rng)
    };
    assert_eq!(diff.to_wire().len(), MnListDiff::MIN_LEN);
}
