//! Why connections end: each side's breaches and silences, and the close code that names them.

use std::time::Duration;

use dash_ws_bridge::End;
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{MAGIC, config, connect, echo_peer, noise, peer, start, until};

const ANY: &str = "?network=regtest";
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn a_client_with_the_wrong_magic_is_closed() {
    let bridge = start(config(&[echo_peer().await])).await;
    for first in [&b"GET / HTTP/1.1"[..], &[0xbf, 0x0c, 0x6b, 0xbd], b"G"] {
        let (mut ws, _) = connect(&bridge, ANY).await;
        ws.send(first).await;
        assert_eq!(ws.closed().await, (1008, "client sent wrong magic".to_owned()));
    }
    until(|| bridge.metrics().ended(End::ClientMagic) == 3).await;
}

#[tokio::test]
async fn a_peer_with_the_wrong_magic_is_closed_and_none_of_its_bytes_pass() {
    let ssh = peer(|mut stream| async move {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let bridge = start(config(&[ssh])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    assert_eq!(ws.closed().await, (1011, "peer sent wrong magic".to_owned()));
}

#[tokio::test]
async fn text_is_no_p2p_message() {
    let bridge = start(config(&[echo_peer().await])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.0.send(Message::text("hello")).await.unwrap();
    assert_eq!(ws.closed().await.0, 1003);
}

#[tokio::test]
async fn a_message_over_the_limit_ends_the_connection() {
    let mut config = config(&[echo_peer().await]);
    config.limits.max_message_bytes = 10_000;
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    let sent = noise(10_000);
    ws.send(&sent).await;
    assert_eq!(ws.exactly(sent.len()).await, sent);
    ws.send(&noise(10_001)).await;
    assert_eq!(ws.closed().await.0, 1009);
}

#[tokio::test]
async fn a_client_that_never_speaks_is_closed() {
    let mut config = config(&[echo_peer().await]);
    config.limits.handshake_timeout = SHORT;
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC[..2]).await;
    assert_eq!(ws.closed().await, (1008, "client silent".to_owned()));
}

#[tokio::test]
async fn a_peer_that_never_answers_is_closed() {
    let mute = peer(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let mut config = config(&[mute]);
    config.limits.handshake_timeout = SHORT;
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC).await;
    assert_eq!(ws.closed().await, (1011, "peer silent".to_owned()));
}

#[tokio::test]
async fn a_connection_on_which_nothing_passes_is_closed_though_pings_are_answered() {
    let mut config = config(&[echo_peer().await]);
    config.limits.idle_timeout = Duration::from_secs(1);
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC).await;
    ws.exactly(4).await;
    assert_eq!(ws.closed().await, (1000, "idle".to_owned()));
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed_though_its_peer_goes_on() {
    let chatty = peer(|mut stream| async move {
        let mut first = [0; 4];
        stream.read_exact(&mut first).await.unwrap();
        while stream.write_all(&MAGIC).await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut config = config(&[chatty]);
    config.limits.idle_timeout = Duration::from_secs(1);
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC).await;
    // The socket stays open, but nobody reads it: a tab that was frozen or a machine that is gone.
    until(|| bridge.metrics().ended(End::ClientSilent) == 1).await;
    drop(ws);
}
