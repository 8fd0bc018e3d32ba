//! Which payments a client hears of: by its `version`, and by its bloom filter.

use super::super::interest::Interest;
use super::*;
use dash_protocol::special::{AssetLock, ProviderRegister, ProviderUpdateRevoke, ProviderUpdateService};
use dash_protocol::{
    BloomFilter, BloomUpdate, BlsPublicKey, BlsSignature, Encode, Inventory, InventoryKind, MasternodeType,
    NetInfo, OutPoint, ProTxHash, Transaction, TxIn, TxOut, Txid,
};

const KEY_ID: [u8; 20] = *b"twenty bytes, a hash";
const BARE: [u8; 33] = [2; 33];

fn p2pkh(hash: &[u8; 20]) -> Vec<u8> {
    [&[0x76, 0xa9, 20], &hash[..], &[0x88, 0xac]].concat()
}

/// A transaction that spends an output and pays scripts.
fn paying(previous: OutPoint, scripts: &[Vec<u8>]) -> Transaction {
    let outputs = scripts.iter().map(|script| TxOut { value: 9_000, script: script.clone() });
    Transaction {
        version: 2,
        tx_type: 0,
        inputs: vec![TxIn { previous, script: vec![3, 1, 2, 3], sequence: u32::MAX }],
        outputs: outputs.collect(),
        lock_time: 0,
        payload: Vec::new(),
    }
}

fn special(tx_type: u16, payload: &impl Encode) -> Transaction {
    Transaction { version: 3, tx_type, payload: payload.to_wire(), ..paying(nobodys(), &[]) }
}

fn nobodys() -> OutPoint {
    OutPoint { txid: Txid::from_bytes([9; 32]), vout: 3 }
}

fn filter_of(update: BloomUpdate, elements: &[&[u8]]) -> BloomFilter {
    let mut filter = BloomFilter::new(20, 0.000_000_1, 5, update);
    elements.iter().for_each(|element| filter.insert(element));
    filter
}

/// Interest in these elements, by a filter that does not grow.
fn interest(elements: &[&[u8]]) -> Interest {
    Interest::filtered(filter_of(BloomUpdate::None, elements))
}

#[test]
fn a_filter_matches_names_pushes_and_what_is_spent() {
    let transaction = paying(nobodys(), &[vec![0x6a, 76, 2, 7, 8], p2pkh(&KEY_ID)]);
    let named = transaction.txid();
    let spent = nobodys().to_wire();
    for element in [&KEY_ID[..], &[7, 8], &[1, 2, 3], named.as_bytes(), &spent] {
        assert!(interest(&[element]).wants(&transaction), "{element:?}");
    }
    // Neither a whole script nor a part of what it pushes.
    for element in [&p2pkh(&KEY_ID)[..], &KEY_ID[1..], &[7], nobodys().txid.as_bytes()] {
        assert!(!interest(&[element]).wants(&transaction), "{element:?}");
    }
    let broken =
        paying(nobodys(), &[vec![20, 1, 2], vec![77, 3, 0, 4, 4, 4], vec![78, 255, 255, 255, 255, 1]]);
    assert!(interest(&[&[4, 4, 4]]).wants(&broken) && !interest(&[&[1, 2], &[1]]).wants(&broken));
}

#[test]
fn a_filter_without_bits_matches_everything() {
    let empty = BloomFilter { data: Vec::new(), functions: 5, tweak: 0, update: BloomUpdate::All };
    assert!(Interest::filtered(empty).wants(&paying(nobodys(), &[])));
}

#[test]
fn a_filter_grows_by_the_outputs_that_it_matched_as_it_says() {
    let bare = [&[33], &BARE[..], &[0xac]].concat();
    let multi = [&[0x51, 33], &BARE[..], &[0x51, 0xae]].concat();
    let first = paying(nobodys(), &[p2pkh(&KEY_ID), bare, multi, p2pkh(&[4; 20])]);
    let txid = first.txid();
    let spends = |vout: u32| paying(OutPoint { txid, vout }, &[]);
    for (update, found) in [
        (BloomUpdate::None, [false, false, false, false]),
        (BloomUpdate::BareKeysOnly, [false, true, true, false]),
        (BloomUpdate::All, [true, true, true, false]),
    ] {
        let mut interest = Interest::filtered(filter_of(update, &[&KEY_ID, &BARE]));
        assert!(interest.wants(&first));
        assert_eq!([0, 1, 2, 3].map(|vout| interest.wants(&spends(vout))), found, "{update:?}");
    }
}

fn registration() -> ProviderRegister {
    ProviderRegister {
        version: 2,
        kind: MasternodeType::Regular,
        mode: 0,
        collateral: nobodys(),
        net_info: NetInfo::Service { ip: [0; 16], port: 0 },
        owner_key_id: [1; 20],
        operator_key: BlsPublicKey::from_bytes([2; 48]),
        voting_key_id: [3; 20],
        operator_reward: 0,
        payout_script: p2pkh(&KEY_ID),
        inputs_hash: [4; 32],
        platform: None,
        signature: Vec::new(),
    }
}

#[test]
fn a_filter_matches_what_special_transactions_name() {
    let registration = Transaction {
        inputs: Vec::new(),
        outputs: vec![TxOut { value: 1, script: vec![0x51] }],
        ..special(1, &registration())
    };
    let collateral = nobodys().to_wire();
    for element in [&collateral[..], &[1; 20], &[3; 20], &KEY_ID] {
        assert!(interest(&[element]).wants(&registration), "{element:?}");
    }
    assert!(!interest(&[&[2; 48], &[4; 32]]).wants(&registration));
    let credited = TxOut { value: 5, script: p2pkh(&KEY_ID) };
    let lock = special(8, &AssetLock { version: 1, credit_outputs: vec![credited] });
    assert!(interest(&[&KEY_ID]).wants(&lock));
    let name = ProTxHash::from_bytes([8; 32]);
    let revocation = ProviderUpdateRevoke {
        version: 2,
        pro_tx_hash: name,
        reason: 0,
        inputs_hash: [4; 32],
        signature: BlsSignature::from_bytes([0; 96]),
    };
    assert!(interest(&[name.as_bytes()]).wants(&special(4, &revocation)));
}

#[test]
fn a_filter_that_grows_follows_a_masternode_whose_payout_it_matched() {
    let name = ProTxHash::from_bytes([8; 32]);
    let update = |payout_script| ProviderUpdateService {
        version: 2,
        kind: MasternodeType::Regular,
        pro_tx_hash: name,
        net_info: NetInfo::Service { ip: [0; 16], port: 0 },
        payout_script,
        inputs_hash: [4; 32],
        platform: None,
        signature: BlsSignature::from_bytes([0; 96]),
    };
    let (ours, other) = (special(2, &update(p2pkh(&KEY_ID))), special(2, &update(Vec::new())));
    for (way, follows) in [(BloomUpdate::All, true), (BloomUpdate::None, false)] {
        let mut interest = Interest::filtered(filter_of(way, &[&KEY_ID]));
        assert!(!interest.wants(&other) && interest.wants(&ours));
        assert_eq!(interest.wants(&other), follows);
    }
}

impl Listener {
    /// A client whose `version` asks for relay, or does not.
    fn asking(profile: Profile, relay: bool) -> Self {
        let mut listener = Self::new(profile);
        listener.relay = relay;
        listener.shake_hands();
        listener.wait(500);
        listener
    }

    /// Somebody pays: whether the client is told.
    fn hears_of(&mut self, transaction: &Transaction) -> bool {
        self.pool.add(Payment { transaction: transaction.clone(), lock: None });
        self.announce();
        self.wait(10_000);
        self.was_told(transaction)
    }

    fn was_told(&self, transaction: &Transaction) -> bool {
        let name = Inventory { kind: InventoryKind::Transaction, hash: transaction.txid().to_bytes() };
        let told = |message: &Message| matches!(message, Message::Inv(names) if names.contains(&name));
        self.messages().iter().flatten().any(told)
    }
}

/// Payments of somebody's, each another.
fn payment(number: u32) -> Transaction {
    paying(OutPoint { vout: number, ..nobodys() }, &[p2pkh(&KEY_ID)])
}

#[test]
fn payments_are_told_to_who_asked_for_relay_or_loaded_a_filter() {
    assert!(Listener::asking(Profile::honest(), true).hears_of(&payment(0)));
    let mut client = Listener::asking(Profile::honest(), false);
    assert!(!client.hears_of(&payment(1)));
    client.say(Message::FilterLoad(filter_of(BloomUpdate::None, &[&[6; 20]])));
    assert!(!client.hears_of(&payment(2)));
    client.say(Message::FilterAdd(KEY_ID.to_vec()));
    assert!(client.hears_of(&payment(3)) && !client.hears_of(&paying(nobodys(), &[])));
    client.say(Message::FilterClear);
    assert!(client.hears_of(&paying(nobodys(), &[vec![0x51]])));
    assert!(!client.closed);
}

#[test]
fn what_is_held_back_is_told_by_the_filter_of_that_time() {
    let mut client = Listener::asking(Profile::honest(), true);
    client.pool.add(Payment { transaction: payment(0), lock: None });
    client.announce();
    client.say(Message::FilterLoad(filter_of(BloomUpdate::None, &[&[6; 20]])));
    client.wait(10_000);
    assert!(!client.was_told(&payment(0)));
}

#[test]
fn peers_without_bloom_filters_say_so_and_hang_up_on_who_sends_one() {
    let filter = filter_of(BloomUpdate::None, &[]);
    for message in [
        Message::FilterLoad(filter.clone()),
        Message::FilterAdd(vec![1]),
        Message::FilterClear,
        Message::Mempool,
    ] {
        let mut client = Listener::asking(Profile::without_bloom(), true);
        assert!(!client.closed);
        client.say(message.clone());
        client.wait(500);
        assert!(client.closed, "{message:?}");
        let mut client = Listener::asking(Profile::honest(), true);
        let is_add = matches!(message, Message::FilterAdd(_));
        client.say(message);
        client.wait(500);
        // There is nothing to add to.
        assert_eq!(client.closed, is_add);
    }
    let mut client = Listener::asking(Profile::without_bloom(), true);
    assert!(client.hears_of(&payment(0)));
    let version = client.messages().into_iter().flatten().find_map(|message| match message {
        Message::Version(version) => Some(version),
        _ => None,
    });
    assert!(!version.unwrap().services.has(ServiceFlags::BLOOM));
}
