//! States as records for the store: what is written is read back, and damage is noticed.

use crate::support::Network;
use dash_spv_wasm::masternodes::{DiffError, ListState, RecordError};

#[test]
fn every_state_of_mainnet_comes_back_whole_and_as_a_change() {
    let network = need_network!("every_state_of_mainnet_comes_back_whole_and_as_a_change", "mainnet");
    let mut base: Option<&ListState> = None;
    for state in network.states.values() {
        let whole = state.encode_full();
        assert_eq!(ListState::decode(&whole, None).as_ref(), Ok(state));
        let head = ListState::record_head(&whole).unwrap();
        assert_eq!((head.height, head.hash, head.base), (state.height(), *state.hash(), None));
        if let Some(base) = base {
            assert_change(base, state);
            // Backwards as well: a change is from any state to any other.
            assert_change(state, base);
        }
        base = Some(state);
    }
    let (first, last) = (&network.states[&2_240_440], &network.states[&2_240_464]);
    let (whole, change) = (last.encode_full().len(), last.encode_delta(first).len());
    println!("whole {whole} bytes, change {change} bytes");
    assert!(whole > 400_000 && change < 20_000);
}

fn assert_change(base: &ListState, state: &ListState) {
    let change = state.encode_delta(base);
    assert_eq!(ListState::decode(&change, Some(base)).as_ref(), Ok(state));
    assert_eq!(ListState::record_head(&change).unwrap().base, Some((base.height(), *base.hash())));
}

#[test]
fn a_record_read_back_shares_what_did_not_change_with_its_base() {
    let network = need_network!("a_record_read_back_shares_what_did_not_change_with_its_base", "regtest-few");
    let (base, state) = (&network.states[&504], &network.states[&528]);
    let read = ListState::decode(&state.encode_delta(base), Some(base)).unwrap();
    for entry in read.list() {
        let old = base.list().get(entry.pro_tx_hash()).unwrap();
        assert!(old != entry || std::sync::Arc::ptr_eq(old, entry));
    }
}

fn states(network: &Network) -> (&ListState, &ListState) {
    (&network.states[&504], &network.states[&528])
}

#[test]
fn a_record_on_another_base_is_refused() {
    let network = need_network!("a_record_on_another_base_is_refused", "regtest-few");
    let (base, state) = states(&network);
    let other = &network.states[&480];
    let change = state.encode_delta(base);
    let needed = Some((base.height(), *base.hash()));
    let refused = |found| Err(RecordError::Base { expected: needed, found });
    assert_eq!(ListState::decode(&change, None), refused(None));
    assert_eq!(ListState::decode(&change, Some(other)), refused(Some((480, *other.hash()))));
    let whole = state.encode_full();
    assert_eq!(
        ListState::decode(&whole, Some(base)),
        Err(RecordError::Base { expected: None, found: needed })
    );
}

#[test]
fn a_damaged_record_is_refused_or_reads_as_a_state_of_another_block() {
    let network =
        need_network!("a_damaged_record_is_refused_or_reads_as_a_state_of_another_block", "regtest-few");
    let (base, state) = states(&network);
    for (mut record, base) in [(state.encode_full(), None), (state.encode_delta(base), Some(base))] {
        for bit in 0..8 * record.len() {
            record[bit / 8] ^= 1 << (bit % 8);
            if let Ok(read) = ListState::decode(&record, base) {
                // The block's hash is not in its coinbase, nor are the entries' versions in their hashes; what else
                // the coinbase says of itself is not known here.
                let same = read.list().root() == state.list().root() && read.quorums() == state.quorums();
                assert!(same, "bit {bit}");
            }
            record[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_record_that_ends_early_or_goes_on_is_refused() {
    let network = need_network!("a_record_that_ends_early_or_goes_on_is_refused", "regtest-few");
    let (base, state) = states(&network);
    for (mut record, base) in [(state.encode_full(), None), (state.encode_delta(base), Some(base))] {
        for len in 0..record.len() {
            let read = ListState::decode(&record[..len], base);
            assert!(matches!(read, Err(RecordError::Decode(_))), "{len}");
        }
        record.push(0);
        assert!(matches!(ListState::decode(&record, base), Err(RecordError::Decode(_))));
    }
}

#[test]
fn a_record_of_another_kind_or_order_is_refused() {
    let network = need_network!("a_record_of_another_kind_or_order_is_refused", "regtest-few");
    let state = &network.states[&528];
    let whole = state.encode_full();
    let changed = |at: usize, value: u8| {
        let mut record = whole.clone();
        record[at] = value;
        ListState::decode(&record, None)
    };
    assert_eq!(changed(0, 2), Err(RecordError::Format(2)));
    assert_eq!(changed(37, 2), Err(RecordError::Kind(2)));
    assert_eq!(changed(1, 17), Err(RecordError::Height { expected: 529, found: 528 }));

    // Format, height, hash, kind, and no coinbase.
    let mut bare = whole[..38].to_vec();
    bare.extend([0; 5]);
    assert_eq!(ListState::decode(&bare, None), Err(RecordError::NoCoinbase(528)));

    // The first two entries, of one length, change places; then the first stands twice.
    let payload = 38 + 1 + usize::from(whole[38]);
    let first = payload + 2;
    let len = dash_protocol::Encode::to_wire(state.list().iter().next().unwrap().entry()).len();
    let mut record = whole.clone();
    record[first..first + 2 * len].rotate_left(len);
    assert_eq!(ListState::decode(&record, None), Err(RecordError::Order("masternodes")));
    let mut record = whole.clone();
    record.copy_within(first..first + len, first + len);
    assert_eq!(ListState::decode(&record, None), Err(RecordError::Order("masternodes")));
    let mut record = whole;
    record[first + 2 + 64 + 20] ^= 1;
    let root = ListState::decode(&record, None);
    assert!(matches!(root, Err(RecordError::Content(DiffError::ListRoot { .. }))));
}

#[test]
fn genesis_comes_back() {
    let params = dash_protocol::NetworkParams::mainnet();
    let genesis = ListState::genesis(&params);
    assert_eq!(ListState::decode(&genesis.encode_full(), None), Ok(genesis));
}
