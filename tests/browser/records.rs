//! Records: the same cases for the store in IndexedDB and the one in memory, then what only a database can do.

use super::support::{Chain, NETWORK, Rng, fresh, sleep};
use dash_protocol::BlockHash;
use dash_spv_wasm::engine::{CommitId, Input, ReadId};
use dash_spv_wasm::store::{
    CommitBatch, MAX_RECORD_KEY, MemoryStore, ReadReply, ReadRequest, Record, STORE_VERSION, Store,
    StoreError, Table,
};
use dash_spv_wasm::web::idb::IdbStore;
use dash_spv_wasm::web::storage::Storage;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

const ALL: ReadRequest = ReadRequest::Records { table: Table::Masternodes };

type Kept = Vec<(u64, Vec<u8>)>;

async fn records(store: &impl Store) -> Kept {
    match store.read(&ALL).await.unwrap() {
        ReadReply::Records(records) => records,
        other => panic!("{other:?}"),
    }
}

async fn tip(store: &impl Store) -> Option<u32> {
    match store.read(&ReadRequest::Open { tail: 1 }).await.unwrap() {
        ReadReply::Open(opened) => opened.map(|opened| opened.meta.main.tip),
        other => panic!("{other:?}"),
    }
}

fn put(key: u64, value: &[u8]) -> Record {
    Record { table: Table::Masternodes, key, value: Some(value.to_vec()) }
}

fn delete(key: u64) -> Record {
    Record { table: Table::Masternodes, key, value: None }
}

fn with(batch: CommitBatch, records: Vec<Record>) -> CommitBatch {
    CommitBatch { records, ..batch }
}

async fn case_what_was_written_is_read_by_ascending_key(store: &impl Store) {
    let chain = Chain::of(300);
    assert_eq!(records(store).await, []);
    let first = vec![put(1_000, b"thousand"), put(9, b"nine"), put(MAX_RECORD_KEY - 1, b"last")];
    store.commit(&with(chain.batch(0, 0..100), first)).await.unwrap();
    store.commit(&CommitBatch::of_records(vec![put(10, b""), put(0, &[7; 70_000])])).await.unwrap();
    let expected = [
        (0, vec![7; 70_000]),
        (9, b"nine".to_vec()),
        (10, Vec::new()),
        (1_000, b"thousand".to_vec()),
        (MAX_RECORD_KEY - 1, b"last".to_vec()),
    ];
    assert_eq!(records(store).await, expected);
    assert_eq!(tip(store).await, Some(99), "records alone leave the watermarks as they are");
    let second = vec![delete(0), put(9, b"other"), delete(1_000), delete(55), put(3, b"x"), delete(3)];
    store.commit(&with(chain.batch(0, 100..300), second)).await.unwrap();
    let expected = [(9, b"other".to_vec()), (10, Vec::new()), (MAX_RECORD_KEY - 1, b"last".to_vec())];
    assert_eq!(records(store).await, expected);
    assert_eq!(tip(store).await, Some(299));
}

async fn case_a_batch_that_does_not_fit_leaves_nothing(store: &impl Store) {
    let chain = Chain::of(200);
    store.commit(&with(chain.batch(0, 0..100), vec![put(1, b"one")])).await.unwrap();
    let mut uneven = with(chain.batch(0, 100..200), vec![put(2, b"two"), delete(1)]);
    uneven.runs[0].hashes.pop();
    let mut unvouched = with(chain.batch(0, 100..200), vec![put(2, b"two")]);
    unvouched.meta = None;
    let beyond = with(chain.batch(0, 100..200), vec![put(2, b"two"), put(MAX_RECORD_KEY, b"")]);
    for bad in [uneven, unvouched, beyond] {
        assert!(matches!(store.commit(&bad).await, Err(StoreError::Failed(_))));
        assert_eq!((records(store).await, tip(store).await), (vec![(1, b"one".to_vec())], Some(99)));
    }
}

async fn case_records_without_watermarks_are_not_there(store: &impl Store) {
    store.commit(&CommitBatch::of_records(vec![put(1, b"one")])).await.unwrap();
    assert_eq!(records(store).await, []);
}

#[wasm_bindgen_test]
async fn each_case_holds_for_both_stores() {
    let name = fresh("records");
    let open = async || IdbStore::open(&name, NETWORK).await.unwrap();
    case_records_without_watermarks_are_not_there(&MemoryStore::new()).await;
    case_records_without_watermarks_are_not_there(&open().await).await;
    case_what_was_written_is_read_by_ascending_key(&MemoryStore::new()).await;
    case_what_was_written_is_read_by_ascending_key(&open().await).await;
    IdbStore::destroy(&name).await.unwrap();
    case_a_batch_that_does_not_fit_leaves_nothing(&MemoryStore::new()).await;
    case_a_batch_that_does_not_fit_leaves_nothing(&open().await).await;
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn records_are_there_after_reopening_and_deleted_ones_are_not() {
    let name = fresh("records-reopen");
    let chain = Chain::of(100);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    let first = vec![put(5, b"five"), put(4, b"four"), put(6, b"six")];
    store.commit(&with(chain.batch(0, 0..100), first)).await.unwrap();
    store.commit(&CommitBatch::of_records(vec![delete(5), put(6, b"SIX")])).await.unwrap();
    store.close();
    let expected = [(4, b"four".to_vec()), (6, b"SIX".to_vec())];
    assert_eq!(records(&store).await, expected, "a lost handle is opened again");
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!((records(&store).await, tip(&store).await), (expected.to_vec(), Some(99)));
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_failed_commit_leaves_neither_headers_nor_records() {
    let name = fresh("records-failed");
    let chain = Chain::of(200);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&with(chain.batch(0, 0..100), vec![put(1, b"one")])).await.unwrap();
    let db = idb::Factory::new().unwrap().open(&name, Some(STORE_VERSION)).unwrap().await.unwrap();
    let transaction = db.transaction(&["headers"], idb::TransactionMode::ReadWrite).unwrap();
    let damaged = js_sys::Uint8Array::from(&[1; 81][..]);
    let put_damage = transaction.object_store("headers").unwrap().put(&damaged, Some(&JsValue::from(0)));
    put_damage.unwrap().await.unwrap();
    transaction.await.unwrap();
    db.close();
    // Opened anew, it has to read the chunk that it goes on in, when the transaction is under way already.
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    let batch = with(chain.batch(0, 100..200), vec![put(2, b"two"), delete(1)]);
    assert!(matches!(store.commit(&batch).await, Err(StoreError::Damaged(_))));
    assert_eq!(records(&store).await, [(1, b"one".to_vec())]);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(records(&store).await, [(1, b"one".to_vec())]);
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn an_owner_that_was_superseded_writes_no_records() {
    let name = fresh("records-epoch");
    let chain = Chain::of(100);
    let first = IdbStore::open(&name, NETWORK).await.unwrap();
    first.commit(&with(chain.batch(0, 0..100), vec![put(1, b"one")])).await.unwrap();
    let second = IdbStore::open(&name, NETWORK).await.unwrap();
    let late = CommitBatch::of_records(vec![put(2, b"two"), delete(1)]);
    assert_eq!(first.commit(&late).await, Err(StoreError::Superseded));
    assert_eq!(records(&second).await, [(1, b"one".to_vec())]);
    drop((first, second));
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn another_network_or_version_finds_no_records() {
    let name = fresh("records-version");
    let chain = Chain::of(100);
    let batch = with(chain.batch(0, 0..100), vec![put(1, b"one")]);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&batch).await.unwrap();
    let store = IdbStore::open(&name, BlockHash::from_bytes([8; 32])).await.unwrap();
    assert_eq!(records(&store).await, []);
    drop(store);
    IdbStore::destroy(&name).await.unwrap();

    // As the version before this one laid it out: without records.
    let mut request = idb::Factory::new().unwrap().open(&name, Some(STORE_VERSION - 1)).unwrap();
    request.on_upgrade_needed(|event| {
        let db = idb::DatabaseEvent::database(&event).unwrap();
        for store in ["meta", "headers", "prints"] {
            db.create_object_store(store, idb::ObjectStoreParams::new()).unwrap();
        }
    });
    request.await.unwrap().close();
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!((records(&store).await, tip(&store).await), (Vec::new(), None));
    store.commit(&batch).await.unwrap();
    assert_eq!(records(&store).await, [(1, b"one".to_vec())]);
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn any_sequence_of_records_reads_as_it_does_from_memory() {
    for seed in [1, 2, 3] {
        let name = fresh("records-random");
        let (chain, mut rng) = (Chain::of(60), Rng(seed * 104_729));
        let memory = MemoryStore::new();
        let mut store = IdbStore::open(&name, NETWORK).await.unwrap();
        for step in 0..60 {
            let changes = (0..rng.pick(1..6)).map(|_| match (u64::from(rng.pick(0..12)), rng.pick(0..3)) {
                (key, 0) => delete(key),
                (key, _) => put(key, &vec![step as u8; rng.pick(0..300) as usize]),
            });
            let records_only = CommitBatch::of_records(changes.collect());
            let batch = match rng.pick(0..2) {
                0 if step > 0 => records_only,
                _ => with(chain.batch(0, step..step + 1), records_only.records),
            };
            memory.commit_now(&batch).unwrap();
            store.commit_all(&[&batch]).await.unwrap();
            if rng.pick(0..5) == 0 {
                store = IdbStore::open(&name, NETWORK).await.unwrap();
            }
            assert_eq!(records(&store).await, records(&memory).await);
            assert_eq!(tip(&store).await.map(|_| ()), tip(&memory).await.map(|_| ()));
        }
        drop(store);
        IdbStore::destroy(&name).await.unwrap();
    }
}

/// A storage before a database, and what it told the engine.
async fn storage(name: &str) -> (Rc<Storage>, Rc<RefCell<Vec<Input>>>) {
    let heard: Rc<RefCell<Vec<Input>>> = Rc::default();
    let inputs = Rc::clone(&heard);
    let sink = Rc::new(move |input| inputs.borrow_mut().push(input));
    let store = IdbStore::open(name, NETWORK).await.unwrap();
    (Storage::in_database(store, sink, Box::new(|| ())), heard)
}

async fn read_through(storage: &Rc<Storage>, heard: &RefCell<Vec<Input>>) -> Kept {
    storage.read(ReadId(1), ALL);
    while !storage.is_idle() {
        sleep(5).await;
    }
    match heard.borrow_mut().pop() {
        Some(Input::Read { result: Ok(ReadReply::Records(records)), .. }) => records,
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn memory_goes_on_without_the_records_of_a_database_that_is_gone() {
    let name = fresh("records-fallback");
    let chain = Chain::of(200);
    let (storage, heard) = storage(&name).await;
    storage.commit(CommitId(1), with(chain.batch(0, 0..100), vec![put(1, b"one")]));
    assert_eq!(read_through(&storage, &heard).await, [(1, b"one".to_vec())]);
    IdbStore::destroy(&name).await.unwrap();
    storage.commit(CommitId(2), with(chain.batch(0, 100..200), vec![put(2, b"two"), delete(3)]));
    assert_eq!(read_through(&storage, &heard).await, [(2, b"two".to_vec())]);
    assert!(!storage.is_persistent());
    storage.commit(CommitId(3), CommitBatch::of_records(vec![put(3, b"three"), delete(2)]));
    assert_eq!(read_through(&storage, &heard).await, [(3, b"three".to_vec())]);
    storage.close();
}

#[wasm_bindgen_test]
async fn commits_of_records_that_wait_together_keep_their_order() {
    let name = fresh("records-together");
    let chain = Chain::of(100);
    let (storage, heard) = storage(&name).await;
    storage.commit(CommitId(1), chain.batch(0, 0..100));
    for step in 0..50_u64 {
        storage.commit(CommitId(2 + step), CommitBatch::of_records(vec![put(step % 7, &[step as u8])]));
        storage.commit(CommitId(100 + step), CommitBatch::of_records(vec![delete((step + 1) % 7)]));
    }
    let kept = read_through(&storage, &heard).await;
    assert_eq!(kept, [0, 2, 3, 4, 5, 6].map(|key| (key, vec![last_step(key) as u8])));
    assert!(heard.borrow().iter().all(|input| matches!(input, Input::Stored { result: Ok(()), .. })));
    storage.close();
    IdbStore::destroy(&name).await.unwrap();
}

/// The last of 50 steps that wrote a key, where key 1 was deleted by step 49, which wrote key 0.
fn last_step(key: u64) -> u64 {
    (0..50).rev().find(|step| step % 7 == key).unwrap()
}
