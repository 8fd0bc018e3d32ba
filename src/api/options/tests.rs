use super::*;
use crate::api::ErrorCode;

fn parse(json: &str) -> Result<Options, ApiError> {
    Options::parse(&serde_json::from_str(json).unwrap())
}

fn with(json: &str) -> Result<Options, ApiError> {
    parse(&format!(r#"{{"bridges": ["wss://bridge.example"], {json}}}"#))
}

/// The option that an error names.
fn refused(result: Result<Options, ApiError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code, ErrorCode::BadInput);
    assert!(!error.retryable);
    let option = error.details.unwrap();
    assert!(error.message.contains(&format!("`{option}`")), "{}", error.message);
    option
}

#[test]
fn bridges_alone_are_enough_and_the_rest_has_its_default() {
    let options =
        parse(r#"{"bridges": ["wss://a.example", {"url": "ws://[::1]:8333/x?y=z", "plain": true}]}"#)
            .unwrap();
    assert_eq!(options.params.name, "mainnet");
    assert_eq!(options.bridges[0], BridgeConfig { url: "wss://a.example".into(), plain: false });
    assert_eq!(options.bridges[1], BridgeConfig { url: "ws://[::1]:8333/x?y=z".into(), plain: true });
    assert_eq!(options.storage, StorageKind::IndexedDb);
    assert_eq!((options.birthday, options.compute_workers, options.seed), (None, None, None));
    assert_eq!(options.namespace, "default");
    assert_eq!((options.peers_target, options.peers_only.len()), (3, 0));
    assert!(options.watch_mempool && options.masternodes && options.filters);
    let qrinfo = QrInfoConfig { concurrency: 3, mode: QrInfoMode::Parallel, history: 0 };
    assert_eq!(options.qrinfo, qrinfo);
    assert_eq!(options.log_level, LogLevel::Info);
}

#[test]
fn every_option_is_read() {
    let options = with(
        r#""network": "testnet", "storage": "memory", "birthday": {"time": 1700000000500}, "namespace": "a b",
           "computeWorkers": 0, "peers": {"target": 5, "only": ["10.0.0.1:9999", "[::1]:1", "node.example:19999"]},
           "mempool": "off", "phases": {"masternodes": false}, "qrinfo": {"concurrency": 1, "mode": "sequential", "history": 64},
           "log": {"level": "trace"}, "seed": 7"#,
    )
    .unwrap();
    assert_eq!(options.params.name, "testnet");
    assert_eq!(options.storage, StorageKind::Memory);
    assert_eq!(options.birthday, Some(Birthday::Time(1_700_000_000)));
    assert_eq!(options.namespace, "a b");
    assert_eq!(options.compute_workers, Some(0));
    assert_eq!((options.peers_target, options.peers_only.len()), (5, 3));
    assert!(!options.watch_mempool && !options.masternodes && options.filters);
    let qrinfo = QrInfoConfig { concurrency: 1, mode: QrInfoMode::Sequential, history: 64 };
    assert_eq!(options.qrinfo, qrinfo);
    let config = options.config(false, 1);
    assert_eq!((config.masternodes, config.watch_mempool, config.qrinfo), (false, false, qrinfo));
    assert_eq!((options.log_level, options.seed), (LogLevel::Trace, Some(7)));
}

#[test]
fn a_birthday_has_four_forms() {
    let birthday = |json: &str| with(&format!(r#""birthday": {json}"#)).unwrap().birthday;
    assert_eq!(birthday(r#""now""#), Some(Birthday::Now));
    assert_eq!(birthday(r#""genesis""#), Some(Birthday::Genesis));
    assert_eq!(birthday(r#"{"height": 4294967295}"#), Some(Birthday::Height(u32::MAX)));
    assert_eq!(birthday(r#"{"time": 0}"#), Some(Birthday::Time(0)));
    assert_eq!(birthday("null"), None);
}

#[test]
fn platform_starts_where_its_network_says() {
    let height = |json: &str| platform_activation_height(&serde_json::from_str(json).unwrap());
    assert_eq!(height("null"), Ok(2_132_092));
    assert_eq!(height(r#""mainnet""#), Ok(2_132_092));
    assert_eq!(height(r#""testnet""#), Ok(1_090_319));
    assert_eq!(height(r#""regtest""#), Ok(432));
    assert_eq!(height(r#"{"regtest": {"activation": {"mn_rr": 77}}}"#), Ok(77));
    assert_eq!(height(r#"{"devnet": "x"}"#), Ok(2));
    assert_eq!(height(r#""moon""#).unwrap_err().details.as_deref(), Some("network"));
}

#[test]
fn a_bad_value_is_refused_by_the_name_of_its_option() {
    for (json, option) in [
        (r#""network": "main""#, "network"),
        (r#""network": 1"#, "network"),
        (r#""network": {}"#, "network"),
        (r#""storage": "disk""#, "storage"),
        (r#""birthday": "yesterday""#, "birthday"),
        (r#""birthday": {}"#, "birthday"),
        (r#""birthday": {"time": 1, "height": 1}"#, "birthday"),
        (r#""birthday": {"height": -1}"#, "birthday.height"),
        (r#""birthday": {"height": 1.5}"#, "birthday.height"),
        (r#""birthday": {"time": -1}"#, "birthday"),
        (r#""birthday": {"time": "x"}"#, "birthday.time"),
        (r#""birthday": {"height": 1, "x": 1}"#, "birthday.x"),
        (r#""namespace": """#, "namespace"),
        (r#""namespace": "a\nb""#, "namespace"),
        (r#""namespace": 5"#, "namespace"),
        (r#""computeWorkers": -1"#, "computeWorkers"),
        (r#""computeWorkers": 33"#, "computeWorkers"),
        (r#""computeWorkers": "2""#, "computeWorkers"),
        (r#""peers": 3"#, "peers"),
        (r#""peers": {"target": 0}"#, "peers.target"),
        (r#""peers": {"target": 17}"#, "peers.target"),
        (r#""peers": {"only": []}"#, "peers.only"),
        (r#""peers": {"only": ["x"]}"#, "peers.only[0]"),
        (r#""peers": {"only": ["a:1", "a:0"]}"#, "peers.only[1]"),
        (r#""peers": {"only": ["a:+1"]}"#, "peers.only[0]"),
        (r#""peers": {"only": ["::1:9999"]}"#, "peers.only[0]"),
        (r#""peers": {"only": ["a b:9999"]}"#, "peers.only[0]"),
        (r#""peers": {"wanted": 1}"#, "peers.wanted"),
        (r#""mempool": true"#, "mempool"),
        (r#""phases": {"filters": 1}"#, "phases.filters"),
        (r#""qrinfo": {"concurrency": 0}"#, "qrinfo.concurrency"),
        (r#""qrinfo": {"mode": "fast"}"#, "qrinfo.mode"),
        (r#""qrinfo": {"history": 65}"#, "qrinfo.history"),
        (r#""log": {"level": "loud"}"#, "log.level"),
        (r#""log": {"sink": 1}"#, "log.sink"),
        (r#""seed": -1"#, "seed"),
        (r#""seed": 9007199254740992"#, "seed"),
        (r#""colour": "blue""#, "colour"),
    ] {
        assert_eq!(refused(with(json)), option, "{json}");
    }
}

#[test]
fn a_bad_bridge_is_refused_by_its_place() {
    let bridge = |json: &str| refused(parse(&format!(r#"{{"bridges": {json}}}"#)));
    assert_eq!(refused(parse("{}")), "bridges");
    assert_eq!(bridge("[]"), "bridges");
    assert_eq!(bridge(r#""wss://a""#), "bridges");
    assert_eq!(bridge("[1]"), "bridges[0]");
    assert_eq!(bridge(r#"[{"plain": true}]"#), "bridges[0].url");
    assert_eq!(bridge(r#"[{"url": "wss://a", "plain": 1}]"#), "bridges[0].plain");
    assert_eq!(bridge(r#"[{"url": "wss://a", "plane": true}]"#), "bridges[0].plane");
    assert_eq!(bridge(&format!("[{}]", [r#""wss://a""#; 17].join(","))), "bridges");
    for url in [
        "",
        "a",
        "ftp://a",
        "wss://",
        "wss:///x",
        "wss://a b",
        "wss://a#b",
        "wss://u:p@a",
        "wss://a:99999",
        "wss://:1",
    ] {
        assert_eq!(bridge(&format!(r#"["wss://a", "{url}"]"#)), "bridges[1]", "{url}");
    }
}

#[test]
fn options_that_are_no_object_are_refused_as_a_whole() {
    for json in ["1", "[]", "null", r#""x""#] {
        assert_eq!(refused(parse(json)), "options");
    }
}

#[test]
fn regtest_and_devnets_take_the_parameters_of_their_nodes() {
    let options = with(
        r#""network": {"devnet": "spv", "llmqTypes": {"chainlocks": 101}, "activation": {"v20": 300},
           "minimumDifficultyBlocks": 1000, "checkpoints": [{"height": 50,
           "hash": "00000ffd590b1485b3caadc19b22e6379c733355108f107a430458cdf3407ab6", "time": 1, "chainwork": "ff0"}]}"#,
    )
    .unwrap();
    assert_eq!(options.params.name, "devnet-spv");
    assert_eq!(options.params.minimum_difficulty_blocks, 1000);
    let checkpoint = options.params.checkpoints.iter().find(|checkpoint| checkpoint.height == 50).unwrap();
    assert_eq!(checkpoint.chain_work, Some(dash_num::Arith256::from_u64(0xff0)));
    let regtest = with(r#""network": {"regtest": {"llmq": {"100": {"size": 4, "threshold": 4}}}}"#).unwrap();
    assert_eq!(regtest.params.llmq(dash_protocol::LLMQType(100)).unwrap().size, 4);
}

#[test]
fn a_bad_network_parameter_is_refused_by_its_path() {
    for (json, option) in [
        (r#"{"devnet": ""}"#, "network.devnet"),
        (r#"{"devnet": "a/b"}"#, "network.devnet"),
        (r#"{"devnet": 1}"#, "network.devnet"),
        (r#"{"devnet": "a", "x": 1}"#, "network.x"),
        (r#"{"regtest": {"x": 1}}"#, "network.regtest.x"),
        (r#"{"regtest": {}, "llmq": {}}"#, "network.llmq"),
        (r#"{"regtest": {"llmq": {"x": {"size": 1, "threshold": 1}}}}"#, "network.regtest.llmq.x"),
        (r#"{"regtest": {"llmq": {"100": {"size": 1}}}}"#, "network.regtest.llmq.100.threshold"),
        (
            r#"{"regtest": {"llmq": {"100": {"size": 1, "threshold": 2}}}}"#,
            "network.regtest.llmq.100.threshold",
        ),
        (r#"{"regtest": {"llmq": {"1": {"size": 4, "threshold": 4}}}}"#, "network.regtest.llmq"),
        (r#"{"regtest": {"llmqTypes": {"chainlocks": 256}}}"#, "network.regtest.llmqTypes.chainlocks"),
        (r#"{"regtest": {"activation": {"v99": 1}}}"#, "network.regtest.activation"),
        (r#"{"regtest": {"activation": {"v20": -1}}}"#, "network.regtest.activation.v20"),
        (
            r#"{"regtest": {"checkpoints": [{"height": 1, "hash": "zz"}]}}"#,
            "network.regtest.checkpoints[0].hash",
        ),
        (r#"{"regtest": {"minimumDifficultyBlocks": 1}}"#, "network.regtest.minimumDifficultyBlocks"),
    ] {
        assert_eq!(refused(with(&format!(r#""network": {json}"#))), option, "{json}");
    }
}

#[test]
fn a_store_is_named_after_its_network_and_namespace() {
    let name = |json: &str, namespace: &str| store_name(&serde_json::from_str(json).unwrap(), namespace);
    assert_eq!(name("null", "default").unwrap(), "dash-spv-wasm/mainnet/default");
    assert_eq!(name(r#"{"devnet": "spv"}"#, "a/b").unwrap(), "dash-spv-wasm/devnet-spv/a/b");
    assert_eq!(name("null", "").unwrap_err().details.as_deref(), Some("namespace"));
    assert_eq!(name(r#""x""#, "a").unwrap_err().details.as_deref(), Some("network"));
}

#[test]
fn deep_nesting_ends() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    assert_eq!(
        refused(with(&format!(r#""network": {{"regtest": {{"llmq": {deep}}}}}"#))),
        "network.regtest.llmq.a"
    );
}
