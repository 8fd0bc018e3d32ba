//! A connection to one IndexedDB database, and transactions on it whose end can be awaited.
//!
//! Browsers close connections under their owner: a handle then says that it is lost, and every operation on it fails.
//! A handle also gives way to whoever wants to delete or upgrade the database. Nothing here retries; `mod.rs` does.

use crate::store::{STORE_VERSION, StoreError};
use crate::web::socket::describe;
use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use idb::event::VersionChangeEvent;
use idb::{DatabaseEvent, Factory, ObjectStore, ObjectStoreParams, Request};
use js_sys::{Array, Object, Reflect};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use web_sys::{DomException, IdbDatabase, IdbTransaction};

/// Watermarks and epoch, by [`EPOCH`] and [`WATERMARKS`].
pub(super) const META: &str = "meta";
/// Packed headers by chunk.
pub(super) const HEADERS: &str = "headers";
/// The first bytes of each header's hash by chunk, for finding a header by its hash.
pub(super) const PRINTS: &str = "prints";
/// Records by their table's number and their key.
pub(super) const RECORDS: &str = "records";
/// All of them.
pub(super) const STORES: [&str; 4] = [META, HEADERS, PRINTS, RECORDS];
/// A number that each new owner of the database raises.
pub(super) const EPOCH: &str = "epoch";
/// The watermarks as bytes.
pub(super) const WATERMARKS: &str = "watermarks";

/// How long an open or a delete may wait for another tab to let go of the database.
const BLOCKED_MS: u32 = 10_000;

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase`, for the one option that its binding lacks.
    #[wasm_bindgen(extends = Object)]
    type DatabaseWithOptions;
    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DatabaseWithOptions,
        stores: &Array,
        mode: &str,
        options: &Object,
    ) -> Result<IdbTransaction, JsValue>;
}

/// Whether opening may make a database that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IfMissing {
    Create,
    Fail,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Read,
    Write,
}

/// An open connection.
pub(super) struct Handle {
    db: IdbDatabase,
    lost: Rc<Cell<bool>>,
    _on_close: Closure<dyn FnMut()>,
    _on_version_change: Closure<dyn FnMut()>,
}

impl Handle {
    pub(super) async fn open(name: &str, if_missing: IfMissing) -> Result<Self, StoreError> {
        match open(name, if_missing).await {
            // Left by a later version of this client: emptied like that of an earlier one.
            Err(error) if error_name(&error).as_deref() == Some("VersionError") => {
                delete(name).await?;
                open(name, if_missing).await.map(Self::new).map_err(failure)
            }
            opened => opened.map(Self::new).map_err(failure),
        }
    }

    fn new(db: IdbDatabase) -> Self {
        let lost = Rc::new(Cell::new(false));
        let flag = Rc::clone(&lost);
        let on_close = Closure::new(move || flag.set(true));
        let (flag, handle) = (Rc::clone(&lost), db.clone());
        let on_version_change = Closure::new(move || {
            flag.set(true);
            handle.close();
        });
        db.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        db.set_onversionchange(Some(on_version_change.as_ref().unchecked_ref()));
        Self { db, lost, _on_close: on_close, _on_version_change: on_version_change }
    }

    /// Whether the connection is known to be closed.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.get()
    }

    /// A transaction over the stores named. Writes need not reach the disk before they count: they are whole anyway,
    /// and what a power cut takes is fetched again.
    pub(super) fn begin(&self, stores: &[&str], mode: Mode) -> Result<Transaction, StoreError> {
        let names: Array = stores.iter().map(|name| JsValue::from_str(name)).collect();
        let options = Object::new();
        // Setting a field of a fresh object cannot fail.
        let _ = Reflect::set(&options, &"durability".into(), &"relaxed".into());
        let mode = match mode {
            Mode::Read => "readonly",
            Mode::Write => "readwrite",
        };
        let db: &DatabaseWithOptions = self.db.unchecked_ref();
        db.transaction(&names, mode, &options).map(Transaction::new).map_err(failure)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.db.set_onclose(None);
        self.db.set_onversionchange(None);
        self.db.close();
    }
}

/// A transaction that commits once nothing more is asked of it, and is aborted when dropped before that was awaited.
pub(super) struct Transaction {
    inner: IdbTransaction,
    ended: Option<oneshot::Receiver<bool>>,
    _on_complete: Closure<dyn FnMut()>,
    _on_abort: Closure<dyn FnMut()>,
}

impl Transaction {
    fn new(inner: IdbTransaction) -> Self {
        let (sender, ended) = oneshot::channel();
        let sender = Rc::new(RefCell::new(Some(sender)));
        let end = move |committed: bool| {
            let sender = Rc::clone(&sender);
            Closure::new(move || {
                if let Some(sender) = sender.borrow_mut().take() {
                    // Nobody waits for a transaction that was given up.
                    let _ = sender.send(committed);
                }
            })
        };
        let (on_complete, on_abort) = (end(true), end(false));
        inner.set_oncomplete(Some(on_complete.as_ref().unchecked_ref()));
        inner.set_onabort(Some(on_abort.as_ref().unchecked_ref()));
        Self { inner, ended: Some(ended), _on_complete: on_complete, _on_abort: on_abort }
    }

    pub(super) fn store(&self, name: &str) -> Result<ObjectStore, StoreError> {
        self.inner.object_store(name).map(ObjectStore::from).map_err(failure)
    }

    /// Waits until everything asked for is committed.
    pub(super) async fn committed(mut self) -> Result<(), StoreError> {
        let Some(ended) = self.ended.take() else { return Ok(()) };
        match ended.await {
            Ok(true) => Ok(()),
            _ => Err(self.inner.error().map_or_else(
                || StoreError::Failed("the transaction was aborted".to_owned()),
                |error| failure(error.into()),
            )),
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        self.inner.set_oncomplete(None);
        self.inner.set_onabort(None);
        if self.ended.is_some() {
            // Fails where the transaction has ended already, which is as well.
            let _ = self.inner.abort();
        }
    }
}

async fn open(name: &str, if_missing: IfMissing) -> Result<IdbDatabase, JsValue> {
    let factory = Factory::new().map_err(thrown)?;
    let mut request = factory.open(name, Some(STORE_VERSION)).map_err(thrown)?;
    request.on_upgrade_needed(move |event| upgrade(&event, if_missing));
    match select(request.into_future(), TimeoutFuture::new(BLOCKED_MS)).await {
        Either::Left((opened, _)) => opened.map(IdbDatabase::from).map_err(thrown),
        Either::Right(_) => Err(JsValue::from_str("the database does not open")),
    }
}

/// Lays out a new database, or one of an earlier version anew. A failure ends the upgrade and with it the open.
fn upgrade(event: &VersionChangeEvent, if_missing: IfMissing) {
    let laid_out = || -> Result<(), idb::Error> {
        if if_missing == IfMissing::Create {
            let db = event.database()?;
            for name in db.store_names() {
                db.delete_object_store(&name)?;
            }
            for name in STORES {
                db.create_object_store(name, ObjectStoreParams::new())?;
            }
            return Ok(());
        }
        Err(idb::Error::DomExceptionNotFound)
    };
    if laid_out().is_err() {
        let transaction = idb::event::Event::target(event).ok().and_then(|request| request.transaction());
        if let Some(transaction) = transaction {
            // The open then fails with an `AbortError`, and a database that was not there is not made.
            let _ = transaction.abort();
        }
    }
}

/// Deletes a database; one that does not exist is deleted already.
pub(super) async fn delete(name: &str) -> Result<(), StoreError> {
    let request =
        Factory::new().and_then(|factory| factory.delete(name)).map_err(|error| failure(thrown(error)))?;
    match select(request.into_future(), TimeoutFuture::new(BLOCKED_MS)).await {
        Either::Left((deleted, _)) => deleted.map_err(|error| failure(thrown(error))),
        Either::Right(_) => Err(StoreError::Failed("another tab keeps the database open".to_owned())),
    }
}

/// The exception inside an error of the `idb` crate, or its text.
pub(super) fn thrown(error: idb::Error) -> JsValue {
    use idb::Error as E;
    match error {
        E::DomException(exception) => exception.into(),
        E::AddFailed(value)
        | E::ClearFailed(value)
        | E::DeleteFailed(value)
        | E::GetAllFailed(value)
        | E::GetAllKeysFailed(value)
        | E::GetFailed(value)
        | E::IndexedDbDeleteFailed(value)
        | E::IndexedDbOpenFailed(value)
        | E::KeyRangeCreateFailed(value)
        | E::ObjectStoreNotFound(value)
        | E::UpdateFailed(value) => value,
        other => JsValue::from_str(&other.to_string()),
    }
}

/// A thrown value as the store's error: `Quota` for a full disk, `Failed` for all else.
pub(super) fn failure(error: JsValue) -> StoreError {
    let text = match error_name(&error) {
        Some(name) if name == "QuotaExceededError" => return StoreError::Quota(describe(&error)),
        Some(name) => format!("{name}: {}", describe(&error)),
        None => describe(&error),
    };
    StoreError::Failed(text)
}

/// [`failure`] of an error of the `idb` crate.
pub(super) fn idb_failure(error: idb::Error) -> StoreError {
    failure(thrown(error))
}

fn error_name(error: &JsValue) -> Option<String> {
    if let Some(exception) = error.dyn_ref::<DomException>() {
        return Some(exception.name());
    }
    Reflect::get(error, &"name".into()).ok()?.as_string()
}
