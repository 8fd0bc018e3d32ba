//! Health, metrics and static files.

use std::fs;
use std::path::PathBuf;

use dash_ws_bridge::{Bridge, BridgeError, Config};

use crate::support::{config, connect, dead_peer, echo_peer, get, noise, start};

#[tokio::test]
async fn health_is_ok_while_it_serves() {
    let bridge = start(config(&[])).await;
    let (head, body) = get(bridge.address(), "/healthz").await;
    assert!(head.starts_with("http/1.1 200"));
    assert_eq!(body, b"ok\n");
}

#[tokio::test]
async fn routes_of_an_embedding_program_are_served_beside_the_bridges() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("index.html"), "page").unwrap();
    let config = Config { serve_dir: Some(folder.path().to_owned()), ..config(&[]) };
    let more = axum::Router::new().route("/more", axum::routing::get(|| async { "more" }));
    let bridge = Bridge::start_with(config, "127.0.0.1:0", more).await.unwrap();
    for (path, found) in [("/more", "more"), ("/healthz", "ok\n"), ("/", "page")] {
        let (head, body) = get(bridge.address(), path).await;
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert_eq!(body, found.as_bytes());
    }
}

#[tokio::test]
async fn metrics_count_what_happened() {
    let bridge = start(config(&[echo_peer().await, dead_peer().await])).await;
    let (mut first, _) = connect(&bridge, "?network=regtest").await;
    let sent = noise(5_000);
    first.send(&sent).await;
    first.exactly(sent.len()).await;
    let _second = connect(&bridge, "?network=regtest").await;
    assert!(crate::support::ask(&bridge, "?network=mainnet").await.is_ok());
    crate::support::until(|| bridge.metrics().refusals(dash_ws_bridge::Refusal::Network) == 1).await;
    let (head, body) = get(bridge.address(), "/metrics").await;
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let text = String::from_utf8(body).unwrap();
    for line in [
        "dash_bridge_connections_total 2",
        "dash_bridge_peers 2",
        "dash_bridge_peers_failing 1",
        "dash_bridge_dials_total{result=\"ok\"} 2",
        "dash_bridge_dials_total{result=\"failed\"} 1",
        "dash_bridge_bytes_total{direction=\"up\"} 5000",
        "dash_bridge_bytes_total{direction=\"down\"} 5000",
        "dash_bridge_refused_total{reason=\"network\"} 1",
        "dash_bridge_draining 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn static_files_have_the_types_that_browsers_insist_on_and_are_never_stale() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("site");
    fs::create_dir_all(site.join("sub")).unwrap();
    for name in ["index.html", "index.js", "a.mjs", "a.wasm", "a.css", "a.json", "a.svg", "sub/index.html"] {
        fs::write(site.join(name), name).unwrap();
    }
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let bridge = start(Config { serve_dir: Some(site), ..config(&[]) }).await;
    for (path, kind, body) in [
        ("/", "text/html", "index.html"),
        ("/index.html", "text/html", "index.html"),
        ("/sub/", "text/html", "sub/index.html"),
        ("/index.js", "text/javascript", "index.js"),
        ("/a.mjs", "application/javascript", "a.mjs"),
        ("/a.wasm", "application/wasm", "a.wasm"),
        ("/a.css", "text/css", "a.css"),
        ("/a.json", "application/json", "a.json"),
        ("/a.svg", "image/svg+xml", "a.svg"),
    ] {
        let (head, found) = get(bridge.address(), path).await;
        assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(head.contains(&format!("content-type: {kind}")), "{path}: {head}");
        assert!(head.contains("cache-control: no-cache"), "{path}: {head}");
        assert_eq!(found, body.as_bytes());
    }
    for path in ["/none", "/../secret", "/%2e%2e/secret", "/sub/..%2f..%2fsecret", "//secret"] {
        let (head, body) = get(bridge.address(), path).await;
        assert!(!head.starts_with("http/1.1 200"), "{path}: {head}");
        assert!(!body.windows(6).any(|window| window == b"secret"), "{path}");
    }
    assert!(get(bridge.address(), "/healthz").await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn without_a_folder_there_are_no_files() {
    let bridge = start(config(&[])).await;
    assert!(get(bridge.address(), "/").await.0.starts_with("http/1.1 404"));
    assert!(bridge.url().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error_at_the_start() {
    let missing = PathBuf::from("no/such/folder");
    let started = Bridge::start(Config { serve_dir: Some(missing), ..config(&[]) }, "127.0.0.1:0").await;
    assert!(matches!(started, Err(BridgeError::Folder(_))));
}
