//! The store in IndexedDB.
//!
//! Four object stores: chunks of packed headers, fingerprints of their hashes by the same keys, records, and the
//! watermarks with the owner's epoch. A commit is one transaction that checks the epoch, writes the chunks it touches
//! and the records and moves the watermarks, so that a killed tab leaves the last whole commit behind and a client
//! that was superseded writes nothing. Memory: the last chunk of each segment is kept (twice 112 kB), since the next
//! commit goes on in it; a read takes what it asks for, a search by hash 64 chunks of fingerprints at a time.
//!
//! A failure that is neither a full disk nor a newer epoch nor damage is taken for a lost handle: the database is
//! opened again and the operation tried once more. What fails then is the caller's to bear (`web/storage.rs` goes on
//! in memory). A database that was deleted meanwhile is not made again.

mod chunks;
mod handle;
mod records;

use crate::collections::Gather;
use crate::store::layout::{self, HEADER};
use crate::store::record;
use crate::store::{
    CommitBatch, HeaderRun, Meta, Opened, ReadReply, ReadRequest, STORE_VERSION, Segment, Store, StoreError,
    Table,
};
use chunks::Chunks;
use dash_protocol::BlockHash;
use handle::{
    EPOCH, HEADERS, Handle, IfMissing, META, Mode, PRINTS, RECORDS, STORES, WATERMARKS, idb_failure,
};
use js_sys::Uint8Array;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A client's store in IndexedDB.
pub struct IdbStore {
    name: String,
    epoch: f64,
    handle: RefCell<Option<Rc<Handle>>>,
    /// What the last commit left.
    meta: RefCell<Option<Meta>>,
    /// Chunks that the next commit is likely to go on in, as they are stored.
    warm: RefCell<Chunks>,
    /// Counts commits, so that only the latest one's chunks are kept warm.
    commits: Cell<u64>,
    running: Cell<u32>,
}

impl IdbStore {
    /// Opens the database and takes it over from an earlier owner. What another version or network left is emptied.
    ///
    /// # Errors
    /// Where there is no storage, or none to be had.
    pub async fn open(name: &str, network_id: BlockHash) -> Result<Self, StoreError> {
        let handle = Handle::open(name, IfMissing::Create).await?;
        let transaction = handle.begin(&STORES, Mode::Write)?;
        let meta_store = transaction.store(META)?;
        let epoch = get(&meta_store, EPOCH);
        let watermarks = get(&meta_store, WATERMARKS);
        let (epoch, watermarks) = (epoch?.await, watermarks?.await);
        let before = epoch.map_err(idb_failure)?.and_then(|value| value.as_f64()).unwrap_or(0.0);
        // Above every earlier one, also above that of a database of this name which was deleted.
        let epoch = (before + 1.0).max(js_sys::Date::now());
        meta_store.put(&epoch.into(), Some(&EPOCH.into())).map_err(idb_failure)?;
        let meta = watermarks
            .map_err(idb_failure)?
            .and_then(bytes_of)
            .and_then(|bytes| record::decode_meta(&bytes))
            .filter(|meta| meta.version == STORE_VERSION && meta.network_id == network_id);
        if meta.is_none() {
            meta_store.delete(JsValue::from_str(WATERMARKS)).map_err(idb_failure)?;
            for name in [HEADERS, PRINTS, RECORDS] {
                transaction.store(name)?.clear().map_err(idb_failure)?;
            }
        }
        transaction.committed().await?;
        Ok(Self {
            name: name.to_owned(),
            epoch,
            handle: RefCell::new(Some(Rc::new(handle))),
            meta: RefCell::new(meta),
            warm: RefCell::default(),
            commits: Cell::new(0),
            running: Cell::new(0),
        })
    }

    /// Deletes a database and all that is in it. Owners in other tabs are asked to let go of it.
    ///
    /// # Errors
    /// When one of them does not.
    pub async fn destroy(name: &str) -> Result<(), StoreError> {
        handle::delete(name).await
    }

    /// Lets go of the database. A later operation opens it again.
    pub fn close(&self) {
        self.handle.borrow_mut().take();
    }

    /// The watermarks of the last commit.
    pub(crate) fn meta(&self) -> Option<Meta> {
        self.meta.borrow().clone()
    }

    /// Writes several batches as one: all or nothing, the later over the earlier.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the epoch moved on; nothing was written then, as after every error.
    pub async fn commit_all(&self, batches: &[&CommitBatch]) -> Result<(), StoreError> {
        batches.iter().try_for_each(|batch| layout::check(batch))?;
        let Some(meta) = last_meta(batches) else {
            let nothing = Chunks::default();
            let written = self.retrying(async |handle: &Handle| self.write(handle, batches, &nothing).await);
            return written.await.map(drop);
        };
        self.commits.set(self.commits.get() + 1);
        let this_commit = self.commits.get();
        // Chunks are warm for one commit at a time: a second one at the same time reads what it needs.
        let warm = std::mem::take(&mut *self.warm.borrow_mut());
        let warm = if self.running.get() == 0 { warm } else { Chunks::default() };
        self.running.set(self.running.get() + 1);
        let written = self.retrying(async |handle: &Handle| self.write(handle, batches, &warm).await).await;
        self.running.set(self.running.get() - 1);
        let mut chunks = written?;
        if self.commits.get() == this_commit {
            chunks.keep_only([Some(&meta.main), meta.below.as_ref()].into_iter().flatten());
            *self.warm.borrow_mut() = chunks;
            *self.meta.borrow_mut() = Some(meta.clone());
        }
        Ok(())
    }

    /// The header at each height of a range, up to the first that is not stored.
    pub(crate) async fn headers(&self, heights: Range<u32>) -> Result<HeaderRun, StoreError> {
        let Some(meta) = self.meta.borrow().clone() else {
            return Ok(HeaderRun { first_height: heights.start, ..HeaderRun::default() });
        };
        let wanted = layout::vouched(&meta, heights.start, heights.len() as u32);
        self.retrying(async |handle: &Handle| {
            let transaction = handle.begin(&[HEADERS], Mode::Read)?;
            chunks::read(&transaction.store(HEADERS)?, wanted.clone()).await
        })
        .await
    }

    /// Where the header with this hash is, if the watermarks vouch for it.
    pub(crate) async fn find(&self, hash: &BlockHash) -> Result<Option<(u32, [u8; HEADER])>, StoreError> {
        let Some(meta) = self.meta.borrow().clone() else { return Ok(None) };
        self.retrying(async |handle: &Handle| {
            let transaction = handle.begin(&[HEADERS, PRINTS], Mode::Read)?;
            chunks::find(&transaction.store(PRINTS)?, &transaction.store(HEADERS)?, &meta, hash).await
        })
        .await
    }

    /// The records of a table by ascending key; none before there are watermarks.
    pub(crate) async fn records(&self, table: Table) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        if self.meta.borrow().is_none() {
            return Ok(Vec::new());
        }
        self.retrying(async |handle: &Handle| {
            let transaction = handle.begin(&[RECORDS], Mode::Read)?;
            records::read(&transaction.store(RECORDS)?, table).await
        })
        .await
    }

    async fn opened(&self, tail: u32) -> Result<Option<Opened>, StoreError> {
        let Some(meta) = self.meta.borrow().clone() else { return Ok(None) };
        let main_tail = self.tail(&meta.main, tail).await?;
        let below_tail = match &meta.below {
            Some(segment) => Some(self.tail(segment, tail).await?),
            None => None,
        };
        Ok(Some(Opened { meta, main_tail, below_tail }))
    }

    async fn tail(&self, segment: &Segment, tail: u32) -> Result<HeaderRun, StoreError> {
        let heights = layout::tail_of(segment, tail);
        let run = self.headers(heights.clone()).await?;
        if run.hashes.len() != heights.len() {
            return Err(StoreError::Damaged(format!("no header at height {}", heights.start + run.len())));
        }
        match run.hashes.last() {
            Some(last) if *last != segment.tip_hash => {
                Err(StoreError::Damaged(format!("another header at height {}", segment.tip)))
            }
            _ => Ok(run),
        }
    }

    async fn write(
        &self,
        handle: &Handle,
        batches: &[&CommitBatch],
        warm: &Chunks,
    ) -> Result<Chunks, StoreError> {
        if batches.is_empty() {
            return Ok(Chunks::default());
        }
        let transaction = handle.begin(&STORES, Mode::Write)?;
        let meta_store = transaction.store(META)?;
        let (headers, prints) = (transaction.store(HEADERS)?, transaction.store(PRINTS)?);
        let epoch = get(&meta_store, EPOCH)?;
        let runs: Vec<&HeaderRun> = batches.iter().flat_map(|batch| &batch.runs).gather();
        let loading = Chunks::load(&headers, &runs, warm);
        // Both are awaited before either is judged: a request must not outlive the one who listens to it.
        let (epoch, chunks) = (epoch.await, loading?.await);
        self.check_epoch(epoch.map_err(idb_failure)?)?;
        let mut chunks = chunks?;
        runs.into_iter().for_each(|run| chunks.write(run));
        if let Some(meta) = last_meta(batches) {
            chunks.cut_after(meta.main.tip);
            chunks.store(&headers, &prints)?;
            let watermarks = Uint8Array::from(&record::encode_meta(meta)[..]);
            meta_store.put(&watermarks, Some(&WATERMARKS.into())).map_err(idb_failure)?;
        }
        records::write(&transaction.store(RECORDS)?, batches.iter().flat_map(|batch| &batch.records))?;
        transaction.committed().await?;
        Ok(chunks)
    }

    fn check_epoch(&self, stored: Option<JsValue>) -> Result<(), StoreError> {
        match stored.and_then(|value| value.as_f64()) {
            Some(epoch) if epoch == self.epoch => Ok(()),
            Some(_) => Err(StoreError::Superseded),
            None => Err(StoreError::Failed("the stored data is gone".to_owned())),
        }
    }

    /// Runs an operation; when it fails as if the handle were lost, once more on a new one.
    async fn retrying<T>(
        &self,
        operation: impl AsyncFn(&Handle) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let first = match self.handle().await {
            Ok(handle) => operation(&handle).await,
            Err(error) => Err(error),
        };
        match first {
            Err(StoreError::Failed(_)) => {
                self.close();
                operation(&*self.handle().await?).await
            }
            result => result,
        }
    }

    async fn handle(&self) -> Result<Rc<Handle>, StoreError> {
        let current = self.handle.borrow().clone().filter(|handle| !handle.is_lost());
        if let Some(handle) = current {
            return Ok(handle);
        }
        let handle = Rc::new(Handle::open(&self.name, IfMissing::Fail).await?);
        *self.handle.borrow_mut() = Some(Rc::clone(&handle));
        Ok(handle)
    }
}

impl Store for IdbStore {
    async fn commit(&self, batch: &CommitBatch) -> Result<(), StoreError> {
        self.commit_all(&[batch]).await
    }

    async fn read(&self, request: &ReadRequest) -> Result<ReadReply, StoreError> {
        Ok(match request {
            ReadRequest::Open { tail } => ReadReply::Open(self.opened(*tail).await?.map(Box::new)),
            ReadRequest::Headers { from, count } => {
                ReadReply::Headers(self.headers(*from..from.saturating_add(*count)).await?)
            }
            ReadRequest::HeaderByHash(hash) => ReadReply::HeaderByHash(self.find(hash).await?),
            ReadRequest::Records { table } => ReadReply::Records(self.records(*table).await?),
        })
    }
}

/// The watermarks that hold once all of some batches are written.
fn last_meta<'a>(batches: &[&'a CommitBatch]) -> Option<&'a Meta> {
    batches.iter().rev().find_map(|batch| batch.meta.as_ref())
}

/// A request for a value whose handlers are attached at once.
fn get(store: &idb::ObjectStore, key: &str) -> Result<Get, StoreError> {
    get_by(store, &JsValue::from_str(key))
}

type Get = <idb::request::GetStoreRequest as IntoFuture>::IntoFuture;

fn get_by(store: &idb::ObjectStore, key: &JsValue) -> Result<Get, StoreError> {
    store.get(key.clone()).map(IntoFuture::into_future).map_err(idb_failure)
}

fn bytes_of(value: JsValue) -> Option<Vec<u8>> {
    value.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec)
}
