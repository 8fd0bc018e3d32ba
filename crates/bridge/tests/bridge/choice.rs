//! Which peer a client gets that names none.

use std::net::SocketAddr;

use dash_ws_bridge::Bridge;
use tokio::io::AsyncReadExt;

use crate::support::{MAGIC, Ws, config, connect, dead_peer, echo_peer, peer, start, version_peer};

async fn named(bridge: &Bridge, query: &str) -> (Ws, SocketAddr) {
    let (ws, name) = connect(bridge, query).await;
    (ws, name.parse().unwrap())
}

#[tokio::test]
async fn one_client_gets_every_peer_in_turn() {
    let peers = [echo_peer().await, echo_peer().await, echo_peer().await];
    let bridge = start(config(&peers)).await;
    let mut held = Vec::new();
    let mut got = Vec::new();
    for _ in 0..3 {
        let (ws, name) = named(&bridge, "?network=regtest").await;
        held.push(ws);
        got.push(name);
    }
    assert_eq!(got, peers);
}

#[tokio::test]
async fn peers_that_do_not_answer_are_passed_over() {
    let alive = echo_peer().await;
    let bridge = start(config(&[dead_peer().await, alive, dead_peer().await])).await;
    for _ in 0..4 {
        assert_eq!(named(&bridge, "?network=regtest").await.1, alive);
    }
}

#[tokio::test]
async fn a_peer_that_closes_before_it_spoke_is_passed_over() {
    let rude = peer(|mut stream| async move {
        let _ = stream.read(&mut [0; 4]).await;
    })
    .await;
    let alive = echo_peer().await;
    let bridge = start(config(&[rude, alive])).await;
    let (mut ws, first) = named(&bridge, "?network=regtest").await;
    assert_eq!(first, rude);
    ws.send(&MAGIC).await;
    ws.closed().await;
    for _ in 0..3 {
        assert_eq!(named(&bridge, "?network=regtest").await.1, alive);
    }
}

#[tokio::test]
async fn peers_known_to_have_the_services_asked_for_are_preferred() {
    let peers = [version_peer(0x401).await, version_peer(0x441).await, version_peer(0x401).await];
    let bridge = start(config(&peers)).await;
    for _ in 0..3 {
        let (mut ws, _) = named(&bridge, "?network=regtest").await;
        ws.send(&MAGIC).await;
        ws.bytes().await;
    }
    for _ in 0..3 {
        assert_eq!(named(&bridge, "?network=regtest&services=64").await.1, peers[1]);
    }
    // Service bits are a preference: nobody is known to have this one.
    named(&bridge, "?network=regtest&services=1048576").await;
}

/// Linux answers on all of 127/8, which gives a peer of its own at the network's port.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_address_that_a_client_named_and_that_answered_is_known_from_then_on() {
    let listener =
        tokio::net::TcpListener::bind("127.83.19.201:19799").await.expect("the devnet port is free");
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
            });
        }
    });
    let mut config = dash_ws_bridge::Config::new("devnet-test".parse().unwrap());
    config.allow_private = true;
    config.limits.drain_timeout = std::time::Duration::ZERO;
    let bridge = start(config).await;
    let query = "?network=devnet-test";
    let mut refused = crate::support::ask(&bridge, query).await.unwrap();
    assert_eq!(refused.greeting().await["reason"], "unreachable");
    let (mut ws, name) = named(&bridge, &format!("{query}&addr={address}")).await;
    assert_eq!(name, address);
    ws.send(&[0xe2, 0xca, 0xff, 0xce]).await;
    ws.bytes().await;
    assert_eq!(named(&bridge, query).await.1, address);
}
