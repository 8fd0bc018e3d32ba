//! Connections to peers: one WebSocket each, through a bridge or a plain WebSocket-to-TCP proxy.
//!
//! A bridge says in a first text frame which peer it reached, or why none; only then does the connection count, and
//! only binary frames after it are a peer's bytes. A plain proxy is its peer from the start. Bounds: an attempt takes
//! at most [`CONNECT_MS`], the first frame at most [`MAX_GREETING`] characters, a binary frame at most [`MAX_FRAME`]
//! bytes, and what waits to be sent at most [`MAX_UNSENT`]; whoever goes beyond is disconnected. Received bytes are
//! handed on at once, so nothing piles up here.

use super::clock::Alarm;
use crate::collections::SortedMap;
use crate::engine::{BridgeConfig, ConnId, ConnectFailure, Input};
use js_sys::{Array, ArrayBuffer, JSON, JsString, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use wasm_bindgen::prelude::*;
use web_sys::{BinaryType, CloseEvent, MessageEvent, WebSocket};

/// The subprotocol of the bridge.
pub const SUBPROTOCOL: &str = "dash-p2p.v1";
/// How long a connection may take from nothing to the bridge's word that its peer is there.
pub const CONNECT_MS: u64 = 20_000;
/// The longest first frame, in UTF-16 units.
pub const MAX_GREETING: u32 = 1_024;
/// The largest binary frame.
pub const MAX_FRAME: u32 = 8 * 1024 * 1024;
/// The most bytes that may wait to be sent on one connection. What a client sends is small requests.
pub const MAX_UNSENT: u32 = 4 * 1024 * 1024;

/// Where inputs go.
pub type Sink = Rc<dyn Fn(Input)>;

/// The connections of one client.
pub struct Sockets {
    open: Rc<RefCell<SortedMap<ConnId, Rc<Socket>>>>,
    sink: Sink,
}

/// What a connection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The network's name in the bridge's terms.
    pub network: &'a str,
    /// `host:port`, or none for a peer of the bridge's choice.
    pub address: Option<&'a str>,
    /// Service bits that a peer of the bridge's choice should have.
    pub services: u64,
}

/// The URL to connect to: a bridge's base with `/peer` and the query, a plain proxy's as it is; `http` means `ws`.
pub fn peer_url(bridge: &BridgeConfig, target: Target<'_>) -> String {
    let (scheme, rest) = bridge.url.split_once("://").unwrap_or(("wss", &bridge.url));
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => "ws",
        _ => "wss",
    };
    if bridge.plain {
        return format!("{scheme}://{rest}");
    }
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let escape = |text: &str| String::from(js_sys::encode_uri_component(text));
    let mut url = format!("{scheme}://{}/peer?", base.trim_end_matches('/'));
    if !query.is_empty() {
        url.push_str(query);
        url.push('&');
    }
    url.push_str("network=");
    url.push_str(&escape(target.network));
    if let Some(address) = target.address {
        url.push_str("&addr=");
        url.push_str(&escape(address));
    }
    if target.services != 0 {
        url.push_str(&format!("&services={}", target.services));
    }
    url
}

impl Sockets {
    /// No connections yet; what happens to them goes to `sink`.
    pub fn new(sink: Sink) -> Self {
        Self { open: Rc::default(), sink }
    }

    /// Begins an attempt; its outcome comes later, never within this call.
    pub fn connect(&self, conn: ConnId, bridge: &BridgeConfig, target: Target<'_>) {
        let url = peer_url(bridge, target);
        let opened = if bridge.plain {
            WebSocket::new(&url)
        } else {
            WebSocket::new_with_str_sequence(&url, &Array::of1(&SUBPROTOCOL.into()))
        };
        match opened {
            Ok(ws) => {
                let plain = bridge.plain.then_some(url);
                let socket = Socket::new(conn, ws, plain, Rc::downgrade(&self.open), Rc::clone(&self.sink));
                self.open.borrow_mut().insert(conn, socket);
            }
            Err(error) => {
                let sink = Rc::clone(&self.sink);
                let failure = ConnectFailure::Bridge(describe(&error));
                wasm_bindgen_futures::spawn_local(async move {
                    sink(Input::ConnectFailed { conn, failure });
                });
            }
        }
    }

    /// Sends one frame. A connection whose peer does not take what was sent is ended.
    pub fn send(&self, conn: ConnId, bytes: &[u8]) {
        let socket = self.open.borrow().get(&conn).cloned();
        let Some(socket) = socket else { return };
        let unsent = u64::from(socket.ws.buffered_amount()) + bytes.len() as u64;
        let failure = if unsent > u64::from(MAX_UNSENT) {
            Some("the peer does not take what is sent".to_owned())
        } else {
            // A copy outside of wasm memory, which a browser may not send from when it is shared or resized.
            socket.ws.send_with_js_u8_array(&Uint8Array::from(bytes)).err().map(|error| describe(&error))
        };
        if let Some(reason) = failure {
            wasm_bindgen_futures::spawn_local(async move { socket.end(reason) });
        }
    }

    /// Ends a connection or an attempt without a word to the sink.
    pub fn disconnect(&self, conn: ConnId) {
        let socket = self.open.borrow_mut().remove(&conn);
        if let Some(socket) = socket {
            socket.shut();
        }
    }

    /// Ends all of them.
    pub fn disconnect_all(&self) {
        let all = std::mem::take(&mut *self.open.borrow_mut());
        all.values().for_each(|socket| socket.shut());
    }

    /// How many connections and attempts there are.
    pub fn len(&self) -> usize {
        self.open.borrow().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        self.disconnect_all();
    }
}

struct Socket {
    conn: ConnId,
    ws: WebSocket,
    /// The URL of a plain proxy.
    plain: Option<String>,
    connected: Cell<bool>,
    opened: Cell<bool>,
    all: Weak<RefCell<SortedMap<ConnId, Rc<Socket>>>>,
    sink: Sink,
    deadline: RefCell<Option<Alarm>>,
    handlers: RefCell<Option<Handlers>>,
}

/// Kept while the socket may call them.
struct Handlers {
    open: Closure<dyn FnMut()>,
    message: Closure<dyn FnMut(MessageEvent)>,
    close: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    fn new(
        conn: ConnId,
        ws: WebSocket,
        plain: Option<String>,
        all: Weak<RefCell<SortedMap<ConnId, Rc<Socket>>>>,
        sink: Sink,
    ) -> Rc<Self> {
        ws.set_binary_type(BinaryType::Arraybuffer);
        let socket = Rc::new(Self {
            conn,
            ws,
            plain,
            connected: Cell::new(false),
            opened: Cell::new(false),
            all,
            sink,
            deadline: RefCell::new(None),
            handlers: RefCell::new(None),
        });
        let weak = Rc::downgrade(&socket);
        let with = move |act: fn(&Self)| {
            let weak = weak.clone();
            move || {
                if let Some(socket) = weak.upgrade() {
                    act(&socket);
                }
            }
        };
        let alarm = Alarm::new(with(|socket| socket.end("the attempt took too long".to_owned())));
        alarm.set(CONNECT_MS);
        *socket.deadline.borrow_mut() = Some(alarm);

        let weak = Rc::downgrade(&socket);
        let weak_too = weak.clone();
        let handlers = Handlers {
            open: Closure::new(with(Self::on_open)),
            message: Closure::new(move |event: MessageEvent| {
                if let Some(socket) = weak.upgrade() {
                    socket.on_message(&event.data());
                }
            }),
            close: Closure::new(move |event: CloseEvent| {
                if let Some(socket) = weak_too.upgrade() {
                    socket.end(closed(event.code(), &event.reason()));
                }
            }),
        };
        socket.ws.set_onopen(Some(handlers.open.as_ref().unchecked_ref()));
        socket.ws.set_onmessage(Some(handlers.message.as_ref().unchecked_ref()));
        // An `error` is always followed by `close`, and says less.
        socket.ws.set_onclose(Some(handlers.close.as_ref().unchecked_ref()));
        *socket.handlers.borrow_mut() = Some(handlers);
        socket
    }

    fn on_open(&self) {
        self.opened.set(true);
        match &self.plain {
            Some(url) => self.stands(url.clone()),
            None if self.ws.protocol() != SUBPROTOCOL => {
                self.end(format!("the bridge does not speak {SUBPROTOCOL}"));
            }
            None => {}
        }
    }

    fn stands(&self, address: String) {
        self.connected.set(true);
        self.deadline.borrow_mut().take();
        (self.sink)(Input::Connected { conn: self.conn, address });
    }

    fn on_message(&self, data: &JsValue) {
        if let Some(buffer) = data.dyn_ref::<ArrayBuffer>() {
            if !self.connected.get() {
                return self.end("the bridge sent bytes before it named its peer".to_owned());
            }
            if buffer.byte_length() > MAX_FRAME {
                return self.end(format!("a frame of {} bytes", buffer.byte_length()));
            }
            let bytes = Uint8Array::new(buffer).to_vec();
            // Given back at once, its memory takes the next message. Left to the garbage collector (as where browsers do
            // not know `transfer`), many pile up, and each gets fresh memory, which the system has to clear.
            let _ = buffer.transfer_with_length(0);
            return (self.sink)(Input::Received { conn: self.conn, bytes });
        }
        if self.connected.get() {
            return self.end("a text frame among the peer's bytes".to_owned());
        }
        match greeting(data) {
            Some(Ok(address)) => self.stands(address),
            Some(Err(error)) => self.fail(ConnectFailure::Peer(error)),
            None => self.end("the bridge's first frame is not understood".to_owned()),
        }
    }

    /// Ends the connection from this side or after the other, and says so.
    fn end(&self, reason: String) {
        if self.connected.get() {
            self.leave(Input::Disconnected { conn: self.conn, reason });
        } else if self.opened.get() && self.plain.is_some() {
            self.fail(ConnectFailure::Peer(reason));
        } else {
            self.fail(ConnectFailure::Bridge(reason));
        }
    }

    fn fail(&self, failure: ConnectFailure) {
        self.leave(Input::ConnectFailed { conn: self.conn, failure });
    }

    /// Reports the end once, if the connection is still one of the client's.
    fn leave(&self, last: Input) {
        let Some(all) = self.all.upgrade() else { return };
        let this = all.borrow_mut().remove(&self.conn);
        if let Some(this) = this {
            this.shut();
            (self.sink)(last);
        }
    }

    /// Silences and closes the socket. The handlers are dropped in a task of their own, since one may be running.
    fn shut(&self) {
        self.ws.set_onopen(None);
        self.ws.set_onmessage(None);
        self.ws.set_onclose(None);
        // Closing a socket that is closed is no error.
        let _ = self.ws.close();
        let dead = (self.handlers.borrow_mut().take(), self.deadline.borrow_mut().take());
        wasm_bindgen_futures::spawn_local(async move { drop(dead) });
    }
}

/// The peer's address, the bridge's error, or `None` for what is neither.
fn greeting(data: &JsValue) -> Option<Result<String, String>> {
    let text = data.dyn_ref::<JsString>()?;
    if text.length() > MAX_GREETING {
        return None;
    }
    let frame = JSON::parse(&String::from(text)).ok()?;
    let field = |name: &str| Reflect::get(&frame, &name.into()).ok()?.as_string();
    field("connected").map(Ok).or_else(|| field("error").map(Err))
}

fn closed(code: u16, reason: &str) -> String {
    if reason.is_empty() { format!("closed ({code})") } else { format!("closed ({code}): {reason}") }
}

/// What a thrown value says.
pub(crate) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => Reflect::get(error, &"message".into())
            .ok()
            .and_then(|message| message.as_string())
            .or_else(|| error.as_string())
            .unwrap_or_else(|| "unknown error".to_owned()),
    }
}
