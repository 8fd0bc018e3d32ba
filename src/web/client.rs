//! What JavaScript sees of this module.
//!
//! Every export takes `&self` and hands out promises; nothing here throws except for bad arguments. Options and
//! arguments are hostile: they are checked before anything happens.

use super::calls;
use super::clock::global;
use super::driver::Driver;
use super::host::{self, Host, error_to_js};
use super::idb::IdbStore;
use super::plain::plain;
use super::storage::Storage;
use super::workers::compute_bytes;
use crate::api::options::{self, Options, StorageKind};
use crate::api::{ApiError, ErrorCode};
use crate::engine::{CallId, Command, Input};
use crate::store::StoreError;
use js_sys::{Array, Math, Promise, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;

/// The most compute workers that are started unasked.
const DEFAULT_WORKERS: u32 = 8;

/// A client at work.
#[wasm_bindgen]
pub struct Client {
    driver: Rc<Driver>,
    closing: RefCell<Option<Promise>>,
}

#[wasm_bindgen]
impl Client {
    /// Opens the store and starts. Resolves before the network is reached; rejects with a plain error object.
    pub async fn open(options: JsValue, host: Host) -> Result<Client, JsValue> {
        host::watch(&host);
        match open(&options, &host).await {
            Ok(driver) => {
                driver.start();
                Ok(Self { driver, closing: RefCell::default() })
            }
            Err(error) => {
                host::unwatch(&host);
                Err(error_to_js(&error))
            }
        }
    }

    /// Calls a method by its name. `id` names the call for [`Client::cancel`].
    pub fn call(&self, id: f64, method: &str, args: &Array) -> Promise {
        match self.begin(id, method, args) {
            Ok((promise, call, command)) => {
                self.driver.push(Input::Command { call, command });
                promise
            }
            Err(error) => Promise::reject(&error_to_js(&error)),
        }
    }

    /// Gives a call up: it rejects with `aborted`, unless it was answered already.
    pub fn cancel(&self, id: f64) {
        if let Ok(call) = call_id(id) {
            self.driver.calls.finish(call, Err(ApiError::new(ErrorCode::Aborted, "the call was given up")));
            self.driver.push(Input::Cancel { call });
        }
    }

    /// Finishes writing, lets go of everything, and rejects the calls in flight. Closing twice is closing once.
    pub fn close(&self) -> Promise {
        let mut closing = self.closing.borrow_mut();
        let promise = closing.get_or_insert_with(|| {
            let driver = Rc::clone(&self.driver);
            // In a task of its own: the close command may call back into JavaScript, which may call `close`.
            future_to_promise(async move {
                driver.close().await;
                Ok(JsValue::UNDEFINED)
            })
        });
        promise.clone()
    }
}

impl Client {
    fn begin(&self, id: f64, method: &str, args: &Array) -> Result<(Promise, CallId, Command), ApiError> {
        if self.driver.is_closed() || self.closing.borrow().is_some() {
            return Err(ApiError::new(ErrorCode::Closed, "the client is closed"));
        }
        let call = call_id(id)?;
        let command = calls::command(method, args)?;
        Ok((self.driver.calls.begin(call)?, call, command))
    }
}

fn call_id(id: f64) -> Result<CallId, ApiError> {
    const MAX: f64 = 9_007_199_254_740_991.0;
    if id.fract() != 0.0 || !(0.0..=MAX).contains(&id) {
        return Err(ApiError::new(ErrorCode::BadInput, "a call's id must be a whole number"));
    }
    Ok(CallId(id as u64))
}

async fn open(options: &JsValue, host: &Host) -> Result<Rc<Driver>, ApiError> {
    let options = Options::parse(&plain(options))?;
    let workers = options.compute_workers.unwrap_or_else(default_workers);
    let seed = options.seed.unwrap_or_else(random_seed);
    let name = options::store_name_of(&options.params, &options.namespace);
    let opened = match options.storage {
        StorageKind::Memory => None,
        StorageKind::IndexedDb => Some(IdbStore::open(&name, options.params.network_id()).await),
    };
    let (database, failure) = match opened {
        Some(Ok(store)) => (Some(store), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let superseded = {
        let host = host.clone();
        Box::new(move || host::report(host.superseded()))
    };
    let driver = Driver::new(options, host.clone(), seed, workers, |sink| match database {
        Some(store) => Storage::in_database(store, sink, superseded),
        None => Storage::in_memory(sink),
    });
    if let Some(error) = failure {
        driver.push(Input::StorageChanged { persistent: false, cause: Some(error.into()) });
    }
    Ok(driver)
}

/// One fewer than there are cores, at most [`DEFAULT_WORKERS`].
fn default_workers() -> u32 {
    let cores = global("navigator")
        .and_then(|navigator| Reflect::get(&navigator, &"hardwareConcurrency".into()).ok()?.as_f64())
        .unwrap_or(1.0);
    ((cores as u32).saturating_sub(1)).min(DEFAULT_WORKERS)
}

/// 53 random bits: they spread choices and name a connection to oneself; nothing secret rests on them.
fn random_seed() -> u64 {
    (Math::random() * 9_007_199_254_740_992.0) as u64
}

/// Deletes everything stored under a network and namespace.
#[wasm_bindgen]
pub async fn destroy(network: JsValue, namespace: String) -> Result<(), JsValue> {
    let name = named(&network, &namespace).map_err(|error| error_to_js(&error))?;
    IdbStore::destroy(&name).await.map_err(|error: StoreError| error_to_js(&error.into()))
}

/// The name of the database, the lock and the channel of a network and namespace.
///
/// # Errors
/// `bad-input` for a bad network or namespace.
#[wasm_bindgen]
pub fn store_name(network: &JsValue, namespace: &str) -> Result<String, JsValue> {
    named(network, namespace).map_err(|error| error_to_js(&error))
}

fn named(network: &JsValue, namespace: &str) -> Result<String, ApiError> {
    options::store_name(&plain(network), namespace)
}

/// The height from which Platform's blocks can be on a network.
///
/// # Errors
/// `bad-input` for a bad network.
#[wasm_bindgen]
pub fn platform_activation_height(network: &JsValue) -> Result<u32, JsValue> {
    options::platform_activation_height(&plain(network)).map_err(|error| error_to_js(&error))
}

/// Checks options as [`Client::open`] does, and gives the name of their store. A tab that only follows has its own
/// options refused by this, although the leader's are the ones that hold.
///
/// # Errors
/// `bad-input` naming the option.
#[wasm_bindgen]
pub fn check_options(options: &JsValue) -> Result<String, JsValue> {
    let name = Options::parse(&plain(options))
        .map(|options| options::store_name_of(&options.params, &options.namespace));
    name.map_err(|error| error_to_js(&error))
}

/// A compute worker's one function: encoded work in, encoded reply out.
///
/// # Errors
/// For bytes that are no work.
#[wasm_bindgen]
pub fn compute(work: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(compute_bytes(work)?)
}

/// The version of the package.
#[wasm_bindgen]
pub fn version() -> String {
    crate::VERSION.to_owned()
}
