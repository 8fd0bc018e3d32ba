//! The store in IndexedDB, beside the one in memory.

use super::support::{Chain, NETWORK, Rng, fresh, meta, sleep};
use dash_protocol::BlockHash;
use dash_spv_wasm::store::{
    CommitBatch, HeaderRun, MemoryStore, Opened, ReadReply, ReadRequest, STORE_VERSION, Store, StoreError,
};
use dash_spv_wasm::web::idb::IdbStore;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

async fn open(store: &impl Store, tail: u32) -> Option<Opened> {
    match store.read(&ReadRequest::Open { tail }).await.unwrap() {
        ReadReply::Open(opened) => opened.map(|opened| *opened),
        other => panic!("{other:?}"),
    }
}

async fn headers(store: &impl Store, from: u32, count: u32) -> HeaderRun {
    match store.read(&ReadRequest::Headers { from, count }).await.unwrap() {
        ReadReply::Headers(run) => run,
        other => panic!("{other:?}"),
    }
}

async fn find(store: &impl Store, hash: BlockHash) -> Option<(u32, [u8; 80])> {
    match store.read(&ReadRequest::HeaderByHash(hash)).await.unwrap() {
        ReadReply::HeaderByHash(found) => found,
        other => panic!("{other:?}"),
    }
}

#[wasm_bindgen_test]
async fn what_was_committed_is_there_after_reopening() {
    let name = fresh("reopen");
    let chain = Chain::of(5_000);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(open(&store, 100).await, None);
    store.commit(&chain.batch(1_500, 1_500..2_500)).await.unwrap();
    store.commit(&chain.batch(1_500, 2_500..5_000)).await.unwrap();
    store.close();
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    let opened = open(&store, 3_000).await.unwrap();
    assert_eq!(Some(opened.meta), chain.batch(1_500, 2_500..5_000).meta);
    assert_eq!(opened.main_tail, chain.run(2_000..5_000));
    assert_eq!(opened.below_tail, None);
    assert_eq!(headers(&store, 1_500, 5_000).await, chain.run(1_500..5_000));
    assert_eq!(headers(&store, 1_999, 2).await, chain.run(1_999..2_001));
    assert!(headers(&store, 1_499, 2).await.is_empty());
    assert!(headers(&store, 5_000, 2).await.is_empty());
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_header_is_found_by_its_hash() {
    let name = fresh("find");
    let chain = Chain::of(4_500);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(find(&store, chain.hashes[7]).await, None);
    store.commit(&chain.batch(1_500, 1_500..4_500)).await.unwrap();
    for height in [1_500, 1_999, 2_000, 3_333, 4_499] {
        let expected = Some((height, chain.raw[height as usize]));
        assert_eq!(find(&store, chain.hashes[height as usize]).await, expected);
    }
    assert_eq!(find(&store, chain.hashes[1_499]).await, None);
    // The same fingerprint is not enough.
    let mut alike = chain.hashes[3_333].to_bytes();
    alike[31] ^= 1;
    assert_eq!(find(&store, BlockHash::from_bytes(alike)).await, None);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_rewind_hides_the_branch_that_was_left() {
    let name = fresh("rewind");
    let mut chain = Chain::of(2_100);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&chain.batch(0, 0..2_100)).await.unwrap();
    let left = chain.hashes[2_050];
    chain.rewind(150);
    chain.grow(60, 1);
    store.commit(&chain.batch(0, 1_950..2_010)).await.unwrap();
    store.close();
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(headers(&store, 1_900, 1_000).await, chain.run(1_900..2_010));
    assert_eq!(find(&store, left).await, None);
    assert_eq!(find(&store, chain.hashes[2_005]).await, Some((2_005, chain.raw[2_005])));
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn an_owner_that_was_superseded_writes_nothing() {
    let name = fresh("epoch");
    let chain = Chain::of(300);
    let first = IdbStore::open(&name, NETWORK).await.unwrap();
    first.commit(&chain.batch(0, 0..100)).await.unwrap();
    let second = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(first.commit(&chain.batch(0, 100..200)).await, Err(StoreError::Superseded));
    assert_eq!(open(&second, 1_000).await.unwrap().meta.main.tip, 99);
    second.commit(&chain.batch(0, 100..300)).await.unwrap();
    drop((first, second));
    let third = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(open(&third, 1_000).await.unwrap().main_tail, chain.run(0..300));
    drop(third);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_lost_handle_is_opened_again() {
    let name = fresh("lost");
    let chain = Chain::of(300);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    store.close();
    store.commit(&chain.batch(0, 100..200)).await.unwrap();
    store.close();
    assert_eq!(headers(&store, 50, 200).await, chain.run(50..200));
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_database_that_was_deleted_is_not_made_again() {
    let name = fresh("deleted");
    let chain = Chain::of(300);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    // The open handle gives way.
    IdbStore::destroy(&name).await.unwrap();
    assert!(matches!(store.commit(&chain.batch(0, 100..200)).await, Err(StoreError::Failed(_))));
    assert!(matches!(store.read(&ReadRequest::Open { tail: 1 }).await, Err(StoreError::Failed(_))));
    // Another client's fresh database of that name is not the old one either.
    let fresh = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(open(&fresh, 1).await, None);
    assert_eq!(store.commit(&chain.batch(0, 100..200)).await, Err(StoreError::Superseded));
    drop((store, fresh));
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn another_network_or_version_finds_the_store_empty() {
    let name = fresh("version");
    let chain = Chain::of(100);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    drop(store);
    let other = IdbStore::open(&name, BlockHash::from_bytes([8; 32])).await.unwrap();
    assert_eq!(open(&other, 1).await, None);
    drop(other);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(open(&store, 1).await, None, "it was emptied");
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    drop(store);

    let factory = idb::Factory::new().unwrap();
    let later = factory.open(&name, Some(STORE_VERSION + 1)).unwrap().await.unwrap();
    later.close();
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    assert_eq!(open(&store, 1).await, None);
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_damaged_chunk_is_reported() {
    let name = fresh("damage");
    let chain = Chain::of(100);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    store.commit(&chain.batch(0, 0..100)).await.unwrap();
    let db = idb::Factory::new().unwrap().open(&name, Some(STORE_VERSION)).unwrap().await.unwrap();
    for bytes in [vec![1; 81], chain.run(0..99).raw, [chain.run(0..99).raw, vec![7; 80]].concat()] {
        let transaction = db.transaction(&["headers"], idb::TransactionMode::ReadWrite).unwrap();
        let value = js_sys::Uint8Array::from(&bytes[..]);
        let put = transaction.object_store("headers").unwrap().put(&value, Some(&JsValue::from(0))).unwrap();
        put.await.unwrap();
        transaction.await.unwrap();
        assert!(matches!(store.read(&ReadRequest::Open { tail: 50 }).await, Err(StoreError::Damaged(_))));
    }
    db.close();
    drop(store);
    IdbStore::destroy(&name).await.unwrap();
}

/// What an engine does to a store: a chain that grows and is reorganised, and a lower start that grows up to it.
struct Scenario {
    rng: Rng,
    chain: Chain,
    context: u32,
    below: Option<u32>,
    left: Vec<BlockHash>,
}

impl Scenario {
    const MAIN: u32 = 3_017;
    const BELOW: u32 = 731;

    fn next(&mut self, step: u32) -> CommitBatch {
        let before = self.chain.len();
        let mut runs = Vec::new();
        let mut from = before;
        if before == 0 {
            self.chain = Chain::of(Self::MAIN + 500);
            from = Self::MAIN;
        } else if self.rng.pick(0..4) == 0 {
            let depth = self.rng.pick(1..400).min(before - Self::MAIN - 50);
            self.left.extend(&self.chain.hashes[(before - depth) as usize..]);
            self.chain.rewind(depth);
            from = before - depth;
            let count = self.rng.pick(1..500);
            self.chain.grow(count, step);
        } else {
            let count = self.rng.pick(1..900);
            self.chain.grow(count, step);
        }
        runs.push(self.chain.run(from..self.chain.len()));
        if self.context != Self::BELOW && self.rng.pick(0..2) == 0 {
            let from = self.below.map_or(Self::BELOW, |tip| tip + 1);
            let end = (from + self.rng.pick(1..900)).min(Self::MAIN);
            runs.push(self.chain.run(from..end));
            self.below = Some(end - 1);
            if end == Self::MAIN {
                self.below = None;
                self.context = Self::BELOW;
            }
        }
        let main = self.chain.segment(self.context, self.chain.len() - 1);
        let below = self.below.map(|tip| self.chain.segment(Self::BELOW, tip));
        CommitBatch { runs, meta: Some(meta(main, below)), records: Vec::new() }
    }
}

async fn assert_alike(a: &impl Store, b: &impl Store, scenario: &mut Scenario) {
    let tail = scenario.rng.pick(1..5_000);
    assert_eq!(open(a, tail).await, open(b, tail).await);
    for _ in 0..4 {
        let from = scenario.rng.pick(0..scenario.chain.len() + 100);
        let count = scenario.rng.pick(0..2_500);
        assert_eq!(headers(a, from, count).await, headers(b, from, count).await, "{from} {count}");
        let known = scenario.chain.hashes[scenario.rng.pick(0..scenario.chain.len()) as usize];
        assert_eq!(find(a, known).await, find(b, known).await);
    }
    if let Some(left) = scenario.left.last() {
        assert_eq!(find(a, *left).await, None);
    }
}

#[wasm_bindgen_test]
async fn any_sequence_of_commits_reads_as_it_does_from_memory() {
    for seed in [1, 2, 3] {
        let name = fresh("random");
        let memory = MemoryStore::new();
        let mut store = IdbStore::open(&name, NETWORK).await.unwrap();
        let mut scenario = Scenario {
            rng: Rng(seed * 7_919),
            chain: Chain::default(),
            context: Scenario::MAIN,
            below: None,
            left: Vec::new(),
        };
        for step in 1..16 {
            let together = scenario.rng.pick(1..4);
            let batches: Vec<_> = (0..together).map(|part| scenario.next(step * 8 + part)).collect();
            batches.iter().for_each(|batch| memory.commit_now(batch).unwrap());
            store.commit_all(&batches.iter().collect::<Vec<_>>()).await.unwrap();
            if scenario.rng.pick(0..5) == 0 {
                store = IdbStore::open(&name, NETWORK).await.unwrap();
            }
            assert_alike(&memory, &store, &mut scenario).await;
        }
        drop(store);
        IdbStore::destroy(&name).await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn commits_that_overlap_in_time_do_not_overwrite_each_other() {
    let name = fresh("overlap");
    let chain = Chain::of(900);
    let store = IdbStore::open(&name, NETWORK).await.unwrap();
    let batches: Vec<_> = (0..9).map(|part| chain.batch(0, part * 100..part * 100 + 100)).collect();
    for result in futures::future::join_all(batches.iter().map(|batch| store.commit(batch))).await {
        result.unwrap();
    }
    assert_eq!(headers(&store, 0, 1_000).await, chain.run(0..900));
    drop(store);
    sleep(1).await;
    IdbStore::destroy(&name).await.unwrap();
}
