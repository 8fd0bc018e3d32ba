//! Payments on the embedded network, over TCP and HTTP: what its faucet pays, what clients send, and what blocks and
//! filters say of both.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod support;

use dash_protocol::{
    BlockHash, BloomFilter, BloomUpdate, FilterType, GetCFilters, Inventory, InventoryKind, Message,
    NetworkParams, OutPoint, Transaction, TxIn, TxOut, Txid,
};
use dash_spv_wasm::filters::Filter;
use dash_spv_wasm::wallet::address::Address;
use simnet::demo::{Demo, DemoConfig, LockInfo, SubmissionInfo, TipInfo};
use simnet::masternodes::MasternodePlan;
use simnet::peer::Profile;
use simnet::world::regtest_with_masternodes;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use support::{Client, http, told};
use tokio::time::timeout;

/// Somebody's, and somebody else's.
const OURS: [u8; 25] = *b"\x76\xa9\x14twenty bytes of ours\x88\xac";
const THEIRS: [u8; 25] = *b"\x76\xa9\x14twenty bytes, theirs\x88\xac";

fn hex(script: &[u8]) -> String {
    script.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn network(height: u32) -> (Demo, SocketAddr) {
    let config = DemoConfig {
        peers: vec![Profile { latency_ms: (0, 1), ..Profile::honest() }; 2],
        interval: None,
        control: Some("127.0.0.1:0".parse().unwrap()),
        masternodes: Some(MasternodePlan::new(12)),
        ..DemoConfig::new(regtest_with_masternodes(), height)
    };
    let demo = Demo::start(config).await.unwrap();
    let control = demo.control().unwrap();
    (demo, control)
}

async fn pay(control: SocketAddr, script: &[u8], duffs: i64) -> Txid {
    let paid: LockInfo = told(control, &format!("POST /pay?to={}&duffs={duffs}", hex(script))).await;
    paid.txid.parse().unwrap()
}

impl Client {
    /// Waits until the peer has announced something of each kind, and gives their names.
    async fn names(&mut self, kinds: &[InventoryKind]) -> Vec<Inventory> {
        let mut heard: BTreeMap<usize, Inventory> = BTreeMap::new();
        let all = |message| {
            let Message::Inv(names) = message else { return None };
            for name in names {
                heard.extend(kinds.iter().position(|kind| *kind == name.kind).map(|place| (place, name)));
            }
            (heard.len() == kinds.len()).then(|| heard.values().copied().collect())
        };
        self.hear(all).await.unwrap()
    }

    async fn get<T>(&mut self, name: Inventory, pick: impl FnMut(Message) -> Option<T>) -> T {
        self.say(Message::GetData(vec![name])).await;
        self.hear(pick).await.unwrap()
    }

    async fn transaction(&mut self, name: Inventory) -> Transaction {
        self.get(
            name,
            |message| if let Message::Tx(transaction) = message { Some(transaction) } else { None },
        )
        .await
    }

    /// The txids of a block, and whether its filter matches a script.
    async fn block(&mut self, height: u32, hash: BlockHash, script: &[u8]) -> (Vec<Txid>, bool) {
        let block = self
            .get(Inventory::block(hash), |message| match message {
                Message::Block(block) => Some(block),
                _ => None,
            })
            .await;
        let txids: Vec<Txid> = block.transactions.iter().map(Transaction::txid).collect();
        assert_eq!(dash_protocol::merkle::block_root(&txids).unwrap(), block.header.merkle_root);
        let request = GetCFilters { filter_type: FilterType::Basic, start_height: height, stop_hash: hash };
        self.say(Message::GetCFilters(request)).await;
        let filter = self
            .hear(|message| if let Message::CFilter(filter) = message { Some(filter) } else { None })
            .await
            .unwrap();
        let filter = Filter::decode(&hash, &filter.filter).unwrap();
        (txids, filter.contains(script))
    }
}

fn own_spend(paid: Txid, value: i64) -> Transaction {
    Transaction {
        version: 2,
        tx_type: 0,
        inputs: vec![TxIn {
            previous: OutPoint { txid: paid, vout: 0 },
            script: vec![1, 1],
            sequence: u32::MAX,
        }],
        outputs: vec![TxOut { value, script: THEIRS.to_vec() }],
        lock_time: 0,
        payload: Vec::new(),
    }
}

#[tokio::test]
async fn a_payment_is_relayed_locked_mined_and_chainlocked() {
    let (demo, control) = network(300).await;
    let mut client = Client::connect(demo.addresses()[0], true).await;
    client.ask_from(regtest_with_masternodes().genesis_hash).await;
    let txid = pay(control, &OURS, 123_456).await;
    let kinds = [InventoryKind::Transaction, InventoryKind::InstantSendLock];
    let names = client.names(&kinds).await;
    assert_eq!(names[0].hash, txid.to_bytes());
    let transaction = client.transaction(names[0]).await;
    assert_eq!(transaction.txid(), txid);
    assert_eq!(transaction.outputs[0], TxOut { value: 123_456, script: OURS.to_vec() });
    let lock = client
        .get(names[1], |message| if let Message::IsdLock(lock) = message { Some(lock) } else { None })
        .await;
    assert_eq!(lock.txid, txid);
    let tip: TipInfo = told(control, "POST /mine").await;
    let lock = client.names(&[InventoryKind::ChainLock]).await;
    let lock = client
        .get(lock[0], |message| if let Message::ClSig(lock) = message { Some(lock) } else { None })
        .await;
    assert_eq!((lock.height, lock.block_hash.to_string()), (301, tip.hash));
    let (txids, matches) = client.block(301, lock.block_hash, &OURS).await;
    assert_eq!((&txids[1..], matches), (&[txid][..], true));
}

#[tokio::test]
async fn what_a_client_sends_is_taken_once_told_to_others_and_mined() {
    let (demo, control) = network(300).await;
    let mut sender = Client::connect(demo.addresses()[0], true).await;
    let mut other = Client::connect(demo.addresses()[1], true).await;
    sender.ask_from(regtest_with_masternodes().genesis_hash).await;
    other.ask_from(regtest_with_masternodes().genesis_hash).await;
    let paid = pay(control, &OURS, 123_456).await;
    let own = own_spend(paid, 123_000);
    let name = Inventory { kind: InventoryKind::Transaction, hash: own.txid().to_bytes() };
    sender.say(Message::Inv(vec![name])).await;
    let asked = |message| match message {
        Message::GetData(names) => Some(names),
        _ => None,
    };
    assert_eq!(sender.hear(asked).await.unwrap(), [name]);
    sender.say(Message::Tx(own.clone())).await;
    let heard = |message| match message {
        Message::Inv(names) => names.contains(&name).then_some(()),
        _ => None,
    };
    other.hear(heard).await.unwrap();
    assert_eq!(other.transaction(name).await, own);
    // Somebody else's coin twice: nodes take the first spend and say nothing of the other.
    let rival = own_spend(paid, 122_000);
    sender.say(Message::Tx(rival.clone())).await;
    let submitted = async {
        loop {
            let submissions: Vec<SubmissionInfo> = told(control, "GET /submissions").await;
            if submissions.len() == 2 && submissions[0].locked {
                return submissions;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let submissions = timeout(support::PATIENCE, submitted).await.unwrap();
    assert_eq!(submissions[0].txid, own.txid().to_string());
    assert_eq!((&submissions[0].refused, submissions[0].height), (&None, None));
    assert_eq!(submissions[1].txid, rival.txid().to_string());
    assert!(submissions[1].refused.as_ref().unwrap().contains(&own.txid().to_string()));
    let tip: TipInfo = told(control, "POST /mine").await;
    let submissions: Vec<SubmissionInfo> = told(control, "GET /submissions").await;
    assert_eq!((submissions[0].height, submissions[1].height), (Some(301), None));
    let (txids, matches) = other.block(301, tip.hash.parse().unwrap(), &THEIRS).await;
    assert_eq!((&txids[1..], matches), (&[paid, own.txid()][..], true));
}

#[tokio::test]
async fn a_payment_waits_while_its_block_is_undone_and_is_mined_again() {
    let (demo, control) = network(300).await;
    assert_eq!(http(control, "POST /locking/off").await.0, 204);
    let txid = pay(control, &OURS, 5_000).await;
    let height = |demo: &Demo| demo.chain().read().find_transaction(&txid).map(|(height, _)| height);
    let _: TipInfo = told(control, "POST /mine?blocks=2&empty=true").await;
    assert_eq!(height(&demo), None);
    let _: TipInfo = told(control, "POST /mine?blocks=2").await;
    assert_eq!(height(&demo), Some(303));
    let _: TipInfo = told(control, "POST /reorg?depth=3&blocks=4&empty=true").await;
    assert_eq!((height(&demo), demo.tip().height), (None, 305));
    let _: TipInfo = told(control, "POST /reorg?depth=1&blocks=3").await;
    assert_eq!((height(&demo), demo.tip().height), (Some(305), 307));
    assert!(demo.chain().read().best_chainlock().unwrap().height <= 300);
    assert_eq!(http(control, "POST /locking/on").await.0, 204);
    let _: TipInfo = told(control, "POST /mine?blocks=20").await;
    assert!(demo.chain().read().best_chainlock().unwrap().height > 307);
}

#[tokio::test]
async fn a_client_hears_of_what_it_asked_for_alone() {
    let (demo, control) = network(300).await;
    let mut silent = Client::connect(demo.addresses()[0], false).await;
    let mut picky = Client::connect(demo.addresses()[1], false).await;
    for client in [&mut silent, &mut picky] {
        client.ask_from(regtest_with_masternodes().genesis_hash).await;
    }
    let mut filter = BloomFilter::new(10, 0.000_001, 7, BloomUpdate::All);
    filter.insert(&OURS[3..23]);
    picky.say(Message::FilterLoad(filter)).await;
    // The peer answers in order: it has the filter by now.
    picky.ask_from(regtest_with_masternodes().genesis_hash).await;
    let theirs = pay(control, &THEIRS, 1_000).await;
    let ours = pay(control, &OURS, 2_000).await;
    let kinds = [InventoryKind::Transaction, InventoryKind::InstantSendLock];
    let names = picky.names(&kinds).await;
    assert_eq!(names[0].hash, ours.to_bytes());
    let lock = picky
        .get(names[1], |message| if let Message::IsdLock(lock) = message { Some(lock) } else { None })
        .await;
    assert_eq!(lock.txid, ours);
    // Both wait in the pool; whoever asks for that is told of what its filter matches.
    for (client, known) in [(&mut picky, vec![ours]), (&mut silent, vec![theirs, ours])] {
        client.say(Message::Mempool).await;
        let names = client
            .hear(|message| if let Message::Inv(names) = message { Some(names) } else { None })
            .await
            .unwrap();
        let of_payments = names.iter().filter(|name| name.kind == InventoryKind::Transaction);
        let mut heard: Vec<_> = of_payments.map(|name| name.hash).collect();
        heard.sort_unstable();
        let mut known: Vec<_> = known.iter().map(|txid| txid.to_bytes()).collect();
        known.sort_unstable();
        assert_eq!(heard, known);
    }
}

#[tokio::test]
async fn the_faucet_pays_addresses_and_scripts_and_refuses_the_rest() {
    let (demo, control) = network(120).await;
    let refused = async |request: &str| http(control, request).await.0;
    let address = Address::KeyHash(*b"twenty bytes of ours");
    let text = |params: &NetworkParams| address.to_text(&params.address_prefixes);
    let foreign = text(&NetworkParams::mainnet());
    assert_eq!(refused(&format!("POST /pay?to={foreign}&duffs=5")).await, 400);
    assert_eq!(refused("POST /pay?to=51&duffs=0").await, 400);
    assert_eq!(refused("POST /pay?to=5&duffs=1").await, 400);
    assert_eq!(refused("POST /pay?to=51&duffs=9000000000000000000").await, 409);
    let own = text(&regtest_with_masternodes());
    let paid: LockInfo = told(control, &format!("POST /pay?to={own}&duffs=5000")).await;
    let chain = demo.chain();
    chain.mine(1, simnet::tcp::Fill::Payments, 0);
    let chain = chain.read();
    let (height, transaction) = chain.find_transaction(&paid.txid.parse().unwrap()).unwrap();
    assert_eq!(height, 121);
    assert_eq!(transaction.outputs[0], TxOut { value: 5_000, script: OURS.to_vec() });
}
