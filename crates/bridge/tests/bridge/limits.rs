//! Limits of connections, of new connections and of bytes, as a client meets them.

use std::time::{Duration, Instant};

use dash_ws_bridge::Refusal;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::support::{ask, config, connect, echo_peer, get, noise, soon, start, until, upgrade};

const ANY: &str = "?network=regtest";

#[tokio::test]
async fn a_client_holds_so_many_connections_and_may_replace_one() {
    let mut config = config(&[echo_peer().await]);
    config.limits.connections_per_client = 2;
    let bridge = start(config).await;
    let (first, _) = connect(&bridge, ANY).await;
    let _second = connect(&bridge, ANY).await;
    assert_eq!(ask(&bridge, ANY).await.err(), Some(429));
    assert_eq!(bridge.metrics().refusals(Refusal::Connections), 1);
    drop(first);
    until(|| bridge.connections() == 1).await;
    connect(&bridge, ANY).await;
}

#[tokio::test]
async fn all_clients_together_hold_so_many_connections() {
    let mut config = config(&[echo_peer().await]);
    config.limits.connections = 1;
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let bridge = start(config).await;
    let _first = connect(&bridge, ANY).await;
    let headers = [("sec-websocket-protocol", dash_ws_bridge::SUBPROTOCOL), ("x-forwarded-for", "8.8.8.8")];
    assert_eq!(upgrade(bridge.address(), ANY, &headers).await.err(), Some(503));
    assert_eq!(bridge.metrics().refusals(Refusal::Full), 1);
}

#[tokio::test]
async fn clients_behind_a_trusted_proxy_are_counted_apart() {
    let mut config = config(&[echo_peer().await]);
    config.limits.connections_per_client = 1;
    config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let bridge = start(config).await;
    let from = async |client: &str| {
        let headers = [("sec-websocket-protocol", dash_ws_bridge::SUBPROTOCOL), ("x-forwarded-for", client)];
        upgrade(bridge.address(), ANY, &headers).await
    };
    let _first = from("8.8.8.8").await.unwrap();
    assert_eq!(from("8.8.8.8").await.err(), Some(429));
    assert_eq!(from("1.1.1.1, 8.8.8.8").await.err(), Some(429));
    assert!(from("8.8.4.4").await.is_ok());
}

#[tokio::test]
async fn new_connections_are_bounded_by_the_minute() {
    let mut config = config(&[echo_peer().await]);
    config.limits.new_per_minute = 3;
    let bridge = start(config).await;
    for _ in 0..3 {
        connect(&bridge, ANY).await;
    }
    assert_eq!(ask(&bridge, ANY).await.err(), Some(429));
    assert_eq!(bridge.metrics().refusals(Refusal::Rate), 1);
    // Pages and health checks are not what this limit is about.
    assert!(get(bridge.address(), "/healthz").await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn a_connection_passes_no_more_than_its_bytes_a_second_each_way() {
    for up in [true, false] {
        let mut config = config(&[echo_peer().await]);
        let limits = &mut config.limits;
        let limited = if up { &mut limits.up_bytes_per_second } else { &mut limits.down_bytes_per_second };
        *limited = 50_000;
        let bridge = start(config).await;
        let (mut ws, _) = connect(&bridge, ANY).await;
        let sent = noise(125_000);
        let started = Instant::now();
        ws.send(&sent).await;
        assert_eq!(ws.exactly(sent.len()).await, sent);
        // A second's worth may pass at once; the other 75,000 bytes take a second and a half.
        assert!(started.elapsed() >= Duration::from_millis(1_400), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_socket_that_sends_no_request_is_closed() {
    let mut config = config(&[]);
    config.limits.handshake_timeout = Duration::from_millis(200);
    let bridge = start(config).await;
    let mut stream = TcpStream::connect(bridge.address()).await.unwrap();
    // An answer of 408 or none: either way the socket ends.
    let _ = soon(stream.read_to_end(&mut Vec::new())).await;
}
