//! The two steps of a shutdown.

use std::time::{Duration, Instant};

use dash_ws_bridge::{End, serve};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{config, connect, echo_peer, noise, soon, start};

const ANY: &str = "?network=regtest";

#[tokio::test]
async fn connections_live_through_the_drain_and_are_then_closed_as_going_away() {
    let mut config = config(&[echo_peer().await]);
    config.limits.drain_timeout = Duration::from_millis(700);
    let bridge = start(config).await;
    let address = bridge.address();
    let (mut ws, _) = connect(&bridge, ANY).await;
    let began = Instant::now();
    let stopping = tokio::spawn(bridge.shutdown());
    soon(async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let sent = noise(1_000);
    ws.send(&sent).await;
    assert_eq!(ws.exactly(sent.len()).await, sent);
    assert_eq!(ws.closed().await, (1001, "bridge shutting down".to_owned()));
    assert!(began.elapsed() >= Duration::from_millis(700));
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn a_drain_is_over_once_the_last_connection_ended() {
    let mut config = config(&[echo_peer().await]);
    config.limits.drain_timeout = Duration::from_secs(86_400);
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    let stopping = tokio::spawn(bridge.shutdown());
    ws.0.close(None).await.unwrap();
    while ws.next().await.is_some() {}
    soon(stopping).await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_answer_the_close_is_cut_off() {
    let bridge = start(config(&[echo_peer().await])).await;
    let held = connect(&bridge, ANY).await;
    soon(bridge.shutdown()).await;
    drop(held);
}

#[tokio::test]
async fn serve_ends_when_its_shutdown_completes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve(config(&[]), listener, async move {
        let _ = stopped.await;
    }));
    assert!(!serving.is_finished());
    stop.send(()).unwrap();
    soon(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_ended_is_counted() {
    let bridge = start(config(&[echo_peer().await])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.0.close(None).await.unwrap();
    while ws.next().await.is_some() {}
    crate::support::until(|| bridge.metrics().ended(End::Client) == 1).await;
}
