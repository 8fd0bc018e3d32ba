//! Network parameters: genesis blocks, checkpoints, what regtest and devnet nodes can be started with.

use crate::common::{hex, json, x11};
use dash_num::Arith256;
use dash_protocol::{
    BlockHash, ChainOverrides, Checkpoint, Header, LLMQType, LlmqTypeOverrides, NetworkKind, NetworkParams,
    ParamsError,
};

fn regtest() -> NetworkParams {
    NetworkParams::regtest(&ChainOverrides::default()).expect("no overrides")
}

fn devnet(name: &str) -> Result<NetworkParams, ParamsError> {
    NetworkParams::devnet(name, &ChainOverrides::default(), x11)
}

fn all() -> [NetworkParams; 4] {
    [NetworkParams::mainnet(), NetworkParams::testnet(), devnet("test").expect("a good name"), regtest()]
}

fn with_checkpoints(checkpoints: Vec<Checkpoint>) -> ChainOverrides {
    ChainOverrides { checkpoints, ..ChainOverrides::default() }
}

fn checkpoint(height: u32, byte: u8) -> Checkpoint {
    Checkpoint { height, hash: BlockHash::from_bytes([byte; 32]), time: None, chain_work: None }
}

#[test]
fn every_genesis_block_hashes_to_its_hash() {
    for params in all() {
        assert_eq!(x11(&params.genesis.to_bytes()), params.genesis_hash, "{params}");
        assert_eq!(params.required_hash(0), Some(params.genesis_hash));
    }
    let main = hex("010000000000000000000000000000000000000000000000000000000000000000000000
        c762a6567f3cc092f0684bb62b7e00a84890b990f07cc71a6bb58d64b98e02e0022ddb52f0ff0f1ec23fb901");
    assert_eq!(NetworkParams::mainnet().genesis.to_bytes(), *main);
}

#[test]
fn a_devnets_first_block_follows_from_its_name() {
    for (name, full, hash) in [
        ("", "devnet", "65aeaff7fc5bae2bdf1604f5498108317a79ac56624cffe78e77adc206fe1c8b"),
        ("test", "devnet-test", "4dc9a06c9b2fa59781c63c29ff17693b10e20f5838142d5652132262290bcc94"),
    ] {
        let params = devnet(name).unwrap();
        let (header, found) = params.devnet_genesis.unwrap();
        assert_eq!(found.to_string(), hash);
        assert_eq!((header.version, header.nonce, header.time), (4, 0, 1_417_713_338));
        assert_eq!(header.prev_block_hash, params.genesis_hash);
        assert_eq!(x11(&header.to_bytes()), found);
        assert_eq!(params.name, full);
        assert_eq!(params.user_agent_suffix, Some(format!("devnet.{full}")));
        assert_eq!(params.network_id(), found);
        assert_eq!(params.required_hash(1), Some(found));
    }
    assert_ne!(devnet("a").unwrap().network_id(), devnet("b").unwrap().network_id());
    assert_eq!(regtest().network_id(), regtest().genesis_hash);
}

#[test]
fn a_devnets_nonce_is_the_smallest_that_meets_the_target() {
    let third = |header: &[u8; Header::LEN]| {
        let top = if header[76] < 2 { 0x80 } else { 0x7f };
        BlockHash::from_bytes([top; 32])
    };
    let params = NetworkParams::devnet("x", &ChainOverrides::default(), third).unwrap();
    assert_eq!(params.devnet_genesis.unwrap().0.nonce, 2);
    let never = |_: &[u8; Header::LEN]| BlockHash::from_bytes([0xff; 32]);
    assert_eq!(
        NetworkParams::devnet("x", &ChainOverrides::default(), never),
        Err(ParamsError::DevnetGenesis { name: "x".into() })
    );
}

#[test]
fn a_devnets_name_is_held_to_its_alphabet_and_length() {
    assert!(devnet(&"a".repeat(64)).is_ok());
    assert!(devnet("Az-09_.x").is_ok());
    for bad in ["a b", "a/b", "é", "a&b=c", "\0", &"a".repeat(65)] {
        assert_eq!(devnet(bad), Err(ParamsError::DevnetName { name: bad.into() }));
    }
    let Err(ParamsError::DevnetName { name }) = devnet(&"é".repeat(10_000)) else { panic!("accepted") };
    assert_eq!(name.chars().count(), 80, "an error does not repeat a name of any length");
}

#[test]
fn networks_differ_where_peers_can_tell() {
    let networks = all();
    for (i, one) in networks.iter().enumerate() {
        for other in &networks[..i] {
            assert_ne!(one.magic, other.magic);
            assert_ne!(one.name, other.name);
            assert_ne!(one.network_id(), other.network_id());
        }
    }
    assert_eq!(networks.each_ref().map(|params| params.default_port), [9_999, 19_999, 19_799, 19_899]);
    assert_eq!(networks[2].kind, NetworkKind::Devnet);
}

#[test]
fn the_compact_limit_is_that_of_the_limit() {
    for params in all() {
        assert_eq!(
            u32::from_str_radix(&params.pow_limit_bits.to_string(), 16),
            Ok(params.pow_limit_bits.to_bits())
        );
        let compact = params.pow_limit.compact(false).to_string();
        assert_eq!(compact, format!("0x{}", params.pow_limit_bits), "{params}");
    }
}

#[test]
fn checkpoints_ascend_and_are_found_by_height() {
    for (params, count) in [(NetworkParams::mainnet(), 117), (NetworkParams::testnet(), 64)] {
        assert_eq!(params.checkpoints.len(), count);
        assert!(params.checkpoints.is_sorted_by(|a, b| a.height < b.height));
        let works: Vec<Arith256> = params.checkpoints.iter().filter_map(|c| c.chain_work).collect();
        assert!(works.is_sorted_by(|a, b| a < b));
        for checkpoint in &params.checkpoints {
            assert_eq!(params.required_hash(checkpoint.height), Some(checkpoint.hash));
            assert_eq!(params.required_hash(checkpoint.height + 1), None);
        }
    }
}

#[test]
fn the_tables_of_checkpoints_carry_the_recorded_figures() {
    let name = "the_tables_of_checkpoints_carry_the_recorded_figures";
    let Some(recorded) = json(name, "headers/checkpoints.json") else { return };
    for (network, params) in [("mainnet", NetworkParams::mainnet()), ("testnet", NetworkParams::testnet())] {
        let rows = recorded[network].as_array().unwrap();
        for row in rows {
            let height = row["height"].as_u64().unwrap() as u32;
            let at = params.checkpoints.binary_search_by_key(&height, |c| c.height).unwrap();
            let ours = params.checkpoints[at];
            assert_eq!(Some(ours.hash.to_string().as_str()), row["hash"].as_str());
            assert_eq!(ours.time.map(u64::from), row["time"].as_u64());
            let work = Arith256::from_hex_lossy(row["chainwork"].as_str().unwrap());
            assert_eq!(ours.chain_work, Some(work), "{network} {height}");
        }
        let known = params.checkpoints.iter().filter(|c| c.time.is_some() || c.chain_work.is_some());
        assert_eq!(known.count(), rows.len(), "no figures but the recorded ones");
    }
}

#[test]
fn overrides_change_what_they_name_and_nothing_else() {
    let overrides = ChainOverrides {
        llmq: vec![(100, (4, 3)), (103, (8, 6))],
        llmq_types: LlmqTypeOverrides { chainlocks: Some(104), ..LlmqTypeOverrides::default() },
        activation: vec![("dip3".into(), 2), ("v20".into(), 300), ("cltv".into(), 9)],
        minimum_difficulty_blocks: None,
        checkpoints: vec![checkpoint(20, 2), checkpoint(10, 1)],
    };
    let params = NetworkParams::regtest(&overrides).unwrap();
    let mut expected = regtest();
    expected.activation.dip3 = 2;
    expected.activation.v20 = 300;
    expected.activation.bip65 = 9;
    expected.llmq_types.chainlocks = LLMQType(104);
    expected.checkpoints = vec![checkpoint(10, 1), checkpoint(20, 2)];
    for quorum in &mut expected.llmqs {
        let (size, threshold) = match quorum.llmq_type.0 {
            100 => (4, 3),
            103 => (8, 6),
            _ => continue,
        };
        quorum.size = size;
        (quorum.min_size, quorum.threshold, quorum.bad_votes_threshold) = (threshold, threshold, threshold);
    }
    assert_eq!(params, expected);
    assert!(params.llmq(LLMQType(103)).unwrap().rotated);
    assert_eq!(params.llmq(LLMQType(1)), None);
}

#[test]
fn an_override_that_makes_no_sense_names_its_option() {
    let regtest = |change: fn(&mut ChainOverrides)| {
        let mut overrides = ChainOverrides::default();
        change(&mut overrides);
        NetworkParams::regtest(&overrides).map(|_| ())
    };
    let llmq_type = |number| Err(ParamsError::LlmqType { llmq_type: LLMQType(number) });
    assert_eq!(regtest(|o| o.llmq = vec![(101, (3, 2))]), llmq_type(101));
    assert_eq!(regtest(|o| o.llmq = vec![(102, (3, 2))]), llmq_type(102));
    for (size, threshold) in [(0, 0), (3, 0), (3, 4), (401, 3)] {
        let overrides = ChainOverrides { llmq: vec![(100, (size, threshold))], ..ChainOverrides::default() };
        assert_eq!(
            NetworkParams::regtest(&overrides),
            Err(ParamsError::LlmqSize { llmq_type: LLMQType(100), size, threshold })
        );
    }
    assert_eq!(regtest(|o| o.llmq_types.platform = Some(2)), llmq_type(2));
    assert_eq!(
        regtest(|o| o.llmq_types.chainlocks = Some(103)),
        Err(ParamsError::LlmqPurpose { llmq_type: LLMQType(103), purpose: "chainlocks" })
    );
    assert_eq!(
        regtest(|o| o.llmq_types.instantsend = Some(100)),
        Err(ParamsError::LlmqPurpose { llmq_type: LLMQType(100), purpose: "instantsend" })
    );
    assert_eq!(
        regtest(|o| o.activation = vec![("v99".into(), 1)]),
        Err(ParamsError::Deployment { name: "v99".into() })
    );
    assert_eq!(regtest(|o| o.minimum_difficulty_blocks = Some(5)), Err(ParamsError::MinimumDifficultyBlocks));
}

#[test]
fn a_devnets_minimum_difficulty_can_be_set() {
    let overrides = ChainOverrides { minimum_difficulty_blocks: Some(5_000), ..ChainOverrides::default() };
    assert_eq!(NetworkParams::devnet("x", &overrides, x11).unwrap().minimum_difficulty_blocks, 5_000);
}

#[test]
fn checkpoints_that_contradict_are_refused_and_the_first_blocks_are_not_repeated() {
    let twice = with_checkpoints(vec![checkpoint(5, 1), checkpoint(9, 2), checkpoint(5, 1)]);
    assert_eq!(NetworkParams::regtest(&twice), Err(ParamsError::Checkpoint { height: 5 }));
    let genesis = with_checkpoints(vec![checkpoint(0, 1)]);
    assert_eq!(NetworkParams::regtest(&genesis), Err(ParamsError::Checkpoint { height: 0 }));
    let first = with_checkpoints(vec![checkpoint(1, 1)]);
    assert_eq!(NetworkParams::devnet("x", &first, x11), Err(ParamsError::Checkpoint { height: 1 }));
    assert_eq!(NetworkParams::regtest(&first).unwrap().checkpoints.len(), 1);
    let same = Checkpoint { hash: regtest().genesis_hash, ..checkpoint(0, 0) };
    assert_eq!(NetworkParams::regtest(&with_checkpoints(vec![same])).unwrap(), regtest());
}

#[test]
fn platform_begins_at_its_height_or_with_the_payment_of_its_masternodes() {
    assert_eq!(NetworkParams::mainnet().platform_activation_height(), 2_132_092);
    assert_eq!(NetworkParams::testnet().platform_activation_height(), 1_090_319);
    let overrides = ChainOverrides { activation: vec![("mn_rr".into(), 300)], ..ChainOverrides::default() };
    assert_eq!(NetworkParams::regtest(&overrides).unwrap().platform_activation_height(), 300);
}

#[test]
fn every_type_that_signs_is_one_that_the_network_has() {
    for params in [NetworkParams::mainnet(), NetworkParams::testnet(), regtest()] {
        let types = params.llmq_types;
        for (llmq_type, rotated) in
            [(types.chainlocks, false), (types.instantsend, true), (types.platform, false)]
        {
            assert_eq!(
                params.llmq(llmq_type).expect("a type of the network").rotated,
                rotated,
                "{llmq_type}"
            );
        }
    }
}
