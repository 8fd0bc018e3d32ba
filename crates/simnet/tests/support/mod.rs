//! A client that speaks the protocol over TCP, and one of the HTTP control.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use dash_protocol::{
    BlockHash, FrameDecoder, GetHeaders, Header, Message, NetAddress, PROTOCOL_VERSION, ServiceFlags,
    VersionMessage,
};
use serde::de::DeserializeOwned;
use simnet::world::regtest;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything is waited for.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A client of regtest.
pub struct Client {
    stream: TcpStream,
    decoder: FrameDecoder,
}

impl Client {
    /// Connects and says what it takes; `relay`: whether it wants to hear of payments.
    pub async fn connect(address: SocketAddr, relay: bool) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut client = Self { stream, decoder: FrameDecoder::new(regtest().magic) };
        client
            .say(Message::Version(VersionMessage {
                version: PROTOCOL_VERSION,
                services: ServiceFlags::HEADERS_COMPRESSED,
                time: 0,
                receiver: NetAddress::NONE,
                sender: NetAddress::NONE,
                nonce: 1,
                user_agent: "/test/".to_owned(),
                start_height: 0,
                relay,
                mnauth_challenge: [0; 32],
                masternode: false,
            }))
            .await;
        client.say(Message::Verack).await;
        client.say(Message::SendHeaders).await;
        client
    }

    /// Sends a message.
    pub async fn say(&mut self, message: Message) {
        self.stream.write_all(&message.to_frame(regtest().magic)).await.unwrap();
    }

    /// What `pick` makes of the first message of which it makes anything; none if the peer hangs up.
    pub async fn hear<T>(&mut self, mut pick: impl FnMut(Message) -> Option<T>) -> Option<T> {
        let next = async {
            let mut buffer = [0; 4_096];
            loop {
                while let Some(frame) = self.decoder.next_frame().unwrap() {
                    let message = Message::decode(frame.command, &frame.payload).unwrap();
                    if let Some(found) = pick(message) {
                        return Some(found);
                    }
                }
                match self.stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return None,
                    Ok(count) => self.decoder.push(&buffer[..count]),
                }
            }
        };
        timeout(PATIENCE, next).await.expect("the peer answers in time")
    }

    /// The next run of headers, or none if the peer hangs up.
    pub async fn headers(&mut self) -> Option<Vec<Header>> {
        let headers = |message| match message {
            Message::Headers(headers) => Some(headers),
            _ => None,
        };
        self.hear(headers).await
    }

    /// Asks for headers after a block, and hears them.
    pub async fn ask_from(&mut self, hash: BlockHash) -> Vec<Header> {
        let request = GetHeaders { version: PROTOCOL_VERSION, locator: vec![hash], stop: BlockHash::ZERO };
        self.say(Message::GetHeaders(request)).await;
        self.headers().await.unwrap()
    }
}

/// One HTTP request: status and body.
pub async fn http(control: SocketAddr, request: &str) -> (u16, String) {
    let exchange = async {
        let mut stream = TcpStream::connect(control).await.unwrap();
        let text = format!(
            "{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let answer = timeout(PATIENCE, exchange).await.expect("the control answers in time");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// One HTTP request that succeeds: what it is answered.
pub async fn told<T: DeserializeOwned>(control: SocketAddr, request: &str) -> T {
    let (status, body) = http(control, request).await;
    assert_eq!(status, 200, "{request}: {body}");
    serde_json::from_str(&body).unwrap()
}
