//! The client's storage: commits and reads in their order, off the engine's path, and memory when IndexedDB is lost.
//!
//! Work waits in a queue that one task empties. Commits that wait together become one transaction of at most
//! [`COALESCE`] headers, or of records that weigh as much. When one fails, all that wait behind it fail with it, since they build on it. How much waits
//! is bounded by the engine, which has only so many commits and reads in flight.
//!
//! When the database fails for good, memory takes its place: from then on commits go there. Reads of headers see memory
//! first and, as long as it still answers, what the database kept; records are taken over whole, if they can be.

use super::idb::IdbStore;
use super::socket::Sink;
use crate::api::ApiError;
use crate::collections::Gather;
use crate::engine::{CommitId, Input, ReadId};
use crate::store::layout;
use crate::store::{
    CommitBatch, HeaderRun, MemoryStore, Opened, ReadReply, ReadRequest, Record, Store, StoreError, Table,
};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// The most headers of commits that become one transaction.
pub const COALESCE: usize = 32_000;

/// One piece of waiting work.
enum Work {
    Commit(CommitId, Box<CommitBatch>),
    Read(ReadId, ReadRequest),
}

/// Where headers are kept.
enum Backend {
    Database(Rc<IdbStore>),
    /// Memory; with what a database that failed still holds below it.
    Memory(Rc<MemoryStore>, Option<Rc<IdbStore>>),
}

/// The storage of one client.
pub struct Storage {
    backend: RefCell<Backend>,
    queue: RefCell<VecDeque<Work>>,
    running: Cell<bool>,
    sink: Sink,
    superseded: Box<dyn Fn()>,
}

impl Storage {
    /// Storage in a database. `superseded` is called when another client took it over.
    pub fn in_database(store: IdbStore, sink: Sink, superseded: Box<dyn Fn()>) -> Rc<Self> {
        Self::new(Backend::Database(Rc::new(store)), sink, superseded)
    }

    /// Storage in memory.
    pub fn in_memory(sink: Sink) -> Rc<Self> {
        Self::new(Backend::Memory(Rc::new(MemoryStore::new()), None), sink, Box::new(|| {}))
    }

    fn new(backend: Backend, sink: Sink, superseded: Box<dyn Fn()>) -> Rc<Self> {
        let backend = RefCell::new(backend);
        Rc::new(Self { backend, queue: RefCell::default(), running: Cell::new(false), sink, superseded })
    }

    /// Whether what is stored outlives the page.
    pub fn is_persistent(&self) -> bool {
        matches!(*self.backend.borrow(), Backend::Database(_))
    }

    /// Queues a commit; answered by `Stored`.
    pub fn commit(self: &Rc<Self>, id: CommitId, batch: CommitBatch) {
        self.push(Work::Commit(id, Box::new(batch)));
    }

    /// Queues a read, which sees the commits queued before it; answered by `Read`.
    pub fn read(self: &Rc<Self>, id: ReadId, request: ReadRequest) {
        self.push(Work::Read(id, request));
    }

    /// Whether nothing waits or runs.
    pub fn is_idle(&self) -> bool {
        !self.running.get()
    }

    /// Lets go of the database.
    pub fn close(&self) {
        match &*self.backend.borrow() {
            Backend::Database(store) | Backend::Memory(_, Some(store)) => store.close(),
            Backend::Memory(_, None) => {}
        }
    }

    fn push(self: &Rc<Self>, work: Work) {
        self.queue.borrow_mut().push_back(work);
        if !self.running.replace(true) {
            let this = Rc::clone(self);
            wasm_bindgen_futures::spawn_local(async move { this.run().await });
        }
    }

    async fn run(&self) {
        loop {
            let next = self.queue.borrow_mut().pop_front();
            match next {
                Some(Work::Commit(id, batch)) => {
                    let (ids, batches) = self.gather(id, *batch);
                    let result = self.write(&batches).await;
                    self.finish(ids, &result);
                }
                Some(Work::Read(read, request)) => {
                    let result = self.look_up(&request).await;
                    (self.sink)(Input::Read { read, result });
                }
                None => break,
            }
        }
        self.running.set(false);
    }

    /// The commits that wait right behind one, as far as they fit into its transaction.
    fn gather(&self, id: CommitId, batch: CommitBatch) -> (Vec<CommitId>, Vec<CommitBatch>) {
        let headers = |batch: &CommitBatch| {
            let records = batch.records.iter().map(|record| record.value.as_ref().map_or(0, Vec::len));
            let runs = batch.runs.iter().map(|run| run.hashes.len());
            runs.chain(records.map(layout::weight)).sum::<usize>()
        };
        let mut room = COALESCE.saturating_sub(headers(&batch));
        let (mut ids, mut batches) = (vec![id], vec![batch]);
        let mut queue = self.queue.borrow_mut();
        while let Some(Work::Commit(_, next)) = queue.front() {
            let Some(left) = room.checked_sub(headers(next)) else { break };
            room = left;
            if let Some(Work::Commit(id, batch)) = queue.pop_front() {
                ids.push(id);
                batches.push(*batch);
            }
        }
        (ids, batches)
    }

    /// Answers commits, and after a failure also those that wait and build on them.
    fn finish(&self, mut ids: Vec<CommitId>, result: &Result<(), StoreError>) {
        if result.is_err() {
            let mut queue = self.queue.borrow_mut();
            let (commits, reads): (VecDeque<_>, VecDeque<_>) =
                queue.drain(..).partition(|work| matches!(work, Work::Commit(..)));
            *queue = reads;
            ids.extend(commits.into_iter().filter_map(|work| match work {
                Work::Commit(id, _) => Some(id),
                Work::Read(..) => None,
            }));
        }
        if *result == Err(StoreError::Superseded) {
            (self.superseded)();
        }
        for commit in ids {
            (self.sink)(Input::Stored { commit, result: result.clone() });
        }
    }

    fn database(&self) -> Option<Rc<IdbStore>> {
        match &*self.backend.borrow() {
            Backend::Database(store) => Some(Rc::clone(store)),
            Backend::Memory(..) => None,
        }
    }

    async fn write(&self, batches: &[CommitBatch]) -> Result<(), StoreError> {
        if let Some(store) = self.database() {
            match store.commit_all(&batches.iter().gather::<Vec<_>>()).await {
                Err(StoreError::Failed(why)) => self.fall_back(store, why).await,
                result => return result,
            }
        }
        let Backend::Memory(memory, _) = &*self.backend.borrow() else { return Ok(()) };
        batches.iter().try_for_each(|batch| memory.commit_now(batch))
    }

    /// Goes on in memory, and says so.
    async fn fall_back(&self, store: Rc<IdbStore>, why: String) {
        let cause = ApiError::from(StoreError::Failed(why));
        let memory = MemoryStore::new();
        if let Some(meta) = store.meta() {
            // Some without the others would be a list that was never proven: all of a table, or none.
            let mut kept = Vec::new();
            for table in Table::ALL {
                let records = store.records(table).await.unwrap_or_default();
                kept.extend(records.into_iter().map(|(key, value)| Record {
                    table,
                    key,
                    value: Some(value),
                }));
            }
            memory.adopt(meta, kept);
        }
        *self.backend.borrow_mut() = Backend::Memory(Rc::new(memory), Some(store));
        (self.sink)(Input::StorageChanged { persistent: false, cause: Some(cause) });
    }

    async fn look_up(&self, request: &ReadRequest) -> Result<ReadReply, StoreError> {
        if let Some(store) = self.database() {
            match store.read(request).await {
                Err(StoreError::Failed(why)) => self.fall_back(store, why).await,
                result => return result,
            }
        }
        let (memory, below) = match &*self.backend.borrow() {
            Backend::Memory(memory, below) => (Rc::clone(memory), below.clone()),
            Backend::Database(_) => return Err(StoreError::Failed("the storage changed".to_owned())),
        };
        match below {
            Some(store) => layered(&memory, &store, request).await,
            None => memory.read_now(request),
        }
    }
}

/// Reads memory over what a failed database still answers.
async fn layered(
    memory: &MemoryStore,
    store: &IdbStore,
    request: &ReadRequest,
) -> Result<ReadReply, StoreError> {
    let Some(meta) = memory.meta() else { return memory.read_now(request) };
    Ok(match request {
        ReadRequest::Open { tail } => {
            let main_tail = over(memory, store, layout::tail_of(&meta.main, *tail)).await;
            let below_tail = match &meta.below {
                Some(segment) => Some(over(memory, store, layout::tail_of(segment, *tail)).await),
                None => None,
            };
            let whole = main_tail.first_height + main_tail.len() > meta.main.tip;
            ReadReply::Open(whole.then(|| Box::new(Opened { meta, main_tail, below_tail })))
        }
        ReadRequest::Headers { from, count } => {
            ReadReply::Headers(over(memory, store, layout::vouched(&meta, *from, *count)).await)
        }
        ReadRequest::HeaderByHash(hash) => match memory.read_now(request)? {
            ReadReply::HeaderByHash(None) => {
                let found = store.find(hash).await.unwrap_or(None);
                let holds = |height| layout::holds(&meta, height) && memory.at(height).is_none();
                ReadReply::HeaderByHash(found.filter(|(height, _)| holds(*height)))
            }
            found => found,
        },
        ReadRequest::Records { .. } => memory.read_now(request)?,
    })
}

/// Headers from memory where it has them and from the database where it still answers, up to the first missing.
async fn over(memory: &MemoryStore, store: &IdbStore, heights: std::ops::Range<u32>) -> HeaderRun {
    let mut run = HeaderRun { first_height: heights.start, ..HeaderRun::default() };
    let stored = store.headers(heights.clone()).await.unwrap_or_default();
    for height in heights.clone() {
        let at = (height - heights.start) as usize;
        if let Some((raw, hash)) = memory.at(height) {
            run.raw.extend(raw);
            run.hashes.push(hash);
        } else if let (Some(raw), Some(hash)) =
            (stored.raw.get(at * layout::HEADER..(at + 1) * layout::HEADER), stored.hashes.get(at))
        {
            run.raw.extend_from_slice(raw);
            run.hashes.push(*hash);
        } else {
            break;
        }
    }
    run
}
