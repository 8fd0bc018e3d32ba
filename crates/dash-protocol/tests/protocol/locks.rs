//! ChainLocks and InstantSend locks.

use crate::common::{hex, json, vector};
use dash_protocol::{
    BlockHash, BlsSignature, ChainLock, Command, Decode, DecodeError, Encode, InstantLock, MAX_LOCK_INPUTS,
    Message, OutPoint, Transaction, Txid, sha256d,
};

/// The lock of Dash Core's `evo_islock_tests`, from mainnet.
const ISLOCK: &str = "0101497915895c30eebfad0c5fcfb9e0e72308c7e92cd3749be2fd49c8320c4c58b6010000005b9d05c613c2a5f8ca\
    60800f65f47f46bebbc934571b9ceae813a6ff8e96337bd674ea572a713d6b07deef085b9ce97e1e354055b91b0bbd0b00000000000000997d\
    0b36738a9eef46ceeb4405998ff7235317708f277402799ffe05258015cae9b6bae43683f992b2f50f70f8f0cb9c0f26af340b00903e93995c\
    1345d1b2c5b697ebecdbe5811dd112e11889101dcb4553b2bc206ab304026b96c07dec4f24";

fn lock() -> InstantLock {
    InstantLock::from_wire(&hex(ISLOCK)).expect("a valid lock")
}

#[test]
fn a_lock_of_mainnet_has_its_fields() {
    let lock = lock();
    assert_eq!(lock.to_wire(), hex(ISLOCK));
    assert_eq!(lock.txid.to_string(), "7b33968effa613e8ea9c1b5734c9bbbe467ff4650f8060caf8a5c213c6059d5b");
    assert_eq!(
        lock.cycle_hash.to_string(),
        "000000000000000bbd0b1bb95540351e7ee99c5b08efde076b3d712a57ea74d6"
    );
    assert_eq!((lock.version, lock.inputs.len(), lock.inputs[0].vout), (1, 1, 1));
    assert_eq!(lock.hash(), sha256d(&hex(ISLOCK)));
    // What the quorum's choice hangs on: the inputs as they are on the wire, after a name.
    let request = [&[6][..], b"islock", &[1], &lock.inputs[0].to_wire()].concat();
    assert_eq!(
        Txid::from_bytes(sha256d(&request)).to_string(),
        "f68926fe5569822fa9da9fccb1a809383ee09722fbb84e5124b692655e8477dc"
    );
}

#[test]
fn a_lock_without_inputs_or_transaction_or_with_an_input_twice_is_refused() {
    let missing = |what| Err(DecodeError::Missing { what });
    let refused = |lock: InstantLock| InstantLock::from_wire(&lock.to_wire());
    assert_eq!(refused(InstantLock { inputs: vec![], ..lock() }), missing("input of an InstantSend lock"));
    assert_eq!(
        refused(InstantLock { txid: Txid::ZERO, ..lock() }),
        missing("transaction of an InstantSend lock")
    );
    let input = |vout| OutPoint { txid: Txid::from_bytes([1; 32]), vout };
    let twice = InstantLock { inputs: vec![input(1), input(2), input(1)], ..lock() };
    assert_eq!(refused(twice), Err(DecodeError::Duplicate { what: "input of an InstantSend lock" }));
    let unsorted = InstantLock { inputs: vec![input(2), input(1)], ..lock() };
    assert_eq!(refused(unsorted.clone()), Ok(unsorted));
}

#[test]
fn a_lock_is_held_to_the_inputs_that_a_transaction_has_room_for() {
    let with = |count: usize| InstantLock {
        inputs: (0..count as u32).map(|vout| OutPoint { txid: Txid::from_bytes([1; 32]), vout }).collect(),
        ..lock()
    };
    let most = with(MAX_LOCK_INPUTS).to_wire();
    assert_eq!(most.len(), Command::ISDLOCK.max_payload());
    assert!(InstantLock::from_wire(&most).is_ok());
    assert!(matches!(
        InstantLock::from_wire(&with(MAX_LOCK_INPUTS + 1).to_wire()),
        Err(DecodeError::TooMany { .. })
    ));
}

#[test]
fn a_chainlock_is_a_height_a_hash_and_a_signature() {
    let lock = ChainLock {
        height: -2,
        block_hash: BlockHash::from_bytes([1; 32]),
        signature: BlsSignature::from_bytes([2; 96]),
    };
    let bytes = [&hex("feffffff")[..], &[1; 32], &[2; 96]].concat();
    assert_eq!(lock.to_wire(), bytes);
    assert_eq!(bytes.len(), ChainLock::LEN);
    assert_eq!(bytes.len(), Command::CLSIG.max_payload());
    assert_eq!(lock.hash(), sha256d(&bytes));
    assert_eq!(Message::decode(Command::CLSIG, &bytes), Ok(Message::ClSig(lock)));
}

#[test]
fn the_locks_that_a_node_gave_as_text_decode_and_encode_back() {
    let name = "the_locks_that_a_node_gave_as_text_decode_and_encode_back";
    let Some(locks) = json(name, "regtest-few/islocks.json") else { return };
    let locks = locks.as_array().expect("a list");
    assert!(!locks.is_empty());
    for expected in locks {
        let text = |key: &str| expected[key].as_str().expect("a text").to_owned();
        let lock = InstantLock::from_wire(&hex(&text("hex"))).expect("a valid lock");
        assert_eq!(lock.to_wire(), hex(&text("hex")));
        assert_eq!(lock.txid.to_string(), text("txid"));
        assert_eq!(lock.cycle_hash.to_string(), text("cycleHash"));
        assert_eq!(lock.signature.to_string(), text("signature"));
        let inputs = expected["inputs"].as_array().expect("a list");
        assert_eq!(lock.inputs.len(), inputs.len());
        for (input, expected) in lock.inputs.iter().zip(inputs) {
            assert_eq!(input.txid.to_string(), expected["txid"].as_str().expect("a text"));
            assert_eq!(u64::from(input.vout), expected["vout"].as_u64().expect("a number"));
        }
    }
}

#[test]
fn recorded_locks_are_those_of_the_block_and_the_payment_that_the_node_names() {
    let name = "recorded_locks_are_those_of_the_block_and_the_payment_that_the_node_names";
    let Some(facts) = json(name, "regtest-llmq/live/facts.json") else { return };
    let Some(bytes) = vector(name, "regtest-llmq/live/0011_in_clsig.bin") else { return };
    let lock = ChainLock::from_wire(&bytes).expect("a valid lock");
    assert_eq!(bytes, hex(facts["chainlock"]["hex"].as_str().expect("a text")));
    assert_eq!(lock.block_hash.to_string(), facts["tip"].as_str().expect("a text"));
    assert_eq!(Some(i64::from(lock.height)), facts["chainlock"]["height"].as_i64());
    assert_eq!(lock.signature.to_string(), facts["chainlock"]["signature"].as_str().expect("a text"));
    let Some(announced) = vector(name, "regtest-llmq/live/0007_in_inv.bin") else { return };
    assert_eq!(announced[5..], lock.hash());

    let Some(bytes) = vector(name, "regtest-llmq/live/0004_in_tx.bin") else { return };
    let payment = Transaction::from_wire(&bytes).expect("a valid transaction");
    let Some(bytes) = vector(name, "regtest-llmq/live/0005_in_isdlock.bin") else { return };
    let lock = InstantLock::from_wire(&bytes).expect("a valid lock");
    assert_eq!(lock.txid, payment.txid());
    assert!(lock.inputs.iter().eq(payment.inputs.iter().map(|input| &input.previous)));
    assert_eq!(lock.txid.to_string(), facts["txid"].as_str().expect("a text"));
    let Some(announced) = vector(name, "regtest-llmq/live/0001_in_inv.bin") else { return };
    assert_eq!(announced[5..], lock.hash());
}
