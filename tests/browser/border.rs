//! The border to JavaScript: options, errors, and the life of a client.

use super::support::{fresh, sleep};
use dash_spv_wasm::web::Host;
use dash_spv_wasm::web::client::{Client, destroy, platform_activation_height, store_name, version};
use dash_spv_wasm::web::idb::IdbStore;
use js_sys::{Array, Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

fn evaluate(script: &str) -> JsValue {
    Function::new_no_args(&format!("return {script};")).call0(&JsValue::UNDEFINED).unwrap()
}

fn host() -> Host {
    evaluate(
        "({ events: [], event(e) { this.events.push(e); }, log() {}, computeWorker() { return null; },
            superseded() {}, crashed() {} })",
    )
    .unchecked_into()
}

fn field(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

fn text(value: &JsValue, name: &str) -> String {
    field(value, name).as_string().unwrap_or_default()
}

async fn refused(script: &str) -> JsValue {
    match Client::open(evaluate(script), host()).await {
        Ok(_) => panic!("{script} was accepted"),
        Err(error) => error,
    }
}

async fn rejected(promise: Promise) -> JsValue {
    JsFuture::from(promise).await.unwrap_err()
}

#[wasm_bindgen_test]
async fn bad_options_reject_with_their_name() {
    for (script, option) in [
        ("undefined", "options"),
        ("({})", "bridges"),
        ("({ bridges: [] })", "bridges"),
        ("({ bridges: ['wss://a', {}] })", "bridges[1].url"),
        ("({ bridges: ['wss://a'], peers: { target: 99 } })", "peers.target"),
        ("({ bridges: ['wss://a'], peers: { target: 1n } , network: 'x' })", "network"),
        ("({ bridges: ['wss://a'], birthday: () => 1 })", "birthday"),
        ("({ bridges: ['wss://a'], birthday: Symbol('x') })", "birthday"),
        ("({ bridges: ['wss://a'], storage: new Uint8Array(3) })", "storage"),
        ("({ bridges: ['wss://a'], seed: NaN })", "seed"),
        (
            "(() => { const o = { bridges: ['wss://a'] }; o.network = { regtest: { llmq: o } }; return o; })()",
            "network.regtest.llmq.bridges",
        ),
        ("({ bridges: ['wss://a'], colour: 1 })", "colour"),
    ] {
        let error = refused(script).await;
        assert_eq!(text(&error, "code"), "bad-input", "{script}");
        assert_eq!(text(&error, "details"), option, "{script}");
        assert_eq!(field(&error, "retryable"), JsValue::FALSE);
    }
}

#[wasm_bindgen_test]
fn a_store_has_a_name_that_says_whose_it_is() {
    assert_eq!(store_name(&JsValue::UNDEFINED, "default").unwrap(), "dash-spv-wasm/mainnet/default");
    assert_eq!(store_name(&evaluate("({ devnet: 'x' })"), "a").unwrap(), "dash-spv-wasm/devnet-x/a");
    let error = store_name(&"moon".into(), "a").unwrap_err();
    assert_eq!((text(&error, "code"), text(&error, "details")), ("bad-input".into(), "network".into()));
    assert!(!version().is_empty());
}

/// A client of a bridge that nobody listens at.
async fn open(storage: &str, namespace: &str) -> (Client, Host) {
    let host = host();
    let options = evaluate(&format!(
        "({{ bridges: ['ws://127.0.0.1:9'], network: 'regtest', storage: '{storage}', namespace: '{namespace}',
             computeWorkers: 0, seed: 1 }})"
    ));
    let client = Client::open(options, host.clone()).await.map_err(|error| JSON::stringify(&error)).unwrap();
    (client, host)
}

#[wasm_bindgen_test]
async fn a_client_answers_calls_and_rejects_them_once_it_is_closed() {
    for storage in ["memory", "indexeddb"] {
        let namespace = format!("border {}", js_sys::Date::now());
        let (client, _host) = open(storage, &namespace).await;
        let none = Array::new();
        JsFuture::from(client.call(1.0, "peers", &none)).await.unwrap();
        JsFuture::from(client.call(2.0, "transitions", &none)).await.unwrap();
        assert_eq!(text(&rejected(client.call(3.0, "guess", &none)).await, "code"), "unsupported");
        for at in [JsValue::from(-1), JsValue::from(1.5), JsValue::from("zz"), JsValue::NULL] {
            let error = rejected(client.call(4.0, "header", &Array::of1(&at))).await;
            assert_eq!((text(&error, "code"), text(&error, "details")), ("bad-input".into(), "at".into()));
        }
        assert_eq!(text(&rejected(client.call(0.5, "peers", &none)).await, "code"), "bad-input");
        client.cancel(99.0);
        let (first, second) = (client.close(), client.close());
        JsFuture::from(first).await.unwrap();
        JsFuture::from(second).await.unwrap();
        assert_eq!(text(&rejected(client.call(5.0, "peers", &none)).await, "code"), "closed");
        destroy("regtest".into(), namespace).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn what_is_asked_about_a_quorum_is_checked_first() {
    let (client, _host) = open("memory", "quorums").await;
    for (args, argument) in [
        ("[]", "type"),
        ("['4', HASH, 1]", "type"),
        ("[256, HASH, 1]", "type"),
        ("[-1, HASH, 1]", "type"),
        ("[1.5, HASH, 1]", "type"),
        ("[NaN, HASH, 1]", "type"),
        ("[4, undefined, 1]", "quorumHash"),
        ("[4, HASH.slice(1), 1]", "quorumHash"),
        ("[4, HASH + '0', 1]", "quorumHash"),
        ("[4, HASH.replace('0', 'g'), 1]", "quorumHash"),
        ("[4, new Uint8Array(32), 1]", "quorumHash"),
        ("[4, HASH]", "coreChainLockedHeight"),
        ("[4, HASH, -1]", "coreChainLockedHeight"),
        ("[4, HASH, 2 ** 32]", "coreChainLockedHeight"),
        ("[4, HASH, 1e300]", "coreChainLockedHeight"),
        ("[4, HASH, 5n]", "coreChainLockedHeight"),
    ] {
        let args = args.replace("HASH", "'0'.repeat(64)");
        let call = client.call(1.0, "quorums.publicKey", evaluate(&args).unchecked_ref());
        let error = rejected(call).await;
        assert_eq!(
            (text(&error, "code"), text(&error, "details")),
            ("bad-input".into(), argument.into()),
            "{args}"
        );
        assert!(text(&error, "message").contains(&format!("`{argument}`")), "{args}");
    }
    JsFuture::from(client.close()).await.unwrap();
}

#[wasm_bindgen_test]
async fn what_is_asked_of_the_wallet_is_checked_first() {
    let (client, _host) = open("memory", "wallet").await;
    for (method, args, argument) in [
        ("watch", "[]", "target"),
        ("watch", "[Symbol('x')]", "target"),
        ("watch", "[{ script: new Uint8Array(3) }]", "target.script"),
        ("watch", "[{ address: 'X', gap: 5 }]", "target.gap"),
        ("watch", "[[{ address: 'X' }], 'tomorrow']", "birthday"),
        ("watch", "[{ address: 'X' }, { time: NaN }]", "birthday.time"),
        ("watch.balance", "['x']", "id"),
        ("watch.rescan", "['0'.repeat(32)]", "from"),
        ("broadcast", "['0']", "rawTx"),
        ("broadcast", "['0'.repeat(2 ** 24)]", "rawTx"),
        ("broadcast", "[new Uint8Array(100)]", "rawTx"),
        ("transaction", "[5n]", "txid"),
    ] {
        let call = client.call(1.0, method, evaluate(args).unchecked_ref());
        let error = rejected(call).await;
        let found = (text(&error, "code"), text(&error, "details"));
        assert_eq!(found, ("bad-input".into(), argument.into()), "{method} {args}");
    }
    JsFuture::from(client.close()).await.unwrap();
}

#[wasm_bindgen_test]
fn platform_has_a_first_height_on_each_network() {
    assert_eq!(platform_activation_height(&JsValue::UNDEFINED).unwrap(), 2_132_092);
    assert_eq!(platform_activation_height(&"testnet".into()).unwrap(), 1_090_319);
    assert_eq!(
        platform_activation_height(&evaluate("({ regtest: { activation: { mn_rr: 5 } } })")).unwrap(),
        5
    );
    assert_eq!(text(&platform_activation_height(&"moon".into()).unwrap_err(), "details"), "network");
}

#[wasm_bindgen_test]
async fn destroying_waits_for_nobody_who_gives_way() {
    let namespace = fresh("border");
    let (client, _host) = open("indexeddb", "destroyed").await;
    destroy("regtest".into(), "destroyed".to_owned()).await.unwrap();
    destroy("regtest".into(), namespace).await.unwrap();
    sleep(10).await;
    JsFuture::from(client.close()).await.unwrap();
}

#[wasm_bindgen_test]
async fn without_indexeddb_a_client_works_in_memory_and_says_so() {
    let global: Object = js_sys::global();
    let database = field(&global, "indexedDB");
    evaluate("Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true })");
    let (client, host) = open("indexeddb", "nowhere").await;
    evaluate("delete globalThis.indexedDB");
    assert_eq!(field(&global, "indexedDB"), database);
    JsFuture::from(client.call(1.0, "peers", &Array::new())).await.unwrap();
    let said = Array::from(&field(&host, "events")).iter().any(|event| {
        text(&event, "type") == "storage"
            && field(&event, "persistent") == JsValue::FALSE
            && text(&field(&event, "cause"), "code") == "storage"
    });
    assert!(said);
    JsFuture::from(client.close()).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_database_that_does_not_exist_is_destroyed_already() {
    IdbStore::destroy(&fresh("nothing")).await.unwrap();
}
