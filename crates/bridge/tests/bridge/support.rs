//! Fake peers, a WebSocket client and a plain HTTP client. Every wait has a deadline far beyond what it needs.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use dash_protocol::{Command, encode_frame};
use dash_ws_bridge::{Bridge, Config, SUBPROTOCOL};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

pub const MAGIC: [u8; 4] = [0xfc, 0xc1, 0xb7, 0xdc];
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for something that must come.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("came in time")
}

/// Waits until something holds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    soon(async {
        while !holds() {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A TCP server that serves every connection by a function.
pub async fn peer<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    address
}

/// A peer that sends back what it gets.
pub async fn echo_peer() -> SocketAddr {
    peer(|mut stream| async move {
        let (mut reader, mut writer) = stream.split();
        let _ = tokio::io::copy(&mut reader, &mut writer).await;
    })
    .await
}

/// A peer that waits for some bytes and then sends a `version` with these services, and no more.
pub async fn version_peer(services: u64) -> SocketAddr {
    peer(move |mut stream| async move {
        let mut first = [0; 4];
        if stream.read_exact(&mut first).await.is_ok() {
            let _ = stream.write_all(&version_frame(services)).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    })
    .await
}

/// A `version` message with these services.
pub fn version_frame(services: u64) -> Vec<u8> {
    let mut payload = 70240_i32.to_le_bytes().to_vec();
    payload.extend(services.to_le_bytes());
    payload.extend([0; 8 + 52 + 8]);
    payload.extend(*b"\x04/a:1");
    payload.extend([0; 4]);
    payload.push(1);
    encode_frame(MAGIC, Command::VERSION, &payload)
}

/// A peer's address that nothing listens on.
pub async fn dead_peer() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// A regtest bridge's settings with these peers.
pub fn config(peers: &[SocketAddr]) -> Config {
    let mut config = Config::new("regtest".parse().unwrap());
    config.peers = peers.iter().map(|peer| (*peer).into()).collect();
    config.limits.drain_timeout = Duration::ZERO;
    config
}

pub async fn start(config: Config) -> Bridge {
    Bridge::start(config, "127.0.0.1:0").await.unwrap()
}

/// The client's side of a WebSocket.
pub struct Ws(pub WebSocketStream<TcpStream>);

/// Upgrades with any headers. The error is the HTTP status.
pub async fn upgrade(address: SocketAddr, query: &str, headers: &[(&'static str, &str)]) -> Result<Ws, u16> {
    let mut request = format!("ws://{address}/peer{query}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    match soon(client_async(request, stream)).await {
        Ok((socket, _)) => Ok(Ws(socket)),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("no answer to the upgrade: {error}"),
    }
}

/// Upgrades as a client does. The error is the HTTP status.
pub async fn ask(bridge: &Bridge, query: &str) -> Result<Ws, u16> {
    upgrade(bridge.address(), query, &[("sec-websocket-protocol", SUBPROTOCOL)]).await
}

/// Connects to a peer that must be reached, and says which it was.
pub async fn connect(bridge: &Bridge, query: &str) -> (Ws, String) {
    let mut ws = ask(bridge, query).await.unwrap();
    let greeting = ws.greeting().await;
    let name = greeting["connected"].as_str().unwrap_or_else(|| panic!("refused: {greeting}")).to_owned();
    (ws, name)
}

impl Ws {
    /// The next message but pings.
    pub async fn next(&mut self) -> Option<Message> {
        loop {
            match soon(self.0.next()).await {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub async fn greeting(&mut self) -> serde_json::Value {
        match self.next().await {
            Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a greeting: {other:?}"),
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        soon(self.0.send(Message::Binary(Bytes::copy_from_slice(bytes)))).await.unwrap();
    }

    /// The next binary bytes.
    pub async fn bytes(&mut self) -> Bytes {
        match self.next().await {
            Some(Message::Binary(bytes)) => bytes,
            other => panic!("not bytes: {other:?}"),
        }
    }

    /// So many bytes, from however many messages.
    pub async fn exactly(&mut self, count: usize) -> Vec<u8> {
        let mut all = Vec::with_capacity(count);
        while all.len() < count {
            all.extend(self.bytes().await);
        }
        assert_eq!(all.len(), count);
        all
    }

    /// The close code and reason; nothing else may come before.
    pub async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Some(Message::Close(Some(frame))) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("not closed: {other:?}"),
        }
    }
}

/// Bytes that are not all alike, beginning with the magic.
pub fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    MAGIC.into_iter().chain(noise.flatten()).take(count).collect()
}

/// One HTTP request on a socket of its own: the head in lower case, and the body.
pub async fn get(address: SocketAddr, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a whole head");
    (String::from_utf8(answer[..end].to_ascii_lowercase()).unwrap(), answer[end + 4..].to_vec())
}
