//! The bytes themselves: whole, in order, both ways, whatever the messages' borders and the readers' pace.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::support::{MAGIC, config, connect, echo_peer, noise, peer, soon, start, until};

const ANY: &str = "?network=regtest";

#[tokio::test]
async fn the_first_message_names_the_peer_and_then_bytes_pass_both_ways() {
    let echo = echo_peer().await;
    let bridge = start(config(&[echo])).await;
    let (mut ws, name) = connect(&bridge, &format!("{ANY}&addr={echo}")).await;
    assert_eq!(name, echo.to_string());
    let sent = noise(100_000);
    ws.send(&sent).await;
    assert_eq!(ws.exactly(sent.len()).await, sent);
}

#[tokio::test]
async fn messages_split_and_joined_anywhere_are_one_stream() {
    let bridge = start(config(&[echo_peer().await])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    let sent = noise(3_000);
    let mut rest = &sent[..];
    for size in [1, 0, 1, 1, 1, 2, 3, 5, 8, 500, 1].into_iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (part, after) = rest.split_at(size.min(rest.len()));
        ws.send(part).await;
        rest = after;
    }
    assert_eq!(ws.exactly(sent.len()).await, sent);
}

#[tokio::test]
async fn nothing_reaches_a_peer_before_the_magic_is_whole() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    let address = peer(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                counter.fetch_add(count, Ordering::SeqCst);
            }
        }
    })
    .await;
    let bridge = start(config(&[address])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC[..3]).await;
    sleep(Duration::from_millis(200)).await;
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    ws.send(&MAGIC[3..]).await;
    until(|| seen.load(Ordering::SeqCst) == 4).await;
}

#[tokio::test]
async fn large_transfers_both_ways_at_once_arrive_whole_in_bounded_frames() {
    let mut config = config(&[echo_peer().await]);
    (config.limits.up_bytes_per_second, config.limits.down_bytes_per_second) = (0, 0);
    let most = config.limits.frame_bytes;
    let bridge = start(config).await;
    let (ws, _) = connect(&bridge, ANY).await;
    let (mut sink, mut source) = ws.0.split();
    let sent = noise(32 << 20);
    let expected = sent.clone();
    let sending = tokio::spawn(async move {
        for chunk in sent.chunks(3 << 20) {
            sink.send(Message::Binary(Bytes::copy_from_slice(chunk))).await.unwrap();
        }
        sink
    });
    let mut received = Vec::new();
    while received.len() < expected.len() {
        match soon(source.next()).await.unwrap().unwrap() {
            Message::Binary(bytes) => {
                assert!(bytes.len() <= most, "a frame of {} bytes", bytes.len());
                received.extend(bytes);
            }
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(received == expected, "the stream was changed");
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn a_client_that_does_not_read_stops_its_peer_and_gets_all_of_it_later() {
    const TOTAL: usize = 64 << 20;
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    let address = peer(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            stream.write_all(&MAGIC).await.unwrap();
            let block = [7; 64 << 10];
            for _ in 0..TOTAL / block.len() {
                if stream.write_all(&block).await.is_err() {
                    return;
                }
                counter.fetch_add(block.len(), Ordering::SeqCst);
            }
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await;
    let mut config = config(&[address]);
    config.limits.down_bytes_per_second = 0;
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC).await;
    let stalled = stall(&written).await;
    assert!(stalled < TOTAL, "all {stalled} bytes were taken from the peer, none were read");
    assert!(ws.exactly(TOTAL + 4).await[4..].iter().all(|byte| *byte == 7));
}

#[tokio::test]
async fn a_peer_that_does_not_read_stops_its_client_and_gets_all_of_it_later() {
    const TOTAL: usize = 64 << 20;
    let (go, wait) = tokio::sync::watch::channel(false);
    let read = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&read);
    let address = peer(move |mut stream| {
        let (mut wait, counter) = (wait.clone(), Arc::clone(&counter));
        async move {
            stream.write_all(&MAGIC).await.unwrap();
            wait.wait_for(|go| *go).await.unwrap();
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                counter.fetch_add(count, Ordering::SeqCst);
            }
        }
    })
    .await;
    let mut config = config(&[address]);
    config.limits.up_bytes_per_second = 0;
    let bridge = start(config).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        let block = noise(64 << 10);
        for _ in 0..TOTAL / block.len() {
            ws.send(&block).await;
            counter.fetch_add(block.len(), Ordering::SeqCst);
        }
        ws
    });
    let stalled = stall(&sent).await;
    assert!(stalled < TOTAL, "all {stalled} bytes were taken from the client, none were read");
    go.send(true).unwrap();
    until(|| read.load(Ordering::SeqCst) == TOTAL).await;
    drop(sending.await.unwrap());
}

/// Waits until a counter has not moved for a while, and says where it stands.
async fn stall(counter: &AtomicUsize) -> usize {
    soon(async {
        let mut last = usize::MAX;
        loop {
            let now = counter.load(Ordering::SeqCst);
            if now > 0 && now == last {
                return now;
            }
            last = now;
            sleep(Duration::from_millis(700)).await;
        }
    })
    .await
}

#[tokio::test]
async fn what_a_peer_sent_before_it_closed_arrives_before_the_close() {
    let sent = noise(1 << 20);
    let bytes = sent.clone();
    let address = peer(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            stream.read_exact(&mut [0; 4]).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        }
    })
    .await;
    let bridge = start(config(&[address])).await;
    let (mut ws, _) = connect(&bridge, ANY).await;
    ws.send(&MAGIC).await;
    assert_eq!(ws.exactly(sent.len()).await, sent);
    assert_eq!(ws.closed().await, (1000, "peer closed".to_owned()));
}

#[tokio::test]
async fn a_peer_sees_the_end_when_its_client_closes_or_is_gone() {
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&ended);
    let address = peer(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            let _ = stream.read_to_end(&mut Vec::new()).await;
            counter.fetch_add(1, Ordering::SeqCst);
        }
    })
    .await;
    let bridge = start(config(&[address])).await;
    let (mut polite, _) = connect(&bridge, ANY).await;
    let (gone, _) = connect(&bridge, ANY).await;
    polite.0.close(None).await.unwrap();
    assert!(timeout(Duration::from_secs(30), polite.0.next()).await.is_ok());
    drop(gone);
    until(|| ended.load(Ordering::SeqCst) == 2).await;
    until(|| bridge.connections() == 0).await;
}
