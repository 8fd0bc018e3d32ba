//! The rules of ChainLocks and InstantSend locks against real ones: two ChainLocks of mainnet, and what two recorded
//! regtest networks signed. Each holds by the key of the quorum that the rules select, and not with a bit changed.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
mod vectors;

use dash_protocol::{
    BlockHash, BlsPublicKey, BlsSignature, ChainLock, ChainOverrides, Decode, InstantLock, LLMQType,
    NetworkParams, QuorumHash, Txid,
};
use dash_spv_wasm::finality::{Candidate, Judgement, Missing, chainlock, instantlock, sign_hash};
use dash_spv_wasm::masternodes::bls::{SignatureCheck, verify_signatures};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn json(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(file)).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

fn number(value: &Value, key: &str) -> u32 {
    value[key].as_u64().unwrap().try_into().unwrap()
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn array<const N: usize>(hex: &str) -> [u8; N] {
    unhex(hex).try_into().unwrap()
}

/// In internal order, as hashes are not printed.
fn reversed(hex: &str) -> [u8; 32] {
    let mut bytes: [u8; 32] = array(hex);
    bytes.reverse();
    bytes
}

/// Checks that the one signature asked for holds, and that it does not with any of some bits changed.
fn assert_holds_as_it_is_only(judgement: &Judgement) {
    let Judgement::Verify(checks) = judgement else { panic!("{judgement:?}") };
    let [check] = &checks[..] else { panic!("{checks:?}") };
    let mut all = vec![check.clone()];
    for bit in (0..768).step_by(41) {
        let mut signature = *check.signature.as_bytes();
        signature[bit / 8] ^= 1 << (bit % 8);
        all.push(SignatureCheck { signature: BlsSignature::from_bytes(signature), ..check.clone() });
        let mut message = check.message;
        message[bit / 8 % 32] ^= 1 << (bit % 8);
        all.push(SignatureCheck { message, ..check.clone() });
    }
    let found = verify_signatures(&all);
    assert!(found[0], "{check:?}");
    assert!(found[1..].iter().all(|holds| !holds), "{check:?}");
}

/// The quorums of mainnet's type for ChainLocks as of both locks of the vectors, in display order (protocol).
const ACTIVE: [[&str; 4]; 2] = [
    [
        "000000000000000a8d4f26fcab8123b674371d4ddb9b64607020577b7e1dcdee",
        "00000000000000158b3785cad03b0c6ea72ff0e9f65a15e5948c5ef5541963d5",
        "000000000000001bc71135a11cd419e28dc7850d9ad62ee7741347fea00c7e57",
        "000000000000002e58a2af52deb6e25e281e9cca0c51adc7a582421980cb513e",
    ],
    [
        "00000000000000158b3785cad03b0c6ea72ff0e9f65a15e5948c5ef5541963d5",
        "000000000000001b93f41b5bf2a4bdd615628d1b105f6067808c0bd70af7a7e5",
        "000000000000001bc71135a11cd419e28dc7850d9ad62ee7741347fea00c7e57",
        "000000000000002e58a2af52deb6e25e281e9cca0c51adc7a582421980cb513e",
    ],
];

fn candidates(names: &[&str], key: BlsPublicKey) -> Vec<Candidate> {
    let one = |name: &&str| Candidate { hash: name.parse().unwrap(), key, verified: true };
    names.iter().map(one).collect()
}

fn real_locks(folder: &Path) -> Vec<(ChainLock, BlsPublicKey, Value)> {
    let parse = |value: &Value| {
        let lock = ChainLock {
            height: number(value, "height").try_into().unwrap(),
            block_hash: text(value, "block_hash").parse().unwrap(),
            signature: BlsSignature::from_bytes(array(text(value, "sig"))),
        };
        (lock, BlsPublicKey::from_bytes(array(text(value, "quorum_pk"))), value.clone())
    };
    json(folder, "mainnet/chainlocks.json").as_array().unwrap().iter().map(parse).collect()
}

#[test]
fn mainnets_chainlocks_hold_by_the_selected_quorum() {
    let folder = need_vectors!("mainnets_chainlocks_hold_by_the_selected_quorum", ".");
    let locks = real_locks(&folder);
    assert_eq!(locks.len(), 2);
    for ((lock, key, value), active) in locks.iter().zip(&ACTIVE) {
        let height = number(value, "height");
        let llmq_type = LLMQType(value["quorum_type"].as_u64().unwrap().try_into().unwrap());
        assert_eq!(chainlock::quorum_height(height), height - 8);
        let id = chainlock::request_id(height);
        assert_eq!(id, array(text(value, "request_id_raw")));
        let names = active.iter().map(|name| name.parse().unwrap());
        let selected = chainlock::select(llmq_type, names, &id).unwrap();
        assert_eq!(selected, text(value, "quorum_hash").parse().unwrap());
        let message = sign_hash(llmq_type, &selected, &id, lock.block_hash.as_bytes());
        assert_eq!(message, array(text(value, "sign_hash_raw")));
        assert_holds_as_it_is_only(&chainlock::judge(llmq_type, lock, Some(&candidates(active, *key))));
    }
}

/// The second lock under the set before it selects a quorum that did not sign it.
#[test]
fn a_chainlock_does_not_hold_by_a_quorum_that_another_set_selects() {
    let folder = need_vectors!("a_chainlock_does_not_hold_by_a_quorum_that_another_set_selects", ".");
    let (lock, key, value) = &real_locks(&folder)[1];
    let selected: QuorumHash = text(value, "quorum_hash").parse().unwrap();
    let others: Vec<&str> =
        ACTIVE[1].iter().copied().filter(|name| name.parse::<QuorumHash>().unwrap() != selected).collect();
    let judged = chainlock::judge(LLMQType(2), lock, Some(&candidates(&others, *key)));
    let Judgement::Verify(checks) = judged else { panic!("{judged:?}") };
    assert_eq!(verify_signatures(&checks), [false]);
    let elsewhere = ChainLock { height: lock.height + 1, ..*lock };
    let judged = chainlock::judge(LLMQType(2), &elsewhere, Some(&candidates(&ACTIVE[1], *key)));
    let Judgement::Verify(checks) = judged else { panic!("{judged:?}") };
    assert_eq!(verify_signatures(&checks), [false]);
}

#[test]
fn a_chainlock_waits_for_its_quorums_and_their_verification() {
    let folder = need_vectors!("a_chainlock_waits_for_its_quorums_and_their_verification", ".");
    let (lock, key, value) = &real_locks(&folder)[0];
    let mut active = candidates(&ACTIVE[0], *key);
    assert_eq!(chainlock::judge(LLMQType(2), lock, None), Judgement::Wait(Missing::Quorums));
    assert_eq!(chainlock::judge(LLMQType(2), lock, Some(&[])), Judgement::Wait(Missing::Quorums));
    let selected: QuorumHash = text(value, "quorum_hash").parse().unwrap();
    for quorum in &mut active {
        quorum.verified = quorum.hash != selected;
    }
    let judged = chainlock::judge(LLMQType(2), lock, Some(&active));
    assert_eq!(judged, Judgement::Wait(Missing::Verification(selected)));
    let below = ChainLock { height: -1, ..*lock };
    assert_eq!(chainlock::judge(LLMQType(2), &below, Some(&active)), Judgement::Wait(Missing::Quorums));
}

/// A quorum as the recorded node names it, with the heights of its base block and of the block that mined it.
struct Recorded {
    candidate: Candidate,
    base: u32,
    mined: u32,
}

/// A recorded regtest network.
struct Recording {
    folder: PathBuf,
    hashes: Vec<BlockHash>,
    quorums: Value,
}

impl Recording {
    fn new(folder: PathBuf) -> Self {
        let hashes = json(&folder, "hashes.json");
        let hashes = hashes.as_array().unwrap().iter().map(|hash| hash.as_str().unwrap().parse().unwrap());
        Self { hashes: hashes.collect(), quorums: json(&folder, "quorums.json"), folder }
    }

    fn height_of(&self, hash: &BlockHash) -> u32 {
        self.hashes.iter().position(|one| one == hash).unwrap().try_into().unwrap()
    }

    fn quorums(&self, name: &str) -> Vec<Recorded> {
        let parse = |value: &Value| Recorded {
            candidate: Candidate {
                hash: text(value, "quorumHash").parse().unwrap(),
                key: BlsPublicKey::from_bytes(array(text(value, "quorumPublicKey"))),
                verified: true,
            },
            base: number(value, "height"),
            mined: self.height_of(&text(value, "minedBlock").parse().unwrap()),
        };
        self.quorums["info"][name].as_array().unwrap().iter().map(parse).collect()
    }

    fn judge_chainlock(&self, lock: &ChainLock) -> Judgement {
        let params = NetworkParams::regtest(&ChainOverrides::default()).unwrap();
        let llmq = *params.llmq(params.llmq_types.chainlocks).unwrap();
        let height = chainlock::quorum_height(lock.height.try_into().unwrap());
        let mut mined = self.quorums("llmq_test");
        mined.retain(|quorum| quorum.mined <= height);
        mined.sort_by_key(|quorum| std::cmp::Reverse(quorum.mined));
        let active: Vec<Candidate> =
            mined.iter().take(llmq.active as usize).map(|quorum| quorum.candidate).collect();
        assert_eq!(active.len(), 2);
        chainlock::judge(llmq.llmq_type, lock, Some(&active))
    }

    fn judge_instant_lock(&self, lock: &InstantLock) -> Judgement {
        let params = NetworkParams::regtest(&ChainOverrides::default()).unwrap();
        let llmq = params.llmq(params.llmq_types.instantsend).unwrap();
        let quorums = self.quorums("llmq_test_dip0024");
        let at = |base| quorums.iter().find(|one| one.base == base).map(|one| one.candidate);
        instantlock::judge(llmq, lock, Some(self.height_of(&lock.cycle_hash)), at).unwrap()
    }
}

const RECORDINGS: [&str; 2] = ["regtest-llmq", "regtest-few"];

#[test]
fn recorded_chainlocks_hold() {
    let folder = need_vectors!("recorded_chainlocks_hold", ".");
    for name in RECORDINGS {
        let recording = Recording::new(folder.join(name));
        let value = json(&recording.folder, "chainlock.json");
        let best = ChainLock::from_wire(&unhex(text(&value, "hex"))).unwrap();
        assert_eq!(best.block_hash, text(&value, "blockhash").parse().unwrap());
        assert_holds_as_it_is_only(&recording.judge_chainlock(&best));
        let pushed = std::fs::read(recording.folder.join("live/0011_in_clsig.bin")).unwrap();
        assert_holds_as_it_is_only(&recording.judge_chainlock(&ChainLock::from_wire(&pushed).unwrap()));
    }
}

#[test]
fn recorded_instantsend_locks_hold() {
    let folder = need_vectors!("recorded_instantsend_locks_hold", ".");
    let given = json(&folder, "regtest-few/islocks.json");
    let mut locks: Vec<(usize, InstantLock, String)> = given
        .as_array()
        .unwrap()
        .iter()
        .map(|value| {
            let lock = InstantLock::from_wire(&unhex(text(value, "hex"))).unwrap();
            (1, lock, text(value, "id").to_owned())
        })
        .collect();
    for (at, name) in RECORDINGS.iter().enumerate() {
        let bytes = std::fs::read(folder.join(name).join("live/0005_in_isdlock.bin")).unwrap();
        let facts = json(&folder, &format!("{name}/live/facts.json"));
        let id = text(&facts["islock"][0], "id").to_owned();
        locks.push((at, InstantLock::from_wire(&bytes).unwrap(), id));
    }
    assert!(locks.len() > 2);
    let recordings = RECORDINGS.map(|name| Recording::new(folder.join(name)));
    for (at, lock, id) in &locks {
        assert_eq!(instantlock::request_id(&lock.inputs), reversed(id));
        assert_holds_as_it_is_only(&recordings[*at].judge_instant_lock(lock));
    }
}

/// The node's own test of InstantSend locks (protocol); its quorum's key is not known, so only hashes are compared.
#[test]
fn the_nodes_own_instantsend_lock_has_its_id_index_and_sign_hash() {
    let lock = InstantLock::from_wire(&unhex(
        "0101497915895c30eebfad0c5fcfb9e0e72308c7e92cd3749be2fd49c8320c4c58b6010000005b9d05c613c2a5f8ca60800f65f47f46\
         bebbc934571b9ceae813a6ff8e96337bd674ea572a713d6b07deef085b9ce97e1e354055b91b0bbd0b00000000000000997d0b36738a\
         9eef46ceeb4405998ff7235317708f277402799ffe05258015cae9b6bae43683f992b2f50f70f8f0cb9c0f26af340b00903e93995c13\
         45d1b2c5b697ebecdbe5811dd112e11889101dcb4553b2bc206ab304026b96c07dec4f24",
    ))
    .unwrap();
    let txid: Txid = "7b33968effa613e8ea9c1b5734c9bbbe467ff4650f8060caf8a5c213c6059d5b".parse().unwrap();
    let cycle = "000000000000000bbd0b1bb95540351e7ee99c5b08efde076b3d712a57ea74d6".parse().unwrap();
    assert_eq!((lock.txid, lock.cycle_hash), (txid, cycle));
    let id = instantlock::request_id(&lock.inputs);
    assert_eq!(id, reversed("f68926fe5569822fa9da9fccb1a809383ee09722fbb84e5124b692655e8477dc"));
    assert_eq!(instantlock::quorum_index(&id, 32), 29);
    let quorum = "0000000000000019756ecc9c9c5f476d3f66876b1dcfa5dde1ea82f0d99334a2".parse().unwrap();
    assert_eq!(
        sign_hash(LLMQType(5), &quorum, &id, txid.as_bytes()),
        reversed("6a3c37bc610c4efd5babd8941068a8eca9e7bec942fe175b8ca9cae31b67e838")
    );
}
