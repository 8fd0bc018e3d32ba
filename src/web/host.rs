//! What JavaScript hands in, and values on their way across.

use super::socket::describe;
use crate::api::ApiError;
use js_sys::Function;
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use std::cell::RefCell;
use std::sync::Once;
use wasm_bindgen::prelude::*;
use web_sys::Worker;

#[wasm_bindgen(typescript_custom_section)]
const HOST: &str = r"
/** What the page's side does for the client. None of it may throw. */
export interface Host {
  event(event: object): void;
  log(record: object): void;
  computeWorker(): Worker | null;
  superseded(): void;
  crashed(message: string): void;
}
";

#[wasm_bindgen]
extern "C" {
    /// The callbacks of the page's side.
    #[wasm_bindgen(typescript_type = "Host")]
    #[derive(Clone, Debug)]
    pub type Host;

    /// Something happened.
    #[wasm_bindgen(method, structural, catch)]
    pub fn event(this: &Host, event: &JsValue) -> Result<(), JsValue>;
    /// A line for the log.
    #[wasm_bindgen(method, structural, catch)]
    pub fn log(this: &Host, record: &JsValue) -> Result<(), JsValue>;
    /// A new compute worker, or null.
    #[wasm_bindgen(method, structural, catch, js_name = computeWorker)]
    pub fn compute_worker(this: &Host) -> Result<Option<Worker>, JsValue>;
    /// Another client took the store over.
    #[wasm_bindgen(method, structural, catch)]
    pub fn superseded(this: &Host) -> Result<(), JsValue>;
    /// The module is broken and answers nothing any more.
    #[wasm_bindgen(method, structural, catch)]
    pub fn crashed(this: &Host, message: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(message: &str);
}

thread_local! {
    /// Who is told of a crash: the hosts of the clients that are open.
    static HOSTS: RefCell<Vec<Host>> = const { RefCell::new(Vec::new()) };
}

/// Tells a host of a crash of this module, until [`unwatch`].
pub(crate) fn watch(host: &Host) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|info| {
            let message = info.to_string();
            console_error(&message);
            HOSTS.with(|hosts| {
                // A panic while the list is borrowed tells nobody more than the console.
                let hosts = hosts.try_borrow().map(|hosts| hosts.clone()).unwrap_or_default();
                for host in hosts {
                    report(host.crashed(&message));
                }
            });
        }));
    });
    HOSTS.with(|hosts| hosts.borrow_mut().push(host.clone()));
}

/// Ends [`watch`].
pub(crate) fn unwatch(host: &Host) {
    HOSTS.with(|hosts| hosts.borrow_mut().retain(|other| !js_sys::Object::is(other, host)));
}

/// A callback that threw breaks nothing here; it is named on the console.
pub(crate) fn report(result: Result<(), JsValue>) {
    if let Err(error) = result {
        console_error(&format!("dash-spv-wasm: a callback of the host threw: {}", describe(&error)));
    }
}

/// A value as plain JavaScript data: `null` for nothing, objects, numbers, and `Uint8Array` for bytes.
pub(crate) fn to_js(value: &impl Serialize) -> JsValue {
    let plain = Serializer::json_compatible().serialize_bytes_as_arrays(false);
    value.serialize(&plain).unwrap_or(JsValue::NULL)
}

/// An error as the plain object that the page's side makes an `SpvError` of.
pub(crate) fn error_to_js(error: &ApiError) -> JsValue {
    to_js(error)
}

/// Calls a resolver of a promise; it cannot throw.
pub(crate) fn settle(resolver: &Function, value: &JsValue) {
    let _ = resolver.call1(&JsValue::UNDEFINED, value);
}
