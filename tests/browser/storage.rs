//! The queue before the store, and what becomes of it when the database is lost.

use super::support::{Chain, NETWORK, fresh, sleep};
use dash_spv_wasm::engine::{CommitId, Input, ReadId};
use dash_spv_wasm::store::{ReadReply, ReadRequest, StoreError};
use dash_spv_wasm::web::idb::IdbStore;
use dash_spv_wasm::web::storage::Storage;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_test::wasm_bindgen_test;

/// A storage and what it told the engine.
struct Rig {
    name: String,
    storage: Rc<Storage>,
    heard: Rc<RefCell<Vec<Input>>>,
    superseded: Rc<Cell<u32>>,
}

impl Rig {
    async fn new(test: &str) -> Self {
        let name = fresh(test);
        let heard: Rc<RefCell<Vec<Input>>> = Rc::default();
        let superseded = Rc::new(Cell::new(0));
        let (inputs, count) = (Rc::clone(&heard), Rc::clone(&superseded));
        let storage = Storage::in_database(
            IdbStore::open(&name, NETWORK).await.unwrap(),
            Rc::new(move |input| inputs.borrow_mut().push(input)),
            Box::new(move || count.set(count.get() + 1)),
        );
        Self { name, storage, heard, superseded }
    }

    async fn settled(&self) -> Vec<Input> {
        while !self.storage.is_idle() {
            sleep(5).await;
        }
        self.heard.borrow_mut().drain(..).collect()
    }

    async fn end(self) {
        self.storage.close();
        IdbStore::destroy(&self.name).await.unwrap();
    }
}

fn stored(input: &Input) -> (u64, Result<(), StoreError>) {
    match input {
        Input::Stored { commit, result } => (commit.0, result.clone()),
        other => panic!("{other:?}"),
    }
}

fn run(input: &Input) -> u32 {
    match input {
        Input::Read { result: Ok(ReadReply::Headers(run)), .. } => run.len(),
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn commits_and_reads_are_answered_in_their_order() {
    let rig = Rig::new("order").await;
    let chain = Chain::of(1_000);
    for part in 0..10 {
        rig.storage.commit(CommitId(part.into()), chain.batch(0, part * 100..part * 100 + 100));
        if part == 4 {
            rig.storage.read(ReadId(1), ReadRequest::Headers { from: 0, count: 2_000 });
        }
    }
    let heard = rig.settled().await;
    assert_eq!(heard.len(), 11);
    for (at, input) in heard.iter().enumerate() {
        match at {
            0..5 => assert_eq!(stored(input), (at as u64, Ok(()))),
            5 => assert_eq!(run(input), 500),
            _ => assert_eq!(stored(input), (at as u64 - 1, Ok(()))),
        }
    }
    assert!(rig.storage.is_persistent());
    rig.end().await;
}

#[wasm_bindgen_test]
async fn a_client_that_was_superseded_is_told_and_all_its_commits_fail() {
    let rig = Rig::new("superseded").await;
    let chain = Chain::of(100);
    let other = IdbStore::open(&rig.name, NETWORK).await.unwrap();
    rig.storage.commit(CommitId(1), chain.batch(0, 0..50));
    rig.storage.read(ReadId(1), ReadRequest::Headers { from: 0, count: 1 });
    rig.storage.commit(CommitId(2), chain.batch(0, 50..100));
    let heard = rig.settled().await;
    assert_eq!(stored(&heard[0]), (1, Err(StoreError::Superseded)));
    assert_eq!(stored(&heard[1]), (2, Err(StoreError::Superseded)));
    assert_eq!(run(&heard[2]), 0);
    assert_eq!(rig.superseded.get(), 1);
    drop(other);
    rig.end().await;
}

#[wasm_bindgen_test]
async fn memory_takes_the_place_of_a_database_that_is_gone() {
    let rig = Rig::new("fallback").await;
    let chain = Chain::of(1_000);
    rig.storage.commit(CommitId(1), chain.batch(0, 0..500));
    assert_eq!(stored(&rig.settled().await[0]), (1, Ok(())));
    IdbStore::destroy(&rig.name).await.unwrap();
    rig.storage.commit(CommitId(2), chain.batch(0, 500..1_000));
    rig.storage.read(ReadId(1), ReadRequest::Headers { from: 600, count: 100 });
    rig.storage.read(ReadId(2), ReadRequest::Headers { from: 100, count: 100 });
    rig.storage.read(ReadId(3), ReadRequest::HeaderByHash(chain.hashes[700]));
    rig.storage.read(ReadId(4), ReadRequest::HeaderByHash(chain.hashes[200]));
    let heard = rig.settled().await;
    match &heard[0] {
        Input::StorageChanged { persistent: false, cause: Some(cause) } => {
            assert!(cause.message.contains("storage"), "{cause}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(stored(&heard[1]), (2, Ok(())));
    assert_eq!((run(&heard[2]), run(&heard[3])), (100, 0));
    match (&heard[4], &heard[5]) {
        (
            Input::Read { result: Ok(ReadReply::HeaderByHash(Some((700, _)))), .. },
            Input::Read { result: Ok(ReadReply::HeaderByHash(None)), .. },
        ) => {}
        other => panic!("{other:?}"),
    }
    assert!(!rig.storage.is_persistent());
    rig.end().await;
}
