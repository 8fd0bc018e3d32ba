//! The embedded network, spoken to over TCP and HTTP.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use simnet::demo::{
    Demo, DemoConfig, FactsInfo, FiltersInfo, LockInfo, PeerState, TipInfo, late_masternodes, network_option,
};
use simnet::masternodes::MasternodePlan;
use simnet::peer::{Lie, Profile};
use simnet::world::{regtest, regtest_with_masternodes};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use support::{Client, PATIENCE, http, told};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn demo(peers: usize) -> (Demo, SocketAddr) {
    let config = DemoConfig {
        peers: vec![Profile { latency_ms: (0, 1), ..Profile::honest() }; peers],
        interval: None,
        control: Some("127.0.0.1:0".parse().unwrap()),
        ..DemoConfig::new(regtest(), 300)
    };
    let demo = Demo::start(config).await.unwrap();
    let control = demo.control().unwrap();
    (demo, control)
}

#[tokio::test]
async fn peers_serve_the_chain_and_announce_what_is_mined() {
    let (demo, control) = demo(2).await;
    let mut clients = Vec::new();
    for address in demo.addresses() {
        let mut client = Client::connect(address, false).await;
        assert_eq!(client.ask_from(regtest().genesis_hash).await, demo.chain().read().headers()[1..]);
        clients.push(client);
    }
    let tip: TipInfo = told(control, "POST /mine?blocks=2").await;
    assert_eq!((tip.height, &tip), (302, &demo.tip()));
    for client in &mut clients {
        assert_eq!(client.headers().await.unwrap(), demo.chain().read().headers()[301..]);
    }
    let (status, _) = http(control, "POST /reorg?depth=3&blocks=4").await;
    assert_eq!(status, 200);
    assert_eq!(demo.tip().height, 303);
    for client in &mut clients {
        assert_eq!(client.headers().await.unwrap(), demo.chain().read().headers()[300..]);
    }
    assert_eq!(told::<TipInfo>(control, "GET /tip").await, demo.tip());
}

#[tokio::test]
async fn filters_tell_their_size_which_a_crowd_adds_to() {
    let mut headers = Vec::new();
    for (crowd, least, most) in [(0, 1, 10), (30, 70, 100)] {
        let config = DemoConfig {
            crowd,
            interval: None,
            control: Some("127.0.0.1:0".parse().unwrap()),
            ..DemoConfig::new(regtest(), 120)
        };
        let demo = Demo::start(config).await.unwrap();
        let told: FiltersInfo = told(demo.control().unwrap(), "GET /filters").await;
        assert_eq!(told.blocks, 121);
        let each = told.bytes / 121;
        assert!((least..=most).contains(&each), "{each} bytes each");
        headers.push(told.header.unwrap());
    }
    assert_ne!(headers[0], headers[1]);
}

#[tokio::test]
async fn a_peer_goes_down_and_comes_back_on_its_port() {
    let (demo, control) = demo(1).await;
    let address = demo.addresses()[0];
    let mut client = Client::connect(address, false).await;
    client.ask_from(regtest().genesis_hash).await;
    assert_eq!(http(control, "POST /peers/0/down").await.0, 200);
    assert_eq!(client.headers().await, None);
    assert_eq!(told::<Vec<PeerState>>(control, "GET /peers").await, [PeerState { address, up: false }]);
    assert_eq!(http(control, "POST /peers/0/up").await.0, 200);
    let back = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, back).await.expect("the port opens again");
    let mut client = Client::connect(address, false).await;
    assert_eq!(client.ask_from(regtest().genesis_hash).await.len(), 300);
}

#[tokio::test]
async fn the_control_refuses_what_it_does_not_know() {
    let (_demo, control) = demo(1).await;
    assert_eq!(http(control, "POST /peers/7/down").await.0, 404);
    assert_eq!(http(control, "POST /peers/0/sideways").await.0, 404);
    assert_eq!(http(control, "POST /mine?blocks=4000000000").await.0, 400);
    assert_eq!(http(control, "GET /mine").await.0, 405);
}

#[tokio::test]
async fn blocks_are_mined_while_one_looks_on() {
    let config = DemoConfig { interval: Some(Duration::from_millis(20)), ..DemoConfig::new(regtest(), 50) };
    let demo = Demo::start(config).await.unwrap();
    let grown = async {
        while demo.tip().height < 53 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, grown).await.expect("blocks are mined");
}

#[tokio::test]
async fn a_network_with_masternodes_tells_the_truth_about_them_and_locks_payments() {
    let config = DemoConfig {
        peers: vec![Profile { latency_ms: (0, 1), ..Profile::honest() }],
        interval: None,
        control: Some("127.0.0.1:0".parse().unwrap()),
        masternodes: Some(MasternodePlan::calm(12)),
        ..DemoConfig::new(regtest_with_masternodes(), 300)
    };
    let demo = Demo::start(config).await.unwrap();
    let control = demo.control().unwrap();
    let facts: FactsInfo = told(control, "GET /facts").await;
    assert_eq!((facts.height, &facts.hash), (300, &demo.tip().hash));
    assert!(facts.masternodes.all == 12 && facts.masternodes.evo > 0 && !facts.quorums.is_empty());
    let mut client = Client::connect(demo.addresses()[0], false).await;
    client.ask_from(regtest_with_masternodes().genesis_hash).await;
    let lock: LockInfo = told(control, "POST /lock").await;
    assert_eq!(lock.txid.len(), 64);
    let served: BTreeMap<String, u64> = told(control, "GET /served").await;
    assert_eq!(served["getheaders"], 1);
}

#[tokio::test]
async fn a_network_without_masternodes_has_no_facts_and_no_locks() {
    let (_demo, control) = demo(1).await;
    assert_eq!(http(control, "GET /facts").await.0, 404);
    assert_eq!(http(control, "POST /lock").await.0, 404);
}

#[test]
fn a_client_is_told_by_which_rules_to_open_a_network() {
    let late = late_masternodes(100_000);
    let option = network_option("regtest", &late);
    assert_eq!(option["regtest"]["activation"]["dip3"], 99_264);
    assert_eq!(network_option("regtest", &Default::default()), "regtest");
    assert_eq!(network_option("devnet-sim", &Default::default())["devnet"], "sim");
}

#[tokio::test]
async fn a_checkpoint_liar_serves_a_chain_of_its_own() {
    let config = DemoConfig {
        peers: vec![Profile::honest(), Profile::liar(Lie::CheckpointFork)],
        checkpoints: vec![200],
        interval: None,
        ..DemoConfig::new(regtest(), 300)
    };
    let demo = Demo::start(config).await.unwrap();
    assert_eq!(demo.checkpoints()[0].height, 200);
    let mut client = Client::connect(demo.addresses()[1], false).await;
    let headers = client.ask_from(regtest().genesis_hash).await;
    assert!(headers.len() > 300);
    assert_eq!(demo.chain().read().known_hash(&headers[199]), None);
}
