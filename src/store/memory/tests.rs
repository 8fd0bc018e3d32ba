use super::*;
use dash_num::Arith256;

fn raw(height: u32, branch: u8) -> [u8; HEADER] {
    let mut raw = [branch + 1; HEADER];
    raw[..4].copy_from_slice(&height.to_le_bytes());
    raw
}

fn hash(height: u32, branch: u8) -> BlockHash {
    let mut hash = [branch; 32];
    hash[..4].copy_from_slice(&height.to_le_bytes());
    BlockHash::from_bytes(hash)
}

fn batch(context: u32, heights: Range<u32>, branch: u8) -> CommitBatch {
    let tip = heights.end - 1;
    CommitBatch {
        runs: vec![HeaderRun {
            first_height: heights.start,
            raw: heights.clone().flat_map(|height| raw(height, branch)).collect(),
            hashes: heights.map(|height| hash(height, branch)).collect(),
        }],
        meta: Some(Meta {
            version: STORE_VERSION,
            network_id: BlockHash::from_bytes([3; 32]),
            main: Segment {
                context,
                start: context,
                tip,
                tip_hash: hash(tip, branch),
                tip_work: Arith256::from_u64(tip.into()),
            },
            below: None,
        }),
        records: Vec::new(),
    }
}

fn headers(store: &MemoryStore, from: u32, count: u32) -> HeaderRun {
    match store.read_now(&ReadRequest::Headers { from, count }).unwrap() {
        ReadReply::Headers(run) => run,
        other => panic!("{other:?}"),
    }
}

fn open(store: &MemoryStore, tail: u32) -> Option<Opened> {
    match store.read_now(&ReadRequest::Open { tail }).unwrap() {
        ReadReply::Open(opened) => opened.map(|opened| *opened),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_empty_store_opens_as_nothing_and_reads_as_nothing() {
    let store = MemoryStore::new();
    assert_eq!(open(&store, 10), None);
    assert!(headers(&store, 5, 10).is_empty());
    assert_eq!(store.read_now(&ReadRequest::HeaderByHash(hash(1, 0))), Ok(ReadReply::HeaderByHash(None)));
}

#[test]
fn what_was_committed_is_read_back_over_chunk_borders() {
    let store = MemoryStore::new();
    store.commit_now(&batch(1_500, 1_500..2_500, 0)).unwrap();
    store.commit_now(&batch(1_500, 2_500..6_500, 0)).unwrap();
    let run = headers(&store, 1_900, 3_000);
    assert_eq!(run.hashes, (1_900..4_900).map(|height| hash(height, 0)).collect::<Vec<_>>());
    assert_eq!(run.raw[..HEADER], raw(1_900, 0));
    assert!(headers(&store, 1_499, 2).is_empty());
    assert_eq!(headers(&store, 6_490, 100).len(), 10);
    let opened = open(&store, 4_000).unwrap();
    assert_eq!(opened.main_tail.first_height, 2_500);
    assert_eq!(open(&store, 40_000).unwrap().main_tail.first_height, 1_500);
}

#[test]
fn a_rewind_hides_what_lies_above_the_new_tip() {
    let store = MemoryStore::new();
    store.commit_now(&batch(0, 0..3_000, 0)).unwrap();
    store.commit_now(&batch(0, 2_900..2_950, 1)).unwrap();
    assert_eq!(headers(&store, 2_899, 1_000).len(), 51);
    assert_eq!(headers(&store, 2_900, 1).hashes, [hash(2_900, 1)]);
    for gone in [hash(2_960, 0), hash(2_920, 0)] {
        assert_eq!(store.read_now(&ReadRequest::HeaderByHash(gone)), Ok(ReadReply::HeaderByHash(None)));
    }
    assert_eq!(
        store.read_now(&ReadRequest::HeaderByHash(hash(2_920, 1))),
        Ok(ReadReply::HeaderByHash(Some((2_920, raw(2_920, 1)))))
    );
}

#[test]
fn a_commit_over_the_limit_changes_nothing() {
    let store = MemoryStore::limited(3_000);
    store.commit_now(&batch(0, 0..3_000, 0)).unwrap();
    store.commit_now(&batch(0, 2_900..3_000, 1)).unwrap();
    let before = open(&store, 5_000);
    assert!(matches!(store.commit_now(&batch(0, 3_000..3_001, 0)), Err(StoreError::Quota(_))));
    assert_eq!(open(&store, 5_000), before);
}

fn records(store: &MemoryStore) -> Vec<(u64, Vec<u8>)> {
    match store.read_now(&ReadRequest::Records { table: Table::Masternodes }).unwrap() {
        ReadReply::Records(records) => records,
        other => panic!("{other:?}"),
    }
}

fn record(key: u64, value: Option<&[u8]>) -> Record {
    Record { table: Table::Masternodes, key, value: value.map(<[u8]>::to_vec) }
}

fn with(batch: CommitBatch, records: Vec<Record>) -> CommitBatch {
    CommitBatch { records, ..batch }
}

#[test]
fn records_are_read_by_ascending_key_and_deleted_ones_are_gone() {
    let store = MemoryStore::new();
    let first = vec![record(300, Some(b"c")), record(2, Some(b"a")), record(10, Some(b"b"))];
    store.commit_now(&with(batch(0, 0..10, 0), first)).unwrap();
    let second = vec![record(10, None), record(2, Some(b"A")), record(4, Some(b"")), record(5, None)];
    store.commit_now(&CommitBatch::of_records(second)).unwrap();
    assert_eq!(records(&store), [(2, b"A".to_vec()), (4, Vec::new()), (300, b"c".to_vec())]);
    assert_eq!(store.meta(), batch(0, 0..10, 0).meta);
    assert_eq!(records(&store.clone()), records(&store), "a copy has them, too");
}

#[test]
fn a_failed_commit_leaves_neither_headers_nor_records() {
    let store = MemoryStore::limited(30);
    store.commit_now(&with(batch(0, 0..20, 0), vec![record(1, Some(&[1; 79]))])).unwrap();
    let too_much = with(batch(0, 20..25, 0), vec![record(1, None), record(2, Some(&[2; 400]))]);
    assert!(matches!(store.commit_now(&too_much), Err(StoreError::Quota(_))));
    let unvouched = CommitBatch { meta: None, ..with(batch(0, 20..25, 0), vec![record(2, Some(b""))]) };
    assert!(matches!(store.commit_now(&unvouched), Err(StoreError::Failed(_))));
    let beyond = with(batch(0, 20..25, 0), vec![record(crate::store::MAX_RECORD_KEY, Some(b""))]);
    assert!(matches!(store.commit_now(&beyond), Err(StoreError::Failed(_))));
    assert_eq!(records(&store), [(1, vec![1; 79])]);
    assert_eq!(open(&store, 30).unwrap().main_tail.len(), 20);
    store.commit_now(&with(batch(0, 20..25, 0), vec![record(1, None), record(2, Some(&[2; 399]))])).unwrap();
    assert_eq!((records(&store).len(), open(&store, 30).unwrap().main_tail.len()), (1, 25));
}

#[test]
fn a_batch_whose_parts_do_not_fit_is_refused() {
    let store = MemoryStore::new();
    let mut uneven = batch(0, 0..10, 0);
    uneven.runs[0].hashes.pop();
    assert!(matches!(store.commit_now(&uneven), Err(StoreError::Failed(_))));
    assert_eq!(open(&store, 10), None);
}

#[test]
fn a_store_of_another_network_or_version_opens_as_empty() {
    let mut store = MemoryStore::for_network(BlockHash::from_bytes([3; 32]));
    store.commit_now(&batch(0, 0..10, 0)).unwrap();
    assert!(open(&store, 10).is_some());
    store.commit_now(&CommitBatch::of_records(vec![record(1, Some(b"one"))])).unwrap();
    assert_eq!(records(&store).len(), 1);
    store.network_id = Some(BlockHash::from_bytes([4; 32]));
    assert_eq!(open(&store, 10), None);
    assert_eq!(records(&store), []);
    let mut old = batch(0, 0..10, 0);
    old.meta.as_mut().unwrap().version += 1;
    let store = MemoryStore::new();
    store.commit_now(&old).unwrap();
    assert_eq!(open(&store, 10), None);
}

#[test]
fn a_tail_with_a_hole_is_reported_as_damage() {
    let store = MemoryStore::new();
    let mut holed = batch(0, 5..10, 0);
    holed.meta.as_mut().unwrap().main.context = 0;
    store.commit_now(&holed).unwrap();
    assert!(matches!(store.read_now(&ReadRequest::Open { tail: 10 }), Err(StoreError::Damaged(_))));
}
