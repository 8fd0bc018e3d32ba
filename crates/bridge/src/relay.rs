//! One client's connection to one peer: set-up, the two pumps, and the end.
//!
//! Each pump moves one message at a time and takes the next only when the last was handed on, so a slow reader on
//! one side slows the writer on the other and nothing piles up here. In memory at one time are at most: one WebSocket
//! message of the client (`max_message_bytes`), one frame for it (`frame_bytes`) and as much of it again in the
//! socket's own buffer. A side that stalls is noticed by the watch, which ends the connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use serde::Serialize;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};
use tracing::{debug, info};

use crate::address::ClientKey;
use crate::dial::Reached;
use crate::gate::{MagicGate, VersionLook};
use crate::limits::ByteRate;
use crate::metrics::{End, Refusal};
use crate::server::Shared;
use crate::target::HostPort;
use crate::watch::{Flow, watch};

/// How long the closing handshake may take.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// Bytes of a client's message handed to the peer between two looks at the clock.
const UP_CHUNK: usize = 64 << 10;
/// The smallest buffer for a peer's bytes.
const SMALL_FRAME: usize = 4 << 10;
/// From so many bytes on, more are likely on their way: about one full TCP segment.
const BURST: usize = 1024;
/// How long to wait for the rest of a burst, since browsers are slow at many small frames.
const LINGER: Duration = Duration::from_millis(2);

/// What a client asked for.
#[derive(Debug)]
pub struct Visit {
    /// Tells log lines of one connection from another's.
    pub id: u64,
    /// Who asks.
    pub client: ClientKey,
    /// The peer asked for, or none to be given one.
    pub asked: Option<HostPort>,
    /// Service bits that a peer of the bridge's choice should have.
    pub services: u64,
}

/// The bridge's own first frame.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Greeting<'a> {
    Connected(&'a str),
    #[serde(untagged)]
    Refused {
        error: &'a str,
        /// A word of [`Refusal::as_str`], for programs.
        reason: &'a str,
    },
}

impl Greeting<'_> {
    fn message(&self) -> Message {
        let text = serde_json::to_string(self).expect("strings always serialize");
        Message::Text(Utf8Bytes::from(text))
    }
}

/// Tells a client why it gets no peer, and closes.
pub async fn refuse(mut socket: WebSocket, refusal: Refusal, error: &str) {
    let greeting = Greeting::Refused { error, reason: refusal.as_str() };
    let closing = async {
        socket.send(greeting.message()).await.ok()?;
        socket.send(close_message(refusal.close_code(), refusal.as_str())).await.ok()?;
        while let Some(Ok(_)) = socket.recv().await {}
        Some(())
    };
    // Whoever does not read its refusal in time does without.
    let _ = timeout(CLOSE_TIMEOUT, closing).await;
}

fn close_message(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }))
}

/// Serves one upgraded connection to its end.
pub async fn run(shared: &Shared, visit: Visit, mut socket: WebSocket) {
    let reached = tokio::select! {
        reached = shared.dialer.reach(visit.client, visit.asked.as_ref(), visit.services) => reached,
        () = shared.closing.cancelled() => {
            shared.metrics.refused(Refusal::Draining);
            return refuse(socket, Refusal::Draining, "the bridge is shutting down").await;
        }
    };
    let Reached { stream, peer } = match reached {
        Ok(reached) => reached,
        Err(error) => {
            let refusal = error.refusal();
            shared.metrics.refused(refusal);
            info!(id = visit.id, reason = refusal.as_str(), %error, "refused");
            return refuse(socket, refusal, &error.to_string()).await;
        }
    };
    let _in_use = shared.dialer.book().used(&peer, visit.client);
    shared.metrics.opened();
    info!(id = visit.id, %peer, "connected");
    debug!(id = visit.id, client = %visit.client, "client");
    let name = peer.to_string();
    let greeted =
        timeout(shared.limits().handshake_timeout, socket.send(Greeting::Connected(&name).message()));
    let flow = Flow::new();
    let end = match greeted.await {
        Ok(Ok(())) => pump(shared, &visit, &peer, stream, socket, &flow).await,
        _ => End::Client,
    };
    shared.metrics.closed(end);
    info!(
        id = visit.id,
        %peer,
        reason = end.as_str(),
        up = flow.up.load(Ordering::Relaxed),
        down = flow.down.load(Ordering::Relaxed),
        seconds = flow.started.elapsed().as_secs(),
        "closed"
    );
}

async fn pump(
    shared: &Shared,
    visit: &Visit,
    peer: &HostPort,
    stream: TcpStream,
    socket: WebSocket,
    flow: &Flow,
) -> End {
    let (mut sink, mut source) = socket.split();
    let (reader, mut writer) = stream.into_split();
    let end = tokio::select! {
        end = up(shared, flow, &mut source, &mut writer) => end,
        end = down(shared, visit, peer, flow, &reader, &mut sink) => end,
        end = watch(shared.limits(), flow) => end,
        () = shared.closing.cancelled() => End::Drained,
    };
    // The peer is let go at once; only the client is owed a farewell.
    drop((reader, writer));
    let ended_by_peer = matches!(end, End::Peer | End::PeerError | End::PeerMagic | End::PeerSilent);
    if ended_by_peer && !flow.peer_shown() {
        shared.dialer.book().failed(peer, Instant::now());
    }
    let farewell = async {
        // Fails when the client closed first; reading on then sends the answer to its close frame.
        let _ = sink.send(close_message(end.close_code(), end.as_str())).await;
        while let Some(Ok(_)) = source.next().await {}
    };
    // Whoever does not close in time is cut off.
    let _ = timeout(CLOSE_TIMEOUT, farewell).await;
    end
}

/// Client to peer.
async fn up(
    shared: &Shared,
    flow: &Flow,
    source: &mut SplitStream<WebSocket>,
    writer: &mut OwnedWriteHalf,
) -> End {
    let mut gate = MagicGate::new(shared.magic());
    let mut rate = ByteRate::new(shared.limits().up_bytes_per_second);
    loop {
        let message = match source.next().await {
            None | Some(Ok(Message::Close(_))) => return End::Client,
            Some(Err(error)) => return client_error(error),
            Some(Ok(message)) => message,
        };
        flow.mark(&flow.heard_at);
        let bytes = match message {
            Message::Binary(bytes) => bytes,
            Message::Text(_) => return End::ClientText,
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => continue,
        };
        let Ok(bytes) = gate.pass(bytes) else { return End::ClientMagic };
        if gate.is_open() && !flow.client_shown() {
            flow.mark(&flow.client_shown_at);
        }
        for chunk in bytes.chunks(UP_CHUNK) {
            rate.pass(chunk.len()).await;
            if writer.write_all(chunk).await.is_err() {
                return End::PeerError;
            }
            flow.mark(&flow.passed_at);
            flow.mark(&flow.heard_at);
            flow.up.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        shared.metrics.up(bytes.len());
    }
}

/// What a failed read of the client's socket says of the client.
fn client_error(error: axum::Error) -> End {
    use tungstenite::Error;
    use tungstenite::error::ProtocolError;
    match error.into_inner().downcast_ref::<Error>() {
        Some(Error::Capacity(_)) => End::ClientTooLarge,
        Some(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => End::Client,
        Some(Error::Protocol(_) | Error::Utf8(_)) => End::ClientError,
        _ => End::Client,
    }
}

/// Peer to client.
async fn down(
    shared: &Shared,
    visit: &Visit,
    peer: &HostPort,
    flow: &Flow,
    reader: &OwnedReadHalf,
    sink: &mut SplitSink<WebSocket, Message>,
) -> End {
    let limits = shared.limits();
    // A client must have the time for a few answers before it counts as silent.
    let period = limits.ping_interval.min(limits.idle_timeout / 3).max(Duration::from_millis(1));
    let mut ping = interval_at(Instant::now() + period, period);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut gate = MagicGate::new(shared.magic());
    let mut look = VersionLook::new(shared.magic());
    let mut rate = ByteRate::new(limits.down_bytes_per_second);
    let mut size = SMALL_FRAME;
    loop {
        tokio::select! {
            ready = reader.readable() => if ready.is_err() { return End::PeerError },
            _ = ping.tick() => {
                if sink.send(Message::Ping(Bytes::new())).await.is_err() {
                    return End::Client;
                }
                continue;
            }
        }
        let mut frame = BytesMut::with_capacity(size.min(limits.frame_bytes));
        let end = gather(reader, &mut frame, limits.frame_bytes).await;
        size = frame.len().next_power_of_two().max(SMALL_FRAME);
        let frame = frame.freeze();
        let Ok(bytes) = gate.pass(frame.clone()) else { return End::PeerMagic };
        if gate.is_open() && !flow.peer_shown() {
            flow.mark(&flow.peer_shown_at);
            shared.dialer.answered(peer, visit.asked.is_some());
        }
        if let Some(services) = look.services(&frame) {
            shared.dialer.book().serves(peer, services);
        }
        let count = bytes.len();
        if count > 0 {
            rate.pass(count).await;
            if sink.send(Message::Binary(bytes)).await.is_err() {
                return End::Client;
            }
            flow.mark(&flow.passed_at);
            flow.down.fetch_add(count as u64, Ordering::Relaxed);
            shared.metrics.down(count);
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// Reads what is there, and after a burst's beginning waits a moment for the rest of it. At most `most` bytes; says
/// why there will be no more, if so.
async fn gather(reader: &OwnedReadHalf, frame: &mut BytesMut, most: usize) -> Option<End> {
    let mut deadline = None;
    while frame.len() < most {
        if frame.len() == frame.capacity() {
            frame.reserve(frame.len().max(SMALL_FRAME));
        }
        let room = most - frame.len();
        match reader.try_read_buf(&mut (&mut *frame).limit(room)) {
            Ok(0) => return Some(End::Peer),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if frame.len() < BURST {
                    return None;
                }
                let deadline = *deadline.get_or_insert_with(|| Instant::now() + LINGER);
                match timeout_at(deadline, reader.readable()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return Some(End::PeerError),
                    Err(_) => return None,
                }
            }
            Err(_) => return Some(End::PeerError),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greetings_are_the_two_the_design_names() {
        let text = |greeting: Greeting<'_>| serde_json::to_string(&greeting).unwrap();
        assert_eq!(text(Greeting::Connected("1.2.3.4:9999")), r#"{"connected":"1.2.3.4:9999"}"#);
        assert_eq!(
            text(Greeting::Refused { error: "no", reason: "network" }),
            r#"{"error":"no","reason":"network"}"#
        );
    }
}
