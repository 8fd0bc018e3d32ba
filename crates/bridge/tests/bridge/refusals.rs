//! Each thing that a bridge refuses, and how it says so.

use std::net::SocketAddr;

use dash_ws_bridge::{Config, Refusal, SUBPROTOCOL};

use crate::support::{ask, config, connect, dead_peer, echo_peer, get, start, upgrade};

/// A regtest bridge to public addresses only.
fn public() -> Config {
    config(&[])
}

async fn reason(config: Config, query: &str) -> (String, u16) {
    let bridge = start(config).await;
    let mut ws = ask(&bridge, query).await.unwrap();
    let greeting = ws.greeting().await;
    assert!(greeting["error"].as_str().is_some_and(|text| !text.is_empty()), "{greeting}");
    assert!(greeting.get("connected").is_none());
    (greeting["reason"].as_str().unwrap().to_owned(), ws.closed().await.0)
}

#[tokio::test]
async fn another_network_is_refused() {
    for query in ["?network=mainnet", "?network=devnet-regtest", "?network=", "", "?network=Regtest"] {
        assert_eq!(
            reason(config(&[echo_peer().await]), query).await,
            ("network".to_owned(), 1008),
            "{query}"
        );
    }
}

#[tokio::test]
async fn parameters_that_do_not_parse_are_refused() {
    for (query, expected) in [
        ("?network=regtest&services=x", "request"),
        ("?network=regtest&services=-1", "request"),
        ("?network=regtest&network=regtest", "request"),
        ("?network=regtest&addr=", "address"),
        ("?network=regtest&addr=8.8.8.8", "address"),
        ("?network=regtest&addr=http://8.8.8.8:19899", "address"),
    ] {
        assert_eq!(reason(public(), query).await, (expected.to_owned(), 1008), "{query}");
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused() {
    for address in [
        "127.0.0.1:19899",
        "10.0.0.1:19899",
        "169.254.169.254:19899",
        "[::1]:19899",
        "[::ffff:127.0.0.1]:19899",
        "[fd00::1]:19899",
        "[64:ff9b::a00:1]:19899",
        "localhost:19899",
        "2130706433:19899",
        "0x7f.1:19899",
        "0:19899",
    ] {
        let query = format!("?network=regtest&addr={address}");
        let (reason, code) = reason(public(), &query).await;
        // Some resolvers do not read a number as an address: then it is a name without one.
        assert!(
            reason == "address" || (reason == "unreachable" && !address.contains(['.', '['])),
            "{address}: {reason}"
        );
        assert!(matches!(code, 1008 | 1013));
    }
}

#[tokio::test]
async fn ports_other_than_the_networks_are_refused_even_where_private_addresses_are_not() {
    for address in ["8.8.8.8:80", "8.8.8.8:9999", "127.0.0.1:22"] {
        for allow_private in [false, true] {
            let config = Config { allow_private, ..public() };
            let query = format!("?network=regtest&addr={address}");
            assert_eq!(reason(config, &query).await, ("address".to_owned(), 1008), "{address}");
        }
    }
}

#[tokio::test]
async fn a_bridge_with_named_peers_dials_no_other() {
    let (named, other) = (echo_peer().await, echo_peer().await);
    let query = format!("?network=regtest&addr={other}");
    let config = Config { allow_private: true, ..config(&[named]) };
    assert_eq!(reason(config.clone(), &query).await, ("address".to_owned(), 1008));
    let bridge = start(config).await;
    connect(&bridge, &format!("?network=regtest&addr={named}")).await;
}

#[tokio::test]
async fn peers_that_cannot_be_reached_are_reported() {
    let dead = dead_peer().await;
    let unreachable = ("unreachable".to_owned(), 1013);
    assert_eq!(reason(config(&[dead]), &format!("?network=regtest&addr={dead}")).await, unreachable);
    assert_eq!(reason(config(&[dead]), "?network=regtest").await, unreachable);
    assert_eq!(reason(public(), "?network=regtest").await, unreachable);
}

#[tokio::test]
async fn the_subprotocol_is_required() {
    let bridge = start(config(&[echo_peer().await])).await;
    for headers in [&[][..], &[("sec-websocket-protocol", "binary")]] {
        assert_eq!(upgrade(bridge.address(), "?network=regtest", headers).await.err(), Some(400));
    }
    assert_eq!(bridge.metrics().refusals(Refusal::Request), 2);
}

#[tokio::test]
async fn a_request_that_is_no_upgrade_is_refused() {
    let bridge = start(config(&[echo_peer().await])).await;
    let (head, _) = get(bridge.address(), "/peer?network=regtest").await;
    assert!(head.starts_with("http/1.1 4"), "{head}");
}

#[tokio::test]
async fn pages_of_origins_not_listed_are_refused() {
    let allowed_origins = vec!["https://wallet.example".to_owned(), "http://localhost:8080".to_owned()];
    let bridge = start(Config { allowed_origins, ..config(&[echo_peer().await]) }).await;
    let from = async |address: SocketAddr, origin: &str| {
        let headers = [("sec-websocket-protocol", SUBPROTOCOL), ("origin", origin)];
        upgrade(address, "?network=regtest", &headers).await.err()
    };
    for origin in ["https://evil.example", "http://wallet.example", "https://wallet.example:8443", "null"] {
        assert_eq!(from(bridge.address(), origin).await, Some(403), "{origin}");
    }
    assert_eq!(ask(&bridge, "?network=regtest").await.err(), Some(403));
    for origin in ["https://wallet.example", "http://localhost:8080"] {
        assert_eq!(from(bridge.address(), origin).await, None, "{origin}");
    }
    assert_eq!(bridge.metrics().refusals(Refusal::Origin), 5);
    let open = start(config(&[echo_peer().await])).await;
    assert_eq!(from(open.address(), "https://any.example").await, None);
}
