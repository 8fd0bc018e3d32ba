//! Connections: the URLs they go to, and what becomes of those that lead nowhere.

use super::support::sleep;
use dash_spv_wasm::engine::{BridgeConfig, ConnId, ConnectFailure, Input};
use dash_spv_wasm::web::socket::{Sockets, Target, peer_url};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_test::wasm_bindgen_test;

const ANY: Target<'_> = Target { network: "regtest", address: None, services: 0 };

fn bridge(url: &str, plain: bool) -> BridgeConfig {
    BridgeConfig { url: url.to_owned(), plain }
}

#[wasm_bindgen_test]
fn a_bridges_url_says_what_is_wanted() {
    let target = Target { network: "devnet-x", address: Some("[::1]:19999"), services: 65 };
    assert_eq!(
        peer_url(&bridge("https://a.example/base/", false), target),
        "wss://a.example/base/peer?network=devnet-x&addr=%5B%3A%3A1%5D%3A19999&services=65"
    );
    assert_eq!(peer_url(&bridge("HTTP://a:1?key=v", false), ANY), "ws://a:1/peer?key=v&network=regtest");
    assert_eq!(peer_url(&bridge("http://a:1/x?y", true), target), "ws://a:1/x?y");
}

fn sockets() -> (Sockets, Rc<RefCell<Vec<Input>>>) {
    let heard: Rc<RefCell<Vec<Input>>> = Rc::default();
    let inputs = Rc::clone(&heard);
    (Sockets::new(Rc::new(move |input| inputs.borrow_mut().push(input))), heard)
}

async fn first(heard: &RefCell<Vec<Input>>) -> Input {
    for _ in 0..1_000 {
        if let Some(input) = heard.borrow_mut().pop() {
            return input;
        }
        sleep(5).await;
    }
    panic!("nothing happened");
}

#[wasm_bindgen_test]
async fn a_bridge_that_is_not_there_fails_as_a_bridge() {
    for (url, plain) in [("ws://127.0.0.1:9", false), ("ws://127.0.0.1:9", true), ("ws://a b", false)] {
        let (sockets, heard) = sockets();
        sockets.connect(ConnId(7), &bridge(url, plain), ANY);
        assert!(heard.borrow().is_empty(), "nothing is heard within the call");
        match first(&heard).await {
            Input::ConnectFailed { conn: ConnId(7), failure: ConnectFailure::Bridge(_) } => {}
            other => panic!("{other:?}"),
        }
        assert!(sockets.is_empty());
    }
}

#[wasm_bindgen_test]
async fn an_attempt_that_was_given_up_is_silent() {
    let (sockets, heard) = sockets();
    sockets.connect(ConnId(1), &bridge("ws://127.0.0.1:9", false), ANY);
    sockets.send(ConnId(1), &[0; 10]);
    assert_eq!(sockets.len(), 1);
    sockets.disconnect(ConnId(1));
    sockets.disconnect(ConnId(1));
    sockets.send(ConnId(1), &[0; 10]);
    sleep(200).await;
    assert!(heard.borrow().is_empty() && sockets.is_empty());
}
